//! The phases of a dynamic study from image files: by their names or by the fourth dimension.

use crate::raw::{file_name, malformed};
use crate::{ImageFileError, NamePattern, ReadOptions, read_image_with, read_images};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use triher_volume::{DynamicSeries, Phase};

/// The phase files of one patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatientPhases {
    /// Patient, from the names.
    pub patient: String,
    /// Centre, when the pattern has one.
    pub centre: Option<String>,
    /// Time point (visit), when the pattern has one.
    pub time: Option<String>,
    /// Phase number (0 before contrast) and file, in order.
    pub phases: Vec<(usize, PathBuf)>,
}

/// Image files by patient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grouping {
    /// Patients in the order of their names.
    pub patients: Vec<PatientPhases>,
    /// Files that are no phase, with the reason.
    pub set_aside: Vec<(PathBuf, String)>,
}

/// A file that was read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct InputFile {
    /// Its name.
    pub name: String,
    /// SHA-256 of its content.
    pub sha256: String,
}

/// Phases that were read.
#[derive(Clone, Debug)]
pub struct LoadedPhases {
    /// The phases.
    pub series: DynamicSeries,
    /// Files that were read.
    pub inputs: Vec<InputFile>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

/// Sorts image files into patients and phases by their names.
///
/// With a pattern, its fields decide. Without one, a file's last word says its phase: `0000` (MAMA-MIA), `C2`,
/// `phase2`, `dce_2`, `post2`, `pre`; what stands before it is the patient, or the folder's name when nothing does. Masks and derived images
/// (subtractions, maps) are set aside by the words in their names.
pub fn group_phases(files: &[PathBuf], pattern: Option<&NamePattern>) -> Grouping {
    let mut grouping = Grouping::default();
    let mut found: BTreeMap<(String, Option<String>, Option<String>), Vec<(usize, PathBuf)>> =
        BTreeMap::new();
    let mut files: Vec<&PathBuf> = files.iter().filter(|f| crate::is_image_file(f)).collect();
    files.sort();
    for file in files {
        let stem = stem(file);
        if let Some(reason) = not_a_phase(&stem) {
            grouping.set_aside.push((file.clone(), reason));
            continue;
        }
        let named = match pattern {
            Some(pattern) => pattern.read(&stem),
            None => by_words(&stem, file),
        };
        match named {
            Some(name) => {
                let key = (name.patient, name.centre, name.time);
                found
                    .entry(key)
                    .or_default()
                    .push((name.phase, file.clone()));
            }
            None => {
                let reason = match pattern {
                    Some(pattern) => format!("its name does not fit the pattern {pattern}"),
                    None => "its name tells no phase (such as pre, post1, C2 or _0000)".to_owned(),
                };
                grouping.set_aside.push((file.clone(), reason));
            }
        }
    }
    for ((patient, centre, time), mut phases) in found {
        phases.sort();
        let mut kept: Vec<(usize, PathBuf)> = Vec::new();
        for (phase, file) in phases {
            if kept.last().is_some_and(|(last, _)| *last == phase) {
                let reason =
                    format!("phase {phase} of patient {patient} was already found in another file");
                grouping.set_aside.push((file, reason));
            } else {
                kept.push((phase, file));
            }
        }
        grouping.patients.push(PatientPhases {
            patient,
            centre,
            time,
            phases: kept,
        });
    }
    grouping
}

/// The name without its extensions.
fn stem(path: &Path) -> String {
    let name = file_name(path);
    let lower = name.to_ascii_lowercase();
    let cut = [".nii.gz", ".nii", ".hdr", ".nrrd", ".nhdr"]
        .iter()
        .find(|e| lower.ends_with(*e));
    name[..name.len() - cut.map_or(0, |e| e.len())].to_owned()
}

/// Why a file is no phase, by the words in its name.
fn not_a_phase(stem: &str) -> Option<String> {
    let lower = stem.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_alphanumeric()).collect();
    let has = |list: &[&str]| words.iter().any(|w| list.iter().any(|l| w.starts_with(l)));
    if has(&["mask", "seg", "label", "roi"]) {
        return Some("its name says that it is a mask".to_owned());
    }
    if has(&["sub", "mip", "diff"])
        || words
            .iter()
            .any(|w| matches!(*w, "ser" | "pe" | "pe1" | "adc" | "map" | "derived"))
    {
        return Some(
            "its name says that it is derived (a subtraction, projection or map)".to_owned(),
        );
    }
    None
}

