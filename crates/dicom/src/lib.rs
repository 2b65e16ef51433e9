//! DICOM studies in: series choice, phases, volumes.
//!
//! [`scan`] looks at the headers of a folder, zip archive or file and says, per patient and study, which images are the phases of a dynamic
//! series, what told them apart ([`PhaseEvidence`]) and why everything else was set aside. [`StudyScan::load`] reads the voxels of
//! one study. Series rules are data ([`SeriesRules`], `rules/default.toml`).
//!
//! Read: implicit and explicit little endian, big endian, deflated, RLE, JPEG baseline and lossless, JPEG 2000 (dicom-rs) and JPEG-LS
//! (our own decoder); classic MR, multi-frame and enhanced MR. Third-party code runs behind a guard, lengths are limited, and no message
//! holds a name, birth date or original identifier.
//!
//! ```no_run
//! use triher_dicom::{ScanOptions, scan};
//!
//! let found = scan("hospital-a/patient-7".as_ref(), &ScanOptions::default())?;
//! for study in found.patients.iter().flat_map(|p| &p.studies) {
//!     println!("{} phases, told apart by {:?}", study.phases.len(), study.evidence);
//!     let loaded = study.load()?;
//!     println!("{}", loaded.series.geometry());
//! }
//! # Ok::<(), triher_dicom::DicomError>(())
//! ```

mod error;
mod files;
mod header;
mod ladder;
mod load;
mod pixels;
mod rules;
mod stack;
mod study;

pub use error::DicomError;
pub use files::Limits;
pub use ladder::PhaseEvidence;
pub use load::{InputFile, LoadedStudy};
pub use rules::SeriesRules;

use header::Instance;
use rayon::prelude::*;
use serde::Serialize;
use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use study::PhaseStack;
use triher_volume::Geometry;

/// How a scan looks and how much it reads.
#[derive(Clone, Debug, Default)]
pub struct ScanOptions {
    /// Which series count.
    pub rules: SeriesRules,
    /// How much is read.
    pub limits: Limits,
}

/// What a folder, archive or file holds.
#[derive(Clone, Serialize)]
pub struct Scan {
    /// Patients, in the order of their identifiers.
    pub patients: Vec<PatientScan>,
    /// DICOM files that cannot be read.
    pub unreadable: Vec<Unreadable>,
    /// Number of files that are no DICOM.
    pub not_dicom: usize,
}

/// One patient.
#[derive(Clone, Serialize)]
pub struct PatientScan {
    /// PatientID.
    pub id: String,
    /// Studies, in the order of their first images.
    pub studies: Vec<StudyScan>,
}

/// One study.
#[derive(Clone, Serialize)]
pub struct StudyScan {
    /// "study 1", "study 2", ...
    pub label: String,
    /// The phases in time order; phase 0 is before contrast.
    pub phases: Vec<PhaseScan>,
    /// Series that are no phases, with the reason.
    pub set_aside: Vec<SetAside>,
    /// What told the phases apart.
    pub evidence: Option<PhaseEvidence>,
    /// The grid of the phases.
    #[serde(skip)]
    pub geometry: Option<Geometry>,
    /// What the reader should know.
    pub warnings: Vec<String>,
    /// Why the study cannot be used.
    #[serde(serialize_with = "as_text")]
    pub problem: Option<DicomError>,
    /// Why each series and each way of telling the phases was taken or not.
    pub explain: Vec<String>,
    #[serde(skip)]
    stacks: Vec<PhaseStack>,
    #[serde(skip)]
    aside: Vec<Vec<Instance>>,
    #[serde(skip)]
    limits: Limits,
}

/// One phase.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhaseScan {
    /// 0 before contrast.
    pub index: usize,
    /// Seconds after the pre-contrast phase; `None` when no tag tells.
    pub seconds: Option<f64>,
    /// Number of slices.
    pub slices: usize,
    /// The series: its number and description.
    pub series: String,
}

/// A series that is no phase.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetAside {
    /// Its number and description.
    pub series: String,
    /// Number of images.
    pub images: usize,
    /// Why it was set aside.
    pub reason: String,
}

/// A DICOM file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Unreadable {
    /// Its name.
    pub file: String,
    /// Why.
    pub reason: String,
}

fn as_text<S: serde::Serializer>(
    problem: &Option<DicomError>,
    serializer: S,
) -> Result<S::Ok, S::Error> {
    problem
        .as_ref()
        .map(ToString::to_string)
        .serialize(serializer)
}

impl StudyScan {
    fn put_aside(&mut self, series: String, reason: String, images: Vec<Instance>) {
        self.set_aside.push(SetAside {
            series,
            images: images.len(),
            reason,
        });
        self.aside.push(images);
    }
}

/// Looks at the headers of a folder (with those below it), zip archive or file.
///
/// Headers are read up to the pixels, in parallel; the result does not depend on the number of threads or the order of files.
///
/// # Errors
/// When the path cannot be read or holds more files than the limits allow. A file that cannot be read is listed, not fatal.
pub fn scan(path: &Path, options: &ScanOptions) -> Result<Scan, DicomError> {
    let sources = files::sources(path, &options.limits)?;
    let single = path.is_file() && sources.len() == 1;
    let read: Vec<Option<Result<Vec<Instance>, DicomError>>> = sources
        .into_par_iter()
        .map(Arc::new)
        .map(|source| {
            header::looks_like_dicom(&source, &options.limits)
                .then(|| header::read(&source, &options.limits))
        })
        .collect();
    let mut scan = Scan {
        patients: Vec::new(),
        unreadable: Vec::new(),
        not_dicom: 0,
    };
    let mut studies: BTreeMap<String, BTreeMap<String, Vec<Instance>>> = BTreeMap::new();
    for file in read {
        match file {
            None => scan.not_dicom += 1,
            Some(Ok(instances)) => {
                for instance in instances {
                    let patient = studies
                        .entry(instance.series.patient_id.clone())
                        .or_default();
                    patient
                        .entry(instance.series.study_uid.clone())
                        .or_default()
                        .push(instance);
                }
            }
            Some(Err(error)) => {
                let reason = error.to_string();
                let file = match error {
                    DicomError::File { file, .. } => file,
                    _ => files::name_of(path),
                };
                scan.unreadable.push(Unreadable { file, reason });
            }
        }
    }
    if single && scan.not_dicom == 1 {
        return Err(DicomError::file(
            &files::name_of(path),
            "this is no DICOM file, zip archive, NIfTI or NRRD file; check that it was copied whole",
        ));
    }
    for (id, by_study) in studies {
        let mut ordered: Vec<Vec<Instance>> = by_study.into_values().collect();
        let first = |images: &[Instance]| {
            images
                .iter()
                .filter_map(|i| i.acquisition_time_s.or(i.content_time_s))
                .fold(f64::INFINITY, f64::min)
        };
        ordered.sort_by(|a, b| first(a).total_cmp(&first(b)));
        let studies = ordered
            .into_iter()
            .enumerate()
            .map(|(n, images)| {
                study::scan_study(
                    format!("study {}", n + 1),
                    images,
                    &options.rules,
                    &options.limits,
                )
            })
            .collect();
        scan.patients.push(PatientScan { id, studies });
    }
    Ok(scan)
}
