//! Candidates: what enhances, at several thresholds, ranked.

use crate::breast::{BreastRegion, breast_region};
use crate::enhancement::{early_enhancement, quantile};
use crate::outline::outlined;
use crate::part::{Part, with_room};
use crate::score::{Reason, Scene, score};
use crate::{DetectionError, DetectionOptions};
use rayon::prelude::*;
use triher_region::{Connectivity, IndexBox, connected_components, fill_holes};
use triher_volume::{DynamicSeries, Image, Mask, crop};

/// Thresholds, as shares of the breast's voxels that enhance less.
const LEVELS: [f64; 9] = [0.85, 0.90, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998];
/// Regions of one threshold that are measured at most, those that enhance most in all.
const MEASURED: usize = 60;
/// Two regions are the same candidate when they share more than this part of the smaller one.
const SAME: f64 = 0.3;
/// What counts beside the candidates themselves when a score becomes a confidence.
const DOUBT: f64 = 0.05;
/// Around a seed that lies in no candidate, a ball of this radius is the first guess, millimetres.
const SEED_MM: f64 = 3.0;

/// A region that may be the lesion.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Its voxels, on the grid of the images.
    pub mask: Mask,
    /// The candidate's share of the cubes of the scores of all candidates and 0.05 for doubt, from 0 to 1. It is for ranking and for
    /// asking the reader; it is no probability.
    pub confidence: f64,
    /// What the score is made of; the score is the product of the factors.
    pub reasons: Vec<Reason>,
    /// Mean of its voxels' centres, patient coordinates (LPS), millimetres.
    pub centre_mm: [f64; 3],
    /// Volume, cubic millimetres.
    pub volume_mm3: f64,
}

impl Candidate {
    /// The product of the factors of [`Candidate::reasons`].
    pub fn score(&self) -> f64 {
        score(&self.reasons)
    }
}

/// What was found in a series.
#[derive(Clone, Debug, PartialEq)]
pub struct Detection {
    /// The breast.
    pub breast: BreastRegion,
    /// Candidates, the likeliest first.
    pub candidates: Vec<Candidate>,
    /// Early enhancement, smoothed: what candidates were looked for in.
    pub early: Image,
}

/// Looks for lesions where nothing says where they are.
///
/// Early enhancement (mean of the phases of the first three minutes minus the phase before contrast, smoothed) is thresholded at nine quantiles of
/// the breast. Each connected part of a plausible size is measured ([`Term`](crate::Term)); of parts that overlap the one with the highest
/// score is kept. What lies mostly behind the chest wall (heart), in the skin, at the nipple, or is thin and long (vessels) gets a factor near
/// zero. The best are outlined by fuzzy c-means, measured again and ranked. The reader is to confirm or correct: [`candidate_at_seed`],
/// [`candidate_in_box`].
///
/// # Errors
/// As [`breast_region`], and [`DetectionError::NoEnhancement`]. No candidate is an empty list, not an error.
pub fn detect(
    series: &DynamicSeries,
    options: &DetectionOptions,
) -> Result<Detection, DetectionError> {
    let found = Found::new(series, options)?;
    let parts = found.parts(options.candidates)?;
    let refined = parts
        .par_iter()
        .map(|part| {
            let Some(own) = part.own_bounds() else {
                return Ok(None);
            };
            let room = with_room(own, series.geometry(), options.margin_mm);
            let first = found.scored(part.clone())?;
            found.best_outline(part, room, Some(first))
        })
        .collect::<Result<Vec<_>, DetectionError>>()?;
    let mut refined: Vec<Scored> = refined.into_iter().flatten().collect();
    refined.sort_by(|a, b| b.score.total_cmp(&a.score));
    let kept = without_repetitions(refined, series);
    let all: f64 = DOUBT + kept.iter().map(|s| s.score.powi(3)).sum::<f64>();
    let candidates = kept
        .into_iter()
        .map(|scored| scored.candidate(series, all))
        .collect();
    Ok(Detection {
        breast: found.breast,
        candidates,
        early: found.early,
    })
}

