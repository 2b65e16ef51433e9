//! Fine-tuning of an encoder on labelled patches, from a configuration file to weights.

use crate::StudyError;
use crate::encoder_tensors::{Tensors, encoder_tensors};
use crate::evaluation::most_probable;
use crate::finetune_samples::Samples;
use crate::manifest::{Manifest, sha256_hex, write_whole};
use crate::progress::Progress;
use crate::study_file::configuration;
use crate::training_page::finetuning_page;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use triher_report::{Catalogue, EvaluationReport, Language};
use triher_stats::{Evaluation, EvaluationOptions, Predictions};
use triher_training::{
    CrossValidated, EncoderSizes, EpochReport, FinetuneSettings, Finetuned, Labelled, Storage,
    cross_validate, finetune,
};

/// A fine-tuning run as its file describes it. Paths are relative to the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinetunePlan {
    /// Table of samples (CSV), one row a sample: `patient_id`, `class`, and files (NIfTI, NRRD or `.npy`, relative to the table), all cut to the
    /// encoder's side. `file` is the patch; with `training.fusion = true` three columns stand in its place, `c2_minus_c0`, `c2` and
    /// `c5_minus_c2`. The head `"masked-two-branch"` asks for a column `mask` too, voxels above 0 being the lesion.
    pub samples: PathBuf,
    /// Weights to begin with (.pth.tar or .safetensors); random ones when left out.
    #[serde(default)]
    pub weights: Option<PathBuf>,
    /// Weights to write (`.safetensors`), the head's among them; the loss curve and the manifest lie beside them.
    pub out: PathBuf,
    /// Precision of the weights.
    #[serde(default)]
    pub storage: Storage,
    /// The classes in their order, from lowest to highest where the loss is ordinal.
    #[serde(default = "her2_classes")]
    pub classes: Vec<String>,
    /// Folds of a cross-validation beside the network that is written: each fold's patients are predicted by a network that has not seen them.
    /// None when left out.
    #[serde(default)]
    pub folds: Option<usize>,
    /// Threads; the results do not depend on them. All cores when left out.
    #[serde(default, skip_serializing)]
    pub threads: Option<usize>,
    /// Language of the pages.
    #[serde(skip)]
    pub language: Language,
    /// Sizes of the encoder, for random weights; those of the checkpoint otherwise.
    #[serde(default)]
    pub encoder: Option<EncoderSizes>,
    /// What learns, and how.
    #[serde(default)]
    pub training: FinetuneSettings,
}

fn her2_classes() -> Vec<String> {
    ["zero", "low", "positive"].map(str::to_owned).to_vec()
}

/// What a run wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct FinetuneFiles {
    /// The weights.
    pub weights: PathBuf,
    /// Losses of every epoch.
    pub curve: PathBuf,
    /// The page with the learning curves.
    pub page: PathBuf,
    /// Figures over the folds, when they were asked for, with predictions and page.
    pub cross_validated: Option<CrossValidation>,
    /// Manifest.
    pub manifest: PathBuf,
    /// The epoch whose weights were kept.
    pub best_epoch: usize,
    /// Its loss on the patients that were held out.
    pub validation_loss: Option<f64>,
}

/// What a cross-validation gave.
#[derive(Clone, Debug, PartialEq)]
pub struct CrossValidation {
    /// Each sample's probabilities by a network that has not seen its patient.
    pub predictions: PathBuf,
    /// The page with the figures.
    pub page: PathBuf,
    /// The figures.
    pub evaluation: Evaluation,
}

