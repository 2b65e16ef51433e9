//! One patient's phases, from whatever the patient came as.

use crate::StudyError;
use crate::cohort::PatientImages;
use crate::manifest::FileHash;
use serde::Serialize;
use std::path::{Path, PathBuf};
use triher_dicom::{ScanOptions, SeriesRules};
use triher_imagefile::PatientPhases;
use triher_volume::DynamicSeries;

/// How images are looked for and read.
#[derive(Clone, Debug, Default)]
pub struct ReadOptions {
    /// Series rules other than the built-in ones.
    pub rules: Option<SeriesRules>,
    /// The patient to take when there are several.
    pub patient: Option<String>,
    /// Seconds of the phases after the pre-contrast one, for files that carry none; they take
    /// precedence over the files' own.
    pub times_s: Option<Vec<f64>>,
}

impl ReadOptions {
    /// The options of a DICOM scan.
    pub fn scan_options(&self) -> ScanOptions {
        let mut options = ScanOptions::default();
        if let Some(rules) = &self.rules {
            options.rules = rules.clone();
        }
        options
    }
}

/// One patient's phases and how they were read.
#[derive(Clone, Debug)]
pub struct PatientStudy {
    /// Identifier: PatientID, or the name of the folder or file.
    pub id: String,
    /// The phases.
    pub series: DynamicSeries,
    /// What each phase was read from.
    pub phases: Vec<PhaseRead>,
    /// What was found and not used, with the reason.
    pub set_aside: Vec<SetAside>,
    /// Which evidence told the phases apart, in words.
    pub evidence: String,
    /// Content of the files that were read.
    pub inputs: Vec<FileHash>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

/// Where a phase came from.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PhaseRead {
    /// 0 before contrast.
    pub index: usize,
    /// Seconds after the pre-contrast phase.
    pub seconds: Option<f64>,
    /// Slices along the slowest axis.
    pub slices: usize,
    /// Series or file name.
    pub source: String,
}

/// Something that was found and not used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct SetAside {
    /// Series or file name.
    pub series: String,
    /// Why.
    pub reason: String,
}

impl PatientStudy {
    /// Reads the phases of one patient.
    ///
    /// # Errors
    /// When nothing usable is found, or several patients are and none was named.
    pub fn read(images: &PatientImages, options: &ReadOptions) -> Result<Self, StudyError> {
        let mut study = match images {
            PatientImages::Phases(phases) => Self::from_files(phases, Vec::new())?,
            PatientImages::Path(path) => Self::from_path(path, options)?,
        };
        if let Some(times_s) = &options.times_s {
            study.set_times(times_s)?;
        }
        Ok(study)
    }

    fn from_path(path: &Path, options: &ReadOptions) -> Result<Self, StudyError> {
        if path.is_dir() {
            let files = files_of(path)?;
            if files.iter().any(|f| triher_imagefile::is_image_file(f)) {
                return Self::from_folder(path, &files, options);
            }
        } else if triher_imagefile::is_image_file(path) {
            return Self::from_four_dimensions(path);
        }
        Self::from_dicom(path, options)
    }

    /// A folder of NIfTI or NRRD files: the phases of one patient, by their names.
    fn from_folder(
        path: &Path,
        files: &[PathBuf],
        options: &ReadOptions,
    ) -> Result<Self, StudyError> {
        let grouping = triher_imagefile::group_phases(files, None);
        let wanted =
            |p: &&PatientPhases| options.patient.as_ref().is_none_or(|id| p.patient == *id);
        let mut found = grouping.patients.iter().filter(wanted);
        let (Some(phases), None) = (found.next(), found.next()) else {
            let ids: Vec<&str> = grouping
                .patients
                .iter()
                .map(|p| p.patient.as_str())
                .collect();
            return Err(which_patient(path, &ids, options));
        };
        // A folder of one patient is that patient's: files are often named alike in all folders.
        let mut phases = phases.clone();
        if grouping.patients.len() == 1 {
            phases.patient = folder_name(path);
        }
        let set_aside = grouping
            .set_aside
            .iter()
            .map(|(file, reason)| SetAside {
                series: file_name(file),
                reason: reason.clone(),
            })
            .collect();
        Self::from_files(&phases, set_aside)
    }

    fn from_files(phases: &PatientPhases, set_aside: Vec<SetAside>) -> Result<Self, StudyError> {
        if let [(_, only)] = phases.phases.as_slice() {
            return Self::from_four_dimensions(only);
        }
        let loaded = triher_imagefile::load_phases(phases, None)?;
        let sources: Vec<String> = phases
            .phases
            .iter()
            .map(|(_, file)| file_name(file))
            .collect();
        Ok(Self::assemble(Parts {
            id: phases.patient.clone(),
            series: loaded.series,
            sources,
            set_aside,
            evidence: "the phase numbers in the file names".to_owned(),
            inputs: loaded
                .inputs
                .into_iter()
                .map(|i| (i.name, i.sha256))
                .collect(),
            warnings: loaded.warnings,
        }))
    }

    /// One file whose fourth dimension is time.
    fn from_four_dimensions(path: &Path) -> Result<Self, StudyError> {
        let loaded = triher_imagefile::load_time_series(path)?;
        let name = file_name(path);
        let id = name.split('.').next().unwrap_or(&name).to_owned();
        let sources = vec![name; loaded.series.phases().len()];
        Ok(Self::assemble(Parts {
            id,
            series: loaded.series,
            sources,
            set_aside: Vec::new(),
            evidence: "the fourth dimension of the file".to_owned(),
            inputs: loaded
                .inputs
                .into_iter()
                .map(|i| (i.name, i.sha256))
                .collect(),
            warnings: loaded.warnings,
        }))
    }

