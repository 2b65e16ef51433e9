//! Folds within a training fold, and predictions made out of them.

use crate::{LearnError, Matrix, TrainingFold};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How a training fold is split again, for everything that must learn from predictions of rows that a model had not seen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct InnerFolds {
    /// Number of folds, 2 or more; fewer are used when a class has fewer patients.
    pub folds: usize,
    /// Seed of the folds.
    pub seed: u64,
}

impl Default for InnerFolds {
    fn default() -> Self {
        Self { folds: 5, seed: 1 }
    }
}

/// Probabilities of training rows by models that had not seen the rows' patients, with the rows' classes.
///
/// Calibration, conformal thresholds and stacking are fitted on this type alone. It is made by refitting on the inner folds of a
/// [`TrainingFold`], or from a whole [`CrossValidated`](crate::CrossValidated); so probabilities of rows that a model has
/// seen have no way in:
///
/// ```compile_fail,E0451
/// use triher_learn::{Matrix, OutOfFold};
///
/// fn leak(seen: Matrix, y: Vec<usize>) -> OutOfFold {
///     OutOfFold { probabilities: seen, fold_of: vec![0; y.len()], y }
/// }
/// ```
#[derive(Clone, Debug, PartialEq)]
pub struct OutOfFold {
    /// Rows x classes.
    pub(crate) probabilities: Matrix,
    /// Class of each row.
    pub(crate) y: Vec<usize>,
    /// Inner fold that each row was held out in.
    pub(crate) fold_of: Vec<usize>,
}

impl OutOfFold {
    /// The out-of-fold predictions of a cross-validation of `data` (mean over its repeats).
    ///
    /// # Errors
    /// [`LearnError::Length`] when the predictions are not those of this data set.
    pub fn of_cross_validation(
        data: &crate::Dataset,
        predicted: &crate::CrossValidated,
    ) -> Result<Self, LearnError> {
        if predicted.probabilities.rows() != data.rows() {
            return Err(LearnError::Length {
                what: "rows of predictions".to_owned(),
                expected: data.rows(),
                found: predicted.probabilities.rows(),
            });
        }
        Ok(Self {
            probabilities: predicted.probabilities.clone(),
            y: data.y.clone(),
            fold_of: predicted.folds.first().cloned().unwrap_or_default(),
        })
    }

    /// Probabilities, rows x classes.
    pub fn probabilities(&self) -> &Matrix {
        &self.probabilities
    }

    /// Class of each row.
    pub fn truth(&self) -> &[usize] {
        &self.y
    }

