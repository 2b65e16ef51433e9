//! Matrices of grey levels as lists of what is in them, and the features that four families share.

use crate::feature::{Entry, entry};

/// Cells that are counted in a table; where there are more, only the first columns are, and the others are listed.
const TABLE: usize = 1 << 17;

/// Columns of the table where not all of them fit: most runs, zones and dependences are short.
const FIRST_COLUMNS: usize = 64;

/// Counts cells of a matrix whose rows are grey levels and whose columns begin at 1.
#[derive(Clone, Debug)]
pub(crate) struct Counter {
    /// Columns of the table, with one for the column 0, which is not counted.
    width: usize,
    table: Vec<u32>,
    /// Cells beyond the table: grey level and column in one number, as often as they were counted.
    rest: Vec<u64>,
}

impl Counter {
    /// For grey levels up to `levels` and columns up to `columns`.
    pub(crate) fn new(levels: usize, columns: usize) -> Self {
        let most = TABLE / (levels + 1);
        let width = if columns < most {
            columns + 1
        } else {
            most.min(FIRST_COLUMNS)
        };
        Self {
            width,
            table: vec![0; (levels + 1) * width],
            rest: Vec::new(),
        }
    }

    /// Counts the cell of a grey level and a column once; neither is beyond what was promised. Column 0 is counted for nothing.
    #[inline]
    pub(crate) fn add(&mut self, level: u16, column: usize) {
        if column < self.width {
            self.table[usize::from(level) * self.width + column] += 1;
        } else {
            self.rest.push(u64::from(level) << 32 | column as u64);
        }
    }

    /// What has been counted, by grey level and column.
    pub(crate) fn finish(mut self, voxels: usize) -> Matrix {
        let mut cells = Vec::new();
        for (level, row) in (0u32..).zip(self.table.chunks_exact(self.width)) {
            let counted = (0u32..).zip(row).skip(1).filter(|(_, count)| **count > 0);
            cells.extend(counted.map(|(column, &count)| Cell {
                level,
                column,
                count,
            }));
        }
        if !self.rest.is_empty() {
            self.rest.sort_unstable();
            let alike = self.rest.chunk_by(|a, b| a == b);
            cells.extend(alike.map(|cell| Cell {
                level: (cell[0] >> 32) as u32,
                column: (cell[0] & u64::from(u32::MAX)) as u32,
                count: cell.len() as u32,
            }));
            // Columns of the list lie beyond those of the table.
            cells.sort_by_key(|c| c.level);
        }
        Matrix { cells, voxels }
    }
}

/// A cell that is not empty.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Cell {
    pub(crate) level: u32,
    pub(crate) column: u32,
    pub(crate) count: u32,
}

/// A matrix: its cells by grey level and column, and the voxels that it was counted in (each as often as it was counted).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Matrix {
    pub(crate) cells: Vec<Cell>,
    pub(crate) voxels: usize,
}

impl Matrix {
    /// The sum of matrices.
    pub(crate) fn merged<'m>(matrices: impl IntoIterator<Item = &'m Self>) -> Self {
        let mut cells: Vec<Cell> = Vec::new();
        let mut voxels = 0;
        for matrix in matrices {
            cells.extend(&matrix.cells);
            voxels += matrix.voxels;
        }
        cells.sort_by_key(|c| (c.level, c.column));
        cells.dedup_by(|next, kept| {
            let same = (next.level, next.column) == (kept.level, kept.column);
            if same {
                kept.count += next.count;
            }
            same
        });
        Self { cells, voxels }
    }
}

/// What the features of a family are called, in the order of [`shared_features`].
pub(crate) type Names = [(&'static str, &'static str); 16];

