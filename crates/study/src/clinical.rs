//! Clinical findings beside an evaluation: subgroups of patients, and survival.

use crate::StudyError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::path::PathBuf;
use triher_learn::Dataset;
use triher_stats::{
    Evaluation, EvaluationOptions, Predictions, SubgroupColumn, SubgroupOptions, subgroups,
};
use triher_survival::{FollowUp, Scored, SurvivalSummary, summarise};
use triher_table::ClinicalTable;

/// Where clinical findings are and which of them are looked at.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct ClinicalPlan {
    /// Table with a row for each patient (CSV, TSV or Parquet); without it nothing is looked at.
    pub table: Option<PathBuf>,
    /// Columns that patients are grouped by.
    pub subgroups: Vec<SubgroupSpec>,
    /// Columns of survival.
    pub survival: Option<SurvivalSpec>,
}

/// A column that patients are grouped by: each of its values is a group, or the ranges between cuts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SubgroupSpec {
    /// Name of the column.
    pub column: String,
    /// Numbers, ascending, where the values of a numeric column are cut: `[50, 65]` makes "below 50", "50 to 65" (65
    /// itself is above) and "65 and above".
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cuts: Vec<f64>,
}

/// Columns of survival.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SurvivalSpec {
    /// Time under observation.
    pub time: String,
    /// Whether it ended with the event: 1 or 0, true or false, yes or no; text after a colon ("1:DECEASED") is not looked at.
    pub event: String,
    /// What the time is measured in, for the axis.
    #[serde(default = "default_unit")]
    pub unit: String,
}

fn default_unit() -> String {
    "months".to_owned()
}

impl SubgroupSpec {
    /// Reads `COLUMN` or `COLUMN:CUT,CUT`.
    ///
    /// # Errors
    /// A sentence when a cut is no number or the cuts do not ascend.
    pub fn parse(text: &str) -> Result<Self, String> {
        let (column, cuts) = text.split_once(':').unwrap_or((text, ""));
        let numbers = cuts.split(',').filter(|cut| !cut.trim().is_empty());
        let cuts: Vec<f64> = numbers
            .map(|cut| {
                let number = cut.trim().parse::<f64>().ok().filter(|n| n.is_finite());
                number.ok_or_else(|| format!("\"{cut}\" is no number: write {column}:50,65"))
            })
            .collect::<Result<_, _>>()?;
        let spec = Self {
            column: column.to_owned(),
            cuts,
        };
        spec.check()?;
        Ok(spec)
    }

    fn check(&self) -> Result<(), String> {
        match self.cuts.windows(2).all(|pair| pair[0] < pair[1]) {
            true => Ok(()),
            false => Err(format!("the cuts of {} must ascend", self.column)),
        }
    }

    /// The level of a value.
    fn level(&self, value: Option<String>) -> Result<Option<String>, StudyError> {
        let Some(value) = value.filter(|v| !v.trim().is_empty()) else {
            return Ok(None);
        };
        if self.cuts.is_empty() {
            return Ok(Some(value));
        }
        let number: f64 = value.trim().parse().map_err(|_| {
            StudyError::Input(format!(
                "the column {} holds \"{value}\", which is no number and cannot be cut at {:?}",
                self.column, self.cuts
            ))
        })?;
        let above = self.cuts.partition_point(|cut| *cut <= number);
        Ok(number.is_finite().then(|| match above {
            0 => format!("below {}", self.cuts[0]),
            n if n == self.cuts.len() => format!("{} and above", self.cuts[n - 1]),
            n => format!("{} to {}", self.cuts[n - 1], self.cuts[n]),
        }))
    }
}

/// Clinical findings of the rows of a data set.
#[derive(Debug, Default)]
pub(crate) struct Clinical {
    /// The patient of every row.
    patients: Vec<String>,
    /// Levels of every row.
    pub(crate) subgroups: Vec<SubgroupColumn>,
    /// Time and event of every row.
    survival: Option<Vec<Option<(f64, bool)>>>,
    /// What the time is measured in.
    unit: String,
}