    /// Fits `predict` on every inner training part and gathers what it says of the part that was left out.
    ///
    /// `predict(part, x, centres)` fits on `part` and gives the probabilities of the rows `x` of these centres.
    pub(crate) fn of(
        fold: &TrainingFold<'_>,
        design: InnerFolds,
        predict: impl Fn(&TrainingFold<'_>, &Matrix, &[Option<&str>]) -> Result<Matrix, LearnError>
        + Sync,
    ) -> Result<Self, LearnError> {
        let fold_of = assign(fold, design, 0)?;
        let folds = fold_of.iter().max().map_or(0, |m| m + 1);
        let parts: Vec<Result<(Vec<usize>, Matrix), LearnError>> = (0..folds)
            .into_par_iter()
            .map(|held| {
                let (out, kept): (Vec<usize>, Vec<usize>) =
                    (0..fold_of.len()).partition(|&row| fold_of[row] == held);
                let part = fold.part(&kept);
                let centres = fold.centres_of(&out);
                let predicted = predict(&part, &fold.x().select_rows(&out), &centres)?;
                Ok((out, predicted))
            })
            .collect();
        let mut probabilities = Matrix::zeros(fold.y().len(), fold.classes().len());
        for part in parts {
            let (rows, predicted) = part?;
            for (i, &row) in rows.iter().enumerate() {
                probabilities.row_mut(row).copy_from_slice(predicted.row(i));
            }
        }
        Ok(Self {
            probabilities,
            y: fold.y().to_vec(),
            fold_of,
        })
    }

    /// The same rows, those of each fold calibrated by what `fit` makes of the others.
    pub(crate) fn cross_calibrated(
        &self,
        fit: impl Fn(&Self) -> Result<crate::Calibrator, LearnError>,
    ) -> Result<Self, LearnError> {
        let folds = self.fold_of.iter().max().map_or(0, |m| m + 1);
        let mut calibrated = self.clone();
        for held in 0..folds {
            let calibrator = fit(&self.part(|fold| fold != held))?;
            let applied = calibrator.apply(&self.part(|fold| fold == held).probabilities)?;
            let rows = (0..self.y.len()).filter(|&row| self.fold_of[row] == held);
            for (row, values) in rows.zip(applied.iter_rows()) {
                calibrated
                    .probabilities
                    .row_mut(row)
                    .copy_from_slice(values);
            }
        }
        Ok(calibrated)
    }

    /// Number of classes.
    pub(crate) fn classes(&self) -> usize {
        self.probabilities.columns()
    }

    /// The rows whose fold fulfils `wanted`.
    pub(crate) fn part(&self, wanted: impl Fn(usize) -> bool) -> Self {
        let rows: Vec<usize> = (0..self.y.len())
            .filter(|&row| wanted(self.fold_of[row]))
            .collect();
        Self {
            probabilities: self.probabilities.select_rows(&rows),
            y: rows.iter().map(|&row| self.y[row]).collect(),
            fold_of: rows.iter().map(|&row| self.fold_of[row]).collect(),
        }
    }
}

/// Inner fold of each row: patients are dealt out class by class, in an order drawn from stream `repeat` of the seed.
///
/// A patient with rows of several classes counts as the rarest of them. There are as many folds as asked for, or as many as the
/// smallest class has patients when that is less.
pub(crate) fn assign(
    fold: &TrainingFold<'_>,
    design: InnerFolds,
    repeat: u64,
) -> Result<Vec<usize>, LearnError> {
    if design.folds < 2 {
        return Err(LearnError::BadDesign {
            folds: design.folds,
            repeats: 1,
        });
    }
    let classes = fold.classes();
    let mut rows_of = vec![0_usize; classes.len()];
    fold.y().iter().for_each(|&class| rows_of[class] += 1);
    let mut class_of: BTreeMap<&str, usize> = BTreeMap::new();
    for (group, &class) in fold.groups().iter().zip(fold.y()) {
        let known = class_of.entry(group).or_insert(class);
        if (rows_of[class], class) < (rows_of[*known], *known) {
            *known = class;
        }
    }
    let mut strata: Vec<Vec<&str>> = vec![Vec::new(); classes.len()];
    for (patient, class) in class_of {
        strata[class].push(patient);
    }
    let smallest = strata.iter().enumerate().min_by_key(|(_, p)| p.len());
    let (class, patients) = smallest.map_or((0, 0), |(class, p)| (class, p.len()));
    if patients < 2 {
        return Err(LearnError::FewInnerPatients {
            class: classes.get(class).cloned().unwrap_or_default(),
            patients,
        });
    }
    let folds = design.folds.min(patients);
    let mut random = ChaCha8Rng::seed_from_u64(design.seed);
    random.set_stream(repeat);
    let mut fold_of: BTreeMap<&str, usize> = BTreeMap::new();
    let mut next = 0;
    for stratum in &mut strata {
        stratum.shuffle(&mut random);
        for &patient in stratum.iter() {
            fold_of.insert(patient, next);
            next = (next + 1) % folds;
        }
    }
    let rows = fold.groups().iter().map(|group| fold_of.get(group));
    Ok(rows.map(|fold| fold.copied().unwrap_or(0)).collect())
}
