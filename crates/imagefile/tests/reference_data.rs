//! Files of the reference data: skipped when they are not there.

use std::path::PathBuf;
use triher_imagefile::{group_phases, load_phases, read_image, read_mask};

fn reference(path: &str) -> Option<PathBuf> {
    let root = std::env::var_os("TRIHER_REFERENCE_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = root.join(path);
    if path.exists() {
        return Some(path);
    }
    #[expect(clippy::print_stdout, reason = "the test says that it checked nothing")]
    {
        println!("skipped: reference data not present");
    }
    None
}

#[test]
fn the_tcga_patient_has_six_phases_and_its_subtraction_is_set_aside() {
    let Some(folder) = reference("tcga-ao-a03m") else {
        return;
    };
    let files: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    let grouping = group_phases(&files, None);
    assert_eq!(grouping.patients.len(), 1);
    let patient = &grouping.patients[0];
    assert_eq!(patient.patient, "tcga-ao-a03m");
    assert_eq!(
        patient.phases.iter().map(|p| p.0).collect::<Vec<_>>(),
        [0, 1, 2, 3, 4, 5]
    );
    assert_eq!(grouping.set_aside.len(), 1);
    assert!(
        grouping.set_aside[0].1.contains("derived"),
        "{:?}",
        grouping.set_aside
    );

    let loaded = load_phases(patient, None).unwrap();
    let grid = loaded.series.geometry();
    assert_eq!(grid.size(), [256, 256, 50]);
    assert_eq!(grid.orientation(), "PIR");
    // The scanner's own subtraction is max(post1 - pre, 0), within 1.5.
    let subtraction = read_image(&grouping.set_aside[0].0).unwrap();
    let post = loaded.series.post()[0].image.voxels();
    let worst = post
        .iter()
        .zip(loaded.series.pre().voxels())
        .zip(subtraction.voxels())
        .map(|((post, pre), sub)| ((post - pre).max(0.0) - sub).abs())
        .fold(0.0, f32::max);
    assert!(worst <= 1.5, "{worst}");
}

#[test]
fn the_ibsi_phantom_and_its_mask_share_a_grid() {
    let Some(folder) = reference("ibsi/digital_phantom/nifti") else {
        return;
    };
    let image = read_image(&folder.join("image/phantom.nii.gz")).unwrap();
    let mask = read_mask(&folder.join("mask/mask.nii.gz")).unwrap();
    image.check_same_grid("image", &mask, "mask").unwrap();
    assert_eq!(mask.count(), 74);
}
