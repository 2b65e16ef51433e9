//! Arguments of the commands that measure images.

use clap::{Args, Subcommand, ValueEnum};
use std::path::PathBuf;
use triher_study::training_patients::TrainingPatients;

/// Which definitions and names features have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum ProfileChoice {
    /// As the Image Biomarker Standardisation Initiative defines them
    Ibsi,
    /// Names and values of PyRadiomics, to reproduce older work
    Pyradiomics,
}

const RADIOMICS_HELP: &str = "\
Without --configuration and --settings, profile ibsi takes the intensities as they are, 32 bins between the region's minimum and maximum, no \
resampling, in three dimensions.

Examples:
  triher radiomics --image post1.nii.gz --mask lesion.nii.gz --out lesion.csv
  triher radiomics --image ct.nii.gz --mask gtv.nii.gz --configuration C --out c.csv
  triher radiomics --profile pyradiomics --settings Params.yaml --image post1.nrrd --mask lesion.nrrd

Settings of profile ibsi (TOML; all optional):
  normalisation = { method = \"z-score\", scale = 100 }
  resampling = { spacing-mm = [1, 1, 1], interpolation = \"linear\" }        # nearest | linear | cubic-bspline; 0 keeps an axis
  resegmentation = { range = [0, 2000], outlier-sigma = 3 }
  discretisation = { method = \"bin-number\", bins = 32 }                   # or \"bin-width\", width = 25, or \"none\"
  aggregation = [\"3D-averaged\", \"3D-merged\"]                              # and 2D-, 2.5D-
  families = [\"morphology\", \"statistics\", \"cooccurrence\"]
  [[filters]]                                                            # measured too, as log_1.5mm_stat_mean ...; cubic voxels
  kind = \"log\"                                                           # mean | log | laws | gabor | wavelet | isotropic-wavelet
  sigma-mm = 1.5                                                         # docs/filters.md has all settings";

#[derive(Debug, Args)]
#[command(after_help = RADIOMICS_HELP)]
pub(crate) struct RadiomicsArguments {
    /// Image (NIfTI, NRRD, Analyze)
    #[arg(long, value_name = "FILE")]
    pub(crate) image: PathBuf,
    /// Mask on the image's grid
    #[arg(long, value_name = "FILE")]
    pub(crate) mask: PathBuf,
    /// The mask's value that is the region [default: all but 0; of pyradiomics 1]
    #[arg(long, value_name = "N")]
    pub(crate) label: Option<i32>,
    /// Which definitions and names
    #[arg(long, value_enum, default_value = "ibsi")]
    pub(crate) profile: ProfileChoice,
    /// Configuration of the IBSI's CT phantom: A, B, C, D or E
    #[arg(long, value_name = "A..E", conflicts_with = "settings")]
    pub(crate) configuration: Option<String>,
    /// Settings: TOML of profile ibsi, or PyRadiomics' parameter file (YAML)
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: Option<PathBuf>,
    /// Table to write: .csv (tag,family,value,unit,flags) or .json [default: CSV on standard output]
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct MapsArguments {
    /// The study: DICOM folder, zip or file; folder of NIfTI or NRRD phases; or one 4-D file
    pub(crate) path: PathBuf,
    /// Folder to write to: pe_1.nii.gz ..., ser.nii.gz ..., and with --mask curve.csv
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// The lesion, for its mean curve and the model (NIfTI, NRRD, DICOM SEG, RTSTRUCT; all of its regions)
    #[arg(long, value_name = "FILE")]
    pub(crate) mask: Option<PathBuf>,
    /// Fit this model to each voxel of the lesion; rates hold up to a factor unless --t10-ms tells the tissue's T1
    #[arg(long, value_parser = ["tofts", "extended-tofts", "two-compartment-exchange"], requires = "mask")]
    pub(crate) model: Option<String>,
    /// Draw each map over every phase, within the lesion (over_NAME.png)
    #[arg(long, requires = "mask")]
    pub(crate) pictures: bool,
    /// Draw this map over every phase too: a filter's response, an attribution map (NIfTI or NRRD, on any grid in patient coordinates; may be
    /// given several times)
    #[arg(long = "overlay", value_name = "FILE", requires = "mask")]
    pub(crate) overlays: Vec<PathBuf>,
    /// When the agent arrives, seconds after the phase before contrast
    #[arg(
        long,
        default_value_t = 0.0,
        value_name = "S",
        allow_hyphen_values = true
    )]
    pub(crate) arrival_s: f64,
    /// T1 of the tissue before contrast: the signal is then that of a spoiled gradient echo, whose repetition time and flip angle DICOM tells
    #[arg(long, value_name = "MS", requires_all = ["model", "relaxivity"])]
    pub(crate) t10_ms: Option<f64>,
    /// Relaxivity of the agent, 1/(mM s)
    #[arg(long, value_name = "R1", requires = "t10_ms")]
    pub(crate) relaxivity: Option<f64>,
    /// Repetition time, for images that do not say it
    #[arg(long, value_name = "MS", requires = "t10_ms")]
    pub(crate) tr_ms: Option<f64>,
    /// Flip angle, for images that do not say it
    #[arg(long, value_name = "DEGREES", requires = "t10_ms")]
    pub(crate) flip_deg: Option<f64>,
    /// Signal before contrast below which a voxel is background
    #[arg(long, default_value_t = 0.0, value_name = "SIGNAL")]
    pub(crate) background: f32,
    /// Patient to take when PATH holds several
    #[arg(long, value_name = "ID")]
    pub(crate) patient: Option<String>,
    /// Seconds of the phases after the pre-contrast one, for files that carry none (0,90,180,...)
    #[arg(long, value_name = "S,S,...")]
    pub(crate) times: Option<String>,
}

const FILTER_HELP: &str = "\
Example of settings (docs/filters.md has all):
  resampling = { spacing-mm = [1, 1, 1], interpolation = \"cubic-bspline\" }

  [[filters]]
  kind = \"log\"
  sigma-mm = 1.5

  [[filters]]
  kind = \"wavelet\"
  family = \"coif1\"
  band = \"LLH\"
  pooling = \"mean\"";

#[derive(Debug, Args)]
#[command(after_help = FILTER_HELP)]
pub(crate) struct FilterArguments {
    /// Image (NIfTI, NRRD, Analyze)
    #[arg(long, value_name = "FILE")]
    pub(crate) image: PathBuf,
    /// Settings as of `triher radiomics` (TOML): normalisation, resampling and filters are used
    #[arg(long, value_name = "FILE")]
    pub(crate) settings: PathBuf,
    /// Folder for the response maps, one <filter>.nii.gz each, and the manifest
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

#[derive(Debug, Args)]
pub(crate) struct IbsiArguments {
    /// Folder with digital_phantom, ct_phantom and reference_values.csv
    #[arg(long, value_name = "DIR")]
    pub(crate) data: PathBuf,
    /// Compare filters of images (IBSI-2) on the CT phantom instead; their reference values are built in
    #[arg(long, conflicts_with = "reference")]
    pub(crate) filters: bool,
    /// Another table of reference values (columns as in reference_values.csv)
    #[arg(long, value_name = "FILE")]
    pub(crate) reference: Option<PathBuf>,
    /// Print only the counts and what is not within tolerance
    #[arg(long)]
    pub(crate) summary: bool,
    /// Print JSON
    #[arg(long, conflicts_with = "summary")]
    pub(crate) json: bool,
    /// Write the table as a document (Markdown)
    #[arg(long, value_name = "FILE")]
    pub(crate) out: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct FindArguments {
    /// The study: DICOM folder, zip or file; folder of NIfTI or NRRD phases; or one 4-D file
    pub(crate) path: PathBuf,
    /// Card (TOML) of a segmentation network as ONNX that looks for lesions instead: nnU-Net, UNETR or the like (docs/detection.md)
    #[arg(long, value_name = "CARD")]
    pub(crate) network: Option<PathBuf>,
    /// A point in the lesion, which then comes first: voxel I,J,K of the phases, or X,Y,Zmm in patient coordinates (LPS)
    #[arg(long, value_name = "X,Y,Z", allow_hyphen_values = true)]
    pub(crate) seed: Option<String>,
    /// A box around the lesion: voxels I0,J0,K0,I1,J1,K1 (the last ones not included)
    #[arg(
        long = "box",
        value_name = "I0,J0,K0,I1,J1,K1",
        conflicts_with = "seed"
    )]
    pub(crate) bounds: Option<String>,
    /// Mask to write (.nii.gz), to be confirmed or corrected by a reader
    #[arg(long, value_name = "FILE")]
    pub(crate) mask: Option<PathBuf>,
    /// Which candidate the mask is of, 1 being the likeliest
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(crate) candidate: usize,
    /// Picture to check: the best candidate's slice, and all candidates on the projection (PNG)
    #[arg(long, value_name = "FILE")]
    pub(crate) picture: Option<PathBuf>,
    /// All candidates with what their rank is made of (JSON)
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Patient to take when PATH holds several
    #[arg(long, value_name = "ID")]
    pub(crate) patient: Option<String>,
    /// Seconds of the phases after the pre-contrast one, for files that carry none (0,90,180,...)
    #[arg(long, value_name = "S,S,...")]
    pub(crate) times: Option<String>,
}

#[derive(Debug, Args)]
#[command(
    after_help = "The table can choose features for training (triher train --stability, or [selection] in a study file). Patients it was made of are then never held out, \
so name training patients: a part of them will do."
)]
pub(crate) struct RobustnessArguments {
    /// Cohort file (TOML), as `triher extract` takes it
    pub(crate) cohort: PathBuf,
    #[command(flatten)]
    pub(crate) training: TrainingChoice,
    /// Table to write: feature, icc, icc_lower, icc_upper, patients, repeats
    #[arg(long, value_name = "FILE.csv")]
    pub(crate) out: PathBuf,
    /// Changes of each patient
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(crate) repeats: u64,
    /// Seed of the changes
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Translation along each axis, up to so many voxels either way
    #[arg(long, default_value_t = 0.5, value_name = "VOXELS")]
    pub(crate) translation: f64,
    /// Rotation within the slices, up to so many degrees either way
    #[arg(long, default_value_t = 6.0, value_name = "DEGREES")]
    pub(crate) rotation: f64,
    /// Noise that is added, relative to that of each phase
    #[arg(long, default_value_t = 1.0, value_name = "TIMES")]
    pub(crate) noise: f64,
    /// Change of the lesion's volume, up to this share either way
    #[arg(long, default_value_t = 0.15, value_name = "SHARE")]
    pub(crate) volume: f64,
    /// Standard deviation of the contour's displacement
    #[arg(long, default_value_t = 0.5, value_name = "MM")]
    pub(crate) contour: f64,
}

#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("what").args(["bias_field", "motion"]).required(true).multiple(true),
    after_help = "The phases are written as NIfTI, which triher extract reads. To correct a whole cohort, write motion = \"deformable\" or bias_field = \"n4\" under \
[features] in its file instead."
)]
pub(crate) struct CorrectArguments {
    /// The study: DICOM folder, zip or file; folder of NIfTI or NRRD phases; or one 4-D file
    pub(crate) path: PathBuf,
    /// Divide all phases by the bias field of the phase before contrast
    #[arg(long, value_parser = ["n4"])]
    pub(crate) bias_field: Option<String>,
    /// Undo the motion between the phases
    #[arg(long, value_parser = ["rigid", "deformable"])]
    pub(crate) motion: Option<String>,
    /// Folder to write the corrected phases to, with correction.json
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
    /// Picture to check: subtraction before and after the motion was undone, in three planes (PNG)
    #[arg(long, value_name = "FILE", requires = "motion")]
    pub(crate) picture: Option<PathBuf>,
    /// The phase that the picture shows, 0 being before contrast [default: the one that moved most]
    #[arg(long, value_name = "N", requires = "picture")]
    pub(crate) picture_phase: Option<usize>,
    /// Patient to take when PATH holds several
    #[arg(long, value_name = "ID")]
    pub(crate) patient: Option<String>,
    /// Seconds of the phases after the pre-contrast one, for files that carry none (0,90,180,...)
    #[arg(long, value_name = "S,S,...")]
    pub(crate) times: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum HabitatsCommand {
    /// Fit habitats on the training patients of a cohort, for [features.habitats] model = "..."
    Fit(FitHabitatsArguments),
}

#[derive(Debug, Args)]
#[command(
    group = clap::ArgGroup::new("who").args(["centres", "list", "all"]).required(true),
    after_help = "Patients that habitats are fitted on are never held out: cross-validation keeps them in training, and triher evaluate refuses a table with one of them."
)]
pub(crate) struct FitHabitatsArguments {
    /// Cohort file (TOML); its [features.habitats] says how many habitats and how they are clustered
    pub(crate) cohort: PathBuf,
    #[command(flatten)]
    pub(crate) training: TrainingChoice,
    /// File to write (JSON)
    #[arg(long, value_name = "FILE", default_value = "habitats.json")]
    pub(crate) out: PathBuf,
    /// Seed of the clustering and of the draw of voxels
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Voxels of each patient that are drawn at most, so that large lesions do not outweigh small ones
    #[arg(long, default_value_t = 2000, value_name = "N")]
    pub(crate) voxels: usize,
}

/// Who the training patients are.
#[derive(Debug, Args)]
#[group(id = "training", multiple = false)]
pub(crate) struct TrainingChoice {
    /// Training patients are those of this centre (may be given several times)
    #[arg(long = "training-centre", value_name = "CENTRE")]
    centres: Vec<String>,
    /// Training patients are those in the column `patient_id` of this table (CSV)
    #[arg(long = "training-patients", value_name = "FILE")]
    list: Option<PathBuf>,
    /// All patients of the cohort are training patients
    #[arg(long = "all-training")]
    all: bool,
}

impl TrainingChoice {
    /// The choice; all patients when nothing was typed and the command allows it.
    pub(crate) fn patients(&self) -> TrainingPatients {
        match (&self.list, self.centres.as_slice()) {
            (Some(list), _) => TrainingPatients::Listed(list.clone()),
            (None, [_, ..]) => TrainingPatients::Centres(self.centres.clone()),
            (None, []) => TrainingPatients::All,
        }
    }
}
