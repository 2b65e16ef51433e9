//! What is written is what other software has accepted (`peers/check.py`), is read back, and is refused where DICOM has no words.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

#[path = "peers/sample.rs"]
mod sample;

use sample::{SIZE, STUDIES, TIMES_S, grid, regions, value};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use triher_dicomwrite::{
    DicomWriteError, MrWriteOptions, PhaseLayout, SegmentationOptions, write_mr_phases,
    write_segmentation,
};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase};

fn sorted(folder: &Path) -> Vec<PathBuf> {
    let mut paths: Vec<PathBuf> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    paths.sort();
    paths
}

/// SHA-256 of a file without its SoftwareVersions, which change with every release.
fn fingerprint(path: &Path) -> String {
    let data = std::fs::read(path).unwrap();
    let element = [0x18, 0, 0x20, 0x10, b'L', b'O'];
    let at = data.windows(6).position(|w| w == element).unwrap();
    let end = at + 8 + usize::from(u16::from_le_bytes([data[at + 6], data[at + 7]]));
    let digest = Sha256::new()
        .chain_update(&data[..at])
        .chain_update(&data[end..])
        .finalize();
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

#[test]
fn the_bytes_are_those_that_other_software_accepted() {
    let folder = tempfile::tempdir().unwrap();
    sample::write(folder.path()).unwrap();
    let mut found = BTreeMap::new();
    for study in sorted(folder.path()) {
        for file in sorted(&study) {
            let name = file.strip_prefix(folder.path()).unwrap();
            found.insert(
                name.to_str().unwrap().replace('\\', "/"),
                fingerprint(&file),
            );
        }
    }
    let accepted = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/peers/accepted.json");
    let accepted: BTreeMap<String, String> =
        serde_json::from_slice(&std::fs::read(accepted).unwrap()).unwrap();
    assert_eq!(accepted.len(), 4 * (15 + 2) + 1 + 2);
    assert!(
        found == accepted,
        "run tests/peers/check.py on the new files"
    );
}

#[test]
fn every_layout_is_read_back() {
    let folder = tempfile::tempdir().unwrap();
    sample::write(folder.path()).unwrap();
    for (name, layout, fractions) in STUDIES {
        let folder = folder.path().join(name);
        let scan = triher_dicom::scan(&folder, &Default::default()).unwrap();
        assert_eq!(scan.patients.len(), 1, "{name}");
        assert_eq!(scan.patients[0].id, name);
        let loaded = scan.patients[0].studies[0].load().unwrap().series;
        let times = loaded.times_s().unwrap();
        for (found, expected) in times.iter().zip(TIMES_S) {
            assert!(
                (found - expected).abs() < 1e-6,
                "{name} {layout:?} {times:?}"
            );
        }
        let written = grid(fractions);
        let size = loaded.geometry().size();
        assert_eq!((times.len(), size), (3, SIZE), "{name}");
        for (number, phase) in loaded.phases().iter().enumerate() {
            for (offset, found) in phase.image.voxels().iter().enumerate() {
                // The reader may order slices the other way round: by place, not by number.
                let at = loaded.geometry().index_at(offset).map(|v| v as f64);
                let at = written.world_to_index(loaded.geometry().index_to_world(at));
                assert!(at.iter().all(|v| (v - v.round()).abs() < 1e-6), "{name}");
                let expected = value(at.map(|v| v.round() as usize), number, fractions);
                let tolerance = if fractions { 6e-4 } else { 0.0 };
                assert!(
                    (found - expected).abs() <= tolerance,
                    "{name} {found} {expected}"
                );
            }
        }
        for segmentation in ["seg.dcm", "seg-omit.dcm"] {
            let read = triher_segmentation::read_masks(&folder.join(segmentation), Some(&written))
                .unwrap();
            for (found, (label, mask)) in read.iter().zip(&regions(written)) {
                assert_eq!(found.label, *label);
                assert_eq!(found.mask.voxels(), mask.voxels(), "{name} {label}");
            }
        }
    }
}

fn filled(grid: Geometry, value: f32, time_s: Option<f64>) -> DynamicSeries {
    let phase = |n: usize| Phase {
        image: Image::filled(grid, value + n as f32),
        time_s: time_s.map(|t| t * n as f64),
    };
    DynamicSeries::new((0..2).map(phase).collect()).unwrap()
}

fn unit_grid() -> Geometry {
    Geometry::axis_aligned([2; 3], [1.0; 3], [0.0; 3]).unwrap()
}

fn refused(options: &MrWriteOptions, series: &DynamicSeries) -> DicomWriteError {
    let folder = tempfile::tempdir().unwrap();
    let error = write_mr_phases(folder.path(), options, series).unwrap_err();
    assert!(sorted(folder.path()).is_empty(), "{error}");
    error
}

#[test]
fn what_dicom_cannot_say_is_refused() {
    let options = MrWriteOptions::default();
    let told = refused(&options, &filled(unit_grid(), f32::NAN, Some(60.0))).to_string();
    assert!(told.contains("not finite"), "{told}");
    let sheared = [[1.0, 0.0, 0.0], [0.3, 0.954, 0.0], [0.0, 0.0, 1.0]];
    let grid = Geometry::from_parts([2; 3], [0.0; 3], [1.0; 3], sheared).unwrap();
    let told = refused(&options, &filled(grid, 1.0, Some(60.0))).to_string();
    assert!(told.contains("right angles"), "{told}");
    let long = Geometry::axis_aligned([70_000, 1, 1], [1.0; 3], [0.0; 3]).unwrap();
    let told = refused(&options, &filled(long, 1.0, Some(60.0))).to_string();
    assert!(told.contains("70000 columns"), "{told}");
}

#[test]
fn phases_without_times_need_a_layout_that_does_without() {
    let series = filled(unit_grid(), 1.0, None);
    for layout in [
        PhaseLayout::SeriesPerPhase,
        PhaseLayout::OneSeriesTriggerTime,
        PhaseLayout::EnhancedMultiFrame,
    ] {
        let options = MrWriteOptions {
            layout,
            ..MrWriteOptions::default()
        };
        let error = refused(&options, &series);
        assert!(matches!(error, DicomWriteError::NoTimes), "{error}");
    }
    let folder = tempfile::tempdir().unwrap();
    let options = MrWriteOptions {
        layout: PhaseLayout::OneSeriesTemporalPosition,
        ..MrWriteOptions::default()
    };
    let written = write_mr_phases(folder.path(), &options, &series).unwrap();
    assert_eq!(written.files.len(), 4);
}

#[test]
fn values_that_break_their_attribute_are_refused() {
    let series = filled(unit_grid(), 1.0, Some(60.0));
    let good = MrWriteOptions::default();
    type Change = fn(&mut MrWriteOptions);
    let changes: [(&str, Change); 9] = [
        ("PatientID", |o| o.patient_id = "a\\b".to_owned()),
        ("PatientID", |o| o.patient_id = "x".repeat(65)),
        ("PatientID", |o| o.patient_id = String::new()),
        ("PatientSex", |o| o.sex = Some('x')),
        ("PatientAge", |o| o.age_years = Some(1000)),
        ("StudyDate", |o| o.study_date = "31.12.2023".to_owned()),
        ("StudyTime", |o| o.start_s = 1e9),
        ("EchoTime", |o| o.echo_time_ms = f64::NAN),
        ("InstitutionName", |o| {
            o.institution = Some("a\nb".to_owned());
        }),
    ];
    for (attribute, change) in changes {
        let mut options = good.clone();
        change(&mut options);
        let told = refused(&options, &series).to_string();
        assert!(told.contains(attribute), "{attribute}: {told}");
    }
}

#[test]
fn regions_must_lie_on_the_images() {
    let folder = tempfile::tempdir().unwrap();
    let options = MrWriteOptions::default();
    let written = write_mr_phases(
        folder.path(),
        &options,
        &filled(unit_grid(), 1.0, Some(1.0)),
    )
    .unwrap();
    let mut segmentation = SegmentationOptions::for_images(&options, &written);
    let path = folder.path().join("seg.dcm");
    let region = |mask| [("a".to_owned(), mask)];
    let told = |s: &SegmentationOptions, r: &[(String, Mask)]| {
        write_segmentation(&path, s, r).unwrap_err().to_string()
    };
    let elsewhere = Geometry::axis_aligned([2; 3], [1.0; 3], [0.5, 0.0, 0.0]).unwrap();
    let message = told(&segmentation, &region(Mask::filled(elsewhere, true)));
    assert!(message.contains("do not share a grid"), "{message}");
    assert!(told(&segmentation, &[]).contains("at least one region"));
    segmentation.omit_empty_frames = true;
    let empty = region(Mask::filled(unit_grid(), false));
    assert!(told(&segmentation, &empty).contains("nothing would remain"));
    segmentation.label = "lower case".to_owned();
    assert!(told(&segmentation, &empty).contains("ContentLabel"));
    segmentation.source.slices.pop();
    assert!(told(&segmentation, &empty).contains("1 source images"));
    assert!(!path.exists());
}

#[test]
fn a_folder_that_is_not_there_is_an_error_that_names_it() {
    let series = filled(unit_grid(), 1.0, Some(1.0));
    let folder = tempfile::tempdir().unwrap();
    let missing = folder.path().join("missing");
    let told = write_mr_phases(&missing, &MrWriteOptions::default(), &series).unwrap_err();
    assert!(told.to_string().contains("missing"), "{told}");
}
