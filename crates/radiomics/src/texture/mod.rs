//! Texture: matrices of grey levels and their features.

mod cooccurrence;
mod directions;
mod matrix;
mod neighbourhood;
mod run_length;
mod whole;
mod zones;

pub(crate) use whole::{Textures, second_eigenvalue};

use crate::feature::{Entry, Family, FeatureValue};
use crate::levels::Levels;
use crate::settings::Aggregation;
use directions::Directed;
use matrix::{Matrix, averaged};
use rayon::prelude::*;

/// Steps in memory to the 8 neighbours within a slice or the 26 in space.
fn neighbours(levels: &Levels, in_space: bool) -> impl Iterator<Item = isize> {
    let count = if in_space {
        directions::DIRECTIONS.len()
    } else {
        directions::WITHIN
    };
    let steps = directions::DIRECTIONS.into_iter().take(count);
    let offsets: Vec<isize> = steps.map(|step| levels.offset(step)).collect();
    offsets.into_iter().flat_map(|offset| [offset, -offset])
}

/// The features of one family.
pub(crate) fn features(
    levels: &Levels,
    family: Family,
    aggregation: &[Aggregation],
) -> Vec<FeatureValue> {
    match family {
        Family::Cooccurrence => directed(levels, family, aggregation, cooccurrence::count, |m| {
            cooccurrence::features(m, levels.count)
        }),
        Family::RunLength => directed(
            levels,
            family,
            aggregation,
            run_length::count,
            run_length::features,
        ),
        _ => Vec::new(),
    }
}

/// A family whose matrices have directions.
fn directed(
    levels: &Levels,
    family: Family,
    aggregation: &[Aggregation],
    count: impl Fn(&Levels, std::ops::Range<usize>, isize) -> Matrix + Sync,
    features: impl Fn(&Matrix) -> Vec<Entry>,
) -> Vec<FeatureValue> {
    let matrices = Directed::count(levels, aggregation, count);
    let mut out = Vec::new();
    for &aggregation in aggregation {
        let mut all = matrices.aggregated(aggregation);
        // Slices without a voxel of the region (it may consist of several parts) have no say.
        all.retain(|m| m.voxels > 0);
        let each: Vec<Vec<Entry>> = all.iter().map(&features).collect();
        out.extend(placed(levels, family, aggregation, averaged(&each), true));
    }
    out
}

/// Features with the end of their tags, and a word where a region of one slice is described in space.
fn placed(
    levels: &Levels,
    family: Family,
    aggregation: Aggregation,
    entries: Vec<Entry>,
    directed: bool,
) -> impl Iterator<Item = FeatureValue> {
    let (suffix, words) = if directed {
        (aggregation.suffix(), aggregation.words())
    } else {
        (aggregation.plain_suffix(), aggregation.plain_words())
    };
    let flat = aggregation.in_space() && levels.slices().len() == 1;
    entries.into_iter().map(move |entry| {
        entry
            .flagged(
                flat && entry.flag.is_empty() && !entry.value.is_nan(),
                "the region has one slice: nothing beyond it was seen",
            )
            .placed(family, suffix, words)
    })
}

/// The aggregations of matrices without directions: one of each kind.
fn plain(aggregation: &[Aggregation]) -> Vec<Aggregation> {
    let mut kinds: Vec<Aggregation> = Vec::new();
    for &a in aggregation {
        if kinds.iter().all(|k| k.plain_suffix() != a.plain_suffix()) {
            kinds.push(a);
        }
    }
    kinds
}

/// The whole box and the slices of it, as parts of memory.
fn parts(levels: &Levels, in_space: bool) -> Vec<std::ops::Range<usize>> {
    let slices = levels.slices();
    if in_space {
        let whole = levels.slice(slices.start).start..levels.slice(slices.end - 1).end;
        Vec::from([whole])
    } else {
        slices.map(|k| levels.slice(k)).collect()
    }
}

/// The features of the families of zones: sizes, then distances.
pub(crate) fn zone_features(
    levels: &Levels,
    aggregation: &[Aggregation],
) -> [Vec<FeatureValue>; 2] {
    let mut out = [Vec::new(), Vec::new()];
    let mut slices: Option<Vec<zones::Zones>> = None;
    for kind in plain(aggregation) {
        let space;
        let all = if kind.in_space() {
            space = count_parts(levels, true, zones::count);
            &space
        } else {
            slices.get_or_insert_with(|| count_parts(levels, false, zones::count))
        };
        let families = [Family::SizeZone, Family::DistanceZone];
        for (at, family) in families.into_iter().enumerate() {
            let matrices = all
                .iter()
                .map(|z| if at == 0 { &z.sizes } else { &z.distances });
            let features = if at == 0 {
                zones::size_features
            } else {
                zones::distance_features
            };
            out[at].extend(placed(
                levels,
                family,
                kind,
                plain_entries(matrices, kind, features),
                false,
            ));
        }
    }
    out
}

/// The features of the families of neighbourhoods: tone differences, then dependences.
pub(crate) fn neighbourhood_features(
    levels: &Levels,
    aggregation: &[Aggregation],
) -> [Vec<FeatureValue>; 2] {
    let mut out = [Vec::new(), Vec::new()];
    let mut slices: Option<Vec<(neighbourhood::Tones, Matrix)>> = None;
    for kind in plain(aggregation) {
        let space;
        let all = if kind.in_space() {
            space = count_parts(levels, true, neighbourhoods);
            &space
        } else {
            slices.get_or_insert_with(|| count_parts(levels, false, neighbourhoods))
        };
        let filled = || all.iter().filter(|p| p.1.voxels > 0).map(|p| &p.0);
        let tones: Vec<Vec<Entry>> = if kind.by_slice() {
            filled().map(neighbourhood::Tones::features).collect()
        } else {
            vec![neighbourhood::Tones::merged(filled()).features()]
        };
        out[0].extend(placed(
            levels,
            Family::ToneDifference,
            kind,
            averaged(&tones),
            false,
        ));
        let entries = plain_entries(
            all.iter().map(|p| &p.1),
            kind,
            neighbourhood::dependence_features,
        );
        out[1].extend(placed(levels, Family::Dependence, kind, entries, false));
    }
    out
}

/// Neighbourhoods as the IBSI's reference values have them: coarseness 0.
fn neighbourhoods(
    levels: &Levels,
    part: std::ops::Range<usize>,
    in_space: bool,
) -> (neighbourhood::Tones, Matrix) {
    neighbourhood::count(levels, part, in_space, 0)
}

/// Counts every part.
fn count_parts<T: Send>(
    levels: &Levels,
    in_space: bool,
    count: impl Fn(&Levels, std::ops::Range<usize>, bool) -> T + Sync,
) -> Vec<T> {
    let parts = parts(levels, in_space).into_par_iter();
    parts.map(|part| count(levels, part, in_space)).collect()
}

/// Features of matrices without directions: of each slice and averaged, or of their sum.
fn plain_entries<'m>(
    matrices: impl Iterator<Item = &'m Matrix>,
    kind: Aggregation,
    features: impl Fn(&Matrix) -> Vec<Entry>,
) -> Vec<Entry> {
    let filled = matrices.filter(|m| m.voxels > 0);
    if kind.by_slice() {
        let each: Vec<Vec<Entry>> = filled.map(features).collect();
        averaged(&each)
    } else {
        features(&Matrix::merged(filled))
    }
}
