//! Maps on the voxels of the inputs.

use crate::readout::patch_of;
use triher_training::EncoderSizes;

/// One map for each input, on its voxels.
#[derive(Clone, Debug, PartialEq)]
pub struct Maps {
    /// Voxels along each axis, `[z, y, x]`.
    pub size: [usize; 3],
    /// For each input `[z][y][x]`.
    pub each: Vec<Vec<f32>>,
}

impl Maps {
    /// Maps from one number for each patch: linear between the patches' centres, constant beyond the outer ones.
    pub(crate) fn from_patches(sizes: &EncoderSizes, each: &[Vec<f64>]) -> Self {
        Self {
            size: [sizes.side; 3],
            each: each.iter().map(|p| spread(sizes, p)).collect(),
        }
    }

    /// The sum over the inputs.
    pub fn total(&self) -> Vec<f32> {
        let mut total = vec![0f32; self.size.iter().product()];
        for map in &self.each {
            for (sum, value) in total.iter_mut().zip(map) {
                *sum += value;
            }
        }
        total
    }

    /// The mean of the total over each patch, in C order: the order in which [`crate::faithfulness`] deletes and inserts them.
    pub fn patch_means(&self, sizes: &EncoderSizes) -> Vec<f64> {
        let mut means = vec![0f64; sizes.patches()];
        for (offset, &value) in self.total().iter().enumerate() {
            means[patch_of(sizes, offset)] += f64::from(value);
        }
        let voxels = sizes.patch.pow(3) as f64;
        means.iter_mut().for_each(|m| *m /= voxels);
        means
    }
}

/// Patch values to voxels.
fn spread(sizes: &EncoderSizes, patches: &[f64]) -> Vec<f32> {
    let EncoderSizes { side, patch, .. } = *sizes;
    let grid = sizes.grid();
    // For a voxel of an axis: the patches on both sides, and how far it is on the way to the second.
    let places: Vec<(usize, usize, f64)> = (0..side)
        .map(|voxel| {
            let place = (voxel as f64 + 0.5) / patch as f64 - 0.5;
            let place = place.clamp(0.0, (grid - 1) as f64);
            let low = place.floor() as usize;
            (low, (low + 1).min(grid - 1), place - low as f64)
        })
        .collect();
    let mut voxels = Vec::with_capacity(side.pow(3));
    for &(z0, z1, fz) in &places {
        for &(y0, y1, fy) in &places {
            for &(x0, x1, fx) in &places {
                let at = |z: usize, y: usize, x: usize| patches[(z * grid + y) * grid + x];
                let row = |z, y| at(z, y, x0) * (1.0 - fx) + at(z, y, x1) * fx;
                let plane = |z| row(z, y0) * (1.0 - fy) + row(z, y1) * fy;
                voxels.push((plane(z0) * (1.0 - fz) + plane(z1) * fz) as f32);
            }
        }
    }
    voxels
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sizes() -> EncoderSizes {
        EncoderSizes {
            side: 8,
            patch: 2,
            ..EncoderSizes::default()
        }
    }

    #[test]
    fn voxels_lie_between_their_patches() {
        // A plane through the patches' centres stays a plane between the outer centres, and is flat beyond.
        let grid = 4;
        let patches: Vec<f64> = (0..grid * grid * grid)
            .map(|at| (at % grid) as f64 + 10.0 * (at / grid % grid) as f64)
            .collect();
        let voxels = spread(&sizes(), &patches);
        let at = |y: usize, x: usize| voxels[(3 * 8 + y) * 8 + x];
        assert_eq!(
            [at(0, 0), at(0, 1), at(0, 2), at(0, 7)],
            [0.0, 0.25, 0.75, 3.0]
        );
        assert_eq!([at(1, 0), at(2, 0), at(4, 3)], [2.5, 7.5, 17.5 + 1.25]);
    }
}
