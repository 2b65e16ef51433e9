//! What each feature adds to a prediction, and which training cases are alike.
//!
//! [`explain`] gives Shapley values for every row, class and feature: exact for linear models and for trees, exact by counting
//! all coalitions where there are few features, and by antithetic permutations otherwise. They always add up:
//! `base + sum of values = score` of the row. [`Explanation::link`] says what the score is.
//!
//! "Interventional" values are meant throughout: a feature that is left out takes the values of the background rows. Sources:
//! Shapley (1953); Lundberg and Lee, NeurIPS 2017; Lundberg et al., Nat. Mach. Intell. 2:56 (2020). Linear models, forests,
//! boosted trees and small models of any kind are checked against the Python package `shap` to 1e-6
//! (`tests/parity/make_shap.py`).
//!
//! [`by_block`] adds the values of a block (all dimensions of an embedding, all radiomics); [`stability`] says whether another
//! fold of the same cohort would have named the same features; [`similar`] finds the training cases nearest to a patient.

mod blocks;
mod coalition;
mod explanation;
mod linear;
mod similar;
mod stability;
mod trees;

pub use blocks::{Block, block_of, by_block};
pub use explanation::{
    ExplainError, ExplainOptions, Explanation, Link, Method, Summary, explain, method,
};
pub use similar::{SimilarCase, similar};
pub use stability::{Stability, stability};
