//! Laws' kernels.

use crate::boundary::Boundary;
use crate::error::FilterError;
use crate::filter::check_support;
use crate::grid::{Grid, Kernel};
use crate::orientation::{AxisFilter, Pooling, separable};
use serde::{Deserialize, Serialize};

/// Laws' kernels: level, edge, spot, wave and ripple along the axes (IBSI: JTXT, section 3.3).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Laws {
    /// Names of the kernels of the axes, e.g. `L5E5E5`, or `L5E5` for a filter by slice.
    pub kernels: String,
    /// How the orientations are pooled; without it there is one.
    #[serde(default)]
    pub pooling: Option<Pooling>,
    /// The texture energy: mean of the absolute response over so many voxels to each side. Without it the response itself.
    #[serde(default)]
    pub energy_distance: Option<usize>,
    /// What lies beyond the border.
    #[serde(default)]
    pub boundary: Boundary,
}

/// The kernels before they are scaled to length 1 (IBSI reference manual for filters, table 3.1).
const KERNELS: [(&str, &[f64]); 8] = [
    ("L3", &[1.0, 2.0, 1.0]),
    ("L5", &[1.0, 4.0, 6.0, 4.0, 1.0]),
    ("E3", &[-1.0, 0.0, 1.0]),
    ("E5", &[-1.0, -2.0, 0.0, 2.0, 1.0]),
    ("S3", &[-1.0, 2.0, -1.0]),
    ("S5", &[-1.0, 0.0, 2.0, 0.0, -1.0]),
    ("W5", &[-1.0, 2.0, 0.0, -2.0, 1.0]),
    ("R5", &[1.0, -4.0, 6.0, -4.0, 1.0]),
];

impl Laws {
    pub(crate) fn check(&self) -> Result<(), FilterError> {
        if self.filters().is_none() {
            return Err(FilterError::BadSetting {
                kind: "laws",
                setting: "kernels",
                value: self.kernels.clone(),
                allowed: "two names (by slice) or three of L3, L5, E3, E5, S3, S5, W5 and R5, e.g. L5E5E5",
            });
        }
        let distance = self.energy_distance.unwrap_or(0);
        check_support(
            "laws",
            "energy-distance",
            distance,
            distance.saturating_mul(2).saturating_add(1),
        )
    }

    /// One filter for each axis; nothing when the names are not two or three known ones.
    fn filters(&self) -> Option<Vec<AxisFilter>> {
        let letters = self.kernels.as_bytes();
        if !self.kernels.is_ascii() || !matches!(letters.len(), 4 | 6) {
            return None;
        }
        let kernel = |name: &[u8]| {
            let (_, taps) = KERNELS
                .iter()
                .find(|(known, _)| known.as_bytes().eq_ignore_ascii_case(name))?;
            let length = taps.iter().map(|t| t * t).sum::<f64>().sqrt();
            let taps = taps.iter().map(|t| t / length).collect();
            Some(vec![Kernel::centred(taps)])
        };
        letters.chunks_exact(2).map(kernel).collect()
    }

    pub(crate) fn by_slice(&self) -> bool {
        self.kernels.len() < 6
    }

    pub(crate) fn name(&self) -> String {
        let mut name = format!("laws_{}", self.kernels.to_ascii_uppercase());
        if let Some(pooling) = self.pooling {
            name += &format!("_{}", pooling.word());
        }
        if let Some(distance) = self.energy_distance {
            name += &format!("_energy_{distance}");
        }
        name
    }

    pub(crate) fn reach(&self) -> usize {
        self.energy_distance.unwrap_or(0).saturating_add(2)
    }

    pub(crate) fn respond(&self, image: &Grid) -> Grid {
        let Some(filters) = self.filters() else {
            return image.clone();
        };
        let mut response = separable(image, &filters, self.pooling, self.boundary);
        if let Some(distance) = self.energy_distance {
            response.apply(f64::abs);
            response = response.box_mean(2 * distance + 1, filters.len(), self.boundary);
        }
        response
    }
}
