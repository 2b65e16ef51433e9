//! From a feature table to what the classifier and the statistics take.

use crate::StudyError;
use crate::recipe::Recipe;
use crate::split::PartOf;
use crate::study_file::Columns;
use crate::upstream::{Upstream, mark};
use std::path::PathBuf;
use triher_learn::{Dataset, Matrix};
use triher_table::{FeatureTable, TableSpec};

/// A feature table and its columns, as a command or a study file names them.
#[derive(Clone, Debug, PartialEq)]
pub struct TableSource {
    /// The table.
    pub features: PathBuf,
    /// Labels in a file of their own.
    pub labels: Option<PathBuf>,
    /// Which columns are what.
    pub columns: Columns,
    /// Only the rows of this part of a fixed split.
    pub part: Option<PartOf>,
}

/// A labelled table, read.
#[derive(Debug)]
pub struct LabelledTable {
    /// The table; every row has a label.
    pub table: FeatureTable,
    /// The recipe that its features were made with, when `triher extract` made them.
    pub recipe: Option<Recipe>,
    /// What was fitted on patients to make or choose the features.
    pub upstream: Vec<Upstream>,
    /// Rows left out and columns not used.
    pub notes: Vec<String>,
}

impl TableSource {
    /// Reads the table and joins its labels.
    ///
    /// A table that `triher extract` wrote names its own columns: its centre column is used and its
    /// lesions are grouped by patient even when the columns do not say so.
    ///
    /// # Errors
    /// As [`FeatureTable::read`].
    pub fn read(&self) -> Result<LabelledTable, StudyError> {
        let recipe = crate::extract::read_recipe(&self.features)?;
        let own = recipe.is_some();
        let by_default = |name: &str| own.then(|| name.to_owned());
        let spec = TableSpec {
            id: self.columns.id.clone(),
            label: Some(self.columns.label.clone()),
            centre: self.columns.centre.clone().or_else(|| by_default("centre")),
            group: self
                .columns
                .group
                .clone()
                .or_else(|| by_default("patient_id")),
            labels_file: self.labels.clone(),
            ignore: self.columns.ignore.clone(),
            features: None,
        };
        let read = FeatureTable::read(&self.features, &spec)?;
        let habitats = recipe.as_ref().and_then(|r| r.habitats.as_ref());
        let fitted = habitats.and_then(|h| h.fitted());
        let mut labelled = LabelledTable {
            table: read.table,
            upstream: fitted.map(|h| h.upstream()).into_iter().collect(),
            recipe,
            notes: read.notes,
        };
        if let Some(part) = &self.part {
            part.keep(&mut labelled, &self.columns.id)?;
        }
        Ok(labelled)
    }
}

impl LabelledTable {
    /// The rows as a data set whose classes are those of the table, in their natural order.
    ///
    /// # Errors
    /// When there is no row.
    pub fn dataset(&self) -> Result<Dataset, StudyError> {
        let labels = self.labels();
        let classes = triher_learn::class_order(&labels);
        self.dataset_of(&classes)
    }

    /// The rows as a data set with given classes. Patients that features were fitted on are marked: they cannot be held out.
    ///
    /// # Errors
    /// When a label is none of them.
    pub fn dataset_of(&self, classes: &[String]) -> Result<Dataset, StudyError> {
        let table = &self.table;
        let mut y = Vec::with_capacity(table.ids.len());
        for (id, label) in table.ids.iter().zip(self.labels()) {
            let class = classes.iter().position(|c| *c == label).ok_or_else(|| {
                StudyError::Input(format!(
                    "row {id} has the class \"{label}\", which the model does not know; it knows {}. Rename the class or leave the row out.",
                    classes.join(", ")
                ))
            })?;
            y.push(class);
        }
        let x = Matrix::new(
            table.ids.len(),
            table.feature_names.len(),
            table.values.clone(),
        )?;
        let dataset = Dataset::new(
            table.ids.clone(),
            table.groups.clone().unwrap_or_else(|| table.ids.clone()),
            table.centres.clone(),
            table.feature_names.clone(),
            x,
            y,
            classes.to_vec(),
        )?;
        Ok(mark(dataset, &self.upstream))
    }

