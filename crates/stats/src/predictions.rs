//! What a model said, beside the truth.

use crate::StatsError;
use serde::{Deserialize, Serialize};

/// The sum of a row's probabilities may differ from one by this much (rounding of a file's columns
/// to six digits included).
const SUM_TOLERANCE: f64 = 5e-6;

/// Rows times classes that are accepted: every pair of them can be counted in 64 bits.
pub(crate) const MAX_CELLS: u64 = 1 << 31;

/// The probabilities that a model gave to `n` rows (lesions) over `K` classes, with the truth.
///
/// Checked when made: all columns have `n` values, every probability lies in 0..=1, every row sums
/// to one, every truth is the number of a class. Deserialising runs the same checks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(try_from = "Unchecked")]
pub struct Predictions {
    ids: Vec<String>,
    groups: Vec<String>,
    classes: Vec<String>,
    truth: Vec<usize>,
    probabilities: Vec<f64>,
    centres: Option<Vec<Option<String>>>,
}

#[derive(Deserialize)]
struct Unchecked {
    ids: Vec<String>,
    groups: Vec<String>,
    classes: Vec<String>,
    truth: Vec<usize>,
    probabilities: Vec<f64>,
    centres: Option<Vec<Option<String>>>,
}

impl TryFrom<Unchecked> for Predictions {
    type Error = StatsError;

    fn try_from(p: Unchecked) -> Result<Self, StatsError> {
        Self::new(
            p.ids,
            p.groups,
            p.classes,
            p.truth,
            p.probabilities,
            p.centres,
        )
    }
}

impl Predictions {
    /// Checks the columns and puts them together.
    ///
    /// * `ids`: one name per row, length `n`.
    /// * `groups`: the patient of each row, length `n`. Rows of one patient are resampled together.
    /// * `classes`: the names of the `K` classes, in the order of the probabilities.
    /// * `truth`: the true class of each row as a number into `classes`, length `n`.
    /// * `probabilities`: `n * K` values, row after row.
    /// * `centres`: the centre of each row where known, length `n`.
    ///
    /// # Errors
    /// No rows, fewer than two classes or a class named twice, a column of another length, a
    /// probability that is NaN or outside of 0..=1, a row that does not sum to 1 (within 5e-6), a
    /// truth that is no class, or more than 2^31 probabilities.
    pub fn new(
        ids: Vec<String>,
        groups: Vec<String>,
        classes: Vec<String>,
        truth: Vec<usize>,
        probabilities: Vec<f64>,
        centres: Option<Vec<Option<String>>>,
    ) -> Result<Self, StatsError> {
        let rows = ids.len();
        if rows == 0 {
            return Err(StatsError::Empty);
        }
        let count = classes.len();
        if count < 2 {
            return Err(StatsError::TooFewClasses { found: count });
        }
        for (index, name) in classes.iter().enumerate() {
            if classes[..index].contains(name) {
                return Err(StatsError::RepeatedClass { name: name.clone() });
            }
        }
        let cells = (rows as u64).saturating_mul(count as u64);
        if cells > MAX_CELLS {
            return Err(StatsError::TooLarge {
                rows: cells,
                limit: MAX_CELLS,
            });
        }
        let length = |column, expected, found| {
            if expected == found {
                Ok(())
            } else {
                Err(StatsError::Length {
                    column,
                    expected,
                    found,
                    rows,
                })
            }
        };
        length("groups", rows, groups.len())?;
        length("truth", rows, truth.len())?;
        length("probabilities", rows * count, probabilities.len())?;
        if let Some(centres) = &centres {
            length("centres", rows, centres.len())?;
        }
        for (row, (p, &t)) in probabilities.chunks_exact(count).zip(&truth).enumerate() {
            for (value, class) in p.iter().zip(&classes) {
                // Written so that NaN fails; a hair outside of the range is rounding.
                if !(*value >= -1e-9 && *value <= 1.0 + 1e-9) {
                    return Err(StatsError::BadProbability {
                        row,
                        id: ids[row].clone(),
                        class: class.clone(),
                        value: *value,
                    });
                }
            }
            let sum: f64 = p.iter().sum();
            if (sum - 1.0).abs() > SUM_TOLERANCE {
                return Err(StatsError::BadSum {
                    row,
                    id: ids[row].clone(),
                    sum,
                });
            }
            if t >= count {
                return Err(StatsError::BadTruth {
                    row,
                    id: ids[row].clone(),
                    truth: t,
                    classes: count,
                });
            }
        }
        Ok(Self {
            ids,
            groups,
            classes,
            truth,
            probabilities,
            centres,
        })
    }

    /// Number of rows, `n`.
    pub fn len(&self) -> usize {
        self.ids.len()
    }

    /// Never true: predictions without rows are refused. Here because `len` is.
    pub fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// Number of classes, `K`.
    pub fn class_count(&self) -> usize {
        self.classes.len()
    }

    /// One name per row.
    pub fn ids(&self) -> &[String] {
        &self.ids
    }

    /// The patient of each row.
    pub fn groups(&self) -> &[String] {
        &self.groups
    }

    /// Names of the classes, in the order of the probabilities.
    pub fn classes(&self) -> &[String] {
        &self.classes
    }

    /// The true class of each row.
    pub fn truth(&self) -> &[usize] {
        &self.truth
    }

    /// All probabilities, row after row (`n * K`).
    pub fn probabilities(&self) -> &[f64] {
        &self.probabilities
    }

    /// The centre of each row, where known.
    pub fn centres(&self) -> Option<&[Option<String>]> {
        self.centres.as_deref()
    }

    /// The `K` probabilities of one row, or `None` beyond the last.
    pub fn row(&self, row: usize) -> Option<&[f64]> {
        self.probabilities.chunks_exact(self.classes.len()).nth(row)
    }

