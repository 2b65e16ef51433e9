//! The outline of a candidate: fuzzy c-means on the enhancement curves.

use crate::breast::BreastRegion;
use crate::fuzzy::fuzzy_c_means;
use crate::part::{Part, with_room};
use crate::{DetectionError, DetectionOptions};
use triher_region::{
    Connectivity, IndexBox, connected_components, dilate_mm, erode_mm, fill_holes,
};
use triher_volume::{DynamicSeries, Mask, crop};

/// Steps of the fuzzy c-means at most.
const STEPS: usize = 200;
/// It ends when the centres move by less than this share of the strongest enhancement.
const TOLERANCE: f64 = 1e-4;

/// Thresholds of membership, on the way from the option's to 1.
const STRICTER: [f64; 4] = [0.0, 0.25, 0.5, 0.75];

/// Outlines what enhances around a first guess, as Chen, Giger and Bick published it (Acad Radiol 2006;13:63-72): fuzzy c-means
/// on the enhancement curves of the voxels in a box, membership of the class that enhances more to yes or no, the connected part
/// that shares most voxels with the guess, closing and holes filled.
///
/// They have two classes; a third is for gland that enhances, between lesion and fat. First centres are the mean curves of the guess and of the
/// rest (in slices by their enhancement), not random ones. Skin, air and what lies behind the chest wall has no part.
/// One outline for each of four thresholds of membership, fewer where nothing is left.
pub(crate) fn outlined(
    series: &DynamicSeries,
    breast: &BreastRegion,
    guess: &Part,
    bounds: IndexBox,
    classes: usize,
    options: &DetectionOptions,
) -> Result<Vec<Part>, DetectionError> {
    let cut = |mask: &Mask| crop(mask, bounds.start, bounds.size());
    let inside = cut(&guess.whole(series.geometry()))?;
    let allowed = cut(&breast.breast)?;
    let depth = crop(&breast.depth_mm, bounds.start, bounds.size())?;
    let phases = series
        .phases()
        .iter()
        .map(|phase| crop(&phase.image, bounds.start, bounds.size()))
        .collect::<Result<Vec<_>, _>>()?;
    let usable: Vec<usize> = (0..inside.voxels().len())
        .filter(|&o| {
            let tissue = allowed.voxels()[o] && f64::from(depth.voxels()[o]) > options.skin_mm;
            (tissue || inside.voxels()[o]) && phases.iter().all(|p| p.voxels()[o].is_finite())
        })
        .collect();
    let dimensions = phases.len() - 1;
    let mut samples = Vec::with_capacity(usable.len() * dimensions);
    for &offset in &usable {
        let before = f64::from(phases[0].voxels()[offset]);
        for phase in &phases[1..] {
            samples.push(f64::from(phase.voxels()[offset]) - before);
        }
    }
    let Some(first) = first_centres(&samples, dimensions, classes, |n| {
        inside.voxels()[usable[n]]
    }) else {
        return Ok(Vec::new());
    };
    let largest = samples.iter().fold(0f64, |l, v| l.max(v.abs()));
    let found = fuzzy_c_means(
        &samples,
        &first,
        options.fuzzifier,
        TOLERANCE * largest,
        STEPS,
    );
    let total = |n: usize| found.centres[n].iter().sum::<f64>();
    let class = (1..classes).fold(0, |best, n| if total(n) > total(best) { n } else { best });
    let mut parts = Vec::new();
    for share in STRICTER {
        // The option, then on the way from it to full membership.
        let least = options.membership + share * (1.0 - options.membership);
        let mut member = inside.map(|_| false);
        for (row, &offset) in found.memberships.chunks_exact(classes).zip(&usable) {
            member.voxels_mut()[offset] = row[class] >= least;
        }
        let Some(part) = part_that_shares(&member, &inside) else {
            continue;
        };
        let region = closed_part(&part, options)?;
        parts.extend(measurable(Part { bounds, region }, series)?);
    }
    Ok(parts)
}

/// A region closed and with its holes filled.
pub(crate) fn closed_part(part: &Mask, options: &DetectionOptions) -> Result<Mask, DetectionError> {
    let closed = erode_mm(&dilate_mm(part, options.closing_mm)?, options.closing_mm)?;
    Ok(fill_holes(&closed))
}

/// A part with the room around its region that measuring it needs; `None` when the region is empty.
pub(crate) fn measurable(
    part: Part,
    series: &DynamicSeries,
) -> Result<Option<Part>, DetectionError> {
    let Some(own) = part.own_bounds() else {
        return Ok(None);
    };
    let whole = part.whole(series.geometry());
    let bounds = with_room(own, series.geometry(), crate::score::Scene::ROOM_MM);
    let region = crop(&whole, bounds.start, bounds.size())?;
    Ok(Some(Part { bounds, region }))
}

/// Mean curves of the guess and of as many slices of the rest, by how much they enhance. `None` when the guess or the rest is empty.
fn first_centres(
    samples: &[f64],
    dimensions: usize,
    classes: usize,
    in_guess: impl Fn(usize) -> bool,
) -> Option<Vec<Vec<f64>>> {
    let curve = |n: usize| &samples[n * dimensions..(n + 1) * dimensions];
    let mean = |chosen: &[usize]| {
        let mut sum = vec![0.0; dimensions];
        for &n in chosen {
            for (s, v) in sum.iter_mut().zip(curve(n)) {
                *s += v;
            }
        }
        let count = chosen.len() as f64;
        sum.into_iter().map(|s| s / count).collect::<Vec<f64>>()
    };
    let all = 0..samples.len() / dimensions.max(1);
    let (lesion, mut rest): (Vec<usize>, Vec<usize>) = all.partition(|&n| in_guess(n));
    let slices = classes.saturating_sub(1).max(1);
    if lesion.is_empty() || rest.len() < slices {
        return None;
    }
    let total = |n: usize| curve(n).iter().sum::<f64>();
    rest.sort_by(|&a, &b| total(a).total_cmp(&total(b)));
    let mut centres = vec![mean(&lesion)];
    centres.extend((0..slices).map(|slice| {
        let from = slice * rest.len() / slices;
        let to = (slice + 1) * rest.len() / slices;
        mean(&rest[from..to])
    }));
    Some(centres)
}

/// The connected part that has most voxels in common with a guess, the first of equals.
pub(crate) fn part_that_shares(member: &Mask, guess: &Mask) -> Option<Mask> {
    let components = connected_components(member, Connectivity::Faces);
    let mut shared = vec![0usize; components.sizes.len() + 1];
    for (&label, &inside) in components.labels.voxels().iter().zip(guess.voxels()) {
        shared[label as usize] += usize::from(inside && label > 0);
    }
    let best = (1..shared.len()).max_by_key(|&label| (shared[label], std::cmp::Reverse(label)))?;
    (shared[best] > 0).then(|| components.region(best as u32))?
}
