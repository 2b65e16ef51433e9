//! Finding the lesion where no mask is given.
//!
//! [`detect`] finds the breast ([`breast_region`]: body, skin, [`ChestWall`], nipples) and ranks what enhances in it: [`Candidate`]s with a confidence
//! and its reasons, each outlined by fuzzy c-means on the enhancement curves, or by a graph cut. The reader confirms one, or corrects with a point
//! ([`candidate_at_seed`]) or a box ([`candidate_in_box`]); [`Detection::picture`] is what to show. A trained network can take its place:
//! [`sliding_window`] runs any segmentation network over a volume, [`candidates_from_probability`] ranks what it finds.
//!
//! A candidate is a proposal for a reader, never a finding. How often it is right on simulated patients and on TCGA-AO-A03M stands in
//! `docs/detection.md`.
//!
//! ```
//! use triher_detection::{DetectionOptions, detect};
//! use triher_simulate::{CohortSpec, simulate_patient};
//!
//! let spec = CohortSpec::demo(3);
//! let patient = simulate_patient(&spec, 0, 0)?;
//! let found = detect(&patient.series, &DetectionOptions::default())?;
//! let best = &found.candidates[0];
//! println!("{:.0} mm3 at {:?} mm, confidence {:.2}", best.volume_mm3, best.centre_mm, best.confidence);
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

mod breast;
mod candidate;
mod cut;
mod enhancement;
mod error;
mod fuzzy;
mod options;
mod outline;
mod outline_cut;
mod part;
mod picture;
mod score;
mod search;
mod wall;
mod window;

pub use breast::{BreastRegion, breast_region};
pub use candidate::{
    Candidate, Detection, candidate_at_seed, candidate_in_box, candidates_from_probability, detect,
};
pub use cut::{Cut, GridCapacities, minimum_cut};
pub use error::DetectionError;
pub use fuzzy::{FuzzyClusters, fuzzy_c_means};
pub use options::{DetectionOptions, OutlineMethod};
pub use picture::{Picture, Slice};
pub use score::{Reason, Term};
pub use wall::ChestWall;
pub use window::{WindowError, WindowOptions, foreground_probability, sliding_window};
