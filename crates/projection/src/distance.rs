//! Rows as points, and the distances between them.

use crate::ProjectionError;
use rayon::prelude::*;
use triher_learn::Matrix;

/// Fewest rows of a map.
const LEAST: usize = 5;
/// Most rows of a map: their distances fill a gigabyte.
const MOST: usize = 11_000;

/// Rows of finite numbers with all distances between them.
#[derive(Clone, Debug)]
pub struct Points {
    rows: usize,
    /// Squared Euclidean distances, rows x rows.
    squared: Vec<f64>,
    /// The first two principal components of each row, with a standard deviation of 1 in the first.
    start: Vec<[f64; 2]>,
}

impl Points {
    /// Points from rows that are prepared already (imputed, standardised).
    ///
    /// # Errors
    /// [`ProjectionError`]: too few or too many rows, or a value that is not finite.
    pub fn new(x: &Matrix) -> Result<Self, ProjectionError> {
        let rows = x.rows();
        if rows < LEAST {
            return Err(ProjectionError::FewRows { rows, least: LEAST });
        }
        if rows > MOST {
            return Err(ProjectionError::ManyRows { rows, most: MOST });
        }
        if let Some(row) = x.iter_rows().position(|r| r.iter().any(|v| !v.is_finite())) {
            return Err(ProjectionError::NotFinite { row: row + 1 });
        }
        let mut squared = vec![0.0; rows * rows];
        squared
            .par_chunks_mut(rows)
            .enumerate()
            .for_each(|(i, line)| {
                for (j, distance) in line.iter_mut().enumerate() {
                    // The same order of terms on both sides of the diagonal: the matrix is symmetric to the bit.
                    let pairs = x.row(i.min(j)).iter().zip(x.row(i.max(j)));
                    *distance = pairs.map(|(a, b)| (a - b) * (a - b)).sum();
                }
            });
        let start = principal_start(&squared, rows);
        Ok(Self {
            rows,
            squared,
            start,
        })
    }

    /// Number of points.
    pub fn len(&self) -> usize {
        self.rows
    }

    /// Whether there is no point, which never is.
    pub fn is_empty(&self) -> bool {
        self.rows == 0
    }

    /// Squared distances from a point to all.
    pub(crate) fn squared(&self, row: usize) -> &[f64] {
        &self.squared[row * self.rows..(row + 1) * self.rows]
    }

    /// Where maps start: the first two principal components.
    pub fn principal(&self) -> &[[f64; 2]] {
        &self.start
    }

    /// The other points by distance, nearest first, equal ones in their order.
    pub(crate) fn by_distance(&self, row: usize) -> Vec<usize> {
        let line = self.squared(row);
        let mut order: Vec<usize> = (0..self.rows).filter(|&j| j != row).collect();
        order.sort_by(|&a, &b| line[a].total_cmp(&line[b]).then(a.cmp(&b)));
        order
    }
}

/// Coordinates of classical scaling in two dimensions, which are the principal components, by power iteration on the doubly centred
/// squared distances. The sign makes the largest coordinate positive; the first component has a standard deviation of 1.
fn principal_start(squared: &[f64], n: usize) -> Vec<[f64; 2]> {
    let mean_of = |row: usize| squared[row * n..(row + 1) * n].iter().sum::<f64>() / n as f64;
    let means: Vec<f64> = (0..n).into_par_iter().map(mean_of).collect();
    let all = means.iter().sum::<f64>() / n as f64;
    // Product of the centred Gram matrix with a vector.
    let times = |v: &[f64]| -> Vec<f64> {
        (0..n)
            .into_par_iter()
            .map(|i| {
                let line = &squared[i * n..(i + 1) * n];
                let pairs = line.iter().zip(&means).zip(v);
                pairs
                    .map(|((d, m), v)| -0.5 * (d - m - means[i] + all) * v)
                    .sum()
            })
            .collect()
    };
    let norm = |v: &[f64]| v.iter().map(|a| a * a).sum::<f64>().sqrt();
    let mut found: Vec<(Vec<f64>, f64)> = Vec::new();
    for component in 0..2 {
        // A start that is not orthogonal to much: numbers that look random.
        let mut v: Vec<f64> = (0..n)
            .map(|i| ((i + 1) as f64 * 12.9898 + component as f64 * 4.1414).sin())
            .collect();
        let mut value = 0.0;
        for _ in 0..300 {
            for (before, _) in &found {
                let along: f64 = v.iter().zip(before).map(|(a, b)| a * b).sum();
                v.iter_mut().zip(before).for_each(|(a, b)| *a -= along * b);
            }
            let length = norm(&v);
            if length < 1e-300 {
                break;
            }
            v.iter_mut().for_each(|a| *a /= length);
            let next = times(&v);
            let grown = norm(&next);
            let done = (grown - value).abs() <= 1e-12 * grown;
            value = grown;
            if grown < 1e-300 {
                break;
            }
            v = next;
            if done {
                break;
            }
        }
        let length = norm(&v);
        if length > 0.0 {
            v.iter_mut().for_each(|a| *a /= length);
        }
        let largest = v.iter().copied().max_by(|a, b| a.abs().total_cmp(&b.abs()));
        if largest.is_some_and(|l| l < 0.0) {
            v.iter_mut().for_each(|a| *a = -*a);
        }
        found.push((v, value.max(0.0).sqrt()));
    }
    let first = found[0].1.max(1e-300);
    let scale = (n as f64).sqrt() / first;
    (0..n)
        .map(|i| {
            [0, 1].map(|k: usize| {
                let at = found[k].0[i] * found[k].1 * scale;
                if at.is_finite() { at } else { 0.0 }
            })
        })
        .collect()
}