/// The lesion at a voxel that the reader points at.
///
/// When one of the regions of [`detect`] holds the voxel or comes within 3 mm of it, it is the first guess; else a ball of 3 mm is. The outline
/// stays within `reach_mm` of the seed. The confidence is that of a candidate alone.
///
/// # Errors
/// As [`detect`]; [`triher_region::RegionError::SeedOutside`], [`DetectionError::NoLesion`].
pub fn candidate_at_seed(
    series: &DynamicSeries,
    seed: [usize; 3],
    options: &DetectionOptions,
) -> Result<Candidate, DetectionError> {
    let geometry = series.geometry();
    if geometry.offset(seed).is_none() {
        return Err(triher_region::RegionError::SeedOutside {
            seed,
            size: geometry.size(),
        }
        .into());
    }
    let found = Found::new(series, options)?;
    let place = || format!("the seed voxel {seed:?}");
    let at = IndexBox {
        start: seed,
        end: seed.map(|s| s + 1),
    };
    let near = with_room(at, geometry, options.reach_mm.max(SEED_MM));
    let mut point = Mask::filled(*geometry, false);
    if let Some(offset) = geometry.offset(seed) {
        point.voxels_mut()[offset] = true;
    }
    let ball = crop(&point, near.start, near.size())?;
    let ball = Part {
        bounds: near,
        region: triher_region::dilate_mm(&ball, SEED_MM)?,
    };
    let ball_offsets = ball.offsets(geometry);
    // The likeliest region that meets the ball, as far as it lies within reach.
    let mut guess = None;
    for part in found.parts(usize::MAX)? {
        let mask = part.whole(geometry);
        if ball_offsets.iter().any(|&o| mask.voxels()[o]) {
            let region = crop(&mask, near.start, near.size())?;
            guess = Some(Part {
                bounds: near,
                region,
            });
            break;
        }
    }
    let first = guess.clone().map(|part| found.scored(part)).transpose()?;
    let guess = guess.unwrap_or(ball);
    let own = guess
        .own_bounds()
        .ok_or_else(|| DetectionError::NoLesion { place: place() })?;
    let room = with_room(own, geometry, options.margin_mm);
    let room = IndexBox {
        start: std::array::from_fn(|a| room.start[a].max(near.start[a])),
        end: std::array::from_fn(|a| room.end[a].min(near.end[a])),
    };
    found.finish(&guess, room, first, place())
}

/// The lesion in a box that the reader draws: as [`candidate_at_seed`], with the largest connected part of what enhances more than the
/// middle between the median and the 95th percentile of the box as first guess. The outline stays in the box.
///
/// # Errors
/// As [`candidate_at_seed`]; [`triher_region::RegionError::BoxOutside`].
pub fn candidate_in_box(
    series: &DynamicSeries,
    bounds: IndexBox,
    options: &DetectionOptions,
) -> Result<Candidate, DetectionError> {
    bounds.check(series.geometry())?;
    let found = Found::new(series, options)?;
    let early = crop(&found.early, bounds.start, bounds.size())?;
    let mut values = early.voxels().to_vec();
    let middle = 0.5 * (quantile(&mut values, 0.5) + quantile(&mut values, 0.95));
    let place = format!("the box from {:?} to {:?}", bounds.start, bounds.end);
    let above = early.map(|&v| f64::from(v) > middle);
    let components = connected_components(&above, Connectivity::Faces);
    let region = components
        .largest()
        .and_then(|label| components.region(label))
        .ok_or_else(|| DetectionError::NoLesion {
            place: place.clone(),
        })?;
    found.finish(&Part { bounds, region }, bounds, None, place)
}