impl Clinical {
    /// Reads what the plan names, for the patients of the data set.
    ///
    /// # Errors
    /// When the table cannot be read, lacks a column, or a cell cannot be understood.
    pub(crate) fn read(plan: &ClinicalPlan, id: &str, data: &Dataset) -> Result<Self, StudyError> {
        let Some(path) = &plan.table else {
            if plan.subgroups.is_empty() && plan.survival.is_none() {
                return Ok(Self::default());
            }
            return Err(StudyError::Input(
                "subgroups and survival need a table of clinical findings: name it with --clinical FILE, or `clinical` of the cohort".to_owned(),
            ));
        };
        let mut columns: Vec<String> = plan.subgroups.iter().map(|s| s.column.clone()).collect();
        let survival = plan.survival.as_ref();
        columns.extend(
            survival
                .iter()
                .flat_map(|s| [s.time.clone(), s.event.clone()]),
        );
        let table = ClinicalTable::read(path, id, &columns)?;
        let mut subgroups = Vec::with_capacity(plan.subgroups.len());
        for spec in &plan.subgroups {
            spec.check().map_err(StudyError::Input)?;
            let values = table.values(&spec.column, &data.groups).into_iter();
            subgroups.push(SubgroupColumn {
                name: spec.column.clone(),
                levels: values.map(|v| spec.level(v)).collect::<Result<_, _>>()?,
            });
        }
        Ok(Self {
            patients: data.groups.clone(),
            subgroups,
            unit: survival.map(|s| s.unit.clone()).unwrap_or_default(),
            survival: survival
                .map(|spec| follow_up(&table, spec, &data.groups))
                .transpose()?,
        })
    }

    /// Reads what several cohorts know of the rows of their common data set, each by its own column of identifiers; what the first one knows of
    /// a patient counts. Cohorts without a table are left out.
    ///
    /// # Errors
    /// As [`Self::read`]; cohorts whose columns of subgroups or of survival differ.
    pub(crate) fn read_all(
        plans: &[(String, ClinicalPlan)],
        data: &Dataset,
    ) -> Result<Self, StudyError> {
        let mut all: Option<Self> = None;
        for (id, plan) in plans.iter().filter(|(_, plan)| plan.table.is_some()) {
            let next = Self::read(plan, id, data)?;
            match &mut all {
                Some(all) => all.complete(next)?,
                None => all = Some(next),
            }
        }
        Ok(all.unwrap_or_default())
    }

    /// Fills in what is not known yet, from findings of the same rows.
    fn complete(&mut self, other: Self) -> Result<(), StudyError> {
        let names =
            |all: &Self| -> Vec<String> { all.subgroups.iter().map(|c| c.name.clone()).collect() };
        if names(self) != names(&other)
            || self.survival.is_some() != other.survival.is_some()
            || self.unit != other.unit
        {
            return Err(StudyError::Input(
                "the cohorts name different subgroups or columns of survival: name the same for all of them".to_owned(),
            ));
        }
        for (known, more) in self.subgroups.iter_mut().zip(other.subgroups) {
            fill(&mut known.levels, more.levels);
        }
        if let (Some(known), Some(more)) = (&mut self.survival, other.survival) {
            fill(known, more);
        }
        Ok(())
    }

    /// The findings of those rows, in that order, that predictions are of: both have the same patients, and of several lesions of a patient all
    /// rows have the same findings.
    pub(crate) fn of(&self, predictions: &Predictions) -> Self {
        let place: BTreeMap<&String, usize> = self
            .patients
            .iter()
            .enumerate()
            .map(|(row, patient)| (patient, row))
            .collect();
        let rows = predictions
            .groups()
            .iter()
            .map(|patient| place.get(patient).copied());
        let rows: Vec<Option<usize>> = rows.collect();
        let columns = self.subgroups.iter().map(|column| SubgroupColumn {
            name: column.name.clone(),
            levels: rows
                .iter()
                .map(|row| column.levels[(*row)?].clone())
                .collect(),
        });
        Self {
            subgroups: columns.collect(),
            survival: self
                .survival
                .as_ref()
                .map(|known| rows.iter().map(|row| known[(*row)?]).collect()),
            unit: self.unit.clone(),
            patients: predictions.groups().to_vec(),
        }
    }

    /// Leaves the survival out where no row has one, though one was asked for, and tells whether it did.
    pub(crate) fn leave_out_unknown_survival(&mut self) -> bool {
        let unknown = (self.survival.as_ref()).is_some_and(|rows| rows.iter().all(Option::is_none));
        if unknown {
            self.survival = None;
        }
        unknown
    }

    /// Puts the subgroups into the figures of the predictions of these rows, and gives the survival by the model's score.
    ///
    /// # Errors
    /// When no patient has a known survival though one was asked for.
    pub(crate) fn add_to(
        &self,
        evaluation: &mut Evaluation,
        predictions: &Predictions,
        options: &EvaluationOptions,
    ) -> Result<Option<SurvivalSummary>, StudyError> {
        let subgroup_options = SubgroupOptions {
            bootstrap: options.bootstrap,
            seed: options.seed,
            ..SubgroupOptions::default()
        };
        evaluation.subgroups = subgroups(predictions, &self.subgroups, &subgroup_options)?;
        self.summary(predictions, options.confidence)
    }

