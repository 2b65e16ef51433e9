//! Who the patients of a study are: characteristics by class and by centre.

use crate::StudyError;
use crate::clinical::fill;
use crate::paper::Paper;
use std::collections::BTreeSet;
use triher_learn::Dataset;
use triher_report::CohortTable;
use triher_stats::{Characteristic, compare_characteristic};
use triher_table::ClinicalTable;

/// Features that say how large the lesion is: name, name in words, unit.
const SIZES: [[&str; 3]; 2] = [
    [
        "size_longest_diameter_mm",
        "longest diameter of the lesion",
        "mm",
    ],
    ["size_volume_mm3", "volume of the lesion", "mm³"],
];
/// Different values up to which numbers are levels (a grade, a yes or no).
const FEW: usize = 5;

/// One patient: the first of several lesions.
struct Patient<'a> {
    id: &'a str,
    class: usize,
    centre: String,
    /// Of [`SIZES`].
    sizes: [Option<f64>; 2],
}

/// The patients of training and external cohorts by class and, where there are two or more, by centre.
///
/// # Errors
/// When a table of clinical findings cannot be read or lacks a column.
pub(crate) fn cohort_tables(paper: &Paper<'_>) -> Result<Vec<CohortTable>, StudyError> {
    let study = &paper.plan.study;
    let training = &paper.trained.dataset;
    let mut seen = BTreeSet::new();
    let mut patients = Vec::new();
    add_patients(&mut patients, &mut seen, training, "training");
    for external in paper.external {
        let data = &external.evaluated.dataset;
        add_patients(&mut patients, &mut seen, data, &external.name);
    }
    let columns: Vec<String> = match study.characteristics.is_empty() {
        true => study.subgroups.iter().map(|s| s.column.clone()).collect(),
        false => study.characteristics.clone(),
    };
    let mut rows: Vec<(String, String, Characteristic)> = Vec::new();
    let found = clinical_values(paper, &columns, &patients)?;
    for (column, values) in columns.into_iter().zip(found) {
        rows.push((column, String::new(), characteristic(values)));
    }
    for (at, [_, name, unit]) in SIZES.into_iter().enumerate() {
        let values: Vec<Option<f64>> = patients.iter().map(|p| p.sizes[at]).collect();
        if values.iter().any(Option::is_some) {
            let values = Characteristic::Number(values);
            rows.push((name.to_owned(), unit.to_owned(), values));
        }
    }
    let centres: BTreeSet<&str> = patients.iter().map(|p| p.centre.as_str()).collect();
    let centres: Vec<String> = centres.into_iter().map(str::to_owned).collect();
    let levels = |value: &dyn Fn(&Patient<'_>) -> String| {
        Characteristic::Level(patients.iter().map(|p| Some(value(p))).collect())
    };
    let class_of = |p: &Patient<'_>| training.classes[p.class].clone();
    let by_class = (
        "class",
        training.classes.clone(),
        patients.iter().map(|p| p.class).collect::<Vec<usize>>(),
        (
            "centre".to_owned(),
            String::new(),
            levels(&|p| p.centre.clone()),
        ),
    );
    let place = |p: &Patient<'_>| centres.binary_search(&p.centre).unwrap_or(usize::MAX);
    let by_centre = (
        "centre",
        centres.clone(),
        patients.iter().map(place).collect(),
        ("class".to_owned(), String::new(), levels(&class_of)),
    );
    let mut tables = Vec::new();
    for (by, names, groups, other) in [by_class, by_centre] {
        if names.len() < 2 {
            continue;
        }
        let count = |k: usize| groups.iter().filter(|&&g| g == k).count();
        let compared = std::iter::once(&other)
            .filter(|_| centres.len() > 1)
            .chain(&rows)
            .map(|(name, unit, values)| {
                let compared = compare_characteristic(values, &groups, names.len(), study.seed);
                (
                    name.clone(),
                    unit.clone(),
                    compared.in_order(&training.classes),
                )
            });
        tables.push(CohortTable {
            by: by.to_owned(),
            rows: compared.collect(),
            groups: names
                .iter()
                .enumerate()
                .map(|(k, name)| (name.clone(), count(k)))
                .collect(),
        });
    }
    tables.retain(|table| !table.rows.is_empty());
    Ok(tables)
}

/// The patients of a data set that were not met before; without a centre they are of the cohort.
fn add_patients<'a>(
    patients: &mut Vec<Patient<'a>>,
    seen: &mut BTreeSet<&'a str>,
    data: &'a Dataset,
    cohort: &str,
) {
    let places = SIZES.map(|[name, ..]| data.feature_names.iter().position(|n| n == name));
    for row in 0..data.rows() {
        if !seen.insert(&data.groups[row]) {
            continue;
        }
        let centre = data.centres.as_ref().and_then(|all| all[row].clone());
        patients.push(Patient {
            id: &data.groups[row],
            class: data.y[row],
            centre: centre.unwrap_or_else(|| cohort.to_owned()),
            sizes: places.map(|place| Some(data.x.row(row)[place?]).filter(|v| v.is_finite())),
        });
    }
}

/// For each column the value of each patient, from the first cohort's table that knows one.
fn clinical_values(
    paper: &Paper<'_>,
    columns: &[String],
    patients: &[Patient<'_>],
) -> Result<Vec<Vec<Option<String>>>, StudyError> {
    let mut found = vec![vec![None; patients.len()]; columns.len()];
    if columns.is_empty() {
        return Ok(found);
    }
    let ids: Vec<String> = patients.iter().map(|p| p.id.to_owned()).collect();
    for cohort in &paper.plan.study.cohorts {
        let Some(file) = paper.plan.clinical(cohort).table else {
            continue;
        };
        let table = ClinicalTable::read(&file, &cohort.columns.id, columns)?;
        for (column, found) in columns.iter().zip(&mut found) {
            let values = table.values(column, &ids).into_iter();
            fill(found, values.map(|v| v.filter(|v| !v.trim().is_empty())));
        }
    }
    Ok(found)
}

/// Numbers, when all known values are and there are more than a few different ones; else levels.
fn characteristic(values: Vec<Option<String>>) -> Characteristic {
    let different: BTreeSet<&String> = values.iter().flatten().collect();
    let number = |v: &String| v.trim().parse::<f64>().ok().filter(|v| v.is_finite());
    let numeric = different.len() > FEW && different.iter().all(|v| number(v).is_some());
    match numeric {
        true => Characteristic::Number(values.iter().map(|v| number(v.as_ref()?)).collect()),
        false => Characteristic::Level(values),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn few_numbers_are_levels() {
        let of = |values: &[&str]| {
            characteristic(values.iter().map(|v| Some((*v).to_owned())).collect())
        };
        assert!(matches!(
            of(&["1", "2", "3", "2"]),
            Characteristic::Level(_)
        ));
        assert!(matches!(
            of(&["41", "52", "63", "44", "55", "66"]),
            Characteristic::Number(_)
        ));
        let mixed = of(&["41", "52", "63", "44", "55", "unknown"]);
        assert!(matches!(mixed, Characteristic::Level(_)));
    }
}
