//! All filters under one roof: settings, names, what they need of an image.

use crate::error::FilterError;
use crate::gabor::Gabor;
use crate::grid::Grid;
use crate::isotropic_wavelet::IsotropicWavelet;
use crate::laplacian_of_gaussian::LaplacianOfGaussian;
use crate::laws::Laws;
use crate::mean::Mean;
use crate::wavelet::Wavelet;
use serde::{Deserialize, Serialize};
use triher_volume::{Image, Volume};

/// A filter and its settings. In a TOML file: `[[filters]]`, `kind = "log"`, `sigma-mm = 1.5`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "kebab-case")]
pub enum Filter {
    /// Mean over a cube.
    Mean(Mean),
    /// Laplacian of Gaussian.
    #[serde(rename = "log")]
    LaplacianOfGaussian(LaplacianOfGaussian),
    /// Laws' kernels and their energy.
    Laws(Laws),
    /// Gabor filter.
    Gabor(Gabor),
    /// Separable wavelet.
    Wavelet(Wavelet),
    /// Non-separable wavelet.
    IsotropicWavelet(IsotropicWavelet),
}

/// Spacings that differ by less than this share count as equal.
const SPACING_TOLERANCE: f64 = 0.01;

impl Filter {
    /// Name of the response map, which stands before the names of its features, e.g. `log_1.5mm`. It says all that
    /// changes the response but the boundary and the truncation.
    pub fn name(&self) -> String {
        let name = match self {
            Self::Mean(f) => format!("mean_{}", f.support),
            Self::LaplacianOfGaussian(f) => f.name(),
            Self::Laws(f) => f.name(),
            Self::Gabor(f) => f.name(),
            Self::Wavelet(f) => f.name(),
            Self::IsotropicWavelet(f) => f.name(),
        };
        if self.by_slice() { name + "_2D" } else { name }
    }

    /// Whether each slice is filtered by itself.
    pub fn by_slice(&self) -> bool {
        match self {
            Self::Mean(f) => f.by_slice,
            Self::LaplacianOfGaussian(f) => f.by_slice,
            Self::Laws(f) => f.by_slice(),
            Self::Gabor(f) => !f.orthogonal_planes,
            Self::Wavelet(f) => f.by_slice(),
            Self::IsotropicWavelet(f) => f.by_slice,
        }
    }

    /// Checks the settings.
    ///
    /// # Errors
    /// [`FilterError::BadSetting`] names the setting and what it may be.
    pub fn check(&self) -> Result<(), FilterError> {
        match self {
            Self::Mean(f) => f.check(),
            Self::LaplacianOfGaussian(f) => f.check(),
            Self::Laws(f) => f.check(),
            Self::Gabor(f) => f.check(),
            Self::Wavelet(f) => f.check(),
            Self::IsotropicWavelet(f) => f.check(),
        }
    }

    /// How many voxels to each side the response looks at on a grid of this spacing, so that an image may be cut to a region and this margin. `None` when it
    /// looks at the whole image. Settings that [`Filter::check`] refuses give some number.
    pub fn reach(&self, spacing_mm: [f64; 3]) -> Option<[usize; 3]> {
        let reach = match self {
            Self::Mean(f) => f.reach(),
            Self::LaplacianOfGaussian(f) if f.riesz.is_none() => f.radius(spacing_mm[0]),
            Self::Laws(f) => f.reach(),
            Self::Gabor(f) => f.radius(spacing_mm[0]),
            Self::Wavelet(f) => f.reach(),
            Self::LaplacianOfGaussian(_) | Self::IsotropicWavelet(_) => return None,
        };
        let across = if self.by_slice() { 0 } else { reach };
        Some([reach, reach, across])
    }

    /// Filters an image: the response on the same grid.
    ///
    /// Sums are in double precision and the response is the same with any number of threads. The IBSI's 33 reference maps are met within the
    /// tolerance of 1 % of their range, most to single precision (`tests/reference_maps.rs`, `docs/ibsi2.md`).
    ///
    /// # Errors
    /// [`FilterError`]: settings that make no sense, voxels that are not cubes (by slice: squares), voxels that are not numbers.
    pub fn apply(&self, image: &Image) -> Result<Image, FilterError> {
        self.check()?;
        let spacing_mm = image.geometry().spacing_mm();
        self.check_spacing(spacing_mm)?;
        let count = image.voxels().iter().filter(|v| !v.is_finite()).count();
        if count > 0 {
            return Err(FilterError::NotFinite {
                filter: self.name(),
                count,
            });
        }
        let grid = Grid::of(image);
        let response = match self {
            Self::Mean(f) => f.respond(&grid),
            Self::LaplacianOfGaussian(f) => {
                f.check_on(spacing_mm[0])?;
                f.respond(&grid, spacing_mm[0])
            }
            Self::Laws(f) => f.respond(&grid),
            Self::Gabor(f) => {
                f.check_on(spacing_mm[0])?;
                f.respond(&grid, spacing_mm[0])
            }
            Self::Wavelet(f) => f.respond(&grid),
            Self::IsotropicWavelet(f) => f.respond(&grid),
        };
        let values = response.values.into_iter().map(|v| v as f32).collect();
        let provenance = image.provenance().clone().with_step(self.name());
        Ok(Volume::new(*image.geometry(), values, provenance)?)
    }

    fn check_spacing(&self, spacing_mm: [f64; 3]) -> Result<(), FilterError> {
        let axes = axes_of(self.by_slice());
        let equal = spacing_mm[1..axes]
            .iter()
            .all(|s| (s / spacing_mm[0] - 1.0).abs() < SPACING_TOLERANCE);
        if equal {
            return Ok(());
        }
        Err(FilterError::Anisotropic {
            filter: self.name(),
            axes: if axes == 2 {
                "the two axes of a slice"
            } else {
                "all three axes"
            },
            spacing_mm,
        })
    }
}

/// Axes that a filter works along.
pub(crate) fn axes_of(by_slice: bool) -> usize {
    if by_slice { 2 } else { 3 }
}

/// The longest kernel: longer ones than any image are mistakes of a unit.
const LONGEST: usize = 2047;

/// Radii are cut here before they become whole numbers, far beyond what [`check_support`] lets pass.
pub(crate) const FURTHEST: f64 = 1e6;

/// Refuses kernels of more voxels than [`LONGEST`], or none.
pub(crate) fn check_support(
    kind: &'static str,
    setting: &'static str,
    value: impl ToString,
    support: usize,
) -> Result<(), FilterError> {
    if (1..=LONGEST).contains(&support) {
        return Ok(());
    }
    Err(FilterError::BadSetting {
        kind,
        setting,
        value: value.to_string(),
        allowed: "a value whose kernel is from 1 to 2047 voxels long on this image",
    })
}

/// Refuses what is not a positive number.
pub(crate) fn check_positive(
    kind: &'static str,
    setting: &'static str,
    value: f64,
) -> Result<(), FilterError> {
    if value.is_finite() && value > 0.0 {
        return Ok(());
    }
    Err(FilterError::BadSetting {
        kind,
        setting,
        value: value.to_string(),
        allowed: "a positive number",
    })
}

/// Beginning of the name of a Riesz transform.
pub(crate) fn order_word(order: Option<[u8; 3]>) -> String {
    order.map_or_else(String::new, |[x, y, z]| format!("riesz{x}{y}{z}_"))
}
