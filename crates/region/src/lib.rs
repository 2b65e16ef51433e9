//! Lesion regions: components, bounding boxes, seeds, sizes, and which lesion counts.
//!
//! A region is a [`triher_volume::Mask`]. [`connected_components`] splits it, [`select_lesions`] picks the lesions
//! that count by a stated [`LesionRule`], [`bounding_box`] and [`size`] measure one, [`grow_from_seed`] and
//! [`lesion_in_box`] outline one where no reader has drawn it, and [`outline`] gives its contour on a slice. [`distance_mm`] is the exact
//! distance from a region; [`dilate_mm`], [`erode_mm`] and [`ring`] are made of it.
//!
//! ```
//! use triher_region::{LesionRule, select_lesions, size};
//! use triher_volume::{Geometry, Mask};
//!
//! let geometry = Geometry::axis_aligned([8, 8, 8], [1.0, 1.0, 2.0], [0.0; 3])?;
//! let mask = Mask::from_fn(geometry, |[i, j, k]| i < 3 && j < 3 && k < 3 || [i, j, k] == [7, 7, 7]);
//! let lesions = select_lesions(&mask, &LesionRule::Largest)?;
//! assert_eq!(lesions[0].mask.count(), 27);
//! assert_eq!(size(&lesions[0].mask)?.volume_mm3, 54.0);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod bounds;
mod components;
mod distance;
mod enhancement;
mod error;
mod holes;
mod outline;
mod seed;
mod select;
mod size;

pub use bounds::{IndexBox, bounding_box, box_region};
pub use components::{Components, Connectivity, connected_components};
pub use distance::{dilate_mm, distance_mm, erode_mm, ring};
pub use error::RegionError;
pub use holes::fill_holes;
pub use outline::outline;
pub use seed::{SeedOptions, grow_from_seed, lesion_in_box};
pub use select::{Lesion, LesionRule, select_lesions, select_named};
pub use size::{Size, size};
