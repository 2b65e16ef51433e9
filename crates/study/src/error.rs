//! What can go wrong in a study.

use std::path::{Path, PathBuf};

/// Why a step of a study could not be done.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StudyError {
    /// A file or folder cannot be read.
    #[error("{} cannot be read: {source}. Check that it exists and that you may read it.", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A file or folder cannot be written.
    #[error("{} cannot be written: {source}. Check that the folder exists, that you may write there and that the disk has room.", path.display())]
    Write {
        /// The file.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A configuration file says something that cannot be done.
    #[error("{}: {problem}", file.display())]
    Configuration {
        /// The file.
        file: PathBuf,
        /// What is wrong and what to write instead.
        problem: String,
    },
    /// Something about the input, said in whole sentences.
    #[error("{0}")]
    Input(String),
    /// A model would be evaluated on patients that its features were fitted on.
    #[error(
        "{what}, which the model's features depend on, were fitted on {count} of these patients ({first}): the figures would flatter. Leave these patients out, or fit on other patients and train again."
    )]
    SeenPatients {
        /// What was fitted.
        what: String,
        /// How many of the patients it was fitted on.
        count: usize,
        /// The first of them.
        first: String,
    },
    /// One patient's images could not be used.
    #[error("patient {patient}: {source}")]
    Patient {
        /// The patient's identifier.
        patient: String,
        /// Why.
        source: Box<StudyError>,
    },
    /// Something that a mistake in triher itself causes.
    #[error("internal error: {0}. Please report it with the command that led to it.")]
    Internal(String),
    /// A volume's geometry.
    #[error(transparent)]
    Volume(#[from] triher_volume::VolumeError),
    /// Reading DICOM.
    #[error(transparent)]
    Dicom(#[from] triher_dicom::DicomError),
    /// Reading a DICOM segmentation.
    #[error(transparent)]
    Segmentation(#[from] triher_segmentation::SegmentationError),
    /// Writing DICOM.
    #[error(transparent)]
    DicomWrite(#[from] triher_dicomwrite::DicomWriteError),
    /// Reading or writing NIfTI or NRRD.
    #[error(transparent)]
    ImageFile(#[from] triher_imagefile::ImageFileError),
    /// Finding the lesion.
    #[error(transparent)]
    Region(#[from] triher_region::RegionError),
    /// Cutting the encoder's input.
    #[error(transparent)]
    Patch(#[from] triher_patch::PatchError),
    /// Reading or writing a checkpoint.
    #[error(transparent)]
    Checkpoint(#[from] triher_checkpoint::CheckpointError),
    /// Loading or running the encoder.
    #[error(transparent)]
    Encoder(#[from] triher_encoder::EncoderError),
    /// Loading or running an ONNX model.
    #[error(transparent)]
    Onnx(#[from] triher_onnx::OnnxError),
    /// Kinetics and first-order features.
    #[error(transparent)]
    Kinetics(#[from] triher_kinetics::KineticsError),
    /// Finding the breast and the lesion.
    #[error(transparent)]
    Detection(#[from] triher_detection::DetectionError),
    /// Changing images and masks a little.
    #[error(transparent)]
    Perturbation(#[from] triher_perturbation::PerturbationError),
    /// Dividing a lesion into habitats.
    #[error(transparent)]
    Habitat(#[from] triher_habitat::HabitatError),
    /// The bias field.
    #[error(transparent)]
    Bias(#[from] triher_bias::BiasError),
    /// Moving phases onto each other.
    #[error(transparent)]
    Registration(#[from] triher_registration::RegistrationError),
    /// Radiomics features.
    #[error(transparent)]
    Radiomics(#[from] triher_radiomics::RadiomicsError),
    /// Fits of pharmacokinetic models.
    #[error(transparent)]
    Pharmacokinetic(#[from] triher_pharmacokinetic::PharmacokineticError),
    /// HER2 labels.
    #[error(transparent)]
    Label(#[from] triher_label::LabelError),
    /// Feature tables.
    #[error(transparent)]
    Table(#[from] triher_table::TableError),
    /// Fitting and the model file.
    #[error(transparent)]
    Learn(#[from] triher_learn::LearnError),
    /// Statistics.
    #[error(transparent)]
    Stats(#[from] triher_stats::StatsError),
    /// Training of the encoder.
    #[error(transparent)]
    Training(#[from] triher_training::TrainingError),
    /// A figure or report.
    #[error(transparent)]
    Report(#[from] triher_report::ReportError),
    /// Attribution.
    #[error(transparent)]
    Attribution(#[from] triher_attribution::AttributionError),
    /// The simulator.
    #[error(transparent)]
    Simulate(#[from] triher_simulate::SimulateError),
}

impl StudyError {
    /// A closure for `map_err` on reading `path`.
    pub(crate) fn read(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Read {
            path: path.to_owned(),
            source,
        }
    }

    /// A closure for `map_err` on writing `path`.
    pub(crate) fn write(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Write {
            path: path.to_owned(),
            source,
        }
    }

    /// The same error, told of a patient.
    #[must_use]
    pub fn of_patient(self, patient: &str) -> Self {
        match self {
            told @ Self::Patient { .. } => told,
            source => Self::Patient {
                patient: patient.to_owned(),
                source: Box::new(source),
            },
        }
    }

    /// Whether triher itself is at fault rather than its input.
    pub fn is_internal(&self) -> bool {
        match self {
            Self::Internal(_) => true,
            Self::Patient { source, .. } => source.is_internal(),
            _ => false,
        }
    }
}
