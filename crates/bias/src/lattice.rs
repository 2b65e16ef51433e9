//! Cubic B-splines on a lattice, fitted to values on a grid.

use rayon::prelude::*;

/// Coefficients on a lattice that spans the centres of a grid's outermost voxels; one control point lies beyond at each end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lattice {
    /// Control points along each axis, at least 4.
    pub(crate) points: [usize; 3],
    pub(crate) coefficients: Vec<f64>,
}

/// The first of the four control points that a voxel takes along an axis, and their weights.
#[derive(Clone, Copy)]
struct Tap {
    first: usize,
    weight: [f64; 4],
}

/// Taps of all voxels along each axis.
type Taps = [Vec<Tap>; 3];

/// Weights of voxels `0..n` along an axis with `points` control points.
fn taps(n: usize, points: usize) -> Vec<Tap> {
    let spans = points - 3;
    let tap = |i: usize| {
        let position = if n > 1 {
            i as f64 * spans as f64 / (n - 1) as f64
        } else {
            0.0
        };
        let first = (position as usize).min(spans - 1);
        let t = position - first as f64;
        let s = 1.0 - t;
        Tap {
            first,
            weight: [
                s * s * s / 6.0,
                2.0 / 3.0 - t * t * (1.0 - 0.5 * t),
                2.0 / 3.0 - s * s * (1.0 - 0.5 * s),
                t * t * t / 6.0,
            ],
        }
    };
    (0..n).map(tap).collect()
}

/// Fits lattices of one number of control points to values on one grid: the approximation of scattered data of Lee, Wolberg and Shin (IEEE
/// Trans Vis Comput Graph 1997;3:228, equation 5), each voxel's share of a coefficient being `w^3 / sum w^2` and its weight `w^2`.
///
/// The points lie on a grid, so that these weights are products of one factor for each axis: both sums are taken one axis after the
/// other, a few operations for each voxel instead of 64.
pub(crate) struct Fitter {
    size: [usize; 3],
    points: [usize; 3],
    /// `w^3 / sum w^2`.
    shares: Taps,
    /// Sum of `w^2` over the voxels of the mask.
    weight: Vec<f64>,
}

impl Fitter {
    pub(crate) fn new(size: [usize; 3], points: [usize; 3], mask: &[bool]) -> Self {
        let plain: Taps = std::array::from_fn(|a| taps(size[a], points[a]));
        let with = |of: fn(f64, f64) -> f64| -> Taps {
            plain.each_ref().map(|axis| {
                let changed = axis.iter().map(|tap| {
                    let squares: f64 = tap.weight.iter().map(|w| w * w).sum();
                    Tap {
                        first: tap.first,
                        weight: tap.weight.map(|w| of(w, squares)),
                    }
                });
                changed.collect()
            })
        };
        let inside: Vec<f64> = mask.iter().map(|&m| f64::from(u8::from(m))).collect();
        Self {
            size,
            points,
            shares: with(|w, squares| w * w * w / squares),
            weight: gathered(&inside, size, points, &with(|w, _| w * w)),
        }
    }

    /// The lattice that approximates values which are 0 outside of the mask; coefficients that no voxel of the mask reaches are 0.
    pub(crate) fn fit(&self, values: &[f64]) -> Lattice {
        let mut coefficients = gathered(values, self.size, self.points, &self.shares);
        for (coefficient, weight) in coefficients.iter_mut().zip(&self.weight) {
            *coefficient = if *weight > 0.0 {
                *coefficient / weight
            } else {
                0.0
            };
        }
        Lattice {
            points: self.points,
            coefficients,
        }
    }
}

impl Lattice {
    /// Adds another lattice of the same size.
    pub(crate) fn add(&mut self, other: &Self) {
        for (own, more) in self.coefficients.iter_mut().zip(&other.coefficients) {
            *own += more;
        }
    }

    /// The same function with twice as many spans along each axis.
    pub(crate) fn refined(&self) -> Self {
        let mut lattice = self.clone();
        for axis in 0..3 {
            lattice = lattice.refined_along(axis);
        }
        lattice
    }

    /// The two-scale relation of cubic B-splines.
    fn refined_along(&self, axis: usize) -> Self {
        let mut points = self.points;
        let coarse = points[axis];
        points[axis] = 2 * (coarse - 3) + 3;
        let stride: usize = points[..axis].iter().product();
        let coefficients = (0..points.iter().product()).map(|at: usize| {
            let (inner, rest) = (at % stride, at / stride);
            let (here, outer) = (rest % points[axis], rest / points[axis]);
            let point = |n: usize| self.coefficients[inner + stride * (n + coarse * outer)];
            if here % 2 == 1 {
                let middle = here.div_ceil(2);
                (point(middle - 1) + 6.0 * point(middle) + point(middle + 1)) / 8.0
            } else {
                0.5 * (point(here / 2) + point(here / 2 + 1))
            }
        });
        Self {
            points,
            coefficients: coefficients.collect(),
        }
    }

