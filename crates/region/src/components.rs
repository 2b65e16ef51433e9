//! Connected components.

use std::ops::Range;
use triher_volume::{Mask, Volume};

/// Which neighbours belong together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Connectivity {
    /// Those that share a face: 6 neighbours.
    Faces,
    /// Those that share an edge or a face: 18 neighbours.
    Edges,
    /// Those that share a corner, an edge or a face: 26 neighbours.
    Corners,
}

impl Connectivity {
    /// The rows before a row whose voxels may be neighbours, as steps in `j` and `k`, and how far apart in `i` they may be.
    fn rows_before(self) -> &'static [(isize, isize, usize)] {
        match self {
            Self::Faces => &[(-1, 0, 0), (0, -1, 0)],
            Self::Edges => &[(-1, 0, 1), (-1, -1, 0), (0, -1, 1), (1, -1, 0)],
            Self::Corners => &[(-1, 0, 1), (-1, -1, 1), (0, -1, 1), (1, -1, 1)],
        }
    }
}

/// A region split into its connected parts.
#[derive(Clone, Debug, PartialEq)]
pub struct Components {
    /// 0 outside; components count from 1 in the order of their first voxel in memory.
    pub labels: Volume<u32>,
    /// Voxels of each component; the first entry is component 1.
    pub sizes: Vec<usize>,
}

impl Components {
    /// One component as a region, or `None` when there is no such label.
    pub fn region(&self, label: u32) -> Option<Mask> {
        let exists = label >= 1 && (label as usize) <= self.sizes.len();
        exists.then(|| self.labels.map(|&l| l == label))
    }

    /// Label of the largest component, the first of equals; `None` when the region is empty.
    pub fn largest(&self) -> Option<u32> {
        let mut best = None;
        for (index, &size) in self.sizes.iter().enumerate() {
            if best.is_none_or(|b: usize| size > self.sizes[b]) {
                best = Some(index);
            }
        }
        best.map(|b| b as u32 + 1)
    }
}

/// Voxels of a row that follow each other: from `start` up to, not including, `end`.
struct Run {
    row: usize,
    start: usize,
    end: usize,
}

/// Splits a region into connected components: runs of voxels along `i` are joined by union-find.
///
/// The same labels at every voxel as `scipy.ndimage.label` gives (`tests/reference/components.rs`).
pub fn connected_components(mask: &Mask, connectivity: Connectivity) -> Components {
    let geometry = *mask.geometry();
    let [ni, nj, nk] = geometry.size();
    let (runs, first_of_row) = runs(mask);
    // A root is its own parent and the first run of its set.
    let mut parent: Vec<usize> = (0..runs.len()).collect();
    for k in 0..nk {
        for j in 0..nj {
            let row = j + nj * k;
            let own = first_of_row[row]..first_of_row[row + 1];
            if own.is_empty() {
                continue;
            }
            for &(dj, dk, apart) in connectivity.rows_before() {
                let (Some(j), Some(k)) = (j.checked_add_signed(dj), k.checked_add_signed(dk))
                else {
                    continue;
                };
                if j < nj {
                    let row = j + nj * k;
                    let before = first_of_row[row]..first_of_row[row + 1];
                    join_rows(&runs, own.clone(), before, apart, &mut parent);
                }
            }
        }
    }
    let mut labels = Volume::filled(geometry, 0u32);
    let mut names = vec![0u32; runs.len()];
    let mut sizes = Vec::new();
    for (number, run) in runs.iter().enumerate() {
        let root = find(&mut parent, number);
        if names[root] == 0 {
            sizes.push(0);
            names[root] = sizes.len() as u32;
        }
        sizes[names[root] as usize - 1] += run.end - run.start;
        let row = run.row * ni;
        labels.voxels_mut()[row + run.start..row + run.end].fill(names[root]);
    }
    Components { labels, sizes }
}

/// All runs in memory order, and for each row the number of its first run (one more entry at the end).
fn runs(mask: &Mask) -> (Vec<Run>, Vec<usize>) {
    let ni = mask.geometry().size()[0];
    let mut runs = Vec::new();
    let mut first_of_row = Vec::with_capacity(mask.voxels().len() / ni + 1);
    for (row, voxels) in mask.voxels().chunks(ni).enumerate() {
        first_of_row.push(runs.len());
        let mut at = 0;
        while let Some(skip) = voxels[at..].iter().position(|&inside| inside) {
            let start = at + skip;
            let length = voxels[start..].iter().position(|&inside| !inside);
            let end = length.map_or(ni, |length| start + length);
            runs.push(Run { row, start, end });
            at = end;
        }
    }
    first_of_row.push(runs.len());
    (runs, first_of_row)
}

/// Joins the runs of two rows that overlap, or come within `apart` voxels of it.
fn join_rows(
    runs: &[Run],
    mut own: Range<usize>,
    mut other: Range<usize>,
    apart: usize,
    parent: &mut [usize],
) {
    while !own.is_empty() && !other.is_empty() {
        let (a, b) = (&runs[own.start], &runs[other.start]);
        if a.start < b.end + apart && b.start < a.end + apart {
            union(parent, own.start, other.start);
        }
        // The run that ends first cannot meet a later one.
        if a.end < b.end {
            own.start += 1;
        } else {
            other.start += 1;
        }
    }
}

fn find(parent: &mut [usize], number: usize) -> usize {
    let mut root = number;
    while parent[root] != root {
        root = parent[root];
    }
    let mut at = number;
    while parent[at] != root {
        at = std::mem::replace(&mut parent[at], root);
    }
    root
}

fn union(parent: &mut [usize], a: usize, b: usize) {
    let (a, b) = (find(parent, a), find(parent, b));
    parent[a.max(b)] = a.min(b);
}
