//! How alike near voxels are: Moran's I and Geary's C with weights of inverse distance (IBSI reference manual, sections 3.1.28 and 3.1.29).
//!
//! Both are sums over all pairs of voxels. The weights depend on the step between two voxels only, so the sums are products of
//! Fourier transforms, and their cost is almost linear in the voxels. A few voxels are summed pair by pair, and so are the few pairs that are farthest
//! apart: transforms on a grid that is too short for them cost half as much.

mod ends;
mod transforms;

use rayon::prelude::*;

/// Cells of the transforms beyond which they are not done: two gigabytes.
const MOST_CELLS: usize = 1 << 26;

/// Cost of a pair, by itself and in rows, and of a cell of the transforms, in nanoseconds.
const PAIR: f64 = 2.5;
const PAIR_IN_ROWS: f64 = 4.0;
const CELL: f64 = 12.0;

/// Sums over pairs of voxels: of the weights, of products of deviations, and of squares of deviations of one of the two.
#[derive(Clone, Copy, Debug, Default)]
struct Pairs {
    weights: f64,
    products: f64,
    squares: f64,
}

impl Pairs {
    fn with(self, other: &Self) -> Self {
        Self {
            weights: self.weights + other.weights,
            products: self.products + other.products,
            squares: self.squares + other.squares,
        }
    }
}

/// Moran's I and Geary's C of intensities in a box (not a number outside of the region), or why not.
///
/// Equal intensities have I and C of 1, as in MIRP. One voxel has neither.
pub(super) fn autocorrelation(
    intensities: &[f64],
    size: [usize; 3],
    spacing_mm: [f64; 3],
) -> Result<(f64, f64), &'static str> {
    let inside = || intensities.iter().filter(|v| !v.is_nan());
    let count = inside().count();
    if count < 2 {
        return Err("one voxel has no pairs");
    }
    let n = count as f64;
    let mean = inside().sum::<f64>() / n;
    let deviations: Vec<f64> = intensities.iter().map(|v| v - mean).collect();
    let total: f64 = deviations
        .iter()
        .filter(|v| !v.is_nan())
        .map(|v| v * v)
        .sum();
    let scale = inside().fold(0f64, |m, v| m.max(v.abs()));
    // What is left of equal values after their mean is rounding.
    if total <= n * (1e-12 * scale).powi(2) {
        return Ok((1.0, 1.0));
    }
    let (padded, cost) = ends::sizes(&deviations, size);
    let pairs = if (count as f64).powi(2) * PAIR < cost {
        by_pairs(&deviations, size, spacing_mm)
    } else if padded.iter().product::<usize>() > MOST_CELLS {
        return Err("the region is too large: a coarser grid makes it possible");
    } else {
        let near = transforms::by_transforms(&deviations, size, padded, spacing_mm);
        near.with(&ends::far_pairs(&deviations, size, padded, spacing_mm))
    };
    let moran = n * pairs.products / (pairs.weights * total);
    let geary = (n - 1.0) * 2.0 * (pairs.squares - pairs.products) / (2.0 * pairs.weights * total);
    Ok((moran, geary))
}

fn by_pairs(deviations: &[f64], [nx, ny, _]: [usize; 3], spacing_mm: [f64; 3]) -> Pairs {
    let voxels: Vec<([f64; 3], f64)> = (deviations.iter().enumerate())
        .filter(|(_, v)| !v.is_nan())
        .map(|(at, v)| {
            let index = [at % nx, at / nx % ny, at / (nx * ny)];
            let place = std::array::from_fn(|a| index[a] as f64 * spacing_mm[a]);
            (place, *v)
        })
        .collect();
    let rows = voxels.par_iter().map(|(a, x)| {
        let (mut weights, mut products) = (0.0, 0.0);
        for (b, y) in &voxels {
            let square: f64 = (0..3).map(|i| (a[i] - b[i]).powi(2)).sum();
            if square > 0.0 {
                let weight = 1.0 / square.sqrt();
                weights += weight;
                products += weight * y;
            }
        }
        [weights, products * x, weights * x * x]
    });
    let rows: Vec<[f64; 3]> = rows.collect();
    let sum = |i: usize| rows.iter().map(|r| r[i]).sum();
    Pairs {
        weights: sum(0),
        products: sum(1),
        squares: sum(2),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transforms_give_the_sums_over_pairs() {
        let (size, spacing) = ([7, 6, 5], [1.0, 0.7, 2.5]);
        let values: Vec<f64> = (0..210)
            .map(|i| {
                if i % 3 == 0 {
                    f64::NAN
                } else {
                    f64::from(i * 7919 % 101) - 50.0
                }
            })
            .collect();
        let a = by_pairs(&values, size, spacing);
        // From a grid for all steps to one that is just as long as the region.
        for padded in [[15, 12, 9], [12, 9, 8], [8, 6, 5], [9, 12, 5], [7, 6, 5]] {
            let near = transforms::by_transforms(&values, size, padded, spacing);
            let b = near.with(&ends::far_pairs(&values, size, padded, spacing));
            for (a, b) in [
                (a.weights, b.weights),
                (a.products, b.products),
                (a.squares, b.squares),
            ] {
                assert!(
                    (a - b).abs() < 1e-10 * a.abs().max(1.0),
                    "{padded:?} {a} {b}"
                );
            }
        }
    }

    #[test]
    fn equal_voxels_and_one_voxel_are_told() {
        assert_eq!(autocorrelation(&[0.1; 8], [2; 3], [1.0; 3]), Ok((1.0, 1.0)));
        assert!(autocorrelation(&[5.0], [1; 3], [1.0; 3]).is_err());
    }
}
