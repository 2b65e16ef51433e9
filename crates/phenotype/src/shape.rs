//! Size and shape.

use nalgebra::Vector3;
use triher_region::RegionError;
use triher_volume::Mask;

/// Size and shape of a lesion.
pub(crate) struct Shape {
    pub(crate) volume_mm3: f64,
    pub(crate) effective_diameter_mm: f64,
    pub(crate) surface_mm2: f64,
    pub(crate) longest_mm: f64,
    /// Share of the volume inside of the sphere of the lesion's volume about its centre.
    pub(crate) sphericity: f64,
}

impl Shape {
    pub(crate) fn of(lesion: &Mask) -> Result<Self, RegionError> {
        let size = triher_region::size(lesion)?;
        let geometry = lesion.geometry();
        let places = || {
            let inside = lesion.voxels().iter().enumerate().filter(|(_, m)| **m);
            inside.map(|(offset, _)| {
                let at = geometry.index_to_world(geometry.index_at(offset).map(|i| i as f64));
                Vector3::from(at)
            })
        };
        let count = places().count() as f64;
        let centre = places().sum::<Vector3<f64>>() / count;
        let radius = size.effective_diameter_mm / 2.0;
        let within = places().filter(|p| (p - centre).norm() <= radius).count();
        Ok(Self {
            volume_mm3: size.volume_mm3,
            effective_diameter_mm: size.effective_diameter_mm,
            surface_mm2: size.surface_area_mm2,
            longest_mm: size.longest_diameter_mm,
            sphericity: within as f64 / count,
        })
    }
}
