//! Where a profile cuts, and the cut.

use crate::profile::{ISOTROPIC_MARGIN_MM, PATCH_SIZE};
use crate::{PatchError, Profile};
use triher_region::{Connectivity, IndexBox, bounding_box, connected_components};
use triher_volume::{
    Geometry, Image, Interpolation, Mask, anti_alias, crop, resample_mask_onto, resample_onto,
    resize_area,
};

/// BL4AS drops parts of this many voxels and fewer.
const BL4AS_SMALL_PART: usize = 15;

/// Where the patch of one lesion is cut; made once, used for every phase.
#[derive(Clone, Debug)]
pub struct Window {
    profile: Profile,
    mask: Mask,
    place: Place,
}

#[derive(Clone, Debug)]
enum Place {
    /// A window of whole voxels, resized by area averaging.
    Voxels(IndexBox),
    /// A grid of its own.
    Grid(Geometry),
}

impl Window {
    /// The window of a profile around a lesion.
    ///
    /// # Errors
    /// [`PatchError::EmptyMask`], [`PatchError::OnlySmallParts`].
    pub fn of(mask: &Mask, profile: &Profile) -> Result<Self, PatchError> {
        let mask = match profile {
            Profile::Bl4as => without_small_parts(mask, *profile)?,
            _ => mask.clone(),
        };
        let bounds = bounding_box(&mask).ok_or(PatchError::EmptyMask)?;
        let place = match profile {
            Profile::FmBcmri => Place::Voxels(clamped(bounds, bounds.size(), mask.geometry())),
            Profile::Bl4as => {
                let side = bounds.size().into_iter().max().unwrap_or(1);
                Place::Voxels(clamped(bounds, [side; 3], mask.geometry()))
            }
            Profile::Isotropic => Place::Grid(isotropic_grid(&mask)?),
        };
        Ok(Self {
            profile: *profile,
            mask,
            place,
        })
    }

    /// The profile.
    pub fn profile(&self) -> Profile {
        self.profile
    }

    /// The voxels of the image that the window touches, for drawing.
    pub fn index_box(&self) -> IndexBox {
        match &self.place {
            Place::Voxels(bounds) => *bounds,
            Place::Grid(grid) => {
                let image = self.mask.geometry();
                let last = (PATCH_SIZE - 1) as f64 + 0.5;
                let mut low = [f64::INFINITY; 3];
                let mut high = [f64::NEG_INFINITY; 3];
                for corner in 0..8 {
                    let index =
                        std::array::from_fn(|a| if corner >> a & 1 == 1 { last } else { -0.5 });
                    let p = image.world_to_index(grid.index_to_world(index));
                    for a in 0..3 {
                        low[a] = low[a].min(p[a]);
                        high[a] = high[a].max(p[a]);
                    }
                }
                let size = image.size();
                IndexBox {
                    start: std::array::from_fn(|a| {
                        ((low[a] + 0.5).floor().max(0.0) as usize).min(size[a] - 1)
                    }),
                    end: std::array::from_fn(|a| {
                        ((high[a] + 0.5).ceil().max(1.0) as usize).min(size[a])
                    }),
                }
            }
        }
    }

    /// Cuts and resizes an image: [`PATCH_SIZE`] voxels along each axis, not normalised.
    ///
    /// # Errors
    /// [`triher_volume::VolumeError::GridMismatch`] when the image lies on another grid than the mask.
    pub fn cut(&self, image: &Image) -> Result<Image, PatchError> {
        image.check_same_grid("image", &self.mask, "mask")?;
        match &self.place {
            Place::Voxels(bounds) => {
                let window = crop(image, bounds.start, bounds.size())?;
                Ok(resize_area(&window, [PATCH_SIZE; 3])?)
            }
            Place::Grid(grid) => {
                // The cube's spacing is the same in all directions, so also along the image's axes.
                let smooth = anti_alias(image, grid.spacing_mm());
                Ok(resample_onto(&smooth, grid, Interpolation::Linear, 0.0))
            }
        }
    }