/// A series with its breast and its enhancement.
struct Found<'a> {
    series: &'a DynamicSeries,
    breast: BreastRegion,
    early: Image,
    /// Thresholds, rising.
    levels: Vec<f64>,
    strong: f64,
    options: &'a DetectionOptions,
}

/// A region and its score.
#[derive(Clone, Debug)]
struct Scored {
    part: Part,
    reasons: Vec<Reason>,
    score: f64,
}

impl Scored {
    fn candidate(self, series: &DynamicSeries, all: f64) -> Candidate {
        let provenance = series.pre().provenance().clone();
        let mask = self.part.whole(series.geometry());
        let mask = mask.with_provenance(provenance.with_step("lesion candidate, not confirmed"));
        Candidate {
            confidence: self.score.powi(3) / all,
            centre_mm: self.part.centre_mm(),
            volume_mm3: mask.volume_mm3(),
            reasons: self.reasons,
            mask,
        }
    }
}

impl<'a> Found<'a> {
    fn new(
        series: &'a DynamicSeries,
        options: &'a DetectionOptions,
    ) -> Result<Self, DetectionError> {
        let breast = breast_region(series, options)?;
        let early = early_enhancement(series)?;
        let voxels = early.voxels().iter().enumerate();
        let mut inner: Vec<f32> = voxels
            .filter(|&(o, _)| {
                breast.breast.voxels()[o]
                    && f64::from(breast.depth_mm.voxels()[o]) > options.skin_mm
            })
            .map(|(_, &v)| v)
            .collect();
        let levels: Vec<f64> = LEVELS
            .iter()
            .map(|&share| quantile(&mut inner, share))
            .collect();
        let strong = quantile(&mut inner, 0.995);
        if strong <= 0.0 {
            return Err(DetectionError::NoEnhancement);
        }
        Ok(Self {
            series,
            breast,
            early,
            levels,
            strong,
            options,
        })
    }

    /// The likeliest regions that do not overlap.
    fn parts(&self, most: usize) -> Result<Vec<Part>, DetectionError> {
        let levels = self
            .levels
            .par_iter()
            .map(|&threshold| {
                if threshold > 0.0 {
                    self.above(threshold)
                } else {
                    Ok(Vec::new())
                }
            })
            .collect::<Result<Vec<_>, DetectionError>>()?;
        let mut scored: Vec<Scored> = levels.into_iter().flatten().collect();
        // Stable: of equals the one of the lower threshold comes first.
        scored.sort_by(|a, b| b.score.total_cmp(&a.score));
        let mut kept = without_repetitions(scored, self.series);
        kept.truncate(most);
        Ok(kept.into_iter().map(|s| s.part).collect())
    }

    /// The regions above one threshold.
    fn above(&self, threshold: f64) -> Result<Vec<Scored>, DetectionError> {
        let geometry = self.series.geometry();
        let depth = self.breast.depth_mm.voxels();
        let mut above = self.early.map(|&v| f64::from(v) >= threshold);
        for (offset, inside) in above.voxels_mut().iter_mut().enumerate() {
            *inside = *inside
                && self.breast.body.voxels()[offset]
                && f64::from(depth[offset]) > self.options.skin_mm;
        }
        let components = connected_components(&above, Connectivity::Faces);
        let voxel_mm3 = geometry.voxel_volume_mm3();
        let mut boxes = vec![None::<IndexBox>; components.sizes.len()];
        let mut totals = vec![0f64; components.sizes.len()];
        for (offset, &label) in components.labels.voxels().iter().enumerate() {
            let Some(n) = (label as usize).checked_sub(1) else {
                continue;
            };
            totals[n] += f64::from(self.early.voxels()[offset]);
            let index = geometry.index_at(offset);
            let bounds = boxes[n].get_or_insert(IndexBox {
                start: index,
                end: index,
            });
            for (a, &at) in index.iter().enumerate() {
                bounds.start[a] = bounds.start[a].min(at);
                bounds.end[a] = bounds.end[a].max(at + 1);
            }
        }
        let mut chosen: Vec<usize> = (0..boxes.len())
            .filter(|&n| {
                let volume_mm3 = components.sizes[n] as f64 * voxel_mm3;
                (self.options.min_volume_mm3..=self.options.max_volume_mm3).contains(&volume_mm3)
            })
            .collect();
        chosen.sort_by(|&a, &b| totals[b].total_cmp(&totals[a]));
        chosen.truncate(MEASURED);
        let measured = chosen
            .into_par_iter()
            .map(|n| {
                let Some(bounds) = boxes[n] else {
                    return Ok(None);
                };
                let bounds = with_room(bounds, geometry, Scene::ROOM_MM);
                let labels = crop(&components.labels, bounds.start, bounds.size())?;
                // A lesion may be dark inside, and the reader may point there.
                let region = fill_holes(&labels.map(|&label| label as usize == n + 1));
                self.scored(Part { bounds, region }).map(Some)
            })
            .collect::<Result<Vec<_>, DetectionError>>()?;
        let likely = measured.into_iter().flatten();
        Ok(likely.filter(|scored| scored.score > 0.0).collect())
    }

