//! Simulates the demonstration's cohort and writes one line of features for each patient to standard output (CSV), to see how far the
//! classes lie apart: `cargo run --release --example cohort_features -- SEED`, then `tests/separability.py`.

use rayon::prelude::*;
use std::io::Write;
use triher_kinetics::{FeatureOptions, feature_names, features};
use triher_simulate::{CohortSpec, patients, simulate_patient};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let seed = arguments.first().map_or(Ok(1), |text| text.parse())?;
    let mut spec = CohortSpec::demo(seed);
    if let Some(count) = arguments.get(1) {
        for centre in &mut spec.centres {
            centre.patients = count.parse()?;
        }
    }
    let all: Vec<(usize, usize)> = patients(&spec).collect();
    let lines: Result<Vec<String>, String> = all
        .par_iter()
        .map(|&(centre, index)| {
            let patient = simulate_patient(&spec, centre, index).map_err(|e| e.to_string())?;
            let features = features(&patient.series, &patient.lesion, &FeatureOptions::default());
            let mut cells = vec![patient.id, patient.centre];
            cells.extend(patient.truth.columns().into_iter().map(|c| c.1));
            for feature in features.map_err(|e| e.to_string())? {
                cells.push(feature.value.map_or(String::new(), |v| v.to_string()));
            }
            Ok(cells.join(","))
        })
        .collect();
    let first = simulate_patient(&spec, 0, 0)?;
    let mut header = vec!["patient_id".to_owned(), "centre".to_owned()];
    header.extend(
        first
            .truth
            .columns()
            .into_iter()
            .map(|c| format!("truth_{}", c.0)),
    );
    header.extend(feature_names());
    let mut out = std::io::stdout().lock();
    writeln!(out, "{}", header.join(","))?;
    for line in lines? {
        writeln!(out, "{line}")?;
    }
    Ok(())
}
