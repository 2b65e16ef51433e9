//! Where a profile cuts, and the cut.

use crate::isotropic::Cube;
use crate::profile::{ISOTROPIC_MARGIN_MM, PATCH_SIZE};
use crate::{PatchError, Profile};
use triher_region::{Connectivity, IndexBox, bounding_box, connected_components};
use triher_volume::{Geometry, Image, Mask, crop, resize_area};

/// BL4AS drops parts of this many voxels and fewer.
const BL4AS_SMALL_PART: usize = 15;

/// What the encoder is given of one lesion and one phase: [`PATCH_SIZE`] voxels along each axis.
#[derive(Clone, Debug, PartialEq)]
pub struct Patch {
    /// Intensities, not normalised.
    pub image: Image,
    /// The lesion.
    pub mask: Mask,
}

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
    /// A cube in space.
    Cube(Box<Cube>),
}

impl Window {
    /// The window of a profile around a lesion.
    ///
    /// # Errors
    /// [`PatchError::EmptyMask`], [`PatchError::OnlySmallParts`].
    pub fn of(mask: &Mask, profile: &Profile) -> Result<Self, PatchError> {
        if *profile == Profile::Isotropic {
            return Self::isotropic(mask, ISOTROPIC_MARGIN_MM);
        }
        let mask = match profile {
            Profile::Bl4as => without_small_parts(mask, *profile)?,
            _ => mask.clone(),
        };
        let bounds = bounding_box(&mask).ok_or(PatchError::EmptyMask)?;
        let size = match profile {
            Profile::Bl4as => [bounds.size().into_iter().max().unwrap_or(1); 3],
            _ => bounds.size(),
        };
        let place = Place::Voxels(clamped(bounds, size, mask.geometry()));
        Ok(Self {
            profile: *profile,
            mask,
            place,
        })
    }

    /// The window of the profile `isotropic` with another margin on each side of the lesion, in millimetres. A margin other
    /// than [`ISOTROPIC_MARGIN_MM`] is another recipe: state it with the result.
    ///
    /// # Errors
    /// [`PatchError::EmptyMask`], [`PatchError::BadMargin`] when the margin is not a number of 0 or more.
    pub fn isotropic(mask: &Mask, margin_mm: f64) -> Result<Self, PatchError> {
        if !(margin_mm >= 0.0 && margin_mm.is_finite()) {
            return Err(PatchError::BadMargin { margin_mm });
        }
        Ok(Self {
            profile: Profile::Isotropic,
            mask: mask.clone(),
            place: Place::Cube(Box::new(Cube::around(mask, margin_mm)?)),
        })
    }

