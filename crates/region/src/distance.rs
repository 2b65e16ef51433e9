//! Exact Euclidean distances in millimetres, and what is made of them: dilated and eroded regions, rings.

use crate::{IndexBox, RegionError, bounding_box};
use rayon::prelude::*;
use triher_volume::{Geometry, Image, Mask, Volume, crop};

/// Largest cosine between two axes of a grid that still counts as a right angle: headers are rounded.
const RIGHT_ANGLE: f64 = 1e-4;
/// Distances that differ by less than this fraction are the same: spacings are rounded, too.
const SAME: f64 = 1e-9;

/// Distance from every voxel's centre to the centre of the nearest voxel of the region, in millimetres; 0 inside of the region, infinite
/// everywhere when the region is empty.
///
/// It is exact for any spacing: the lower envelope of parabolas along one axis after the other (Felzenszwalb and Huttenlocher, Distance
/// transforms of sampled functions, Theory of Computing 2012;8:415). `scipy.ndimage.distance_transform_edt` of the complement gives the same
/// within the rounding to `f32` (`tests/reference/distance.rs`).
///
/// # Errors
/// [`RegionError::Sheared`] when the axes of the grid do not meet at right angles: then the spacings alone do not give the distance.
pub fn distance_mm(region: &Mask) -> Result<Image, RegionError> {
    let squared = squared_distances(region)?;
    let voxels = squared.par_iter().map(|&d| d.sqrt() as f32).collect();
    let provenance = region.provenance().clone();
    Ok(Volume::new(
        *region.geometry(),
        voxels,
        provenance.with_step("distance in mm"),
    )?)
}

/// The region and every voxel whose centre lies within `radius_mm` of the centre of one of its voxels.
///
/// # Errors
/// [`RegionError::BadWidth`] when the radius is negative or not finite, [`RegionError::Sheared`].
pub fn dilate_mm(region: &Mask, radius_mm: f64) -> Result<Mask, RegionError> {
    let limit = squared_limit(radius_mm)?;
    let step = format!("dilated by {radius_mm} mm");
    let Some(bounds) = bounding_box(region) else {
        return Ok(with_step(region.clone(), step));
    };
    // What lies further away than the radius cannot change.
    let bounds = widened(bounds, region.geometry(), radius_mm);
    let part = crop(region, bounds.start, bounds.size())?;
    let near: Vec<bool> = squared_distances(&part)?
        .par_iter()
        .map(|&d| d <= limit)
        .collect();
    Ok(with_step(
        placed(region, bounds, part.geometry(), &near),
        step,
    ))
}

/// The voxels of the region whose centres lie further than `radius_mm` from the centre of every voxel outside.
///
/// What lies beyond the grid counts as part of the region, as in `scipy.ndimage.distance_transform_edt`: a lesion that the field of view
/// cuts off is not eroded there.
///
/// # Errors
/// As [`dilate_mm`].
pub fn erode_mm(region: &Mask, radius_mm: f64) -> Result<Mask, RegionError> {
    let limit = squared_limit(radius_mm)?;
    let step = format!("eroded by {radius_mm} mm");
    let Some(bounds) = bounding_box(region) else {
        return Ok(with_step(region.clone(), step));
    };
    // One voxel around the region is the outside that is nearest to it.
    let bounds = widened(bounds, region.geometry(), 0.0);
    let part = crop(region, bounds.start, bounds.size())?;
    let outside = part.map(|&inside| !inside);
    let far: Vec<bool> = squared_distances(&outside)?
        .par_iter()
        .map(|&d| d > limit)
        .collect();
    let eroded = placed(&region.map(|_| false), bounds, part.geometry(), &far);
    Ok(with_step(eroded, step))
}

