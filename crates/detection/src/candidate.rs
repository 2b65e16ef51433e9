//! Candidates for the lesion: found, pointed at, boxed, or from a network.

use crate::breast::BreastRegion;
use crate::enhancement::quantile;
use crate::part::{Part, with_room};
use crate::score::{Reason, score};
use crate::search::{DOUBT, Scored, Search, without_repetitions};
use crate::{DetectionError, DetectionOptions};
use rayon::prelude::*;
use triher_region::{Connectivity, IndexBox, connected_components};
use triher_volume::{DynamicSeries, Image, Mask, crop};

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
/// As [`breast_region`](crate::breast_region), and [`DetectionError::NoEnhancement`]. No candidate is an empty list, not an error.
pub fn detect(
    series: &DynamicSeries,
    options: &DetectionOptions,
) -> Result<Detection, DetectionError> {
    let found = Search::new(series, options)?;
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

impl Detection {
    /// Candidates that came from elsewhere, such as a network ([`candidates_from_probability`]), in front of the breast and its early
    /// enhancement: for a picture to check.
    ///
    /// # Errors
    /// As [`detect`].
    pub fn of(
        series: &DynamicSeries,
        candidates: Vec<Candidate>,
        options: &DetectionOptions,
    ) -> Result<Self, DetectionError> {
        let found = Search::new(series, options)?;
        Ok(Self {
            breast: found.breast,
            candidates,
            early: found.early,
        })
    }
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
    let found = Search::new(series, options)?;
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
    let found = Search::new(series, options)?;
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

/// Candidates from a network's probability that a voxel is lesion ([`foreground_probability`](crate::foreground_probability)): the connected parts of
/// what reaches `threshold` and is large enough, the part with the highest mean probability times the cube root of its volume first. The
/// confidence is the mean probability of a part; there are no reasons.
///
/// # Errors
/// [`DetectionError::BadOption`] when the threshold is not from 0 to 1.
pub fn candidates_from_probability(
    probability: &Image,
    threshold: f64,
    options: &DetectionOptions,
) -> Result<Vec<Candidate>, DetectionError> {
    options.check()?;
    if !(0.0..=1.0).contains(&threshold) {
        return Err(DetectionError::BadOption {
            name: "threshold",
            value: threshold,
            allowed: "give a number from 0 to 1",
        });
    }
    let geometry = *probability.geometry();
    let above = probability.map(|&p| f64::from(p) >= threshold);
    let components = connected_components(&above, Connectivity::Corners);
    let mut found = Vec::new();
    for (label, &count) in (1..).zip(&components.sizes) {
        let volume_mm3 = count as f64 * geometry.voxel_volume_mm3();
        let plausible = (options.min_volume_mm3..=options.max_volume_mm3).contains(&volume_mm3);
        let Some(mask) = components.region(label).filter(|_| plausible) else {
            continue;
        };
        let inside = mask.voxels().iter().zip(probability.voxels());
        let sum: f64 = inside.filter(|v| *v.0).map(|v| f64::from(*v.1)).sum();
        let part = Part {
            bounds: IndexBox {
                start: [0; 3],
                end: geometry.size(),
            },
            region: mask,
        };
        let provenance = probability.provenance().clone();
        found.push(Candidate {
            confidence: sum / count as f64,
            reasons: Vec::new(),
            centre_mm: part.centre_mm(),
            volume_mm3,
            mask: part
                .region
                .with_provenance(provenance.with_step("lesion candidate, not confirmed")),
        });
    }
    let weight = |c: &Candidate| c.confidence * c.volume_mm3.cbrt();
    found.sort_by(|a, b| weight(b).total_cmp(&weight(a)));
    found.truncate(options.candidates);
    Ok(found)
}

#[cfg(test)]
mod tests {
    use super::*;
    use triher_volume::Geometry;

    #[test]
    fn a_network_gives_candidates() {
        let geometry = Geometry::axis_aligned([20, 10, 10], [2.0; 3], [0.0; 3]).unwrap();
        let probability = Image::from_fn(geometry, |[i, j, k]| {
            if (2..6).contains(&i) && j < 4 && k < 4 {
                0.7
            } else if (10..13).contains(&i) && j < 3 && k < 3 {
                0.9
            } else if i == 18 && j == 8 && k == 8 {
                1.0
            } else {
                0.1
            }
        });
        let options = DetectionOptions::default();
        let found = candidates_from_probability(&probability, 0.5, &options).unwrap();
        let volumes: Vec<f64> = found.iter().map(|c| c.volume_mm3).collect();
        assert_eq!(volumes, [512.0, 216.0]);
        assert!((found[1].confidence - 0.9).abs() < 1e-6);
        assert_eq!(found[0].centre_mm, [7.0, 3.0, 3.0]);
        assert!(candidates_from_probability(&probability, 1.5, &options).is_err());
    }
}