    /// A box of `size` voxels of one spacing along the patient axes, around the middle of the lesion: what encoders take that were trained
    /// on one spacing. Cut as the profile `isotropic` cuts its cube.
    ///
    /// # Errors
    /// [`PatchError::EmptyMask`]; [`PatchError::Volume`] when size or spacing make no grid.
    pub fn fixed(mask: &Mask, size: [usize; 3], spacing_mm: f64) -> Result<Self, PatchError> {
        Ok(Self {
            profile: Profile::Isotropic,
            mask: mask.clone(),
            place: Place::Cube(Box::new(Cube::fixed(mask, size, spacing_mm)?)),
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
            Place::Cube(cube) => cube.index_box(self.mask.geometry(), [0; 3]),
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
            Place::Cube(cube) => cube.cut(image),
        }
    }

    /// The patch of the difference `image - minus`, in the order of the published code: BL4AS subtracts
    /// first and resizes the difference, FM-BCMRI resizes both and subtracts. The two differ by rounding only.
    ///
    /// # Errors
    /// As [`Window::cut`].
    pub fn cut_difference(&self, image: &Image, minus: &Image) -> Result<Image, PatchError> {
        if let (Profile::Bl4as, Place::Voxels(bounds)) = (self.profile, &self.place) {
            image.check_same_grid("image", &self.mask, "mask")?;
            minus.check_same_grid("image", &self.mask, "mask")?;
            let mut window = crop(image, bounds.start, bounds.size())?;
            subtract(&mut window, &crop(minus, bounds.start, bounds.size())?);
            return Ok(resize_area(&window, [PATCH_SIZE; 3])?);
        }
        let mut patch = self.cut(image)?;
        subtract(&mut patch, &self.cut(minus)?);
        Ok(patch)
    }

    /// Cuts and resizes the lesion mask by the rule of the profile: any share of lesion counts (`bl4as`), only
    /// voxels wholly inside count (`fm-bcmri`), the nearest voxel decides (`isotropic`).
    ///
    /// # Errors
    /// None that a window made by [`Window::of`] can cause.
    pub fn cut_mask(&self) -> Result<Mask, PatchError> {
        let bounds = match &self.place {
            Place::Cube(cube) => return Ok(cube.cut_mask(&self.mask)),
            Place::Voxels(bounds) => bounds,
        };
        let window = crop(&self.mask, bounds.start, bounds.size())?;
        let share = window.map(|&inside| f32::from(u8::from(inside)));
        let share = resize_area(&share, [PATCH_SIZE; 3])?;
        // The share of a voxel that is lesion: BL4AS takes any, FM-BCMRI truncates it to an integer.
        Ok(match self.profile {
            Profile::FmBcmri => share.map(|&s| s >= 1.0),
            _ => share.map(|&s| s > 0.0),
        })
    }

    /// Image and mask of the patch together.
    ///
    /// # Errors
    /// As [`Window::cut`].
    pub fn patch(&self, image: &Image) -> Result<Patch, PatchError> {
        Ok(Patch {
            image: self.cut(image)?,
            mask: self.cut_mask()?,
        })
    }
}

fn subtract(image: &mut Image, minus: &Image) {
    for (value, subtracted) in image.voxels_mut().iter_mut().zip(minus.voxels()) {
        *value -= subtracted;
    }
}

/// Drops parts of 15 voxels and fewer. A mask of one part is kept whatever its size, as in BL4AS's code
/// (`filter_connected_components` in its `examples/data/roi.py`).
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

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use triher_volume::{Provenance, VolumeError};

    #[test]
    fn a_box_of_one_spacing_lies_around_the_lesion() {
        let geometry = Geometry::axis_aligned([40, 40, 20], [1.0, 1.0, 2.0], [0.0; 3]).unwrap();
        let mask = Mask::from_fn(geometry, |[i, j, k]| {
            (10..16).contains(&i) && (20..24).contains(&j) && (8..12).contains(&k)
        });
        let image = Image::from_fn(geometry, |[i, ..]| i as f32);
        let window = Window::fixed(&mask, [8, 6, 4], 1.5).unwrap();
        let cut = window.cut(&image).unwrap();
        assert_eq!(cut.geometry().size(), [8, 6, 4]);
        assert_eq!(cut.geometry().spacing_mm(), [1.5; 3]);
        // The middle of the box is that of the lesion, at 12.5 mm along x; the image is its own x (smoothed, which a ramp survives).
        let middle = (cut.get([3, 3, 2]).unwrap() + cut.get([4, 3, 2]).unwrap()) / 2.0;
        assert!((middle - 12.5).abs() < 1e-3, "{middle}");
        assert_eq!(window.cut_mask().unwrap().geometry(), cut.geometry());
        let nothing = Mask::filled(geometry, false);
        assert!(matches!(
            Window::fixed(&nothing, [8; 3], 1.0),
            Err(PatchError::EmptyMask)
        ));
    }

    fn geometry() -> Geometry {
        let (s, c) = 0.3f64.sin_cos();
        let directions = [[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]];
        Geometry::from_parts([9, 8, 7], [3.0, -20.0, 5.0], [0.8, 0.8, 2.0], directions).unwrap()
    }

