//! The Laplacian of a Gaussian.

use crate::boundary::Boundary;
use crate::error::FilterError;
use crate::filter::{FURTHEST, axes_of, check_positive, check_support, order_word};
use crate::grid::{Grid, Kernel};
use crate::riesz::Riesz;
use serde::{Deserialize, Serialize};
use std::f64::consts::PI;

/// Laplacian of Gaussian: bright where the image is darker than its surroundings at the scale of the Gaussian (IBSI: L6PA, section 3.2).
///
/// The kernel is the sampled function, cut off beyond a cube (or square) about it, as in the IBSI's reference maps.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct LaplacianOfGaussian {
    /// Standard deviation of the Gaussian.
    pub sigma_mm: f64,
    /// Half the side of the kernel's cube in standard deviations.
    #[serde(default = "four")]
    pub truncate: f64,
    /// In each slice by itself.
    #[serde(default)]
    pub by_slice: bool,
    /// What lies beyond the border.
    #[serde(default)]
    pub boundary: Boundary,
    /// A Riesz transform of the response: how often along each axis.
    #[serde(default)]
    pub riesz: Option<[u8; 3]>,
}

pub(crate) fn four() -> f64 {
    4.0
}

impl LaplacianOfGaussian {
    pub(crate) fn check(&self) -> Result<(), FilterError> {
        check_positive("log", "sigma-mm", self.sigma_mm)?;
        check_positive("log", "truncate", self.truncate)?;
        Riesz::check("log", self.riesz, self.by_slice)
    }

    pub(crate) fn name(&self) -> String {
        format!("{}log_{}mm", order_word(self.riesz), self.sigma_mm)
    }

    pub(crate) fn check_on(&self, spacing_mm: f64) -> Result<(), FilterError> {
        let radius = self.radius(spacing_mm);
        check_support("log", "sigma-mm", self.sigma_mm, 2 * radius + 1)
    }

    /// Voxels from the middle of the kernel to its edge.
    pub(crate) fn radius(&self, spacing_mm: f64) -> usize {
        (self.truncate * self.sigma_mm / spacing_mm + 0.5).min(FURTHEST) as usize
    }

    pub(crate) fn respond(&self, image: &Grid, spacing_mm: f64) -> Grid {
        let axes = axes_of(self.by_slice);
        let Some(order) = self.riesz else {
            return self.laplacian(image, spacing_mm);
        };
        let riesz = Riesz { order };
        riesz.transform_padded(image, axes, self.boundary, |padded| {
            self.laplacian(padded, spacing_mm)
        })
    }

    /// The sum of the second derivatives of Gaussians: each is a product of functions of one coordinate, so all are made of seven passes along one axis
    /// (four by slice) however large the kernel is.
    fn laplacian(&self, image: &Grid, spacing_mm: f64) -> Grid {
        let sigma = self.sigma_mm / spacing_mm;
        let radius = self.radius(spacing_mm) as isize;
        let sampled = |value: &dyn Fn(f64) -> f64| {
            Kernel::centred((-radius..=radius).map(|x| value(x as f64)).collect())
        };
        let bell = |x: f64| (-x * x / (2.0 * sigma * sigma)).exp() / ((2.0 * PI).sqrt() * sigma);
        let smooth = sampled(&bell);
        let second = sampled(&|x| (x * x / sigma.powi(4) - 1.0 / (sigma * sigma)) * bell(x));
        let pass = |grid: &Grid, axis, kernel: &Kernel| grid.convolve(axis, kernel, self.boundary);

        let along_x = pass(image, 0, &smooth);
        let mut curved = pass(&pass(image, 0, &second), 1, &smooth);
        curved.combine(&pass(&along_x, 1, &second), |a, b| a + b);
        if self.by_slice {
            return curved;
        }
        let flat = pass(&along_x, 1, &smooth);
        let mut sum = pass(&curved, 2, &smooth);
        sum.combine(&pass(&flat, 2, &second), |a, b| a + b);
        sum
    }
}
