//! A report also where the input could not be used: what is missing and what to do, in the report's language.

use crate::StudyError;
use crate::manifest::{Manifest, write_json, write_whole};
use crate::patient_model_card::model_card;
use crate::pictures;
use crate::prediction::PredictPlan;
use crate::source::{PatientStudy, file_name, folder_name};
use serde::Serialize;
use std::path::{Path, PathBuf};
use triher_dicom::DicomError;
use triher_imagefile::ImageFileError;
use triher_learn::{LearnError, ModelFile};
use triher_region::RegionError;
use triher_report::{
    Catalogue, Language, PatientReport, Refusal, RefusalReport, patient_pdf, patient_report,
    refusal_report,
};
use triher_volume::{Mask, VolumeError};

/// What kind of input was missing: the keys of the catalogue are `refused-` and this.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub(crate) enum Missing {
    EmptyMask,
    NothingFound,
    WhichLesion,
    OnePhase,
    BeforeContrast,
    Grid,
    Images,
    Features,
    OneClassAlone,
    Other,
}

impl Missing {
    /// The kind of an error; `None` for those that say nothing about the input.
    pub(crate) fn of(error: &StudyError) -> Option<Self> {
        Some(match error {
            StudyError::Internal(_) | StudyError::Write { .. } => return None,
            StudyError::Patient { source, .. } => return Self::of(source),
            StudyError::Region(RegionError::EmptyMask) => Self::EmptyMask,
            StudyError::Region(RegionError::NoEnhancement { .. } | RegionError::NoLimit { .. }) => {
                Self::NothingFound
            }
            StudyError::Region(
                RegionError::NoSuchLabel { .. } | RegionError::TooManyLesions { .. },
            ) => Self::WhichLesion,
            StudyError::Volume(error) => Self::of_volume(error),
            StudyError::Dicom(DicomError::Volume(error)) => Self::of_volume(error),
            StudyError::Dicom(DicomError::OnePhase { .. }) => Self::OnePhase,
            StudyError::Dicom(DicomError::NoPreContrast(_)) => Self::BeforeContrast,
            StudyError::Dicom(_) => Self::Images,
            StudyError::ImageFile(ImageFileError::Series { source, .. }) => Self::of_volume(source),
            StudyError::ImageFile(ImageFileError::NoPhaseBeforeContrast { .. }) => {
                Self::BeforeContrast
            }
            StudyError::Learn(LearnError::MissingFeatures { .. }) => Self::Features,
            StudyError::Learn(LearnError::OneClass { .. }) => Self::OneClassAlone,
            _ => Self::Other,
        })
    }

    fn of_volume(error: &VolumeError) -> Self {
        match error {
            VolumeError::TooFewPhases { .. } => Self::OnePhase,
            VolumeError::GridMismatch { .. } => Self::Grid,
            _ => Self::Other,
        }
    }

    fn keys(self) -> [&'static str; 2] {
        match self {
            Self::EmptyMask => ["refused-empty-mask", "refused-empty-mask-remedy"],
            Self::NothingFound => ["refused-nothing-found", "refused-nothing-found-remedy"],
            Self::WhichLesion => ["refused-which-lesion", "refused-which-lesion-remedy"],
            Self::OnePhase => ["refused-one-phase", "refused-one-phase-remedy"],
            Self::BeforeContrast => ["refused-before-contrast", "refused-before-contrast-remedy"],
            Self::Grid => ["refused-grid", "refused-grid-remedy"],
            Self::Images => ["refused-images", "refused-images-remedy"],
            Self::Features => ["refused-features", "refused-features-remedy"],
            Self::OneClassAlone => ["refused-one-class-alone", "refused-one-class-alone-remedy"],
            Self::Other => ["refused-other", "refused-other-remedy"],
        }
    }

    /// In the words of a report, with the program's own message.
    fn in_words(self, message: String, words: &Catalogue) -> Refusal {
        let [what, remedy] = self.keys().map(|key| words.text(key));
        Refusal {
            what,
            remedy,
            message,
        }
    }
}

/// An error's message without the folders of this machine.
pub(crate) fn message_of(error: &StudyError, paths: &[&Path]) -> String {
    let mut message = error.to_string();
    for path in paths {
        let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_path_buf());
        for path in [path.to_path_buf(), whole] {
            for folder in [Some(path.as_path()), path.parent()].into_iter().flatten() {
                let name = folder.to_string_lossy();
                if name.contains('/') {
                    message = message.replace(&*name, &file_name(folder));
                }
            }
        }
    }
    message
}

/// What the JSON file holds in place of a prediction.
#[derive(Serialize)]
struct RefusedPrediction<'a> {
    /// Always true: not for diagnosis.
    research_use_only: bool,
    patient_id: &'a str,
    /// Always null: there is no prediction.
    class: Option<()>,
    refused: RefusedFor<'a>,
    manifest: &'a Manifest,
}

#[derive(Serialize)]
struct RefusedFor<'a> {
    reason: Missing,
    what: &'a str,
    remedy: &'a str,
    message: &'a str,
}

