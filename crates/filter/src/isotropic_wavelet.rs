//! Non-separable wavelets: the same in all directions.

use crate::boundary::Boundary;
use crate::error::FilterError;
use crate::filter::{axes_of, order_word};
use crate::fourier::transferred;
use crate::grid::Grid;
use crate::riesz::Riesz;
use crate::wavelet::MOST_LEVELS;
use serde::{Deserialize, Serialize};
use std::f64::consts::FRAC_PI_2;

/// The band of frequencies of an isotropic wavelet; `u` is the frequency over the highest of its level.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Band {
    /// `cos(pi/2 log2(2 u))` for `u` from 1/4 to 1 (Portilla and Simoncelli 2000; IBSI: PRT7).
    #[default]
    Simoncelli,
    /// 1 for `u` from 1/2 to 1 (IBSI: Shannon).
    Shannon,
}

/// Non-separable wavelets (IBSI: LODD, section 3.6): bands of frequencies of all directions alike.
///
/// Made in the domain of frequencies, so the image repeats itself beyond its border and the response depends on the whole image.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct IsotropicWavelet {
    /// Which wavelet.
    #[serde(default)]
    pub family: Band,
    /// Level of the decomposition, from 1 (the highest frequencies).
    pub level: usize,
    /// In each slice by itself.
    #[serde(default)]
    pub by_slice: bool,
    /// A Riesz transform of the response: how often along each axis. With it the image is mirrored at its border.
    #[serde(default)]
    pub riesz: Option<[u8; 3]>,
}

impl IsotropicWavelet {
    pub(crate) fn check(&self) -> Result<(), FilterError> {
        if !(1..=MOST_LEVELS).contains(&self.level) {
            return Err(FilterError::BadSetting {
                kind: "isotropic-wavelet",
                setting: "level",
                value: self.level.to_string(),
                allowed: "a level from 1 to 8",
            });
        }
        Riesz::check("isotropic-wavelet", self.riesz, self.by_slice)
    }

    pub(crate) fn name(&self) -> String {
        let family = match self.family {
            Band::Simoncelli => "simoncelli",
            Band::Shannon => "shannon",
        };
        format!(
            "{}wavelet_{family}_level{}",
            order_word(self.riesz),
            self.level
        )
    }

    pub(crate) fn respond(&self, image: &Grid) -> Grid {
        let axes = axes_of(self.by_slice);
        match self.riesz {
            None => self.band_pass(image, axes),
            Some(order) => Riesz { order }
                .transform_padded(image, axes, Boundary::Mirror, |g| self.band_pass(g, axes)),
        }
    }

    fn band_pass(&self, image: &Grid, axes: usize) -> Grid {
        let highest = 0.5f64.powi(self.level as i32 - 1);
        transferred(image, axes, |frequency| {
            let length = frequency.iter().map(|w| w * w).sum::<f64>().sqrt();
            self.gain(length / highest).into()
        })
    }

    fn gain(&self, u: f64) -> f64 {
        match self.family {
            Band::Simoncelli if (0.25..=1.0).contains(&u) => (FRAC_PI_2 * (2.0 * u).log2()).cos(),
            Band::Shannon if (0.5..=1.0).contains(&u) => 1.0,
            _ => 0.0,
        }
    }
}
