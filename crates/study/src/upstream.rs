//! Which patients had a part in how features were made or chosen, so that none of them is predicted as if unseen.

use crate::StudyError;
use crate::manifest::sha256_hex;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use triher_learn::Dataset;

/// Something that was fitted on patients before training: habitats, or a selection by stability.
///
/// It holds pseudonyms, never identifiers. A pseudonym cannot be turned back, but whoever guesses an identifier can confirm it: treat files with
/// pseudonyms as the pseudonymised data that they are.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Upstream {
    /// What was fitted, in words.
    pub what: String,
    /// Pseudonyms of the patients it was fitted on, sorted.
    pub patients: Vec<String>,
}

/// The pseudonym of a patient: SHA-256 of the identifier, in hexadecimal digits. The same patient has the same pseudonym in every file, which is what lets a
/// leak be found.
pub fn pseudonym(patient: &str) -> String {
    sha256_hex(format!("triher patient\n{}", patient.trim()).as_bytes())
}

impl Upstream {
    /// Those of the patients that it was fitted on.
    pub fn among<'a>(&self, patients: impl IntoIterator<Item = &'a String>) -> BTreeSet<&'a str> {
        let known: BTreeSet<&str> = self.patients.iter().map(String::as_str).collect();
        let different: BTreeSet<&str> = patients.into_iter().map(String::as_str).collect();
        let fitted = |patient: &&str| known.contains(pseudonym(patient).as_str());
        different.into_iter().filter(fitted).collect()
    }
}

/// Marks the patients of a data set that features were fitted on.
pub(crate) fn mark(dataset: Dataset, upstream: &[Upstream]) -> Dataset {
    let seen: Vec<String> = upstream
        .iter()
        .flat_map(|u| u.among(&dataset.groups))
        .map(str::to_owned)
        .collect();
    dataset.with_fitted_upstream(seen)
}

/// Refuses to evaluate on patients that the model's features were fitted on.
pub(crate) fn refuse_seen(upstream: &[Upstream], dataset: &Dataset) -> Result<(), StudyError> {
    for fitted in upstream {
        let seen = fitted.among(dataset.groups.iter().chain(&dataset.ids));
        if let Some(first) = seen.first() {
            return Err(StudyError::SeenPatients {
                what: fitted.what.clone(),
                count: seen.len(),
                first: (*first).to_owned(),
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patients_are_known_by_their_pseudonyms() {
        let of = |ids: &[&str]| Upstream {
            what: "habitats".to_owned(),
            patients: ids.iter().map(|id| pseudonym(id)).collect(),
        };
        let ids = ["p1", "p2", "p1", "p3"].map(str::to_owned);
        let found = of(&["p1", "p3 ", "p9"]).among(&ids);
        assert_eq!(found.into_iter().collect::<Vec<_>>(), ["p1", "p3"]);
        assert!(of(&[]).among(&ids).is_empty());
        // The digest must stay what it is: files of older versions hold it.
        assert_eq!(pseudonym("p1"), sha256_hex(b"triher patient\np1"),);
        assert_eq!(pseudonym("p1").len(), 64);
    }
}
