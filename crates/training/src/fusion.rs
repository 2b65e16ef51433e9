//! BL4AS' fusion of three images before the encoder (`C025Fusion`): a convolution over C2-C0, C2 and C5-C2 with a kernel of 3 voxels, padded by
//! one, whose single channel is what the encoder sees.

use crate::parameters::{Layout, Slot, Start};
use rayon::prelude::*;
use std::ops::Range;

/// Images that are fused.
pub(crate) const IMAGES: usize = 3;
/// Weights of the kernel: every image has 3 x 3 x 3.
const TAPS: usize = IMAGES * 27;

/// The convolution; PyTorch's order of weights, `[1][image][z][y][x]`.
#[derive(Clone, Debug)]
pub(crate) struct Fusion {
    weight: Slot,
    bias: Slot,
    side: usize,
}

/// Calls `row(results, voxels)` for every row of results and the row of voxels that a tap of the kernel multiplies for them; what would lie
/// beyond the border counts as 0 and is left out.
fn rows(side: usize, tap: usize, mut row: impl FnMut(Range<usize>, Range<usize>)) {
    let [image, dz, dy, dx] = [tap / 27, tap / 9 % 3, tap / 3 % 3, tap % 3];
    // The result at `o` takes the voxel at `o + d - 1`.
    let within = |d: usize| 1usize.saturating_sub(d)..(side + 1 - d).min(side);
    let along = within(dx);
    if along.is_empty() {
        return;
    }
    for z in within(dz) {
        for y in within(dy) {
            let result = (z * side + y) * side;
            let voxel = ((image * side + z + dz - 1) * side + y + dy - 1) * side;
            row(
                result + along.start..result + along.end,
                voxel + along.start + dx - 1..voxel + along.end + dx - 1,
            );
        }
    }
}

impl Fusion {
    /// The convolution for images of `side` voxels along each axis; it starts as PyTorch's does.
    pub(crate) fn new(layout: &mut Layout, level: usize, side: usize) -> Self {
        let start = Start::Uniform(1.0 / (TAPS as f32).sqrt());
        let shape = [1, IMAGES, 3, 3, 3];
        Self {
            weight: layout.add("fusion.weight".to_owned(), &shape, start, level),
            bias: layout.add("fusion.bias".to_owned(), &[1], start, level),
            side,
        }
    }

    /// Fuses samples of three images `[image][z][y][x]`.
    pub(crate) fn forward(&self, p: &[f32], samples: &[Vec<f32>]) -> Vec<Vec<f32>> {
        let (weights, bias) = (&p[self.weight.range()], p[self.bias.start]);
        samples
            .par_iter()
            .map(|images| {
                let mut fused = vec![bias; self.side.pow(3)];
                for (tap, &weight) in weights.iter().enumerate() {
                    rows(self.side, tap, |to, from| {
                        let voxels = fused[to].iter_mut().zip(&images[from]);
                        voxels.for_each(|(sum, voxel)| *sum += weight * voxel);
                    });
                }
                fused
            })
            .collect()
    }

    /// From the gradient of the fused images: adds that of the weights to `g`. Sums are kept in double precision, sample by sample.
    pub(crate) fn backward(&self, g: &mut [f32], samples: &[Vec<f32>], dfused: &[Vec<f32>]) {
        let parts: Vec<(Vec<f64>, f64)> = samples
            .par_iter()
            .zip(dfused)
            .map(|(images, d)| {
                let slopes = (0..TAPS).map(|tap| {
                    let mut sum = 0.0;
                    rows(self.side, tap, |to, from| {
                        let products = d[to].iter().zip(&images[from]);
                        sum += f64::from(products.map(|(d, voxel)| d * voxel).sum::<f32>());
                    });
                    sum
                });
                let all = d.iter().map(|&d| f64::from(d)).sum();
                (slopes.collect(), all)
            })
            .collect();
        for (slopes, all) in parts {
            for (g, slope) in g[self.weight.range()].iter_mut().zip(slopes) {
                *g += slope as f32;
            }
            g[self.bias.start] += all as f32;
        }
    }
}