/// Writes the files of a plan when its input could not be used. Nothing is written for errors that say nothing about the input.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn refuse_prediction(
    plan: &PredictPlan,
    problem: &StudyError,
) -> Result<(), StudyError> {
    let Some(missing) = Missing::of(problem) else {
        return Ok(());
    };
    let words = Catalogue::new(plan.language);
    let images = &plan.case.images;
    let mask = plan.case.lesion.file();
    let mut paths: Vec<&Path> = vec![&plan.case.model, &images.path];
    paths.extend(mask);
    paths.extend(images.weights.as_deref());
    paths.extend(images.rules.as_deref());
    let refusal = missing.in_words(message_of(problem, &paths), &words);
    // What can be read is shown all the same: it helps to see what is missing.
    let study = images.study().ok();
    let model = ModelFile::read(&plan.case.model).ok();
    let patient_id = match (&study, problem) {
        (Some(study), _) => study.id.clone(),
        (None, StudyError::Patient { patient, .. }) => patient.clone(),
        (None, _) => folder_name(&images.path),
    };
    let mut manifest = Manifest::new("predict", &());
    if model.is_some() {
        manifest.add_input(&plan.case.model)?;
    }
    let inputs = study.iter().flat_map(|study| study.inputs.iter().cloned());
    manifest.inputs.extend(inputs);
    if let Some(path) = &plan.json {
        let file = RefusedPrediction {
            research_use_only: true,
            patient_id: &patient_id,
            class: None,
            refused: RefusedFor {
                reason: missing,
                what: &refusal.what,
                remedy: &refusal.remedy,
                message: &refusal.message,
            },
            manifest: &manifest,
        };
        write_json(path, &file)?;
    }
    if plan.html.is_none() && plan.pdf.is_none() {
        return Ok(());
    }
    let card = model.map(|model| model_card(&model, &plan.case.model, &words));
    let mut provenance = vec![(
        words.text("provenance-version"),
        manifest.triher_version.clone(),
    )];
    let inputs = manifest.inputs.iter();
    provenance.extend(inputs.map(|i| (words.said(&i.name), i.sha256.clone())));
    let mut report = PatientReport {
        language: plan.language,
        patient_id,
        refusal: Some(refusal),
        model: card.transpose()?.unwrap_or_default(),
        manifest: provenance,
        simulated: plan.simulated,
        ..PatientReport::default()
    };
    if let Some(study) = &study {
        show(study, &mut report, &words)?;
    }
    if let Some(path) = &plan.html {
        write_whole(path, patient_report(&report).as_bytes())?;
    }
    if let Some(path) = &plan.pdf {
        let pdf = patient_pdf(&report).map_err(|e| StudyError::Internal(e.to_string()))?;
        write_whole(path, &pdf)?;
    }
    Ok(())
}

/// The phases that were read, on their middle slice.
fn show(
    study: &PatientStudy,
    report: &mut PatientReport,
    words: &Catalogue,
) -> Result<(), StudyError> {
    let grid = *study.series.geometry();
    let middle = grid.size().map(|n| n / 2);
    let middle = Mask::from_fn(grid, |index| index == middle);
    report.study = pictures::phases(&study.series, &middle, None, None, words)?;
    for picture in &mut report.study {
        picture.outlines.clear();
    }
    report.series_read = crate::patient_page::series_read(study, words);
    let aside = study.set_aside.iter();
    report.set_aside = aside
        .map(|s| (s.series.clone(), words.said(&s.reason)))
        .collect();
    report.warnings = study.warnings.iter().map(|w| words.said(w)).collect();
    Ok(())
}

/// What a command that makes one page asks for.
pub(crate) struct RefusedPage<'a> {
    /// Key of the heading: what was not done.
    pub(crate) heading: &'a str,
    /// Title of the page.
    pub(crate) title: String,
    pub(crate) language: Language,
    /// Whether the data are simulated.
    pub(crate) simulated: bool,
    /// The page.
    pub(crate) html: Option<PathBuf>,
    /// JSON beside it.
    pub(crate) json: Option<PathBuf>,
    /// What was to be read: their folders are not named in the message.
    pub(crate) paths: Vec<&'a Path>,
}

/// JSON in place of figures.
#[derive(Serialize)]
struct RefusedFigures<'a> {
    research_use_only: bool,
    refused: RefusedFor<'a>,
}

/// Writes a page that says why there are no figures. Nothing is written for errors that say nothing about the input.
///
/// # Errors
/// When a file cannot be written.
pub(crate) fn refuse_page(page: &RefusedPage<'_>, problem: &StudyError) -> Result<(), StudyError> {
    let Some(missing) = Missing::of(problem) else {
        return Ok(());
    };
    let words = Catalogue::new(page.language);
    let refusal = missing.in_words(message_of(problem, &page.paths), &words);
    if let Some(path) = &page.json {
        let file = RefusedFigures {
            research_use_only: true,
            refused: RefusedFor {
                reason: missing,
                what: &refusal.what,
                remedy: &refusal.remedy,
                message: &refusal.message,
            },
        };
        write_json(path, &file)?;
    }
    if let Some(path) = &page.html {
        let report = RefusalReport {
            language: page.language,
            title: page.title.clone(),
            heading: words.text(page.heading),
            refusal,
            simulated: page.simulated,
            manifest: vec![("triher".to_owned(), crate::VERSION.to_owned())],
        };
        write_whole(path, refusal_report(&report).as_bytes())?;
    }
    Ok(())
}
