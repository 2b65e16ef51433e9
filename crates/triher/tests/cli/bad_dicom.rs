//! Faulty DICOM studies on the command line: `scan` names the file and the remedy, `extract` skips the patient and goes on.

use crate::workspace::{Workspace, grid};
use std::path::PathBuf;
use triher_dicomwrite::{MrWriteOptions, PhaseLayout, write_mr_phases};
use triher_volume::{DynamicSeries, Image, Phase};

/// A study of so many phases; its files, phase after phase and slice after slice.
fn study(
    w: &Workspace,
    folder: &str,
    patient: &str,
    layout: PhaseLayout,
    phases: usize,
) -> Vec<PathBuf> {
    let series = DynamicSeries::new(
        (0..phases)
            .map(|n| Phase {
                image: Image::from_fn(grid(), |[i, j, k]| {
                    let lesion = i.abs_diff(12) + j.abs_diff(10) + k.abs_diff(6) < 5;
                    100.0 + (i + j + k) as f32 + if lesion { 60.0 * n as f32 } else { 0.0 }
                }),
                time_s: Some(90.0 * n as f64),
            })
            .collect(),
    )
    .unwrap();
    let options = MrWriteOptions {
        layout,
        patient_id: patient.to_owned(),
        uid_seed: patient.to_owned(),
        contrast_agent: Some("gadolinium".to_owned()),
        ..MrWriteOptions::default()
    };
    let folder = w.path(folder);
    std::fs::create_dir_all(&folder).unwrap();
    write_mr_phases(&folder, &options, &series).unwrap().files
}

/// A cohort of two patients, the second without a fault.
fn cohort(w: &Workspace) {
    study(w, "good", "good", PhaseLayout::SeriesPerPhase, 3);
    w.write(
        "c.csv",
        "patient_id,images,mask,seed\nbad,bad,,\"12,10,6\"\ngood,good,,\"12,10,6\"\n",
    );
    w.write(
        "c.toml",
        "name = 'c'\npatients = 'c.csv'\noutput = 'f.csv'\n",
    );
}

/// The bad patient is named with all of these texts, and the good one is in the table.
fn skips_the_bad_one(w: &Workspace, texts: &[&str]) {
    cohort(w);
    let run = w.triher("extract c.toml");
    let told = run.stderr();
    assert_eq!(run.code(), 1, "{told}");
    assert!(!told.contains("panicked"), "{told}");
    assert!(told.contains("patient bad"), "{told}");
    assert!(told.contains("1 patients skipped"), "{told}");
    for text in texts {
        assert!(told.contains(text), "\"{text}\" is not in:\n{told}");
    }
    let table = String::from_utf8(w.read("f.csv")).unwrap();
    assert!(
        table.contains("\ngood,") && !table.contains("\nbad,"),
        "{table}"
    );
}

fn name(file: &std::path::Path) -> &str {
    file.file_name().unwrap().to_str().unwrap()
}

#[test]
fn a_truncated_file() {
    let w = Workspace::new();
    let files = study(&w, "bad", "bad", PhaseLayout::SeriesPerPhase, 3);
    let bytes = std::fs::read(&files[5]).unwrap();
    std::fs::write(&files[5], &bytes[..bytes.len() / 2]).unwrap();
    w.triher("scan bad")
        .fails_saying(&[name(&files[5]), "fetch it again"]);
    skips_the_bad_one(&w, &[name(&files[5])]);
}

#[test]
fn a_declared_length_larger_than_the_file() {
    let w = Workspace::new();
    let files = study(&w, "bad", "bad", PhaseLayout::SeriesPerPhase, 3);
    let mut bytes = std::fs::read(&files[5]).unwrap();
    let pixels = [0xe0, 0x7f, 0x10, 0x00, b'O', b'W', 0, 0];
    let at = bytes.windows(8).position(|w| w == pixels).unwrap();
    bytes[at + 8..at + 12].copy_from_slice(&0xffff_fff0u32.to_le_bytes());
    std::fs::write(&files[5], bytes).unwrap();
    w.triher("scan bad").fails_saying(&[
        name(&files[5]),
        "4294967280 bytes are declared",
        "fetch it again",
    ]);
    skips_the_bad_one(&w, &[name(&files[5])]);
}

#[test]
fn an_unknown_transfer_syntax() {
    let w = Workspace::new();
    let files = study(&w, "bad", "bad", PhaseLayout::EnhancedMultiFrame, 3);
    let mut bytes = std::fs::read(&files[0]).unwrap();
    let known = b"1.2.840.10008.1.2.1\0";
    let at = bytes.windows(known.len()).position(|w| w == known).unwrap();
    bytes[at..at + known.len()].copy_from_slice(b"1.2.840.10008.1.2.9\0");
    std::fs::write(&files[0], bytes).unwrap();
    w.triher("scan bad")
        .fails_saying(&[name(&files[0]), "1.2.840.10008.1.2.9", "transcode"]);
    skips_the_bad_one(&w, &["1.2.840.10008.1.2.9"]);
}

#[test]
fn a_missing_slice() {
    let w = Workspace::new();
    let files = study(&w, "bad", "bad", PhaseLayout::OneSeriesTemporalPosition, 3);
    std::fs::remove_file(&files[grid().size()[2] + 4]).unwrap();
    w.triher("scan bad").fails_saying(&["phase 1", "slice"]);
    skips_the_bad_one(&w, &["phase 1", "slice"]);
}

#[test]
fn two_patients_in_one_folder() {
    let w = Workspace::new();
    study(&w, "bad", "bad", PhaseLayout::SeriesPerPhase, 3);
    study(&w, "bad/more", "other", PhaseLayout::SeriesPerPhase, 3);
    let run = w.triher("scan bad --json").done();
    let json: serde_json::Value = serde_json::from_str(&run.stdout()).unwrap();
    assert_eq!(json["patients"].as_array().unwrap().len(), 2);
    skips_the_bad_one(&w, &["2 patients"]);
}

#[test]
fn no_phase_before_contrast_and_one_phase_only() {
    let w = Workspace::new();
    let files = study(&w, "bad", "bad", PhaseLayout::OneSeriesTemporalPosition, 3);
    let slices = grid().size()[2];
    for file in &files[..slices] {
        std::fs::remove_file(file).unwrap();
    }
    w.triher("scan bad")
        .fails_saying(&["before contrast", "assume_first_is_pre_contrast"]);
    skips_the_bad_one(&w, &["before contrast"]);
    for file in &files[slices..2 * slices] {
        std::fs::remove_file(file).unwrap();
    }
    w.triher("scan bad").fails_saying(&["one phase only"]);
    skips_the_bad_one(&w, &["one phase only"]);
}
