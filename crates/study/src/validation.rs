//! Validation within the training cohorts: folds, centres, learning curves, permutations.

use crate::StudyError;
use crate::clinical::Clinical;
use crate::comparison::{
    coverage_in_words, cross_validated_coverage, figures, options_of, out_of_fold,
};
use crate::progress::Progress;
use crate::study_file::ValidationSettings;
use serde::Serialize;
use triher_learn::{
    Coverage, CrossValidated, CrossValidation, Dataset, Matrix, PermutationTest, PipelineSpec,
    RoundStore, cross_validate_kept, learning_curve, leave_one_centre_out, permutation_test,
};
use triher_stats::{
    Evaluation, OperatingPoints, Predictions, ValidationScores, auc_macro, resampled_mean,
};
use triher_survival::SurvivalSummary;

/// What the validation within the training cohorts gave, as `validation.json` holds it.
#[derive(Debug, Default, Serialize)]
pub struct InternalValidation {
    /// Figures of the out-of-fold predictions, with subgroups where clinical findings are given; `None` when no folds could be made.
    pub cross_validation: Option<Evaluation>,
    /// Survival by the out-of-fold score, where its columns were named.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub survival: Option<SurvivalSummary>,
    /// Macro AUC over the folds, with an interval that knows that folds share training rows; `None` where a fold lacks a class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub macro_auc_over_folds: Option<OverFolds>,
    /// How often out-of-fold prediction sets hold the true class.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub prediction_sets: Option<Coverage>,
    /// Figures of the validation part of a fixed split.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub validation_part: Option<Evaluation>,
    /// Every centre predicted by a model of the others.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub leave_one_centre_out: Option<CentresLeftOutFigures>,
    /// The same folds learnt from more and more patients; empty when it was not asked for.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub learning_curve: Vec<LearningCurvePoint>,
    /// The whole pipeline on permuted labels.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub permutation_test: Option<PermutationTest>,
    /// Chosen on out-of-fold predictions or the validation part, to be applied elsewhere.
    #[serde(skip)]
    pub operating_points: Option<OperatingPoints>,
    /// Out-of-fold predictions with the folds they came from.
    #[serde(skip)]
    pub out_of_fold: Option<OutOfFoldRows>,
    /// What a reader must know.
    pub notes: Vec<String>,
}

impl InternalValidation {
    /// Puts the subgroups and the survival of the out-of-fold predictions beside their figures.
    ///
    /// # Errors
    /// As [`Clinical::add_to`].
    pub(crate) fn add_clinical(
        &mut self,
        clinical: &Clinical,
        settings: &ValidationSettings,
        seed: u64,
    ) -> Result<(), StudyError> {
        let (Some(figures), Some(rows)) = (&mut self.cross_validation, &self.out_of_fold) else {
            return Ok(());
        };
        let options = options_of(settings.bootstrap, seed);
        let predictions = &rows.predictions;
        let mut clinical = clinical.of(predictions);
        // External patients alone may have been followed: that is no reason to lose what was validated.
        if clinical.leave_out_unknown_survival() {
            self.notes.push("the survival of the training patients is left out: of none of them the time and the event are known".to_owned());
        }
        self.survival = clinical.add_to(figures, predictions, &options)?;
        Ok(())
    }
}

/// A figure over the held-out folds of all repeats.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct OverFolds {
    /// Mean over the folds.
    pub mean: f64,
    /// Corrected resampled t interval (Nadeau and Bengio 2003), cut to 0..=1; see `docs/validation.md` for its coverage.
    pub ci95: [f64; 2],
    /// Folds times repeats.
    pub parts: usize,
}

/// Figures of centres that were left out.
#[derive(Debug, Serialize)]
pub struct CentresLeftOutFigures {
    /// Of all rows that were held out, with each centre and their summary by random effects.
    pub figures: Evaluation,
    /// Centres that could not be left out, with the reason.
    pub problems: Vec<(String, String)>,
}

/// A point of a learning curve.
#[derive(Debug, Serialize)]
pub struct LearningCurvePoint {
    /// Share of the training patients of each fold.
    pub share: f64,
    /// Training patients, the mean over the folds.
    pub patients: f64,
    /// Out-of-fold macro AUC, the mean over the repeats.
    pub macro_auc: Option<f64>,
    /// That of each repeat.
    pub repeats: Vec<Option<f64>>,
    /// Why folds had no model.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub problems: Vec<String>,
}

/// Out-of-fold predictions, row by row.
#[derive(Debug)]
pub struct OutOfFoldRows {
    /// The predictions.
    pub predictions: Predictions,
    /// Fold of each row in each repeat.
    pub folds: Vec<Vec<usize>>,
}

