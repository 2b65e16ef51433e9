//! DICOM studies in: series choice, phases, volumes.
//!
//! [`scan`] looks at the headers of a folder, zip archive or file and says, per patient and study, which images are the phases of a dynamic
//! series, what told them apart ([`PhaseEvidence`]) and why everything else was set aside. [`StudyScan::load`] reads the voxels of
//! one study. Series rules are data ([`SeriesRules`], `rules/default.toml`).
//!
//! [`read_image`] reads one image of a single series, such as a map.
//!
//! Read: implicit and explicit little endian, big endian, deflated; RLE, JPEG baseline, extended and lossless, JPEG-LS, JPEG 2000; classic MR,
//! multi-frame and enhanced MR; with or without file meta information. Every declared length is compared with the file before memory is
//! taken, third-party code runs behind a guard, and no message holds a name, birth date or original identifier (files are called by
//! their names).
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

mod codec;
mod dataset;
mod error;
mod files;
mod header;
mod jpeg12;
mod ladder;
mod load;
mod pixels;
mod prelude;
mod rules;
mod stack;
mod study;
mod time;
mod wire;

pub use error::DicomError;
pub use files::Limits;
pub use ladder::PhaseEvidence;
pub use load::{InputFile, LoadedStudy, read_image};
pub use rules::SeriesRules;

use files::Source;
use header::{Instance, Series};
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
    /// Voxels along the rows, the columns and the normal.
    pub size: [usize; 3],
    /// Distances between voxel centres, in millimetres; that of slices comes from their positions.
    pub spacing_mm: [f64; 3],
    /// Where the three axes run, such as "LPS" or "PIR".
    pub orientation: String,
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

    /// Says that files next to the study's could not be read; they may be what it lacks.
    fn note_unreadable(&mut self, file: &str, count: usize) {
        let others = match count {
            1 => String::new(),
            _ => format!(" and {} other files", count - 1),
        };
        if let Some(DicomError::MissingSlice { place, .. }) = &mut self.problem {
            place.push_str(&format!(
                " ({file}{others} could not be read and may hold it)"
            ));
        }
        self.warnings.push(format!(
            "{file}{others} could not be read: images of this study may be missing"
        ));
    }
}

/// Files whose headers are held at once, before what they share is joined.
const FILES_AT_ONCE: usize = 4096;

/// Images by patient and study.
type Studies = BTreeMap<String, BTreeMap<String, Vec<Instance>>>;

/// Looks at the headers of a folder (with those below it), zip archive or file.
///
/// Headers are read up to the pixels, in parallel, and only the attributes in use are kept: about half a kilobyte for an image. The result
/// does not depend on the number of threads or the order of files.
///
/// # Errors
/// When the path cannot be read or holds more files than the limits allow. A file that cannot be read is listed, not fatal.
pub fn scan(path: &Path, options: &ScanOptions) -> Result<Scan, DicomError> {
    let sources = files::sources(path, &options.limits)?;
    let single = path.is_file() && sources.len() == 1;
    let (studies, unreadable, not_dicom) = headers(sources, &options.limits);
    if single && not_dicom == 1 {
        return Err(DicomError::file(
            &files::name_of(path),
            "this is no DICOM file, zip archive, NIfTI or NRRD file; check that it was copied whole",
        ));
    }
    let mut patients: Vec<PatientScan> = studies
        .into_iter()
        .map(|(id, by_study)| scan_patient(id, by_study, options))
        .collect();
    if let Some(first) = unreadable.first() {
        for study in patients.iter_mut().flat_map(|p| &mut p.studies) {
            study.note_unreadable(&first.file, unreadable.len());
        }
    }
    Ok(Scan {
        patients,
        unreadable,
        not_dicom,
    })
}

/// Whether a file is DICOM by its first bytes, or a folder or zip archive holds one that is.
pub fn looks_like_dicom(path: &Path) -> bool {
    let limits = Limits::default();
    let sources = files::sources(path, &limits).unwrap_or_default();
    sources
        .iter()
        .any(|source| header::looks_like_dicom(source, &limits))
}

/// The headers of files: images by patient and study, what cannot be read, and how many files are no DICOM.
fn headers(sources: Vec<Source>, limits: &Limits) -> (Studies, Vec<Unreadable>, usize) {
    let mut studies = Studies::new();
    let mut shared: BTreeMap<String, Vec<Arc<Series>>> = BTreeMap::new();
    let (mut unreadable, mut not_dicom) = (Vec::new(), 0);
    for sources in sources.chunks(FILES_AT_ONCE) {
        let read: Vec<_> = sources
            .par_iter()
            .cloned()
            .map(Arc::new)
            .map(|source| {
                let dicom = header::looks_like_dicom(&source, limits);
                let images = dicom.then(|| header::read(&source, limits));
                (source, images)
            })
            .collect();
        for (source, images) in read {
            match images {
                None => not_dicom += 1,
                Some(Ok(images)) => {
                    for mut image in images {
                        join(&mut shared, &mut image);
                        studies
                            .entry(image.series.patient_id.clone())
                            .or_default()
                            .entry(image.series.study_uid.clone())
                            .or_default()
                            .push(image);
                    }
                }
                Some(Err(error)) => unreadable.push(Unreadable {
                    file: source.name.clone(),
                    reason: error.to_string(),
                }),
            }
        }
    }
    (studies, unreadable, not_dicom)
}

/// Lets images of one series share what the series says.
fn join(shared: &mut BTreeMap<String, Vec<Arc<Series>>>, image: &mut Instance) {
    if let Some(known) = shared.get(&image.series.series_uid)
        && let Some(same) = known.iter().rev().find(|s| **s == image.series)
    {
        image.series = Arc::clone(same);
        return;
    }
    let uid = image.series.series_uid.clone();
    let known = shared.entry(uid).or_default();
    // A series whose images all differ is not worth the search.
    if known.len() < 16 {
        known.push(Arc::clone(&image.series));
    }
}

fn scan_patient(
    id: String,
    by_study: BTreeMap<String, Vec<Instance>>,
    options: &ScanOptions,
) -> PatientScan {
    let mut ordered: Vec<Vec<Instance>> = by_study.into_values().collect();
    let first = |images: &[Instance]| {
        images
            .iter()
            .filter_map(|i| i.acquisition_time_s.or(i.content_time_s))
            .fold(f64::INFINITY, f64::min)
    };
    ordered.sort_by(|a, b| first(a).total_cmp(&first(b)));
    let studies = ordered.into_iter().enumerate().map(|(n, images)| {
        let label = format!("study {}", n + 1);
        study::scan_study(label, images, &options.rules, &options.limits)
    });
    PatientScan {
        id,
        studies: studies.collect(),
    }
}
