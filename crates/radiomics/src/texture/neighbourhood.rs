//! Grey tone differences from the neighbours' mean (IBSI reference manual, section 3.10; Amadasun and King, 1989) and how many neighbours
//! depend on a voxel (section 3.11; Sun and Wee, 1983).

use super::matrix::{Counter, Matrix, Names, shared_features};
use crate::feature::{Entry, entry};
use crate::levels::Levels;
use std::ops::Range;

const DEPENDENCE_NAMES: Names = [
    ("ngl_lde", "Low dependence emphasis"),
    ("ngl_hde", "High dependence emphasis"),
    ("ngl_lgce", "Low grey level count emphasis"),
    ("ngl_hgce", "High grey level count emphasis"),
    ("ngl_ldlge", "Low dependence low grey level emphasis"),
    ("ngl_ldhge", "Low dependence high grey level emphasis"),
    ("ngl_hdlge", "High dependence low grey level emphasis"),
    ("ngl_hdhge", "High dependence high grey level emphasis"),
    ("ngl_glnu", "Grey level non-uniformity"),
    ("ngl_glnu_norm", "Normalised grey level non-uniformity"),
    ("ngl_dcnu", "Dependence count non-uniformity"),
    (
        "ngl_dcnu_norm",
        "Normalised dependence count non-uniformity",
    ),
    ("ngl_dc_perc", "Dependence count percentage"),
    ("ngl_gl_var", "Grey level variance"),
    ("ngl_dc_var", "Dependence count variance"),
    ("ngl_dc_entr", "Dependence count entropy"),
];

/// For each grey level, voxels that have neighbours and the sum of their differences from the neighbours' mean; and voxels that have none.
#[derive(Clone, Debug, Default)]
pub(super) struct Tones {
    levels: Vec<(u32, f64)>,
    alone: Vec<u32>,
}

impl Tones {
    /// The sum of matrices of slices.
    pub(super) fn merged<'t>(all: impl IntoIterator<Item = &'t Self>) -> Self {
        let mut sum = Self::default();
        for tones in all {
            sum.levels.resize(tones.levels.len(), (0, 0.0));
            for (sum, level) in sum.levels.iter_mut().zip(&tones.levels) {
                sum.0 += level.0;
                sum.1 += level.1;
            }
            sum.alone.resize(tones.alone.len(), 0);
            for (sum, alone) in sum.alone.iter_mut().zip(&tones.alone) {
                *sum += alone;
            }
        }
        sum
    }

    /// Lets voxels without neighbours count among those of their grey level, with no difference, as PyRadiomics does.
    pub(super) fn with_lonely_voxels(mut self) -> Self {
        for (level, alone) in self.levels.iter_mut().zip(&mut self.alone) {
            level.0 += std::mem::take(alone);
        }
        self
    }

    /// The 5 features. Not a number where no voxel has a neighbour.
    pub(super) fn features(&self) -> Vec<Entry> {
        let voxels: u32 = self.levels.iter().map(|l| l.0).sum();
        let n = f64::from(voxels);
        let present: Vec<(f64, f64, f64)> = (self.levels.iter().enumerate())
            .filter(|(_, l)| l.0 > 0)
            .map(|(i, l)| (i as f64, f64::from(l.0) / n, l.1))
            .collect();
        let total: f64 = present.iter().map(|l| l.2).sum();
        let weighted: f64 = present.iter().map(|l| l.1 * l.2).sum();
        let (mut spread, mut busy, mut complexity, mut strength) = (0f64, 0f64, 0f64, 0f64);
        for &(i, p, s) in &present {
            for &(j, q, t) in &present {
                let d = (i - j).abs();
                spread += p * q * d * d;
                busy += (i * p - j * q).abs();
                complexity += d * (p * s + q * t) / (p + q);
                strength += (p + q) * d * d;
            }
        }
        let grey = present.len() as f64;
        let one = present.len() == 1;
        let values = [
            // The manual's value for equal grey levels.
            if weighted > 0.0 { 1.0 / weighted } else { 1e6 },
            if one {
                0.0
            } else {
                spread / (grey * (grey - 1.0)) * total / n
            },
            if one || busy == 0.0 {
                0.0
            } else {
                weighted / busy
            },
            complexity / n,
            if total > 0.0 { strength / total } else { 0.0 },
        ];
        let names = [
            ("ngt_coarseness", "Coarseness"),
            ("ngt_contrast", "Contrast"),
            ("ngt_busyness", "Busyness"),
            ("ngt_complexity", "Complexity"),
            ("ngt_strength", "Strength"),
        ];
        let named = names.into_iter().zip(values);
        named
            .map(|((tag, name), value)| {
                let value = if voxels > 0 { value } else { f64::NAN };
                entry(tag, name, "1", value)
                    .flagged(voxels == 0, "no two neighbouring voxels in the region")
                    .flagged(
                        voxels > 0 && one,
                        "one grey level: the value that the IBSI's manual sets",
                    )
            })
            .collect()
    }
}

