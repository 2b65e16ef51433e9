//! A dense matrix in row-major order.

use crate::LearnError;
use serde::{Deserialize, Serialize};

/// A dense matrix of `rows` x `columns` numbers, row after row in memory.
///
/// As features, a row is a lesion and `NaN` is a missing value.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Stored")]
pub struct Matrix {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

/// What a file says; checked before it becomes a [`Matrix`].
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Stored {
    rows: usize,
    columns: usize,
    values: Vec<f64>,
}

impl TryFrom<Stored> for Matrix {
    type Error = LearnError;

    fn try_from(stored: Stored) -> Result<Self, LearnError> {
        Self::new(stored.rows, stored.columns, stored.values)
    }
}

impl Matrix {
    /// A matrix from its values, row after row.
    ///
    /// # Errors
    /// [`LearnError::Length`] when there are not `rows * columns` values.
    pub fn new(rows: usize, columns: usize, values: Vec<f64>) -> Result<Self, LearnError> {
        let expected = rows.saturating_mul(columns);
        if expected != values.len() {
            return Err(LearnError::Length {
                what: "values of a matrix".to_owned(),
                expected,
                found: values.len(),
            });
        }
        Ok(Self {
            rows,
            columns,
            values,
        })
    }

    /// A matrix whose value at row `i` and column `j` is `value(i, j)`.
    pub fn from_fn(rows: usize, columns: usize, value: impl Fn(usize, usize) -> f64) -> Self {
        let mut values = Vec::with_capacity(rows.saturating_mul(columns));
        for i in 0..rows {
            values.extend((0..columns).map(|j| value(i, j)));
        }
        Self {
            rows,
            columns,
            values,
        }
    }

    /// A matrix of zeros.
    pub fn zeros(rows: usize, columns: usize) -> Self {
        Self {
            rows,
            columns,
            values: vec![0.0; rows * columns],
        }
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Number of columns.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// All values, row after row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }

    /// One row; empty when there is no such row.
    pub fn row(&self, row: usize) -> &[f64] {
        if row >= self.rows {
            return &[];
        }
        &self.values[row * self.columns..(row + 1) * self.columns]
    }

    /// One row, to be changed.
    pub fn row_mut(&mut self, row: usize) -> &mut [f64] {
        &mut self.values[row * self.columns..(row + 1) * self.columns]
    }

    /// All rows in order. A matrix without columns gives empty rows.
    pub fn iter_rows(&self) -> impl Iterator<Item = &[f64]> {
        (0..self.rows).map(|row| self.row(row))
    }

    /// One value; `None` outside of the matrix.
    pub fn get(&self, row: usize, column: usize) -> Option<f64> {
        (column < self.columns)
            .then(|| self.row(row).get(column).copied())
            .flatten()
    }

    /// The given rows in the given order. The caller has checked the numbers.
    pub(crate) fn select_rows(&self, rows: &[usize]) -> Self {
        let mut values = Vec::with_capacity(rows.len() * self.columns);
        for &row in rows {
            values.extend_from_slice(self.row(row));
        }
        Self {
            rows: rows.len(),
            columns: self.columns,
            values,
        }
    }

    /// The given columns in the given order. The caller has checked the numbers.
    pub(crate) fn select_columns(&self, columns: &[usize]) -> Self {
        let mut values = Vec::with_capacity(self.rows * columns.len());
        for row in self.iter_rows() {
            values.extend(columns.iter().map(|&j| row[j]));
        }
        Self {
            rows: self.rows,
            columns: columns.len(),
            values,
        }
    }

    /// Columns as rows, so that each column lies in one piece.
    pub(crate) fn transposed(&self) -> Self {
        let mut values = vec![0.0; self.values.len()];
        for (i, row) in self.iter_rows().enumerate() {
            for (j, value) in row.iter().enumerate() {
                values[j * self.rows + i] = *value;
            }
        }
        Self {
            rows: self.columns,
            columns: self.rows,
            values,
        }
    }

    /// The values, row after row, without the shape.
    pub(crate) fn into_values(self) -> Vec<f64> {
        self.values
    }

    /// A view for faer.
    pub(crate) fn as_faer(&self) -> faer::MatRef<'_, f64> {
        faer::MatRef::from_row_major_slice(&self.values, self.rows, self.columns)
    }

    /// A copy of what faer computed.
    pub(crate) fn from_faer(matrix: faer::MatRef<'_, f64>) -> Self {
        Self::from_fn(matrix.nrows(), matrix.ncols(), |i, j| matrix[(i, j)])
    }

    /// Mean of each column, summed in row order.
    pub(crate) fn column_means(&self) -> Vec<f64> {
        let mut sums = vec![0.0; self.columns];
        for row in self.iter_rows() {
            for (sum, value) in sums.iter_mut().zip(row) {
                *sum += value;
            }
        }
        sums.iter_mut().for_each(|s| *s /= self.rows as f64);
        sums
    }
}
