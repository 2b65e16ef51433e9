//! Labelled rows with their patients and centres.

use crate::fold::{HeldOut, Split, TrainingFold};
use crate::{LearnError, Matrix};
use std::collections::{BTreeMap, BTreeSet};
use triher_stats::her2_scale;

/// Values of this size and larger are refused: their squares could not be computed with.
pub(crate) const LARGEST_VALUE: f64 = 1e100;

/// Labelled rows: one row is one lesion with its features, class, patient and centre.
///
/// Made by [`Dataset::new`], which checks that the parts fit together. The fields are open to read;
/// fitting goes through [`Dataset::whole`] and [`Dataset::split`].
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Dataset {
    /// Identifier of each row.
    pub ids: Vec<String>,
    /// Patient of each row: rows of one patient never lie on both sides of a split.
    pub groups: Vec<String>,
    /// Centre of each row, where known.
    pub centres: Option<Vec<Option<String>>>,
    /// Name of each column of `x`.
    pub feature_names: Vec<String>,
    /// Features, rows x features; `NaN` is missing.
    pub x: Matrix,
    /// Class of each row, a position in `classes`.
    pub y: Vec<usize>,
    /// Names of the classes, in the order of every table of probabilities.
    pub classes: Vec<String>,
    /// Patients that features were fitted on before this data set was made.
    fitted_upstream: BTreeSet<String>,
}

/// The class with the fewest patients.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct SmallestClass {
    /// Name of the class.
    pub class: String,
    /// Number of patients with at least one lesion of this class that can be held out.
    pub patients: usize,
}

impl Dataset {
    /// A data set of `n` rows and `p` features.
    ///
    /// `ids`, `groups`, `y` and `centres` have `n` entries, `feature_names` has `p`, `x` is n x p.
    /// A class may have no row here (a data set that is only predicted); fitting then says so.
    ///
    /// # Errors
    /// [`LearnError::Length`], [`LearnError::NoRows`], [`LearnError::UnknownClass`],
    /// [`LearnError::Duplicate`] (rows, features and classes must have names of their own) and
    /// [`LearnError::NotFinite`] for infinite values.
    pub fn new(
        ids: Vec<String>,
        groups: Vec<String>,
        centres: Option<Vec<Option<String>>>,
        feature_names: Vec<String>,
        x: Matrix,
        y: Vec<usize>,
        classes: Vec<String>,
    ) -> Result<Self, LearnError> {
        let rows = x.rows();
        let centre_count = centres.as_ref().map_or(rows, Vec::len);
        for (what, found, expected) in [
            ("identifiers", ids.len(), rows),
            ("patients", groups.len(), rows),
            ("centres", centre_count, rows),
            ("labels", y.len(), rows),
            ("feature names", feature_names.len(), x.columns()),
        ] {
            if found != expected {
                return Err(LearnError::Length {
                    what: what.to_owned(),
                    expected,
                    found,
                });
            }
        }
        if rows == 0 {
            return Err(LearnError::NoRows);
        }
        unique("row", &ids)?;
        unique("feature", &feature_names)?;
        unique("class", &classes)?;
        for (id, &class) in ids.iter().zip(&y) {
            if class >= classes.len() {
                return Err(LearnError::UnknownClass {
                    id: id.clone(),
                    class,
                    classes: classes.len(),
                });
            }
        }
        for (id, row) in ids.iter().zip(x.iter_rows()) {
            check_row(row, &feature_names, id)?;
        }
        Ok(Self {
            ids,
            groups,
            centres,
            feature_names,
            x,
            y,
            classes,
            fitted_upstream: BTreeSet::new(),
        })
    }

    /// The same rows, of which some patients (by [`groups`](Self::groups); others are ignored) had a part in how the features were made: habitats were fitted on
    /// their voxels, or columns were chosen by how they behave in them. Such a patient has been seen by the features of every row, so
    /// [`split`](Self::split) refuses to hold one out, and cross-validation keeps them on the training side of every fold.
    #[must_use]
    pub fn with_fitted_upstream(mut self, patients: impl IntoIterator<Item = String>) -> Self {
        let groups: BTreeSet<&String> = self.groups.iter().collect();
        let patients = patients.into_iter().filter(|p| groups.contains(p));
        let patients: Vec<String> = patients.collect();
        self.fitted_upstream.extend(patients);
        self
    }

    /// Patients of these rows that features were fitted on, see [`with_fitted_upstream`](Self::with_fitted_upstream).
    pub fn fitted_upstream(&self) -> &BTreeSet<String> {
        &self.fitted_upstream
    }

    /// Number of rows.
    pub fn rows(&self) -> usize {
        self.x.rows()
    }

