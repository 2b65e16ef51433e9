//! Designs of a validation: who is held out when.
//!
//! * [`cross_validate`](crate::cross_validate): patients in folds, repeated. With a tuning, a calibration or a selection in the
//!   pipeline it is nested, because [`Pipeline::fit`](crate::Pipeline::fit) does all of that within the training rows it is given.
//! * [`leave_one_centre_out`]: every centre is predicted by a model of the others.
//! * [`learning_curve`]: the same folds, learnt from more and more of their training patients.
//! * [`permutation_test`]: the whole pipeline on labels that mean nothing.
//!
//! All of them refit the whole pipeline through [`Dataset::split`](crate::Dataset::split), so that none can see a held-out
//! row; and all keep what a round gave in a [`RoundStore`], so that a run that was stopped repeats none.

mod centre;
mod learning_curve;
mod permutation;
mod round;

pub use centre::{CentreRound, CentresLeftOut, leave_one_centre_out};
pub use learning_curve::{LearningCurve, LearningCurveSpec, LearningPoint, learning_curve};
pub use permutation::{PermutationTest, permutation_test};
pub use round::{NoStore, RoundKeys, RoundPredictions, RoundStore};
pub(crate) use round::{Rounds, play};
