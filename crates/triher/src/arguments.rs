//! What can be typed: the first of the command line's two stages.
//!
//! These types hold the words as typed and the help that explains them. Each command turns its
//! own into a validated plan of the library (the second stage, in [`crate::commands`]).

mod case;
mod evaluation;
mod explaining;
mod imaging;
mod patient_report;
mod planning;

pub(crate) use case::{
    AttributeArguments, AttributionMethod, CaseArguments, ImageArguments, ViewArguments,
};
pub(crate) use evaluation::{ClinicalArguments, DesignArguments, EvaluateArguments, RunArguments};
pub(crate) use explaining::{ExplainArguments, MapArguments};
pub(crate) use imaging::{
    CorrectArguments, FilterArguments, FindArguments, FitHabitatsArguments, HabitatsCommand,
    IbsiArguments, MapsArguments, ProfileChoice, RadiomicsArguments, RobustnessArguments,
};
pub(crate) use patient_report::{LanguageArguments, PatientReportArguments};
pub(crate) use planning::SampleSizeArguments;

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// HER2-zero, HER2-low or HER2-positive from breast DCE-MRI.
#[derive(Debug, Parser)]
#[command(name = "triher", version, about, long_about = LONG_ABOUT, after_help = AFTER_HELP)]
#[command(propagate_version = true, arg_required_else_help = true)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
    /// Worker threads; results do not depend on it [default: all cores]
    #[arg(long, global = true, value_name = "N")]
    pub(crate) threads: Option<usize>,
    /// Show no progress
    #[arg(long, short, global = true)]
    pub(crate) quiet: bool,
}

const LONG_ABOUT: &str = "\
Tells HER2-zero, HER2-low and HER2-positive breast cancers apart from dynamic contrast-enhanced MRI: DICOM or NIfTI in, \
calibrated probabilities and a report out. Research use only; not for diagnosis.";

const AFTER_HELP: &str = "\
A study in four steps:
  triher scan HOSPITAL_A/                          see what is there and how the phases were told
  triher extract cohort.toml                       images -> features.parquet
  triher train study.toml                          features + labels -> model.triher
  triher evaluate model.triher --features B.csv --id patient_id --label class --json B.json --html B.html

Exit codes: 0 done; 1 something in the input could not be used (it says what); 2 wrong usage or an internal error.";

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Run the whole method on a simulated three-centre cohort
    Demo(DemoArguments),
    /// Show what a folder, zip or file holds and how the phases were told
    Scan(ScanArguments),
    /// Tell how many patients a study needs before it begins
    SampleSize(SampleSizeArguments),
    /// Turn IHC and ISH columns into zero, low or positive, with the reason for each row
    Label(LabelArguments),
    /// Cut and resize one lesion as an encoder profile does
    Crop(CropArguments),
    /// Compute the encoder's embedding of one lesion
    Embed(EmbedArguments),
    /// Find the lesion where no mask is given: ranked candidates, a mask and a picture to check
    Find(FindArguments),
    /// Take the bias field off a study and undo the motion between its phases, with a picture of before and after
    Correct(CorrectArguments),
    /// Write maps of a study: enhancement of each phase, kinetics of each voxel, a pharmacokinetic model in the lesion
    Maps(MapsArguments),
    /// Compute the radiomics features of one image and its mask
    Radiomics(RadiomicsArguments),
    /// Write the response maps of filters: Laplacian of Gaussian, Laws, Gabor, wavelets
    Filter(FilterArguments),
    /// Compare radiomics with the reference values of the Image Biomarker Standardisation Initiative
    Ibsi(IbsiArguments),
    /// Compute the features of a cohort: resumable, in parallel
    Extract(ExtractArguments),
    /// Fit the habitats of lesions on a training cohort
    #[command(subcommand)]
    Habitats(HabitatsCommand),
    /// Tell which features of a cohort hold when images and masks change a little: ICC of each
    Robustness(RobustnessArguments),
    /// Train a model from features and labels, with cross-validated figures
    Train(Box<TrainArguments>),
    /// Evaluate a model on an external cohort
    Evaluate(EvaluateArguments),
    /// Show what moves a model: Shapley values of its features, by class, block and patient
    Explain(ExplainArguments),
    /// Draw maps of a cohort: principal components, t-SNE, UMAP, and how well the centre can be told
    Map(MapArguments),
    /// Predict one patient's HER2 class
    Predict(PredictArguments),
    /// Show where in the images a model's encoder looked: a map of one lesion, put to the test if you like
    Attribute(AttributeArguments),
    /// Look at a study in the browser: planes, phases, maps, curves, the outline and a prediction; or open a report
    View(ViewArguments),
    /// Pretrain an encoder without labels: MAE or MoCo v3, from one file; goes on where it was stopped
    Pretrain(PretrainArguments),
    /// Train a head, the last blocks or the whole of an encoder on labelled patches, from one file
    Finetune(FinetuneArguments),
    /// Write a simulated cohort as DICOM or NIfTI, with its truth
    Simulate(SimulateArguments),
    /// Do a whole study from one file
    Run(RunArguments),
    /// Show what a model file holds
    Model(ModelArguments),
    /// Look at an encoder's weights, or convert them to safetensors
    #[command(subcommand)]
    Weights(WeightsCommand),
}