    /// All rows as a training fold, for the model that is kept.
    pub fn whole(&self) -> TrainingFold<'_> {
        TrainingFold::of(self, &(0..self.rows()).collect::<Vec<_>>())
    }

    /// The two sides of a split: one to fit on and one that can only be predicted.
    ///
    /// # Errors
    /// [`LearnError::NoSuchRow`], [`LearnError::NoRows`] when a side is empty, [`LearnError::Leak`] when a
    /// patient is on both sides, and [`LearnError::FittedUpstream`] when features were fitted on a patient of the test side.
    pub fn split(&self, split: &Split) -> Result<(TrainingFold<'_>, HeldOut<'_>), LearnError> {
        let rows = self.rows();
        if let Some(&row) = split.train.iter().chain(&split.test).find(|&&r| r >= rows) {
            return Err(LearnError::NoSuchRow { row, rows });
        }
        if split.train.is_empty() || split.test.is_empty() {
            return Err(LearnError::NoRows);
        }
        let train: BTreeSet<&String> = split.train.iter().map(|&r| &self.groups[r]).collect();
        if let Some(&row) = split
            .test
            .iter()
            .find(|&&r| train.contains(&self.groups[r]))
        {
            return Err(LearnError::Leak {
                group: self.groups[row].clone(),
            });
        }
        let seen = |row: &&usize| self.fitted_upstream.contains(&self.groups[**row]);
        if let Some(&row) = split.test.iter().find(seen) {
            return Err(LearnError::FittedUpstream {
                group: self.groups[row].clone(),
            });
        }
        Ok((
            TrainingFold::of(self, &split.train),
            HeldOut::of(self, &split.test),
        ))
    }

    /// Number of patients with at least one row of each class, in the order of the classes.
    pub fn patients_per_class(&self) -> Vec<usize> {
        self.count_per_class(|_| true)
    }

    /// As [`patients_per_class`](Self::patients_per_class), of those that can be held out: no feature was fitted on them.
    pub fn holdable_per_class(&self) -> Vec<usize> {
        self.count_per_class(|group| !self.fitted_upstream.contains(group))
    }

    fn count_per_class(&self, counts: impl Fn(&String) -> bool) -> Vec<usize> {
        let mut patients = vec![BTreeSet::new(); self.classes.len()];
        for (group, &class) in self.groups.iter().zip(&self.y).filter(|(g, _)| counts(g)) {
            patients[class].insert(group);
        }
        patients.iter().map(BTreeSet::len).collect()
    }

    /// The class with the fewest patients that can be held out, the first one when several have as few.
    pub fn smallest_class(&self) -> SmallestClass {
        let patients = self.holdable_per_class();
        let smallest = self.classes.iter().zip(patients).min_by_key(|(_, n)| *n);
        let (class, patients) =
            smallest.map_or((String::new(), 0), |(class, n)| (class.clone(), n));
        SmallestClass { class, patients }
    }

    /// Number of patients of each centre, by name; patients without a centre are not counted.
    pub fn patients_per_centre(&self) -> BTreeMap<String, usize> {
        let mut patients: BTreeMap<String, BTreeSet<&String>> = BTreeMap::new();
        for (group, centre) in self.groups.iter().zip(self.centres.iter().flatten()) {
            if let Some(centre) = centre {
                patients.entry(centre.clone()).or_default().insert(group);
            }
        }
        patients.into_iter().map(|(c, p)| (c, p.len())).collect()
    }
}

/// Refuses infinite and absurd values; `NaN` is a missing value and passes.
pub(crate) fn check_row(row: &[f64], names: &[String], id: &str) -> Result<(), LearnError> {
    let bad = row.iter().position(|v| v.abs() >= LARGEST_VALUE);
    match bad {
        None => Ok(()),
        Some(column) => Err(LearnError::NotFinite {
            feature: names.get(column).cloned().unwrap_or_default(),
            row: id.to_owned(),
            value: row[column],
        }),
    }
}

/// Refuses a name that occurs twice.
pub(crate) fn unique(what: &str, names: &[String]) -> Result<(), LearnError> {
    let mut seen = BTreeSet::new();
    match names.iter().find(|name| !seen.insert(*name)) {
        None => Ok(()),
        Some(name) => Err(LearnError::Duplicate {
            what: what.to_owned(),
            name: name.clone(),
        }),
    }
}

/// The distinct labels in the order that every table of probabilities uses.
///
/// * Words of the HER2 scale: `zero`, `ultralow`, `low`, `positive`, in this order whatever their
///   case, when no other word occurs; also as they are written in tables: `HER2-low`, `her2_zero`, `HER2 0`, `HER2+`.
/// * Integers, when every label is one: by value (as `numpy.unique` sorts integers; `2` before `10`).
/// * Otherwise by their characters' code points, as `numpy.unique` sorts text (scikit-learn's `classes_`).
pub fn class_order(labels: &[String]) -> Vec<String> {
    let distinct: BTreeSet<&String> = labels.iter().collect();
    let mut classes: Vec<String> = distinct.into_iter().cloned().collect();
    if on_scale(&classes) {
        classes.sort_by_key(|c| her2_scale(c));
    } else if numbered(&classes) {
        classes.sort_by_key(|c| c.parse::<i64>().ok());
    }
    classes
}