    /// The survival by the classes that patients were called by, and by the expected class; of several lesions of a
    /// patient the first row counts. `None` when no survival was asked for.
    fn summary(
        &self,
        predictions: &Predictions,
        confidence: f64,
    ) -> Result<Option<SurvivalSummary>, StudyError> {
        let Some(rows) = &self.survival else {
            return Ok(None);
        };
        let mut seen = std::collections::BTreeSet::new();
        let (mut time, mut event) = (Vec::new(), Vec::new());
        let (mut score, mut group) = (Vec::new(), Vec::new());
        let called = predictions.predicted();
        for (row, known) in rows.iter().enumerate() {
            let Some((months, died)) = known else {
                continue;
            };
            if !seen.insert(&predictions.groups()[row]) {
                continue;
            }
            time.push(*months);
            event.push(*died);
            group.push(called[row]);
            let probabilities = predictions.row(row).unwrap_or_default();
            score.push(
                probabilities
                    .iter()
                    .enumerate()
                    .map(|(k, p)| k as f64 * p)
                    .sum(),
            );
        }
        let wrong = |e: triher_survival::SurvivalError| StudyError::Input(e.to_string());
        if time.is_empty() {
            return Err(StudyError::Input(
                "no patient has a known survival: check the identifiers of the clinical table"
                    .to_owned(),
            ));
        }
        let classes = predictions.classes();
        let scored = Scored {
            score: &score,
            score_name: &format!(
                "expected class, from 0 ({}) to {}",
                classes[0],
                classes.len() - 1
            ),
            group: &group,
            group_names: classes,
            unit: &self.unit,
        };
        let follow_up = FollowUp::new(time, event).map_err(wrong)?;
        Ok(Some(
            summarise(&follow_up, scored, confidence).map_err(wrong)?,
        ))
    }
}

/// Fills in what is not known yet.
pub(crate) fn fill<T>(known: &mut [Option<T>], more: impl IntoIterator<Item = Option<T>>) {
    for (value, more) in known.iter_mut().zip(more) {
        *value = value.take().or(more);
    }
}

fn follow_up(
    table: &ClinicalTable,
    spec: &SurvivalSpec,
    patients: &[String],
) -> Result<Vec<Option<(f64, bool)>>, StudyError> {
    let times = table.values(&spec.time, patients);
    let events = table.values(&spec.event, patients);
    let cell = |column: &str, value: &str, wanted: &str| {
        StudyError::Input(format!("the column {column} holds \"{value}\": {wanted}"))
    };
    let pairs = times.into_iter().zip(events);
    pairs
        .map(|(time, event)| {
            let (Some(time), Some(event)) = (time, event) else {
                return Ok(None);
            };
            let months: f64 = (time.trim().parse().ok())
                .filter(|t: &f64| t.is_finite() && *t >= 0.0)
                .ok_or_else(|| cell(&spec.time, &time, "a time is a number of zero or more"))?;
            let word = event.split(':').next().unwrap_or("").trim().to_lowercase();
            let died = match word.as_str() {
                "1" | "1.0" | "true" | "yes" => true,
                "0" | "0.0" | "false" | "no" => false,
                _ => {
                    return Err(cell(
                        &spec.event,
                        &event,
                        "write 1 for the event and 0 without",
                    ));
                }
            };
            Ok(Some((months, died)))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cuts_make_ranges_and_wrong_ones_are_refused() {
        let spec = SubgroupSpec::parse("age:50,65").unwrap();
        let level = |value: &str| spec.level(Some(value.to_owned())).unwrap().unwrap();
        assert_eq!(level("49.9"), "below 50");
        assert_eq!(level("50"), "50 to 65");
        assert_eq!(level("65"), "65 and above");
        assert_eq!(spec.level(None).unwrap(), None);
        assert!(spec.level(Some("old".to_owned())).is_err());
        assert!(SubgroupSpec::parse("age:65,50").is_err());
        assert!(SubgroupSpec::parse("age:young").is_err());
        let words = SubgroupSpec::parse("vendor").unwrap();
        assert_eq!(words.level(Some("GE".to_owned())).unwrap().unwrap(), "GE");
    }
}
