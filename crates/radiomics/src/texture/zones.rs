//! Zones of one grey level: how large they are (IBSI reference manual, section 3.8; Thibault et al., 2014) and how far from the border (section 3.9).

use super::matrix::{Counter, Matrix, Names, shared_features};
use crate::feature::Entry;
use crate::levels::Levels;
use std::ops::Range;

const SIZE_NAMES: Names = [
    ("szm_sze", "Small zone emphasis"),
    ("szm_lze", "Large zone emphasis"),
    ("szm_lgze", "Low grey level emphasis"),
    ("szm_hgze", "High grey level emphasis"),
    ("szm_szlge", "Small zone low grey level emphasis"),
    ("szm_szhge", "Small zone high grey level emphasis"),
    ("szm_lzlge", "Large zone low grey level emphasis"),
    ("szm_lzhge", "Large zone high grey level emphasis"),
    ("szm_glnu", "Grey level non-uniformity"),
    ("szm_glnu_norm", "Normalised grey level non-uniformity"),
    ("szm_zsnu", "Zone size non-uniformity"),
    ("szm_zsnu_norm", "Normalised zone size non-uniformity"),
    ("szm_z_perc", "Zone percentage"),
    ("szm_gl_var", "Grey level variance"),
    ("szm_zs_var", "Zone size variance"),
    ("szm_zs_entr", "Zone size entropy"),
];

const DISTANCE_NAMES: Names = [
    ("dzm_sde", "Small distance emphasis"),
    ("dzm_lde", "Large distance emphasis"),
    ("dzm_lgze", "Low grey level emphasis"),
    ("dzm_hgze", "High grey level emphasis"),
    ("dzm_sdlge", "Small distance low grey level emphasis"),
    ("dzm_sdhge", "Small distance high grey level emphasis"),
    ("dzm_ldlge", "Large distance low grey level emphasis"),
    ("dzm_ldhge", "Large distance high grey level emphasis"),
    ("dzm_glnu", "Grey level non-uniformity"),
    ("dzm_glnu_norm", "Normalised grey level non-uniformity"),
    ("dzm_zdnu", "Zone distance non-uniformity"),
    ("dzm_zdnu_norm", "Normalised zone distance non-uniformity"),
    ("dzm_z_perc", "Zone percentage"),
    ("dzm_gl_var", "Grey level variance"),
    ("dzm_zd_var", "Zone distance variance"),
    ("dzm_zd_entr", "Zone distance entropy"),
];

/// The matrices of sizes and of distances of the zones in a part of memory.
pub(super) struct Zones {
    pub(super) sizes: Matrix,
    pub(super) distances: Matrix,
}

/// Finds the zones; neighbours share a corner, within the slice or in space.
pub(super) fn count(levels: &Levels, part: Range<usize>, in_space: bool) -> Zones {
    let first = part.start;
    let depth = levels.depth(in_space);
    let neighbours: Vec<isize> = super::neighbours(levels, in_space).collect();
    let largest = if in_space {
        levels.data.len()
    } else {
        levels.size[0] * levels.size[1]
    };
    let deepest = usize::from(depth[part.clone()].iter().copied().max().unwrap_or(0));
    let mut sizes = Counter::new(levels.count, largest);
    let mut distances = Counter::new(levels.count, deepest);
    let mut rest: Vec<u16> = levels.data[part.clone()].to_vec();
    let mut stack = Vec::new();
    let inside = levels.inside(part);
    for &start in inside {
        let start = start as usize;
        let level = rest[start - first];
        if level == 0 {
            continue;
        }
        let (mut size, mut nearest) = (0u32, u16::MAX);
        rest[start - first] = 0;
        stack.push(start);
        while let Some(at) = stack.pop() {
            size += 1;
            nearest = nearest.min(depth[at]);
            for &offset in &neighbours {
                let next = at.wrapping_add_signed(offset);
                // Slices about the part are no part of it.
                if let Some(there) = rest.get_mut(next.wrapping_sub(first))
                    && *there == level
                {
                    *there = 0;
                    stack.push(next);
                }
            }
        }
        sizes.add(level, size as usize);
        distances.add(level, usize::from(nearest));
    }
    Zones {
        sizes: sizes.finish(inside.len()),
        distances: distances.finish(inside.len()),
    }
}

/// The 16 features of a size zone matrix.
pub(super) fn size_features(matrix: &Matrix) -> Vec<Entry> {
    shared_features(matrix, &SIZE_NAMES, "voxel2")
}

/// The 16 features of a distance zone matrix.
pub(super) fn distance_features(matrix: &Matrix) -> Vec<Entry> {
    shared_features(matrix, &DISTANCE_NAMES, "voxel2")
}
