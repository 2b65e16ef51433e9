//! The signal of a spoiled gradient echo.

use super::{Relaxivity, Tissue};

/// A spoiled gradient echo sequence (FLASH, SPGR, T1-FFE) in the steady state.
///
/// `S = M0 sin(a) (1 - E1) / (1 - cos(a) E1) exp(-TE / T2*)` with `E1 = exp(-TR / T1)` (Haase et al., J Magn Reson 1986;67:258; Ernst and
/// Anderson 1966). The contrast agent shortens both times: `1/T1 = 1/T10 + r1 C`, `1/T2* = 1/T2*0 + r2 C`; water exchange is taken for fast. A NumPy
/// implementation gives the same to 1e-12 (`tests/physics.rs`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SpoiledGradientEcho {
    te_s: f64,
    tr_s: f64,
    sine: f64,
    cosine: f64,
    relaxivity: Relaxivity,
}

impl SpoiledGradientEcho {
    /// A sequence with its times in milliseconds and its flip angle in degrees, and the agent's relaxivity.
    pub fn new(tr_ms: f64, te_ms: f64, flip_deg: f64, relaxivity: Relaxivity) -> Self {
        let (sine, cosine) = flip_deg.to_radians().sin_cos();
        Self {
            te_s: te_ms / 1000.0,
            tr_s: tr_ms / 1000.0,
            sine,
            cosine,
            relaxivity,
        }
    }

    /// Signal of a tissue that holds the agent at a concentration in millimolar, in the units of its M0.
    pub fn signal(&self, tissue: &Tissue, concentration_mm: f64) -> f64 {
        let r1 = 1000.0 / tissue.t1_ms + self.relaxivity.r1 * concentration_mm;
        let r2 = 1000.0 / tissue.t2_star_ms + self.relaxivity.r2 * concentration_mm;
        let e1 = (-self.tr_s * r1).exp();
        tissue.m0 * self.sine * (1.0 - e1) / (1.0 - self.cosine * e1) * (-self.te_s * r2).exp()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn at_ninety_degrees_only_recovery_is_left() {
        let echo = SpoiledGradientEcho::new(10.0, 0.0, 90.0, Relaxivity::at(1.5));
        let tissue = Tissue {
            m0: 2.0,
            t1_ms: 1000.0,
            t2_star_ms: 40.0,
        };
        let expected = 2.0 * (1.0 - (-0.01f64).exp());
        assert!((echo.signal(&tissue, 0.0) - expected).abs() < 1e-15);
    }

    #[test]
    fn the_ernst_angle_is_the_best() {
        let (tr, t1) = (5.0f64, 1266.0f64);
        let best = (-tr / t1).exp().acos().to_degrees();
        let tissue = Tissue {
            m0: 1.0,
            t1_ms: t1,
            t2_star_ms: 40.0,
        };
        let signal = |flip: f64| {
            SpoiledGradientEcho::new(tr, 2.0, flip, Relaxivity::at(1.5)).signal(&tissue, 0.0)
        };
        assert!(signal(best) > signal(best - 0.2) && signal(best) > signal(best + 0.2));
    }
}
