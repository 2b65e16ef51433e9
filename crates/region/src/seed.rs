//! Outlining an enhancing lesion from a point or a box.

use crate::enhancement::Enhancement;
use crate::{Connectivity, IndexBox, RegionError, connected_components};
use triher_volume::{DynamicSeries, Geometry, Mask};

/// How a lesion is outlined where no reader has drawn it.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct SeedOptions {
    /// A voxel belongs to the lesion when its early enhancement reaches this fraction of the peak
    /// near the seed.
    pub fraction: f64,
    /// Radius around the seed in which the peak is looked for, in millimetres.
    pub peak_radius_mm: f64,
    /// The lesion reaches at most this far from the seed, in millimetres.
    pub reach_mm: f64,
    /// There is a lesion only when the peak is at least this fraction of the mean signal before contrast in the same
    /// place.
    pub min_enhancement: f64,
}

impl Default for SeedOptions {
    /// Half the peak within 5 mm, at most 40 mm away, enhancing by at least three tenths.
    fn default() -> Self {
        Self {
            fraction: 0.5,
            peak_radius_mm: 5.0,
            reach_mm: 40.0,
            min_enhancement: 0.3,
        }
    }
}

/// When the outline reaches the limit, the fraction is raised by this much at a time, ...
const FRACTION_STEP: f64 = 0.05;
/// ... up to this fraction.
const FRACTION_LIMIT: f64 = 0.9;

/// Outlines the lesion around a seed voxel.
///
/// Early enhancement is the first phase after contrast minus the phase before it. The peak is the 90th
/// percentile of the positive enhancements within `peak_radius_mm` of the seed. The lesion is the face-connected part that holds
/// the seed (or, where the seed itself is darker, the brightest voxel within that radius) of all voxels within `reach_mm`
/// that reach `fraction` of the peak, with holes filled. When that part goes on beyond `reach_mm`, it has leaked into what
/// enhances next to it, and the fraction is raised in steps of 0.05 until it no longer does.
///
/// This is a threshold outline, meant to be looked at: it follows vessels and skin that touch the lesion. The fraction that was used
/// stands in the provenance. For the lesion of TCGA-AO-A03M it gives 2998 to 3208 mm3 from four seeds inside (published: 3140 mm3).
///
/// # Errors
/// [`RegionError::SeedOutside`], [`RegionError::NoEnhancement`], and [`RegionError::NoLimit`] when the outline leaks at every
/// fraction up to 0.9.
pub fn grow_from_seed(
    series: &DynamicSeries,
    seed: [usize; 3],
    options: &SeedOptions,
) -> Result<Mask, RegionError> {
    let geometry = series.geometry();
    if geometry.offset(seed).is_none() {
        return Err(RegionError::SeedOutside {
            seed,
            size: geometry.size(),
        });
    }
    let place = format!("the seed voxel {seed:?}");
    // One voxel more than the reach, to see whether the lesion goes on beyond it.
    let bounds = around(geometry, seed, options.reach_mm.max(options.peak_radius_mm));
    let part = Enhancement::of(series, bounds)?;
    let distances = part.distances_mm(seed);
    let near: Vec<usize> = offsets(&distances, options.peak_radius_mm);
    let peak = part.peak(&near, options, &place)?;
    let seed_offset = part.offset(seed);
    let brightest = near
        .iter()
        .copied()
        .max_by(|&a, &b| part.at(a).total_cmp(&part.at(b)));
    // Enough steps from 0 to the limit.
    for step in 0..=20 {
        let fraction = options.fraction + FRACTION_STEP * f64::from(step);
        if step > 0 && fraction > FRACTION_LIMIT + 1e-9 {
            break;
        }
        let threshold = fraction * peak;
        let above = |offset: usize| f64::from(part.at(offset)) >= threshold;
        // A seed on a dark voxel inside the lesion still means this lesion: take the brightest near it.
        let start = Some(seed_offset).filter(|&o| above(o)).or(brightest);
        let Some(start) = start.filter(|&o| above(o)) else {
            break;
        };
        let region = part.connected(start, |o| above(o) && distances[o] <= options.reach_mm);
        let leaks = part.has_neighbour(&region, |o| above(o) && distances[o] > options.reach_mm);
        if !leaks {
            let step =
                format!("lesion outlined from {place} at {fraction:.2} of the peak enhancement");
            return part.finish(series, &region, step);
        }
    }
    Err(RegionError::NoLimit {
        place,
        reach_mm: options.reach_mm,
    })
}

