//! What lies beyond the border of an image.

use serde::{Deserialize, Serialize};

/// What a filter sees beyond the border (IBSI reference manual for filters, arXiv 2006.05470, section 2.3).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Boundary {
    /// Zeros: sensible for images whose background is zero.
    Zero,
    /// The border's voxel, repeated.
    Nearest,
    /// The image again, from its other side.
    Periodic,
    /// The image mirrored at its border; the border's voxel comes twice. The IBSI uses it for images of patients.
    #[default]
    Mirror,
}

impl Boundary {
    /// Index of the voxel that stands at `index` of an axis of `size` voxels; `None` for a zero.
    pub(crate) fn source(self, index: isize, size: usize) -> Option<usize> {
        let inside = usize::try_from(index).ok().filter(|&i| i < size);
        if inside.is_some() || size == 0 {
            return inside;
        }
        let n = size as isize;
        match self {
            Self::Zero => None,
            Self::Nearest => Some(index.clamp(0, n - 1) as usize),
            Self::Periodic => Some(index.rem_euclid(n) as usize),
            Self::Mirror => {
                let place = index.rem_euclid(2 * n);
                Some(if place < n { place } else { 2 * n - 1 - place } as usize)
            }
        }
    }

    /// Sources of `size + 2 margin` voxels, the image in their middle.
    pub(crate) fn padded_axis(self, size: usize, margin: usize) -> Vec<Option<usize>> {
        (0..size + 2 * margin)
            .map(|p| self.source(p as isize - margin as isize, size))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(boundary: Boundary) -> Vec<Option<usize>> {
        boundary.padded_axis(3, 4)
    }

    #[test]
    fn beyond_the_border_as_numpy_pads() {
        let some = |v: [usize; 11]| v.map(Some).to_vec();
        // numpy.pad([0, 1, 2], 4, mode = edge, wrap, symmetric).
        assert_eq!(
            row(Boundary::Nearest),
            some([0, 0, 0, 0, 0, 1, 2, 2, 2, 2, 2])
        );
        assert_eq!(
            row(Boundary::Periodic),
            some([2, 0, 1, 2, 0, 1, 2, 0, 1, 2, 0])
        );
        assert_eq!(
            row(Boundary::Mirror),
            some([2, 2, 1, 0, 0, 1, 2, 2, 1, 0, 0])
        );
        let zero = row(Boundary::Zero);
        assert_eq!(zero[..4], [None; 4]);
        assert_eq!(zero[4..7], [Some(0), Some(1), Some(2)]);
        assert_eq!(zero[7..], [None; 4]);
    }
}