/// The voxels around a region whose centres lie within `width_mm` of the centre of one of its voxels, without the region itself, and only
/// those inside of `clip` (the breast), where it is given.
///
/// # Errors
/// As [`dilate_mm`], and [`RegionError::Volume`] when `clip` lies on another grid.
pub fn ring(region: &Mask, width_mm: f64, clip: Option<&Mask>) -> Result<Mask, RegionError> {
    if let Some(clip) = clip {
        region.check_same_grid("region", clip, "clipping region")?;
    }
    let mut ring = dilate_mm(region, width_mm)?;
    let inside = region.voxels();
    for (offset, voxel) in ring.voxels_mut().iter_mut().enumerate() {
        let kept = clip.is_none_or(|clip| clip.voxels()[offset]);
        *voxel &= kept && !inside[offset];
    }
    Ok(ring.with_provenance(
        region
            .provenance()
            .clone()
            .with_step(format!("ring of {width_mm} mm")),
    ))
}

fn with_step(region: Mask, step: String) -> Mask {
    let provenance = region.provenance().clone().with_step(step);
    region.with_provenance(provenance)
}

fn squared_limit(radius_mm: f64) -> Result<f64, RegionError> {
    if radius_mm >= 0.0 && radius_mm.is_finite() {
        Ok(radius_mm * radius_mm * (1.0 + SAME))
    } else {
        Err(RegionError::BadWidth {
            width_mm: radius_mm,
        })
    }
}

/// A box with room for a radius and one voxel on each side, as far as the grid goes.
fn widened(bounds: IndexBox, geometry: &Geometry, radius_mm: f64) -> IndexBox {
    let (size, spacing) = (geometry.size(), geometry.spacing_mm());
    let room: [usize; 3] =
        std::array::from_fn(|a| ((radius_mm / spacing[a]).ceil() as usize).saturating_add(1));
    IndexBox {
        start: std::array::from_fn(|a| bounds.start[a].saturating_sub(room[a])),
        end: std::array::from_fn(|a| bounds.end[a].saturating_add(room[a]).min(size[a])),
    }
}

/// `region` with the voxels of a box set from `part`.
fn placed(region: &Mask, bounds: IndexBox, part_grid: &Geometry, part: &[bool]) -> Mask {
    let mut whole = region.clone();
    let geometry = *region.geometry();
    for (offset, &inside) in part.iter().enumerate() {
        let index = part_grid.index_at(offset);
        let index = std::array::from_fn(|a| index[a] + bounds.start[a]);
        if let Some(offset) = geometry.offset(index) {
            whole.voxels_mut()[offset] = inside;
        }
    }
    whole
}

/// Squares of the distances to the region, in square millimetres.
fn squared_distances(region: &Mask) -> Result<Vec<f64>, RegionError> {
    let geometry = region.geometry();
    check_right_angles(geometry)?;
    let [ni, nj, nk] = geometry.size();
    let spacing = geometry.spacing_mm();
    let inside = |&inside: &bool| if inside { 0.0 } else { f64::INFINITY };
    let mut squared: Vec<f64> = region.voxels().iter().map(inside).collect();
    squared.par_chunks_mut(ni).for_each_init(
        || Envelope::new(ni, spacing[0]),
        |envelope, row| envelope.transform(row),
    );
    squared.par_chunks_mut(ni * nj).for_each_init(
        || (Envelope::new(nj, spacing[1]), vec![0.0; nj]),
        |(envelope, line), slice| {
            for i in 0..ni {
                for (j, value) in line.iter_mut().enumerate() {
                    *value = slice[i + ni * j];
                }
                envelope.transform(line);
                for (j, value) in line.iter().enumerate() {
                    slice[i + ni * j] = *value;
                }
            }
        },
    );
    // Along k the lines of one row at a time, so that no two tasks write to the same slice.
    let planes: Vec<Vec<f64>> = (0..nj)
        .into_par_iter()
        .map_init(
            || Envelope::new(nk, spacing[2]),
            |envelope, j| {
                let mut plane = vec![0.0; ni * nk];
                for (i, line) in plane.chunks_mut(nk).enumerate() {
                    for (k, value) in line.iter_mut().enumerate() {
                        *value = squared[i + ni * (j + nj * k)];
                    }
                    envelope.transform(line);
                }
                plane
            },
        )
        .collect();
    squared
        .par_chunks_mut(ni)
        .enumerate()
        .for_each(|(row, values)| {
            let (j, k) = (row % nj, row / nj);
            for (i, value) in values.iter_mut().enumerate() {
                *value = planes[j][k + nk * i];
            }
        });
    Ok(squared)
}

