//! Conformance with the reference values of the Image Biomarker Standardisation Initiative.

use crate::ibsi_filters::STANDARD;
use crate::radiomics::read_pair;
use crate::{Progress, StudyError};
use serde::Serialize;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use triher_radiomics::{
    Configuration, FeatureValue, Outcome, ReferenceRow, Settings, compare, diagnostics, features,
    three_figures,
};

/// Where the phantoms and the reference values are.
#[derive(Clone, Debug)]
pub struct IbsiPlan {
    /// Folder with `digital_phantom/nifti` and `ct_phantom/nifti` (`image/phantom.nii.gz`, `mask/mask.nii.gz`) and `reference_values.csv`.
    pub data: PathBuf,
    /// Another table of reference values, with the same columns.
    pub reference: Option<PathBuf>,
}

/// One row of the conformance table.
#[derive(Clone, Debug, Serialize)]
pub struct ConformanceRow {
    /// `digital_phantom`, or `config_A` to `config_E`.
    pub dataset: String,
    /// Family with its aggregation.
    pub family: String,
    /// The IBSI's tag.
    pub tag: String,
    /// What triher computes; `None` when it has no such feature, or it is not defined.
    pub computed: Option<f64>,
    /// The reference; `None` when teams agree on none.
    pub reference: Option<f64>,
    /// Its tolerance.
    pub tolerance: f64,
    /// How many teams agree.
    pub consensus: String,
    /// `within`, `DIFFERS`, `differs (weak)`, `no reference` or `ABSENT`.
    pub outcome: String,
    /// Whether this row fails the conformance: the reference binds, and the value does not agree.
    pub fails: bool,
}

/// Computes both phantoms in all configurations and compares; configurations that the table of references does not hold are listed
/// without.
///
/// # Errors
/// When a file is missing or cannot be read, or a phantom cannot be measured.
pub fn ibsi(plan: &IbsiPlan, progress: &dyn Progress) -> Result<Vec<ConformanceRow>, StudyError> {
    let path = plan.reference.clone();
    let path = path.unwrap_or_else(|| plan.data.join("reference_values.csv"));
    let references = read_references(&path)?;
    let mut rows = Vec::new();
    progress.begin("phantoms", 6);
    let mut dataset = |name: &str, phantom: &str, settings: &Settings| -> Result<(), StudyError> {
        progress.step(name);
        let (image, mask) = (
            phantom_file(&plan.data, phantom, "image", "phantom.nii.gz")?,
            phantom_file(&plan.data, phantom, "mask", "mask.nii.gz")?,
        );
        let (image, mask) = read_pair(&image, &mask, None)?;
        let mut computed = diagnostics(&image, &mask, settings)?;
        computed.extend(features(&image, &mask, settings)?);
        rows.extend(rows_of(name, &computed, &references));
        Ok(())
    };
    dataset(
        "digital_phantom",
        "digital_phantom",
        &Configuration::digital_phantom(),
    )?;
    for configuration in Configuration::ALL {
        let name = format!("config_{configuration:?}");
        dataset(&name, "ct_phantom", &configuration.settings())?;
    }
    progress.end();
    Ok(rows)
}

/// A file of a phantom.
pub(crate) fn phantom_file(
    data: &Path,
    phantom: &str,
    what: &str,
    name: &str,
) -> Result<PathBuf, StudyError> {
    let file = data.join(phantom).join("nifti").join(what).join(name);
    if file.is_file() {
        return Ok(file);
    }
    Err(StudyError::Input(format!(
        "{} is missing: give the folder of the IBSI's phantoms with --data (github.com/theibsi/data_sets holds them)",
        file.display()
    )))
}

