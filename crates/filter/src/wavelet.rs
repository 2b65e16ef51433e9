//! Separable wavelets.

use crate::boundary::Boundary;
use crate::error::FilterError;
use crate::grid::{Grid, Kernel};
use crate::orientation::{AxisFilter, Pooling, separable};
use crate::wavelet_table::WAVELETS;
use serde::{Deserialize, Serialize};

/// Separable wavelets without decimation (IBSI: 25BO, section 3.5): low- and high-pass filters along the axes, spread by the
/// algorithme a trous from level to level.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Wavelet {
    /// Name of the wavelet: `haar`, `db2` to `db10`, `sym4` to `sym8`, `coif1` to `coif5`.
    pub family: String,
    /// `L` (low-pass) or `H` (high-pass) for each axis, e.g. `LLH`, or `LH` for a filter by slice.
    pub band: String,
    /// Level of the decomposition, from 1.
    #[serde(default = "one")]
    pub level: usize,
    /// How the orientations are pooled; without it there is one.
    #[serde(default)]
    pub pooling: Option<Pooling>,
    /// What lies beyond the border.
    #[serde(default)]
    pub boundary: Boundary,
}

fn one() -> usize {
    1
}

/// Levels beyond this one would look further than any image reaches.
pub(crate) const MOST_LEVELS: usize = 8;

impl Wavelet {
    pub(crate) fn check(&self) -> Result<(), FilterError> {
        let bad = |setting, value: &str, allowed| {
            Err(FilterError::BadSetting {
                kind: "wavelet",
                setting,
                value: value.to_owned(),
                allowed,
            })
        };
        if self.low_pass().is_none() {
            return bad(
                "family",
                &self.family,
                "haar, db2 to db10, sym4 to sym8 or coif1 to coif5",
            );
        }
        let letters = self
            .band
            .bytes()
            .all(|c| matches!(c, b'L' | b'H' | b'l' | b'h'));
        if !letters || !matches!(self.band.len(), 2 | 3) {
            return bad(
                "band",
                &self.band,
                "L or H for each of three axes, e.g. LLH, or of two (by slice), e.g. LH",
            );
        }
        if !(1..=MOST_LEVELS).contains(&self.level) {
            return bad("level", &self.level.to_string(), "a level from 1 to 8");
        }
        Ok(())
    }

    fn low_pass(&self) -> Option<&'static [f64]> {
        let known = WAVELETS
            .iter()
            .find(|(name, _)| name.eq_ignore_ascii_case(&self.family));
        known.map(|(_, taps)| *taps)
    }

    pub(crate) fn by_slice(&self) -> bool {
        self.band.len() < 3
    }

    pub(crate) fn name(&self) -> String {
        let mut name = format!(
            "wavelet_{}_{}_level{}",
            self.family.to_ascii_lowercase(),
            self.band.to_ascii_uppercase(),
            self.level
        );
        if let Some(pooling) = self.pooling {
            name += &format!("_{}", pooling.word());
        }
        name
    }

    pub(crate) fn reach(&self) -> usize {
        let filters = self.filters();
        let reaches = filters
            .iter()
            .map(|f| f.iter().map(Kernel::reach).sum::<usize>());
        reaches.max().unwrap_or(0)
    }

    /// The filter of each axis: low-pass at all levels before the last, low- or high-pass there.
    fn filters(&self) -> Vec<AxisFilter> {
        let low = self.low_pass().unwrap_or_default();
        let high: Vec<f64> = low
            .iter()
            .rev()
            .enumerate()
            .map(|(k, v)| if k % 2 == 0 { -v } else { *v })
            .collect();
        let low = Kernel::centred(low.to_vec());
        let high = Kernel::centred(high);
        let last = self.level.clamp(1, MOST_LEVELS) - 1;
        self.band
            .bytes()
            .map(|letter| {
                let before = (0..last).map(|l| low.spread(1 << l));
                let kernel = if letter.eq_ignore_ascii_case(&b'L') {
                    &low
                } else {
                    &high
                };
                before.chain([kernel.spread(1 << last)]).collect()
            })
            .collect()
    }

    pub(crate) fn respond(&self, image: &Grid) -> Grid {
        separable(image, &self.filters(), self.pooling, self.boundary)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn filters_are_orthonormal() {
        for (name, taps) in WAVELETS {
            assert!(taps.len().is_multiple_of(2), "{name}");
            let sum: f64 = taps.iter().sum();
            assert!((sum - 2.0f64.sqrt()).abs() < 1e-7, "{name}: sum {sum}");
            for shift in (0..taps.len()).step_by(2) {
                let product: f64 = taps[shift..].iter().zip(taps).map(|(a, b)| a * b).sum();
                let expected = f64::from(u8::from(shift == 0));
                assert!(
                    (product - expected).abs() < 1e-7,
                    "{name}, shift {shift}: {product}"
                );
            }
        }
    }
}
