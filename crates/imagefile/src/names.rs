//! Patients and phases by the names of their files.

use crate::NamePattern;
use crate::bytes::file_name;
use crate::read::{declared_volumes, extension, is_image_file};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The phase files of one patient.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PatientPhases {
    /// Patient, from the names.
    pub patient: String,
    /// Centre, when the pattern has one.
    pub centre: Option<String>,
    /// Time point (visit), when the pattern has one.
    pub time: Option<String>,
    /// Phase number (0 before contrast) and file, in order. A file of several volumes stands alone, as 0.
    pub phases: Vec<(usize, PathBuf)>,
}

/// Image files by patient.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Grouping {
    /// Patients in the order of their names.
    pub patients: Vec<PatientPhases>,
    /// Image files that are no phase, with the reason.
    pub set_aside: Vec<(PathBuf, String)>,
}

/// What a file name says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Named {
    pub(crate) patient: String,
    pub(crate) centre: Option<String>,
    pub(crate) time: Option<String>,
    pub(crate) phase: usize,
}

/// Sorts image files into patients and phases by their names.
///
/// With a pattern, its fields decide. Without one, these words of a file's name say its phase, the last word
/// first: `pre`, `post` (1), `post2`, `phase2`, `dce_2`, `C2`, or a number of four digits (`0002`, MAMA-MIA) or at
/// most two. What stands beside it is the patient, or the folder's name when nothing does. A file without such a word
/// that holds several volumes is a patient's whole series.
///
/// Masks (`mask`, `seg`, `label`, `roi`) and derived images (subtractions, differences such as `C2-C0`, projections, maps)
/// are set aside by the words in their names, and so is every second file of one phase.
pub fn group_phases(files: &[PathBuf], pattern: Option<&NamePattern>) -> Grouping {
    let mut grouping = Grouping::default();
    // The folder is part of the key where it gives the patient's name.
    type Key = (String, Option<String>, Option<String>, Option<PathBuf>);
    let mut found: BTreeMap<Key, Vec<(usize, PathBuf)>> = BTreeMap::new();
    let files: BTreeSet<&PathBuf> = files.iter().filter(|f| is_image_file(f)).collect();
    for file in files {
        match place(file, pattern) {
            Ok((name, folder)) => found
                .entry((name.patient, name.centre, name.time, folder))
                .or_default()
                .push((name.phase, file.clone())),
            Err(reason) => grouping.set_aside.push((file.clone(), reason)),
        }
    }
    let mut names: BTreeMap<String, usize> = BTreeMap::new();
    for (patient, _, _, folder) in found.keys() {
        if folder.is_some() {
            *names.entry(patient.clone()).or_default() += 1;
        }
    }
    for ((name, centre, time, folder), mut phases) in found {
        // Two folders of the same name: the folder above tells them apart.
        let above = folder
            .as_deref()
            .and_then(Path::parent)
            .and_then(Path::file_name);
        let patient = match above {
            Some(above) if names.get(&name).is_some_and(|n| *n > 1) => {
                format!("{}/{name}", above.to_string_lossy())
            }
            _ => name,
        };
        phases.sort();
        let mut kept: Vec<(usize, PathBuf)> = Vec::new();
        for (phase, file) in phases {
            match kept.last() {
                Some((last, first)) if *last == phase => {
                    let reason = format!(
                        "phase {phase} of patient {patient} was already found in {}",
                        file_name(first)
                    );
                    grouping.set_aside.push((file, reason));
                }
                _ => kept.push((phase, file)),
            }
        }
        grouping.patients.push(PatientPhases {
            patient,
            centre,
            time,
            phases: kept,
        });
    }
    grouping.set_aside.sort();
    grouping
}

/// What a file's name says, and its folder where that gave the patient's name; or why it is no phase.
fn place(file: &Path, pattern: Option<&NamePattern>) -> Result<(Named, Option<PathBuf>), String> {
    let stem = stem(file);
    let folder = file.parent().map(Path::to_owned);
    if let Some(pattern) = pattern {
        if let Some(reason) = says_mask(&stem) {
            return Err(reason);
        }
        let named = pattern.read(&with_folders(file, &stem, pattern.folders()));
        return match named {
            // A pattern that fits names a phase, whatever else the words might mean.
            Some(named) => Ok((named, None)),
            None => Err(says_derived(&stem)
                .unwrap_or_else(|| format!("its name does not fit the pattern {pattern}"))),
        };
    }
    if let Some(reason) = says_mask(&stem).or_else(|| says_derived(&stem)) {
        return Err(reason);
    }
    let (patient, phase) = match by_words(&stem) {
        Some(found) => found,
        None if declared_volumes(file).is_some_and(|n| n > 1) => {
            let lower = stem.to_ascii_lowercase();
            let says_nothing = matches!(
                lower.as_str(),
                "dce" | "series" | "image" | "images" | "mri" | "4d"
            );
            (
                if says_nothing {
                    String::new()
                } else {
                    stem.clone()
                },
                0,
            )
        }
        None => return Err("its name tells no phase (such as pre, post1, C2 or _0000)".to_owned()),
    };
    if !patient.is_empty() {
        let patient = Named {
            patient,
            phase,
            ..Named::default()
        };
        return Ok((patient, None));
    }
    let name = folder.as_deref().and_then(Path::file_name);
    let patient = name.map_or_else(
        || "patient".to_owned(),
        |n| n.to_string_lossy().into_owned(),
    );
    let named = Named {
        patient,
        phase,
        ..Named::default()
    };
    Ok((named, folder))
}