    /// Keeps some of the rows, in their order.
    pub(crate) fn keep_rows(&mut self, keep: &[bool]) {
        let table = &mut self.table;
        let columns = table.feature_names.len().max(1);
        let rows = table.values.chunks_exact(columns).zip(keep);
        table.values = rows
            .filter(|(_, k)| **k)
            .flat_map(|(r, _)| r.to_vec())
            .collect();
        table.ids = kept(&table.ids, keep);
        table.labels = table.labels.as_ref().map(|l| kept(l, keep));
        table.centres = table.centres.as_ref().map(|c| kept(c, keep));
        table.groups = table.groups.as_ref().map(|g| kept(g, keep));
    }

    /// Keeps some of the feature columns, in their order.
    pub(crate) fn keep_columns(&mut self, keep: &[bool]) {
        let table = &mut self.table;
        let rows = table.values.chunks_exact(keep.len().max(1));
        table.values = rows.flat_map(|row| kept(row, keep)).collect();
        table.feature_names = kept(&table.feature_names, keep);
    }

    fn labels(&self) -> Vec<String> {
        let labels = self.table.labels.iter().flatten();
        labels.map(|l| l.clone().unwrap_or_default()).collect()
    }
}

/// Those of a list that are kept.
fn kept<T: Clone>(all: &[T], keep: &[bool]) -> Vec<T> {
    let both = all.iter().zip(keep);
    both.filter(|(_, k)| **k).map(|(v, _)| v.clone()).collect()
}

/// Puts tables of the same features one under the other. Rows of a table without centres get the
/// centre that goes with it.
///
/// # Errors
/// When there is no table, their features or recipes differ, or an identifier occurs twice.
pub(crate) fn stack(tables: Vec<(LabelledTable, String)>) -> Result<LabelledTable, StudyError> {
    let several = tables.len() > 1;
    let mut stacked: Option<LabelledTable> = None;
    for (mut next, centre) in tables {
        let rows = next.table.ids.len();
        if several && next.table.centres.is_none() {
            next.table.centres = Some(vec![Some(centre.clone()); rows]);
        }
        let groups = next
            .table
            .groups
            .take()
            .unwrap_or_else(|| next.table.ids.clone());
        next.table.groups = Some(groups);
        let Some(sum) = &mut stacked else {
            stacked = Some(next);
            continue;
        };
        if sum.table.feature_names != next.table.feature_names || sum.recipe != next.recipe {
            return Err(StudyError::Input(format!(
                "the training cohort {centre} has other features than the one before it: extract both with the same recipe, in the same order"
            )));
        }
        if let Some(twice) = next.table.ids.iter().find(|id| sum.table.ids.contains(id)) {
            return Err(StudyError::Input(format!(
                "{twice} occurs in two training cohorts: a patient must belong to one only"
            )));
        }
        sum.table.ids.append(&mut next.table.ids);
        sum.table.values.append(&mut next.table.values);
        for (all, more) in [
            (&mut sum.table.labels, next.table.labels),
            (&mut sum.table.centres, next.table.centres),
        ] {
            let known = all.get_or_insert_default();
            known.extend(more.unwrap_or_else(|| vec![None; rows]));
        }
        sum.table
            .groups
            .get_or_insert_default()
            .extend(next.table.groups.unwrap_or_default());
        sum.notes.append(&mut next.notes);
    }
    stacked.ok_or_else(|| StudyError::Input("there is no table to train on".to_owned()))
}

/// Number of rows of each class and centre, in words.
pub(crate) fn describe(dataset: &Dataset) -> Vec<(String, String)> {
    let mut facts = vec![("Rows".to_owned(), dataset.y.len().to_string())];
    let mut patients: Vec<&String> = dataset.groups.iter().collect();
    patients.sort();
    patients.dedup();
    facts.push(("Patients".to_owned(), patients.len().to_string()));
    for (index, class) in dataset.classes.iter().enumerate() {
        let count = dataset.y.iter().filter(|&&y| y == index).count();
        facts.push((format!("Class {class}"), count.to_string()));
    }
    if let Some(centres) = &dataset.centres {
        let mut names: Vec<&str> = centres
            .iter()
            .map(|c| c.as_deref().unwrap_or("unknown"))
            .collect();
        names.sort_unstable();
        for group in names.chunk_by(|a, b| a == b) {
            facts.push((format!("Centre {}", group[0]), group.len().to_string()));
        }
    }
    facts.push((
        "Features".to_owned(),
        dataset.feature_names.len().to_string(),
    ));
    facts
}
