//! Subgroups of patients: the figures in each, how far they differ from everybody else's, and whether by more than chance.
//!
//! A difference is the figure among the patients of a level minus that among all other patients with a known level;
//! its interval comes from drawing both sides independently, each within strata of the true class. Whether the levels
//! of a variable differ is tested by Cochran's Q over the logits of their macro AUCs ([`crate::subgroup_test`]), with
//! the p-values of several variables corrected after Holm. Levels below the minimum size are listed without figures:
//! an interval of five patients says nothing and may name one.

use crate::bootstrap::{BootstrapResult, Statistic, run};
use crate::classification::{Proportion, accuracy, confusion};
use crate::evaluation::{AucBlock, auc_block};
use crate::resampling::number_groups;
use crate::{BootstrapOptions, Estimate, Predictions, StatsError, holm, percentile, subgroup_test};
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// A column that patients are grouped by.
#[derive(Debug, Clone, PartialEq)]
pub struct SubgroupColumn {
    /// Name: `"menopause"`.
    pub name: String,
    /// Level of every row of the predictions; `None` where it is not known.
    pub levels: Vec<Option<String>>,
}

/// How subgroups are judged.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SubgroupOptions {
    /// A level with fewer patients than this gets no figures. 10 by default.
    pub minimum: usize,
    /// Bootstrap replicates.
    pub bootstrap: usize,
    /// Seed of the bootstrap.
    pub seed: u64,
    /// Level of the intervals.
    pub confidence: f64,
}

impl Default for SubgroupOptions {
    fn default() -> Self {
        let draws = BootstrapOptions::default();
        Self {
            minimum: 10,
            bootstrap: draws.replicates,
            seed: draws.seed,
            confidence: 0.95,
        }
    }
}

/// A variable with its levels.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubgroupVariable {
    /// Name of the column.
    pub name: String,
    /// Levels in alphabetical order.
    pub levels: Vec<SubgroupLevel>,
    /// Rows whose level is not known.
    pub missing: usize,
    /// p-value that the macro AUC is the same at all levels; `None` with fewer than two levels that have one.
    pub p_value: Option<f64>,
    /// The same, corrected for the number of variables after Holm.
    pub p_value_holm: Option<f64>,
}

/// One level of a variable.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SubgroupLevel {
    /// Name of the level.
    pub level: String,
    /// Rows.
    pub n: usize,
    /// Patients.
    pub patients: usize,
    /// Rows per true class.
    pub counts: IndexMap<String, u64>,
    /// Areas under the curve; all empty below the minimum size.
    pub auc: AucBlock,
    /// Rows called by their true class, with Wilson interval.
    pub accuracy: Proportion,
    /// Macro AUC here minus that of all other patients with a known level.
    pub auc_difference: Estimate,
    /// Accuracy here minus that of all others: the only difference where a level holds one class.
    pub accuracy_difference: Estimate,
    /// Why figures are missing.
    pub notes: Vec<String>,
}

/// Judges every variable.
///
/// # Errors
/// A column of another length than the predictions, or as [`crate::bootstrap`].
pub fn subgroups(
    predictions: &Predictions,
    columns: &[SubgroupColumn],
    options: &SubgroupOptions,
) -> Result<Vec<SubgroupVariable>, StatsError> {
    let mut variables = Vec::with_capacity(columns.len());
    for column in columns {
        variables.push(variable(predictions, column, options)?);
    }
    let known: Vec<f64> = variables.iter().filter_map(|v| v.p_value).collect();
    let mut corrected = holm(&known).into_iter();
    for variable in &mut variables {
        if variable.p_value.is_some() {
            variable.p_value_holm = corrected.next();
        }
    }
    Ok(variables)
}

fn variable(
    predictions: &Predictions,
    column: &SubgroupColumn,
    options: &SubgroupOptions,
) -> Result<SubgroupVariable, StatsError> {
    if column.levels.len() != predictions.len() {
        return Err(StatsError::Length {
            column: "subgroups",
            expected: predictions.len(),
            found: column.levels.len(),
            rows: predictions.len(),
        });
    }
    let mut rows: BTreeMap<&str, Vec<usize>> = BTreeMap::new();
    for (row, level) in column.levels.iter().enumerate() {
        if let Some(level) = level {
            rows.entry(level).or_default().push(row);
        }
    }
    let known: Vec<usize> = (0..column.levels.len())
        .filter(|&row| column.levels[row].is_some())
        .collect();
    let mut levels = Vec::with_capacity(rows.len());
    let (mut logits, mut variances, mut sizes) = (Vec::new(), Vec::new(), Vec::new());
    for (name, here) in &rows {
        let others: Vec<usize> = (known.iter().copied())
            .filter(|row| here.binary_search(row).is_err())
            .collect();
        let level = level(predictions, name, here, &others, options)?;
        if let Some((logit, variance)) = level.auc.macro_average.logit(options.confidence) {
            logits.push(logit);
            variances.push(variance);
            sizes.push(level.patients);
        }
        levels.push(level);
    }
    let test = subgroup_test(&logits, &variances, &sizes, options.minimum)?;
    Ok(SubgroupVariable {
        name: column.name.clone(),
        missing: predictions.len() - known.len(),
        levels,
        p_value: test.map(|t| t.p_value),
        p_value_holm: None,
    })
}

