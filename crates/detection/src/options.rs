//! How a lesion is looked for.

use crate::DetectionError;
use serde::{Deserialize, Serialize};

/// How a lesion is looked for and outlined. The defaults were set on simulated patients of seeds that the report in `docs/detection.md`
/// does not use, and looked at on TCGA-AO-A03M.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct DetectionOptions {
    /// Most candidates that are given back.
    pub candidates: usize,
    /// The smallest candidate, cubic millimetres.
    pub min_volume_mm3: f64,
    /// The largest candidate, cubic millimetres.
    pub max_volume_mm3: f64,
    /// Depth of the skin: voxels nearer to the surface count as skin, millimetres.
    pub skin_mm: f64,
    /// How far behind the skin of the chest (without the breast) the chest wall lies, millimetres.
    pub wall_depth_mm: f64,
    /// Room around a candidate in which its outline is looked for, millimetres.
    pub margin_mm: f64,
    /// How far an outline may reach from a seed point, millimetres.
    pub reach_mm: f64,
    /// How candidates are outlined.
    pub outline: OutlineMethod,
    /// Fuzzifier of the fuzzy c-means; above 1.
    pub fuzzifier: f64,
    /// A voxel belongs to the lesion when its membership reaches this; from 0 to 1.
    pub membership: f64,
    /// Radius of the closing of the outline, millimetres.
    pub closing_mm: f64,
}

/// How candidates are outlined. In either case the region above a threshold, which the candidate began as, stays when it scores higher.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutlineMethod {
    /// Fuzzy c-means on the enhancement curves (Chen, Giger and Bick, Acad Radiol 2006;13:63-72).
    #[default]
    FuzzyCMeans,
    /// A minimum cut on the mean enhancement (Boykov and Jolly, ICCV 2001).
    GraphCut,
}

impl Default for DetectionOptions {
    fn default() -> Self {
        Self {
            candidates: 8,
            min_volume_mm3: 60.0,
            max_volume_mm3: 150_000.0,
            skin_mm: 4.0,
            wall_depth_mm: 8.0,
            margin_mm: 6.0,
            reach_mm: 25.0,
            outline: OutlineMethod::FuzzyCMeans,
            fuzzifier: 2.0,
            membership: 0.5,
            closing_mm: 1.5,
        }
    }
}

impl DetectionOptions {
    /// Checks that every value makes sense; the functions that take options do so themselves.
    ///
    /// # Errors
    /// [`DetectionError::BadOption`].
    pub fn check(&self) -> Result<(), DetectionError> {
        let lengths = [
            ("min_volume_mm3", self.min_volume_mm3),
            ("max_volume_mm3", self.max_volume_mm3),
            ("skin_mm", self.skin_mm),
            ("wall_depth_mm", self.wall_depth_mm),
            ("margin_mm", self.margin_mm),
            ("reach_mm", self.reach_mm),
            ("closing_mm", self.closing_mm),
        ];
        for (name, value) in lengths {
            if !(0.0..=1e7).contains(&value) {
                return Err(DetectionError::BadOption {
                    name,
                    value,
                    allowed: "give a number that is not negative",
                });
            }
        }
        if !(self.fuzzifier > 1.0 && self.fuzzifier <= 10.0) {
            return Err(DetectionError::BadOption {
                name: "fuzzifier",
                value: self.fuzzifier,
                allowed: "give a number above 1, at most 10",
            });
        }
        if !(0.0..=1.0).contains(&self.membership) {
            return Err(DetectionError::BadOption {
                name: "membership",
                value: self.membership,
                allowed: "give a number from 0 to 1",
            });
        }
        Ok(())
    }
}
