//! What can go wrong.

/// Why no habitats could be made.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum HabitatError {
    /// There are fewer different samples than clusters.
    #[error(
        "{found} voxels cannot be split into {clusters} habitats: take fewer habitats, or fit them on a cohort"
    )]
    TooFew {
        /// Samples that there are.
        found: usize,
        /// Clusters that were asked for.
        clusters: usize,
    },
    /// A number of clusters without sense.
    #[error("{clusters} habitats cannot be made: ask for 1 to {most}")]
    BadCount {
        /// Clusters that were asked for.
        clusters: usize,
        /// The most that can be asked for.
        most: usize,
    },
    /// Rows of other lengths, or names of another number.
    #[error(
        "the samples have {found} numbers each, {expected} are expected ({what}): make them with the same features as the model's"
    )]
    Width {
        /// What states the number.
        what: &'static str,
        /// Numbers expected.
        expected: usize,
        /// Numbers found.
        found: usize,
    },
    /// A number that is not finite.
    #[error(
        "sample {row} holds {value}, which is not finite: leave such voxels out before clustering"
    )]
    NotFinite {
        /// The sample.
        row: usize,
        /// The number.
        value: f64,
    },
    /// A covariance matrix that cannot be inverted.
    #[error(
        "the covariance of component {component} cannot be inverted: features depend on each other. Leave one out, use diagonal covariances, or regularise more."
    )]
    Singular {
        /// The component.
        component: usize,
    },
    /// A stored model whose parts do not fit together.
    #[error("this is no habitat model: {problem}. Fit it again.")]
    BadModel {
        /// What does not fit.
        problem: &'static str,
    },
    /// A region that cannot be used.
    #[error("the region has no voxel with finite intensities and signal before contrast: {remedy}")]
    EmptyRegion {
        /// What to do.
        remedy: &'static str,
    },
    /// Volumes do not fit.
    #[error(transparent)]
    Volume(#[from] triher_volume::VolumeError),
}