    /// The outline of a guess with the highest score: fuzzy c-means of two classes (lesion, rest) and of three (lesion, gland, fat), or
    /// `first`, where there is one: where gland enhances as the lesion does, fuzzy c-means flows out into it. `None` when nothing is left.
    fn best_outline(
        &self,
        guess: &Part,
        bounds: IndexBox,
        first: Option<Scored>,
    ) -> Result<Option<Scored>, DetectionError> {
        let mut best = first;
        for classes in [2, 3] {
            let outline = outlined(
                self.series,
                &self.breast,
                guess,
                bounds,
                classes,
                self.options,
            )?;
            for part in outline {
                let scored = self.scored(part)?;
                if best.as_ref().is_none_or(|b| scored.score > b.score) {
                    best = Some(scored);
                }
            }
        }
        Ok(best)
    }

    /// A region with its score.
    fn scored(&self, part: Part) -> Result<Scored, DetectionError> {
        let reasons = self.scene().reasons(&part)?;
        let score = score(&reasons);
        Ok(Scored {
            part,
            reasons,
            score,
        })
    }

    fn scene(&self) -> Scene<'_> {
        Scene {
            series: self.series,
            breast: &self.breast,
            early: &self.early,
            strong: self.strong,
            skin_mm: self.options.skin_mm,
        }
    }

    /// The one candidate that the reader asked for.
    fn finish(
        &self,
        guess: &Part,
        bounds: IndexBox,
        first: Option<Scored>,
        place: String,
    ) -> Result<Candidate, DetectionError> {
        let scored = self
            .best_outline(guess, bounds, first)?
            .ok_or(DetectionError::NoLesion { place })?;
        let score = scored.score;
        Ok(scored.candidate(self.series, DOUBT + score.powi(3)))
    }
}

/// Of regions that overlap, the first.
fn without_repetitions(ranked: Vec<Scored>, series: &DynamicSeries) -> Vec<Scored> {
    let geometry = series.geometry();
    // Number and size of the region that has a voxel.
    let mut taken: Vec<u32> = vec![0; geometry.len()];
    let mut sizes: Vec<usize> = vec![0];
    let mut kept = Vec::new();
    for scored in ranked {
        let offsets = scored.part.offsets(geometry);
        let mut shared = vec![0usize; sizes.len()];
        for &offset in &offsets {
            shared[taken[offset] as usize] += 1;
        }
        let repeats = (1..sizes.len()).any(|n| {
            let smaller = sizes[n].min(offsets.len());
            shared[n] as f64 > SAME * smaller as f64
        });
        if repeats {
            continue;
        }
        for &offset in &offsets {
            taken[offset] = sizes.len() as u32;
        }
        sizes.push(offsets.len());
        kept.push(scored);
    }
    kept
}
