//! The feature table and how it is put together from a file.

use crate::cell::list;
use crate::labels::{self, Labels};
use crate::raw::{Cells, Column, RawTable, Role};
use crate::{FIXED_COLUMNS, TableError};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// Names that a message lists before it stops.
pub(crate) const LISTED: usize = 8;

/// Which columns of a table are what.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TableSpec {
    /// Column of the rows' identifiers.
    pub id: String,
    /// Column of the labels, in the table or in `labels_file`. `None` reads no labels, unless there is a `labels_file`.
    pub label: Option<String>,
    /// Column of the centres, in the table or in `labels_file`.
    pub centre: Option<String>,
    /// Column of the patients, when a patient has several rows. It may be the identifier's column itself, see
    /// [`FeatureTable::read`].
    pub group: Option<String>,
    /// Labels in a file of their own.
    pub labels_file: Option<PathBuf>,
    /// Columns that are no features.
    pub ignore: Vec<String>,
    /// Exactly these features in this order; all numeric columns when `None`.
    pub features: Option<Vec<String>>,
}

/// Rows of features, complete as they were read.
#[derive(Clone, Debug, PartialEq)]
pub struct FeatureTable {
    /// Identifier of each row, unique.
    pub ids: Vec<String>,
    /// Name of each feature.
    pub feature_names: Vec<String>,
    /// Row after row, `ids.len() * feature_names.len()` values; `NaN` is missing.
    pub values: Vec<f64>,
    /// Label of each row, when labels were asked for; every row then has one.
    pub labels: Option<Vec<Option<String>>>,
    /// Centre of each row, when asked for.
    pub centres: Option<Vec<Option<String>>>,
    /// Patient of each row, when asked for.
    pub groups: Option<Vec<String>>,
    /// SHA-256 of the file of the features, in hexadecimal.
    pub sha256: String,
}

/// A table and what a reader must know about it.
#[derive(Clone, Debug, PartialEq)]
pub struct ReadTable {
    /// The table.
    pub table: FeatureTable,
    /// Rows left out and columns not used, in sentences.
    pub notes: Vec<String>,
}

/// How the columns of a file are used.
struct Layout {
    /// Whether the file was written by [`crate::FeatureWriter`].
    own: bool,
    label: Option<String>,
    centre: Option<String>,
    /// Column that tells the lesions of one patient apart.
    lesion: Option<String>,
}

impl FeatureTable {
    /// Reads a table from CSV (comma, tab or semicolon, as its header tells) or Parquet (told by its first bytes).
    ///
    /// * **Features** are the numeric columns that are not used otherwise and not ignored. A column where
    ///   fewer than half of the values are numbers is text: it is not used, and a note says so. A single text in a numeric column is an
    ///   error. Empty cells, `NA`, `N/A`, `NaN`, `null`, `none`, `<NA>`, `#N/A` and `.` are missing values.
    ///   Columns without a name (the row numbers that pandas writes) are not used.
    /// * **Identifiers** must be unique. When they are not, but there is a column `lesion` and the table was written by triher or the
    ///   group's column is the identifier's, rows that share an identifier become `identifier/lesion` and the identifier is the patient.
    /// * **Labels** come from `labels_file` when there is one: its identifier column has the same name or is `patient_id`, its label
    ///   column has the given name or is `class`. Otherwise they come from the table. Rows without label and rows
    ///   labelled `indeterminate` are left out and counted in the notes.
    /// * In a table that triher wrote, `patient_id`, `lesion`, `centre` and `label` are never features, and
    ///   `label` is used when the given label column is not there.
    ///
    /// At most 1,000,000 rows, 100,000 columns, 10^8 numbers and 4 GiB are read.
    ///
    /// # Errors
    /// [`TableError`]: every variant but those of writing.
    pub fn read(path: &Path, spec: &TableSpec) -> Result<ReadTable, TableError> {
        let layout = std::cell::OnceCell::new();
        let roles = |names: &[String]| {
            let found = Layout::of(path, spec, names)?;
            let roles = names.iter().map(|n| found.role(spec, n)).collect();
            // Set once: the header is read once.
            let _ = layout.set(found);
            Ok(roles)
        };
        let mut raw = RawTable::read(path, &roles)?;
        let Some(layout) = layout.into_inner() else {
            return Err(TableError::NoHeader {
                path: path.to_owned(),
            });
        };
        let mut notes = Vec::new();
        let file = spec.labels_file.as_deref();
        let file = file
            .map(|labels| Labels::read(labels, spec, layout.centre.is_none()))
            .transpose()?;

        let keys = identifiers(path, &mut raw, &spec.id)?;
        let lesions = layout.lesion.as_ref().and_then(|name| raw.take_text(name));
        let mut groups = match &spec.group {
            Some(group) if *group == spec.id => Some(keys.clone()),
            Some(group) => {
                let cells = raw.take_text(group).unwrap_or_default();
                let known = cells.into_iter().zip(&keys);
                Some(
                    known
                        .map(|(g, id)| g.unwrap_or_else(|| id.clone()))
                        .collect(),
                )
            }
            None => None,
        };
        let may_extend = layout.own || groups.as_ref() == Some(&keys);
        let ids = unique_ids(path, &keys, lesions.as_deref().filter(|_| may_extend))?;
        if ids != keys && groups.is_none() {
            groups = Some(keys.clone());
        }
        let own_labels = layout.label.as_ref().and_then(|name| raw.take_text(name));
        let mut centres = layout.centre.as_ref().and_then(|name| raw.take_text(name));
        if let (None, Some(file)) = (&centres, &file) {
            centres = file.centres_of(&keys);
        }
        let labels = match &file {
            Some(file) => {
                notes.extend(file.unused(&keys));
                Some(file.labels_of(&keys))
            }
            None => own_labels,
        };

        let sha256 = std::mem::take(&mut raw.sha256);
        let rows = raw.rows;
        let features = features(path, spec, raw.columns, &mut notes)?;
        let kept = match &labels {
            None => (0..rows).collect(),
            Some(labels) => labels::usable(path, labels, &mut notes)?,
        };
        let feature_names = features.iter().map(|(name, _)| name.clone()).collect();
        let mut values = Vec::with_capacity(kept.len() * features.len());
        for &row in &kept {
            values.extend(features.iter().map(|(_, column)| column[row]));
        }
        let table = Self {
            ids: select(&ids, &kept),
            feature_names,
            values,
            labels: labels.map(|l| select(&l, &kept)),
            centres: centres.map(|c| select(&c, &kept)),
            groups: groups.map(|g| select(&g, &kept)),
            sha256,
        };
        Ok(ReadTable { table, notes })
    }

