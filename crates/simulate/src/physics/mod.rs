//! Contrast agent and signal: what is known in closed form.

mod aif;
mod signal;
mod tissue;
mod tofts;

pub use aif::Aif;
pub use signal::SpoiledGradientEcho;
pub use tissue::{Relaxivity, Tissue};
pub use tofts::{TissueKinetics, extended_tofts, residue_convolution};

pub(crate) use tofts::ConvolutionTable;
