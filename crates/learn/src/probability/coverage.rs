//! How often prediction sets hold the true class.

use crate::LearnError;
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// How often sets of one group of rows hold the true class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassCoverage {
    /// The class or centre; "all" for all rows.
    pub name: String,
    /// Rows of it.
    pub rows: usize,
    /// Sets that hold the true class.
    pub covered: usize,
    /// Mean number of classes in a set.
    pub mean_size: f64,
    /// Sets without any class.
    pub empty: usize,
}

/// How often sets hold the true class, over all rows, by class and by centre.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Over all rows.
    pub all: ClassCoverage,
    /// By true class, in the order of the classes.
    pub classes: Vec<ClassCoverage>,
    /// By centre, by name; rows without a centre are left out.
    pub centres: Vec<ClassCoverage>,
}

/// Counts how often sets hold the true class.
///
/// `sets` and `truth` are by row, `centres` too where known.
///
/// # Errors
/// [`LearnError::Length`] when there are not as many of each, and [`LearnError::UnknownClass`] for a truth that is none of the classes.
pub fn coverage(
    sets: &[Vec<bool>],
    truth: &[usize],
    classes: &[String],
    centres: Option<&[Option<String>]>,
) -> Result<Coverage, LearnError> {
    let rows = sets.len();
    let found_centres = centres.map_or(rows, <[Option<String>]>::len);
    for (what, found) in [
        ("classes of rows", truth.len()),
        ("centres of rows", found_centres),
    ] {
        if found != rows {
            return Err(LearnError::Length {
                what: what.to_owned(),
                expected: rows,
                found,
            });
        }
    }
    if let Some(row) = truth.iter().position(|&y| y >= classes.len()) {
        return Err(LearnError::UnknownClass {
            id: (row + 1).to_string(),
            class: truth[row],
            classes: classes.len(),
        });
    }
    let group = |name: &str, wanted: &dyn Fn(usize) -> bool| {
        let of_group: Vec<usize> = (0..rows).filter(|&row| wanted(row)).collect();
        let size = |row: usize| sets[row].iter().filter(|s| **s).count();
        let holds = |row: &&usize| sets[**row].get(truth[**row]) == Some(&true);
        let total: usize = of_group.iter().map(|&row| size(row)).sum();
        ClassCoverage {
            name: name.to_owned(),
            rows: of_group.len(),
            covered: of_group.iter().filter(holds).count(),
            mean_size: total as f64 / of_group.len().max(1) as f64,
            empty: of_group.iter().filter(|&&row| size(row) == 0).count(),
        }
    };
    let names: BTreeSet<&String> = centres.into_iter().flatten().flatten().collect();
    let of_centre = |name: &str, row: usize| {
        centres.is_some_and(|centres| centres[row].as_deref() == Some(name))
    };
    Ok(Coverage {
        all: group("all", &|_| true),
        classes: classes
            .iter()
            .enumerate()
            .map(|(class, name)| group(name, &|row| truth[row] == class))
            .collect(),
        centres: names
            .into_iter()
            .map(|name| group(name, &|row| of_centre(name, row)))
            .collect(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn coverage_is_counted_by_class_and_centre() {
        let sets = vec![vec![true, false], vec![false, false], vec![true, true]];
        let classes = ["zero", "low"].map(String::from);
        let centres = [Some("A".to_owned()), Some("B".to_owned()), None];
        let found = coverage(&sets, &[0, 1, 1], &classes, Some(&centres)).unwrap();
        assert_eq!(
            (found.all.rows, found.all.covered, found.all.empty),
            (3, 2, 1)
        );
        assert_eq!((found.classes[1].rows, found.classes[1].covered), (2, 1));
        assert_eq!(
            (found.centres[1].name.as_str(), found.centres[1].covered),
            ("B", 0)
        );
        assert!((found.all.mean_size - 1.0).abs() < 1e-15);
        assert!(coverage(&sets, &[0, 1], &classes, None).is_err());
        assert!(coverage(&sets, &[0, 1, 2], &classes, None).is_err());
    }
}
