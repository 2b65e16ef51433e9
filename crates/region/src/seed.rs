//! Outlining an enhancing lesion from a point or a box.

use crate::{Connectivity, IndexBox, RegionError, connected_components};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, crop};

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

/// Differences below this fraction of the bright voxels before contrast (their 99th percentile) are noise: in air,
/// a difference may be larger than the signal.
const NOISE_FRACTION: f64 = 0.05;

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
    let local = Local::new(series, bounds)?;
    let distances = distances_mm(&local, seed);
    let near: Vec<usize> = offsets(&distances, options.peak_radius_mm);
    let peak = local.peak(&near, options, &place)?;
    let seed_offset = local.offset(seed);
    let brightest = near
        .iter()
        .copied()
        .max_by(|&a, &b| local.enhancement[a].total_cmp(&local.enhancement[b]));
    for step in 0.. {
        let fraction = options.fraction + FRACTION_STEP * f64::from(step);
        if step > 0 && fraction > FRACTION_LIMIT + 1e-9 {
            break;
        }
        let threshold = fraction * peak;
        let above = |offset: usize| f64::from(local.enhancement[offset]) >= threshold;
        // A seed on a dark voxel inside the lesion still means this lesion: take the brightest near it.
        let start = Some(seed_offset).filter(|&o| above(o)).or(brightest);
        let Some(start) = start.filter(|&o| above(o)) else {
            break;
        };
        let region = local.connected(start, |o| above(o) && distances[o] <= options.reach_mm);
        let leaks = local.has_neighbour(&region, |o| above(o) && distances[o] > options.reach_mm);
        if !leaks {
            let step =
                format!("lesion outlined from {place} at {fraction:.2} of the peak enhancement");
            return local.finish(series, &region, step);
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
    let local = Local::new(series, bounds)?;
    let brightest = local.voxel(local.brightest_neighbourhood());
    let near = offsets(&distances_mm(&local, brightest), options.peak_radius_mm);
    let threshold = local.peak(&near, options, &place)? * options.fraction;
    let above = local
        .enhancement
        .iter()
        .map(|&e| f64::from(e) >= threshold)
        .collect();
    let above = local.mask(above)?;
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
    local.finish(series, region.voxels(), step)
}

/// The part of a series in which a lesion is looked for.
struct Local {
    bounds: IndexBox,
    geometry: Geometry,
    /// Signal before contrast.
    before: Vec<f32>,
    /// First phase after contrast minus the phase before it; what is not finite counts as no enhancement.
    enhancement: Vec<f32>,
    /// Differences below this are noise.
    noise: f64,
}

impl Local {
    fn new(series: &DynamicSeries, bounds: IndexBox) -> Result<Self, RegionError> {
        let cut = |image: &Image| crop(image, bounds.start, bounds.size());
        let before = cut(series.pre())?;
        let after = cut(series.post().first().map_or(series.pre(), |p| &p.image))?;
        let difference = |(a, b): (&f32, &f32)| {
            let difference = a - b;
            if difference.is_finite() {
                difference
            } else {
                f32::MIN
            }
        };
        let enhancement = after.voxels().iter().zip(before.voxels()).map(difference);
        Ok(Self {
            bounds,
            geometry: *before.geometry(),
            enhancement: enhancement.collect(),
            noise: NOISE_FRACTION * percentile_99(series.pre().voxels()),
            before: before.into_voxels(),
        })
    }

    /// Offset in the part of a voxel of the series; 0 when it lies outside of the part.
    fn offset(&self, voxel: [usize; 3]) -> usize {
        let index = std::array::from_fn(|a| voxel[a].wrapping_sub(self.bounds.start[a]));
        self.geometry.offset(index).unwrap_or(0)
    }

    /// Voxel of the series at an offset in the part.
    fn voxel(&self, offset: usize) -> [usize; 3] {
        let index = self.geometry.index_at(offset);
        std::array::from_fn(|a| index[a] + self.bounds.start[a])
    }

    /// The 90th percentile of the positive enhancements, when it is an enhancement at all.
    fn peak(
        &self,
        offsets: &[usize],
        options: &SeedOptions,
        place: &str,
    ) -> Result<f64, RegionError> {
        let mut positive: Vec<f32> = offsets
            .iter()
            .map(|&o| self.enhancement[o])
            .filter(|&e| e > 0.0)
            .collect();
        positive.sort_by(f32::total_cmp);
        // The sample at nine tenths of the way, counted from 0 and rounded down.
        let peak = positive.get(positive.len() * 9 / 10).copied();
        let finite = offsets
            .iter()
            .map(|&o| f64::from(self.before[o]))
            .filter(|b| b.is_finite());
        let (sum, count) = finite.fold((0.0, 0.0), |(sum, count), b| (sum + b, count + 1.0));
        let least = self
            .noise
            .max(options.min_enhancement * sum / f64::max(count, 1.0));
        let peak = peak
            .map(f64::from)
            .filter(|&peak| peak > 0.0 && peak >= least);
        peak.ok_or_else(|| RegionError::NoEnhancement {
            place: place.to_owned(),
        })
    }

    /// The voxel with the highest mean enhancement of the 3 x 3 x 3 voxels around it, the first of equals.
    fn brightest_neighbourhood(&self) -> usize {
        let size = self.geometry.size();
        let mut best = (0, f64::MIN);
        for offset in 0..self.enhancement.len() {
            let index = self.geometry.index_at(offset);
            let low = index.map(|i| i.saturating_sub(1));
            let high: [usize; 3] = std::array::from_fn(|a| (index[a] + 2).min(size[a]));
            let (mut sum, mut count) = (0.0, 0.0);
            for k in low[2]..high[2] {
                for j in low[1]..high[1] {
                    let row = size[0] * (j + size[1] * k);
                    for value in &self.enhancement[row + low[0]..row + high[0]] {
                        sum += f64::from(*value);
                        count += 1.0;
                    }
                }
            }
            if sum / count > best.1 {
                best = (offset, sum / count);
            }
        }
        best.0
    }

    /// The voxels before and after a voxel along each axis.
    fn neighbours(&self, offset: usize) -> impl Iterator<Item = usize> + use<> {
        let size = self.geometry.size();
        let index = self.geometry.index_at(offset);
        let stride = [1, size[0], size[0] * size[1]];
        (0..3).flat_map(move |a| {
            let before = (index[a] > 0).then(|| offset - stride[a]);
            let after = (index[a] + 1 < size[a]).then(|| offset + stride[a]);
            before.into_iter().chain(after)
        })
    }

    /// The face-connected part of the voxels that `belongs` which holds `start`.
    fn connected(&self, start: usize, belongs: impl Fn(usize) -> bool) -> Vec<bool> {
        let mut region = vec![false; self.enhancement.len()];
        region[start] = true;
        let mut open = vec![start];
        while let Some(offset) = open.pop() {
            for next in self.neighbours(offset) {
                if !region[next] && belongs(next) {
                    region[next] = true;
                    open.push(next);
                }
            }
        }
        region
    }

    fn has_neighbour(&self, region: &[bool], wanted: impl Fn(usize) -> bool) -> bool {
        let mut inside = region.iter().enumerate().filter(|&(_, &inside)| inside);
        inside.any(|(offset, _)| self.neighbours(offset).any(&wanted))
    }

    fn mask(&self, voxels: Vec<bool>) -> Result<Mask, RegionError> {
        Ok(Mask::new(self.geometry, voxels, Default::default())?)
    }

    /// A region of this part with its holes filled, as a region of the series.
    fn finish(
        &self,
        series: &DynamicSeries,
        region: &[bool],
        step: String,
    ) -> Result<Mask, RegionError> {
        let filled = fill_holes(&self.mask(region.to_vec())?);
        let geometry = series.geometry();
        let mut mask = Mask::filled(*geometry, false);
        for (offset, _) in filled.voxels().iter().enumerate().filter(|&(_, &v)| v) {
            if let Some(offset) = geometry.offset(self.voxel(offset)) {
                mask.voxels_mut()[offset] = true;
            }
        }
        Ok(mask.with_provenance(series.pre().provenance().clone().with_step(step)))
    }
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

/// Distance of every voxel of a part from a voxel of the series, in millimetres.
fn distances_mm(local: &Local, from: [usize; 3]) -> Vec<f64> {
    let middle = std::array::from_fn(|a| from[a] as f64 - local.bounds.start[a] as f64);
    let middle = local.geometry.index_to_world(middle);
    let distance = |offset: usize| {
        let p = local
            .geometry
            .index_to_world(local.geometry.index_at(offset).map(|i| i as f64));
        (0..3)
            .map(|a| (p[a] - middle[a]).powi(2))
            .sum::<f64>()
            .sqrt()
    };
    (0..local.geometry.len()).map(distance).collect()
}

fn offsets(distances_mm: &[f64], radius_mm: f64) -> Vec<usize> {
    let near = distances_mm.iter().enumerate();
    near.filter(|&(_, &d)| d <= radius_mm)
        .map(|(offset, _)| offset)
        .collect()
}

/// 99th percentile of the finite values, 0 without any.
fn percentile_99(values: &[f32]) -> f64 {
    let mut finite: Vec<f32> = values.iter().copied().filter(|v| v.is_finite()).collect();
    if finite.is_empty() {
        return 0.0;
    }
    let rank = (finite.len() - 1) / 100 * 99 + (finite.len() - 1) % 100 * 99 / 100;
    f64::from(*finite.select_nth_unstable_by(rank, f32::total_cmp).1)
}

/// Fills what the region encloses: parts of the outside that do not touch the border of the grid.
fn fill_holes(region: &Mask) -> Mask {
    let outside = region.map(|&inside| !inside);
    let components = connected_components(&outside, Connectivity::Faces);
    let geometry = region.geometry();
    let size = geometry.size();
    let mut open = vec![false; components.sizes.len() + 1];
    for (offset, &label) in components.labels.voxels().iter().enumerate() {
        let index = geometry.index_at(offset);
        if (0..3).any(|a| index[a] == 0 || index[a] + 1 == size[a]) {
            open[label as usize] = true;
        }
    }
    components
        .labels
        .map(|&label| label == 0 || !open[label as usize])
}

#[cfg(test)]
mod tests {
    use super::*;
    use triher_volume::Phase;

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
