//! What lies where: breast, chest wall, vessels and lesion in coordinates of their own.
//!
//! Breast coordinates are millimetres from the middle of the breast's base on the chest wall: x to the patient's left, y to the front (towards
//! the nipple), z to the head.

mod breast;
mod field;
mod lesion;
mod vessel;

pub(crate) use breast::Breast;
pub(crate) use lesion::{Lesion, LesionUptake};

/// A point in breast coordinates, millimetres.
pub(crate) type Point = [f64; 3];

/// What a point (or the small surroundings over which edges are smoothed) is made of. Shares add up to at most 1; the rest is air.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Composition {
    pub(crate) skin: f64,
    pub(crate) fat: f64,
    pub(crate) gland: f64,
    pub(crate) muscle: f64,
    pub(crate) lung: f64,
    pub(crate) blood: f64,
    /// Share of lesion.
    pub(crate) lesion: f64,
    /// Ktrans of the gland here, relative to its median.
    pub(crate) gland_uptake: f64,
    /// How the lesion takes up here.
    pub(crate) uptake: LesionUptake,
}

/// Share of a body of which a point is part: from the signed distance to its surface (negative inside), smoothed over a width.
pub(crate) fn edge(distance_mm: f64, width_mm: f64) -> f64 {
    (0.5 - distance_mm / width_mm).clamp(0.0, 1.0)
}

pub(crate) fn length(v: Point) -> f64 {
    v.iter().map(|c| c * c).sum::<f64>().sqrt()
}
