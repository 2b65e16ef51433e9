//! Pretraining of an encoder, from a configuration file to weights.

use crate::StudyError;
use crate::manifest::{Manifest, sha256_hex, write_whole};
use crate::npy;
use crate::progress::Progress;
use crate::study_file::configuration;
use crate::training_page::pretraining_page;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use triher_report::Language;
use triher_training::{
    AugmentationSettings, EncoderSizes, MaeSettings, Method, MocoSettings, OptimiserSettings,
    PatchSource, PatchStore, PretrainSettings, Pretraining, SimulatedPatches, SimulatedSettings,
    StepReport, Storage, standardise,
};

/// Name of a method.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum MethodName {
    /// Masked autoencoder.
    Mae,
    /// MoCo v3.
    Moco,
}

/// Where patches come from: exactly one of `simulated` and `folder`.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SourceSettings {
    /// Simulated lesions.
    #[serde(default)]
    pub simulated: Option<SimulatedSettings>,
    /// File that keeps simulated patches (half precision, 216 KiB each); without it they live in memory only.
    #[serde(default)]
    pub cache: Option<PathBuf>,
    /// Folder of patches, one a file: NIfTI, NRRD or `.npy`.
    #[serde(default)]
    pub folder: Option<PathBuf>,
}

/// A pretraining run as its file describes it. Paths are relative to the file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PretrainPlan {
    /// The method.
    pub method: MethodName,
    /// Weights to write (`.safetensors`); the resume file, the loss curve and the manifest lie beside them.
    pub out: PathBuf,
    /// Precision of the weights.
    #[serde(default)]
    pub storage: Storage,
    /// Steps of the whole run.
    pub steps: usize,
    /// Patches of a step.
    pub batch: usize,
    /// Seed of weights, order, masks and changes.
    #[serde(default = "one")]
    pub seed: u64,
    /// Threads; the results do not depend on them. All cores when left out.
    #[serde(default, skip_serializing)]
    pub threads: Option<usize>,
    /// Language of the page.
    #[serde(skip)]
    pub language: Language,
    /// Steps between two writings of the resume file.
    #[serde(default = "save_every")]
    pub save_every: usize,
    /// Where patches come from.
    pub source: SourceSettings,
    /// Sizes of the encoder.
    #[serde(default)]
    pub encoder: EncoderSizes,
    /// Optimiser.
    #[serde(default)]
    pub optimiser: OptimiserSettings,
    /// Random changes of patches.
    #[serde(default)]
    pub augmentation: AugmentationSettings,
    /// Settings of the masked autoencoder.
    #[serde(default)]
    pub mae: MaeSettings,
    /// Settings of MoCo v3.
    #[serde(default)]
    pub moco: MocoSettings,
}

fn one() -> u64 {
    1
}

fn save_every() -> usize {
    250
}

/// What a run wrote.
#[derive(Clone, Debug, PartialEq)]
pub struct Pretrained {
    /// The weights.
    pub weights: PathBuf,
    /// Loss and learning rate of every step.
    pub curve: PathBuf,
    /// The page with the learning curves.
    pub page: PathBuf,
    /// Manifest.
    pub manifest: PathBuf,
    /// Numbers of the encoder.
    pub encoder_len: usize,
    /// The last step, when any was taken.
    pub last: Option<StepReport>,
}

impl PretrainPlan {
    /// Reads a configuration file (TOML).
    ///
    /// # Errors
    /// When the file cannot be read, holds unknown settings, or settings of no use.
    pub fn read(file: &Path) -> Result<Self, StudyError> {
        let text = std::fs::read_to_string(file).map_err(StudyError::read(file))?;
        let mut plan: Self =
            toml::from_str(&text).map_err(|e| configuration(file, e.to_string()))?;
        let folder = file.parent().unwrap_or(Path::new(""));
        plan.out = folder.join(&plan.out);
        for path in [&mut plan.source.cache, &mut plan.source.folder] {
            *path = path.take().map(|p| folder.join(p));
        }
        if plan.source.simulated.is_some() == plan.source.folder.is_some() {
            let problem = "[source] takes either `simulated` or `folder`: give one of them";
            return Err(configuration(file, problem));
        }
        if plan.save_every == 0 || plan.threads == Some(0) {
            return Err(configuration(
                file,
                "save_every and threads must be at least 1",
            ));
        }
        if plan.source.simulated.is_some()
            && (plan.encoder.side, plan.encoder.channels) != (SimulatedPatches::SIDE, 1)
        {
            let problem = format!(
                "simulated patches have {} voxels along each axis and one channel: give the encoder side = {0} and channels = 1",
                SimulatedPatches::SIDE
            );
            return Err(configuration(file, problem));
        }
        plan.settings().check()?;
        Ok(plan)
    }

    /// What decides the weights, but for the patches.
    pub fn settings(&self) -> PretrainSettings {
        PretrainSettings {
            method: match self.method {
                MethodName::Mae => Method::Mae(self.mae),
                MethodName::Moco => Method::Moco(self.moco),
            },
            encoder: self.encoder,
            optimiser: self.optimiser,
            augmentation: self.augmentation,
            steps: self.steps,
            batch: self.batch,
            seed: self.seed,
            data: 0,
        }
    }

