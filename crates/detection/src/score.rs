//! How much a region looks like a lesion.

use crate::DetectionError;
use crate::breast::BreastRegion;
use crate::part::Part;
use nalgebra::Matrix3;
use serde::{Deserialize, Serialize};
use triher_region::{distance_mm, ring};
use triher_volume::{DynamicSeries, Image};

/// One term of the score: what was measured and by which factor it counts.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Reason {
    /// What was measured.
    pub term: Term,
    /// The measurement, in the unit that [`Term`] states.
    pub value: f64,
    /// Its factor, from 0 (no lesion looks like this) to 1.
    pub factor: f64,
}

/// What the score is made of. Each factor rises smoothly (`3 t^2 - 2 t^3`) from the first to the second value given here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Term {
    /// Early enhancement in the region minus that within 4 mm around it, relative to the region's: 0.1 to 0.8.
    Contrast,
    /// Early enhancement in the region relative to the 99.5th percentile of the breast: 0.1 to 0.8.
    Strength,
    /// Largest distance of a voxel from the nearest one outside relative to the radius of the ball of its volume, 1 for a ball: 0.2 to 0.6. Vessels and
    /// networks of gland are thin.
    Fullness,
    /// Second over first axis of the ellipsoid of inertia, 1 for a ball: 0.1 to 0.55. Vessels are long.
    Roundness,
    /// Radius of the ball of the region's volume, millimetres: 1.5 to 6.
    Size,
    /// Share of the region that lies deeper than twice the skin: 0 to 0.7.
    BelowSkin,
    /// Distance of the region's centre from the nearest nipple, millimetres: 6 to 20.
    FromNipple,
    /// Share of the region in front of the chest wall: 0.5 to 0.95. The heart lies behind it.
    InFrontOfWall,
    /// Largest early enhancement of the region's mean curve over that of the last phase, the signal enhancement ratio: 0.75 to 1.1,
    /// counted from 0.3 to 1. Gland and many benign regions go on taking up; a lesion may, too, so that this alone excludes nothing.
    Uptake,
}

impl Term {
    /// The factor for a value.
    fn factor(self, value: f64) -> f64 {
        let (low, high) = match self {
            Self::Contrast | Self::Strength => (0.1, 0.8),
            Self::Fullness => (0.2, 0.6),
            Self::Roundness => (0.1, 0.55),
            Self::Size => (1.5, 6.0),
            Self::BelowSkin => (0.0, 0.7),
            Self::FromNipple => (6.0, 20.0),
            Self::InFrontOfWall => (0.5, 0.95),
            Self::Uptake => (0.75, 1.1),
        };
        let t = ((value - low) / (high - low)).clamp(0.0, 1.0);
        let step = t * t * (3.0 - 2.0 * t);
        match self {
            Self::Uptake => 0.3 + 0.7 * step,
            _ => step,
        }
    }
}

/// What surrounds a region within this distance is its background, millimetres.
const AROUND_MM: f64 = 4.0;

/// What a region is measured on.
pub(crate) struct Scene<'a> {
    pub(crate) series: &'a DynamicSeries,
    pub(crate) breast: &'a BreastRegion,
    pub(crate) early: &'a Image,
    /// 99.5th percentile of the early enhancement of the breast.
    pub(crate) strong: f64,
    pub(crate) skin_mm: f64,
}