    /// Features of one row; empty when there is no such row.
    pub fn row(&self, row: usize) -> &[f64] {
        let columns = self.feature_names.len();
        let start = row.checked_mul(columns);
        start
            .and_then(|s| self.values.get(s..s.checked_add(columns)?))
            .unwrap_or(&[])
    }
}

impl Layout {
    fn of(path: &Path, spec: &TableSpec, names: &[String]) -> Result<Self, TableError> {
        let has = |name: &str| names.iter().any(|n| n == name);
        let own = names.len() >= FIXED_COLUMNS.len()
            && names.iter().zip(FIXED_COLUMNS).all(|(n, fixed)| n == fixed);
        let missing = |role, column: &str| missing_column(path, role, column, names);
        if !has(&spec.id) {
            return Err(missing("identifier", &spec.id));
        }
        if let Some(group) = spec.group.as_ref().filter(|g| !has(g)) {
            return Err(missing("patient", group));
        }
        let label = match &spec.label {
            Some(label) if has(label) => Some(label.clone()),
            Some(_) if spec.labels_file.is_some() => None,
            Some(_) if own => Some("label".to_owned()),
            Some(label) => return Err(missing("label", label)),
            None => None,
        };
        let centre = match &spec.centre {
            Some(centre) if has(centre) => Some(centre.clone()),
            Some(_) if spec.labels_file.is_some() => None,
            Some(centre) => return Err(missing("centre", centre)),
            None => None,
        };
        for feature in spec.features.iter().flatten() {
            if !has(feature) {
                return Err(missing("feature", feature));
            }
        }
        Ok(Self {
            own,
            label,
            centre,
            lesion: has("lesion").then(|| "lesion".to_owned()),
        })
    }

    fn role(&self, spec: &TableSpec, name: &str) -> Role {
        let is = |other: &Option<String>| other.as_deref() == Some(name);
        if name == spec.id || is(&self.label) || is(&self.centre) || is(&spec.group) {
            return Role::Text;
        }
        if is(&self.lesion) && (self.own || spec.group.as_deref() == Some(&spec.id)) {
            return Role::Text;
        }
        let listed = spec
            .features
            .as_ref()
            .map(|list| list.iter().any(|f| f == name));
        match listed {
            Some(true) => return Role::Number,
            Some(false) => return Role::Skip,
            None => {}
        }
        let fixed = self.own && FIXED_COLUMNS.contains(&name);
        let nameless = name.is_empty() || name.starts_with("__index_level_");
        // A label column that a labels file stands in for is no feature either.
        let replaced = is(&spec.label);
        if fixed || nameless || replaced || spec.ignore.iter().any(|i| i == name) {
            return Role::Skip;
        }
        Role::Number
    }
}

