//! Relaxation of tissues and relaxivity of the contrast agent, by field strength.

/// A tissue before contrast.
///
/// T1 of fat and gland: Rakow-Penner et al., J Magn Reson Imaging 2006;23:87-91 (1.5 T: 296 and 1266 ms; 3 T: 367 and 1445 ms). Blood and muscle:
/// Stanisz et al., Magn Reson Med 2005;54:507-512 (1.5 T: 1441 and 1008 ms; 3 T: 1932 and 1412 ms). Between 1.5 and 3 T values are
/// interpolated linearly; below and above those of the nearer are taken. Skin, lung and the T2* of all tissues have no such source: they are
/// **assumed**, plausible for the short echo times of breast protocols, on which T2* has little effect. Proton densities (M0, water = 1) are
/// assumed as well.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tissue {
    /// Magnetisation in equilibrium, relative to water.
    pub m0: f64,
    /// Longitudinal relaxation time, milliseconds.
    pub t1_ms: f64,
    /// Effective transverse relaxation time, milliseconds.
    pub t2_star_ms: f64,
}

impl Tissue {
    fn between(field_strength_t: f64, m0: f64, t1_ms: [f64; 2], t2_star_ms: [f64; 2]) -> Self {
        Self {
            m0,
            t1_ms: interpolate(field_strength_t, t1_ms),
            t2_star_ms: interpolate(field_strength_t, t2_star_ms),
        }
    }

    /// Fat of the breast.
    pub fn fat(field_strength_t: f64) -> Self {
        Self::between(field_strength_t, 0.9, [296.0, 367.0], [30.0, 20.0])
    }

    /// Fibroglandular tissue.
    pub fn gland(field_strength_t: f64) -> Self {
        Self::between(field_strength_t, 0.85, [1266.0, 1445.0], [40.0, 30.0])
    }

    /// Skeletal muscle.
    pub fn muscle(field_strength_t: f64) -> Self {
        Self::between(field_strength_t, 0.8, [1008.0, 1412.0], [30.0, 22.0])
    }

    /// Blood.
    pub fn blood(field_strength_t: f64) -> Self {
        Self::between(field_strength_t, 0.9, [1441.0, 1932.0], [150.0, 60.0])
    }

    /// Skin: assumed.
    pub fn skin(field_strength_t: f64) -> Self {
        Self::between(field_strength_t, 0.65, [900.0, 1100.0], [20.0, 14.0])
    }

    /// Lung with its air: assumed, nearly without signal.
    pub fn lung(field_strength_t: f64) -> Self {
        Self::between(field_strength_t, 0.15, [1100.0, 1300.0], [1.5, 0.8])
    }
}

/// Relaxivity of the contrast agent in plasma at 37 degrees, litres per millimole and second.
///
/// Those of gadobutrol: `r1` 4.78 at 1.5 T and 4.97 at 3 T (Szomolanyi et al., Invest Radiol 2019;54:559-564), `r2` 6.1 and 7.1 (Rohrer et al.,
/// Invest Radiol 2005;40:715-724), interpolated as the relaxation times of [`Tissue`].
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Relaxivity {
    /// Longitudinal.
    pub r1: f64,
    /// Transverse.
    pub r2: f64,
}

impl Relaxivity {
    /// At a field strength in tesla.
    pub fn at(field_strength_t: f64) -> Self {
        Self {
            r1: interpolate(field_strength_t, [4.78, 4.97]),
            r2: interpolate(field_strength_t, [6.1, 7.1]),
        }
    }
}

/// Linear between the values at 1.5 and 3 T, constant beyond.
fn interpolate(field_strength_t: f64, [low, high]: [f64; 2]) -> f64 {
    low + ((field_strength_t - 1.5) / 1.5).clamp(0.0, 1.0) * (high - low)
}
