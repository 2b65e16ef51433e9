//! The segments of a 3D Slicer segmentation.

use std::collections::{BTreeMap, BTreeSet};

/// More segments than this are refused: each becomes a mask in memory.
pub(crate) const MAX_SEGMENTS: usize = 1024;

/// One segment: the voxels of one layer that have one label.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Segment {
    pub(crate) name: String,
    pub(crate) label: i32,
    pub(crate) layer: usize,
}

/// Segments in the order of their numbers. Older files have no label value and layer: the segment's number plus one,
/// and the segment's number as layer of an interleaved file, stand in for them as Slicer does.
pub(super) fn read(pairs: &BTreeMap<String, String>) -> Vec<Segment> {
    let numbers: BTreeSet<usize> = pairs
        .keys()
        .filter_map(|key| {
            let (number, field) = key.strip_prefix("Segment")?.split_once('_')?;
            matches!(field, "ID" | "Name" | "LabelValue" | "Layer")
                .then(|| number.parse().ok())
                .flatten()
        })
        .take(8 * MAX_SEGMENTS)
        .collect();
    let get = |number: usize, field: &str| {
        pairs
            .get(&format!("Segment{number}_{field}"))
            .map(|v| v.trim())
    };
    numbers
        .into_iter()
        .enumerate()
        .map(|(order, number)| {
            let layer = get(number, "Layer").and_then(|l| l.parse().ok());
            let label = get(number, "LabelValue").and_then(|l| l.parse().ok());
            let name = get(number, "Name").or_else(|| get(number, "ID"));
            Segment {
                name: name.map_or_else(|| format!("Segment_{number}"), str::to_owned),
                label: label.unwrap_or(1),
                layer: layer.unwrap_or(if label.is_some() { 0 } else { order }),
            }
        })
        .collect()
}