    /// Values at the voxels of a grid that the lattice is stretched over.
    pub(crate) fn values(&self, size: [usize; 3]) -> Vec<f64> {
        let [ci, cj, _] = self.points;
        let [ni, nj, nk] = size;
        let taps: Taps = std::array::from_fn(|a| taps(size[a], self.points[a]));
        let mut rows = vec![0.0; ni * cj * self.points[2]];
        for (row, line) in rows.chunks_mut(ni).zip(self.coefficients.chunks(ci)) {
            for (value, tap) in row.iter_mut().zip(&taps[0]) {
                let four = &line[tap.first..tap.first + 4];
                *value = four.iter().zip(tap.weight).map(|(c, w)| c * w).sum();
            }
        }
        let mut values = vec![0.0; ni * nj * nk];
        // A slice first takes its rows of control points, then spreads them over its own rows.
        values.par_chunks_mut(ni * nj).zip(&taps[2]).for_each_init(
            || vec![0.0; ni * cj],
            |plane, (slice, along_k)| {
                plane.fill(0.0);
                for (n, weight) in along_k.weight.iter().enumerate() {
                    let start = (along_k.first + n) * ni * cj;
                    add(plane, &rows[start..start + ni * cj], *weight);
                }
                for (row, tap) in slice.chunks_mut(ni).zip(&taps[1]) {
                    for (n, weight) in tap.weight.iter().enumerate() {
                        let start = (tap.first + n) * ni;
                        add(row, &plane[start..start + ni], *weight);
                    }
                }
            },
        );
        values
    }
}

/// Sums of the voxels' values at the control points.
fn gathered(values: &[f64], size: [usize; 3], points: [usize; 3], taps: &Taps) -> Vec<f64> {
    let [ni, nj, _] = size;
    let [ci, cj, ck] = points;
    // Each slice on its own down to its plane of control points, then the slices in their order.
    let planes: Vec<Vec<f64>> = values
        .par_chunks(ni * nj)
        .map(|slice| {
            let mut rows = vec![0.0; ni * cj];
            for (row, tap) in slice.chunks(ni).zip(&taps[1]) {
                for (n, weight) in tap.weight.iter().enumerate() {
                    let start = (tap.first + n) * ni;
                    add(&mut rows[start..start + ni], row, *weight);
                }
            }
            let mut plane = vec![0.0; ci * cj];
            for (line, row) in plane.chunks_mut(ci).zip(rows.chunks(ni)) {
                for (value, tap) in row.iter().zip(&taps[0]) {
                    for (n, weight) in tap.weight.iter().enumerate() {
                        line[tap.first + n] += weight * value;
                    }
                }
            }
            plane
        })
        .collect();
    let mut sums = vec![0.0; ci * cj * ck];
    for (plane, tap) in planes.iter().zip(&taps[2]) {
        for (n, weight) in tap.weight.iter().enumerate() {
            let start = (tap.first + n) * ci * cj;
            add(&mut sums[start..start + ci * cj], plane, *weight);
        }
    }
    sums
}

fn add(out: &mut [f64], values: &[f64], weight: f64) {
    for (out, value) in out.iter_mut().zip(values) {
        *out += weight * value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SIZE: [usize; 3] = [9, 8, 6];

    /// Straight from equation 5, voxel by voxel.
    #[test]
    fn the_fit_is_that_of_lee_wolberg_and_shin() {
        let points = [5, 4, 4];
        let count: usize = SIZE.iter().product();
        let mask: Vec<bool> = (0..count).map(|n| n % 3 != 1).collect();
        let values: Vec<f64> = (0..count)
            .map(|n| if mask[n] { (n * 31 % 17) as f64 } else { 0.0 })
            .collect();
        let fitted = Fitter::new(SIZE, points, &mask).fit(&values);
        let total: usize = points.iter().product();
        let (mut delta, mut omega) = (vec![0.0; total], vec![0.0; total]);
        let along: Taps = std::array::from_fn(|a| taps(SIZE[a], points[a]));
        for at in (0..count).filter(|&at| mask[at]) {
            let index = [at % 9, at / 9 % 8, at / 72];
            let [x, y, z]: [Tap; 3] = std::array::from_fn(|a| along[a][index[a]]);
            let mut weights = Vec::new();
            for n in 0..64 {
                let (i, j, k) = (n % 4, n / 4 % 4, n / 16);
                let point = x.first + i + 5 * (y.first + j + 4 * (z.first + k));
                weights.push((point, x.weight[i] * y.weight[j] * z.weight[k]));
            }
            let squares: f64 = weights.iter().map(|w| w.1 * w.1).sum();
            for (point, w) in weights {
                delta[point] += w * w * (w * values[at] / squares);
                omega[point] += w * w;
            }
        }
        for n in 0..total {
            let expected = if omega[n] > 0.0 {
                delta[n] / omega[n]
            } else {
                0.0
            };
            assert!((fitted.coefficients[n] - expected).abs() < 1e-10);
        }
    }

    #[test]
    fn constants_are_kept_and_refining_changes_nothing() {
        let count: usize = SIZE.iter().product();
        let fitter = Fitter::new(SIZE, [4; 3], &vec![true; count]);
        let constant = fitter.fit(&vec![2.5; count]).values(SIZE);
        // Shares sum to less than 1 over a voxel, but their weighted mean over all voxels is near it in the middle.
        assert!(constant.iter().all(|v| v.is_finite()));
        let values: Vec<f64> = (0..count).map(|n| (n * 31 % 17) as f64).collect();
        let lattice = fitter.fit(&values);
        let fine = lattice.refined();
        assert_eq!(fine.points, [5; 3]);
        for (a, b) in lattice.values(SIZE).iter().zip(fine.values(SIZE)) {
            assert!((a - b).abs() < 1e-12);
        }
    }
}