fn rows_of(
    dataset: &str,
    computed: &[FeatureValue],
    references: &[ReferenceRow],
) -> Vec<ConformanceRow> {
    let mine: Vec<&ReferenceRow> = references.iter().filter(|r| r.dataset == dataset).collect();
    let row = |feature: Option<&FeatureValue>, reference: &ReferenceRow| {
        let outcome = compare(feature, reference);
        ConformanceRow {
            dataset: dataset.to_owned(),
            family: reference.family.clone(),
            tag: reference.tag.clone(),
            computed: feature.map(|f| f.value).filter(|v| v.is_finite()),
            reference: reference.value,
            tolerance: reference.tolerance,
            consensus: reference.consensus.clone(),
            outcome: match outcome {
                Outcome::Within => "within",
                Outcome::Differs => "DIFFERS",
                Outcome::DiffersFromWeak => "differs (weak)",
                Outcome::NoReference => "no reference",
                Outcome::Absent => "ABSENT",
            }
            .to_owned(),
            fails: reference.binds() && matches!(outcome, Outcome::Differs | Outcome::Absent),
        }
    };
    if mine.is_empty() {
        let none = |f: &FeatureValue| ReferenceRow {
            dataset: dataset.to_owned(),
            family: f.family.clone(),
            feature: f.name.clone(),
            consensus: "-".to_owned(),
            value: None,
            tolerance: 0.0,
            tag: f.tag.clone(),
        };
        return computed.iter().map(|f| row(Some(f), &none(f))).collect();
    }
    mine.into_iter()
        .map(|r| row(computed.iter().find(|f| f.tag == r.tag), r))
        .collect()
}

/// The table of reference values: columns dataset, family, feature, consensus, reference_value, tolerance, tag.
fn read_references(path: &Path) -> Result<Vec<ReferenceRow>, StudyError> {
    let bad = |problem: String| StudyError::Input(format!("{}: {problem}", path.display()));
    let mut reader = csv::Reader::from_path(path).map_err(|e| bad(e.to_string()))?;
    let header = reader.headers().map_err(|e| bad(e.to_string()))?.clone();
    let column = |name: &str| {
        let found = header.iter().position(|h| h.trim() == name);
        found.ok_or_else(|| bad(format!("the column {name} is missing")))
    };
    let columns = [
        column("dataset")?,
        column("family")?,
        column("feature")?,
        column("consensus")?,
        column("reference_value")?,
        column("tolerance")?,
        column("tag")?,
    ];
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|e| bad(e.to_string()))?;
        let [dataset, family, feature, consensus, value, tolerance, tag] =
            columns.map(|c| record.get(c).unwrap_or("").trim().to_owned());
        let number = |text: &str| -> Result<Option<f64>, StudyError> {
            if text.is_empty() {
                return Ok(None);
            }
            let parsed = text.parse::<f64>();
            parsed
                .map(Some)
                .map_err(|_| bad(format!("{text:?} of {tag} is no number")))
        };
        let (value, tolerance) = (number(&value)?, number(&tolerance)?.unwrap_or(0.0));
        rows.push(ReferenceRow {
            dataset,
            family,
            feature,
            consensus,
            value,
            tolerance,
            tag,
        });
    }
    Ok(rows)
}

/// For each dataset: rows with a reference that binds, how many of them agree, weaker references, and how many of those agree.
pub fn counts(rows: &[ConformanceRow]) -> Vec<(String, [usize; 4])> {
    let mut counts: Vec<(String, [usize; 4])> = Vec::new();
    for row in rows {
        if counts.last().is_none_or(|c| c.0 != row.dataset) {
            counts.push((row.dataset.clone(), [0; 4]));
        }
        let Some((_, count)) = counts.last_mut() else {
            continue;
        };
        if row.reference.is_some() {
            let binds = matches!(row.consensus.as_str(), ">= 10" | "6-9" | STANDARD);
            let at = if binds { 0 } else { 2 };
            count[at] += 1;
            count[at + 1] += usize::from(row.outcome == "within");
        }
    }
    counts
}

