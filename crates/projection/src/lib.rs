//! Maps of a cohort in two dimensions, and how far they can be trusted.
//!
//! * [`tsne`]: t-distributed stochastic neighbour embedding (van der Maaten and Hinton 2008), exact, started from principal
//!   components. Its affinities agree with scikit-learn's to 1e-6.
//! * [`umap`]: uniform manifold approximation and projection (McInnes, Healy and Melville 2018) with exact neighbours and a start
//!   from principal components. The weights of its graph agree with umap-learn's to 1e-4.
//! * [`trustworthiness`] and [`continuity`] (Venna and Kaski 2001) say how many neighbours on the map are neighbours in the data, and
//!   the other way round; the first agrees with scikit-learn's to 1e-12.
//! * [`batch_effect`] says how well centres can be told from the features.
//!
//! The crates there are for these methods draw from shared random streams or from hash maps, and give other maps with other
//! numbers of threads; ours give the same bytes. Everything is exact, which serves cohorts of some thousands of rows.

mod batch;
mod distance;
mod error;
mod trust;
mod tsne;
mod umap;

pub use batch::{BatchEffect, batch_effect};
pub use distance::Points;
pub use error::ProjectionError;
pub use trust::{continuity, trustworthiness};
pub use tsne::{TsneMap, TsneSettings, joint_affinities, tsne};
pub use umap::{UmapMap, UmapSettings, fuzzy_graph, umap};
