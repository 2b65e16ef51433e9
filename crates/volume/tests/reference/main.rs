//! Against other implementations: SimpleITK, PyTorch, MONAI and SciPy (`generate.py`).

mod resample;
mod resize;
mod smooth;

use serde::Deserialize;
use triher_volume::{Geometry, Image, Provenance};

/// A grid as the generator writes it.
#[derive(Deserialize)]
pub(crate) struct Grid {
    size: [usize; 3],
    spacing_mm: [f64; 3],
    origin_mm: [f64; 3],
    directions: [[f64; 3]; 3],
}

impl Grid {
    /// As a geometry.
    pub(crate) fn geometry(&self) -> Geometry {
        Geometry::from_parts(self.size, self.origin_mm, self.spacing_mm, self.directions)
            .expect("the reference grid is one")
    }
}

/// An image without provenance.
pub(crate) fn image(geometry: Geometry, values: &[f32]) -> Image {
    Image::new(geometry, values.to_vec(), Provenance::default()).expect("the values fit the grid")
}

/// Largest minus smallest value.
pub(crate) fn range(values: &[f32]) -> f32 {
    let max = values.iter().copied().fold(f32::MIN, f32::max);
    max - values.iter().copied().fold(f32::MAX, f32::min)
}