/// The name without its extension.
fn stem(path: &Path) -> String {
    let name = file_name(path);
    let length = name.len() - extension(&name).map_or(0, str::len);
    name.get(..length).unwrap_or(&name).to_owned()
}

/// The stem with the names of so many folders above, separated by `/`.
fn with_folders(file: &Path, stem: &str, folders: usize) -> String {
    let mut text = stem.to_owned();
    for folder in file.ancestors().skip(1).take(folders) {
        let name = folder.file_name().unwrap_or_default().to_string_lossy();
        text = format!("{name}/{text}");
    }
    text
}

/// The words of a name, in lower case; a BIDS subject (`sub-`) is no word of it.
fn words(stem: &str) -> Vec<String> {
    let lower = stem.to_ascii_lowercase();
    let text = lower.strip_prefix("sub-").unwrap_or(&lower);
    let words = text.split(|c: char| !c.is_alphanumeric());
    words.filter(|w| !w.is_empty()).map(str::to_owned).collect()
}

fn is_word_with_number(word: &str, stem: &str) -> bool {
    let rest = word.strip_prefix(stem);
    rest.is_some_and(|r| r.bytes().all(|b| b.is_ascii_digit()))
}

/// Why a file is a mask, by the words in its name.
fn says_mask(stem: &str) -> Option<String> {
    const BEGINNINGS: [&str; 4] = ["mask", "seg", "label", "contour"];
    let mask = words(stem).iter().any(|w| {
        BEGINNINGS.iter().any(|b| w.starts_with(b))
            || w.ends_with("mask")
            || is_word_with_number(w, "roi")
    });
    mask.then(|| "its name says that it is a mask or a region".to_owned())
}

/// Why a file is derived from phases, by the words in its name.
fn says_derived(stem: &str) -> Option<String> {
    const WORDS: [&str; 12] = [
        "mip",
        "ser",
        "adc",
        "map",
        "maps",
        "derived",
        "diff",
        "difference",
        "subtr",
        "washin",
        "washout",
        "pe",
    ];
    let words = words(stem);
    let derived = words.iter().enumerate().any(|(at, w)| {
        let numbered_subject = at == 0 && words.len() > 1 && w.len() > 3;
        w.starts_with("subtract")
            || WORDS.contains(&w.as_str())
            || (is_word_with_number(w, "sub") && !numbered_subject)
            || is_word_with_number(w, "pe")
    });
    // "C2-C0", "post1-pre": one phase less another.
    let pieces: Vec<&str> = stem.split(['_', ' ', '.']).collect();
    let difference = pieces.iter().any(|piece| {
        piece
            .split_once('-')
            .is_some_and(|(a, b)| named_phase(a).is_some() && named_phase(b).is_some())
    });
    (derived || difference)
        .then(|| "its name says that it is derived (a subtraction, projection or map)".to_owned())
}

/// A phase as a word alone says it: `pre`, `post`, `post2`, `c2`, `phase2`, `dce2`. Not `t2` and `p2`, which mean a
/// weighting and a patient as often.
fn named_phase(word: &str) -> Option<usize> {
    let word = word.to_ascii_lowercase();
    match word.as_str() {
        "pre" | "precontrast" => return Some(0),
        "post" | "postcontrast" => return Some(1),
        _ => {}
    }
    let prefixes = ["postcontrast", "post", "phase", "dce", "ph", "c"];
    let (prefix, digits) = prefixes
        .iter()
        .find_map(|p| word.strip_prefix(p).map(|digits| (*p, digits)))?;
    let number = small_number(digits, 3)?;
    // "post0" is no phase: counting after contrast begins with 1.
    (!(prefix.starts_with("post") && number == 0)).then_some(number)
}

fn small_number(digits: &str, longest: usize) -> Option<usize> {
    let plain =
        !digits.is_empty() && digits.len() <= longest && digits.bytes().all(|b| b.is_ascii_digit());
    plain.then(|| digits.parse().ok()).flatten()
}