/// Outlines the lesion inside a box: the largest face-connected part that reaches `fraction` of the
/// peak, with holes filled. It never leaves the box.
///
/// The peak is the 90th percentile of the positive enhancements within `peak_radius_mm` of the voxel whose neighbourhood of
/// 3 x 3 x 3 voxels enhances most on average, so that neither a single bright voxel nor the room around the lesion decides.
///
/// # Errors
/// [`RegionError::BoxOutside`], [`RegionError::NoEnhancement`].
pub fn lesion_in_box(
    series: &DynamicSeries,
    bounds: IndexBox,
    options: &SeedOptions,
) -> Result<Mask, RegionError> {
    bounds.check(series.geometry())?;
    let place = format!("the box from {:?} to {:?}", bounds.start, bounds.end);
    let part = Enhancement::of(series, bounds)?;
    let brightest = part.voxel(part.brightest_neighbourhood());
    let near = offsets(&part.distances_mm(brightest), options.peak_radius_mm);
    let threshold = part.peak(&near, options, &place)? * options.fraction;
    let above = part
        .values()
        .iter()
        .map(|&e| f64::from(e) >= threshold)
        .collect();
    let above = part.mask(above)?;
    let components = connected_components(&above, Connectivity::Faces);
    let region = components
        .largest()
        .and_then(|label| components.region(label));
    let region = region.ok_or_else(|| RegionError::NoEnhancement {
        place: place.clone(),
    })?;
    let step = format!(
        "lesion outlined in {place} at {:.2} of the peak enhancement",
        options.fraction
    );
    part.finish(series, region.voxels(), step)
}

/// The box that holds every voxel within a radius of a voxel, and one more on each side.
fn around(geometry: &Geometry, centre: [usize; 3], radius_mm: f64) -> IndexBox {
    let size = geometry.size();
    // A step in the world changes index a by at most the length of row a of the inverse affine: exact for
    // sheared grids, too.
    let middle = geometry.index_to_world(centre.map(|c| c as f64));
    let inverse: [[f64; 3]; 3] = std::array::from_fn(|axis| {
        let mut moved = middle;
        moved[axis] += 1.0;
        let index = geometry.world_to_index(moved);
        std::array::from_fn(|a| index[a] - centre[a] as f64)
    });
    let span: [usize; 3] = std::array::from_fn(|a| {
        let steep = (0..3)
            .map(|axis| inverse[axis][a].powi(2))
            .sum::<f64>()
            .sqrt();
        ((radius_mm * steep).ceil() as usize).saturating_add(1)
    });
    IndexBox {
        start: std::array::from_fn(|a| centre[a].saturating_sub(span[a])),
        end: std::array::from_fn(|a| {
            centre[a]
                .saturating_add(span[a])
                .saturating_add(1)
                .min(size[a])
        }),
    }
}