    /// The rows' probabilities, each of length `K`.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f64> {
        self.probabilities.chunks_exact(self.classes.len())
    }

    /// The probability of one class in every row (length `n`); empty for a class that is not there.
    pub fn column(&self, class: usize) -> Vec<f64> {
        self.rows()
            .filter_map(|row| row.get(class).copied())
            .collect()
    }

    /// For every row, whether its truth is `class`.
    pub fn is_class(&self, class: usize) -> Vec<bool> {
        self.truth.iter().map(|&t| t == class).collect()
    }

    /// Rows per true class (length `K`).
    pub fn class_counts(&self) -> Vec<u64> {
        let mut counts = vec![0; self.classes.len()];
        for &t in &self.truth {
            counts[t] += 1;
        }
        counts
    }

    /// The class with the largest probability in every row; of equal ones the first, as in
    /// `numpy.argmax`.
    pub fn predicted(&self) -> Vec<usize> {
        self.rows()
            .map(|row| {
                let mut best = 0;
                for (class, value) in row.iter().enumerate() {
                    if *value > row[best] {
                        best = class;
                    }
                }
                best
            })
            .collect()
    }

    /// The same predictions with another truth (length `n`), as another reader would have given it.
    ///
    /// # Errors
    /// Another length, or a truth that is no class.
    pub fn with_truth(&self, truth: Vec<usize>) -> Result<Self, StatsError> {
        if truth.len() != self.len() {
            return Err(StatsError::Length {
                column: "truth",
                expected: self.len(),
                found: truth.len(),
                rows: self.len(),
            });
        }
        if let Some(row) = truth.iter().position(|t| *t >= self.class_count()) {
            return Err(StatsError::BadTruth {
                row,
                id: self.ids[row].clone(),
                truth: truth[row],
                classes: self.class_count(),
            });
        }
        Ok(Self {
            truth,
            ..self.clone()
        })
    }

    /// The rows with the given numbers, in that order. Numbers beyond the last row are left out.
    ///
    /// # Errors
    /// [`StatsError::Empty`] when no row remains.
    pub fn subset(&self, rows: &[usize]) -> Result<Self, StatsError> {
        let rows: Vec<usize> = rows.iter().copied().filter(|&r| r < self.len()).collect();
        if rows.is_empty() {
            return Err(StatsError::Empty);
        }
        let pick = |column: &[String]| rows.iter().map(|&r| column[r].clone()).collect();
        let count = self.classes.len();
        Ok(Self {
            ids: pick(&self.ids),
            groups: pick(&self.groups),
            classes: self.classes.clone(),
            truth: rows.iter().map(|&r| self.truth[r]).collect(),
            probabilities: rows
                .iter()
                .flat_map(|&r| {
                    self.probabilities[r * count..(r + 1) * count]
                        .iter()
                        .copied()
                })
                .collect(),
            centres: self
                .centres
                .as_ref()
                .map(|centres| rows.iter().map(|&r| centres[r].clone()).collect()),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn make(truth: Vec<usize>, probabilities: Vec<f64>) -> Result<Predictions, StatsError> {
        let ids: Vec<String> = (0..truth.len()).map(|i| format!("p{i}")).collect();
        Predictions::new(
            ids.clone(),
            ids,
            vec!["zero".into(), "low".into()],
            truth,
            probabilities,
            None,
        )
    }

    #[test]
    fn each_rule_has_its_error() {
        assert_eq!(make(vec![], vec![]), Err(StatsError::Empty));
        assert!(matches!(
            make(vec![0], vec![f64::NAN, 1.0]),
            Err(StatsError::BadProbability { row: 0, .. })
        ));
        assert!(matches!(
            make(vec![0], vec![1.5, -0.5]),
            Err(StatsError::BadProbability { .. })
        ));
        assert!(matches!(
            make(vec![0], vec![0.5, 0.4]),
            Err(StatsError::BadSum { .. })
        ));
        assert!(matches!(
            make(vec![2], vec![0.5, 0.5]),
            Err(StatsError::BadTruth { truth: 2, .. })
        ));
        assert!(matches!(
            make(vec![0], vec![0.5]),
            Err(StatsError::Length {
                column: "probabilities",
                expected: 2,
                found: 1,
                ..
            })
        ));
        let one = Predictions::new(
            vec!["a".into()],
            vec!["a".into()],
            vec!["x".into()],
            vec![0],
            vec![1.0],
            None,
        );
        assert_eq!(one, Err(StatsError::TooFewClasses { found: 1 }));
    }

    #[test]
    fn ties_predict_the_first_class_and_subsets_keep_their_rows() {
        let p = make(vec![0, 1, 1], vec![0.5, 0.5, 0.2, 0.8, 0.7, 0.3]).unwrap();
        assert_eq!(p.predicted(), vec![0, 1, 0]);
        let s = p.subset(&[2, 0, 99]).unwrap();
        assert_eq!(s.ids(), ["p2", "p0"]);
        assert_eq!(s.probabilities(), [0.7, 0.3, 0.5, 0.5]);
        assert_eq!(p.subset(&[99]), Err(StatsError::Empty));
    }

    #[test]
    fn deserialising_checks_too() {
        let good =
            serde_json::to_string(&make(vec![0, 1], vec![0.5, 0.5, 0.2, 0.8]).unwrap()).unwrap();
        assert!(serde_json::from_str::<Predictions>(&good).is_ok());
        let bad = good.replace("0.8", "0.7");
        let error = serde_json::from_str::<Predictions>(&bad)
            .unwrap_err()
            .to_string();
        assert!(error.contains("sum to"), "{error}");
    }
}
