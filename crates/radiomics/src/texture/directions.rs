//! Directions between neighbours, and how matrices of slices and directions are brought together.

use super::matrix::Matrix;
use crate::levels::Levels;
use crate::settings::Aggregation;
use rayon::prelude::*;

/// One of each pair of opposite directions at Chebyshev distance 1; the first four lie within a slice.
pub(super) const DIRECTIONS: [[isize; 3]; 13] = [
    [1, 0, 0],
    [0, 1, 0],
    [1, 1, 0],
    [1, -1, 0],
    [0, 0, 1],
    [1, 0, 1],
    [-1, 0, 1],
    [0, 1, 1],
    [0, -1, 1],
    [1, 1, 1],
    [-1, -1, 1],
    [1, -1, 1],
    [-1, 1, 1],
];

/// How many of [`DIRECTIONS`] lie within a slice.
pub(super) const WITHIN: usize = 4;

/// Matrices of each slice and direction within it, when an aggregation asks for slices, and of each direction in the whole region.
pub(super) struct Directed {
    slices: Vec<Vec<Matrix>>,
    /// Of each direction in the whole region, when an aggregation asks for it.
    whole: Vec<Matrix>,
}

impl Directed {
    /// Counts what the aggregations need; `count` counts one direction in a part of memory.
    pub(super) fn count(
        levels: &Levels,
        aggregation: &[Aggregation],
        count: impl Fn(&Levels, std::ops::Range<usize>, isize) -> Matrix + Sync,
    ) -> Self {
        let offsets = DIRECTIONS.map(|step| levels.offset(step));
        let all =
            levels.slice(levels.slices().start).start..levels.slice(levels.slices().end - 1).end;
        let of_whole = |offsets: &[isize]| -> Vec<Matrix> {
            let offsets = offsets.par_iter();
            offsets.map(|&o| count(levels, all.clone(), o)).collect()
        };
        if aggregation.iter().all(|a| a.in_space()) {
            return Self {
                slices: Vec::new(),
                whole: of_whole(&offsets),
            };
        }
        let slices = levels.slices().into_par_iter().map(|k| {
            let within = offsets[..WITHIN].iter();
            within
                .map(|&offset| count(levels, levels.slice(k), offset))
                .collect()
        });
        let slices: Vec<Vec<Matrix>> = slices.collect();
        let mut whole = Vec::new();
        if aggregation.iter().any(|a| a.in_space()) {
            let within = (0..WITHIN).map(|d| Matrix::merged(slices.iter().map(|slice| &slice[d])));
            whole.extend(within);
            whole.extend(of_whole(&offsets[WITHIN..]));
        }
        Self { slices, whole }
    }

    /// The matrices whose features are averaged.
    pub(super) fn aggregated(&self, aggregation: Aggregation) -> Vec<Matrix> {
        let direction = |d: usize| Matrix::merged(self.slices.iter().map(|slice| &slice[d]));
        match aggregation {
            Aggregation::TwoAveraged => self.slices.iter().flatten().cloned().collect(),
            Aggregation::TwoMerged => self.slices.iter().map(Matrix::merged).collect(),
            Aggregation::TwoHalfAveraged => (0..WITHIN).map(direction).collect(),
            Aggregation::TwoHalfMerged => vec![Matrix::merged(self.slices.iter().flatten())],
            Aggregation::ThreeAveraged => self.whole.clone(),
            Aggregation::ThreeMerged => vec![Matrix::merged(&self.whole)],
        }
    }
}
