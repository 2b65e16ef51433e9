//! Arguments of the commands that ask a model about one lesion.

use clap::{Args, ValueEnum};
use std::path::PathBuf;
use triher_study::attribution::{KnownRegion, USUAL_CUBE, USUAL_STEPS};

#[derive(Debug, Args)]
pub(crate) struct CaseArguments {
    /// Model file
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) images: ImageArguments,
}

/// One patient's images and where the lesion is.
#[derive(Debug, Args)]
pub(crate) struct ImageArguments {
    /// The study: DICOM folder, zip or file; folder of NIfTI or NRRD phases; or one 4-D file
    #[arg(value_name = "STUDY")]
    pub(crate) path: PathBuf,
    /// Lesion mask: NIfTI, NRRD, DICOM SEG or RTSTRUCT
    #[arg(long, value_name = "FILE", group = "where")]
    pub(crate) mask: Option<PathBuf>,
    /// A point in the lesion, from which it is outlined: voxel I,J,K of the phases, or X,Y,Zmm in patient coordinates (LPS)
    #[arg(
        long,
        value_name = "X,Y,Z",
        group = "where",
        allow_hyphen_values = true
    )]
    pub(crate) seed: Option<String>,
    /// A box around the lesion, in which it is outlined: voxels I0,J0,K0,I1,J1,K1 (the last ones not included)
    #[arg(long = "box", value_name = "I0,J0,K0,I1,J1,K1", group = "where")]
    pub(crate) bounds: Option<String>,
    /// Which lesion of the mask: largest, or named:LABEL
    #[arg(long, default_value = "largest", value_name = "RULE")]
    pub(crate) lesion: String,
    /// Resample the mask onto the image when they do not share a grid
    #[arg(long)]
    pub(crate) resample_mask: bool,
    /// Patient to take when PATH holds several
    #[arg(long, value_name = "ID")]
    pub(crate) patient: Option<String>,
    /// Seconds of the phases after the pre-contrast one, for files that carry none (0,90,180,...)
    #[arg(long, value_name = "S,S,...")]
    pub(crate) times: Option<String>,
    /// Encoder weights, when the model uses embeddings and the file it was trained with has moved
    #[arg(long, value_name = "FILE")]
    pub(crate) weights: Option<PathBuf>,
    /// Series rules (TOML) that extend the built-in ones
    #[arg(long, value_name = "FILE")]
    pub(crate) rules: Option<PathBuf>,
}

const ATTRIBUTE_HELP: &str = "\
The map explains one class's score, its log probability less the mean over the classes, for models that read an encoder's embedding. Red voxels \
in a viewer say what the network used, not where the disease is.

  relevance             gradient times attention: what speaks for the class (default)
  integrated-gradients  parts that add up to the score, voxel by voxel
  rollout               what the network attended to, whatever the class
  occlusion             how far the score falls when a cube is covered; the one for trees and for ONNX encoders

Example:
  triher attribute model.triher study/ --mask lesion.nii.gz --map where.nii.gz --check --json where.json";

#[derive(Debug, Args)]
#[command(after_help = ATTRIBUTE_HELP)]
pub(crate) struct AttributeArguments {
    #[command(flatten)]
    pub(crate) case: CaseArguments,
    /// How the map is made
    #[arg(long, value_enum, default_value_t = AttributionMethod::Relevance)]
    pub(crate) method: AttributionMethod,
    /// Class to explain [default: the predicted one]
    #[arg(long, value_name = "CLASS")]
    pub(crate) class: Option<String>,
    /// Steps of integrated gradients
    #[arg(long, default_value_t = USUAL_STEPS, value_name = "N")]
    pub(crate) steps: usize,
    /// Edge of the cubes of occlusion, in voxels of the patch
    #[arg(long, default_value_t = USUAL_CUBE, value_name = "N")]
    pub(crate) cube: usize,
    /// Voxels from one cube to the next [default: the edge; less makes a finer map and takes longer]
    #[arg(long, value_name = "N")]
    pub(crate) stride: Option<usize>,
    /// Say also how much of the map lies in this region of the patient, such as a simulated lesion's rim (mask on the phases' grid; may be
    /// given several times)
    #[arg(long = "region", value_name = "NAME=FILE", value_parser = KnownRegion::parse)]
    pub(crate) regions: Vec<KnownRegion>,
    /// Put the map to the test: shuffled weights must change it, and deleting what it names must beat random orders
    #[arg(long)]
    pub(crate) check: bool,
    /// Seed of the test
    #[arg(long, default_value_t = 1, value_name = "SEED", requires = "check")]
    pub(crate) check_seed: u64,
    /// Map on the grid of the phases (NIfTI), as `triher predict --attribution` takes it
    #[arg(long, value_name = "FILE")]
    pub(crate) map: Option<PathBuf>,
    /// Map on the voxels that the network saw (NIfTI)
    #[arg(long, value_name = "FILE")]
    pub(crate) patch_map: Option<PathBuf>,
    /// Result as JSON [default: standard output when no map is asked for]
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum AttributionMethod {
    Relevance,
    IntegratedGradients,
    Rollout,
    Occlusion,
}

const VIEW_HELP: &str = "\
Opens a page in the browser of this machine: three planes, phases, subtraction, maps, the curve under the cursor, the outline to draw, and with \
--model what the model says of it. The page is served on 127.0.0.1 only, for who has the address that is printed; stop with Ctrl-C. Nothing that is drawn \
is kept when it stops.

Examples:
  triher view HOSPITAL_C/patient_9 --mask lesion.dcm --model model.triher
  triher view report-gamma.html                  opens a report in the browser";

#[derive(Debug, Args)]
#[command(after_help = VIEW_HELP)]
pub(crate) struct ViewArguments {
    #[command(flatten)]
    pub(crate) images: ImageArguments,
    /// Model to ask
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    /// Language of the page: en (English) or zh (Chinese)
    #[arg(long, default_value = "en", value_parser = ["en", "zh"])]
    pub(crate) language: String,
    /// Port of the page [default: a free one]
    #[arg(
        long,
        default_value_t = 0,
        hide_default_value = true,
        value_name = "PORT"
    )]
    pub(crate) port: u16,
    /// Print the address and open no browser
    #[arg(long)]
    pub(crate) no_browser: bool,
}