    fn image() -> Image {
        Image::from_fn(geometry(), |[i, j, k]| (i * 3 + j * 5 + k * 7) as f32)
    }

    #[test]
    fn empty_masks_are_refused() {
        let mask = Mask::filled(geometry(), false);
        for profile in Profile::ALL {
            let error = Window::of(&mask, &profile).unwrap_err();
            assert!(matches!(error, PatchError::EmptyMask), "{profile}");
        }
    }

    #[test]
    fn small_parts_are_named() {
        let two = Mask::from_fn(geometry(), |[i, j, k]| i != 4 && j == 0 && k == 0);
        let error = Window::of(&two, &Profile::Bl4as).unwrap_err();
        assert_eq!(
            error.to_string(),
            "all 2 parts of the mask have 15 voxels or fewer, and the profile bl4as@1 drops such parts: draw the lesion as one part, or use the profile isotropic"
        );
        // One part alone is kept, however small.
        let one = Mask::from_fn(geometry(), |index| index == [4, 4, 3]);
        assert!(Window::of(&one, &Profile::Bl4as).is_ok());
    }

    #[test]
    fn another_grid_is_refused() {
        let mask = Mask::from_fn(geometry(), |[i, ..]| i > 4);
        let other = Geometry::axis_aligned([9, 8, 7], [0.8, 0.8, 2.0], [0.0; 3]).unwrap();
        for profile in Profile::ALL {
            let window = Window::of(&mask, &profile).unwrap();
            let error = window.cut(&Image::filled(other, 1.0)).unwrap_err();
            let mismatch = matches!(error, PatchError::Volume(VolumeError::GridMismatch { .. }));
            assert!(mismatch, "{error}");
            let right = image();
            let wrong = Image::filled(other, 1.0);
            assert!(window.cut_difference(&right, &wrong).is_err());
            assert!(window.cut_difference(&wrong, &right).is_err());
        }
    }

    #[test]
    fn margins_are_checked() {
        let mask = Mask::from_fn(geometry(), |[i, ..]| i > 4);
        for margin in [-1.0, f64::NAN, f64::INFINITY] {
            let error = Window::isotropic(&mask, margin).unwrap_err();
            assert!(matches!(error, PatchError::BadMargin { .. }), "{error}");
        }
    }

    proptest! {
        /// Whatever the mask: each profile gives a patch with lesion in it (fm-bcmri may lose thin ones), or says why not.
        #[test]
        fn every_mask_gives_a_patch(voxels in prop::collection::vec(prop::bool::weighted(0.05), 504)) {
            let mask = Mask::new(geometry(), voxels, Provenance::default()).unwrap();
            for profile in Profile::ALL {
                match Window::of(&mask, &profile) {
                    Ok(window) => {
                        let patch = window.patch(&image()).unwrap();
                        prop_assert_eq!(patch.image.geometry().size(), [PATCH_SIZE; 3]);
                        prop_assert!(patch.image.geometry().same_grid(patch.mask.geometry()));
                        prop_assert!(patch.image.voxels().iter().all(|v| v.is_finite()));
                        prop_assert!(profile == Profile::FmBcmri || patch.mask.count() > 0);
                        let bounds = window.index_box();
                        prop_assert!(bounds.check(mask.geometry()).is_ok());
                        let lesion = bounding_box(&window.mask).unwrap();
                        prop_assert!((0..3).all(|a| bounds.start[a] <= lesion.start[a]));
                        // BL4AS cuts off a lesion at a high border when the window moved inwards at none.
                        prop_assert!(profile == Profile::Bl4as || (0..3).all(|a| bounds.end[a] >= lesion.end[a]));
                    }
                    Err(error) => {
                        let named = matches!(error, PatchError::EmptyMask | PatchError::OnlySmallParts { .. });
                        prop_assert!(named, "{}", error);
                    }
                }
            }
        }
    }
}
