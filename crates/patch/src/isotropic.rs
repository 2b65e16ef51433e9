//! The cube of the profile `isotropic`.

use crate::PatchError;
use crate::profile::PATCH_SIZE;
use triher_region::{IndexBox, bounding_box};
use triher_volume::{
    Geometry, Image, Interpolation, Mask, anti_alias, anti_alias_reach, crop, resample_mask_onto,
    resample_onto,
};

/// Value of voxels outside of the image.
const OUTSIDE: f32 = 0.0;

/// A cube in patient axes (LPS) around a lesion, as a grid: of [`PATCH_SIZE`] voxels a side, or of a size that was asked for.
#[derive(Clone, Debug)]
pub(crate) struct Cube {
    grid: Geometry,
}

impl Cube {
    /// The cube around the middle of the lesion's extent along the patient axes; its side is the longest of the three
    /// extents (to the outer faces of the voxels) plus the margin on both sides.
    pub(crate) fn around(mask: &Mask, margin_mm: f64) -> Result<Self, PatchError> {
        let (middle, longest) = extent(mask)?;
        let side = longest + 2.0 * margin_mm;
        Self::at(middle, [PATCH_SIZE; 3], side / PATCH_SIZE as f64)
    }

    /// The box of `size` voxels of one spacing around the middle of the lesion's extent along the patient axes.
    pub(crate) fn fixed(
        mask: &Mask,
        size: [usize; 3],
        spacing_mm: f64,
    ) -> Result<Self, PatchError> {
        Self::at(extent(mask)?.0, size, spacing_mm)
    }

    fn at(middle: [f64; 3], size: [usize; 3], spacing_mm: f64) -> Result<Self, PatchError> {
        let first = std::array::from_fn(|a| middle[a] - (size[a] as f64 - 1.0) / 2.0 * spacing_mm);
        let grid = Geometry::axis_aligned(size, [spacing_mm; 3], first)?;
        Ok(Self { grid })
    }

    /// The voxels of an image that the cube touches, and some more on each side where there are any.
    pub(crate) fn index_box(&self, image: &Geometry, more: [usize; 3]) -> IndexBox {
        let faces = self.grid.size().map(|size| size as f64 - 0.5);
        let mut low = [f64::INFINITY; 3];
        let mut high = [f64::NEG_INFINITY; 3];
        for corner in 0..8 {
            let index = std::array::from_fn(|a| if corner >> a & 1 == 1 { faces[a] } else { -0.5 });
            let p = image.world_to_index(self.grid.index_to_world(index));
            for a in 0..3 {
                low[a] = low[a].min(p[a]);
                high[a] = high[a].max(p[a]);
            }
        }
        let size = image.size();
        IndexBox {
            start: std::array::from_fn(|a| {
                let first = (low[a] + 0.5).floor().max(0.0) as usize;
                first.saturating_sub(more[a]).min(size[a] - 1)
            }),
            end: std::array::from_fn(|a| {
                let end = (high[a] + 0.5).ceil().max(1.0) as usize;
                end.saturating_add(more[a]).min(size[a])
            }),
        }
    }

    /// Smooths against aliasing and resamples linearly.
    pub(crate) fn cut(&self, image: &Image) -> Result<Image, PatchError> {
        // The cube's spacing is the same in all directions, so also along the image's axes.
        let target = self.grid.spacing_mm();
        let reach = anti_alias_reach(image.geometry().spacing_mm(), target);
        // One more for the linear interpolation: what is cut away here cannot matter.
        let near = self.index_box(image.geometry(), reach.map(|r| r.saturating_add(1)));
        let near = crop(image, near.start, near.size())?;
        let smooth = anti_alias(&near, target);
        Ok(resample_onto(
            &smooth,
            &self.grid,
            Interpolation::Linear,
            OUTSIDE,
        ))
    }

    /// The nearest voxels of the mask; a lesion so thin that it falls between the voxels of the cube is marked
    /// at those nearest to its own voxels.
    pub(crate) fn cut_mask(&self, mask: &Mask) -> Mask {
        let mut cut = resample_mask_onto(mask, &self.grid);
        if cut.count() > 0 {
            return cut;
        }
        let from = mask.geometry();
        for (offset, _) in mask.voxels().iter().enumerate().filter(|&(_, &v)| v) {
            let world = from.index_to_world(from.index_at(offset).map(|i| i as f64));
            let nearest = self.grid.nearest_voxel(self.grid.world_to_index(world));
            if let Some(offset) = nearest.and_then(|index| self.grid.offset(index)) {
                cut.voxels_mut()[offset] = true;
            }
        }
        cut
    }
}