/// Tones and dependences of a part of memory, in one pass over the neighbours; a neighbour depends on a voxel when their grey levels differ
/// by the coarseness or less.
pub(super) fn count(
    levels: &Levels,
    part: Range<usize>,
    in_space: bool,
    coarseness: u16,
) -> (Tones, Matrix) {
    let neighbours: Vec<isize> = super::neighbours(levels, in_space).collect();
    let mut tones = vec![(0u32, 0f64); levels.count + 1];
    // Sums of whole numbers for each number of neighbours are exact, whatever their order.
    let mut differences = vec![0u64; (levels.count + 1) * 27];
    let mut alone = vec![0u32; levels.count + 1];
    let mut counter = Counter::new(levels.count, neighbours.len() + 1);
    let inside = levels.inside(part);
    let width = levels.size[0];
    let mut around = Around::new(width);
    for row in inside.chunk_by(|a, b| *a as usize / width == *b as usize / width) {
        let first = row[0] as usize;
        let length = row[row.len() - 1] as usize + 1 - first;
        around.look(levels, first, length, &neighbours, coarseness);
        for &at in row {
            let at = at as usize;
            let level = levels.data[at];
            let (count, sum, same) = around.of(at - first);
            counter.add(level, same + 1);
            if count > 0 {
                tones[usize::from(level)].0 += 1;
                let difference = (u32::from(level) * count).abs_diff(sum);
                differences[usize::from(level) * 27 + count as usize] += u64::from(difference);
            } else {
                alone[usize::from(level)] += 1;
            }
        }
    }
    for (tone, sums) in tones.iter_mut().zip(differences.chunks_exact(27)) {
        tone.1 = (sums.iter().enumerate().skip(1))
            .map(|(count, sum)| *sum as f64 / count as f64)
            .sum();
    }
    let tones = Tones {
        levels: tones,
        alone,
    };
    (tones, counter.finish(inside.len()))
}

/// What lies about the voxels of a row, looked at neighbour by neighbour for all of them at once.
struct Around {
    count: Vec<u16>,
    sum: Vec<u32>,
    same: Vec<u16>,
}

impl Around {
    fn new(width: usize) -> Self {
        Self {
            count: vec![0; width],
            sum: vec![0; width],
            same: vec![0; width],
        }
    }

    fn look(
        &mut self,
        levels: &Levels,
        first: usize,
        length: usize,
        neighbours: &[isize],
        coarseness: u16,
    ) {
        self.count[..length].fill(0);
        self.sum[..length].fill(0);
        self.same[..length].fill(0);
        let own = &levels.data[first..][..length];
        for &offset in neighbours {
            let there = &levels.data[first.wrapping_add_signed(offset)..][..length];
            for (count, there) in self.count.iter_mut().zip(there) {
                *count += u16::from(*there > 0);
            }
            for (sum, there) in self.sum.iter_mut().zip(there) {
                *sum += u32::from(*there);
            }
            for (same, (there, own)) in self.same.iter_mut().zip(there.iter().zip(own)) {
                *same += u16::from(*there > 0) & u16::from(there.abs_diff(*own) <= coarseness);
            }
        }
    }

    /// How many neighbours a voxel has, the sum of their grey levels, and how many depend on it.
    fn of(&self, at: usize) -> (u32, u32, usize) {
        (
            u32::from(self.count[at]),
            self.sum[at],
            usize::from(self.same[at]),
        )
    }
}

/// The 17 features of a dependence matrix.
pub(super) fn dependence_features(matrix: &Matrix) -> Vec<Entry> {
    let mut features = shared_features(matrix, &DEPENDENCE_NAMES, "voxel2");
    let total: f64 = matrix.cells.iter().map(|c| f64::from(c.count)).sum();
    let energy = matrix.cells.iter().map(|c| f64::from(c.count).powi(2));
    let energy = energy.sum::<f64>() / (total * total);
    features.push(entry(
        "ngl_dc_energy",
        "Dependence count energy",
        "1",
        energy,
    ));
    features
}