#[derive(Debug, Args)]
pub(crate) struct DemoArguments {
    /// Folder to write to (made when missing)
    #[arg(long, value_name = "DIR", default_value = "triher-demo")]
    pub(crate) out: PathBuf,
    /// Seed of the simulation, the folds and the bootstrap
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Encoder weights (.pth.tar, .safetensors), or the card (.toml) of an ONNX model [default: the compact encoder that ships]
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) language: LanguageArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ScanArguments {
    /// Folder, zip archive or single file
    pub(crate) path: PathBuf,
    /// Print JSON instead of a table
    #[arg(long)]
    pub(crate) json: bool,
    /// Also print, for each study, why each series and each way of telling the phases was taken or not
    #[arg(long)]
    pub(crate) explain: bool,
    /// Series rules (TOML) that extend the built-in ones
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct LabelArguments {
    /// Clinical table (CSV or TSV)
    pub(crate) table: PathBuf,
    /// Which columns to read: `tcga`, or a TOML file that names them
    #[arg(long, value_name = "tcga|FILE")]
    pub(crate) columns: String,
    /// Another rule than the built-in ASCO/CAP one (TOML)
    #[arg(long, value_name = "FILE")]
    pub(crate) rule: Option<PathBuf>,
    /// Where to write `patient_id,class,reason` [default: standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct PatchArguments {
    /// Preprocessing profile: fm-bcmri, bl4as or isotropic
    #[arg(long)]
    pub(crate) profile: String,
    /// Image (NIfTI or NRRD)
    #[arg(long, value_name = "FILE")]
    pub(crate) image: PathBuf,
    /// Lesion mask on the same grid (NIfTI, NRRD, DICOM SEG or RTSTRUCT)
    #[arg(long, value_name = "FILE")]
    pub(crate) mask: PathBuf,
    /// Which lesion of the mask: largest, or named:LABEL for a segment; without it the whole mask is one region
    #[arg(long, value_name = "RULE")]
    pub(crate) lesion: Option<String>,
    /// Resample the mask onto the image when they do not share a grid
    #[arg(long)]
    pub(crate) resample_mask: bool,
}

#[derive(Debug, Args)]
pub(crate) struct CropArguments {
    #[command(flatten)]
    pub(crate) patch: PatchArguments,
    /// Cropped image, 48 x 48 x 48, before normalisation (.nii or .nii.gz)
    #[arg(long, value_name = "FILE")]
    pub(crate) out_image: PathBuf,
    /// Cropped mask, 48 x 48 x 48 (.nii or .nii.gz)
    #[arg(long, value_name = "FILE")]
    pub(crate) out_mask: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct EmbedArguments {
    #[command(flatten)]
    pub(crate) patch: PatchArguments,
    /// Encoder weights (.pth.tar, .safetensors), or the card (.toml) of an ONNX model [default: the compact encoder that ships]
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// Views that are embedded and averaged: mirrored along the axes, moved by 2 voxels, or both
    #[arg(
        long,
        default_value = "none",
        value_name = "none|flips|shifts|flips-and-shifts"
    )]
    pub(crate) test_time: String,
    /// CSV of the standard deviations over these views
    #[arg(long, value_name = "FILE")]
    pub(crate) spread: Option<PathBuf>,
    /// Voxels outside of the lesion: kept (bbox) or set to zero (roi-only)
    #[arg(long, default_value = "bbox", value_name = "bbox|roi-only")]
    pub(crate) variant: String,
    /// What to take: the class token, or the patch tokens that touch the lesion, averaged
    #[arg(long, value_enum, default_value_t = Token::Class)]
    pub(crate) token: Token,
    /// Identifier in the `id` column [default: the image's file name]
    #[arg(long)]
    pub(crate) id: Option<String>,
    /// Name of the input in the `input` column
    #[arg(long, default_value = "image")]
    pub(crate) input: String,
    /// CSV to write: id,input,feat_0,feat_1,...
    #[arg(long, value_name = "FILE")]
    pub(crate) out: PathBuf,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Token {
    Class,
    MaskPooled,
}

#[derive(Debug, Args)]
pub(crate) struct ExtractArguments {
    /// Cohort file (TOML): where images and masks are, and which features to compute
    pub(crate) cohort: PathBuf,
    /// Feature table to write, .parquet or .csv [default: as the cohort file says, else features.parquet beside it]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// Compute everything anew, also patients that an earlier run finished
    #[arg(long)]
    pub(crate) fresh: bool,
}

/// A table of features, and which of its columns are what.
#[derive(Debug, Args)]
pub(crate) struct TableArguments {
    /// Feature table (CSV, TSV or Parquet): one row a patient or lesion
    #[arg(long, value_name = "FILE")]
    pub(crate) features: Option<PathBuf>,
    /// Labels in a table of their own, joined by the id (columns: the --id name or `patient_id`; the --label name or `class`)
    #[arg(long, value_name = "FILE")]
    pub(crate) labels: Option<PathBuf>,
    /// Column of identifiers
    #[arg(long, value_name = "COLUMN", default_value = "patient_id")]
    pub(crate) id: String,
    /// Column of labels
    #[arg(long, value_name = "COLUMN", default_value = "class")]
    pub(crate) label: String,
    /// Column of centres
    #[arg(long, value_name = "COLUMN")]
    pub(crate) centre: Option<String>,
    /// Column of patients, when a patient has several rows (they stay in one fold)
    #[arg(long, value_name = "COLUMN")]
    pub(crate) group: Option<String>,
    /// Columns that are not features (may be given several times)
    #[arg(long, value_name = "COLUMN")]
    pub(crate) ignore: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct TrainArguments {
    /// Study file (TOML); or give --features and the options below
    #[arg(conflicts_with = "features", required_unless_present = "features")]
    pub(crate) study: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) table: TableArguments,
    #[command(flatten)]
    pub(crate) clinical: ClinicalArguments,
    /// Take only features that hold, by this table of `triher robustness` (CSV, with its manifest beside it)
    #[arg(long, value_name = "FILE")]
    pub(crate) stability: Option<PathBuf>,
    /// The least ICC of a feature that is taken with --stability
    #[arg(long, default_value_t = 0.75, value_name = "ICC")]
    pub(crate) minimum_icc: f64,
    /// What is compared with it: the lower end of the ICC's interval, or the estimate
    #[arg(long, default_value = "lower", value_parser = ["lower", "estimate"])]
    pub(crate) icc: String,
    /// Classifier
    #[arg(long, default_value = "logistic", value_name = "METHOD", value_parser = ["logistic", "elastic_net", "ordinal", "adjacent_category", "two_stage", "nearest_neighbours", "random_forest", "support_vector", "support_vector_rbf", "boosting", "perceptron"])]
    pub(crate) method: String,
    /// How features are prepared before all else (TOML, as `prepare` of a study file): filters, selection, ComBat
    #[arg(long, value_name = "FILE")]
    pub(crate) prepare: Option<PathBuf>,
    /// Classifier in full (TOML, as `classifier` of a study file): any settings, stacking, fusion of blocks; takes the place of --method
    #[arg(long, value_name = "FILE")]
    pub(crate) classifier: Option<PathBuf>,
    /// Other classifiers to cross-validate on the same folds, with commas between; one that fails does not lose the others
    #[arg(long, value_name = "METHOD,...", value_delimiter = ',', value_parser = ["logistic", "elastic_net", "ordinal", "adjacent_category", "two_stage", "nearest_neighbours", "random_forest", "support_vector", "support_vector_rbf", "boosting", "perceptron"])]
    pub(crate) compare: Vec<String>,
    /// Calibrate the probabilities on out-of-fold predictions
    #[arg(long, value_parser = ["temperature", "vector", "dirichlet", "isotonic"])]
    pub(crate) calibrate: Option<String>,
    /// Make prediction sets that hold the true class this often, within each class (such as 0.9)
    #[arg(long, value_name = "SHARE")]
    pub(crate) conformal: Option<f64>,
    /// Measure how unlike the training rows a row is, and flag it
    #[arg(long)]
    pub(crate) out_of_distribution: bool,
    /// Look for the classifier's settings within each training fold, with at most this many fits
    #[arg(long, value_name = "FITS")]
    pub(crate) tune: Option<usize>,
    /// How they are looked for
    #[arg(long, default_value = "halving", value_parser = ["halving", "random", "parzen"], requires = "tune")]
    pub(crate) search: String,
    /// Penalty of the classifier
    #[arg(long, default_value = "l2", value_parser = ["l2"])]
    pub(crate) penalty: String,
    /// Inverse strength of the penalty, as scikit-learn's C
    #[arg(long, default_value_t = 1.0)]
    pub(crate) c: f64,
    /// Standardise features (mean 0, standard deviation 1) within each training fold
    #[arg(long, default_value = "true", value_name = "true|false", action = clap::ArgAction::Set)]
    pub(crate) standardize: bool,
    /// Principal components to keep, fitted within each training fold [default: no PCA]
    #[arg(long, value_name = "N")]
    pub(crate) pca: Option<usize>,
    /// Weigh classes by the inverse of their frequency
    #[arg(long)]
    pub(crate) balanced: bool,
    /// Folds of the cross-validation (grouped by patient, stratified by class and centre)
    #[arg(long, default_value_t = 5)]
    pub(crate) folds: usize,
    /// Repeats of the cross-validation with other folds
    #[arg(long, default_value_t = 1)]
    pub(crate) repeats: usize,
    /// Bootstrap replicates for the confidence intervals
    #[arg(long, default_value_t = 2000)]
    pub(crate) bootstrap: usize,
    /// Seed of the folds and the bootstrap
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Model file to write [default: model.triher, or as the study file says]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) designs: DesignArguments,
    /// Cross-validated figures as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "Say where the lesion is with --mask, --seed or --box: a prediction is about one lesion."
)]
pub(crate) struct PredictArguments {
    #[command(flatten)]
    pub(crate) case: CaseArguments,
    /// Result as JSON [default: standard output when no report is asked for]
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) report: PatientReportArguments,
}

