//! The mean filter.

use crate::boundary::Boundary;
use crate::error::FilterError;
use crate::filter::{axes_of, check_support};
use crate::grid::Grid;
use serde::{Deserialize, Serialize};

/// Mean over a cube (or square) of voxels (IBSI: S60F, section 3.1).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Mean {
    /// Voxels along each side; an odd number.
    pub support: usize,
    /// In each slice by itself.
    #[serde(default)]
    pub by_slice: bool,
    /// What lies beyond the border.
    #[serde(default)]
    pub boundary: Boundary,
}

impl Mean {
    pub(crate) fn check(&self) -> Result<(), FilterError> {
        check_support("mean", "support", self.support, self.support)?;
        if self.support.is_multiple_of(2) {
            return Err(FilterError::BadSetting {
                kind: "mean",
                setting: "support",
                value: self.support.to_string(),
                allowed: "an odd number of voxels, so that the cube has a middle",
            });
        }
        Ok(())
    }

    pub(crate) fn reach(&self) -> usize {
        self.support / 2
    }

    pub(crate) fn respond(&self, image: &Grid) -> Grid {
        image.box_mean(self.support, axes_of(self.by_slice), self.boundary)
    }
}
