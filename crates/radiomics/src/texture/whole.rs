//! Matrices of a whole region in the way of PyRadiomics: each direction by itself, in space or within slices.

use super::directions::{DIRECTIONS, WITHIN};
use super::matrix::{Matrix, averaged};
use super::{cooccurrence, neighbourhood, run_length, zones};
use crate::feature::Entry;
use crate::levels::Levels;
use nalgebra::DMatrix;
use rayon::prelude::*;
use std::ops::Range;

/// A region's grey levels and how its neighbours are found.
pub(crate) struct Textures<'l> {
    pub(crate) levels: &'l Levels,
    /// Neighbours in other slices count.
    pub(crate) in_space: bool,
    /// Difference of grey levels up to which a neighbour is dependent.
    pub(crate) coarseness: u16,
}

impl Textures<'_> {
    fn all(&self) -> Range<usize> {
        let slices = self.levels.slices();
        self.levels.slice(slices.start).start..self.levels.slice(slices.end - 1).end
    }

    fn offsets(&self) -> Vec<isize> {
        let count = if self.in_space {
            DIRECTIONS.len()
        } else {
            WITHIN
        };
        let steps = DIRECTIONS.into_iter().take(count);
        steps.map(|step| self.levels.offset(step)).collect()
    }

    fn directed(&self, count: fn(&Levels, Range<usize>, isize) -> Matrix) -> Vec<Matrix> {
        let offsets = self.offsets();
        let each = offsets.par_iter();
        each.map(|&offset| count(self.levels, self.all(), offset))
            .collect()
    }

    /// Co-occurrence matrices of the directions that have pairs.
    pub(crate) fn pairs(&self) -> Vec<Matrix> {
        let mut matrices = self.directed(cooccurrence::count);
        matrices.retain(|m| !m.cells.is_empty());
        matrices
    }

    /// Features of co-occurrence, averaged over directions.
    pub(crate) fn pair_features(&self, matrices: &[Matrix]) -> Vec<Entry> {
        let each = matrices.par_iter();
        let each: Vec<_> = each
            .map(|m| cooccurrence::features(m, self.levels.count))
            .collect();
        averaged(&each)
    }

    /// Features of runs, averaged over the directions along which some line has two voxels of the region.
    pub(crate) fn run_features(&self) -> Vec<Entry> {
        let offsets = self.offsets();
        let each: Vec<Vec<Entry>> = offsets
            .par_iter()
            .filter(|&&offset| self.some_line_has_two(offset))
            .map(|&offset| {
                run_length::features(&run_length::count(self.levels, self.all(), offset))
            })
            .collect();
        averaged(&each)
    }

    fn some_line_has_two(&self, offset: isize) -> bool {
        let data = &self.levels.data;
        let inside = self.all().filter(|&at| data[at] > 0);
        // Lines are left where they leave the box: its border is empty, but a region may be, too.
        let [nx, ny, nz] = self.levels.size;
        let in_box = |at: usize| {
            let (i, j, k) = (at % nx, at / nx % ny, at / (nx * ny));
            i > 0 && j > 0 && k > 0 && i + 1 < nx && j + 1 < ny && k + 1 < nz
        };
        inside.into_iter().any(|at| {
            let mut next = at.wrapping_add_signed(offset);
            while in_box(next) {
                if data[next] > 0 {
                    return true;
                }
                next = next.wrapping_add_signed(offset);
            }
            false
        })
    }

    fn parts(&self) -> Vec<Range<usize>> {
        super::parts(self.levels, self.in_space)
    }

    /// Features of zone sizes.
    pub(crate) fn zone_features(&self) -> Vec<Entry> {
        let parts = self.parts().into_par_iter();
        let each = parts.map(|part| zones::count(self.levels, part, self.in_space).sizes);
        let each: Vec<Matrix> = each.collect();
        zones::size_features(&Matrix::merged(&each))
    }

    fn neighbourhoods(&self) -> Vec<(neighbourhood::Tones, Matrix)> {
        let parts = self.parts().into_par_iter();
        parts
            .map(|part| neighbourhood::count(self.levels, part, self.in_space, self.coarseness))
            .collect()
    }

    /// Features of dependences.
    pub(crate) fn dependence_features(&self) -> Vec<Entry> {
        let each = self.neighbourhoods();
        neighbourhood::dependence_features(&Matrix::merged(each.iter().map(|p| &p.1)))
    }

    /// Features of tone differences.
    pub(crate) fn tone_features(&self) -> Vec<Entry> {
        let each = self.neighbourhoods();
        let tones = neighbourhood::Tones::merged(each.iter().map(|p| &p.0));
        tones.with_lonely_voxels().features()
    }
}

/// The second largest correlation of a co-occurrence matrix (maximal correlation coefficient): the square root of the second eigenvalue of
/// `Q(i, j) = sum over k of p(i, k) p(j, k) / (p(i) p(k))`, whose first is 1. It is that of a symmetric matrix, which is found without complex numbers.
pub(crate) fn second_eigenvalue(matrix: &Matrix) -> f64 {
    let mut levels: Vec<u32> = (matrix.cells.iter())
        .flat_map(|c| [c.level, c.column])
        .collect();
    levels.sort_unstable();
    levels.dedup();
    let n = levels.len();
    if n < 2 {
        return 1.0;
    }
    let at = |level: u32| levels.binary_search(&level).unwrap_or(0);
    let mut p = DMatrix::<f64>::zeros(n, n);
    for cell in &matrix.cells {
        let (i, j, count) = (at(cell.level), at(cell.column), f64::from(cell.count));
        p[(i, j)] += count;
        p[(j, i)] += count;
    }
    let marginal: Vec<f64> = p.row_iter().map(|row| row.sum()).collect();
    let scaled = DMatrix::from_fn(n, n, |i, j| p[(i, j)] / (marginal[i] * marginal[j]).sqrt());
    let mut values: Vec<f64> = (scaled.symmetric_eigenvalues().iter())
        .map(|v| v.abs())
        .collect();
    values.sort_by(|a, b| b.total_cmp(a));
    values[1]
}
