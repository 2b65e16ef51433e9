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
    pub fn geometry(&self) -> Geometry {
        Geometry::from_parts(self.size, self.origin_mm, self.spacing_mm, self.directions).unwrap()
    }
}

/// An image without provenance.
pub(crate) fn image(geometry: Geometry, values: &[f32]) -> Image {
    Image::new(geometry, values.to_vec(), Provenance::default()).unwrap()
}

/// Largest minus smallest value.
pub(crate) fn range(values: &[f32]) -> f32 {
    let max = values.iter().copied().fold(f32::MIN, f32::max);
    max - values.iter().copied().fold(f32::MAX, f32::min)
}
