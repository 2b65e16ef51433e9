//! Connected components.

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
    /// Steps to the neighbours that come earlier in memory.
    fn earlier(self) -> Vec<[isize; 3]> {
        let reach = match self {
            Self::Faces => 1,
            Self::Edges => 2,
            Self::Corners => 3,
        };
        let mut steps = Vec::new();
        for dk in -1isize..=0 {
            for dj in -1isize..=1 {
                for di in -1isize..=1 {
                    let before = dk < 0 || dj < 0 || (dj == 0 && di < 0);
                    let before = before && (dk < 0 || dj <= 0);
                    if before && di.abs() + dj.abs() + dk.abs() <= reach {
                        steps.push([di, dj, dk]);
                    }
                }
            }
        }
        steps
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

/// Splits a region into connected components by union-find over two passes.
///
/// The same partition and order as `scipy.ndimage.label` (`tests/components.rs`).
pub fn connected_components(mask: &Mask, connectivity: Connectivity) -> Components {
    let geometry = *mask.geometry();
    let size = geometry.size();
    let steps = connectivity.earlier();
    let mut provisional = vec![0u32; mask.voxels().len()];
    // parent[0] stands for "outside"; a root is its own parent and the lowest label of its set.
    let mut parent: Vec<u32> = vec![0];
    for offset in 0..provisional.len() {
        if !mask.voxels()[offset] {
            continue;
        }
        let index = geometry.index_at(offset);
        let mut own = 0u32;
        for step in &steps {
            let neighbour: [isize; 3] = std::array::from_fn(|a| index[a] as isize + step[a]);
            if (0..3).any(|a| neighbour[a] < 0 || neighbour[a] >= size[a] as isize) {
                continue;
            }
            let at = geometry
                .offset(neighbour.map(|n| n as usize))
                .unwrap_or(offset);
            let label = provisional[at];
            if label == 0 {
                continue;
            }
            let root = find(&mut parent, label);
            own = if own == 0 {
                root
            } else {
                union(&mut parent, own, root)
            };
        }
        if own == 0 {
            own = parent.len() as u32;
            parent.push(own);
        }
        provisional[offset] = own;
    }
    let mut names = vec![0u32; parent.len()];
    let mut sizes = Vec::new();
    for label in &mut provisional {
        if *label == 0 {
            continue;
        }
        let root = find(&mut parent, *label) as usize;
        if names[root] == 0 {
            sizes.push(0);
            names[root] = sizes.len() as u32;
        }
        sizes[names[root] as usize - 1] += 1;
        *label = names[root];
    }
    let mut labels = Volume::filled(geometry, 0u32);
    labels.voxels_mut().copy_from_slice(&provisional);
    Components { labels, sizes }
}

fn find(parent: &mut [u32], label: u32) -> u32 {
    let mut root = label;
    while parent[root as usize] != root {
        root = parent[root as usize];
    }
    let mut at = label;
    while parent[at as usize] != root {
        at = std::mem::replace(&mut parent[at as usize], root);
    }
    root
}

fn union(parent: &mut [u32], a: u32, b: u32) -> u32 {
    let (a, b) = (find(parent, a), find(parent, b));
    let (low, high) = (a.min(b), a.max(b));
    parent[high as usize] = low;
    low
}
