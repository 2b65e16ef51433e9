//! Several classifiers on the same folds, and what sets and distances say, in words.

use crate::StudyError;
use serde::Serialize;
use triher_learn::{
    ClassCoverage, Coverage, CrossValidated, CrossValidation, Dataset, Distances, PipelineSpec,
    RoundStore,
};
use triher_report::Catalogue;
use triher_stats::{
    BootstrapOptions, Evaluation, EvaluationOptions, PairedDifference, Predictions, Statistic,
    holm, paired_difference,
};

/// What one classifier of a comparison gave.
#[derive(Debug, Serialize)]
pub struct Compared {
    /// Its name.
    pub method: String,
    /// Figures of its out-of-fold predictions; `None` when it failed.
    pub figures: Option<Evaluation>,
    /// Why it failed.
    pub problem: Option<String>,
    /// Macro AUC of the study's model minus its, on the same out-of-fold patients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub difference: Option<PairedDifference>,
    /// p-value of the difference, corrected after Holm for the number of classifiers.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub p_value_holm: Option<f64>,
}

/// Out-of-fold predictions as the statistics take them.
///
/// # Errors
/// As [`Predictions::new`].
pub(crate) fn out_of_fold(
    dataset: &Dataset,
    found: &CrossValidated,
) -> Result<Predictions, StudyError> {
    // Patients that features were fitted on are never held out: the figures are of the others.
    let held_out = found.held_out();
    let of = |all: &[String]| held_out.iter().map(|&row| all[row].clone()).collect();
    Ok(Predictions::new(
        of(&dataset.ids),
        of(&dataset.groups),
        dataset.classes.clone(),
        held_out.iter().map(|&row| dataset.y[row]).collect(),
        (held_out.iter())
            .flat_map(|&row| found.probabilities.row(row))
            .copied()
            .collect(),
        (dataset.centres.as_ref()).map(|c| held_out.iter().map(|&row| c[row].clone()).collect()),
    )?)
}

/// Figures of predictions, with a bootstrap of so many replicates.
///
/// # Errors
/// As [`triher_stats::evaluate`].
pub(crate) fn figures(
    predictions: &Predictions,
    bootstrap: usize,
    seed: u64,
) -> Result<Evaluation, StudyError> {
    Ok(triher_stats::evaluate(
        predictions,
        &options_of(bootstrap, seed),
    )?)
}

/// How predictions are evaluated: everything by default but the bootstrap.
pub(crate) fn options_of(bootstrap: usize, seed: u64) -> EvaluationOptions {
    EvaluationOptions {
        bootstrap,
        seed,
        ..EvaluationOptions::default()
    }
}

/// Cross-validates the pipelines on the same folds; one that fails is kept with its reason.
///
/// # Errors
/// What concerns all of them: folds that cannot be made, names that occur twice.
pub(crate) fn compare(
    dataset: &Dataset,
    specs: &[(String, PipelineSpec)],
    design: &CrossValidation,
    bootstrap: usize,
    store: &dyn RoundStore,
    own: Option<&Predictions>,
) -> Result<Vec<Compared>, StudyError> {
    let compared = triher_learn::compare(dataset, specs, design, store)?;
    let judged = compared.into_iter().map(|one| {
        let found = one.result.map_err(StudyError::from);
        let predictions = found.and_then(|found| out_of_fold(dataset, &found));
        let judged = predictions.and_then(|p| {
            let difference = match own {
                Some(own) => against(own, &p, bootstrap, design.seed)?,
                None => None,
            };
            Ok((figures(&p, bootstrap, design.seed)?, difference))
        });
        Compared {
            method: one.name,
            problem: judged.as_ref().err().map(ToString::to_string),
            difference: judged.as_ref().ok().and_then(|j| j.1),
            figures: judged.ok().map(|j| j.0),
            p_value_holm: None,
        }
    });
    let mut judged: Vec<Compared> = judged.collect();
    let p_of = |c: &Compared| c.difference.and_then(|d| d.p_value);
    let known: Vec<f64> = judged.iter().filter_map(p_of).collect();
    let mut corrected = holm(&known).into_iter();
    for one in judged.iter_mut().filter(|c| p_of(c).is_some()) {
        one.p_value_holm = corrected.next();
    }
    Ok(judged)
}