/// Middle and longest side of a lesion's extent along the patient axes, to the outer faces of its voxels, millimetres.
fn extent(mask: &Mask) -> Result<([f64; 3], f64), PatchError> {
    let geometry = mask.geometry();
    let affine = geometry.affine();
    let bounds = bounding_box(mask).ok_or(PatchError::EmptyMask)?;
    let mut low = [f64::INFINITY; 3];
    let mut high = [f64::NEG_INFINITY; 3];
    for k in bounds.start[2]..bounds.end[2] {
        for j in bounds.start[1]..bounds.end[1] {
            let mut row = (bounds.start[0]..bounds.end[0])
                .filter(|&i| mask.get([i, j, k]).copied().unwrap_or(false));
            // Along a row the ends are extreme in every direction.
            let (first, last) = (row.clone().next(), row.next_back());
            for i in first.into_iter().chain(last) {
                let centre = geometry.index_to_world([i as f64, j as f64, k as f64]);
                for a in 0..3 {
                    low[a] = low[a].min(centre[a]);
                    high[a] = high[a].max(centre[a]);
                }
            }
        }
    }
    // From the centres of voxels to their outermost corners.
    let half: [f64; 3] =
        std::array::from_fn(|a| (0..3).map(|c| affine[(a, c)].abs()).sum::<f64>() / 2.0);
    let longest = (0..3)
        .map(|a| high[a] - low[a] + 2.0 * half[a])
        .fold(0.0, f64::max);
    Ok((std::array::from_fn(|a| (low[a] + high[a]) / 2.0), longest))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cube_in_millimetres() {
        let geometry =
            Geometry::axis_aligned([40, 40, 20], [0.5, 0.5, 2.0], [10.0, 20.0, 30.0]).unwrap();
        // 4 x 3 x 8 mm.
        let mask = Mask::from_fn(geometry, |[i, j, k]| {
            (10..18).contains(&i) && (6..12).contains(&j) && (3..7).contains(&k)
        });
        let cube = Cube::around(&mask, 5.0).unwrap();
        let side = 8.0 + 10.0;
        let grid = cube.grid;
        for a in 0..3 {
            assert!((grid.spacing_mm()[a] - side / 48.0).abs() < 1e-12);
        }
        let middle = grid.index_to_world([23.5; 3]);
        for (a, expected) in [10.0 + 13.5 * 0.5, 20.0 + 8.5 * 0.5, 30.0 + 4.5 * 2.0]
            .into_iter()
            .enumerate()
        {
            assert!((middle[a] - expected).abs() < 1e-9);
        }
        let volume = cube.cut_mask(&mask).volume_mm3();
        assert!((volume - 96.0).abs() < 12.0, "{volume}");
    }

    /// The part that is cut out gives the same numbers as the whole image.
    #[test]
    fn what_is_cut_away_does_not_matter() {
        let (s, c) = 0.3f64.sin_cos();
        let directions = [[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]];
        let geometry =
            Geometry::from_parts([90, 80, 40], [3.0, 4.0, 5.0], [0.4, 0.4, 1.5], directions)
                .unwrap();
        let image = Image::from_fn(geometry, |[i, j, k]| {
            ((i * 31 + j * 17 + k * 7) % 101) as f32
        });
        let mask = Mask::from_fn(geometry, |[i, j, k]| {
            (30..70).contains(&i) && (5..35).contains(&j) && (20..30).contains(&k)
        });
        let cube = Cube::around(&mask, 5.0).unwrap();
        let target = cube.grid.spacing_mm();
        let whole = anti_alias(&image, target);
        let whole = resample_onto(&whole, &cube.grid, Interpolation::Linear, OUTSIDE);
        let cut = cube.cut(&image).unwrap();
        for (a, b) in cut.voxels().iter().zip(whole.voxels()) {
            assert!((a - b).abs() < 1e-4, "{a} {b}");
        }
    }

    #[test]
    fn a_hair_is_not_lost() {
        let geometry = Geometry::axis_aligned([3, 3, 400], [0.05, 0.05, 1.0], [0.0; 3]).unwrap();
        let hair = Mask::from_fn(geometry, |[i, j, _]| i == 1 && j == 1);
        let cube = Cube::around(&hair, 5.0).unwrap();
        let cut = cube.cut_mask(&hair);
        assert!(cut.count() >= 40, "{}", cut.count());
    }
}