/// A number to six significant figures.
pub fn six_figures(value: Option<f64>) -> String {
    let Some(value) = value else {
        return "-".to_owned();
    };
    let exponent = if value == 0.0 {
        0
    } else {
        value.abs().log10().floor() as i32
    };
    if (-4..9).contains(&exponent) {
        let decimals = (5 - exponent).max(0) as usize;
        let text = format!("{value:.decimals$}");
        if text.contains('.') {
            return text.trim_end_matches('0').trim_end_matches('.').to_owned();
        }
        return text;
    }
    format!("{value:.5e}")
}

/// The conformance table as a document in Markdown: a summary, what is not within tolerance, and every row.
pub fn document(rows: &[ConformanceRow]) -> String {
    let mut text = String::from(
        "# Conformance with the IBSI's reference values (IBSI-1)\n\n\
         Made by `triher ibsi --data DIR --out docs/ibsi.md`, with the phantoms and the table of reference values of the Image Biomarker\n\
         Standardisation Initiative. A value agrees when, rounded to three significant figures, it lies within the tolerance; a reference binds\n\
         when six teams or more agree on it. Configurations B and E are computed too, and listed without a reference where the table has none.\n\n",
    );
    add_tables(&mut text, rows);
    text
}

/// The conformance table of filters as a document in Markdown.
pub fn document_of_filters(rows: &[ConformanceRow]) -> String {
    let mut text = String::from(
        "# Conformance with the IBSI's reference values of filters (IBSI-2)\n\n\
         Made by `triher ibsi --filters --data DIR --out docs/ibsi2.md`: statistics of response maps of the IBSI's CT phantom, by slice (A) and in space at 1 mm (B),\n\
         against the reference values of github.com/theibsi/ibsi_2_reference_data (CC0 1.0). A value agrees when it lies within the tolerance, not rounded. The response maps\n\
         of the digital phantoms are compared voxel by voxel in `crates/filter/tests/reference_maps.rs`: [filters.md](filters.md) has that table.\n\n",
    );
    add_tables(&mut text, rows);
    for part in rows.chunk_by(|a, b| a.dataset == b.dataset) {
        let _ = writeln!(text, "- {}: {}", part[0].dataset, part[0].family);
    }
    text
}

/// The summary, what is not within tolerance, and every row.
fn add_tables(text: &mut String, rows: &[ConformanceRow]) {
    text.push_str(
        "| dataset | binding rows | of them within | weaker rows | of them within |\n| --- | ---: | ---: | ---: | ---: |\n",
    );
    for (dataset, [binding, within, weak, weak_within]) in counts(rows) {
        let _ = writeln!(
            text,
            "| {dataset} | {binding} | {within} | {weak} | {weak_within} |"
        );
    }
    text.push_str("\n## Not within tolerance\n\n");
    let outside: Vec<&ConformanceRow> = (rows.iter())
        .filter(|r| r.reference.is_some() && r.outcome != "within")
        .collect();
    if outside.is_empty() {
        text.push_str("None.\n");
    }
    for row in outside {
        let _ = writeln!(
            text,
            "- {} `{}`: {} against {} ± {} (consensus {})",
            row.dataset,
            row.tag,
            six_figures(row.computed),
            six_figures(row.reference),
            row.tolerance,
            row.consensus
        );
    }
    for part in rows.chunk_by(|a, b| a.dataset == b.dataset) {
        let _ = writeln!(
            text,
            "\n## {}\n\n| tag | triher | rounded | reference | tolerance | consensus | |\n\
             | --- | ---: | ---: | ---: | ---: | --- | --- |",
            part[0].dataset
        );
        for row in part {
            let _ = writeln!(
                text,
                "| {} | {} | {} | {} | {} | {} | {} |",
                row.tag,
                six_figures(row.computed),
                six_figures(row.computed.map(three_figures)),
                six_figures(row.reference),
                row.tolerance,
                row.consensus,
                row.outcome
            );
        }
    }
    text.push('\n');
}
