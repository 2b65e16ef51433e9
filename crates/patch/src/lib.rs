//! The named preprocessing profiles that turn a lesion into an encoder's input.
//!
//! A [`Profile`] is a published recipe with a name and a version. [`Window::of`] derives from a lesion mask
//! where to cut; [`Window::patch`] cuts and resizes any image on the mask's grid, and the mask, to a [`Patch`] of 48 x 48 x 48
//! voxels; [`phase_input`] does so for phases and their differences ("C5-C2", a [`PhaseInput`]); [`encoder_input`]
//! normalises what lies in the lesion's box or in the lesion alone (a [`Variant`]). A [`View`] mirrors or moves a patch, for embeddings
//! averaged at test time ([`TestTime`]).
//!
//! ```
//! use triher_patch::{PATCH_SIZE, Profile, Variant, Window, encoder_input};
//! use triher_volume::{Geometry, Image, Mask};
//!
//! let geometry = Geometry::axis_aligned([20, 20, 12], [1.0, 1.0, 2.0], [0.0; 3])?;
//! let mask = Mask::from_fn(geometry, |[i, j, k]| (5..12).contains(&i) && (6..10).contains(&j) && (4..7).contains(&k));
//! let image = Image::from_fn(geometry, |[i, j, k]| (i + 2 * j + 3 * k) as f32);
//! let window = Window::of(&mask, &Profile::Bl4as)?;
//! let patch = window.patch(&image)?;
//! let input = encoder_input(&patch.image, &patch.mask, Variant::Bbox)?;
//! assert_eq!(input.len(), PATCH_SIZE.pow(3));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod error;
mod isotropic;
mod normalise;
mod phase_input;
mod profile;
mod view;
mod window;

pub use error::PatchError;
pub use normalise::{Variant, encoder_input};
pub use phase_input::{PhaseInput, phase_input, whole_input};
pub use profile::{ISOTROPIC_MARGIN_MM, PATCH_SIZE, Profile};
pub use view::{TestTime, View};
pub use window::{Patch, Window};