/// The difference of macro AUCs, when both are of the same patients.
fn against(
    own: &Predictions,
    other: &Predictions,
    bootstrap: usize,
    seed: u64,
) -> Result<Option<PairedDifference>, StudyError> {
    if bootstrap == 0 || own.ids() != other.ids() {
        return Ok(None);
    }
    let options = BootstrapOptions {
        replicates: bootstrap,
        seed,
    };
    Ok(paired_difference(
        own,
        other,
        Statistic::MacroAuc,
        &options,
        0.95,
    )?)
}

/// How often out-of-fold prediction sets hold the true class, all repeats together; `None` without sets.
pub(crate) fn cross_validated_coverage(
    dataset: &Dataset,
    found: &CrossValidated,
) -> Result<Option<Coverage>, StudyError> {
    let repeats = found.sets.len();
    if repeats == 0 {
        return Ok(None);
    }
    let held_out = found.held_out();
    let of_repeat = |repeat: &Vec<Vec<bool>>| -> Vec<Vec<bool>> {
        held_out.iter().map(|&row| repeat[row].clone()).collect()
    };
    let sets: Vec<Vec<bool>> = found.sets.iter().flat_map(of_repeat).collect();
    let truth: Vec<usize> = held_out.iter().map(|&row| dataset.y[row]).collect();
    let truth = truth.repeat(repeats);
    let centres: Option<Vec<Option<String>>> = dataset.centres.as_ref().map(|centres| {
        let of_held = || held_out.iter().map(|&row| centres[row].clone());
        (0..repeats).flat_map(|_| of_held()).collect()
    });
    let classes = &dataset.classes;
    Ok(Some(triher_learn::coverage(
        &sets,
        &truth,
        classes,
        centres.as_deref(),
    )?))
}

/// How sentences on prediction sets begin.
pub(crate) const SETS_IN_WORDS: &str = "prediction sets, ";

/// Coverage in words, a sentence for all rows and one for each class and centre.
pub(crate) fn coverage_in_words(coverage: &Coverage) -> Vec<String> {
    let groups = [
        ("", vec![&coverage.all]),
        ("class ", coverage.classes.iter().collect()),
        ("centre ", coverage.centres.iter().collect()),
    ];
    let mut words = Vec::new();
    for (kind, groups) in groups {
        for group in groups {
            let name = if kind.is_empty() {
                "all rows".to_owned()
            } else {
                format!("{kind}{}", group.name)
            };
            let empty = match group.empty {
                0 => String::new(),
                empty => format!(", {empty} empty"),
            };
            words.push(format!(
                "{SETS_IN_WORDS}{name}: {} of {} hold the true class ({:.1} %), {:.2} classes on average{empty}",
                group.covered,
                group.rows,
                100.0 * group.covered as f64 / group.rows.max(1) as f64,
                group.mean_size
            ));
        }
    }
    words
}

/// How many rows are unlike those of training, in words; `None` when none is.
pub(crate) fn novelty_in_words(distances: &[Distances]) -> Option<String> {
    let flagged = distances.iter().filter(|d| d.out_of_distribution).count();
    (flagged > 0).then(|| {
        format!(
            "{flagged} of {} rows are unlike those the model was trained on: their predictions rest on extrapolation",
            distances.len()
        )
    })
}

/// The same as the rows of a report's table: group, rows, how many hold the true class, mean number of classes, empty sets.
pub(crate) fn coverage_rows(coverage: &Coverage, words: &Catalogue) -> Vec<[String; 5]> {
    let class = |name: &String| {
        let name = words.short_class(name);
        words.with("study-sets-class", &[("name", &name)])
    };
    let centre = |name: &String| words.with("study-sets-centre", &[("name", name)]);
    let groups = std::iter::once((words.text("study-sets-all"), &coverage.all))
        .chain((coverage.classes.iter()).map(|c| (class(&c.name), c)))
        .chain((coverage.centres.iter()).map(|c| (centre(&c.name), c)));
    let row = |(group, found): (String, &ClassCoverage)| {
        let share = words.percent(found.covered as f64 / found.rows.max(1) as f64, 1);
        let numbers = [
            ("share", share),
            ("covered", found.covered.to_string()),
            ("rows", found.rows.to_string()),
        ];
        let numbers = numbers.each_ref().map(|(key, text)| (*key, text.as_str()));
        [
            group,
            found.rows.to_string(),
            words.with("study-sets-share", &numbers),
            format!("{:.2}", found.mean_size),
            found.empty.to_string(),
        ]
    };
    groups.map(row).collect()
}