fn check_right_angles(geometry: &Geometry) -> Result<(), RegionError> {
    let axes = geometry.directions();
    let cosine = |a: usize, b: usize| (0..3).map(|r| axes[a][r] * axes[b][r]).sum::<f64>().abs();
    let largest = cosine(0, 1).max(cosine(0, 2)).max(cosine(1, 2));
    if largest <= RIGHT_ANGLE {
        Ok(())
    } else {
        Err(RegionError::Sheared {
            cosine: largest,
            grid: Box::new(*geometry),
        })
    }
}

/// The lower envelope of parabolas on a line.
struct Envelope {
    spacing_mm: f64,
    /// Places of the parabolas of the envelope.
    vertices: Vec<usize>,
    /// From where on each of them is the lowest, in voxels.
    from: Vec<f64>,
    values: Vec<f64>,
}

impl Envelope {
    fn new(length: usize, spacing_mm: f64) -> Self {
        Self {
            spacing_mm,
            vertices: Vec::with_capacity(length),
            from: Vec::with_capacity(length),
            values: vec![0.0; length],
        }
    }

    /// Replaces each value by the least of `(spacing (p - q))^2 + value(q)` over all places `q`.
    fn transform(&mut self, line: &mut [f64]) {
        self.vertices.clear();
        self.from.clear();
        self.values.copy_from_slice(line);
        let square = self.spacing_mm * self.spacing_mm;
        for (q, &value) in line.iter().enumerate() {
            if value == f64::INFINITY {
                continue;
            }
            let mut from = f64::NEG_INFINITY;
            while let (Some(&p), Some(&start)) = (self.vertices.last(), self.from.last()) {
                let (a, b) = (p as f64, q as f64);
                // Where the parabola at q comes below the one at p.
                let crossing =
                    ((value - self.values[p]) / square + (b * b - a * a)) / (2.0 * (b - a));
                if crossing > start {
                    from = crossing;
                    break;
                }
                self.vertices.pop();
                self.from.pop();
            }
            self.vertices.push(q);
            self.from.push(from);
        }
        if self.vertices.is_empty() {
            return;
        }
        let mut at = 0;
        for (p, out) in line.iter_mut().enumerate() {
            while self.from.get(at + 1).is_some_and(|&from| from < p as f64) {
                at += 1;
            }
            let q = self.vertices[at];
            let apart = (p as f64 - q as f64) * self.spacing_mm;
            *out = apart * apart + self.values[q];
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use triher_volume::Provenance;

    fn grid(size: [usize; 3]) -> Geometry {
        Geometry::axis_aligned(size, [0.7, 1.3, 3.1], [5.0, -3.0, 2.0]).unwrap()
    }

    /// The definition, voxel by voxel.
    fn brute_force(region: &Mask) -> Vec<f32> {
        let geometry = region.geometry();
        let spacing = geometry.spacing_mm();
        let inside: Vec<[usize; 3]> = (0..geometry.len())
            .filter(|&o| region.voxels()[o])
            .map(|o| geometry.index_at(o))
            .collect();
        (0..geometry.len())
            .map(|offset| {
                let p = geometry.index_at(offset);
                let squared = inside.iter().map(|q| {
                    (0..3)
                        .map(|a| ((p[a] as f64 - q[a] as f64) * spacing[a]).powi(2))
                        .sum::<f64>()
                });
                squared.fold(f64::INFINITY, f64::min).sqrt() as f32
            })
            .collect()
    }

    proptest! {
        #[test]
        fn distances_follow_the_definition(
            size in prop::array::uniform3(1usize..7),
            bits in prop::collection::vec(prop::bool::weighted(0.15), 216),
            radius_mm in 0.0f64..6.0,
        ) {
            let geometry = grid(size);
            let voxels = bits[..geometry.len()].to_vec();
            let region = Mask::new(geometry, voxels, Provenance::default()).unwrap();
            let expected = brute_force(&region);
            let found = distance_mm(&region).unwrap();
            for (a, b) in found.voxels().iter().zip(&expected) {
                prop_assert!(a == b || (a - b).abs() < 1e-5, "{} {}", a, b);
            }
            let dilated = dilate_mm(&region, radius_mm).unwrap();
            let ring = ring(&region, radius_mm, None).unwrap();
            let outside = brute_force(&region.map(|v| !v));
            let eroded = erode_mm(&region, radius_mm).unwrap();
            for offset in 0..geometry.len() {
                let inside = region.voxels()[offset];
                let near = f64::from(expected[offset]) <= radius_mm;
                prop_assert_eq!(dilated.voxels()[offset], near);
                prop_assert_eq!(ring.voxels()[offset], near && !inside);
                let kept = inside && f64::from(outside[offset]) > radius_mm;
                prop_assert_eq!(eroded.voxels()[offset], kept);
            }
        }
    }

    #[test]
    fn a_radius_of_whole_voxels_reaches_them() {
        let geometry = grid([9, 9, 9]);
        let region = Mask::from_fn(geometry, |index| index == [4, 4, 4]);
        let dilated = dilate_mm(&region, 3.1).unwrap();
        assert_eq!(dilated.get([4, 4, 5]), Some(&true));
        assert_eq!(dilated.get([8, 4, 4]), Some(&true));
        assert_eq!(dilated.get([4, 7, 4]), Some(&false));
    }

    #[test]
    fn a_ring_stays_within_its_clip() {
        let geometry = grid([9, 9, 9]);
        let region = Mask::from_fn(geometry, |index| index == [4, 4, 4]);
        let clip = Mask::from_fn(geometry, |[i, _, _]| i <= 4);
        let ring_clipped = ring(&region, 1.5, Some(&clip)).unwrap();
        assert_eq!(ring_clipped.get([3, 4, 4]), Some(&true));
        assert_eq!(ring_clipped.get([5, 4, 4]), Some(&false));
        assert_eq!(ring_clipped.get([4, 4, 4]), Some(&false));
        let elsewhere = Mask::filled(grid([9, 9, 8]), true);
        assert!(ring(&region, 1.5, Some(&elsewhere)).is_err());
    }

    #[test]
    fn what_has_no_distance() {
        let empty = Mask::filled(grid([3, 2, 2]), false);
        let distances = distance_mm(&empty).unwrap();
        assert!(distances.voxels().iter().all(|&d| d == f32::INFINITY));
        assert_eq!(dilate_mm(&empty, 5.0).unwrap().count(), 0);
        assert_eq!(erode_mm(&empty, 5.0).unwrap().count(), 0);
        let full = Mask::filled(grid([3, 2, 2]), true);
        assert_eq!(erode_mm(&full, 5.0).unwrap().count(), 12);
        for width_mm in [-1.0, f64::NAN, f64::INFINITY] {
            let error = ring(&full, width_mm, None).unwrap_err();
            assert!(matches!(error, RegionError::BadWidth { .. }), "{error}");
        }
        // A huge radius is no huge piece of work.
        assert_eq!(dilate_mm(&full, 1e300).unwrap().count(), 12);
        let mut affine = *grid([3, 2, 2]).affine();
        affine[(0, 1)] = 0.5;
        let sheared = Geometry::new([3, 2, 2], affine).unwrap();
        let error = distance_mm(&Mask::filled(sheared, true)).unwrap_err();
        assert!(error.to_string().contains("right angles"), "{error}");
    }
}