impl FinetunePlan {
    /// Reads a configuration file (TOML).
    ///
    /// # Errors
    /// When the file cannot be read or holds unknown settings or settings of no use.
    pub fn read(file: &Path) -> Result<Self, StudyError> {
        let text = std::fs::read_to_string(file).map_err(StudyError::read(file))?;
        let mut plan: Self =
            toml::from_str(&text).map_err(|e| configuration(file, e.to_string()))?;
        let folder = file.parent().unwrap_or(Path::new(""));
        plan.out = folder.join(&plan.out);
        plan.samples = folder.join(&plan.samples);
        plan.weights = plan.weights.take().map(|p| folder.join(p));
        let problem = if plan.weights.is_some() && plan.encoder.is_some() {
            "[encoder] is for random weights; those in `weights` have their own sizes: leave one of them out"
        } else if plan.threads == Some(0) {
            "threads must be at least 1"
        } else if plan.classes.len() < 2 {
            "classes must name two or more"
        } else {
            return Ok(plan);
        };
        Err(configuration(file, problem))
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.out.file_stem().unwrap_or_default().to_os_string();
        name.push(ending);
        self.out.with_file_name(name)
    }
}

/// The encoder to begin with: its sizes, and its tensors when there are weights.
fn start(plan: &FinetunePlan) -> Result<(EncoderSizes, Option<Tensors>), StudyError> {
    let Some(path) = &plan.weights else {
        return Ok((plan.encoder.unwrap_or_default(), None));
    };
    let (sizes, tensors) = encoder_tensors(Some(path))?;
    Ok((sizes, Some(tensors)))
}

/// Fine-tunes and writes the weights, `NAME.curve.csv`, `NAME.html` with the learning curves and `NAME.manifest.json`; with folds
/// `NAME.out_of_fold.csv` and `NAME.out_of_fold.html` too.
///
/// # Errors
/// When samples or weights cannot be read or do not fit together, a file cannot be written, or the loss leaves the numbers.
pub fn run(plan: &FinetunePlan, progress: &dyn Progress) -> Result<FinetuneFiles, StudyError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(plan.threads.unwrap_or(0))
        .build()
        .map_err(|e| StudyError::Internal(format!("threads cannot be had: {e}")))?;
    pool.install(|| {
        let (sizes, tensors) = start(plan)?;
        plan.training.check(&sizes)?;
        let samples = Samples::read(plan, &sizes)?;
        let labelled = Labelled {
            patches: &samples.patches,
            masks: &samples.masks,
            labels: &samples.labels,
            patients: &samples.patients,
            classes: plan.classes.len(),
        };
        let folds = match plan.folds {
            None => None,
            Some(folds) => {
                let most = (folds * plan.training.epochs) as u64;
                progress.begin("Cross-validation", most);
                let told = |fold: usize, epoch: &EpochReport| {
                    progress.step(&format!("fold {}, loss {:.4}", fold + 1, epoch.loss));
                };
                let encoder = tensors.as_ref();
                let given = cross_validate(&plan.training, sizes, encoder, &labelled, folds, told)?;
                progress.end();
                Some(given)
            }
        };
        progress.begin("Fine-tuning", plan.training.epochs as u64);
        let tuned = finetune(
            &plan.training,
            sizes,
            tensors.as_ref(),
            &labelled,
            |epoch| {
                progress.step(&format!("loss {:.4}", epoch.loss));
            },
        )?;
        progress.end();
        write(plan, &sizes, &samples, &tuned, folds.as_ref())
    })
}

