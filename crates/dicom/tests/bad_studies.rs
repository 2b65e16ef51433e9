//! Studies with a fault: each gives a named error that says where and what to do, and none a panic.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use std::path::{Path, PathBuf};
use triher_dicom::{DicomError, PhaseEvidence, Scan, ScanOptions, SeriesRules, scan};
use triher_dicomwrite::{MrWriteOptions, PhaseLayout, write_mr_phases};
use triher_volume::{DynamicSeries, Geometry, Image, Phase};

fn series() -> DynamicSeries {
    let directions = [[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]];
    let grid =
        Geometry::from_parts([6, 5, 4], [9.0, -8.0, 7.0], [0.7, 0.8, 2.0], directions).unwrap();
    let phase = |n: usize| Phase {
        image: Image::from_fn(grid, |[i, j, k]| (i + 10 * j + 100 * k + 1000 * n) as f32),
        time_s: Some(90.0 * n as f64),
    };
    DynamicSeries::new((0..3).map(phase).collect()).unwrap()
}

fn write(folder: &Path, layout: PhaseLayout, patient: &str) -> Vec<PathBuf> {
    std::fs::create_dir_all(folder).unwrap();
    let options = MrWriteOptions {
        layout,
        patient_id: patient.to_owned(),
        uid_seed: patient.to_owned(),
        contrast_agent: Some("gadolinium".to_owned()),
        ..MrWriteOptions::default()
    };
    write_mr_phases(folder, &options, &series()).unwrap().files
}

fn look(folder: &Path) -> Scan {
    scan(folder, &ScanOptions::default()).unwrap()
}

fn problem(found: &Scan) -> DicomError {
    found.patients[0].studies[0].problem.clone().unwrap()
}

#[test]
fn every_layout_comes_back_as_it_was_written() {
    for (layout, evidence) in [
        (PhaseLayout::SeriesPerPhase, PhaseEvidence::SeriesPerPhase),
        (
            PhaseLayout::OneSeriesTemporalPosition,
            PhaseEvidence::TemporalPosition,
        ),
        (
            PhaseLayout::OneSeriesTriggerTime,
            PhaseEvidence::TriggerTime,
        ),
        (
            PhaseLayout::EnhancedMultiFrame,
            PhaseEvidence::TemporalPosition,
        ),
    ] {
        let folder = tempfile::tempdir().unwrap();
        write(folder.path(), layout, "P");
        let found = look(folder.path());
        let study = &found.patients[0].studies[0];
        assert!(study.problem.is_none(), "{layout:?}: {:?}", study.problem);
        assert_eq!(study.evidence, Some(evidence));
        let loaded = study.load().unwrap();
        assert_eq!(
            loaded.series.times_s(),
            Some(vec![0.0, 90.0, 180.0]),
            "{layout:?}"
        );
        // The stack may run the other way along the normal: compare in the patient.
        let (ours, theirs) = (loaded.series, series());
        let grid = theirs.geometry();
        for (a, b) in ours.phases().iter().zip(theirs.phases()) {
            let placed = triher_volume::place_on_lattice(&a.image, grid).unwrap();
            assert_eq!(placed.voxels(), b.image.voxels(), "{layout:?}");
        }
    }
}

#[test]
fn a_zip_is_read_like_its_folder() {
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), PhaseLayout::OneSeriesTemporalPosition, "P");
    let path = folder.path().join("study.zip");
    let mut zip = zip::ZipWriter::new(std::fs::File::create(&path).unwrap());
    for file in &files {
        let name = file.file_name().unwrap().to_str().unwrap();
        zip.start_file(
            format!("a/{name}"),
            zip::write::SimpleFileOptions::default(),
        )
        .unwrap();
        std::io::Write::write_all(&mut zip, &std::fs::read(file).unwrap()).unwrap();
    }
    zip.finish().unwrap();
    let study = scan(&path, &ScanOptions::default())
        .unwrap()
        .patients
        .remove(0)
        .studies
        .remove(0);
    assert_eq!(study.load().unwrap().series.phases().len(), 3);
}

#[test]
fn a_missing_slice() {
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), PhaseLayout::OneSeriesTemporalPosition, "P");
    std::fs::remove_file(&files[5]).unwrap();
    let told = problem(&look(folder.path()));
    assert!(matches!(told, DicomError::MissingSlice { .. }), "{told}");
    assert!(told.to_string().contains("phase 1"), "{told}");
}

#[test]
fn a_slice_that_is_missing_in_all_phases() {
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), PhaseLayout::OneSeriesTemporalPosition, "P");
    for phase in 0..3 {
        std::fs::remove_file(&files[4 * phase + 1]).unwrap();
    }
    let told = problem(&look(folder.path()));
    assert!(matches!(told, DicomError::MissingSlice { .. }), "{told}");
}

