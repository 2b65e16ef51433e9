//! Numbers from the habitats of a lesion.

use crate::{HabitatError, HabitatModel, VoxelCurves};
use triher_region::{Connectivity, connected_components};
use triher_volume::{Geometry, Mask, Volume};

/// The habitats of one lesion.
#[derive(Clone, Debug, PartialEq)]
pub struct HabitatMap {
    /// 0 outside of the lesion and where a voxel could not be described; habitat 0 is 1, habitat 1 is 2, and so on.
    pub labels: Volume<u8>,
    /// What was measured, habitat 0 first.
    pub habitats: Vec<Habitat>,
    /// Shannon entropy of the fractions in bits: 0 with one habitat, `log2` of their number when all are equal. It says how mixed the lesion is,
    /// not where its parts lie.
    pub entropy_bits: f64,
    /// Spatial index of heterogeneity, `1 - 1/V sum(V_i,max / n_i)` with the volume `V` of the lesion, the largest connected piece `V_i,max` and
    /// the number of pieces `n_i` of habitat `i`: 0 for one piece of one habitat, near 1 for many small pieces. Defined for slices as ITHscore (Li
    /// et al., Eur Radiol 2023;33:893) and used for breast MRI (Shi et al., Radiology 2023;308:e222830); here pieces are
    /// three-dimensional and connected over corners.
    pub spatial_index: f64,
}

/// One habitat of a lesion.
#[derive(Clone, Debug, PartialEq)]
pub struct Habitat {
    /// Its share of the described voxels.
    pub fraction: f64,
    /// Volume, cubic millimetres.
    pub volume_mm3: f64,
    /// Connected pieces.
    pub pieces: usize,
    /// Volume of the largest piece, cubic millimetres.
    pub largest_piece_mm3: f64,
    /// Mean of each feature of its voxels; `None` when it has no voxel.
    pub means: Option<Vec<f64>>,
}

impl HabitatMap {
    /// Voxels of one habitat, to measure anything else in it.
    pub fn region(&self, habitat: usize) -> Mask {
        self.labels.map(|&label| usize::from(label) == habitat + 1)
    }

    /// Names and values for a table, the same names for models with the same number of habitats and features: `habitat_1_fraction`, ...,
    /// `habitat_entropy_bits`, `habitat_spatial_index`. A mean without a voxel has no value.
    pub fn columns(&self, features: &[String]) -> Vec<(String, Option<f64>)> {
        let mut columns = Vec::new();
        for (number, habitat) in (1..).zip(&self.habitats) {
            let mut add = |name: &str, value| {
                columns.push((format!("habitat_{number}_{name}"), value));
            };
            add("fraction", Some(habitat.fraction));
            add("volume_mm3", Some(habitat.volume_mm3));
            add("pieces", Some(habitat.pieces as f64));
            add("largest_piece_mm3", Some(habitat.largest_piece_mm3));
            for (at, feature) in features.iter().enumerate() {
                let mean = habitat.means.as_ref().and_then(|m| m.get(at).copied());
                add(&format!("{feature}_mean"), mean);
            }
        }
        columns.push(("habitat_entropy_bits".to_owned(), Some(self.entropy_bits)));
        columns.push(("habitat_spatial_index".to_owned(), Some(self.spatial_index)));
        columns
    }
}

/// The habitats of a lesion whose voxels were described on this grid.
///
/// # Errors
/// [`HabitatError::Width`] when the model was made for other features, or the voxels do not belong to the grid.
pub fn habitat_map(
    model: &HabitatModel,
    voxels: &VoxelCurves,
    geometry: &Geometry,
) -> Result<HabitatMap, HabitatError> {
    if let Some(&last) = voxels.offsets.last()
        && last >= geometry.len()
    {
        return Err(HabitatError::Width {
            what: "voxels of the grid",
            expected: geometry.len(),
            found: last + 1,
        });
    }
    let labels = model.labels(&voxels.samples)?;
    let mut map = Volume::filled(*geometry, 0u8);
    let width = voxels.samples.width();
    let mut sums = vec![vec![0.0; width]; model.habitats()];
    let mut counts = vec![0usize; model.habitats()];
    for ((&label, &offset), row) in labels
        .iter()
        .zip(&voxels.offsets)
        .zip(voxels.samples.rows())
    {
        // At most 64 habitats: they fit.
        map.voxels_mut()[offset] = label as u8 + 1;
        counts[label] += 1;
        for (s, v) in sums[label].iter_mut().zip(row) {
            *s += v;
        }
    }
    let all = labels.len().max(1) as f64;
    let voxel_mm3 = geometry.voxel_volume_mm3();
    let (mut entropy_bits, mut together) = (0.0, 0.0);
    let mut habitats = Vec::with_capacity(counts.len());
    for (number, (&count, sum)) in counts.iter().zip(sums).enumerate() {
        let region = map.map(|&label| usize::from(label) == number + 1);
        let pieces = connected_components(&region, Connectivity::Corners);
        let largest = pieces.sizes.iter().copied().max().unwrap_or(0);
        let fraction = count as f64 / all;
        if count > 0 {
            entropy_bits -= fraction * fraction.log2();
            together += largest as f64 / pieces.sizes.len() as f64;
        }
        habitats.push(Habitat {
            fraction,
            volume_mm3: count as f64 * voxel_mm3,
            pieces: pieces.sizes.len(),
            largest_piece_mm3: largest as f64 * voxel_mm3,
            means: (count > 0).then(|| sum.into_iter().map(|s| s / count as f64).collect()),
        });
    }
    Ok(HabitatMap {
        labels: map,
        habitats,
        entropy_bits: entropy_bits.max(0.0),
        spatial_index: 1.0 - together / all,
    })
}
