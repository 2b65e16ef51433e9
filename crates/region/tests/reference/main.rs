//! Against other implementations: SciPy (`generate.py`), and a published measurement.

mod components;
mod distance;
mod size;
mod tcga;

use triher_volume::{Geometry, Mask, Provenance};

/// A mask from zeros and ones.
fn mask(geometry: Geometry, voxels: &[u8]) -> Mask {
    let voxels = voxels.iter().map(|&v| v > 0).collect();
    Mask::new(geometry, voxels, Provenance::default()).expect("the voxels fit the grid")
}
