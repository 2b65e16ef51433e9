//! Runs of one grey level (IBSI reference manual, section 3.7; Galloway, 1975).

use super::matrix::{Counter, Matrix, Names, shared_features};
use crate::feature::Entry;
use crate::levels::Levels;
use std::ops::Range;

const NAMES: Names = [
    ("rlm_sre", "Short runs emphasis"),
    ("rlm_lre", "Long runs emphasis"),
    ("rlm_lgre", "Low grey level run emphasis"),
    ("rlm_hgre", "High grey level run emphasis"),
    ("rlm_srlge", "Short run low grey level emphasis"),
    ("rlm_srhge", "Short run high grey level emphasis"),
    ("rlm_lrlge", "Long run low grey level emphasis"),
    ("rlm_lrhge", "Long run high grey level emphasis"),
    ("rlm_glnu", "Grey level non-uniformity"),
    ("rlm_glnu_norm", "Normalised grey level non-uniformity"),
    ("rlm_rlnu", "Run length non-uniformity"),
    ("rlm_rlnu_norm", "Normalised run length non-uniformity"),
    ("rlm_r_perc", "Run percentage"),
    ("rlm_gl_var", "Grey level variance"),
    ("rlm_rl_var", "Run length variance"),
    ("rlm_rl_entr", "Run entropy"),
];

/// Runs in one direction.
pub(super) fn count(levels: &Levels, part: Range<usize>, offset: isize) -> Matrix {
    let longest = levels.size.iter().copied().max().unwrap_or(0);
    let mut counter = Counter::new(levels.count, longest);
    let inside = levels.inside(part);
    for &at in inside {
        let at = at as usize;
        let level = levels.data[at];
        // A run begins where the voxel before has another grey level; the box's border ends every run.
        if levels.data[at.wrapping_add_signed(-offset)] == level {
            continue;
        }
        let mut length = 1;
        let mut next = at.wrapping_add_signed(offset);
        while levels.data[next] == level {
            length += 1;
            next = next.wrapping_add_signed(offset);
        }
        counter.add(level, length);
    }
    counter.finish(inside.len())
}

/// The 16 features of a run length matrix.
pub(super) fn features(matrix: &Matrix) -> Vec<Entry> {
    shared_features(matrix, &NAMES, "voxel2")
}
