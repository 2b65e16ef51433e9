//! Whole studies: cohorts, extraction, training, evaluation and prediction with their manifests.
//!
//! Each step is a plan (what to do, with defaults filled in) and a function that carries it out: [`extract`](extract::extract),
//! [`train`](train::train), [`evaluate`](evaluation::evaluate), [`predict`](prediction::predict), [`label`](labelling::label),
//! [`simulate`](simulation::simulate), [`run`](run::run) for all of them from one [`StudyFile`](study_file::StudyFile), and
//! [`demo`](demo::demo). They read and write files, report through [`Progress`], and leave a [`Manifest`].
//! The command line and the service are thin over them.
//!
//! ```no_run
//! use triher_study::evaluation::{EvaluatePlan, evaluate};
//! use triher_study::study_file::Columns;
//! use triher_study::tables::TableSource;
//!
//! let plan = EvaluatePlan {
//!     clinical: Default::default(),
//!     model: "model.triher".into(),
//!     table: TableSource {
//!         features: "hospital-c.parquet".into(),
//!         labels: Some("labels.csv".into()),
//!         columns: Columns::default(),
//!         part: None,
//!     },
//!     bootstrap: 2000,
//!     seed: 1,
//!     title: "Hospital C".to_owned(),
//!     language: Default::default(),
//!     simulated: false,
//!     json: Some("hospital-c.json".into()),
//!     html: Some("hospital-c.html".into()),
//!     predictions: None,
//! };
//! let evaluated = evaluate(&plan, &triher_study::Silent)?;
//! println!("macro AUC {:?}", evaluated.evaluation.auc.macro_average.value);
//! # Ok::<(), triher_study::StudyError>(())
//! ```

pub mod attribution;
mod attribution_checks;
mod attribution_map;
mod attribution_place;
mod canvas;
pub mod case;
mod centre_effect;
mod class_score;
pub mod clinical;
pub mod cohort;
pub mod cohort_habitats;
pub mod cohort_map;
mod cohort_table;
pub mod comparison;
pub mod correction;
mod curve_features;
pub mod demo;
mod each_patient;
mod embedding_cache;
pub mod encoder;
mod encoder_tensors;
mod error;
pub mod evaluation;
pub mod explain;
mod explain_figures;
mod explain_folds;
pub mod extract;
mod extract_part;
pub mod feature_definition;
pub mod features;
mod figure_files;
pub mod filtering;
pub mod find;
mod find_network;
mod find_picture;
pub mod finetune;
mod finetune_samples;
pub mod frozen;
pub mod fusion;
pub mod ibsi;
pub mod ibsi_filters;
pub mod labelling;
pub mod lesion;
mod lesion_crops;
mod manifest;
mod map_pictures;
pub mod maps;
pub mod model_settings;
mod motion_picture;
mod npy;
mod paper;
mod paper_answers;
mod paper_figures;
mod paper_metrics;
mod paper_numbers;
pub mod patch;
mod patient_labels;
mod patient_model_card;
mod patient_page;
mod pictures;
pub mod prediction;
pub mod preparation;
pub mod pretrain;
mod progress;
pub mod radiomics;
pub mod recipe;
mod refusal;
pub mod region_features;
pub mod robustness;
mod rounds;
pub mod run;
pub mod sample_size;
pub mod scan;
mod seen;
pub mod signal_recipe;
mod similar_cases;
pub mod simulation;
pub mod source;
pub mod split;
pub mod stability;
pub mod study_file;
mod surroundings;
mod table_recipe;
pub mod tables;
pub mod train;
mod training_page;
pub mod training_patients;
pub mod upstream;
pub mod validation;
pub mod viewing;
pub mod weights;

pub use error::StudyError;
pub use manifest::{FileHash, Manifest, sha256_hex};
pub use progress::{Progress, Silent};
pub use triher_report::{Catalogue, Language};

/// The figures of an evaluation, as [`evaluation`] and [`train`] return them.
pub mod figures {
    pub use triher_stats::{Estimate, Evaluation};
}

/// What can be said of a classifier and of what follows it, as [`model_settings::ModelSettings`] holds it.
pub mod learn {
    pub use triher_learn::{
        Calibration, ClassifierSpec, ConformalSpec, InnerFolds, LearningCurveSpec, NoveltySpec,
        ProbabilitySpec, Search, TuningSpec,
    };
}

/// Writes a text file in one step; folders that are missing are made.
///
/// # Errors
/// When it cannot be written.
pub fn write_text(path: &std::path::Path, text: &str) -> Result<(), StudyError> {
    manifest::write_whole(path, text.as_bytes())
}

/// Uses this many threads for all work; the results are the same for any number.
///
/// # Errors
/// When work has begun already.
pub fn use_threads(threads: usize) -> Result<(), StudyError> {
    let pool = rayon::ThreadPoolBuilder::new().num_threads(threads);
    pool.build_global()
        .map_err(|e| StudyError::Internal(format!("threads cannot be set: {e}")))
}

/// Version of triher, as manifests and models record it.
pub const VERSION: &str = env!("CARGO_PKG_VERSION");
