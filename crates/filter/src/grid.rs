//! The numbers of an image while it is filtered, and filters along one axis.

use crate::boundary::Boundary;
use rayon::prelude::*;
use triher_volume::Image;

/// Values on a grid, first axis fastest, in double precision so that sums of many voxels lose nothing.
#[derive(Clone, Debug)]
pub(crate) struct Grid {
    pub(crate) size: [usize; 3],
    pub(crate) values: Vec<f64>,
}

/// Weights of a filter along one axis: `response[x] = sum over k of taps[k] * image[x - k + centre]`.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Kernel {
    taps: Vec<f64>,
    centre: usize,
}

impl Kernel {
    /// A kernel about its middle. One of an even number of weights gets a zero at its end, so that it has a middle
    /// and stays in place when it is flipped.
    pub(crate) fn centred(mut taps: Vec<f64>) -> Self {
        if taps.len().is_multiple_of(2) {
            taps.push(0.0);
        }
        let centre = taps.len() / 2;
        Self { taps, centre }
    }

    /// The kernel in the opposite direction.
    pub(crate) fn flipped(&self) -> Self {
        Self {
            taps: self.taps.iter().rev().copied().collect(),
            centre: self.taps.len() - 1 - self.centre,
        }
    }

    /// The kernel with `step - 1` zeros between its weights (algorithme a trous).
    pub(crate) fn spread(&self, step: usize) -> Self {
        let mut taps = vec![0.0; (self.taps.len() - 1) * step + 1];
        for (k, tap) in self.taps.iter().enumerate() {
            taps[k * step] = *tap;
        }
        Self {
            taps,
            centre: self.centre * step,
        }
    }

    /// Whether flipping changes nothing.
    pub(crate) fn is_symmetric(&self) -> bool {
        *self == self.flipped()
    }

    /// Voxels looked at to the further side.
    pub(crate) fn reach(&self) -> usize {
        self.centre.max(self.taps.len() - 1 - self.centre)
    }

    /// For a voxel at `x`: distance of the first voxel looked at, and weights from there on.
    fn window(&self) -> (isize, Vec<f64>) {
        let first = self.centre as isize - (self.taps.len() as isize - 1);
        (first, self.taps.iter().rev().copied().collect())
    }
}

impl Grid {
    /// Values of an image.
    pub(crate) fn of(image: &Image) -> Self {
        Self {
            size: image.geometry().size(),
            values: image.voxels().iter().map(|&v| f64::from(v)).collect(),
        }
    }

    /// Convolves along one axis.
    pub(crate) fn convolve(&self, axis: usize, kernel: &Kernel, boundary: Boundary) -> Self {
        let [nx, ny, nz] = self.size;
        let mut values = vec![0.0; self.values.len()];
        if values.is_empty() {
            return self.clone();
        }
        let (first, weights) = kernel.window();
        let count = self.size[axis];
        let sources: Vec<Option<usize>> = (0..count + weights.len() - 1)
            .map(|p| boundary.source(p as isize + first, count))
            .collect();
        let weights: Vec<(usize, f64)> = weights
            .into_iter()
            .enumerate()
            .filter(|(_, w)| *w != 0.0)
            .collect();
        let plane = nx * ny;
        values
            .par_chunks_mut(plane)
            .enumerate()
            .for_each(|(k, out)| {
                debug_assert!(k < nz);
                if axis == 0 {
                    let image = &self.values[k * plane..][..plane];
                    return rows(image, out, nx, &sources, &weights);
                }
                let mut terms = Vec::with_capacity(weights.len());
                for (j, row) in out.chunks_exact_mut(nx).enumerate() {
                    let at = if axis == 1 { j } else { k };
                    let rows = weights.iter().filter_map(|(m, w)| {
                        let s = sources[at + m]?;
                        let begin = if axis == 1 {
                            k * plane + s * nx
                        } else {
                            s * plane + j * nx
                        };
                        Some((*w, &self.values[begin..begin + nx]))
                    });
                    terms.clear();
                    terms.extend(rows);
                    add(row, &terms);
                }
            });
        Self {
            size: self.size,
            values,
        }
    }

    /// Mean over `support` voxels along each of the first `axes` axes.
    pub(crate) fn box_mean(&self, support: usize, axes: usize, boundary: Boundary) -> Self {
        let kernel = Kernel::centred(vec![1.0 / support as f64; support]);
        let first = self.convolve(0, &kernel, boundary);
        (1..axes).fold(first, |grid, axis| grid.convolve(axis, &kernel, boundary))
    }

    /// Changes each value.
    pub(crate) fn apply(&mut self, change: impl Fn(f64) -> f64 + Sync) {
        self.values.par_iter_mut().for_each(|v| *v = change(*v));
    }

    /// Combines with another grid, value by value.
    pub(crate) fn combine(&mut self, other: &Self, with: impl Fn(f64, f64) -> f64 + Sync) {
        let pairs = self.values.par_iter_mut().zip(&other.values);
        pairs.for_each(|(a, b)| *a = with(*a, *b));
    }

