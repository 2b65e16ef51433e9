//! Grey level co-occurrence (IBSI reference manual, section 3.6; Haralick, Shanmugam and Dinstein, 1973).

use super::matrix::{Counter, Matrix};
use crate::feature::{Entry, entry};
use crate::levels::Levels;
use std::ops::Range;

/// Pairs of grey levels in one direction.
pub(super) fn count(levels: &Levels, part: Range<usize>, offset: isize) -> Matrix {
    let mut counter = Counter::new(levels.count, levels.count);
    let inside = levels.inside(part);
    for &at in inside {
        let at = at as usize;
        // Neighbours outside of the region have the level 0, which is not counted.
        let neighbour = levels.data[at.wrapping_add_signed(offset)];
        counter.add(levels.data[at], usize::from(neighbour));
    }
    counter.finish(inside.len())
}

/// Cells of the symmetric matrix from the diagonal on, each with the sum of both counts, by row and column.
fn upper(matrix: &Matrix, levels: usize) -> Vec<(u32, u32, f64)> {
    let mut counter = Sums::new(levels);
    for cell in &matrix.cells {
        counter.add(
            cell.level.min(cell.column),
            cell.level.max(cell.column),
            cell.count,
        );
    }
    counter.finish()
}

/// Adds up counts of cells: in a table, or in a list when there are too many grey levels.
struct Sums {
    width: usize,
    table: Vec<u32>,
    list: Vec<(u32, u32, u32)>,
}

impl Sums {
    fn new(levels: usize) -> Self {
        let width = levels + 1;
        let table = if width <= 256 { width * width } else { 0 };
        Self {
            width,
            table: vec![0; table],
            list: Vec::new(),
        }
    }

    fn add(&mut self, row: u32, column: u32, count: u32) {
        match (self.table).get_mut(row as usize * self.width + column as usize) {
            Some(sum) => *sum += count,
            None => self.list.push((row, column, count)),
        }
    }

    fn finish(mut self) -> Vec<(u32, u32, f64)> {
        self.list.sort_unstable_by_key(|c| (c.0, c.1));
        let alike = self.list.chunk_by(|a, b| (a.0, a.1) == (b.0, b.1));
        let listed = alike.map(|c| (c[0].0, c[0].1, c.iter().map(|c| f64::from(c.2)).sum()));
        let rows = (0u32..).zip(self.table.chunks_exact(self.width));
        let tabled = rows.flat_map(|(row, counts)| {
            let some = (0u32..).zip(counts).filter(|(_, count)| **count > 0);
            some.map(move |(column, count)| (row, column, f64::from(*count)))
        });
        tabled.chain(listed).collect()
    }
}

