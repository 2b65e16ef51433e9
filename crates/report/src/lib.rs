//! Self-contained HTML reports with SVG figures.
//!
//! [`evaluation_report`] turns an [`EvaluationReport`] (the facts around a
//! [`triher_stats::Evaluation`]) into one HTML page: data, model, discrimination, calibration,
//! classification, centres, limits, provenance, in the order in which TRIPOD+AI asks for them.
//! [`patient_report`] does the same for one patient: probabilities, what was read, the slices with
//! the lesion's outline and the crop, the lesion's figures and what was not checked, and [`patient_pdf`] puts the same content into a PDF
//! file. [`study_report`] shows a whole study. These are written in English or Chinese ([`Language`]) from one [`Catalogue`] of sentences.
//! [`training_report`] shows how a training run went: learning curves, data, network, settings.
//!
//! A page needs nothing beside itself: no script, no link, no font. Pictures are PNG data inside of it,
//! figures are SVG. Both say "Research use only" on top and at the foot of every printed page. All
//! text is escaped. Every figure has a `<title>`, and a table with its numbers stands beside it.
//! Colours are those of Okabe and Ito, told apart by shapes and dashes too. The same input gives
//! the same bytes.
//!
//! The figures are public in [`figure`], each an SVG document of its own. They are drawn by a small
//! writer of this crate: the plotting libraries we looked at depend on system fonts or do not give
//! the same bytes everywhere.
//!
//! ```
//! use triher_report::{EvaluationReport, evaluation_report};
//! use triher_stats::{EvaluationOptions, Predictions, evaluate};
//!
//! let names = |list: &[&str]| list.iter().map(|s| s.to_string()).collect::<Vec<_>>();
//! let predictions = Predictions::new(
//!     names(&["a", "b", "c", "d"]),
//!     names(&["a", "b", "c", "d"]),
//!     names(&["zero", "low"]),
//!     vec![0, 0, 1, 1],
//!     vec![0.9, 0.1, 0.4, 0.6, 0.6, 0.4, 0.2, 0.8],
//!     None,
//! )?;
//! let evaluation = evaluate(&predictions, &EvaluationOptions { bootstrap: 100, ..Default::default() })?;
//! let page = evaluation_report(&EvaluationReport::new("External test", &evaluation));
//! assert!(page.contains("Research use only"));
//! # Ok::<(), triher_stats::StatsError>(())
//! ```

mod abbreviations;
mod catalogue;
mod checklist;
mod cohort_map;
mod cohort_table;
mod evaluation;
mod explanation;
pub mod figure;
mod page;
mod palette;
mod patient;
mod picture;
mod raster;
mod refusal;
mod said;
mod study;
mod svg;
mod text;
mod training;

pub use catalogue::{Catalogue, Language};
pub use checklist::{Answered, CHECKLIST_HEADER, Checklist, FilledItem, checklist_lines};
pub use cohort_map::{CohortMapReport, Colouring, Tones, cohort_map_report};
pub use cohort_table::CohortTable;
pub use evaluation::{EvaluationReport, evaluation_report};
pub use explanation::{
    AlikeCase, ExplainedRow, ExplanationReport, FeatureEffect, PatientEffect, explanation_report,
};
pub use patient::{
    AttributionPictures, CurvePoint, KineticCurve, LabelledPicture, PatientReport, PhasePicture,
    Reason, SimilarCases, feature_words, patient_pdf, patient_report,
};
pub use picture::{GreyImage, ReportError};
pub use raster::Rasters;
pub use refusal::{Refusal, RefusalReport, refusal_report};
pub use study::{
    ComparedClassifier, ExternalCohort, PermutedLabels, StudyReport, patients_curve, study_report,
};
pub use training::{LearningFigure, LearningLine, TrainingReport, training_report};