impl Scene<'_> {
    /// Room that a part needs around its region.
    pub(crate) const ROOM_MM: f64 = AROUND_MM;

    /// The terms of a region that is not empty, in the order of [`Term`].
    pub(crate) fn reasons(&self, part: &Part) -> Result<Vec<Reason>, DetectionError> {
        let geometry = self.series.geometry();
        let early = part.cut(self.early)?;
        let body = part.cut(&self.breast.body)?;
        let depth = part.cut(&self.breast.depth_mm)?;
        let inside = part.region.voxels();
        let surrounding = ring(&part.region, AROUND_MM, None)?;
        let mean = |chosen: &dyn Fn(usize) -> bool, values: &[f32]| {
            let (mut sum, mut count) = (0.0, 0.0);
            for (offset, &v) in values.iter().enumerate() {
                if chosen(offset) {
                    sum += f64::from(v);
                    count += 1.0;
                }
            }
            sum / f64::max(count, 1.0)
        };
        let within = mean(&|o| inside[o], &early);
        let around = mean(&|o| surrounding.voxels()[o] && body[o], &early);
        let radius_mm = (0.75 * part.region.volume_mm3() / std::f64::consts::PI).cbrt();
        let deep = |o: usize| inside[o] && f64::from(depth[o]) > 2.0 * self.skin_mm;
        let share = |chosen: &dyn Fn(usize) -> bool| {
            let count = (0..inside.len()).filter(|&o| chosen(o)).count();
            count as f64 / part.region.count().max(1) as f64
        };
        let grid = part.region.geometry();
        let before_wall = |o: usize| {
            let index = grid.index_at(o).map(|i| i as f64);
            inside[o] && self.breast.wall.in_front_mm(grid.index_to_world(index)) > 0.0
        };
        let centre = part.centre_mm();
        let from_nipple = self.breast.nipples_mm.iter().map(|n| {
            (0..3)
                .map(|a| (n[a] - centre[a]).powi(2))
                .sum::<f64>()
                .sqrt()
        });
        let values = [
            (Term::Contrast, (within - around) / within.max(1e-9)),
            (Term::Strength, within / self.strong.max(1e-9)),
            (Term::Fullness, thickness_mm(part)? / radius_mm.max(1e-9)),
            (Term::Roundness, roundness(part)),
            (Term::Size, radius_mm),
            (Term::BelowSkin, share(&deep)),
            (Term::FromNipple, from_nipple.fold(f64::INFINITY, f64::min)),
            (Term::InFrontOfWall, share(&before_wall)),
            (Term::Uptake, self.uptake(&part.offsets(geometry))),
        ];
        let reason = |(term, value): (Term, f64)| {
            let value = if value.is_nan() { 0.0 } else { value };
            Reason {
                term,
                value,
                factor: term.factor(value),
            }
        };
        Ok(values.into_iter().map(reason).collect())
    }

    /// Signal enhancement ratio of the mean curve: the largest early enhancement over the last. 0 where nothing enhances early, and at most 10.
    fn uptake(&self, offsets: &[usize]) -> f64 {
        let mean = |image: &Image| {
            let finite = offsets.iter().map(|&o| f64::from(image.voxels()[o]));
            let (sum, count) = finite
                .filter(|v| v.is_finite())
                .fold((0.0, 0.0), |(s, c), v| (s + v, c + 1.0));
            sum / f64::max(count, 1.0)
        };
        let before = mean(self.series.pre());
        let early = crate::enhancement::early_phases(self.series);
        let post = self.series.post();
        let enhancement = post.iter().map(|phase| mean(&phase.image) - before);
        let curve: Vec<f64> = enhancement.collect();
        let first = curve[..early].iter().copied().fold(0.0, f64::max);
        let last = curve.last().copied().unwrap_or(0.0);
        // What has washed out altogether has a ratio without limit.
        first / last.max(0.1 * first).max(1e-9)
    }
}

/// The product of the factors.
pub(crate) fn score(reasons: &[Reason]) -> f64 {
    reasons.iter().map(|r| r.factor).product()
}

/// Largest distance of the region's voxels from the nearest voxel outside, centre to centre, millimetres.
fn thickness_mm(part: &Part) -> Result<f64, DetectionError> {
    let depth = distance_mm(&part.region.map(|inside| !inside))?;
    let deepest = depth.voxels().iter().copied().filter(|d| d.is_finite());
    Ok(f64::from(deepest.fold(0f32, f32::max)))
}

/// Ratio of the second to the first axis of the ellipsoid of inertia; each voxel counts as a box.
fn roundness(part: &Part) -> f64 {
    let grid = part.region.geometry();
    let centre = part.centre_mm();
    let (mut spread, mut count) = (Matrix3::<f64>::zeros(), 0.0);
    for (offset, _) in part.region.voxels().iter().enumerate().filter(|v| *v.1) {
        let p = grid.index_to_world(grid.index_at(offset).map(|i| i as f64));
        let d = nalgebra::Vector3::from_fn(|a, _| p[a] - centre[a]);
        spread += d * d.transpose();
        count += 1.0;
    }
    spread /= f64::max(count, 1.0);
    // Within a box the coordinates vary by a twelfth of the square of its side.
    let step = grid.affine().fixed_view::<3, 3>(0, 0).into_owned();
    spread += step * step.transpose() / 12.0;
    let mut axes: [f64; 3] = spread.symmetric_eigenvalues().into();
    axes.sort_by(f64::total_cmp);
    (axes[1] / axes[2].max(1e-12)).max(0.0).sqrt()
}