#[test]
fn a_truncated_file_is_listed_and_its_slice_missed() {
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), PhaseLayout::OneSeriesTemporalPosition, "P");
    let bytes = std::fs::read(&files[2]).unwrap();
    std::fs::write(&files[2], &bytes[..600]).unwrap();
    let found = look(folder.path());
    let name = files[2].file_name().unwrap().to_string_lossy().into_owned();
    let listed = found.unreadable.iter().any(|u| u.file == name);
    let missed = matches!(
        problem(&found),
        DicomError::MissingSlice { .. } | DicomError::File { .. }
    );
    assert!(listed || missed, "{:?}", found.unreadable);
    // Cut within the pixels, the header is whole: loading says so.
    std::fs::write(&files[2], &bytes[..bytes.len() - 20]).unwrap();
    let told = match look(folder.path()).patients[0].studies[0].load() {
        Err(error) => error.to_string(),
        Ok(_) => panic!("read pixels that are not there"),
    };
    assert!(told.contains(&name), "{told}");
}

#[test]
fn two_patients_in_one_folder() {
    let folder = tempfile::tempdir().unwrap();
    write(&folder.path().join("a"), PhaseLayout::SeriesPerPhase, "A");
    write(
        &folder.path().join("b"),
        PhaseLayout::EnhancedMultiFrame,
        "B",
    );
    let found = look(folder.path());
    let ids: Vec<&str> = found.patients.iter().map(|p| p.id.as_str()).collect();
    assert_eq!(ids, ["A", "B"]);
}

#[test]
fn copies_of_a_series() {
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), PhaseLayout::SeriesPerPhase, "P");
    for file in &files[..4] {
        let name = file.file_name().unwrap().to_string_lossy();
        std::fs::copy(file, folder.path().join(format!("copy-{name}"))).unwrap();
    }
    let found = look(folder.path());
    let study = &found.patients[0].studies[0];
    let told = study
        .set_aside
        .iter()
        .any(|s| s.reason.contains("duplicates"));
    assert!(told, "{:?}", study.set_aside);
}

#[test]
fn one_phase_only_and_no_phase_before_contrast() {
    for layout in [
        PhaseLayout::SeriesPerPhase,
        PhaseLayout::OneSeriesTemporalPosition,
    ] {
        let folder = tempfile::tempdir().unwrap();
        let files = write(folder.path(), layout, "P");
        for file in &files[..4] {
            std::fs::remove_file(file).unwrap();
        }
        let found = look(folder.path());
        let told = problem(&found);
        assert!(
            matches!(told, DicomError::NoPreContrast(_)),
            "{layout:?}: {told}"
        );
        let rules = SeriesRules::from_toml("assume_first_is_pre_contrast = true").unwrap();
        let options = ScanOptions {
            rules,
            ..ScanOptions::default()
        };
        assert!(
            scan(folder.path(), &options).unwrap().patients[0].studies[0]
                .problem
                .is_none()
        );
        for file in &files[4..8] {
            std::fs::remove_file(file).unwrap();
        }
        let told = problem(&look(folder.path()));
        assert!(
            matches!(told, DicomError::OnePhase { .. }),
            "{layout:?}: {told}"
        );
    }
}

#[test]
fn an_unknown_transfer_syntax() {
    let folder = tempfile::tempdir().unwrap();
    let files = write(folder.path(), PhaseLayout::EnhancedMultiFrame, "P");
    let mut bytes = std::fs::read(&files[0]).unwrap();
    // Explicit little endian becomes a transfer syntax that nobody has defined.
    let at = bytes
        .windows(19)
        .position(|w| w == b"1.2.840.10008.1.2.1")
        .unwrap();
    bytes[at..at + 19].copy_from_slice(b"1.2.840.10008.1.2.9");
    std::fs::write(&files[0], bytes).unwrap();
    let told = problem(&look(folder.path())).to_string();
    assert!(
        told.contains("enhanced.dcm") && told.contains("1.2.840.10008.1.2.9, which is unknown"),
        "{told}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn changed_bytes_never_panic(at: prop::sample::Index, value: u8, cut: prop::sample::Index) {
        let folder = tempfile::tempdir().unwrap();
        let files = write(folder.path(), PhaseLayout::EnhancedMultiFrame, "P");
        let mut bytes = std::fs::read(&files[0]).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = value;
        if value % 2 == 0 {
            bytes.truncate(cut.index(bytes.len()));
        }
        std::fs::write(&files[0], bytes).unwrap();
        for patient in look(folder.path()).patients {
            for study in patient.studies {
                let _ = study.load();
            }
        }
    }
}
