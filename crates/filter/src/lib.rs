//! Convolutional filters of images as the Image Biomarker Standardisation Initiative (IBSI) standardised them: mean, Laplacian of Gaussian,
//! Laws' kernels, Gabor, separable and non-separable wavelets, with its handling of borders and of rotations.
//!
//! Definitions are those of the IBSI's reference manual for filters (Depeursinge et al., arXiv 2006.05470); section numbers are of that manual. The reference response maps
//! (Whybra et al., Radiology 2024) are met: `tests/reference_maps.rs`, `docs/ibsi2.md`.
//!
//! ```
//! use triher_filter::Filter;
//! use triher_volume::{Geometry, Image};
//!
//! let image = Image::from_fn(Geometry::axis_aligned([16; 3], [1.0; 3], [0.0; 3])?, |[i, j, _]| (i * j) as f32);
//! let filter: Filter = toml::from_str("kind = 'log'\nsigma-mm = 1.5")?;
//! let response = filter.apply(&image)?;
//! assert_eq!(filter.name(), "log_1.5mm");
//! assert_eq!(response.geometry(), image.geometry());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod boundary;
mod error;
mod filter;
mod fourier;
mod gabor;
mod grid;
mod isotropic_wavelet;
mod laplacian_of_gaussian;
mod laws;
mod mean;
mod orientation;
mod riesz;
mod wavelet;
mod wavelet_table;

pub use boundary::Boundary;
pub use error::FilterError;
pub use filter::Filter;
pub use gabor::Gabor;
pub use isotropic_wavelet::{Band, IsotropicWavelet};
pub use laplacian_of_gaussian::LaplacianOfGaussian;
pub use laws::Laws;
pub use mean::Mean;
pub use orientation::Pooling;
pub use wavelet::Wavelet;
