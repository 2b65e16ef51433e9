//! Where in its inputs an encoder found what a score rests on.
//!
//! A [`Question`] puts the parts together: the network, the inputs of one lesion (one for each phase image), which tokens are read
//! ([`Readout`]) and the [`Score`] that is made of the embeddings. Four methods answer it with one map for each input ([`Maps`]):
//!
//! * [`rollout`]: what the tokens that are read have attended to, whatever the score (Abnar and Zuidema, 2020);
//! * [`relevance`]: gradient times attention, for the score (Chefer, Gur and Wolf, 2021);
//! * [`integrated_gradients`]: shares of the score that add up to it (Sundararajan, Taly and Yan, 2017);
//! * [`occlusion()`]: how far the score falls when a cube is covered (Zeiler and Fergus, 2014), for any encoder.
//!
//! A map is a claim about the network, and claims are checked: [`faithfulness`] deletes and inserts the patches that the map names and
//! compares with patches in random order, and [`pointing`] tells where the map lies against an outline. Whether the map of a network with shuffled
//! weights is the same map (Adebayo et al., 2018) is told by their rank correlation.
//!
//! Rollout, relevance and integrated gradients agree with PyTorch's autograd and Captum to 1e-4 of their largest number
//! (`tests/parity.rs`).

mod error;
mod faithfulness;
mod integrated;
mod maps;
mod occlusion;
mod pointing;
mod question;
mod readout;
mod relevance;
mod rollout;

pub use error::{AttributionError, Fault};
pub use faithfulness::{Faithfulness, FaithfulnessSettings, faithfulness};
pub use integrated::{IntegratedGradients, integrated_gradients};
pub use maps::Maps;
pub use occlusion::{Cubes, occlusion};
pub use pointing::{Pointing, pointing};
pub use question::{Question, Score, ScoreOf};
pub use readout::Readout;
pub use relevance::relevance;
pub use rollout::rollout;
