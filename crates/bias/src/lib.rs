//! Correction of the receive field's inhomogeneity: N4.
//!
//! [`n4`] estimates a [`BiasField`] from one image, usually the phase before contrast; [`BiasField::corrected`] divides any image on the same grid by it. The
//! crate reads and writes no files.
//!
//! ```
//! use triher_bias::{N4Options, n4};
//! use triher_volume::{Geometry, Image};
//!
//! // Two tissues in stripes, brighter towards one side.
//! let grid = Geometry::axis_aligned([24, 24, 12], [2.0, 2.0, 3.0], [0.0; 3])?;
//! let image = Image::from_fn(grid, |[i, j, _]| {
//!     let tissue = if (i / 4 + j / 4) % 2 == 0 { 100.0 } else { 200.0 };
//!     tissue * (0.02 * i as f32).exp()
//! });
//! let options = N4Options {
//!     shrink: [1; 3],
//!     ..N4Options::default()
//! };
//! let bias = n4(&image, None, &options)?;
//! let field = |i: usize| bias.field.get([i, 12, 6]).copied().unwrap_or(1.0);
//! assert!(field(20) / field(3) > 1.2);
//! let corrected = bias.corrected(&image)?;
//! assert_eq!(corrected.geometry(), image.geometry());
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod lattice;
mod n4;
mod sharpen;
mod shrink;

pub use error::BiasError;
pub use n4::{BiasField, N4Options, n4};
