//! What can go wrong with a region.

/// Why a lesion could not be found or measured.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum RegionError {
    /// The mask marks no voxel.
    #[error(
        "the mask is empty: it marks no voxel as lesion. Check that it is this patient's mask and that the lesion's label is above 0."
    )]
    EmptyMask,
    /// No region has the wanted label.
    #[error("no region is labelled \"{wanted}\"{}", labels(present))]
    NoSuchLabel {
        /// The label that was asked for.
        wanted: String,
        /// The labels that are there.
        present: Vec<String>,
    },
    /// A rule is not one of those that exist.
    #[error("\"{text}\" is no lesion rule: write largest, each, or named:LABEL")]
    BadRule {
        /// The rule as given.
        text: String,
    },
    /// A seed lies outside of the images.
    #[error("the seed voxel {seed:?} lies outside of the images, which have {size:?} voxels")]
    SeedOutside {
        /// The seed.
        seed: [usize; 3],
        /// The grid's size.
        size: [usize; 3],
    },
    /// There is no enhancement at the seed or in the box.
    #[error(
        "nothing enhances at {place}: the images before and after contrast hardly differ there. Choose a point inside the enhancing lesion."
    )]
    NoEnhancement {
        /// The seed or box.
        place: String,
    },
    /// What enhances around the seed goes on beyond the limit.
    #[error(
        "the enhancement around {place} goes on beyond {reach_mm} mm, so no lesion can be told from what surrounds it. Give a box around the lesion, or a mask."
    )]
    NoLimit {
        /// The seed.
        place: String,
        /// The limit, in millimetres.
        reach_mm: f64,
    },
    /// A mask has far more parts than a patient has lesions.
    #[error(
        "the mask has {found} unconnected parts, more than the {limit} that are taken as lesions of one patient: remove the specks, or use the rule largest"
    )]
    TooManyLesions {
        /// Parts of the mask.
        found: usize,
        /// The most that are taken.
        limit: usize,
    },
    /// A radius or width is no length.
    #[error(
        "a width of {width_mm} mm is no width: give a number of millimetres that is not negative"
    )]
    BadWidth {
        /// The width.
        width_mm: f64,
    },
    /// The axes of a grid do not meet at right angles.
    #[error(
        "the axes of the grid do not meet at right angles (largest cosine {cosine:.4}), so distances cannot be taken along them: resample the images first. {grid}"
    )]
    Sheared {
        /// Largest cosine between two axes.
        cosine: f64,
        /// The grid.
        grid: Box<triher_volume::Geometry>,
    },
    /// A volume could not be cut.
    #[error(transparent)]
    Volume(#[from] triher_volume::VolumeError),
    /// A box is empty or leaves the images.
    #[error(
        "the box from {start:?} to {end:?} does not lie inside the images, which have {size:?} voxels (the end is not part of the box)"
    )]
    BoxOutside {
        /// First voxel.
        start: [usize; 3],
        /// One past the last voxel.
        end: [usize; 3],
        /// The grid's size.
        size: [usize; 3],
    },
}

/// The end of the sentence on a missing label.
fn labels(present: &[String]) -> String {
    if present.is_empty() {
        return ": the mask carries no labels. Use the rule largest or each, or a file with labelled segments."
            .to_owned();
    }
    format!("; there are: {}. Use one of these.", present.join(", "))
}
