//! Fine-tuning of an encoder on labelled patches, from a configuration file to weights.

use crate::StudyError;
use crate::manifest::{Manifest, sha256_hex, write_whole};
use crate::pretrain::read_patch;
use crate::progress::Progress;
use crate::study_file::configuration;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use triher_checkpoint::{Checkpoint, Limits};
use triher_encoder::{EncoderConfig, EncoderOptions};
use triher_training::{
    EncoderSizes, FinetuneSettings, Finetuned, Labelled, PatchStore, Storage, finetune,
};

/// A fine-tuning run as its file describes it. Paths are relative to the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FinetunePlan {
    /// Table of samples (CSV): columns `file` (NIfTI, NRRD or `.npy`, relative to the table), `patient_id` and `class`.
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
    /// Threads; the results do not depend on them. All cores when left out.
    #[serde(default, skip_serializing)]
    pub threads: Option<usize>,
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
    /// Manifest.
    pub manifest: PathBuf,
    /// The epoch whose weights were kept.
    pub best_epoch: usize,
    /// Its loss on the patients that were held out.
    pub validation_loss: Option<f64>,
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

/// A row of the samples' table.
#[derive(Deserialize)]
struct Sample {
    file: PathBuf,
    patient_id: String,
    class: String,
}

/// Patches with their classes and patients.
struct Samples {
    patches: PatchStore,
    labels: Vec<usize>,
    patients: Vec<String>,
}

impl Samples {
    fn read(plan: &FinetunePlan, voxels: usize) -> Result<Self, StudyError> {
        let table = &plan.samples;
        let wrong = |problem: String| {
            StudyError::Input(format!(
                "{}: {problem}; the table has the columns file, patient_id and class",
                table.display()
            ))
        };
        let bytes = std::fs::read(table).map_err(StudyError::read(table))?;
        let folder = table.parent().unwrap_or(Path::new(""));
        let mut samples = Self {
            patches: PatchStore::new(voxels),
            labels: Vec::new(),
            patients: Vec::new(),
        };
        for row in csv::Reader::from_reader(bytes.as_slice()).deserialize() {
            let row: Sample = row.map_err(|e| wrong(e.to_string()))?;
            let class = plan.classes.iter().position(|c| *c == row.class);
            let class = class.ok_or_else(|| {
                wrong(format!(
                    "the class {} of {} is none of {}",
                    row.class,
                    row.file.display(),
                    plan.classes.join(", ")
                ))
            })?;
            let patch = read_patch(&folder.join(&row.file), voxels)?;
            samples.patches.push(&patch)?;
            samples.labels.push(class);
            samples.patients.push(row.patient_id);
        }
        Ok(samples)
    }
}

/// Tensors by name.
type Tensors = BTreeMap<String, Vec<f32>>;

/// The encoder to begin with: its sizes, and its tensors when there are weights.
fn start(plan: &FinetunePlan) -> Result<(EncoderSizes, Option<Tensors>), StudyError> {
    let Some(path) = &plan.weights else {
        return Ok((plan.encoder.unwrap_or_default(), None));
    };
    let found = Checkpoint::open(path, &Limits::default())?.encoder_tensors()?;
    let config = EncoderConfig::from_shapes(path, &found.names.shapes, &EncoderOptions::default())?;
    let sizes = EncoderSizes {
        side: config.side,
        channels: config.channels,
        patch: config.patch,
        width: config.width,
        depth: config.depth,
        heads: config.heads,
        hidden: config.hidden,
    };
    let tensors = found.tensors.into_iter().map(|(name, t)| (name, t.data));
    Ok((sizes, Some(tensors.collect())))
}

/// Fine-tunes and writes the weights, `NAME.curve.csv` and `NAME.manifest.json`.
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
        let samples = Samples::read(plan, sizes.input_len())?;
        let labelled = Labelled {
            patches: &samples.patches,
            labels: &samples.labels,
            patients: &samples.patients,
            classes: plan.classes.len(),
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
        write(plan, &samples, &tuned)
    })
}

fn write(
    plan: &FinetunePlan,
    samples: &Samples,
    tuned: &Finetuned,
) -> Result<FinetuneFiles, StudyError> {
    let mut rows = String::from("epoch,loss,validation_loss\n");
    for epoch in &tuned.curve {
        let held_out = epoch
            .validation_loss
            .map_or(String::new(), |v| v.to_string());
        let _ = writeln!(rows, "{},{},{held_out}", epoch.epoch, epoch.loss);
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
    let path = plan.beside(".manifest.json");
    manifest.write(&path)?;
    let best = tuned.curve.iter().find(|e| e.epoch == tuned.best_epoch);
    Ok(FinetuneFiles {
        weights: plan.out.clone(),
        curve,
        manifest: path,
        best_epoch: tuned.best_epoch,
        validation_loss: best.and_then(|e| e.validation_loss),
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