    fn from_dicom(path: &Path, options: &ReadOptions) -> Result<Self, StudyError> {
        let scan = triher_dicom::scan(path, &options.scan_options())?;
        let ids: Vec<&str> = scan.patients.iter().map(|p| p.id.as_str()).collect();
        let wanted = |id: &str| options.patient.as_deref().is_none_or(|name| name == id);
        let mut found = scan.patients.iter().filter(|p| wanted(&p.id));
        let (Some(patient), None) = (found.next(), found.next()) else {
            return Err(which_patient(path, &ids, options));
        };
        let mut usable = patient.studies.iter().filter(|s| s.problem.is_none());
        let study = match (usable.next(), usable.next()) {
            (Some(study), None) => study,
            (Some(_), Some(_)) => {
                return Err(StudyError::Input(format!(
                    "{} holds several dynamic studies of patient {}: give the folder of one of them",
                    file_name(path),
                    patient.id
                )));
            }
            (None, _) => {
                let reason = patient.studies.iter().find_map(|s| s.problem.as_ref());
                let reason = reason.map_or_else(
                    || StudyError::Input("no series of contrast phases was found; `triher scan --explain` says what is there".to_owned()),
                    |problem| problem.clone().into(),
                );
                return Err(reason.of_patient(&patient.id));
            }
        };
        let loaded = study
            .load()
            .map_err(|e| StudyError::from(e).of_patient(&patient.id))?;
        let set_aside = study.set_aside.iter().map(|s| SetAside {
            series: s.series.clone(),
            reason: s.reason.clone(),
        });
        let hashes = loaded.inputs.into_iter().map(|i| i.sha256).collect();
        let files = FileHash::of_many(&format!("patient {}", patient.id), hashes);
        Ok(Self::assemble(Parts {
            id: patient.id.clone(),
            series: loaded.series,
            sources: study.phases.iter().map(|p| p.series.clone()).collect(),
            set_aside: set_aside.collect(),
            evidence: study
                .evidence
                .as_ref()
                .map(ToString::to_string)
                .unwrap_or_default(),
            inputs: vec![(files.name, files.sha256)],
            warnings: loaded.warnings,
        }))
    }

    fn assemble(parts: Parts) -> Self {
        let phases = parts.series.phases().iter().zip(&parts.sources).enumerate();
        let phases = phases
            .map(|(index, (phase, source))| PhaseRead {
                index,
                seconds: phase.time_s,
                slices: phase.image.geometry().size()[2],
                source: source.clone(),
            })
            .collect();
        let inputs = parts.inputs.into_iter();
        Self {
            id: parts.id,
            series: parts.series,
            phases,
            set_aside: parts.set_aside,
            evidence: parts.evidence,
            inputs: inputs
                .map(|(name, sha256)| FileHash { name, sha256 })
                .collect(),
            warnings: parts.warnings,
        }
    }

    fn set_times(&mut self, times_s: &[f64]) -> Result<(), StudyError> {
        let count = self.series.phases().len();
        if times_s.len() != count {
            return Err(StudyError::Input(format!(
                "{} times were given for {count} phases: give the seconds of each phase, the pre-contrast one first",
                times_s.len()
            ))
            .of_patient(&self.id));
        }
        let mut phases = self.series.phases().to_vec();
        for (phase, &time_s) in phases.iter_mut().zip(times_s) {
            phase.time_s = Some(time_s);
        }
        self.series = self.series.with_phases(phases)?;
        for (read, phase) in self.phases.iter_mut().zip(self.series.phases()) {
            read.seconds = phase.time_s;
        }
        Ok(())
    }
}

/// What [`PatientStudy::assemble`] is made of.
struct Parts {
    id: String,
    series: DynamicSeries,
    sources: Vec<String>,
    set_aside: Vec<SetAside>,
    evidence: String,
    inputs: Vec<(String, String)>,
    warnings: Vec<String>,
}

fn which_patient(path: &Path, ids: &[&str], options: &ReadOptions) -> StudyError {
    let place = file_name(path);
    StudyError::Input(match (&options.patient, ids) {
        (_, []) => format!("{place} holds no usable images; `triher scan` says what is there"),
        (Some(id), _) => format!("{place} holds no patient {id}; it holds {}", ids.join(", ")),
        (None, _) => format!(
            "{place} holds {} patients ({}): give the folder of one, or name one with --patient",
            ids.len(),
            ids.join(", ")
        ),
    })
}

/// The name of a folder, also when it is given as `.` or with a slash at the end.
pub(crate) fn folder_name(path: &Path) -> String {
    let whole = std::fs::canonicalize(path).unwrap_or_else(|_| path.to_owned());
    file_name(&whole)
}

/// The files of a folder in the order of their names.
pub(crate) fn files_of(folder: &Path) -> Result<Vec<PathBuf>, StudyError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(StudyError::read(folder))? {
        let path = entry.map_err(StudyError::read(folder))?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// A path's last part.
pub(crate) fn file_name(path: &Path) -> String {
    path.file_name().map_or_else(
        || path.display().to_string(),
        |n| n.to_string_lossy().into_owned(),
    )
}