/// Validates a pipeline within the rows it will be fitted on.
///
/// Everything that is fitted is fitted anew within each training fold, tuning, selection and calibration included: the
/// cross-validation is a nested one.
///
/// # Errors
/// As [`triher_learn::cross_validate`]. Centres that cannot be left out and a learning curve without folds are notes.
pub(crate) fn validate(
    data: &Dataset,
    spec: &PipelineSpec,
    settings: &ValidationSettings,
    seed: u64,
    store: &dyn RoundStore,
    progress: &dyn Progress,
) -> Result<InternalValidation, StudyError> {
    let mut found = InternalValidation::default();
    let (folds, note) = feasible(data, settings);
    found.notes.extend(note);
    if let Some(folds) = folds {
        progress.begin("Cross-validation", 1);
        let design = CrossValidation {
            folds,
            repeats: settings.repeats,
            seed,
        };
        cross_validation(data, spec, &design, settings.bootstrap, store, &mut found)?;
        progress.step("done");
        progress.end();
        if let Some(curve) = &settings.learning_curve {
            progress.begin("Learning curve", 1);
            let mut curve = curve.clone();
            curve.folds = curve.folds.min(folds);
            let points = learning_curve(data, spec, &curve, seed, store)?.points;
            found.learning_curve = (points.into_iter())
                .map(|point| curve_point(data, point))
                .collect();
            progress.step("done");
            progress.end();
        }
        if settings.permutations > 0 {
            progress.begin("Permutation test", 1);
            let once = CrossValidation {
                repeats: 1,
                ..design
            };
            let of = |data: &Dataset, found: &CrossValidated| macro_auc(data, &found.probabilities);
            let count = settings.permutations;
            found.permutation_test = permutation_test(data, spec, &once, count, store, of)?;
            progress.step("done");
            progress.end();
        }
    }
    if settings.leave_one_centre_out {
        progress.begin("Leaving out centres", 1);
        found.leave_one_centre_out = centres(data, spec, settings, seed, store, &mut found.notes)?;
        progress.step("done");
        progress.end();
    }
    Ok(found)
}

fn cross_validation(
    data: &Dataset,
    spec: &PipelineSpec,
    design: &CrossValidation,
    bootstrap: usize,
    store: &dyn RoundStore,
    found: &mut InternalValidation,
) -> Result<(), StudyError> {
    let result = cross_validate_kept(data, spec, design, store)?;
    found.notes.extend(result.notes.iter().cloned());
    found.prediction_sets = cross_validated_coverage(data, &result)?;
    let words = found.prediction_sets.iter().flat_map(coverage_in_words);
    found.notes.extend(words.collect::<Vec<_>>());
    found.macro_auc_over_folds = over_folds(data, &result, design);
    let predictions = out_of_fold(data, &result)?;
    found.cross_validation = Some(figures(&predictions, bootstrap, design.seed)?);
    let scores = ValidationScores::from_validation(&predictions);
    found.operating_points = Some(OperatingPoints::choose(scores)?);
    let held_out = result.held_out();
    let of_repeat =
        |folds: &Vec<usize>| -> Vec<usize> { held_out.iter().map(|&row| folds[row]).collect() };
    found.out_of_fold = Some(OutOfFoldRows {
        predictions,
        folds: result.folds.iter().map(of_repeat).collect(),
    });
    Ok(())
}

/// The macro AUC of each held-out fold, and the interval over them.
fn over_folds(
    data: &Dataset,
    result: &CrossValidated,
    design: &CrossValidation,
) -> Option<OverFolds> {
    let mut values = Vec::with_capacity(design.folds * design.repeats);
    for (folds, probabilities) in result.folds.iter().zip(&result.repeats) {
        for fold in 0..design.folds {
            let rows: Vec<usize> = (0..data.rows()).filter(|&r| folds[r] == fold).collect();
            let part = predictions_of(data, probabilities, &rows).ok()?;
            // A mean over fewer classes would be another figure.
            if part.class_counts().contains(&0) {
                return None;
            }
            values.push(auc_macro(&part)?);
        }
    }
    let share = 1.0 / (design.folds as f64 - 1.0);
    let found = resampled_mean(&values, share, 0.95)?;
    Some(OverFolds {
        mean: found.mean,
        ci95: found.interval.map(|bound| bound.clamp(0.0, 1.0)),
        parts: values.len(),
    })
}

fn centres(
    data: &Dataset,
    spec: &PipelineSpec,
    settings: &ValidationSettings,
    seed: u64,
    store: &dyn RoundStore,
    notes: &mut Vec<String>,
) -> Result<Option<CentresLeftOutFigures>, StudyError> {
    let left_out = match leave_one_centre_out(data, spec, store) {
        Ok(left_out) => left_out,
        Err(problem) => {
            notes.push(format!("no centre was left out: {problem}"));
            return Ok(None);
        }
    };
    notes.extend(left_out.notes.iter().cloned());
    let rows = left_out.held_out();
    if rows.is_empty() {
        return Ok(None);
    }
    let predictions = predictions_of(data, &left_out.probabilities, &rows)?;
    let problems = left_out.centres.into_iter();
    Ok(Some(CentresLeftOutFigures {
        figures: figures(&predictions, settings.bootstrap, seed)?,
        problems: problems
            .filter_map(|c| Some((c.centre, c.problem?)))
            .collect(),
    }))
}

