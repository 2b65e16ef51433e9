//! Clinical findings by patient: age, menopause, vendor, survival. Never features, only for tables and subgroups.

use crate::TableError;
use crate::labels::by_id;
use crate::raw::{RawTable, Role};
use crate::table::{identifiers, missing_column};
use std::collections::BTreeMap;
use std::path::Path;

/// Columns of a clinical table, as text, by patient.
#[derive(Debug, Clone, PartialEq)]
pub struct ClinicalTable {
    columns: BTreeMap<String, BTreeMap<String, Option<String>>>,
}

impl ClinicalTable {
    /// Reads the named columns of a CSV, TSV or Parquet file. Patients are found by the column `id`, or `patient_id`
    /// where there is no such column; a patient may have several rows that say the same.
    ///
    /// # Errors
    /// [`TableError`]: a file that cannot be read, a column that is not there, a patient with two different values.
    pub fn read(path: &Path, id: &str, columns: &[String]) -> Result<Self, TableError> {
        let found_id = std::cell::OnceCell::new();
        let roles = |names: &[String]| {
            let there = |name: &str| names.iter().any(|n| n == name);
            let found = [id, "patient_id"].into_iter().find(|name| there(name));
            let id = found.ok_or_else(|| missing_column(path, "identifier", id, names))?;
            if let Some(column) = columns.iter().find(|column| !there(column)) {
                return Err(missing_column(path, "clinical", column, names));
            }
            let wanted = |name: &String| name == id || columns.contains(name);
            let role = |name: &String| match wanted(name) {
                true => Role::Text,
                false => Role::Skip,
            };
            // Set once: the header is read once.
            let _ = found_id.set(id.to_owned());
            Ok(names.iter().map(role).collect())
        };
        let mut raw = RawTable::read(path, &roles)?;
        let Some(id) = found_id.into_inner() else {
            return Err(TableError::NoHeader {
                path: path.to_owned(),
            });
        };
        let mut cells = Vec::with_capacity(columns.len());
        for column in columns.iter().filter(|column| **column != id) {
            cells.push((column.clone(), raw.take_text(column).unwrap_or_default()));
        }
        let ids = identifiers(path, &mut raw, &id)?;
        let columns = cells
            .into_iter()
            .map(|(name, cells)| Ok((name, by_id(path, &ids, cells)?)))
            .collect::<Result<_, TableError>>()?;
        Ok(Self { columns })
    }

    /// The patients by name, each once.
    pub fn patients(&self) -> impl Iterator<Item = &String> {
        self.columns
            .values()
            .next()
            .into_iter()
            .flat_map(BTreeMap::keys)
    }

    /// Values of a column for the patients, in their order; `None` where the patient or the value is not there.
    pub fn values(&self, column: &str, patients: &[String]) -> Vec<Option<String>> {
        let known = self.columns.get(column);
        let of = |patient: &String| known?.get(patient)?.clone();
        patients.iter().map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_come_by_patient_and_conflicts_are_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("clinical.csv");
        std::fs::write(&path, "case,age,vendor\na,51,GE\nb,,Philips\na,51,GE\n").unwrap();
        let columns = ["age", "vendor"].map(str::to_owned);
        let table = ClinicalTable::read(&path, "case", &columns).unwrap();
        let patients = ["b", "a", "c"].map(str::to_owned);
        assert_eq!(
            table.values("age", &patients),
            [None, Some("51".to_owned()), None]
        );
        assert_eq!(table.values("weight", &patients), [None, None, None]);

        let wrong = ClinicalTable::read(&path, "case", &["weight".to_owned()]);
        assert!(wrong.unwrap_err().to_string().contains("weight"));
        std::fs::write(&path, "case,age\na,51\na,52\n").unwrap();
        let conflict = ClinicalTable::read(&path, "case", &["age".to_owned()]);
        let message = conflict.unwrap_err().to_string();
        assert!(
            message.contains("51") && message.contains("52"),
            "{message}"
        );
    }
}
