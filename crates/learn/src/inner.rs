//! Folds within a training fold, and predictions made out of them.

use crate::{LearnError, Matrix, TrainingFold};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

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
    /// The out-of-fold predictions of a cross-validation of `data` (mean over its repeats), without the rows that it never held out.
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
        let rows = predicted.held_out();
        let folds = predicted.folds.first();
        let fold_of = |&row: &usize| folds.and_then(|f| f.get(row)).copied().unwrap_or(0);
        Ok(Self {
            probabilities: predicted.probabilities.select_rows(&rows),
            y: rows.iter().map(|&row| data.y[row]).collect(),
            fold_of: rows.iter().map(fold_of).collect(),
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

    /// Fits `predict` on every inner training part and gathers what it says of the part that was left out. Rows of patients whom features were
    /// fitted on are never left out, and are not among what is gathered.
    ///
    /// `predict(part, x, centres)` fits on `part` and gives the probabilities of the rows `x` of these centres.
    pub(crate) fn of(
        fold: &TrainingFold<'_>,
        design: InnerFolds,
        predict: impl Fn(&TrainingFold<'_>, &Matrix, &[Option<&str>]) -> Result<Matrix, LearnError>
        + Sync,
    ) -> Result<Self, LearnError> {
        let dealt = assign(fold, design)?;
        let parts: Vec<Result<(Vec<usize>, Matrix), LearnError>> = (0..dealt.folds())
            .into_par_iter()
            .map(|held| {
                let (out, kept) = dealt.sides(held);
                let part = fold.part(&kept);
                let centres = fold.centres_of(&out);
                let predicted = predict(&part, &fold.x().select_rows(&out), &centres)?;
                Ok((out, predicted))
            })
            .collect();
        let mut probabilities = Matrix::zeros(fold.y().len(), fold.classes().len());
        let mut fold_of = vec![0; fold.y().len()];
        for (held, part) in parts.into_iter().enumerate() {
            let (rows, predicted) = part?;
            for (i, &row) in rows.iter().enumerate() {
                probabilities.row_mut(row).copy_from_slice(predicted.row(i));
                fold_of[row] = held;
            }
        }
        let rows = dealt.held_out();
        Ok(Self {
            probabilities: probabilities.select_rows(&rows),
            y: rows.iter().map(|&row| fold.y()[row]).collect(),
            fold_of: rows.iter().map(|&row| fold_of[row]).collect(),
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

/// Inner fold of each row.
pub(crate) struct Dealt {
    /// `None` for a row that is never held out: features were fitted on its patient before the table was made.
    fold_of: Vec<Option<usize>>,
    folds: usize,
}

impl Dealt {
    /// Folds given from elsewhere, one number from 0 for each row.
    pub(crate) fn given(fold_of: &[usize]) -> Self {
        Self {
            fold_of: fold_of.iter().copied().map(Some).collect(),
            folds: fold_of.iter().max().map_or(0, |last| last + 1),
        }
    }

    /// Number of folds.
    pub(crate) fn folds(&self) -> usize {
        self.folds
    }

    /// Rows that one fold holds out, and all others, which are fitted on.
    pub(crate) fn sides(&self, held: usize) -> (Vec<usize>, Vec<usize>) {
        (0..self.fold_of.len()).partition(|&row| self.fold_of[row] == Some(held))
    }

    /// Rows that some fold holds out, rising.
    pub(crate) fn held_out(&self) -> Vec<usize> {
        let rows = self.fold_of.iter().enumerate();
        rows.filter_map(|(row, fold)| fold.map(|_| row)).collect()
    }
}

/// Inner folds: patients are dealt out class by class, in an order drawn from the first stream of the seed. Patients whom features were
/// fitted on are not dealt: they are in every inner training part, as they are in every outer one.
///
/// A patient with rows of several classes counts as the rarest of them. There are as many folds as asked for, or as many as the
/// smallest class has patients that can be held out when that is less.
pub(crate) fn assign(fold: &TrainingFold<'_>, design: InnerFolds) -> Result<Dealt, LearnError> {
    let seen = fold.groups().iter().zip(fold.fitted_upstream());
    let seen: BTreeSet<&str> = seen.filter(|(_, seen)| **seen).map(|(g, _)| *g).collect();
    let (fold_of, folds) = deal(fold, design, 0, &seen)?;
    Ok(Dealt { fold_of, folds })
}

/// Half (0 or 1) of each row, in stream `repeat` of the seed. Nothing is held out of halves: both are fitted on, so that all patients take part.
pub(crate) fn halves(
    fold: &TrainingFold<'_>,
    seed: u64,
    repeat: u64,
) -> Result<Vec<usize>, LearnError> {
    let (half_of, _) = deal(
        fold,
        InnerFolds { folds: 2, seed },
        repeat,
        &BTreeSet::new(),
    )?;
    Ok(half_of.into_iter().map(|half| half.unwrap_or(0)).collect())
}

/// Deals out the patients that are not `left_out`: the fold of each row, and how many folds there are.
fn deal(
    fold: &TrainingFold<'_>,
    design: InnerFolds,
    repeat: u64,
    left_out: &BTreeSet<&str>,
) -> Result<(Vec<Option<usize>>, usize), LearnError> {
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
        if left_out.contains(group) {
            continue;
        }
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
    Ok((rows.map(Option::<&usize>::copied).collect(), folds))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Dataset;

    /// 24 patients of two rows each in three classes, some of whom features were fitted on.
    fn data(seen: &[usize]) -> Dataset {
        let n = 48;
        let names = |what: &str, of: &dyn Fn(usize) -> usize| -> Vec<String> {
            (0..n).map(|i| format!("{what}{}", of(i))).collect()
        };
        Dataset::new(
            names("row", &|i| i),
            names("p", &|i| i / 2),
            None,
            vec!["a".to_owned()],
            Matrix::from_fn(n, 1, |i, _| i as f64),
            (0..n).map(|i| i / 2 % 3).collect(),
            ["zero", "low", "positive"].map(String::from).to_vec(),
        )
        .unwrap()
        .with_fitted_upstream(seen.iter().map(|p| format!("p{p}")))
    }

    #[test]
    fn patients_that_features_were_fitted_on_are_in_every_inner_training_part() {
        let data = data(&[0, 4, 5, 13]);
        let fold = data.whole();
        let design = InnerFolds { folds: 4, seed: 3 };
        let dealt = assign(&fold, design).unwrap();
        let upstream: Vec<usize> = vec![0, 1, 8, 9, 10, 11, 26, 27];
        let mut held_out = Vec::new();
        for held in 0..dealt.folds() {
            let (out, kept) = dealt.sides(held);
            assert!(upstream.iter().all(|row| kept.contains(row)));
            assert_eq!(out.len() + kept.len(), 48);
            held_out.extend(out);
        }
        held_out.sort_unstable();
        assert_eq!(held_out, dealt.held_out());
        let others: Vec<usize> = (0..48).filter(|row| !upstream.contains(row)).collect();
        assert_eq!(held_out, others);

        // What is gathered out of fold has no row of theirs, and every other with what was said of it.
        let said = OutOfFold::of(&fold, design, |part, x, _| {
            assert!(
                upstream
                    .iter()
                    .all(|row| part.x().values().contains(&(*row as f64)))
            );
            Ok(Matrix::from_fn(x.rows(), 3, |i, _| x.row(i)[0]))
        });
        let said = said.unwrap();
        let rows: Vec<usize> = said
            .probabilities
            .iter_rows()
            .map(|r| r[0] as usize)
            .collect();
        assert_eq!(rows, others);
        assert!(rows.iter().zip(&said.y).all(|(row, y)| row / 2 % 3 == *y));

        // Both halves of a subsample are fitted on: all patients take part.
        assert_eq!(halves(&fold, 1, 0).unwrap().len(), 48);
    }

    #[test]
    fn a_class_without_patients_to_hold_out_is_refused() {
        let all_zeros: Vec<usize> = (0..24).step_by(3).collect();
        let error = |seen: &[usize]| assign(&data(seen).whole(), InnerFolds::default()).err();
        assert!(error(&all_zeros[..6]).is_none());
        let refused = error(&all_zeros[..7]);
        let text = refused.map(|e| e.to_string()).unwrap_or_default();
        assert!(text.contains("the class zero has 1"), "{text}");
        assert!(
            text.contains("no feature of the table was fitted on them"),
            "{text}"
        );
    }
}