fn level(
    predictions: &Predictions,
    name: &str,
    here: &[usize],
    others: &[usize],
    options: &SubgroupOptions,
) -> Result<SubgroupLevel, StatsError> {
    let inside = predictions.subset(here)?;
    let patients = number_groups(inside.groups()).1;
    let classes = predictions.classes();
    let matrix = confusion(&inside);
    let hits = (0..matrix.len()).map(|k| matrix[k][k]).sum();
    let mut level = SubgroupLevel {
        level: name.to_owned(),
        n: inside.len(),
        patients,
        counts: classes.iter().cloned().zip(inside.class_counts()).collect(),
        auc: AucBlock::empty(classes),
        accuracy: Proportion::new(hits, inside.len() as u64, options.confidence),
        auc_difference: Estimate::default(),
        accuracy_difference: Estimate::default(),
        notes: Vec::new(),
    };
    if patients < options.minimum {
        level.notes.push(format!(
            "{patients} patients are fewer than the minimum of {}: no figures.",
            options.minimum
        ));
        level.accuracy = Proportion::new(0, 0, options.confidence);
        return Ok(level);
    }
    let draws = |seed| BootstrapOptions {
        replicates: options.bootstrap,
        seed,
    };
    let inner = run(&inside, &draws(options.seed), false)?;
    level.auc = auc_block(&inside, &inner, options.confidence);
    if level.auc.macro_average.value.is_none() {
        let note = "all patients here have one class: accuracy only";
        level.notes.push(note.to_owned());
    }
    if others.is_empty() {
        return Ok(level);
    }
    let outside = predictions.subset(others)?;
    if number_groups(outside.groups()).1 < options.minimum {
        let note = "the other levels together are too few to compare with";
        level.notes.push(note.to_owned());
        return Ok(level);
    }
    // Another seed: the two sides are independent samples.
    let outer = run(&outside, &draws(options.seed.wrapping_add(1)), false)?;
    let macro_area = |block: &AucBlock| block.macro_average.value;
    let outer_area = auc_block(&outside, &outer, options.confidence);
    // Averages over other classes are other figures.
    let same_classes = present(&inside) == present(&outside);
    if same_classes {
        level.auc_difference = difference(
            (macro_area(&level.auc), macro_area(&outer_area)),
            (&inner, &outer),
            Statistic::MacroAuc,
            options.confidence,
        );
    } else if level.auc.macro_average.value.is_some() {
        let note =
            "the classes here and among the others are not the same: their AUCs are not compared";
        level.notes.push(note.to_owned());
    }
    level.accuracy_difference = difference(
        (accuracy(&matrix), accuracy(&confusion(&outside))),
        (&inner, &outer),
        Statistic::Accuracy,
        options.confidence,
    );
    Ok(level)
}

/// Which classes have rows.
fn present(predictions: &Predictions) -> Vec<bool> {
    predictions.class_counts().iter().map(|c| *c > 0).collect()
}

fn difference(
    values: (Option<f64>, Option<f64>),
    draws: (&BootstrapResult, &BootstrapResult),
    statistic: Statistic,
    confidence: f64,
) -> Estimate {
    let Some(value) = values.0.zip(values.1).map(|(a, b)| a - b) else {
        return Estimate::default();
    };
    let (a, b) = (draws.0.values(statistic), draws.1.values(statistic));
    let both = a.iter().zip(&b).filter_map(|(a, b)| Some((*a)? - (*b)?));
    let mut drawn: Vec<f64> = both.collect();
    drawn.sort_unstable_by(f64::total_cmp);
    let tail = (1.0 - confidence) / 2.0;
    let bounds = percentile(&drawn, tail).zip(percentile(&drawn, 1.0 - tail));
    Estimate {
        value: Some(value),
        ci95: bounds
            .filter(|_| drawn.len() * 2 >= a.len().max(1))
            .map(|(low, high)| [low, high]),
        bca95: None,
    }
}

#[cfg(test)]
mod tests;
