//! The surface as PyRadiomics has it. It looks up half of the shapes of a cell and takes each of the others for its complement turned
//! inside out, so faces that touch across corners are cut in two ways, and the surface need not be closed.

use super::mesh::{crossings, measure_reduced};
use super::{Boxed, moments};
use crate::prepare::Region;
use triher_region::bounding_box;
use triher_volume::Mask;

/// Area, volume and diameters of the surface.
pub(crate) struct OpenMesh {
    pub(crate) area_mm2: f64,
    pub(crate) volume_mm3: f64,
    /// In space, and in the planes across the third, second and first axis of the voxels (PyRadiomics' slice, column and row).
    pub(crate) diameters_mm: [f64; 4],
}

fn boxed(mask: &Mask) -> Option<Boxed> {
    let bounds = bounding_box(mask)?;
    let region = Region {
        image: mask.map(|_| 0.0),
        morphological: mask.clone(),
        intensity: mask.clone(),
        range: None,
    };
    Some(Boxed::new(&region, bounds))
}

impl OpenMesh {
    pub(crate) fn new(mask: &Mask) -> Self {
        let spacing = mask.geometry().spacing_mm();
        let Some(boxed) = boxed(mask) else {
            return Self {
                area_mm2: f64::NAN,
                volume_mm3: f64::NAN,
                diameters_mm: [f64::NAN; 4],
            };
        };
        let (area_mm2, volume_mm3) = measure_reduced(&boxed.inside, boxed.size, spacing);
        Self {
            area_mm2,
            volume_mm3,
            diameters_mm: diameters(crossings(&boxed.inside, boxed.size), spacing),
        }
    }
}

/// Greatest distances between points of the surface: in space, and in planes across each axis, last axis first. Only corners of convex hulls can
/// be farthest from each other.
fn diameters(points: Vec<[i64; 3]>, spacing: [f64; 3]) -> [f64; 4] {
    let square = |a: &[i64; 3], b: &[i64; 3]| -> f64 {
        (0..3)
            .map(|i| (0.5 * (a[i] - b[i]) as f64 * spacing[i]).powi(2))
            .sum()
    };
    let widest = |points: &[[i64; 3]]| {
        let mut most = 0f64;
        for (at, a) in points.iter().enumerate() {
            for b in &points[at + 1..] {
                most = most.max(square(a, b));
            }
        }
        most
    };
    let in_planes = |axis: usize| {
        // The hull of a plane's points, found in the plane of the last axis.
        let turned = points.iter().map(|p| {
            let mut p = *p;
            p.swap(axis, 2);
            p
        });
        let hulls = super::hull::planar_hulls(turned.collect());
        let planes = hulls.chunk_by(|a, b| a[2] == b[2]);
        planes
            .map(|plane| {
                let back: Vec<[i64; 3]> = plane
                    .iter()
                    .map(|p| {
                        let mut p = *p;
                        p.swap(axis, 2);
                        p
                    })
                    .collect();
                widest(&back)
            })
            .fold(0.0, f64::max)
            .sqrt()
    };
    let planes = [in_planes(2), in_planes(1), in_planes(0)];
    let corners = super::hull::Hull::new(points).map_or_else(Vec::new, |h| h.points);
    [widest(&corners).sqrt(), planes[0], planes[1], planes[2]]
}

/// Lengths of the principal axes, in descending order: four standard deviations of the voxels' centres (of a population: divided by n).
pub(crate) fn axis_lengths_mm(mask: &Mask) -> [f64; 3] {
    let spacing = mask.geometry().spacing_mm();
    let Some(boxed) = boxed(mask) else {
        return [f64::NAN; 3];
    };
    let (_, covariance, n) = moments(&boxed, spacing);
    let population = (n - 1.0).max(1.0) / n;
    let mut axes: Vec<f64> = (covariance.symmetric_eigenvalues().iter())
        .map(|l| 4.0 * (l.max(0.0) * population).sqrt())
        .collect();
    axes.sort_by(|a, b| b.total_cmp(a));
    [axes[0], axes[1], axes[2]]
}
