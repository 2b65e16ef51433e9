//! Cubic B-splines on a lattice of control points over a grid.

use rayon::prelude::*;
use triher_volume::Geometry;

/// A lattice of control points over a grid, its axes parallel to the grid's: knots lie at the first voxel's centre, at the last
/// one's, and evenly between; one control point lies beyond at each end.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Lattice {
    /// Knot intervals along each axis of the grid.
    pub(crate) intervals: [usize; 3],
    /// Length of an interval, in millimetres.
    pub(crate) interval_mm: [f64; 3],
}

/// The four control points along an axis that a voxel takes, with weights, and their derivatives per millimetre.
#[derive(Clone, Copy, Debug)]
struct Tap {
    first: usize,
    weight: [f64; 4],
    slope: [f64; 4],
}

impl Tap {
    fn weights(&self, slope: bool) -> &[f64; 4] {
        if slope { &self.slope } else { &self.weight }
    }
}

/// A lattice as it is seen from the voxels of one grid.
pub(crate) struct Sampling {
    lattice: [usize; 3],
    size: [usize; 3],
    taps: [Vec<Tap>; 3],
}

impl Lattice {
    /// A lattice with intervals of about a spacing, not longer.
    pub(crate) fn new(grid: &Geometry, spacing_mm: f64) -> Self {
        let extent_mm: [f64; 3] =
            std::array::from_fn(|a| (grid.size()[a] - 1) as f64 * grid.spacing_mm()[a]);
        let intervals = extent_mm.map(|e| ((e / spacing_mm).ceil() as usize).max(1));
        let interval_mm = std::array::from_fn(|a| {
            if extent_mm[a] > 0.0 {
                extent_mm[a] / intervals[a] as f64
            } else {
                spacing_mm
            }
        });
        Self {
            intervals,
            interval_mm,
        }
    }

    /// Control points along each axis.
    pub(crate) fn points(&self) -> [usize; 3] {
        self.intervals.map(|n| n + 3)
    }

    /// Number of control points.
    pub(crate) fn len(&self) -> usize {
        self.points().iter().product()
    }

    /// The lattice with intervals of half the length, and coefficients on it that give the same function.
    pub(crate) fn refined(&self, coefficients: &[f64]) -> (Self, Vec<f64>) {
        let fine = Self {
            intervals: self.intervals.map(|n| 2 * n),
            interval_mm: self.interval_mm.map(|h| 0.5 * h),
        };
        let mut size = self.points();
        let mut values = coefficients.to_vec();
        for axis in 0..3 {
            values = refine_axis(&values, size, axis);
            size[axis] = 2 * self.intervals[axis] + 3;
        }
        (fine, values)
    }

    /// The lattice from the voxels of `grid`, a grid of the same axes as `full`, over which the lattice was made.
    pub(crate) fn sampling(&self, full: &Geometry, grid: &Geometry) -> Sampling {
        let first = full.world_to_index(grid.origin_mm());
        let taps = std::array::from_fn(|a| {
            let spacing = full.spacing_mm()[a];
            let step = grid.spacing_mm()[a];
            (0..grid.size()[a])
                .map(|n| self.tap(a, first[a] * spacing + n as f64 * step))
                .collect()
        });
        Sampling {
            lattice: self.points(),
            size: grid.size(),
            taps,
        }
    }

    /// At a distance along an axis from the first voxel, in millimetres. Beyond the ends the outermost pieces go on.
    fn tap(&self, axis: usize, along_mm: f64) -> Tap {
        let h = self.interval_mm[axis];
        let position = along_mm / h;
        let low = position
            .floor()
            .clamp(0.0, self.intervals[axis] as f64 - 1.0);
        let t = position - low;
        let s = 1.0 - t;
        Tap {
            first: low as usize,
            weight: [
                s * s * s / 6.0,
                2.0 / 3.0 - t * t * (1.0 - 0.5 * t),
                2.0 / 3.0 - s * s * (1.0 - 0.5 * s),
                t * t * t / 6.0,
            ],
            slope: [
                -0.5 * s * s / h,
                t * (1.5 * t - 2.0) / h,
                -s * (1.5 * s - 2.0) / h,
                0.5 * t * t / h,
            ],
        }
    }

