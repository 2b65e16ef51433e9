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
    #[error("no region is labelled \"{wanted}\"; there are: {}", present.join(", "))]
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