/// What a file name says.
pub(crate) struct Named {
    pub(crate) patient: String,
    pub(crate) centre: Option<String>,
    pub(crate) time: Option<String>,
    pub(crate) phase: usize,
}

/// A phase as a word says it: `pre`, `post2`, `c2`, `phase2`, `dce2`, `0002`, `2`.
pub(crate) fn phase_number(word: &str) -> Option<usize> {
    let word = word.to_ascii_lowercase();
    if matches!(word.as_str(), "pre" | "precontrast") {
        return Some(0);
    }
    let digits = ["postcontrast", "post", "phase", "dce", "ph", "t", "c", "p"]
        .iter()
        .find_map(|prefix| word.strip_prefix(prefix).filter(|d| !d.is_empty()))
        .unwrap_or(&word);
    let number: usize = digits.parse().ok().filter(|n| *n < 1000)?;
    // "post0" is no phase: counting after contrast begins with 1.
    (!(word.starts_with("post") && number == 0)).then_some(number)
}

fn by_words(stem: &str, file: &Path) -> Option<Named> {
    let folder = || {
        let parent = file.parent().and_then(Path::file_name);
        parent.map_or_else(
            || "patient".to_owned(),
            |n| n.to_string_lossy().into_owned(),
        )
    };
    let (before, word) = match stem.rsplit_once(['_', '-', ' ']) {
        Some((before, word)) => (before, word),
        None => ("", stem),
    };
    let phase = phase_number(word)?;
    // "dce_2", "phase-3": the word before the number belongs to it.
    let is_word = |w: &str| {
        matches!(
            w.to_ascii_lowercase().as_str(),
            "dce" | "phase" | "post" | "ph" | ""
        )
    };
    let patient = match before.rsplit_once(['_', '-', ' ']) {
        Some((patient, word)) if is_word(word) => patient,
        _ if is_word(before) => "",
        _ => before,
    };
    let patient = if patient.is_empty() {
        folder()
    } else {
        patient.to_owned()
    };
    Some(Named {
        patient,
        centre: None,
        time: None,
        phase,
    })
}

/// Reads the phases of one patient onto one grid. `times_s` are the seconds of the phases.
///
/// # Errors
/// As [`crate::read_image`]; phases on different grids; fewer than two phases; no pre-contrast phase (number 0).
pub fn load_phases(
    patient: &PatientPhases,
    times_s: Option<&[f64]>,
) -> Result<LoadedPhases, ImageFileError> {
    let Some((first, first_file)) = patient.phases.first() else {
        return Err(malformed(
            Path::new(&patient.patient),
            "there is no phase file",
        ));
    };
    if *first != 0 {
        return Err(malformed(
            first_file,
            format!(
                "this is phase {first}, and phase 0 (before contrast) is missing: add it, or name it pre, C0 or _0000"
            ),
        ));
    }
    let mut phases = Vec::new();
    let mut inputs = Vec::new();
    let mut warnings = Vec::new();
    for (index, (number, file)) in patient.phases.iter().enumerate() {
        if *number != index {
            warnings.push(format!(
                "phase {index} is missing: {} was taken as phase {index}",
                file_name(file)
            ));
        }
        let read = read_image_with(file, &ReadOptions::default())?;
        for warning in read.warnings {
            if !warnings.contains(&warning) {
                warnings.push(warning);
            }
        }
        inputs.push(InputFile {
            name: file_name(file),
            sha256: read.sha256,
        });
        phases.push(Phase {
            image: read.image,
            time_s: times_s.and_then(|t| t.get(index).copied()),
        });
    }
    Ok(LoadedPhases {
        series: DynamicSeries::new(phases)?,
        inputs,
        warnings,
    })
}

/// Reads a file whose fourth dimension is time: the first volume is before contrast.
///
/// # Errors
/// As [`crate::read_images`]; a file of a single volume.
pub fn load_time_series(path: &Path) -> Result<LoadedPhases, ImageFileError> {
    let read = read_images(path)?;
    let step = read.volume_step_s;
    let phases = read.images.into_iter().enumerate();
    let phases = phases.map(|(n, image)| Phase {
        image,
        time_s: step.map(|s| s * n as f64),
    });
    Ok(LoadedPhases {
        series: DynamicSeries::new(phases.collect())?,
        inputs: vec![InputFile {
            name: file_name(path),
            sha256: read.sha256,
        }],
        warnings: read.warnings,
    })
}
