//! Voxels with their geometry and provenance.

use crate::{Geometry, VolumeError};

/// Where a volume came from and what was done to it since, in order.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Provenance {
    /// Name of the source without personal data: a file name, or a series number and description.
    pub source: String,
    /// Steps applied since reading, each a short sentence ("reoriented to LPS").
    pub steps: Vec<String>,
}

impl Provenance {
    /// Provenance of a volume just read from `source`.
    pub fn from_source(source: impl Into<String>) -> Self {
        Self {
            source: source.into(),
            steps: Vec::new(),
        }
    }

    /// The same with one more step.
    #[must_use]
    pub fn with_step(mut self, step: impl Into<String>) -> Self {
        self.steps.push(step.into());
        self
    }
}

/// A regular grid of voxels that knows where it lies in the patient.
///
/// Voxel `[i, j, k]` of a grid of size `[ni, nj, nk]` lies at `i + ni * (j + nj * k)`.
#[derive(Clone, Debug, PartialEq)]
pub struct Volume<T> {
    geometry: Geometry,
    voxels: Vec<T>,
    provenance: Provenance,
}

/// Intensities. Integers beyond 2^24 and doubles are rounded to `f32` when they are read.
pub type Image = Volume<f32>;

/// A region: `true` inside.
pub type Mask = Volume<bool>;

impl<T> Volume<T> {
    /// A volume from voxels in memory order.
    ///
    /// # Errors
    /// [`VolumeError::VoxelCount`] when the number of voxels is not that of the grid.
    pub fn new(
        geometry: Geometry,
        voxels: Vec<T>,
        provenance: Provenance,
    ) -> Result<Self, VolumeError> {
        if voxels.len() != geometry.len() {
            return Err(VolumeError::VoxelCount {
                size: geometry.size(),
                expected: geometry.len(),
                found: voxels.len(),
            });
        }
        Ok(Self {
            geometry,
            voxels,
            provenance,
        })
    }

    /// A volume from parts that this crate made to fit.
    pub(crate) fn from_parts_unchecked(
        geometry: Geometry,
        voxels: Vec<T>,
        provenance: Provenance,
    ) -> Self {
        debug_assert_eq!(voxels.len(), geometry.len());
        Self {
            geometry,
            voxels,
            provenance,
        }
    }

    /// A volume whose voxel values are given by a function of the voxel index.
    pub fn from_fn(geometry: Geometry, mut value: impl FnMut([usize; 3]) -> T) -> Self {
        let voxels = (0..geometry.len())
            .map(|o| value(geometry.index_at(o)))
            .collect();
        Self {
            geometry,
            voxels,
            provenance: Provenance::default(),
        }
    }

    /// A volume with the same value everywhere.
    pub fn filled(geometry: Geometry, value: T) -> Self
    where
        T: Clone,
    {
        Self {
            geometry,
            voxels: vec![value; geometry.len()],
            provenance: Provenance::default(),
        }
    }

    /// The grid.
    pub fn geometry(&self) -> &Geometry {
        &self.geometry
    }

    /// Voxels in memory order (`i` fastest).
    pub fn voxels(&self) -> &[T] {
        &self.voxels
    }

    /// Voxels in memory order, to be changed in place.
    pub fn voxels_mut(&mut self) -> &mut [T] {
        &mut self.voxels
    }

    /// The voxels alone.
    pub fn into_voxels(self) -> Vec<T> {
        self.voxels
    }

    /// Where the volume came from.
    pub fn provenance(&self) -> &Provenance {
        &self.provenance
    }

    /// The same volume with another provenance.
    #[must_use]
    pub fn with_provenance(mut self, provenance: Provenance) -> Self {
        self.provenance = provenance;
        self
    }

    /// One voxel, or `None` outside of the grid.
    pub fn get(&self, index: [usize; 3]) -> Option<&T> {
        self.geometry.offset(index).and_then(|o| self.voxels.get(o))
    }

    /// A volume on the same grid, each voxel from a function of this one's.
    pub fn map<U>(&self, value: impl FnMut(&T) -> U) -> Volume<U> {
        Volume {
            geometry: self.geometry,
            voxels: self.voxels.iter().map(value).collect(),
            provenance: self.provenance.clone(),
        }
    }

    /// Checks that `other` lies on this volume's grid; the names say what the two are
    /// ("image", "mask") in the error.
    ///
    /// # Errors
    /// [`VolumeError::GridMismatch`] with both geometries.
    pub fn check_same_grid<U>(
        &self,
        name: &str,
        other: &Volume<U>,
        other_name: &str,
    ) -> Result<(), VolumeError> {
        if self.geometry.same_grid(other.geometry()) {
            return Ok(());
        }
        Err(VolumeError::GridMismatch {
            left_name: name.to_owned(),
            right_name: other_name.to_owned(),
            left: Box::new(self.geometry),
            right: Box::new(*other.geometry()),
        })
    }
}

impl Volume<bool> {
    /// Number of voxels inside the region.
    pub fn count(&self) -> usize {
        self.voxels.iter().filter(|&&inside| inside).count()
    }

    /// Volume of the region in cubic millimetres.
    pub fn volume_mm3(&self) -> f64 {
        self.count() as f64 * self.geometry.voxel_volume_mm3()
    }
}
