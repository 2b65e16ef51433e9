//! Training cases that look like a patient to the model.

use crate::explanation::ExplainError;
use triher_learn::{FittedPipeline, Matrix};

/// A case and how far it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SimilarCase {
    /// Row of the cases.
    pub row: usize,
    /// Root mean square distance over the prepared (as a rule standardised) columns: 1 is a standard deviation in each.
    pub distance: f64,
}

/// The `count` cases nearest to each row, nearest first, in the coordinates that the classifier sees. A case at equal distance comes in the
/// order of the rows. `leave_out` names for each row a case that is the row itself, if it is among them.
///
/// # Errors
/// As [`FittedPipeline::predict_proba_at`].
pub fn similar(
    pipeline: &FittedPipeline,
    rows: (&Matrix, &[Option<&str>]),
    cases: (&Matrix, &[Option<&str>]),
    count: usize,
    leave_out: &[Option<usize>],
) -> Result<Vec<Vec<SimilarCase>>, ExplainError> {
    let x = pipeline.prepare(rows.0, rows.1)?;
    let known = pipeline.prepare(cases.0, cases.1)?;
    let width = x.columns().max(1) as f64;
    let nearest = |i: usize| {
        let own = leave_out.get(i).copied().flatten();
        let mut all: Vec<SimilarCase> = (known.iter_rows().enumerate())
            .filter(|(row, _)| Some(*row) != own)
            .map(|(row, case)| {
                let squares = case.iter().zip(x.row(i)).map(|(a, b)| (a - b) * (a - b));
                let distance = (squares.sum::<f64>() / width).sqrt();
                SimilarCase { row, distance }
            })
            .collect();
        all.sort_by(|a, b| a.distance.total_cmp(&b.distance));
        all.truncate(count);
        all
    };
    Ok((0..x.rows()).map(nearest).collect())
}
