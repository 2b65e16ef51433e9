//! What can go wrong in training.

/// An error of training; each says what to do.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TrainingError {
    /// A setting makes no sense.
    #[error("the setting {field} = {value} is of no use here: give {allowed}")]
    Setting {
        /// Name of the setting.
        field: &'static str,
        /// What it was.
        value: String,
        /// What it may be.
        allowed: String,
    },
    /// A patch has another size than the network's input.
    #[error(
        "patch {index} holds {found} voxels and the network takes {expected}: cut patches of the network's side, or change `side` and `channels`"
    )]
    PatchSize {
        /// Number of the patch in its source.
        index: usize,
        /// Voxels found.
        found: usize,
        /// Voxels that the network takes.
        expected: usize,
    },
    /// The head takes masks, and they are missing or of another size.
    #[error(
        "the head reads the lesions' tokens and needs a mask of {voxels} voxels for each patch: give masks on the patches' grid, or take the head \"linear\""
    )]
    Masks {
        /// Voxels of a mask.
        voxels: usize,
    },
    /// There is nothing to train on.
    #[error("there are {found} samples, and training takes at least {needed}: add some")]
    TooFew {
        /// Samples found.
        found: usize,
        /// Samples needed.
        needed: usize,
    },
    /// A patch could not be had.
    #[error("patch {index} could not be made: {problem}")]
    Source {
        /// Number of the patch in its source.
        index: usize,
        /// What happened.
        problem: String,
    },
    /// A number left the numbers.
    #[error(
        "the loss is no finite number at step {step}: lower the learning rate, lengthen the warm-up, or look for patches with odd voxels"
    )]
    Diverged {
        /// The step.
        step: usize,
    },
    /// A resume file or weights file does not fit.
    #[error("the {what} cannot be used: {problem}")]
    State {
        /// `resume file` or `weights`.
        what: &'static str,
        /// What is wrong, and the remedy.
        problem: String,
    },
}

impl TrainingError {
    pub(crate) fn setting(
        field: &'static str,
        value: impl std::fmt::Display,
        allowed: impl Into<String>,
    ) -> Self {
        Self::Setting {
            field,
            value: value.to_string(),
            allowed: allowed.into(),
        }
    }

    pub(crate) fn state(what: &'static str, problem: impl Into<String>) -> Self {
        Self::State {
            what,
            problem: problem.into(),
        }
    }
}
