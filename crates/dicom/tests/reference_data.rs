//! The patient of the reference data, as the scanner wrote it: skipped when it is not there.

use std::path::PathBuf;
use triher_dicom::{PhaseEvidence, ScanOptions, scan};

#[test]
fn the_ucsf_patient_is_read_as_its_readme_says() {
    let root = std::env::var_os("TRIHER_REFERENCE_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = root.join("ucsf-br-06");
    if !path.exists() {
        println!("skipped: reference data not present");
        return;
    }
    let found = scan(&path, &ScanOptions::default()).unwrap();
    assert_eq!((found.patients.len(), found.unreadable.len()), (1, 0));
    let [study] = found.patients[0].studies.as_slice() else {
        panic!("one study")
    };
    assert!(study.problem.is_none(), "{:?}", study.problem);
    // ContentTime 102551, 103238, 103832.
    let phases: Vec<_> = study
        .phases
        .iter()
        .map(|p| (p.index, p.slices, p.seconds))
        .collect();
    assert_eq!(
        phases,
        [
            (0, 60, Some(0.0)),
            (1, 60, Some(407.0)),
            (2, 60, Some(761.0))
        ]
    );
    assert_eq!(study.evidence, Some(PhaseEvidence::ContentTime));
    let derived = study
        .set_aside
        .iter()
        .filter(|s| s.reason.starts_with("derived"))
        .count();
    assert_eq!(
        (derived, study.set_aside.len()),
        (2, 3),
        "{:?}",
        study.set_aside
    );
    assert!(study.warnings.iter().any(|w| w.contains("1.5 T")));

    let loaded = study.load().unwrap();
    let grid = loaded.series.geometry();
    assert_eq!(grid.size(), [256, 256, 60]);
    assert!(
        grid.orientation().starts_with("PI"),
        "{}",
        grid.orientation()
    );
    let spacing = grid.spacing_mm();
    assert!(
        (spacing[0] - 0.703).abs() < 1e-3 && (spacing[2] - 2.0).abs() < 1e-6,
        "{spacing:?}"
    );
    assert_eq!(loaded.inputs.len(), 180);

    // PE1 = floor(100 (S1 - S0) / S0) at every voxel where it is not zero.
    let pe1 = (0..3)
        .filter(|&i| study.set_aside[i].reason.starts_with("derived"))
        .map(|i| study.load_set_aside(i).unwrap())
        .find(|map| map.voxels().iter().all(|v| v.fract() == 0.0))
        .unwrap();
    assert!(pe1.geometry().same_grid(grid));
    let (s0, s1) = (
        loaded.series.pre().voxels(),
        loaded.series.post()[0].image.voxels(),
    );
    let mut checked = 0;
    for ((pe, s0), s1) in pe1
        .voxels()
        .iter()
        .zip(s0)
        .zip(s1)
        .filter(|((pe, _), _)| **pe != 0.0)
    {
        assert_eq!(
            f64::from(*pe),
            (100.0 * f64::from(s1 - s0) / f64::from(*s0)).floor()
        );
        checked += 1;
    }
    assert_eq!(checked, 151_027);
}