    /// The grid with a margin on each side of its first `axes` axes.
    pub(crate) fn padded(&self, margin: usize, axes: usize, boundary: Boundary) -> Self {
        let along: [Vec<Option<usize>>; 3] = std::array::from_fn(|a| {
            boundary.padded_axis(self.size[a], if a < axes { margin } else { 0 })
        });
        let mut values = Vec::with_capacity(along.iter().map(Vec::len).product());
        for k in &along[2] {
            for j in &along[1] {
                let row = k
                    .zip(*j)
                    .map(|(k, j)| (k * self.size[1] + j) * self.size[0]);
                values.extend(along[0].iter().map(|i| match (row, i) {
                    (Some(row), Some(i)) => self.values[row + i],
                    _ => 0.0,
                }));
            }
        }
        Self {
            size: std::array::from_fn(|a| along[a].len()),
            values,
        }
    }

    /// The grid without a margin on each side of its first `axes` axes.
    pub(crate) fn without_margin(&self, margin: usize, axes: usize) -> Self {
        let cut: [usize; 3] = std::array::from_fn(|a| if a < axes { margin } else { 0 });
        let size: [usize; 3] = std::array::from_fn(|a| self.size[a] - 2 * cut[a]);
        let mut values = Vec::with_capacity(size.iter().product());
        for k in 0..size[2] {
            for j in 0..size[1] {
                let row = ((k + cut[2]) * self.size[1] + j + cut[1]) * self.size[0] + cut[0];
                values.extend_from_slice(&self.values[row..row + size[0]]);
            }
        }
        Self { size, values }
    }
}

/// Convolves rows that lie one behind the other.
fn rows(
    image: &[f64],
    out: &mut [f64],
    length: usize,
    sources: &[Option<usize>],
    weights: &[(usize, f64)],
) {
    let mut extended = vec![0.0; sources.len()];
    for (row, out) in image.chunks_exact(length).zip(out.chunks_exact_mut(length)) {
        for (value, source) in extended.iter_mut().zip(sources) {
            *value = source.map_or(0.0, |s| row[s]);
        }
        let shifted = weights.iter().map(|&(m, w)| (w, &extended[m..m + length]));
        add(out, &shifted.collect::<Vec<_>>());
    }
}

/// Adds rows with their weights, four at a time: the sum is then read and written a quarter as often.
fn add(sum: &mut [f64], terms: &[(f64, &[f64])]) {
    let mut fours = terms.chunks_exact(4);
    for four in &mut fours {
        let [(wa, a), (wb, b), (wc, c), (wd, d)] = [four[0], four[1], four[2], four[3]];
        let rows = a.iter().zip(b).zip(c.iter().zip(d));
        for (s, ((a, b), (c, d))) in sum.iter_mut().zip(rows) {
            *s += (wa * a + wb * b) + (wc * c + wd * d);
        }
    }
    for (weight, row) in fours.remainder() {
        for (s, v) in sum.iter_mut().zip(*row) {
            *s += weight * v;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn convolution_is_that_of_numpy() {
        let grid = Grid {
            size: [5, 1, 1],
            values: vec![1.0, 2.0, 4.0, 8.0, 16.0],
        };
        let kernel = Kernel::centred(vec![1.0, 0.0, -2.0]);
        // numpy.convolve([1, 2, 4, 8, 16], [1, 0, -2], mode = "same")
        let response = grid.convolve(0, &kernel, Boundary::Zero);
        assert_eq!(response.values, [2.0, 2.0, 4.0, 8.0, -16.0]);
    }

    #[test]
    fn along_every_axis_alike() {
        let kernel = Kernel::centred(vec![1.0, 2.0, 5.0, -3.0]);
        let line: Vec<f64> = (0..6).map(|i| f64::from(i * i)).collect();
        for boundary in [
            Boundary::Zero,
            Boundary::Nearest,
            Boundary::Periodic,
            Boundary::Mirror,
        ] {
            let results: Vec<Vec<f64>> = [[6, 1, 1], [1, 6, 1], [1, 1, 6]]
                .into_iter()
                .enumerate()
                .map(|(axis, size)| {
                    let grid = Grid {
                        size,
                        values: line.clone(),
                    };
                    grid.convolve(axis, &kernel, boundary).values
                })
                .collect();
            assert_eq!(results[0], results[1]);
            assert_eq!(results[0], results[2]);
        }
    }

    #[test]
    fn padding_and_its_inverse() {
        let grid = Grid {
            size: [3, 2, 2],
            values: (0..12).map(f64::from).collect(),
        };
        let padded = grid.padded(5, 3, Boundary::Mirror);
        assert_eq!(padded.size, [13, 12, 12]);
        assert_eq!(padded.without_margin(5, 3).values, grid.values);
    }
}