fn offsets(distances_mm: &[f64], radius_mm: f64) -> Vec<usize> {
    let near = distances_mm.iter().enumerate();
    near.filter(|&(_, &d)| d <= radius_mm)
        .map(|(offset, _)| offset)
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use triher_volume::{Image, Phase};

    /// Background 100, a ball of enhancement 200 with a dark core around [12, 10, 6], 1 x 1 x 2 mm.
    fn series(enhancement: impl Fn([f64; 3]) -> f32) -> DynamicSeries {
        let geometry =
            Geometry::axis_aligned([24, 22, 14], [1.0, 1.0, 2.0], [-9.0, 3.0, 7.0]).unwrap();
        let pre = Image::filled(geometry, 100.0);
        let post = Image::from_fn(geometry, |index| {
            100.0
                + enhancement([
                    index[0] as f64 - 12.0,
                    index[1] as f64 - 10.0,
                    2.0 * (index[2] as f64 - 6.0),
                ])
        });
        let phase = |image| Phase {
            image,
            time_s: None,
        };
        DynamicSeries::new(vec![phase(pre), phase(post)]).unwrap()
    }

    fn radius([x, y, z]: [f64; 3]) -> f64 {
        (x * x + y * y + z * z).sqrt()
    }

    fn ball_with_core(p: [f64; 3]) -> f32 {
        if radius(p) < 2.1 {
            10.0
        } else if radius(p) <= 6.0 {
            200.0
        } else {
            5.0
        }
    }

    fn is_the_ball(mask: &Mask) -> bool {
        mask.voxels().iter().enumerate().all(|(offset, &inside)| {
            let index = mask.geometry().index_at(offset);
            let p = [
                index[0] as f64 - 12.0,
                index[1] as f64 - 10.0,
                2.0 * (index[2] as f64 - 6.0),
            ];
            inside == (radius(p) <= 6.0)
        })
    }

    #[test]
    fn rim_and_core_become_one_lesion() {
        let series = series(ball_with_core);
        for seed in [[12, 10, 6], [16, 10, 6], [12, 10, 8]] {
            let mask = grow_from_seed(&series, seed, &SeedOptions::default()).unwrap();
            assert!(is_the_ball(&mask), "{seed:?}");
        }
        let bounds = IndexBox {
            start: [4, 3, 2],
            end: [20, 18, 11],
        };
        assert!(is_the_ball(
            &lesion_in_box(&series, bounds, &SeedOptions::default()).unwrap()
        ));
    }

    #[test]
    fn a_box_cuts_off() {
        let bounds = IndexBox {
            start: [12, 0, 0],
            end: [24, 22, 14],
        };
        let mask = lesion_in_box(&series(ball_with_core), bounds, &SeedOptions::default()).unwrap();
        assert!(mask.count() > 50);
        let inside = mask.voxels().iter().enumerate().filter(|&(_, &v)| v);
        assert!(
            inside
                .into_iter()
                .all(|(o, _)| mask.geometry().index_at(o)[0] >= 12)
        );
    }

    /// A weaker sheet touches the ball: at half the peak it would be followed to the limit.
    #[test]
    fn a_leak_raises_the_fraction() {
        let leaky = |[x, y, z]: [f64; 3]| {
            if z == 0.0 && radius([x, y, z]) > 6.0 {
                115.0
            } else {
                ball_with_core([x, y, z])
            }
        };
        let options = SeedOptions {
            reach_mm: 10.5,
            ..SeedOptions::default()
        };
        let mask = grow_from_seed(&series(leaky), [16, 10, 6], &options).unwrap();
        assert!(is_the_ball(&mask));
        let steps = &mask.provenance().steps;
        assert!(steps[0].contains("at 0.60 of the peak"), "{steps:?}");
    }

    #[test]
    fn what_enhances_everywhere_has_no_limit() {
        let options = SeedOptions {
            reach_mm: 5.0,
            ..SeedOptions::default()
        };
        let error = grow_from_seed(&series(|_| 150.0), [12, 10, 6], &options).unwrap_err();
        assert!(matches!(error, RegionError::NoLimit { .. }));
        assert!(error.to_string().contains("5 mm"), "{error}");
    }

    #[test]
    fn nothing_is_found_where_nothing_enhances() {
        let options = SeedOptions::default();
        let weak = series(|p| if radius(p) < 6.0 { 25.0 } else { 1.0 });
        for (series, seed) in [(&weak, [12, 10, 6]), (&series(ball_with_core), [22, 20, 0])] {
            let error = grow_from_seed(series, seed, &options).unwrap_err();
            assert!(
                matches!(error, RegionError::NoEnhancement { .. }),
                "{error}"
            );
        }
        let error = grow_from_seed(&weak, [24, 0, 0], &options).unwrap_err();
        assert!(matches!(error, RegionError::SeedOutside { .. }));
        let nan = series(|_| f32::NAN);
        assert!(grow_from_seed(&nan, [12, 10, 6], &options).is_err());
        let bounds = IndexBox {
            start: [4, 3, 2],
            end: [25, 18, 11],
        };
        let error = lesion_in_box(&weak, bounds, &options).unwrap_err();
        assert!(matches!(error, RegionError::BoxOutside { .. }));
        let bounds = IndexBox {
            start: [4, 3, 2],
            end: [20, 18, 11],
        };
        assert!(lesion_in_box(&weak, bounds, &options).is_err());
    }

    #[test]
    fn strange_options_do_not_panic() {
        let series = series(ball_with_core);
        for value in [0.0, -1.0, f64::NAN, f64::INFINITY, 1e300] {
            for field in 0..4 {
                let mut o = SeedOptions::default();
                *[
                    &mut o.fraction,
                    &mut o.peak_radius_mm,
                    &mut o.reach_mm,
                    &mut o.min_enhancement,
                ][field] = value;
                let _ = grow_from_seed(&series, [16, 10, 6], &o);
                let bounds = IndexBox {
                    start: [4, 3, 2],
                    end: [20, 18, 11],
                };
                let _ = lesion_in_box(&series, bounds, &o);
            }
        }
    }
}
