//! How alike near voxels are: Moran's I and Geary's C with weights of inverse distance (IBSI reference manual, sections 3.1.28 and 3.1.29).
//!
//! Both are sums over all pairs of voxels. The weights depend on the step between two voxels only, so the sums are products of
//! Fourier transforms, and their cost is almost linear in the voxels. A few voxels are summed pair by pair.

use rayon::prelude::*;
use rustfft::FftPlanner;
use rustfft::num_complex::Complex;

/// Cells of the transforms beyond which they are not done: two gigabytes.
const MOST_CELLS: usize = 1 << 26;

/// Sums over pairs of voxels: of the weights, of products of deviations, and of squares of deviations of one of the two.
struct Pairs {
    weights: f64,
    products: f64,
    squares: f64,
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
    let padded = size.map(|n| fast_size(2 * n - 1));
    let cells: usize = padded.iter().product();
    let pairs = if count.saturating_mul(count) < 8 * cells {
        by_pairs(&deviations, size, spacing_mm)
    } else if cells > MOST_CELLS {
        return Err("the region is too large: a coarser grid makes it possible");
    } else {
        by_transforms(&deviations, size, padded, spacing_mm)
    };
    let moran = n * pairs.products / (pairs.weights * total);
    let geary = (n - 1.0) * 2.0 * (pairs.squares - pairs.products) / (2.0 * pairs.weights * total);
    Ok((moran, geary))
}

/// The next size whose only factors are 2, 3 and 5.
fn fast_size(least: usize) -> usize {
    (least..)
        .find(|&n| {
            let mut rest = n;
            for factor in [2, 3, 5] {
                while rest.is_multiple_of(factor) {
                    rest /= factor;
                }
            }
            rest == 1
        })
        .unwrap_or(least)
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

/// By Parseval's theorem from two transforms: of deviations with the mask as imaginary part, and of squared deviations with the weights.
fn by_transforms(
    deviations: &[f64],
    size: [usize; 3],
    padded: [usize; 3],
    spacing_mm: [f64; 3],
) -> Pairs {
    let [nx, ny, nz] = size;
    let [px, py, pz] = padded;
    let zero = Complex::new(0.0, 0.0);
    let value = |i: usize, j: usize, k: usize| deviations[i + nx * (j + ny * k)];
    let mut planner = FftPlanner::<f64>::new();
    let [fx, fy, fz] = padded.map(|n| planner.plan_fft_forward(n));
    // Steps along an axis from the first voxel, round the end.
    let step = |i: usize, axis: usize| i.min(padded[axis] - i) as f64 * spacing_mm[axis];
    let plane = px * py;
    // Rows and columns of each plane; planes beyond the region are empty in the first.
    let mut first = vec![zero; plane * nz];
    let mut second = vec![zero; plane * pz];
    let rows_and_columns = |plane: &mut [Complex<f64>], rows: usize| {
        for row in plane.chunks_exact_mut(px).take(rows) {
            fx.process(row);
        }
        let mut columns = vec![zero; 8 * py];
        for from in (0..px).step_by(8) {
            let width = (px - from).min(8);
            for (j, row) in plane.chunks_exact(px).enumerate() {
                for (c, v) in row[from..from + width].iter().enumerate() {
                    columns[c * py + j] = *v;
                }
            }
            fy.process(&mut columns[..width * py]);
            for (j, row) in plane.chunks_exact_mut(px).enumerate() {
                for (c, v) in row[from..from + width].iter_mut().enumerate() {
                    *v = columns[c * py + j];
                }
            }
        }
    };
    let planes = first.par_chunks_exact_mut(plane).enumerate();
    planes.for_each(|(k, plane)| {
        for j in 0..ny {
            for i in 0..nx {
                let v = value(i, j, k);
                if !v.is_nan() {
                    plane[i + px * j] = Complex::new(v, 1.0);
                }
            }
        }
        rows_and_columns(plane, ny);
    });
    let planes = second.par_chunks_exact_mut(plane).enumerate();
    planes.for_each(|(k, plane)| {
        let dz = step(k, 2).powi(2);
        for j in 0..py {
            let dyz = dz + step(j, 1).powi(2);
            for i in 0..px {
                let square = dyz + step(i, 0).powi(2);
                let weight = if square > 0.0 {
                    1.0 / square.sqrt()
                } else {
                    0.0
                };
                let inside = i < nx && j < ny && k < nz;
                let v = if inside { value(i, j, k) } else { f64::NAN };
                let squared = if v.is_nan() { 0.0 } else { v * v };
                plane[i + px * j] = Complex::new(squared, weight);
            }
        }
        rows_and_columns(plane, py);
    });
    // Along the last axis a row and its mirror image together, because a real signal's transform is told from an imaginary one's by both.
    let columns = |data: &[Complex<f64>], j: usize, planes: usize| {
        let mut columns = vec![zero; px * pz];
        for k in 0..planes {
            for (i, v) in data[k * plane + j * px..][..px].iter().enumerate() {
                columns[i * pz + k] = *v;
            }
        }
        fz.process(&mut columns);
        columns
    };
    let sums: Vec<[f64; 3]> = (0..py / 2 + 1)
        .into_par_iter()
        .map(|j| {
            let mirrored = (py - j) % py;
            let a = (columns(&first, j, nz), columns(&first, mirrored, nz));
            let b = (columns(&second, j, pz), columns(&second, mirrored, pz));
            let mut sums = [0f64; 3];
            for i in 0..px {
                let other = ((px - i) % px) * pz;
                for k in 0..pz {
                    let (here, there) = (i * pz + k, other + (pz - k) % pz);
                    let (x, y) = (a.0[here], a.1[there].conj());
                    let (deviation, mask) = (x + y, (x - y) * Complex::new(0.0, -1.0));
                    let (x, y) = (b.0[here], b.1[there].conj());
                    let (square, weight) = (x + y, ((x - y) * Complex::new(0.0, -1.0)).re);
                    sums[0] += weight * mask.norm_sqr();
                    sums[1] += weight * deviation.norm_sqr();
                    sums[2] += weight * (square.conj() * mask).re;
                }
            }
            // The mirror image of a row gives the same sums.
            let twice = if mirrored == j { 1.0 } else { 2.0 };
            sums.map(|s| s * twice)
        })
        .collect();
    // Three halves were left out above, and the transform's length.
    let scale = 1.0 / (8.0 * (plane * pz) as f64);
    let sum = |i: usize| scale * sums.iter().map(|s| s[i]).sum::<f64>();
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
        let padded = size.map(|n| fast_size(2 * n - 1));
        let b = by_transforms(&values, size, padded, spacing);
        for (a, b) in [
            (a.weights, b.weights),
            (a.products, b.products),
            (a.squares, b.squares),
        ] {
            assert!((a - b).abs() < 1e-10 * a.abs().max(1.0), "{a} {b}");
        }
    }

    #[test]
    fn equal_voxels_and_one_voxel_are_told() {
        assert_eq!(autocorrelation(&[0.1; 8], [2; 3], [1.0; 3]), Ok((1.0, 1.0)));
        assert!(autocorrelation(&[5.0], [1; 3], [1.0; 3]).is_err());
    }
}