    /// Value at a place given by its distances along the axes from the first voxel, in millimetres.
    pub(crate) fn value(&self, coefficients: &[f64], along_mm: [f64; 3]) -> f64 {
        let [x, y, z]: [Tap; 3] = std::array::from_fn(|a| self.tap(a, along_mm[a]));
        let [ci, cj, _] = self.points();
        let mut sum = 0.0;
        for (k, weight_k) in z.weight.iter().enumerate() {
            for (j, weight_j) in y.weight.iter().enumerate() {
                let start = x.first + ci * (y.first + j + cj * (z.first + k));
                let line: f64 = x
                    .weight
                    .iter()
                    .zip(&coefficients[start..start + 4])
                    .map(|(w, c)| w * c)
                    .sum();
                sum += weight_k * weight_j * line;
            }
        }
        sum
    }
}

/// Doubles the knots along an axis: the two-scale relation of cubic B-splines.
fn refine_axis(values: &[f64], size: [usize; 3], axis: usize) -> Vec<f64> {
    let coarse = size[axis];
    let mut out_size = size;
    out_size[axis] = 2 * (coarse - 3) + 3;
    let stride = size[..axis].iter().product::<usize>();
    let mut out = vec![0.0; out_size.iter().product()];
    for (at, out) in out.iter_mut().enumerate() {
        let (inner, rest) = (at % stride, at / stride);
        let (here, outer) = (rest % out_size[axis], rest / out_size[axis]);
        let point = |n: usize| values[inner + stride * (n + coarse * outer)];
        // Point 1 of either lattice lies on the first knot.
        *out = if here % 2 == 1 {
            let middle = here.div_ceil(2);
            (point(middle - 1) + 6.0 * point(middle) + point(middle + 1)) / 8.0
        } else {
            0.5 * (point(here / 2) + point(here / 2 + 1))
        };
    }
    out
}

impl Sampling {
    /// The spline at every voxel, or its derivative along one axis of the grid, per millimetre.
    pub(crate) fn values(&self, coefficients: &[f64], slope_along: Option<usize>) -> Vec<f64> {
        let [ci, cj, ck] = self.lattice;
        let [ni, nj, nk] = self.size;
        let slope = |axis: usize| slope_along == Some(axis);
        // One axis after the other; the last and largest pass adds whole slices.
        let mut rows = vec![0.0; ni * cj * ck];
        for (row, line) in rows.chunks_mut(ni).zip(coefficients.chunks(ci)) {
            for (value, tap) in row.iter_mut().zip(&self.taps[0]) {
                let four = &line[tap.first..tap.first + 4];
                *value = four
                    .iter()
                    .zip(tap.weights(slope(0)))
                    .map(|(c, w)| c * w)
                    .sum();
            }
        }
        let mut planes = vec![0.0; ni * nj * ck];
        for (plane, from) in planes.chunks_mut(ni * nj).zip(rows.chunks(ni * cj)) {
            for (row, tap) in plane.chunks_mut(ni).zip(&self.taps[1]) {
                for (n, weight) in tap.weights(slope(1)).iter().enumerate() {
                    let start = (tap.first + n) * ni;
                    add(row, &from[start..start + ni], *weight);
                }
            }
        }
        let mut values = vec![0.0; ni * nj * nk];
        values
            .par_chunks_mut(ni * nj)
            .zip(&self.taps[2])
            .for_each(|(slice, tap)| {
                for (n, weight) in tap.weights(slope(2)).iter().enumerate() {
                    let start = (tap.first + n) * ni * nj;
                    add(slice, &planes[start..start + ni * nj], *weight);
                }
            });
        values
    }

