//! Where an attribution map lies against the lesion's outline, and against other regions that are known.

use crate::StudyError;
use crate::lesion::read_masks;
use serde::Serialize;
use std::path::PathBuf;
use triher_attribution::pointing;
use triher_patch::Window;
use triher_volume::{Geometry, Image, Mask};

/// Where a map lies against the lesion's outline, on the voxels that the network saw.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct MapPlace {
    /// Whether its largest value lies in the lesion (pointing game, no margin).
    pub peak_in_lesion: bool,
    /// The largest value's place in patient coordinates (LPS), mm.
    pub peak_mm: [f64; 3],
    /// The share of positive attribution that lies in the lesion; null without any.
    pub share_in_lesion: f64,
    /// The share of the voxels that the lesion holds: what a map without knowledge gets.
    pub lesion_share_of_voxels: f64,
}

/// A region that is known, such as the planted rim of a simulated lesion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KnownRegion {
    /// What it is called.
    pub name: String,
    /// Its mask on the grid of the phases; all of its regions together.
    pub mask: PathBuf,
}

impl KnownRegion {
    /// From `NAME=FILE`.
    ///
    /// # Errors
    /// A sentence, when there is no name or no file.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once('=') {
            Some((name, mask)) if !name.is_empty() && !mask.is_empty() => Ok(Self {
                name: name.to_owned(),
                mask: mask.into(),
            }),
            _ => Err(format!("\"{text}\" is no region: write NAME=FILE")),
        }
    }
}

/// Where a map lies against a known region, on the voxels that the network saw.
#[derive(Clone, Debug, Serialize)]
pub struct RegionPlace {
    /// The region.
    pub name: String,
    /// Whether the map's largest value lies in it.
    pub peak_in_region: bool,
    /// The share of positive attribution that lies in it; null without any.
    pub share_in_region: f64,
    /// The share of the voxels that it holds.
    pub region_share_of_voxels: f64,
}

/// Voxels of a patch, `[z, y, x]`.
fn size(grid: &Geometry) -> [usize; 3] {
    let [columns, rows, slices] = grid.size();
    [slices, rows, columns]
}

/// Compares a map with the lesion's mask on its voxels.
///
/// # Errors
/// When they lie on different voxels.
pub(crate) fn place_of(map: &Image, lesion: &Mask) -> Result<MapPlace, StudyError> {
    let grid = lesion.geometry();
    let found = pointing(map.voxels(), lesion.voxels(), size(grid))?;
    let [z, y, x] = found.peak;
    Ok(MapPlace {
        peak_in_lesion: found.hit,
        peak_mm: grid.index_to_world([x, y, z].map(|v| v as f64)),
        share_in_lesion: found.share_inside,
        lesion_share_of_voxels: found.share_of_voxels,
    })
}

/// Compares a map with known regions. A voxel of the patch belongs to a region when at least half of it does.
///
/// # Errors
/// When a mask cannot be read, lies on another grid than the phases, or none of it lies in the patch.
pub(crate) fn regions_of(
    map: &Image,
    window: &Window,
    known: &[KnownRegion],
    phases: &Geometry,
) -> Result<Vec<RegionPlace>, StudyError> {
    let place = |region: &KnownRegion| {
        let read = read_masks(&region.mask, phases, false)?;
        let mut whole = Image::filled(*phases, 0.0);
        for (_, mask) in &read.masks {
            let inside = whole.voxels_mut().iter_mut().zip(mask.voxels());
            inside
                .filter(|(_, inside)| **inside)
                .for_each(|(voxel, _)| *voxel = 1.0);
        }
        let cut = window.cut(&whole)?.map(|&share| share >= 0.5);
        if cut.count() == 0 {
            return Err(StudyError::Input(format!(
                "nothing of the region {} lies in what the network saw: is {} of this patient?",
                region.name,
                crate::source::file_name(&region.mask)
            )));
        }
        let found = pointing(map.voxels(), cut.voxels(), size(cut.geometry()))?;
        Ok(RegionPlace {
            name: region.name.clone(),
            peak_in_region: found.hit,
            share_in_region: found.share_inside,
            region_share_of_voxels: found.share_of_voxels,
        })
    };
    known.iter().map(place).collect()
}