/// The sixteen features that run length, size zone, distance zone and dependence matrices share (IBSI reference manual, sections 3.7 to 3.11); `unit` is
/// that of the variance of columns.
pub(crate) fn shared_features(matrix: &Matrix, names: &Names, unit: &'static str) -> Vec<Entry> {
    let total: f64 = matrix.cells.iter().map(|c| f64::from(c.count)).sum();
    let mut sums = [0f64; 8];
    let (mut mean_level, mut mean_column, mut entropy) = (0f64, 0f64, 0f64);
    let mut by_column: Vec<(u32, f64)> = Vec::with_capacity(matrix.cells.len());
    let mut level_squares = 0f64;
    for row in matrix.cells.chunk_by(|a, b| a.level == b.level) {
        let mut in_row = 0f64;
        for cell in row {
            let (count, p) = (f64::from(cell.count), f64::from(cell.count) / total);
            let (i, j) = (f64::from(cell.level), f64::from(cell.column));
            let (i2, j2) = (i * i, j * j);
            for (sum, weight) in sums.iter_mut().zip([
                1.0 / j2,
                j2,
                1.0 / i2,
                i2,
                1.0 / (i2 * j2),
                i2 / j2,
                j2 / i2,
                i2 * j2,
            ]) {
                *sum += p * weight;
            }
            mean_level += p * i;
            mean_column += p * j;
            entropy -= p * p.log2();
            in_row += count;
            by_column.push((cell.column, count));
        }
        level_squares += in_row * in_row;
    }
    by_column.sort_by_key(|c| c.0);
    let column_squares: f64 = by_column
        .chunk_by(|a, b| a.0 == b.0)
        .map(|c| c.iter().map(|c| c.1).sum::<f64>().powi(2))
        .sum();
    let (mut level_variance, mut column_variance) = (0f64, 0f64);
    for cell in &matrix.cells {
        let p = f64::from(cell.count) / total;
        level_variance += p * (f64::from(cell.level) - mean_level).powi(2);
        column_variance += p * (f64::from(cell.column) - mean_column).powi(2);
    }
    let [a, b, c, d, e, f, g, h] = sums;
    let values = [
        a,
        b,
        c,
        d,
        e,
        f,
        g,
        h,
        level_squares / total,
        level_squares / (total * total),
        column_squares / total,
        column_squares / (total * total),
        total / matrix.voxels as f64,
        level_variance,
        column_variance,
        // One cell gives minus zero.
        entropy.max(0.0),
    ];
    let units = |at: usize| match at {
        13 => "grey level2",
        14 => unit,
        15 => "bit",
        _ => "1",
    };
    let named = names.iter().zip(values).enumerate();
    named
        .map(|(at, ((tag, name), value))| entry(tag, name, units(at), value))
        .collect()
}

/// The mean of each feature over matrices, without those where it is not defined.
pub(crate) fn averaged(all: &[Vec<Entry>]) -> Vec<Entry> {
    let Some(first) = all.first() else {
        return Vec::new();
    };
    let mean = |at: usize| {
        let values = all.iter().map(|f| f[at].value).filter(|v| !v.is_nan());
        let (sum, count) = values.fold((0f64, 0usize), |(s, n), v| (s + v, n + 1));
        sum / count as f64
    };
    // What is remarkable in some matrices only is not of their mean.
    let flag = |at: usize, one: &Entry| {
        let everywhere = all.iter().all(|f| f[at].flag == one.flag);
        if everywhere { one.flag } else { "" }
    };
    (first.iter().enumerate())
        .map(|(at, one)| Entry {
            value: mean(at),
            flag: flag(at, one),
            ..*one
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table_and_list_count_alike() {
        let mut small = Counter::new(10, 70);
        let mut large = Counter::new(4096, 100_000);
        for (level, column) in [(3, 2), (1, 9), (3, 2), (10, 70), (10, 70), (3, 1), (9, 0)] {
            small.add(level, column);
            large.add(level, column);
        }
        let small = small.finish(4);
        assert_eq!(small, large.finish(4));
        assert_eq!(small.cells.len(), 4);
        assert_eq!(
            Matrix::merged([&small, &small]).cells[2],
            Cell {
                level: 3,
                column: 2,
                count: 4
            }
        );
    }
}
