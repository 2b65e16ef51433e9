//! What a folder, zip or file holds: DICOM studies, or image files by their names.

use crate::StudyError;
use crate::extract::read_rules;
use crate::source::{ReadOptions, SetAside, file_name, files_of, folder_name};
use serde::Serialize;
use std::path::{Path, PathBuf};
use triher_imagefile::Grouping;

/// What to look at.
#[derive(Clone, Debug)]
pub struct ScanPlan {
    /// Folder, zip or file.
    pub path: PathBuf,
    /// Series rules that extend the built-in ones.
    pub rules: Option<PathBuf>,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Scanned {
    /// The patients.
    pub patients: Vec<ScannedPatient>,
    /// Files that look like images and cannot be read.
    pub unreadable: Vec<UnreadableFile>,
    /// Number of files that are no images.
    pub other_files: usize,
}

/// One patient.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScannedPatient {
    /// Identifier.
    pub id: String,
    /// Studies.
    pub studies: Vec<ScannedStudy>,
}

/// One study.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScannedStudy {
    /// A name without personal data.
    pub label: String,
    /// The contrast phases, in time order.
    pub phases: Vec<ScannedPhase>,
    /// What is not a phase, with the reason.
    pub set_aside: Vec<SetAside>,
    /// What told the phases apart.
    pub evidence: Option<String>,
    /// The grid of the phases.
    pub geometry: Option<String>,
    /// What the reader should know.
    pub warnings: Vec<String>,
    /// Why the study cannot be used.
    pub problem: Option<String>,
    /// Why each series and each way of telling the phases was taken or not.
    pub explain: Vec<String>,
}

/// One phase.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ScannedPhase {
    /// 0 before contrast.
    pub index: usize,
    /// Seconds after the pre-contrast phase; null when unknown.
    pub seconds: Option<f64>,
    /// Slices.
    pub slices: usize,
    /// Series or file.
    pub series: String,
}

/// A file that cannot be read.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnreadableFile {
    /// File name.
    pub file: String,
    /// Why.
    pub reason: String,
}

impl Scanned {
    /// Whether some study can be used.
    pub fn is_usable(&self) -> bool {
        let mut studies = self.patients.iter().flat_map(|p| &p.studies);
        studies.any(|s| s.problem.is_none() && s.phases.len() > 1)
    }

    /// What is wrong, a sentence each.
    pub fn problems(&self) -> Vec<String> {
        let mut problems = Vec::new();
        for patient in &self.patients {
            for study in &patient.studies {
                if let Some(problem) = &study.problem {
                    problems.push(format!(
                        "patient {}, {}: {problem}",
                        patient.id, study.label
                    ));
                }
            }
        }
        problems.extend(
            self.unreadable
                .iter()
                .map(|u| format!("{}: {}", u.file, u.reason)),
        );
        if self.patients.is_empty() {
            problems.push("No images were found: give a folder or zip of DICOM files, or a folder of NIfTI or NRRD phases.".to_owned());
        }
        problems
    }
}

/// Looks at a folder, zip or file without reading voxels of DICOM files.
///
/// # Errors
/// When the path cannot be read.
pub fn scan(plan: &ScanPlan) -> Result<Scanned, StudyError> {
    let path = &plan.path;
    if path.is_dir() {
        let files = files_of(path)?;
        if files.iter().any(|f| triher_imagefile::is_image_file(f)) {
            let mut grouping = triher_imagefile::group_phases(&files, None);
            if let [only] = grouping.patients.as_mut_slice() {
                only.patient = folder_name(path);
            }
            return Ok(of_grouping(&grouping));
        }
    } else if triher_imagefile::is_image_file(path) {
        return of_one_file(path);
    }
    let options = ReadOptions {
        rules: read_rules(plan.rules.as_deref())?,
        ..ReadOptions::default()
    };
    Ok(of_dicom(&triher_dicom::scan(
        path,
        &options.scan_options(),
    )?))
}

