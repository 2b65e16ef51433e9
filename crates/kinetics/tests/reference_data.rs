//! Published maps and benchmark values; skipped when the reference data is not there.

use std::path::PathBuf;
use triher_dicom::{ScanOptions, scan};
use triher_kinetics::{FirstOrder, UcsfRule};
use triher_volume::{Image, place_on_lattice};

#[expect(clippy::print_stdout, reason = "a skipped test says so")]
fn reference(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("TRIHER_REFERENCE_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    println!("skipped: reference data not present");
    None
}

/// PE1 and SER of the University of California San Francisco, made by other software: equal at every voxel.
#[test]
fn the_published_maps_of_a_patient_come_out_equal() {
    let Some(folder) = reference("ucsf-br-06") else {
        return;
    };
    let scan = scan(&folder, &ScanOptions::default()).unwrap();
    let study = &scan.patients[0].studies[0];
    let series = study.load().unwrap().series;
    assert_eq!(series.phases().len(), 3);
    let (pre, post) = (series.pre(), series.post());
    let published = |name: &str| -> Image {
        let at = study.set_aside.iter().position(|s| s.series.contains(name));
        let image = study
            .load_set_aside(at.unwrap_or_else(|| panic!("{name}")))
            .unwrap();
        place_on_lattice(&image, series.geometry()).expect("one lattice")
    };
    let rule = UcsfRule::default();

    let pe = rule.percent_enhancement(pre, &post[0].image).unwrap();
    let expected = published("PE1");
    let differ = pe
        .voxels()
        .iter()
        .zip(expected.voxels())
        .filter(|(a, b)| a != b);
    assert_eq!(differ.count(), 0);
    assert_eq!(pe.voxels().iter().filter(|v| **v != 0.0).count(), 151_027);

    let ser = rule
        .signal_enhancement_ratio(pre, &post[0].image, &post[1].image)
        .unwrap();
    let expected = published("SER");
    // The file stores thousandths.
    let thousandths = |image: &Image| -> Vec<i32> {
        image
            .voxels()
            .iter()
            .map(|v| (v * 1000.0).round() as i32)
            .collect()
    };
    let (found, expected) = (thousandths(&ser), thousandths(&expected));
    let differ = found.iter().zip(&expected).filter(|(a, b)| a != b);
    assert_eq!(differ.count(), 0);
    assert_eq!(found.iter().filter(|v| **v != 0).count(), 41_596);
}

/// The IBSI's digital phantom: grey levels 1, 3, 4 and 6 as they are (six bins keep them apart).
#[test]
fn the_ibsi_phantom_has_its_values() {
    let Some(folder) = reference("ibsi") else {
        return;
    };
    let nifti = folder.join("digital_phantom/nifti");
    let image = triher_imagefile::read_image(&nifti.join("image/phantom.nii.gz")).unwrap();
    let mask = triher_imagefile::read_mask(&nifti.join("mask/mask.nii.gz")).unwrap();
    let values: Vec<f64> = (image.voxels().iter().zip(mask.voxels()))
        .filter_map(|(&v, &inside)| inside.then_some(f64::from(v)))
        .collect();
    assert_eq!(values.len(), 74);
    let found = FirstOrder::of(&values, 6).unwrap();
    let by_tag = [
        ("stat_mean", Some(found.mean)),
        ("stat_var", Some(found.variance)),
        ("stat_skew", found.skewness),
        ("stat_kurt", found.kurtosis),
        ("stat_median", Some(found.median)),
        ("stat_min", Some(found.minimum)),
        ("stat_p10", Some(found.p10)),
        ("stat_p90", Some(found.p90)),
        ("stat_max", Some(found.maximum)),
        ("stat_iqr", Some(found.interquartile_range)),
        ("stat_range", Some(found.range)),
        ("stat_mad", Some(found.mean_absolute_deviation)),
        ("stat_rmad", Some(found.robust_mean_absolute_deviation)),
        ("stat_cov", found.coefficient_of_variation),
        ("stat_energy", Some(found.energy)),
        ("stat_rms", Some(found.root_mean_square)),
        ("ih_entropy", Some(found.entropy)),
        ("ih_uniformity", Some(found.uniformity)),
    ];
    let table = std::fs::read_to_string(folder.join("reference_values.csv")).unwrap();
    for (tag, value) in by_tag {
        let line = table
            .lines()
            .find(|line| line.starts_with("digital_phantom,") && line.ends_with(&format!(",{tag}")))
            .unwrap_or_else(|| panic!("{tag}"));
        // Names of features may hold commas; the last columns do not.
        let cells: Vec<&str> = line.rsplit(',').collect();
        let expected: f64 = cells[2].parse().unwrap();
        let tolerance: f64 = cells[1].parse().unwrap();
        // As the IBSI compares: three significant figures.
        let value: f64 = format!("{:.2e}", value.unwrap()).parse().unwrap();
        assert!(
            (value - expected).abs() <= tolerance + 1e-9,
            "{tag}: {value}, expected {expected}"
        );
    }
}