    fn beside(&self, ending: &str) -> PathBuf {
        let mut name = self.out.file_stem().unwrap_or_default().to_os_string();
        name.push(ending);
        self.out.with_file_name(name)
    }
}

/// Pretrains, or goes on where an earlier run was stopped: writes the weights, `NAME.resume`, `NAME.curve.csv`, `NAME.html`
/// with the learning curves, and `NAME.manifest.json`.
///
/// # Errors
/// When patches cannot be had, a file cannot be read or written, or the loss leaves the numbers.
pub fn pretrain(plan: &PretrainPlan, progress: &dyn Progress) -> Result<Pretrained, StudyError> {
    let pool = rayon::ThreadPoolBuilder::new()
        .num_threads(plan.threads.unwrap_or(0))
        .build()
        .map_err(|e| StudyError::Internal(format!("threads cannot be had: {e}")))?;
    pool.install(|| run(plan, progress))
}

fn run(plan: &PretrainPlan, progress: &dyn Progress) -> Result<Pretrained, StudyError> {
    let mut settings = plan.settings();
    let patches = patches(plan, progress)?;
    let (resume, curve) = (plan.beside(".resume"), plan.beside(".curve.csv"));
    let mut manifest = Manifest::new("pretrain", &public(plan));
    manifest.seeds = vec![("pretraining".to_owned(), plan.seed)];
    if let Some(simulated) = &plan.source.simulated {
        manifest.seeds.push(("patches".to_owned(), simulated.seed));
        manifest
            .notes
            .push("pretrained on simulated lesions only: no real person".to_owned());
    }
    let voxels = sha256_hex(&patches.to_bytes());
    settings.data = u64::from_str_radix(&voxels[..16], 16).unwrap_or_default();
    manifest.notes.push(format!(
        "{} patches, SHA-256 of their voxels {voxels}",
        patches.len()
    ));

    let mut training = match std::fs::read(&resume) {
        Ok(bytes) => Pretraining::resume(settings, &bytes)?,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => Pretraining::new(settings)?,
        Err(e) => return Err(StudyError::read(&resume)(e)),
    };
    let begun = training.step_number();
    let mut rows = earlier_rows(&curve, begun)?;
    if begun > 0 {
        progress.status(&format!(
            "Going on after step {begun} of {}",
            settings.steps
        ));
    }
    progress.begin("Pretraining", settings.steps as u64);
    let mut last = None;
    let mut since_line = 0.0;
    let lines = settings.steps.div_ceil(20);
    while training.step_number() < settings.steps {
        let report = training.step(&patches)?;
        let _ = writeln!(
            rows,
            "{},{},{},{}",
            report.step, report.loss, report.learning_rate, report.gradient
        );
        since_line += report.loss;
        progress.step(&format!("loss {:.4}", report.loss));
        if report.step % lines == 0 {
            progress.status(&format!(
                "step {} of {}, mean loss {:.4}",
                report.step,
                settings.steps,
                since_line / lines as f64
            ));
            since_line = 0.0;
        }
        if report.step % plan.save_every == 0 || report.step == settings.steps {
            // The curve first: rows beyond the resume file's step are dropped when it is read.
            write_whole(&curve, rows.as_bytes())?;
            write_whole(&resume, &training.state()?)?;
        }
        last = Some(report);
    }
    progress.end();
    write_whole(&plan.out, &training.encoder_weights(plan.storage)?)?;
    manifest.add_output(&plan.out)?;
    manifest.add_output(&curve)?;
    let page = plan.beside(".html");
    let html = pretraining_page(
        plan,
        &rows,
        (training.len(), training.encoder_len()),
        &manifest,
    );
    write_whole(&page, html.as_bytes())?;
    manifest.add_output(&page)?;
    let path = plan.beside(".manifest.json");
    manifest.write(&path)?;
    Ok(Pretrained {
        weights: plan.out.clone(),
        curve,
        page,
        manifest: path,
        encoder_len: training.encoder_len(),
        last,
    })
}

/// The plan without the folders of this machine.
fn public(plan: &PretrainPlan) -> PretrainPlan {
    let name = |path: &Path| PathBuf::from(path.file_name().unwrap_or_default());
    let mut plan = plan.clone();
    plan.out = name(&plan.out);
    for path in [&mut plan.source.cache, &mut plan.source.folder] {
        *path = path.take().map(|p| name(&p));
    }
    plan
}

/// The curve's rows up to a step.
fn earlier_rows(curve: &Path, steps: usize) -> Result<String, StudyError> {
    let header = "step,loss,learning_rate,gradient";
    let mut rows = format!("{header}\n");
    if steps == 0 {
        return Ok(rows);
    }
    let text = std::fs::read_to_string(curve).map_err(StudyError::read(curve))?;
    for line in text.lines().skip(1).take(steps) {
        let _ = writeln!(rows, "{line}");
    }
    Ok(rows)
}