    /// The transpose of [`Sampling::values`]: derivatives by the voxels to derivatives by the control points.
    pub(crate) fn gathered(&self, slopes: &[f64]) -> Vec<f64> {
        let [ci, cj, ck] = self.lattice;
        let [ni, nj, _] = self.size;
        let mut planes = vec![0.0; ni * nj * ck];
        planes
            .par_chunks_mut(ni * nj)
            .enumerate()
            .for_each(|(point, plane)| {
                // Each plane of control points takes its slices in their order.
                for (slice, tap) in slopes.chunks(ni * nj).zip(&self.taps[2]) {
                    if (tap.first..tap.first + 4).contains(&point) {
                        add(plane, slice, tap.weight[point - tap.first]);
                    }
                }
            });
        let mut rows = vec![0.0; ni * cj * ck];
        for (rows, plane) in rows.chunks_mut(ni * cj).zip(planes.chunks(ni * nj)) {
            for (row, tap) in plane.chunks(ni).zip(&self.taps[1]) {
                for (n, weight) in tap.weight.iter().enumerate() {
                    let start = (tap.first + n) * ni;
                    add(&mut rows[start..start + ni], row, *weight);
                }
            }
        }
        let mut points = vec![0.0; ci * cj * ck];
        for (line, row) in points.chunks_mut(ci).zip(rows.chunks(ni)) {
            for (value, tap) in row.iter().zip(&self.taps[0]) {
                for (n, weight) in tap.weight.iter().enumerate() {
                    line[tap.first + n] += weight * value;
                }
            }
        }
        points
    }
}

fn add(out: &mut [f64], values: &[f64], weight: f64) {
    for (out, value) in out.iter_mut().zip(values) {
        *out += weight * value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lattice() -> (Geometry, Lattice, Vec<f64>) {
        let grid = Geometry::axis_aligned([13, 9, 7], [1.0, 1.5, 2.0], [3.0, 2.0, 1.0]).unwrap();
        let lattice = Lattice::new(&grid, 5.0);
        let coefficients = (0..lattice.len())
            .map(|n| ((n * 7919) % 101) as f64 / 50.0 - 1.0)
            .collect();
        (grid, lattice, coefficients)
    }

    #[test]
    fn a_finer_lattice_gives_the_same_function() {
        let (grid, lattice, coefficients) = lattice();
        assert_eq!(lattice.intervals, [3, 3, 3]);
        let (fine, refined) = lattice.refined(&coefficients);
        assert_eq!(refined.len(), fine.len());
        let coarse = lattice.sampling(&grid, &grid).values(&coefficients, None);
        let finer = fine.sampling(&grid, &grid).values(&refined, None);
        for (a, b) in coarse.iter().zip(&finer) {
            assert!((a - b).abs() < 1e-12);
        }
    }

    #[test]
    fn values_at_points_are_those_at_voxels_and_slopes_their_differences() {
        let (grid, lattice, coefficients) = lattice();
        let sampling = lattice.sampling(&grid, &grid);
        let values = sampling.values(&coefficients, None);
        for at in [0, 100, 333, grid.len() - 1] {
            let index = grid.index_at(at);
            let along: [f64; 3] = std::array::from_fn(|a| index[a] as f64 * grid.spacing_mm()[a]);
            assert!((lattice.value(&coefficients, along) - values[at]).abs() < 1e-12);
            for axis in 0..3 {
                let value = |step: f64| {
                    let mut place = along;
                    place[axis] += step;
                    lattice.value(&coefficients, place)
                };
                let slopes = sampling.values(&coefficients, Some(axis));
                let difference = (value(1e-5) - value(-1e-5)) / 2e-5;
                assert!((difference - slopes[at]).abs() < 1e-6);
            }
        }
    }

    #[test]
    fn gathering_is_the_transpose() {
        let (grid, lattice, coefficients) = lattice();
        let coarse = Geometry::axis_aligned([6, 9, 3], [2.0, 1.5, 4.0], [3.5, 2.0, 2.0]).unwrap();
        let sampling = lattice.sampling(&grid, &coarse);
        let voxels: Vec<f64> = (0..coarse.len()).map(|n| ((n * 31) % 17) as f64).collect();
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
        let left = product(&sampling.values(&coefficients, None), &voxels);
        let right = product(&coefficients, &sampling.gathered(&voxels));
        assert!((left - right).abs() < 1e-9 * left.abs().max(1.0));
    }
}