fn of_dicom(scan: &triher_dicom::Scan) -> Scanned {
    let patients = scan.patients.iter().map(|patient| {
        let studies = patient.studies.iter().map(|study| ScannedStudy {
            label: study.label.clone(),
            phases: study
                .phases
                .iter()
                .map(|p| ScannedPhase {
                    index: p.index,
                    seconds: p.seconds,
                    slices: p.slices,
                    series: p.series.clone(),
                })
                .collect(),
            set_aside: study
                .set_aside
                .iter()
                .map(|s| SetAside {
                    series: s.series.clone(),
                    reason: s.reason.clone(),
                })
                .collect(),
            evidence: study.evidence.as_ref().map(ToString::to_string),
            geometry: study.geometry.as_ref().map(ToString::to_string),
            warnings: study.warnings.clone(),
            problem: study.problem.as_ref().map(ToString::to_string),
            explain: study.explain.clone(),
        });
        ScannedPatient {
            id: patient.id.clone(),
            studies: studies.collect(),
        }
    });
    let unreadable = scan.unreadable.iter();
    Scanned {
        patients: patients.collect(),
        unreadable: unreadable
            .map(|u| UnreadableFile {
                file: u.file.clone(),
                reason: u.reason.clone(),
            })
            .collect(),
        other_files: scan.not_dicom,
    }
}

fn of_grouping(grouping: &Grouping) -> Scanned {
    let set_aside: Vec<SetAside> = grouping
        .set_aside
        .iter()
        .map(|(file, reason)| SetAside {
            series: file_name(file),
            reason: reason.clone(),
        })
        .collect();
    let mut scanned = Scanned {
        patients: Vec::new(),
        unreadable: Vec::new(),
        other_files: 0,
    };
    for (number, patient) in grouping.patients.iter().enumerate() {
        let mut study = ScannedStudy {
            label: "study 1".to_owned(),
            phases: Vec::new(),
            // Files that belong to nobody are told once, with the first patient.
            set_aside: if number == 0 {
                set_aside.clone()
            } else {
                Vec::new()
            },
            evidence: Some("the phase numbers in the file names".to_owned()),
            geometry: None,
            warnings: Vec::new(),
            problem: None,
            explain: Vec::new(),
        };
        for (index, (_, file)) in patient.phases.iter().enumerate() {
            match triher_imagefile::read_geometry(file) {
                Ok(geometry) => {
                    study.geometry.get_or_insert_with(|| geometry.to_string());
                    study.phases.push(ScannedPhase {
                        index,
                        seconds: None,
                        slices: geometry.size()[2],
                        series: file_name(file),
                    });
                }
                Err(error) => study.problem = Some(error.to_string()),
            }
        }
        if study.problem.is_none() && study.phases.len() < 2 {
            study.problem = Some("there is one phase only: a dynamic study needs one before contrast and at least one after it".to_owned());
        }
        study.warnings.push(
            "image files carry no phase times: give them with --times or in the cohort file"
                .to_owned(),
        );
        scanned.patients.push(ScannedPatient {
            id: patient.patient.clone(),
            studies: vec![study],
        });
    }
    scanned
}

/// One file: its fourth dimension is time.
fn of_one_file(path: &Path) -> Result<Scanned, StudyError> {
    let loaded = triher_imagefile::load_time_series(path)?;
    let phases = loaded.series.phases().iter().enumerate();
    let study = ScannedStudy {
        label: "study 1".to_owned(),
        phases: phases
            .map(|(index, phase)| ScannedPhase {
                index,
                seconds: phase.time_s,
                slices: phase.image.geometry().size()[2],
                series: file_name(path),
            })
            .collect(),
        set_aside: Vec::new(),
        evidence: Some("the fourth dimension of the file".to_owned()),
        geometry: Some(loaded.series.geometry().to_string()),
        warnings: loaded.warnings,
        problem: None,
        explain: Vec::new(),
    };
    let name = file_name(path);
    let id = name.split('.').next().unwrap_or(&name).to_owned();
    Ok(Scanned {
        patients: vec![ScannedPatient {
            id,
            studies: vec![study],
        }],
        unreadable: Vec::new(),
        other_files: 0,
    })
}