    /// Cuts and resizes the lesion mask by the rule of the profile.
    ///
    /// # Errors
    /// None that a window made by [`Window::of`] can cause.
    pub fn cut_mask(&self) -> Result<Mask, PatchError> {
        let bounds = match &self.place {
            Place::Grid(grid) => return Ok(resample_mask_onto(&self.mask, grid)),
            Place::Voxels(bounds) => bounds,
        };
        let share = self.mask.map(|&inside| f32::from(u8::from(inside)));
        let window = crop(&share, bounds.start, bounds.size())?;
        let share = resize_area(&window, [PATCH_SIZE; 3])?;
        // The share of a voxel that is lesion: BL4AS takes any, FM-BCMRI truncates it to an integer.
        Ok(match self.profile {
            Profile::FmBcmri => share.map(|&s| s >= 1.0),
            _ => share.map(|&s| s > 0.0),
        })
    }
}

/// Drops parts of 15 voxels and fewer. A mask of one part is kept whatever its size, as in BL4AS's code.
fn without_small_parts(mask: &Mask, profile: Profile) -> Result<Mask, PatchError> {
    let components = connected_components(mask, Connectivity::Faces);
    match components.sizes.len() {
        0 => return Err(PatchError::EmptyMask),
        1 => return Ok(mask.clone()),
        _ => {}
    }
    let keep = |label: u32| label > 0 && components.sizes[label as usize - 1] > BL4AS_SMALL_PART;
    let kept = components.labels.map(|&label| keep(label));
    if kept.count() == 0 {
        return Err(PatchError::OnlySmallParts {
            profile,
            components: components.sizes.len(),
            limit: BL4AS_SMALL_PART,
        });
    }
    let step = format!("parts of {BL4AS_SMALL_PART} voxels and fewer dropped");
    Ok(kept.with_provenance(mask.provenance().clone().with_step(step)))
}

/// A window of `size` around the centre of a box: at a low border it moves inwards, at a high border
/// it is cut off (MONAI's `SpatialCrop` by centre and size).
fn clamped(bounds: IndexBox, size: [usize; 3], geometry: &Geometry) -> IndexBox {
    let centre = bounds.centre();
    let start: [usize; 3] = std::array::from_fn(|a| centre[a].saturating_sub(size[a] / 2));
    let end = std::array::from_fn(|a| (start[a] + size[a]).min(geometry.size()[a]));
    IndexBox { start, end }
}

/// The cube of [`Profile::Isotropic`]: in LPS axes, around the middle of the lesion's extent.
fn isotropic_grid(mask: &Mask) -> Result<Geometry, PatchError> {
    let geometry = mask.geometry();
    let mut low = [f64::INFINITY; 3];
    let mut high = [f64::NEG_INFINITY; 3];
    for (offset, _) in mask
        .voxels()
        .iter()
        .enumerate()
        .filter(|&(_, &inside)| inside)
    {
        let index = geometry.index_at(offset).map(|i| i as f64);
        for corner in 0..8 {
            let p = geometry.index_to_world(std::array::from_fn(|a| {
                index[a] + if corner >> a & 1 == 1 { 0.5 } else { -0.5 }
            }));
            for a in 0..3 {
                low[a] = low[a].min(p[a]);
                high[a] = high[a].max(p[a]);
            }
        }
    }
    let longest = (0..3).map(|a| high[a] - low[a]).fold(0.0, f64::max);
    let side = longest + 2.0 * ISOTROPIC_MARGIN_MM;
    let spacing = side / PATCH_SIZE as f64;
    let first = std::array::from_fn(|a| (low[a] + high[a]) / 2.0 - side / 2.0 + spacing / 2.0);
    Ok(Geometry::axis_aligned(
        [PATCH_SIZE; 3],
        [spacing; 3],
        first,
    )?)
}
