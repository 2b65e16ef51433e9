//! From signal to concentration.

use crate::PharmacokineticError;
use serde::{Deserialize, Serialize};

/// How signal depends on concentration.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SignalModel {
    /// A spoiled gradient echo without decay by T2*: `S ~ sin a (1 - E) / (1 - cos a E)`, `E = exp(-TR R1)`, `R1 = 1/T10 + r1 C`.
    SpoiledGradientEcho {
        /// Repetition time, ms.
        tr_ms: f64,
        /// Flip angle, degrees.
        flip_deg: f64,
        /// T1 of the tissue before contrast, ms.
        t10_ms: f64,
        /// Relaxivity of the agent, 1/(mM s).
        relaxivity_per_mm_s: f64,
    },
    /// Relative enhancement taken as proportional to concentration, for protocols whose T1 is not known: `C = (S - S0) / S0 / factor`. Rates then
    /// hold up to that factor, `kep` as it is.
    RelativeEnhancement {
        /// Relative enhancement of one millimolar.
        per_mm: f64,
    },
}

impl SignalModel {
    /// Checks the protocol's numbers.
    ///
    /// # Errors
    /// [`PharmacokineticError::BadSetting`].
    pub fn check(&self) -> Result<(), PharmacokineticError> {
        let positive = |setting, value: f64| {
            if value.is_finite() && value > 0.0 {
                return Ok(());
            }
            Err(PharmacokineticError::BadSetting {
                setting,
                value,
                allowed: "a positive number",
            })
        };
        match *self {
            Self::SpoiledGradientEcho {
                tr_ms,
                flip_deg,
                t10_ms,
                relaxivity_per_mm_s,
            } => {
                positive("the repetition time", tr_ms)?;
                positive("the flip angle", flip_deg)?;
                positive("T1 before contrast", t10_ms)?;
                positive("the relaxivity", relaxivity_per_mm_s)
            }
            Self::RelativeEnhancement { per_mm } => positive("the enhancement of 1 mM", per_mm),
        }
    }

    /// Concentration in millimolar from a signal and that before contrast; not a number when no concentration gives such a signal.
    pub fn concentration_mm(&self, signal: f64, before: f64) -> f64 {
        let positive = before > 0.0;
        if !positive {
            return f64::NAN;
        }
        match *self {
            Self::SpoiledGradientEcho {
                tr_ms,
                flip_deg,
                t10_ms,
                relaxivity_per_mm_s,
            } => {
                let cosine = flip_deg.to_radians().cos();
                let e10 = (-tr_ms / t10_ms).exp();
                let relative = signal / before * (1.0 - e10) / (1.0 - cosine * e10);
                let e1 = (1.0 - relative) / (1.0 - cosine * relative);
                if !(e1 > 0.0 && e1 <= 1.0) {
                    return f64::NAN;
                }
                (-e1.ln() / tr_ms - 1.0 / t10_ms) * 1000.0 / relaxivity_per_mm_s
            }
            Self::RelativeEnhancement { per_mm } => (signal - before) / before / per_mm,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_signal_before_contrast_gives_no_concentration() {
        let models = [
            SignalModel::RelativeEnhancement { per_mm: 3.0 },
            SignalModel::SpoiledGradientEcho {
                tr_ms: 5.0,
                flip_deg: 12.0,
                t10_ms: 1400.0,
                relaxivity_per_mm_s: 4.5,
            },
        ];
        for model in models {
            for before in [0.0, -20.0, f64::NAN] {
                assert!(model.concentration_mm(100.0, before).is_nan());
            }
            assert!(model.concentration_mm(150.0, 100.0) > 0.0);
        }
    }
}