/// The 25 features of a matrix of pairs, made symmetric; `levels` is the number of grey levels. Not a number where there is no pair.
///
/// The correlation of one grey level is 1 and so is its first information correlation, its second 0, as in MIRP.
pub(super) fn features(matrix: &Matrix, levels: usize) -> Vec<Entry> {
    let pairs: f64 = matrix.cells.iter().map(|c| f64::from(c.count)).sum();
    // Symmetric: each pair counts from both ends.
    let mut marginal = vec![0f64; levels + 1];
    let mut difference = vec![0f64; levels + 1];
    let mut sum = vec![0f64; 2 * levels + 1];
    let mut upper = upper(matrix, levels);
    let (mut largest, mut entropy, mut energy, mut product) = (0f64, 0f64, 0f64, 0f64);
    for (i, j, count) in &mut upper {
        *count /= pairs;
        let p = *count;
        let (a, b) = (*i as usize, *j as usize);
        marginal[a] += p / 2.0;
        marginal[b] += p / 2.0;
        difference[b - a] += p;
        sum[a + b] += p;
        product += p * f64::from(*i) * f64::from(*j);
        // Off the diagonal the probability is that of two cells.
        let (cell, cells) = if a == b { (p, 1.0) } else { (p / 2.0, 2.0) };
        largest = largest.max(cell);
        entropy -= cells * cell * cell.log2();
        energy += cells * cell * cell;
    }
    let of = |table: &[f64], value: &dyn Fn(f64) -> f64| -> f64 {
        (table.iter().enumerate())
            .filter(|(_, p)| **p > 0.0)
            .map(|(k, p)| p * value(k as f64))
            .sum()
    };
    let entropy_of = |table: &[f64]| -> f64 {
        table
            .iter()
            .filter(|p| **p > 0.0)
            .map(|p| -p * p.log2())
            .sum()
    };
    let n = levels as f64;
    let mean = of(&marginal, &|i| i);
    let variance = of(&marginal, &|i| (i - mean).powi(2));
    let mean_difference = of(&difference, &|k| k);
    let mean_sum = of(&sum, &|k| k);
    let marginal_entropy = entropy_of(&marginal);
    // Over cells, the logarithm of the product of the marginals is the sum of theirs, and each marginal is met from both sides.
    let cross_entropy = 2.0 * marginal_entropy;
    let one_level = variance <= 0.0;
    let correlation = if one_level {
        1.0
    } else {
        (product - mean * mean) / variance
    };
    let first = if marginal_entropy <= 0.0 {
        1.0
    } else {
        (entropy - cross_entropy) / marginal_entropy
    };
    let second = (1.0 - (-2.0 * (2.0 * marginal_entropy - entropy)).exp())
        .max(0.0)
        .sqrt();
    let defined = |value: f64| if pairs > 0.0 { value } else { f64::NAN };
    let e = |tag, name, unit, value| {
        entry(tag, name, unit, defined(value))
            .flagged(pairs == 0.0, "no two neighbouring voxels in the region")
    };
    let level = "grey level";
    vec![
        e("cm_joint_max", "Joint maximum", "1", largest),
        e("cm_joint_avg", "Joint average", level, mean),
        e("cm_joint_var", "Joint variance", "grey level2", variance),
        e("cm_joint_entr", "Joint entropy", "bit", entropy),
        e("cm_diff_avg", "Difference average", level, mean_difference),
        e(
            "cm_diff_var",
            "Difference variance",
            "grey level2",
            of(&difference, &|k| (k - mean_difference).powi(2)),
        ),
        e(
            "cm_diff_entr",
            "Difference entropy",
            "bit",
            entropy_of(&difference),
        ),
        e("cm_sum_avg", "Sum average", level, mean_sum),
        e(
            "cm_sum_var",
            "Sum variance",
            "grey level2",
            of(&sum, &|k| (k - mean_sum).powi(2)),
        ),
        e("cm_sum_entr", "Sum entropy", "bit", entropy_of(&sum)),
        e("cm_energy", "Angular second moment", "1", energy),
        e(
            "cm_contrast",
            "Contrast",
            "grey level2",
            of(&difference, &|k| k * k),
        ),
        e("cm_dissimilarity", "Dissimilarity", level, mean_difference),
        e(
            "cm_inv_diff",
            "Inverse difference",
            "1",
            of(&difference, &|k| 1.0 / (1.0 + k)),
        ),
        e(
            "cm_inv_diff_norm",
            "Normalised inverse difference",
            "1",
            of(&difference, &|k| 1.0 / (1.0 + k / n)),
        ),
        e(
            "cm_inv_diff_mom",
            "Inverse difference moment",
            "1",
            of(&difference, &|k| 1.0 / (1.0 + k * k)),
        ),
        e(
            "cm_inv_diff_mom_norm",
            "Normalised inverse difference moment",
            "1",
            of(&difference, &|k| 1.0 / (1.0 + k * k / (n * n))),
        ),
        e(
            "cm_inv_var",
            "Inverse variance",
            "1",
            of(&difference, &|k| if k > 0.0 { 1.0 / (k * k) } else { 0.0 }),
        ),
        e("cm_corr", "Correlation", "1", correlation),
        e("cm_auto_corr", "Autocorrelation", "grey level2", product),
        e(
            "cm_clust_tend",
            "Cluster tendency",
            "grey level2",
            of(&sum, &|k| (k - 2.0 * mean).powi(2)),
        ),
        e(
            "cm_clust_shade",
            "Cluster shade",
            "grey level3",
            of(&sum, &|k| (k - 2.0 * mean).powi(3)),
        ),
        e(
            "cm_clust_prom",
            "Cluster prominence",
            "grey level4",
            of(&sum, &|k| (k - 2.0 * mean).powi(4)),
        ),
        e("cm_info_corr1", "Information correlation 1", "1", first),
        e("cm_info_corr2", "Information correlation 2", "1", second),
    ]
}