/// An error that lists the columns there are.
pub(crate) fn missing_column(
    path: &Path,
    role: &'static str,
    column: &str,
    names: &[String],
) -> TableError {
    TableError::MissingColumn {
        path: path.to_owned(),
        role,
        column: column.to_owned(),
        available: list(names.iter().map(String::as_str), LISTED),
    }
}

/// The identifiers; every row must have one.
pub(crate) fn identifiers(
    path: &Path,
    raw: &mut RawTable,
    column: &str,
) -> Result<Vec<String>, TableError> {
    let cells = raw.take_text(column).unwrap_or_default();
    let missing = |row: usize| TableError::MissingId {
        path: path.to_owned(),
        row: row + 1,
        column: column.to_owned(),
    };
    if cells.len() != raw.rows {
        return Err(missing(cells.len()));
    }
    let named = cells.into_iter().enumerate();
    named
        .map(|(row, id)| id.ok_or_else(|| missing(row)))
        .collect()
}

/// Row identifiers that are unique: repeated ones get the lesion's name when there is one.
fn unique_ids(
    path: &Path,
    keys: &[String],
    lesions: Option<&[Option<String>]>,
) -> Result<Vec<String>, TableError> {
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    for key in keys {
        *counts.entry(key).or_default() += 1;
    }
    let repeated = |key: &String| counts.get(key.as_str()).is_some_and(|&n| n > 1);
    let ids: Vec<String> = match lesions {
        None => keys.to_vec(),
        Some(lesions) => {
            let rows = keys.iter().zip(lesions);
            let ids = rows.map(|(key, lesion)| match lesion {
                Some(lesion) if repeated(key) => format!("{key}/{lesion}"),
                _ => key.clone(),
            });
            ids.collect()
        }
    };
    let mut seen = BTreeSet::new();
    let twice: BTreeSet<&str> = ids
        .iter()
        .filter(|id| !seen.insert(id.as_str()))
        .map(String::as_str)
        .collect();
    if twice.is_empty() {
        return Ok(ids);
    }
    Err(TableError::DuplicateIds {
        path: path.to_owned(),
        count: twice.len(),
        ids: list(twice.iter().copied(), LISTED),
    })
}

/// The features, in the order of the file or of the specification.
fn features(
    path: &Path,
    spec: &TableSpec,
    columns: Vec<Column>,
    notes: &mut Vec<String>,
) -> Result<Vec<(String, Vec<f64>)>, TableError> {
    let asked = spec.features.is_some();
    let mut features = Vec::new();
    for column in columns {
        let name = column.name;
        let numbers = match column.cells {
            Cells::Numbers(numbers) => numbers,
            Cells::Skipped(Some(kind)) => {
                notes.push(format!(
                    "the column \"{name}\" is not used: its type is {kind}"
                ));
                continue;
            }
            Cells::Skipped(None) | Cells::Text(_) => continue,
        };
        if let Some((row, value)) = numbers.first_text {
            if asked || numbers.numbers >= numbers.texts {
                return Err(TableError::NotANumber {
                    path: path.to_owned(),
                    row,
                    column: name,
                    value,
                });
            }
            notes.push(format!("the column \"{name}\" is not used: it holds text"));
            continue;
        }
        if let Some(row) = numbers.first_infinite {
            return Err(TableError::Infinite {
                path: path.to_owned(),
                row,
                column: name,
            });
        }
        if numbers.numbers == 0 && !asked {
            notes.push(format!("the column \"{name}\" is not used: it is empty"));
            continue;
        }
        features.push((name, numbers.values));
    }
    if let Some(order) = &spec.features {
        let place: BTreeMap<&str, usize> = order
            .iter()
            .enumerate()
            .map(|(i, n)| (n.as_str(), i))
            .collect();
        features.sort_by_key(|(name, _)| place.get(name.as_str()).copied());
        // A column of a type without numbers, or with another use, was asked for as a feature.
        let found: BTreeSet<&str> = features.iter().map(|(name, _)| name.as_str()).collect();
        let lost = order.iter().find(|name| !found.contains(name.as_str()));
        if let Some(name) = lost {
            let names: Vec<String> = features.iter().map(|(name, _)| name.clone()).collect();
            return Err(missing_column(path, "feature", name, &names));
        }
    }
    if features.is_empty() {
        return Err(TableError::NoFeatures {
            path: path.to_owned(),
        });
    }
    Ok(features)
}

fn select<T: Clone>(all: &[T], rows: &[usize]) -> Vec<T> {
    rows.iter().map(|&row| all[row].clone()).collect()
}
