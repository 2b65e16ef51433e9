//! Pairs of voxels whose step is longer than half of the transforms' grid. On the grid such a step comes round and weighs as the short one that it meets; what
//! that is wrong by is summed pair by pair. In a round region few pairs are so far apart.

use super::{CELL, PAIR_IN_ROWS, Pairs};
use rayon::prelude::*;

/// Voxels that are summed together.
const LANES: usize = 4;

/// Sizes of the transforms that cost least together with the pairs that are too far apart for them, and what they cost in nanoseconds.
pub(super) fn sizes(deviations: &[f64], size: [usize; 3]) -> ([usize; 3], f64) {
    let [nx, ny, nz] = size;
    let mut slabs = [vec![0u64; nx], vec![0; ny], vec![0; nz]];
    for (row, values) in deviations.chunks_exact(nx).enumerate() {
        let mut count = 0;
        for (slab, value) in slabs[0].iter_mut().zip(values) {
            let inside = u64::from(!value.is_nan());
            *slab += inside;
            count += inside;
        }
        slabs[1][row % ny] += count;
        slabs[2][row / ny] += count;
    }
    // Lengths of each axis, and the pairs of voxels that are too far apart along it.
    let choices: [Vec<(usize, f64)>; 3] = std::array::from_fn(|axis| {
        let counts = &slabs[axis];
        let n = counts.len();
        let apart = |d: usize| -> f64 {
            let ends = counts.iter().zip(&counts[d..]);
            ends.map(|(a, b)| *a as f64 * *b as f64).sum()
        };
        let apart: Vec<f64> = (0..n).map(apart).collect();
        let mut lengths = Vec::new();
        let mut length = fast_size(n);
        loop {
            lengths.push((length, apart[(length / 2 + 1).min(n)..].iter().sum()));
            if length + 1 >= 2 * n {
                return lengths;
            }
            length = fast_size(length + 1);
        }
    });
    let mut best = (size, f64::INFINITY);
    for &(x, far_x) in &choices[0] {
        for &(y, far_y) in &choices[1] {
            for &(z, far_z) in &choices[2] {
                let cost = CELL * (x * y * z) as f64 + PAIR_IN_ROWS * (far_x + far_y + far_z);
                if cost < best.1 {
                    best = ([x, y, z], cost);
                }
            }
        }
    }
    best
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

/// A row of the region's box that holds voxels of it: its place, and its first and last such voxel.
struct Row {
    place: [usize; 2],
    first: usize,
    last: usize,
    at: usize,
}

/// What the region's rows hold: whether a voxel is there, its deviation, and its square. Rows have empty voxels behind them.
struct Signals {
    inside: Vec<f64>,
    deviation: Vec<f64>,
    square: Vec<f64>,
}

impl Signals {
    fn new(deviations: &[f64], width: usize) -> Self {
        let cells = deviations.len() / width * (width + LANES);
        let [mut inside, mut deviation, mut square] = [(); 3].map(|()| vec![0f64; cells]);
        for (row, values) in deviations.chunks_exact(width).enumerate() {
            let at = row * (width + LANES);
            let inside = &mut inside[at..][..width];
            let deviation = &mut deviation[at..][..width];
            let square = &mut square[at..][..width];
            for (x, value) in values.iter().enumerate() {
                let here = !value.is_nan();
                let value = if here { *value } else { 0.0 };
                inside[x] = f64::from(u8::from(here));
                deviation[x] = value;
                square[x] = value * value;
            }
        }
        Self {
            inside,
            deviation,
            square,
        }
    }
}

/// What the sums over frequencies on a grid are wrong by: the pairs whose step is longer than half of it along some axis.
pub(super) fn far_pairs(
    deviations: &[f64],
    size: [usize; 3],
    padded: [usize; 3],
    spacing_mm: [f64; 3],
) -> Pairs {
    let [nx, ny, _] = size;
    if (0..3).all(|axis| padded[axis] + 1 >= 2 * size[axis]) {
        return Pairs::default();
    }
    let signals = Signals::new(deviations, nx);
    let rows: Vec<Row> = (deviations.chunks_exact(nx).enumerate())
        .filter_map(|(row, values)| {
            Some(Row {
                place: [row % ny, row / ny],
                first: values.iter().position(|v| !v.is_nan())?,
                last: values.iter().rposition(|v| !v.is_nan())?,
                at: row * (nx + LANES),
            })
        })
        .collect();
    let half = padded.map(|n| n / 2);
    // Rows that reach so far to one end that a voxel at the other end can be too far away.
    let high: Vec<&Row> = rows.iter().filter(|r| r.last > half[0]).collect();
    let weights = Weights::new(size, padded, spacing_mm);
    let sums: Vec<Pairs> = rows
        .par_iter()
        .map(|a| {
            let mut line = vec![0f64; 2 * nx + 2 * LANES];
            let mut sum = Pairs::default();
            let [j, k] = a.place;
            let slices = rows[rows.partition_point(|b| b.place[1] + half[2] < k)..]
                .chunk_by(|b, c| b.place[1] == c.place[1]);
            for slice in slices {
                let beyond = slice[0].place[1] > k + half[2];
                let from = if beyond {
                    0
                } else {
                    slice.partition_point(|b| b.place[0] <= j + half[1])
                };
                for b in &slice[from..] {
                    weights.errors(a, b, 0, &mut line);
                    sum = sum.with(&signals.pairs(a, b, &line, nx, 0));
                }
            }
            if a.first + half[0] + 1 < nx {
                for b in &high {
                    let near =
                        |axis: usize| a.place[axis].abs_diff(b.place[axis]) <= half[axis + 1];
                    if near(0) && near(1) && b.last > a.first + half[0] {
                        let least = half[0] + 1;
                        weights.errors(a, b, least, &mut line);
                        sum = sum.with(&signals.pairs(a, b, &line, nx, least));
                    }
                }
            }
            sum
        })
        .collect();
    sums.iter().fold(Pairs::default(), |all, sum| all.with(sum))
}

/// The weights of steps up to the region's size, and the grid on which they come round.
struct Weights {
    size: [usize; 3],
    padded: [usize; 3],
    /// Inverse distances, first axis fastest; 0 for no step at all.
    table: Vec<f64>,
}

impl Weights {
    fn new(size: [usize; 3], padded: [usize; 3], spacing_mm: [f64; 3]) -> Self {
        let [nx, ny, _] = size;
        let square = |steps: usize, axis: usize| (steps as f64 * spacing_mm[axis]).powi(2);
        let along: Vec<f64> = (0..nx).map(|x| square(x, 0)).collect();
        let mut table = vec![0f64; size.iter().product()];
        let rows = table.par_chunks_exact_mut(nx).enumerate();
        rows.for_each(|(row, line)| {
            let across = square(row % ny, 1) + square(row / ny, 2);
            for (weight, along) in line.iter_mut().zip(&along) {
                *weight = 1.0 / (along + across).sqrt();
            }
        });
        table[0] = 0.0;
        Self {
            size,
            padded,
            table,
        }
    }

    fn line(&self, y: usize, z: usize) -> &[f64] {
        &self.table[self.size[0] * (y + self.size[1] * z)..][..self.size[0]]
    }

    /// For each step along two rows, from `1 - width` on: its weight less that which the grid has for it. Only for steps of `least` and more when that is not 0.
    fn errors(&self, a: &Row, b: &Row, least: usize, line: &mut [f64]) {
        let [y, z] = [0, 1].map(|axis| a.place[axis].abs_diff(b.place[axis]));
        let right = self.line(y, z);
        let wrong = self.line(y.min(self.padded[1] - y), z.min(self.padded[2] - z));
        let middle = self.size[0] - 1;
        for x in least..self.size[0] {
            let error = right[x] - wrong[x.min(self.padded[0] - x)];
            line[middle + x] = error;
            if least == 0 {
                line[middle - x] = error;
            }
        }
    }
}

impl Signals {
    /// Sums over the pairs of a voxel of one row with those of another that lie `least` steps or more further along (0: with all of them), each pair counted
    /// from both ends.
    fn pairs(&self, a: &Row, b: &Row, line: &[f64], width: usize, least: usize) -> Pairs {
        let mut sum = Pairs::default();
        for x in a.first..=a.last {
            if self.inside[a.at + x] == 0.0 {
                continue;
            }
            let from = if least > 0 {
                b.first.max(x + least)
            } else {
                b.first
            };
            if from > b.last {
                continue;
            }
            let count = (b.last + 1 - from).next_multiple_of(LANES);
            let errors = &line[width - 1 + from - x..][..count];
            let signals = [&self.inside, &self.deviation, &self.square];
            let [weights, deviations, squares] =
                dots(errors, signals.map(|s| &s[b.at + from..][..count]));
            sum.weights += 2.0 * weights;
            sum.products += 2.0 * self.deviation[a.at + x] * deviations;
            sum.squares += self.square[a.at + x] * weights + squares;
        }
        sum
    }
}

/// Products of a vector with three others; the lengths are a multiple of [`LANES`].
fn dots(a: &[f64], others: [&[f64]; 3]) -> [f64; 3] {
    let mut sums = [[0f64; LANES]; 3];
    let [b, c, d] = others.map(|other| other.chunks_exact(LANES));
    for (((a, b), c), d) in a.chunks_exact(LANES).zip(b).zip(c).zip(d) {
        for lane in 0..LANES {
            sums[0][lane] += a[lane] * b[lane];
            sums[1][lane] += a[lane] * c[lane];
            sums[2][lane] += a[lane] * d[lane];
        }
    }
    sums.map(|lanes| lanes.iter().sum())
}