#[derive(Debug, Args)]
pub(crate) struct SimulateArguments {
    /// Folder to write to (made when missing)
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Cohort specification (TOML) [default: the demo's three centres]
    #[arg(long, value_name = "FILE")]
    pub(crate) spec: Option<PathBuf>,
    /// Patients at each centre, instead of the specification's
    #[arg(long, value_name = "N")]
    pub(crate) patients: Option<usize>,
    /// Seed, instead of the specification's
    #[arg(long)]
    pub(crate) seed: Option<u64>,
    /// File format of the images; masks are DICOM SEG with DICOM, NIfTI with NIfTI
    #[arg(long, value_enum, default_value_t = ImageFormat::Dicom)]
    pub(crate) format: ImageFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum ImageFormat {
    Dicom,
    Nifti,
}

#[derive(Debug, Args)]
pub(crate) struct PretrainArguments {
    /// Configuration (TOML): method, sizes, steps, batch, source of patches and the weights to write
    pub(crate) configuration: PathBuf,
    #[command(flatten)]
    pub(crate) language: LanguageArguments,
}

const FINETUNE_HELP: &str = "\
The configuration:
  samples = 'samples.csv'             columns patient_id, class, file
  weights = 'encoder.safetensors'     left out: random weights, sizes in [encoder]
  out = 'tuned.safetensors'           curve, page and manifest lie beside it
  folds = 5                           cross-validation by patients beside it; left out: none
  [training]
  depth = 'head-only'                 or { last-blocks = 2 }, 'all'
  head = 'masked-two-branch'          or 'linear', { mlp = 256 }
  fusion = true                       three images fused before the encoder
  two_branch = { hidden = 128, bottleneck = 7 }

The two-branch head reads the class token and the lesion's tokens: samples.csv has a column mask (voxels above 0 are the lesion). With \
fusion the columns c2_minus_c0, c2 and c5_minus_c2 stand in place of file. All files are NIfTI, NRRD or .npy of the encoder's side.";

#[derive(Debug, Args)]
#[command(after_long_help = FINETUNE_HELP)]
pub(crate) struct FinetuneArguments {
    /// Configuration (TOML): samples, weights to begin with, what learns and the weights to write
    pub(crate) configuration: PathBuf,
    #[command(flatten)]
    pub(crate) language: LanguageArguments,
}

#[derive(Debug, Args)]
pub(crate) struct ModelArguments {
    /// Model file
    pub(crate) model: PathBuf,
    /// Print the whole content as JSON, coefficients included
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum WeightsCommand {
    /// Show what a checkpoint holds: family, sizes, kind, keys used, ignored and missing, SHA-256
    Inspect(InspectArguments),
    /// Write the encoder of a checkpoint as safetensors
    Convert(ConvertArguments),
}

#[derive(Debug, Args)]
pub(crate) struct InspectArguments {
    /// Checkpoint (.pth, .pth.tar, .pt or .safetensors)
    pub(crate) weights: PathBuf,
    /// Print JSON, with every key
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Args)]
pub(crate) struct ConvertArguments {
    /// Checkpoint (.pth, .pth.tar, .pt or .safetensors)
    pub(crate) weights: PathBuf,
    /// safetensors file to write
    #[arg(
        required_unless_present = "out",
        conflicts_with = "out",
        value_name = "OUT"
    )]
    pub(crate) target: Option<PathBuf>,
    /// safetensors file to write, named
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
    /// How numbers are stored: f32 keeps them, f16 and bf16 halve the file
    #[arg(long, default_value = "f32", value_name = "f32|f16|bf16")]
    pub(crate) storage: String,
}
