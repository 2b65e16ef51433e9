//! Every n-th voxel of an image.

use triher_volume::{Image, Mask};

/// Logarithmic intensities of every n-th voxel, and which of them take part.
pub(crate) struct Shrunk {
    pub(crate) size: [usize; 3],
    /// 0 where a voxel takes no part.
    pub(crate) logarithm: Vec<f64>,
    pub(crate) mask: Vec<bool>,
}

impl Shrunk {
    /// One voxel of each `factors`, as near to the middle of the grid as ITK's `ShrinkImageFilter` lays them.
    pub(crate) fn new(image: &Image, mask: Option<&Mask>, factors: [usize; 3]) -> Self {
        let full = image.geometry().size();
        let size: [usize; 3] = std::array::from_fn(|a| (full[a] / factors[a]).max(1));
        let start: [usize; 3] = std::array::from_fn(|a| first(full[a], size[a], factors[a]));
        let count = size.iter().product();
        let (mut logarithm, mut taken) = (Vec::with_capacity(count), Vec::with_capacity(count));
        for n in 0..count {
            let at = [n % size[0], n / size[0] % size[1], n / (size[0] * size[1])];
            let index = std::array::from_fn(|a| (start[a] + at[a] * factors[a]).min(full[a] - 1));
            let value = image.get(index).copied().unwrap_or(0.0);
            let inside = mask.is_none_or(|m| m.get(index) == Some(&true));
            let part = inside && value > 0.0 && value.is_finite();
            logarithm.push(if part { f64::from(value).ln() } else { 0.0 });
            taken.push(part);
        }
        Self {
            size,
            logarithm,
            mask: taken,
        }
    }
}

/// The first voxel that is taken of a line of `full`, so that the middles of both lines lie together, halves rounded up.
fn first(full: usize, size: usize, factor: usize) -> usize {
    let twice = (full - 1) as i128 - (size - 1) as i128 * factor as i128;
    usize::try_from((twice + 1).div_euclid(2)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_voxel_is_that_of_itk() {
        assert_eq!(first(256, 64, 4), 2);
        assert_eq!(first(50, 12, 4), 3);
        assert_eq!(first(7, 7, 1), 0);
        assert_eq!(first(3, 1, 4), 1);
    }
}
