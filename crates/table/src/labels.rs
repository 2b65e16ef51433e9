//! Labels: from a file of their own, and which rows they leave.

use crate::cell::list;
use crate::raw::{RawTable, Role};
use crate::table::{LISTED, identifiers, missing_column};
use crate::{TableError, TableSpec};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

/// The class of rows that cannot be classified; they are left out.
const INDETERMINATE: &str = "indeterminate";

/// Labels by identifier, and centres when the labels' file has them.
pub(crate) struct Labels {
    name: String,
    labels: BTreeMap<String, Option<String>>,
    centres: Option<BTreeMap<String, Option<String>>>,
}

impl Labels {
    /// Reads a file of labels; with `centres` also the centres, if they are there.
    pub(crate) fn read(path: &Path, spec: &TableSpec, centres: bool) -> Result<Self, TableError> {
        let names_found = std::cell::OnceCell::new();
        let roles = |names: &[String]| {
            let one_of = |wanted: &str, standard: &str| {
                let found = [wanted, standard]
                    .into_iter()
                    .find(|w| names.iter().any(|n| n == w));
                found.map(str::to_owned)
            };
            let id = one_of(&spec.id, "patient_id")
                .ok_or_else(|| missing_column(path, "identifier", &spec.id, names))?;
            let asked = spec.label.as_deref().unwrap_or("class");
            let label = one_of(asked, "class")
                .ok_or_else(|| missing_column(path, "label", asked, names))?;
            let centre = spec.centre.clone().filter(|_| centres);
            let there = centre.as_ref().is_none_or(|c| names.contains(c));
            if let (Some(centre), false) = (&centre, there) {
                return Err(missing_column(path, "centre", centre, names));
            }
            let roles = names
                .iter()
                .map(
                    |n| match *n == id || *n == label || centre.as_ref() == Some(n) {
                        true => Role::Text,
                        false => Role::Skip,
                    },
                )
                .collect();
            // Set once: the header is read once.
            let _ = names_found.set((id, label, centre));
            Ok(roles)
        };
        let mut raw = RawTable::read(path, &roles)?;
        let Some((id, label, centre)) = names_found.into_inner() else {
            return Err(TableError::NoHeader {
                path: path.to_owned(),
            });
        };
        // One column may be both: labels that are the identifiers themselves.
        let label_cells = match label == id {
            true => None,
            false => raw.take_text(&label),
        };
        let centre_cells = centre.and_then(|name| raw.take_text(&name));
        let ids = identifiers(path, &mut raw, &id)?;
        let label_cells = label_cells.unwrap_or_else(|| ids.iter().cloned().map(Some).collect());
        Ok(Self {
            name: path
                .file_name()
                .map(|n| n.to_string_lossy().into_owned())
                .unwrap_or_default(),
            labels: by_id(path, &ids, label_cells)?,
            centres: centre_cells.map(|c| by_id(path, &ids, c)).transpose()?,
        })
    }

    /// The label of each identifier.
    pub(crate) fn labels_of(&self, ids: &[String]) -> Vec<Option<String>> {
        let labels = ids.iter().map(|id| self.labels.get(id).cloned().flatten());
        labels.collect()
    }

    /// The centre of each identifier, when the file has centres.
    pub(crate) fn centres_of(&self, ids: &[String]) -> Option<Vec<Option<String>>> {
        let centres = self.centres.as_ref()?;
        Some(
            ids.iter()
                .map(|id| centres.get(id).cloned().flatten())
                .collect(),
        )
    }

    /// A note on labels that no row of the features has.
    pub(crate) fn unused(&self, ids: &[String]) -> Option<String> {
        let known: BTreeSet<&String> = ids.iter().collect();
        let unused = self.labels.keys().filter(|id| !known.contains(id)).count();
        (unused > 0).then(|| {
            format!(
                "{unused} of {} labels in {} belong to no row of the features",
                self.labels.len(),
                self.name
            )
        })
    }
}

/// Values by identifier; a repeated identifier must have the same value.
pub(crate) fn by_id(
    path: &Path,
    ids: &[String],
    cells: Vec<Option<String>>,
) -> Result<BTreeMap<String, Option<String>>, TableError> {
    let mut map: BTreeMap<String, Option<String>> = BTreeMap::new();
    for (id, cell) in ids.iter().zip(cells) {
        match map.get(id) {
            None => {
                map.insert(id.clone(), cell);
            }
            Some(known) if *known == cell => {}
            Some(known) => {
                let word = |cell: &Option<String>| cell.clone().unwrap_or_default();
                return Err(TableError::LabelConflict {
                    path: path.to_owned(),
                    id: id.clone(),
                    first: word(known),
                    second: word(&cell),
                });
            }
        }
    }
    Ok(map)
}

/// Rows with a label that can be learned from; notes say how many are left out.
pub(crate) fn usable(
    path: &Path,
    labels: &[Option<String>],
    notes: &mut Vec<String>,
) -> Result<Vec<usize>, TableError> {
    let mut kept = Vec::with_capacity(labels.len());
    let mut indeterminate = 0;
    for (row, label) in labels.iter().enumerate() {
        match label {
            Some(label) if label.eq_ignore_ascii_case(INDETERMINATE) => indeterminate += 1,
            Some(_) => kept.push(row),
            None => {}
        }
    }
    let unlabelled = labels.len() - kept.len() - indeterminate;
    if kept.is_empty() {
        return Err(TableError::NothingLeft {
            path: path.to_owned(),
            rows: labels.len(),
            unlabelled,
            indeterminate,
        });
    }
    let counts = [
        (unlabelled, "have no label"),
        (indeterminate, "are indeterminate"),
    ];
    let reasons: Vec<String> = counts
        .iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, reason)| format!("{count} {reason}"))
        .collect();
    if !reasons.is_empty() {
        notes.push(format!(
            "{} of {} rows are left out: {}",
            labels.len() - kept.len(),
            labels.len(),
            list(reasons.iter().map(String::as_str), LISTED)
        ));
    }
    Ok(kept)
}