/// Predictions of some rows of a data set.
fn predictions_of(
    data: &Dataset,
    probabilities: &Matrix,
    rows: &[usize],
) -> Result<Predictions, StudyError> {
    let of = |all: &[String]| rows.iter().map(|&row| all[row].clone()).collect();
    let centres = data.centres.as_ref();
    Ok(Predictions::new(
        of(&data.ids),
        of(&data.groups),
        data.classes.clone(),
        rows.iter().map(|&row| data.y[row]).collect(),
        (rows.iter())
            .flat_map(|&row| probabilities.row(row).to_vec())
            .collect(),
        centres.map(|c| rows.iter().map(|&row| c[row].clone()).collect()),
    )?)
}

/// Macro AUC over the rows that have probabilities.
fn macro_auc(data: &Dataset, probabilities: &Matrix) -> Option<f64> {
    let known: Vec<usize> = (0..data.rows())
        .filter(|&row| probabilities.row(row).iter().all(|p| !p.is_nan()))
        .collect();
    if known.is_empty() {
        return None;
    }
    auc_macro(&predictions_of(data, probabilities, &known).ok()?)
}

fn curve_point(data: &Dataset, point: triher_learn::LearningPoint) -> LearningCurvePoint {
    let repeats: Vec<Option<f64>> = point.repeats.iter().map(|p| macro_auc(data, p)).collect();
    let known: Vec<f64> = repeats.iter().flatten().copied().collect();
    LearningCurvePoint {
        share: point.share,
        patients: point.patients,
        macro_auc: (!known.is_empty()).then(|| known.iter().sum::<f64>() / known.len() as f64),
        repeats,
        problems: point.problems,
    }
}

/// Fewer folds when a class has fewer patients than folds; none when a class has a single patient.
pub(crate) fn feasible(
    data: &Dataset,
    settings: &ValidationSettings,
) -> (Option<usize>, Option<String>) {
    let smallest = data.smallest_class();
    if smallest.patients < 2 && !data.fitted_upstream().is_empty() {
        let note = format!(
            "no cross-validation: features were fitted on {} of the patients, who cannot be held out, and of the class {} only {} is left. Fit them on fewer training patients, or evaluate on another cohort",
            data.fitted_upstream().len(),
            smallest.class,
            smallest.patients
        );
        return (None, Some(note));
    }
    if smallest.patients < 2 {
        let note = format!(
            "no cross-validation: the class {} has {} patient; its figures would mean nothing",
            smallest.class, smallest.patients
        );
        return (None, Some(note));
    }
    if smallest.patients >= settings.folds {
        return (Some(settings.folds), None);
    }
    let note = format!(
        "{} folds instead of {}: the class {} has {} patients that can be held out",
        smallest.patients, settings.folds, smallest.class, smallest.patients
    );
    (Some(smallest.patients), Some(note))
}

/// Fewer patients than this in a class cannot carry a claim about it.
const FEW: usize = 10;

/// What a study with so few patients of a class cannot claim, in a sentence; `None` with enough of all.
pub(crate) fn too_few(data: &Dataset) -> Option<String> {
    let counts = data.patients_per_class();
    let few: Vec<String> = (data.classes.iter().zip(&counts))
        .filter(|(_, n)| **n < FEW)
        .map(|(class, n)| format!("{n} patients of the class {class}"))
        .collect();
    (!few.is_empty()).then(|| {
        format!(
            "{} cannot carry a claim about {} classes: whatever is written of them here rests on single patients. Read the figures as an exercise of the method, or pool the class with another before the study",
            few.join(" and "),
            data.classes.len()
        )
    })
}

/// Out-of-fold predictions as CSV: a row each with its truth, probabilities (mean over the repeats) and the fold of each repeat.
pub(crate) fn out_of_fold_csv(rows: &OutOfFoldRows) -> Result<Vec<u8>, StudyError> {
    let wrong = |e: csv::Error| StudyError::Internal(e.to_string());
    let p = &rows.predictions;
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = ["id", "patient", "centre", "class"]
        .map(str::to_owned)
        .to_vec();
    header.extend(p.classes().iter().map(|c| format!("probability_{c}")));
    header.extend((1..=rows.folds.len()).map(|r| format!("fold_of_repeat_{r}")));
    writer.write_record(&header).map_err(wrong)?;
    for (row, probabilities) in p.rows().enumerate() {
        let centre = p.centres().and_then(|c| c[row].clone());
        let mut record = vec![p.ids()[row].clone(), p.groups()[row].clone()];
        record.push(centre.unwrap_or_default());
        record.push(p.classes()[p.truth()[row]].clone());
        record.extend(probabilities.iter().map(ToString::to_string));
        record.extend(rows.folds.iter().map(|f| (f[row] + 1).to_string()));
        writer.write_record(&record).map_err(wrong)?;
    }
    writer
        .into_inner()
        .map_err(|e| StudyError::Internal(e.to_string()))
}