/// A phase where a pattern says that there is one: words as above, `t2`, `p2`, and numbers.
pub(crate) fn phase_field(word: &str) -> Option<usize> {
    let lower = word.to_ascii_lowercase();
    let digits = lower.strip_prefix(['t', 'p']).unwrap_or(&lower);
    named_phase(word).or_else(|| small_number(digits, 4).filter(|n| *n < 1000))
}

/// Patient (may be empty) and phase by the words of a name.
fn by_words(stem: &str) -> Option<(String, usize)> {
    let separators = ['_', '-', ' '];
    let pieces: Vec<&str> = stem.split(separators).filter(|p| !p.is_empty()).collect();
    let (last, before) = pieces.split_last()?;
    let without = |skipped: std::ops::Range<usize>| {
        // The separators of the name are kept inside of what remains.
        let mut text = stem.to_owned();
        for piece in pieces.get(skipped).unwrap_or_default() {
            if let Some(at) = text.rfind(*piece) {
                text.replace_range(at..at + piece.len(), "");
            }
        }
        let trimmed = text.trim_matches(separators);
        let mut out = String::new();
        for c in trimmed.chars() {
            // A gap in the middle leaves two separators: one is enough.
            if !(separators.contains(&c) && out.ends_with(separators)) {
                out.push(c);
            }
        }
        out
    };
    let announces = |w: &&str| {
        matches!(
            w.to_ascii_lowercase().as_str(),
            "dce" | "phase" | "post" | "ph" | "postcontrast" | "contrast"
        )
    };
    // A number, alone or behind the word it belongs to: "0002", "dce_2", "phase-3".
    let number = if last.len() == 4 {
        small_number(last, 4).filter(|n| *n < 1000)
    } else {
        small_number(last, 2)
    };
    if let Some(number) = number {
        let announced = before.iter().rev().take_while(|w| announces(w)).count();
        let is_post = before[before.len() - announced..]
            .iter()
            .any(|w| w.to_ascii_lowercase().starts_with("post"));
        if is_post && number == 0 {
            return None;
        }
        return Some((without(before.len() - announced..pieces.len()), number));
    }
    let phases: Vec<(usize, usize)> = pieces
        .iter()
        .enumerate()
        .filter_map(|(at, piece)| Some((at, named_phase(piece)?)))
        .collect();
    let (at, phase) = match (phases.last(), phases.as_slice()) {
        (Some(&(at, phase)), _) if at + 1 == pieces.len() => (at, phase),
        // In the middle or in front only when it is the only one.
        (_, &[only]) => only,
        _ => return None,
    };
    // "post_contrast", "dce_pre": the words around belong to it.
    let start = pieces[..at]
        .iter()
        .rev()
        .take_while(|w| announces(w))
        .count();
    let end = pieces[at + 1..].iter().take_while(|w| announces(w)).count();
    Some((without(at - start..at + 1 + end), phase))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_tell_patient_and_phase() {
        for (stem, patient, phase) in [
            ("pre", "", 0),
            ("post3", "", 3),
            ("post", "", 1),
            ("phase0", "", 0),
            ("C5", "", 5),
            ("dce_0", "", 0),
            ("dce-phase-4", "", 4),
            ("post_contrast_2", "", 2),
            ("DUKE_001_0000", "DUKE_001", 0),
            ("ISPY1_1001_0012", "ISPY1_1001", 12),
            ("TCGA-AO-A03M_post1", "TCGA-AO-A03M", 1),
            ("P7_dce_2", "P7", 2),
            ("pre_P7", "P7", 0),
            ("P7_C2_resampled", "P7_resampled", 2),
            ("C5_0001", "C5", 1),
            ("sub-01_ses-1_pre", "sub-01_ses-1", 0),
        ] {
            assert_eq!(by_words(stem), Some((patient.to_owned(), phase)), "{stem}");
        }
        for stem in [
            "post0",
            "lesion",
            "P1_t2",
            "case_123",
            "P1",
            "pre_post_x",
            "x_9999",
        ] {
            assert_eq!(by_words(stem), None, "{stem}");
        }
    }

    #[test]
    fn masks_and_derived_images_are_told_by_words() {
        for stem in [
            "lesion_mask_full",
            "P1.seg",
            "tumour-label",
            "roi48_C2",
            "x_segmentation",
            "breastmask",
        ] {
            assert!(says_mask(stem).is_some(), "{stem}");
        }
        for stem in [
            "scanner_subtraction_post1",
            "P1_sub1",
            "sub1",
            "P1_C5-C2",
            "post1-pre",
            "SER",
            "P1_PE1",
            "mip",
        ] {
            assert!(says_derived(stem).is_some(), "{stem}");
        }
        for stem in [
            "sub-01_pre",
            "sub01_0001",
            "subject3_C2",
            "TCGA-AO-A03M_post1",
            "TCGA-C2-A03M_pre",
            "pre",
        ] {
            assert!(says_mask(stem).is_none(), "{stem}");
            assert!(says_derived(stem).is_none(), "{stem}");
        }
    }
}
