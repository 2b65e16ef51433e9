//! The search for regions that enhance, at several thresholds.

use crate::breast::{BreastRegion, breast_region};
use crate::candidate::Candidate;
use crate::enhancement::{early_enhancement, quantile};
use crate::outline::outlined;
use crate::outline_cut::outlined_by_cut;
use crate::part::{Part, with_room};
use crate::score::{Reason, Scene, score};
use crate::{DetectionError, DetectionOptions, OutlineMethod};
use rayon::prelude::*;
use triher_region::{Connectivity, IndexBox, connected_components, fill_holes};
use triher_volume::{DynamicSeries, Image, crop};

/// Thresholds, as shares of the breast's voxels that enhance less.
const LEVELS: [f64; 9] = [0.85, 0.90, 0.93, 0.95, 0.97, 0.98, 0.99, 0.995, 0.998];
/// Regions of one threshold that are measured at most, those that enhance most in all.
const MEASURED: usize = 60;
/// Two regions are the same candidate when they share more than this part of the smaller one.
const SAME: f64 = 0.3;
/// What counts beside the candidates themselves when a score becomes a confidence.
pub(crate) const DOUBT: f64 = 0.05;

/// A series with its breast and its enhancement.
pub(crate) struct Search<'a> {
    series: &'a DynamicSeries,
    pub(crate) breast: BreastRegion,
    pub(crate) early: Image,
    /// Thresholds, rising.
    levels: Vec<f64>,
    strong: f64,
    options: &'a DetectionOptions,
}

/// A region and its score.
#[derive(Clone, Debug)]
pub(crate) struct Scored {
    part: Part,
    reasons: Vec<Reason>,
    pub(crate) score: f64,
}

impl Scored {
    pub(crate) fn candidate(self, series: &DynamicSeries, all: f64) -> Candidate {
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

impl<'a> Search<'a> {
    pub(crate) fn new(
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
    pub(crate) fn parts(&self, most: usize) -> Result<Vec<Part>, DetectionError> {
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

    /// The outline of a guess with the highest score: fuzzy c-means of two classes (lesion, rest) and of three (lesion, gland, fat) or a graph
    /// cut, as the options say, or `first`, where there is one: where gland enhances as the lesion does, outlines flow out into it. `None`
    /// when nothing is left.
    pub(crate) fn best_outline(
        &self,
        guess: &Part,
        bounds: IndexBox,
        first: Option<Scored>,
    ) -> Result<Option<Scored>, DetectionError> {
        let (series, breast, options) = (self.series, &self.breast, self.options);
        let mut outlines = Vec::new();
        match options.outline {
            OutlineMethod::FuzzyCMeans => {
                for classes in [2, 3] {
                    outlines.extend(outlined(series, breast, guess, bounds, classes, options)?);
                }
            }
            OutlineMethod::GraphCut => {
                outlines.extend(outlined_by_cut(series, breast, guess, bounds, options)?);
            }
        }
        let mut best = first;
        for part in outlines {
            let scored = self.scored(part)?;
            if best.as_ref().is_none_or(|b| scored.score > b.score) {
                best = Some(scored);
            }
        }
        Ok(best)
    }

    /// A region with its score.
    pub(crate) fn scored(&self, part: Part) -> Result<Scored, DetectionError> {
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
    pub(crate) fn finish(
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
pub(crate) fn without_repetitions(ranked: Vec<Scored>, series: &DynamicSeries) -> Vec<Scored> {
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
