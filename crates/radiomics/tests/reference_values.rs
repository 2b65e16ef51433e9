//! The IBSI's reference values: the digital phantom, and configurations A, C and D of the CT phantom.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that tells what it skips"
)]

use std::path::{Path, PathBuf};
use triher_radiomics::{
    Configuration, FeatureValue, Outcome, ReferenceRow, Settings, compare, diagnostics, features,
};
use triher_volume::{Image, Mask};

fn folder() -> Option<PathBuf> {
    let data = std::env::var_os("TRIHER_REFERENCE_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let folder = data.join("ibsi");
    if folder.is_dir() {
        return Some(folder);
    }
    println!("skipped: reference data not present");
    None
}

fn references(folder: &Path) -> Vec<ReferenceRow> {
    let mut reader = csv::Reader::from_path(folder.join("reference_values.csv")).unwrap();
    (reader.records())
        .map(|record| {
            let record = record.unwrap();
            ReferenceRow {
                dataset: record[0].to_owned(),
                family: record[1].to_owned(),
                feature: record[2].to_owned(),
                consensus: record[3].to_owned(),
                value: record[4].parse().ok(),
                tolerance: record[5].parse().unwrap_or(0.0),
                tag: record[6].to_owned(),
            }
        })
        .collect()
}

fn phantom(folder: &Path, name: &str) -> (Image, Mask) {
    let path = |what: &str, file: &str| folder.join(name).join("nifti").join(what).join(file);
    let mask = triher_imagefile::read_mask(&path("mask", "mask.nii.gz")).unwrap();
    let image = triher_imagefile::read_image(&path("image", "phantom.nii.gz")).unwrap();
    (image, mask)
}

/// Compares one dataset, prints what differs, and says how many rows were within and how many bind and are not.
fn check(dataset: &str, computed: &[FeatureValue], references: &[ReferenceRow]) -> (usize, usize) {
    let (mut within, mut differ) = (0, 0);
    for row in references.iter().filter(|r| r.dataset == dataset) {
        let feature = computed.iter().find(|f| f.tag == row.tag);
        let outcome = compare(feature, row);
        match outcome {
            Outcome::Within => within += 1,
            Outcome::NoReference => {}
            Outcome::Differs | Outcome::DiffersFromWeak | Outcome::Absent => {
                differ += usize::from(row.binds());
                let value = feature.map(|f| f.value);
                println!(
                    "{dataset} {}: {value:?}, reference {:?} +- {} ({})",
                    row.tag, row.value, row.tolerance, row.consensus
                );
            }
        }
    }
    println!("{dataset}: {within} rows within tolerance, {differ} that bind are not");
    (within, differ)
}

fn compute(image: &Image, mask: &Mask, settings: &Settings) -> Vec<FeatureValue> {
    let mut all = diagnostics(image, mask, settings).unwrap();
    all.extend(features(image, mask, settings).unwrap());
    all
}

#[test]
fn the_digital_phantom_is_met() {
    let Some(folder) = folder() else { return };
    let (image, mask) = phantom(&folder, "digital_phantom");
    let computed = compute(&image, &mask, &Configuration::digital_phantom());
    let (within, differ) = check("digital_phantom", &computed, &references(&folder));
    assert_eq!(differ, 0);
    assert!(within >= 462, "{within}");
}

#[test]
fn the_configurations_of_the_ct_phantom_are_met() {
    let Some(folder) = folder() else { return };
    let (image, mask) = phantom(&folder, "ct_phantom");
    let references = references(&folder);
    for (configuration, name, at_least) in [
        (Configuration::A, "config_A", 381),
        (Configuration::C, "config_C", 261),
        (Configuration::D, "config_D", 264),
    ] {
        let computed = compute(&image, &mask, &configuration.settings());
        let (within, differ) = check(name, &computed, &references);
        assert_eq!(differ, 0, "{name}");
        assert!(within >= at_least, "{name} {within}");
    }
}