/// Whether the order of the classes is that of the HER2 scale or of numbers, and not only that of their letters.
pub fn has_natural_order(classes: &[String]) -> bool {
    on_scale(classes) || numbered(classes)
}

fn on_scale(classes: &[String]) -> bool {
    classes.iter().all(|c| her2_scale(c).is_some())
}

fn numbered(classes: &[String]) -> bool {
    classes.iter().all(|c| c.parse::<i64>().is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(list: &[&str]) -> Vec<String> {
        list.iter().map(|s| (*s).to_owned()).collect()
    }

    #[test]
    fn classes_have_a_natural_order() {
        let order = |list| class_order(&words(list));
        assert_eq!(
            order(&["positive", "zero", "low", "zero"]),
            ["zero", "low", "positive"]
        );
        assert_eq!(order(&["Positive", "Low"]), ["Low", "Positive"]);
        assert_eq!(
            order(&["HER2-positive", "HER2-low", "HER2-zero"]),
            ["HER2-zero", "HER2-low", "HER2-positive"]
        );
        assert_eq!(
            order(&["her2_low", "HER2+", "HER2 0", "HER2 ultra-low"]),
            ["HER2 0", "HER2 ultra-low", "her2_low", "HER2+"]
        );
        assert_eq!(order(&["HER2-low", "Luminal"]), ["HER2-low", "Luminal"]);
        assert!(has_natural_order(&words(&["0", "1", "2"])));
        assert!(has_natural_order(&words(&["HER2-low", "positive"])));
        assert!(!has_natural_order(&words(&["HER2-low", "Luminal"])));
        assert_eq!(order(&["10", "2", "-1", "2"]), ["-1", "2", "10"]);
        assert_eq!(order(&["10", "2", "b"]), ["10", "2", "b"]);
        assert_eq!(
            order(&["zero", "low", "Luminal"]),
            ["Luminal", "low", "zero"]
        );
        assert!(order(&[]).is_empty());
    }

    fn small() -> Dataset {
        Dataset::new(
            words(&["a", "b", "c", "d"]),
            words(&["p", "p", "q", "r"]),
            Some(vec![
                Some("A".into()),
                Some("A".into()),
                None,
                Some("B".into()),
            ]),
            words(&["f", "g"]),
            Matrix::from_fn(4, 2, |i, j| (i * 2 + j) as f64),
            vec![0, 1, 1, 1],
            words(&["zero", "low", "positive"]),
        )
        .unwrap()
    }

    #[test]
    fn a_patient_never_lies_on_both_sides() {
        let data = small();
        let leak = Split {
            train: vec![0, 2],
            test: vec![1, 3],
        };
        assert!(matches!(data.split(&leak), Err(LearnError::Leak { group }) if group == "p"));
        let fine = Split {
            train: vec![3, 2],
            test: vec![0, 1],
        };
        let (train, test) = data.split(&fine).unwrap();
        assert_eq!(train.x().values(), [6.0, 7.0, 4.0, 5.0]);
        assert_eq!(test.x().values(), [0.0, 1.0, 2.0, 3.0]);
        let beyond = Split {
            train: vec![4],
            test: vec![0],
        };
        assert!(matches!(
            data.split(&beyond),
            Err(LearnError::NoSuchRow { row: 4, rows: 4 })
        ));
    }

    #[test]
    fn patients_are_counted_once() {
        let data = small();
        assert_eq!(data.patients_per_class(), [1, 3, 0]);
        assert_eq!(data.smallest_class().class, "positive");
        assert_eq!(
            data.patients_per_centre().into_values().collect::<Vec<_>>(),
            [1, 1]
        );
    }

    #[test]
    fn parts_that_do_not_fit_are_refused() {
        let make = |x: Matrix, y: Vec<usize>, names: &[&str]| {
            Dataset::new(
                words(&["a"]),
                words(&["p"]),
                None,
                words(names),
                x,
                y,
                words(&["u", "v"]),
            )
        };
        let one = |value| Matrix::new(1, 1, vec![value]).unwrap();
        assert!(make(one(f64::NAN), vec![1], &["f"]).is_ok());
        let refused = make(one(f64::INFINITY), vec![1], &["f"]).unwrap_err();
        assert!(
            refused
                .to_string()
                .starts_with("the feature \"f\" of row a is inf")
        );
        assert!(matches!(
            make(one(1.0), vec![2], &["f"]),
            Err(LearnError::UnknownClass { .. })
        ));
        assert!(matches!(
            make(one(1.0), vec![], &["f"]),
            Err(LearnError::Length { .. })
        ));
        let two = Matrix::new(1, 2, vec![1.0, 2.0]).unwrap();
        assert!(matches!(
            make(two, vec![0], &["f", "f"]),
            Err(LearnError::Duplicate { .. })
        ));
    }
}
