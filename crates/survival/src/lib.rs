//! Whether a score tells how long patients live without the event: Kaplan-Meier curves, the log-rank
//! test, Cox regression and the concordance.
//!
//! [`FollowUp`] holds each patient's time under observation and whether it ended with the event; it
//! is checked when made. All methods are checked against R's `survival` on one cohort with ties
//! (`tests/parity/make_survival.R`, 1e-8). No I/O; the same input gives the same bytes.
//!
//! ```
//! use triher_survival::{FollowUp, kaplan_meier};
//!
//! let follow_up = FollowUp::new(vec![1.0, 2.0, 2.0, 5.0], vec![true, true, false, true])?;
//! let curve = kaplan_meier(&follow_up, 0.95)?;
//! assert_eq!(curve[1].survival, 0.5);
//! # Ok::<(), triher_survival::SurvivalError>(())
//! ```

mod concordance;
mod cox;
mod curve;
mod follow_up;
mod logrank;
mod summary;

pub use concordance::concordance;
pub use cox::{Coefficient, CoxFit, GlobalTest, Ties, cox};
pub use curve::{CurvePoint, kaplan_meier};
pub use follow_up::{FollowUp, SurvivalError};
pub use logrank::{LogRank, log_rank};
pub use summary::{Scored, SurvivalGroup, SurvivalSummary, summarise};
