//! PyRadiomics' class `shape`.

use super::classes::Named;
use super::prepare::Region;
use crate::morphology::{OpenMesh, axis_lengths_mm};
use std::f64::consts::PI;

/// Names of the class.
pub(super) const NAMES: [&str; 17] = [
    "Compactness1",
    "Compactness2",
    "Elongation",
    "Flatness",
    "LeastAxisLength",
    "MajorAxisLength",
    "Maximum2DDiameterColumn",
    "Maximum2DDiameterRow",
    "Maximum2DDiameterSlice",
    "Maximum3DDiameter",
    "MeshVolume",
    "MinorAxisLength",
    "Sphericity",
    "SphericalDisproportion",
    "SurfaceArea",
    "SurfaceVolumeRatio",
    "VoxelVolume",
];

/// Size and shape of the region.
pub(super) fn features(region: &Region) -> Vec<Named> {
    let spacing = region.shape.geometry().spacing_mm();
    let mesh = OpenMesh::new(&region.shape);
    let [major, minor, least] = axis_lengths_mm(&region.shape);
    let (area, volume) = (mesh.area_mm2, mesh.volume_mm3);
    let sphericity = (36.0 * PI * volume * volume).cbrt() / area;
    let compactness = volume / area.powf(1.5) / PI.sqrt();
    let [diameter, slice, column, row] = mesh.diameters_mm;
    let values = [
        ("1", compactness),
        ("1", 36.0 * PI * volume * volume / area.powi(3)),
        ("1", minor / major),
        ("1", least / major),
        ("mm", least),
        ("mm", major),
        ("mm", column),
        ("mm", row),
        ("mm", slice),
        ("mm", diameter),
        ("mm3", volume),
        ("mm", minor),
        ("1", sphericity),
        ("1", 1.0 / sphericity),
        ("mm2", area),
        ("1/mm", area / volume),
        (
            "mm3",
            region.shape.count() as f64 * spacing.iter().product::<f64>(),
        ),
    ];
    let named = NAMES.into_iter().zip(values);
    named
        .map(|(name, (unit, value))| (name, unit, value))
        .collect()
}