fn write(
    plan: &FinetunePlan,
    sizes: &EncoderSizes,
    samples: &Samples,
    tuned: &Finetuned,
    folds: Option<&CrossValidated>,
) -> Result<FinetuneFiles, StudyError> {
    let mut rows = String::from("epoch,loss,validation_loss,learning_rate\n");
    for epoch in &tuned.curve {
        let held_out = epoch
            .validation_loss
            .map_or(String::new(), |v| v.to_string());
        let _ = writeln!(
            rows,
            "{},{},{held_out},{}",
            epoch.epoch, epoch.loss, epoch.learning_rate
        );
    }
    let curve = plan.beside(".curve.csv");
    write_whole(&curve, rows.as_bytes())?;
    write_whole(&plan.out, &tuned.weights(plan.storage)?)?;
    let mut manifest = Manifest::new("finetune", &public(plan));
    manifest.seeds = vec![("fine-tuning".to_owned(), plan.training.seed)];
    if let Some(weights) = &plan.weights {
        manifest.add_input(weights)?;
    }
    manifest.add_input(&plan.samples)?;
    manifest.notes.push(format!(
        "{} patches, SHA-256 of their voxels {}",
        samples.labels.len(),
        sha256_hex(&samples.patches.to_bytes())
    ));
    manifest.notes.push(format!(
        "the weights are those after epoch {}",
        tuned.best_epoch
    ));
    manifest.add_output(&plan.out)?;
    manifest.add_output(&curve)?;
    let cross_validated = match folds {
        None => None,
        Some(folds) => Some(write_folds(plan, samples, folds, &mut manifest)?),
    };
    let page = plan.beside(".html");
    let of = (&*tuned.curve, tuned.best_epoch, tuned.len());
    let html = finetuning_page(plan, sizes, of, folds, &manifest);
    write_whole(&page, html.as_bytes())?;
    manifest.add_output(&page)?;
    let path = plan.beside(".manifest.json");
    manifest.write(&path)?;
    let best = tuned.curve.iter().find(|e| e.epoch == tuned.best_epoch);
    Ok(FinetuneFiles {
        weights: plan.out.clone(),
        curve,
        page,
        cross_validated,
        manifest: path,
        best_epoch: tuned.best_epoch,
        validation_loss: best.and_then(|e| e.validation_loss),
    })
}

/// Writes the folds' predictions and the page with their figures.
fn write_folds(
    plan: &FinetunePlan,
    samples: &Samples,
    folds: &CrossValidated,
    manifest: &mut Manifest,
) -> Result<CrossValidation, StudyError> {
    let predictions = plan.beside(".out_of_fold.csv");
    let wrong = |e: csv::Error| StudyError::Internal(e.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    let mut header = ["file", "patient_id", "fold", "class", "predicted"]
        .map(str::to_owned)
        .to_vec();
    header.extend(plan.classes.iter().map(|c| format!("probability_{c}")));
    writer.write_record(&header).map_err(wrong)?;
    for (index, row) in folds.probabilities.iter().enumerate() {
        let mut record = vec![
            samples.names[index].clone(),
            samples.patients[index].clone(),
            (folds.folds[index] + 1).to_string(),
            plan.classes[samples.labels[index]].clone(),
            plan.classes[most_probable(row)].clone(),
        ];
        record.extend(row.iter().map(ToString::to_string));
        writer.write_record(&record).map_err(wrong)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|e| StudyError::Internal(e.to_string()))?;
    write_whole(&predictions, &bytes)?;
    manifest.add_output(&predictions)?;
    let given = Predictions::new(
        samples.names.clone(),
        samples.patients.clone(),
        plan.classes.clone(),
        samples.labels.clone(),
        folds.probabilities.concat(),
        None,
    )?;
    let options = EvaluationOptions {
        seed: plan.training.seed,
        ..EvaluationOptions::default()
    };
    let evaluation = triher_stats::evaluate(&given, &options)?;
    let words = Catalogue::new(plan.language);
    let count = folds.curves.len().to_string();
    let mut report = EvaluationReport::new(words.text("training-cross-validation"), &evaluation);
    report.language = plan.language;
    report.subtitle = words.with("training-cross-validation-folds", &[("count", &count)]);
    report.limits = vec![words.text("training-cross-validation-limit")];
    report.manifest = vec![("triher".to_owned(), manifest.triher_version.clone())];
    let page = plan.beside(".out_of_fold.html");
    write_whole(&page, triher_report::evaluation_report(&report).as_bytes())?;
    manifest.add_output(&page)?;
    Ok(CrossValidation {
        predictions,
        page,
        evaluation,
    })
}

/// The plan without the folders of this machine.
fn public(plan: &FinetunePlan) -> FinetunePlan {
    let name = |path: &Path| PathBuf::from(path.file_name().unwrap_or_default());
    let mut plan = plan.clone();
    plan.out = name(&plan.out);
    plan.samples = name(&plan.samples);
    plan.weights = plan.weights.take().map(|p| name(&p));
    plan
}