/// All patches of a run.
fn patches(plan: &PretrainPlan, progress: &dyn Progress) -> Result<PatchStore, StudyError> {
    let voxels = plan.encoder.input_len();
    match (&plan.source.simulated, &plan.source.folder) {
        (Some(simulated), _) => {
            simulated_patches(simulated, plan.source.cache.as_deref(), progress)
        }
        (None, Some(folder)) => folder_patches(folder, voxels),
        (None, None) => Err(StudyError::Input(
            "nothing says where the patches come from: give [source] simulated or folder"
                .to_owned(),
        )),
    }
}

/// First line of a cache file: of which version, before the hash of the settings.
const CACHE: &str = "triher patches 1 ";

fn simulated_patches(
    settings: &SimulatedSettings,
    cache: Option<&Path>,
    progress: &dyn Progress,
) -> Result<PatchStore, StudyError> {
    let source = SimulatedPatches::new(settings)?;
    let known = (0..source.patients())
        .into_par_iter()
        .map(|patient| source.patient_truth(patient))
        .collect::<Result<Vec<_>, _>>()?;
    let truth: Vec<Vec<f32>> = known.into_iter().flatten().collect();
    let voxels = SimulatedPatches::SIDE.pow(3);
    let internal = |e: serde_json::Error| StudyError::Internal(e.to_string());
    let hash = sha256_hex(
        serde_json::to_string(settings)
            .map_err(internal)?
            .as_bytes(),
    );
    let header = format!("{CACHE}{hash}\n");
    if let Some(path) = cache.filter(|p| p.exists()) {
        let bytes = std::fs::read(path).map_err(StudyError::read(path))?;
        let patches = bytes.strip_prefix(header.as_bytes()).ok_or_else(|| {
            StudyError::Input(format!(
                "{} holds patches of other settings: delete it, or name another cache",
                path.display()
            ))
        })?;
        let store = PatchStore::from_bytes(voxels, patches)?;
        if store.len() == source.len() {
            return Ok(store.with_truth(truth));
        }
    }
    let patients: Vec<usize> = (0..source.patients()).collect();
    progress.begin("Simulating lesions", patients.len() as u64);
    let mut store = PatchStore::new(voxels);
    // A few patients at a time: all their voxels at single precision would take twice the store's memory.
    for patients in patients.chunks(64) {
        let made = patients
            .par_iter()
            .map(|&patient| {
                let made = source.patient(patient)?;
                progress.step(&format!("patient {}", patient + 1));
                Ok(made)
            })
            .collect::<Result<Vec<_>, StudyError>>()?;
        for patch in made.iter().flatten() {
            store.push(patch)?;
        }
    }
    progress.end();
    if let Some(path) = cache {
        let mut bytes = header.into_bytes();
        bytes.extend(store.to_bytes());
        write_whole(path, &bytes)?;
    }
    Ok(store.with_truth(truth))
}

/// Patches of a folder in the order of their names, each brought to mean 0 and standard deviation 1.
fn folder_patches(folder: &Path, voxels: usize) -> Result<PatchStore, StudyError> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(StudyError::read(folder))? {
        files.push(entry.map_err(StudyError::read(folder))?.path());
    }
    files.sort();
    let mut store = PatchStore::new(voxels);
    for file in &files {
        if !is_patch_file(file) {
            continue;
        }
        store.push(&read_patch(file, voxels)?)?;
    }
    if store.is_empty() {
        return Err(StudyError::Input(format!(
            "{} holds no patches: put NIfTI, NRRD or .npy files there",
            folder.display()
        )));
    }
    Ok(store)
}

/// Whether a file may be a patch, by its name.
fn is_patch_file(file: &Path) -> bool {
    file.extension().is_some_and(|e| e == "npy") || triher_imagefile::is_image_file(file)
}

/// The mask of a patch: which voxels are above 0.
pub(crate) fn read_mask(file: &Path, voxels: usize) -> Result<Vec<bool>, StudyError> {
    let mask: Vec<bool> = read_voxels(file, voxels)?
        .iter()
        .map(|&v| v > 0.0)
        .collect();
    if !mask.contains(&true) {
        return Err(StudyError::Input(format!(
            "{} marks no voxel: the head reads the tokens of the lesion and needs one at least",
            file.display()
        )));
    }
    Ok(mask)
}

/// One patch (NIfTI, NRRD or `.npy`), brought to mean 0 and standard deviation 1.
pub(crate) fn read_patch(file: &Path, voxels: usize) -> Result<Vec<f32>, StudyError> {
    let mut patch = read_voxels(file, voxels)?;
    standardise(&mut patch);
    Ok(patch)
}

fn read_voxels(file: &Path, voxels: usize) -> Result<Vec<f32>, StudyError> {
    let patch = match file.extension() {
        Some(ending) if ending == "npy" => npy::read(file)?,
        _ => triher_imagefile::read_image(file)?.into_voxels(),
    };
    if patch.len() != voxels {
        return Err(StudyError::Input(format!(
            "{} holds {} voxels and the encoder takes {voxels}: cut it with `triher crop`, or change `side` and `channels`",
            file.display(),
            patch.len()
        )));
    }
    Ok(patch)
}
