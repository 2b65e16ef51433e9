//! The models of exchange between blood and tissue.

use crate::InputFunction;
use serde::{Deserialize, Serialize};
use std::fmt;

/// How contrast agent goes from plasma into the interstitium.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Model {
    /// Tofts and Kermode (1991): `C = Ktrans exp(-kep t) * Cp`; parameters Ktrans (1/min), ve.
    Tofts,
    /// Extended Tofts (Tofts, J Magn Reson Imaging 1997;7:91): the same and `vp Cp`; parameters Ktrans (1/min), ve, vp.
    ExtendedTofts,
    /// Two-compartment exchange (Sourbron and Buckley, NMR Biomed 2013;26:1004): parameters Fp (plasma flow, 1/min), PS (1/min), ve, vp.
    TwoCompartmentExchange,
}

impl fmt::Display for Model {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Tofts => "the Tofts model",
            Self::ExtendedTofts => "the extended Tofts model",
            Self::TwoCompartmentExchange => "the two-compartment exchange model",
        })
    }
}

impl Model {
    /// Names of the parameters, in the order of [`Model::concentrations`].
    pub fn parameters(self) -> &'static [&'static str] {
        match self {
            Self::Tofts => &["ktrans_per_min", "ve"],
            Self::ExtendedTofts => &["ktrans_per_min", "ve", "vp"],
            Self::TwoCompartmentExchange => &["fp_per_min", "ps_per_min", "ve", "vp"],
        }
    }

    /// Least and largest values that a fit may give.
    pub fn bounds(self) -> &'static [[f64; 2]] {
        const RATE: [f64; 2] = [0.0, 5.0];
        const VOLUME: [f64; 2] = [1e-3, 1.0];
        const PLASMA: [f64; 2] = [0.0, 1.0];
        match self {
            Self::Tofts => &[RATE, VOLUME],
            Self::ExtendedTofts => &[RATE, VOLUME, PLASMA],
            Self::TwoCompartmentExchange => &[[1e-3, 5.0], RATE, VOLUME, [1e-4, 1.0]],
        }
    }

    /// Where a fit begins, several places.
    pub(crate) fn starts(self) -> &'static [&'static [f64]] {
        match self {
            Self::Tofts => &[&[0.2, 0.3], &[0.8, 0.5], &[0.05, 0.1]],
            Self::ExtendedTofts => &[&[0.2, 0.3, 0.02], &[0.8, 0.5, 0.1], &[0.05, 0.1, 0.01]],
            Self::TwoCompartmentExchange => &[
                &[0.5, 0.1, 0.2, 0.05],
                &[0.2, 0.3, 0.4, 0.02],
                &[1.0, 0.05, 0.1, 0.1],
                &[0.1, 0.05, 0.3, 0.05],
            ],
        }
    }

    /// Concentrations in tissue, millimolar, at rising times in seconds.
    pub fn concentrations(
        self,
        parameters: &[f64],
        input: &InputFunction,
        times_s: &[f64],
    ) -> Vec<f64> {
        let mut out = vec![0.0; times_s.len()];
        self.concentrations_into(parameters, input, times_s, &mut out);
        out
    }

    pub(crate) fn concentrations_into(
        self,
        parameters: &[f64],
        input: &InputFunction,
        times_s: &[f64],
        out: &mut [f64],
    ) {
        match (self, parameters) {
            (Self::Tofts | Self::ExtendedTofts, [ktrans, ve, rest @ ..]) => {
                let rate = ktrans / ve / 60.0;
                input.convolved(rate, times_s, out);
                let vp = rest.first().copied().unwrap_or(0.0);
                for (out, &time) in out.iter_mut().zip(times_s) {
                    *out = ktrans / 60.0 * *out + vp * input.at(time);
                }
            }
            (Self::TwoCompartmentExchange, [fp, ps, ve, vp]) => {
                // Mean transit times in seconds; without exchange the interstitium is never left.
                let plasma = vp / (fp + ps) * 60.0;
                let (mixed, whole) = (vp / fp * 60.0, (vp + ve) / fp * 60.0);
                let interstitium = ve / ps.max(1e-9) * 60.0;
                let sum = 1.0 / plasma + 1.0 / interstitium;
                let product = 1.0 / (mixed * interstitium);
                let root = (sum * sum - 4.0 * product).max(0.0).sqrt();
                let (fast, slow) = (0.5 * (sum + root), 2.0 * product / (sum + root));
                let gap = (fast - slow).max(1e-12);
                let (a, b) = (
                    (whole * fast - 1.0) * slow / gap,
                    (1.0 - whole * slow) * fast / gap,
                );
                input.convolved(slow, times_s, out);
                let mut other = vec![0.0; times_s.len()];
                input.convolved(fast, times_s, &mut other);
                for (out, other) in out.iter_mut().zip(other) {
                    *out = fp / 60.0 * (a * *out + b * other);
                }
            }
            _ => out.fill(f64::NAN),
        }
    }
}
