//! Holes of a region.

use crate::{Connectivity, connected_components};
use triher_volume::Mask;

/// Fills what the region encloses: parts of the outside that do not touch the border of the grid.
pub fn fill_holes(region: &Mask) -> Mask {
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
