//! Times and events, checked.

/// Why follow-up could not be accepted or a model not be fitted.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum SurvivalError {
    /// A column has another length than the times.
    #[error("the column \"{column}\" has {found} values, but there are {expected} times")]
    Length {
        /// Which column.
        column: &'static str,
        /// Times.
        expected: usize,
        /// Values found.
        found: usize,
    },
    /// A value that is not a finite number, or a time below zero.
    #[error("row {row} of \"{column}\" is {value}: give finite numbers, and times of zero or more")]
    BadValue {
        /// Which column.
        column: &'static str,
        /// Row, from 0.
        row: usize,
        /// The value.
        value: f64,
    },
    /// No patient or no event.
    #[error("there is no event among {patients} patients: survival cannot be compared")]
    NoEvent {
        /// Patients.
        patients: usize,
    },
    /// A confidence level outside of 0..1.
    #[error("the confidence is {value}: give a level between 0 and 1, such as 0.95")]
    BadConfidence {
        /// The level.
        value: f64,
    },
    /// The likelihood of a Cox model has no single maximum.
    #[error(
        "the Cox model has no finite estimate: a covariate is constant, repeats another, or separates the events"
    )]
    NoMaximum,
}

/// Time under observation of each patient, in any one unit, and whether it ended with the event.
#[derive(Debug, Clone, PartialEq)]
pub struct FollowUp {
    pub(crate) time: Vec<f64>,
    pub(crate) event: Vec<bool>,
}

impl FollowUp {
    /// Checks and keeps the columns.
    ///
    /// # Errors
    /// Columns of different length, or a time that is negative or not finite.
    pub fn new(time: Vec<f64>, event: Vec<bool>) -> Result<Self, SurvivalError> {
        same_length("event", time.len(), event.len())?;
        if let Some(row) = time.iter().position(|t| !(t.is_finite() && *t >= 0.0)) {
            return Err(SurvivalError::BadValue {
                column: "time",
                row,
                value: time[row],
            });
        }
        Ok(Self { time, event })
    }

    /// Patients.
    pub fn len(&self) -> usize {
        self.time.len()
    }

    /// Whether there are no patients.
    pub fn is_empty(&self) -> bool {
        self.time.is_empty()
    }

    /// Rows by ascending time, those of one time together.
    pub(crate) fn order(&self) -> Vec<usize> {
        let mut order: Vec<usize> = (0..self.len()).collect();
        order.sort_by(|&a, &b| self.time[a].total_cmp(&self.time[b]));
        order
    }
}

/// Checks a column's length.
pub(crate) fn same_length(
    column: &'static str,
    expected: usize,
    found: usize,
) -> Result<(), SurvivalError> {
    if expected == found {
        Ok(())
    } else {
        Err(SurvivalError::Length {
            column,
            expected,
            found,
        })
    }
}

/// Checks that every value is finite.
pub(crate) fn all_finite(column: &'static str, values: &[f64]) -> Result<(), SurvivalError> {
    match values.iter().position(|v| !v.is_finite()) {
        Some(row) => Err(SurvivalError::BadValue {
            column,
            row,
            value: values[row],
        }),
        None => Ok(()),
    }
}
