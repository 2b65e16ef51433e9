//! What a simulated patient really is.

use serde::{Deserialize, Serialize};
use std::fmt;

/// HER2 class of a breast cancer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Her2Class {
    /// IHC 0.
    Zero,
    /// IHC 1+, or 2+ without amplification.
    Low,
    /// IHC 3+, or 2+ with amplification.
    Positive,
}

impl Her2Class {
    /// All classes, in the order zero, low, positive.
    pub const ALL: [Self; 3] = [Self::Zero, Self::Low, Self::Positive];
}

impl fmt::Display for Her2Class {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zero => "zero",
            Self::Low => "low",
            Self::Positive => "positive",
        })
    }
}

/// Immunohistochemistry score, as a pathologist writes it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Ihc {
    /// 0
    #[serde(rename = "0")]
    Zero,
    /// 1+
    #[serde(rename = "1+")]
    One,
    /// 2+
    #[serde(rename = "2+")]
    Two,
    /// 3+
    #[serde(rename = "3+")]
    Three,
}

impl fmt::Display for Ihc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Zero => "0",
            Self::One => "1+",
            Self::Two => "2+",
            Self::Three => "3+",
        })
    }
}

/// In-situ hybridisation, done where IHC is 2+.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Ish {
    /// It was not done.
    #[serde(rename = "not done")]
    NotDone,
    /// HER2 is not amplified.
    #[serde(rename = "not amplified")]
    NotAmplified,
    /// HER2 is amplified.
    #[serde(rename = "amplified")]
    Amplified,
}

impl fmt::Display for Ish {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::NotDone => "not done",
            Self::NotAmplified => "not amplified",
            Self::Amplified => "amplified",
        })
    }
}

/// What was drawn for a patient.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Truth {
    /// HER2 class.
    pub her2: Her2Class,
    /// Immunohistochemistry.
    pub ihc: Ihc,
    /// In-situ hybridisation.
    pub ish: Ish,
    /// Age in years.
    pub age_years: u32,
    /// Diameter of the sphere of the lesion's volume before lobes and spicules are added, millimetres.
    pub lesion_diameter_mm: f64,
    /// Centre of the lesion in patient coordinates (LPS), millimetres.
    pub lesion_centre_mm: [f64; 3],
    /// Median transfer constant of the lesion's rim, per minute.
    pub ktrans_per_min: f64,
    /// Volume fraction of the extravascular extracellular space.
    pub ve: f64,
    /// Volume fraction of plasma.
    pub vp: f64,
    /// By which fraction the core takes up less than the rim: 0 is no rim.
    pub rim_fraction: f64,
    /// Standard deviation of the logarithm of Ktrans within the lesion.
    pub heterogeneity: f64,
    /// Length of the longest spicules as a fraction of the radius; 0 is a smooth margin.
    pub spiculation: f64,
    /// Radius of the necrotic centre as a fraction of the lesion's; 0 is none.
    pub necrosis_fraction: f64,
    /// T1 of the lesion before contrast, milliseconds.
    pub lesion_t1_ms: f64,
    /// Ktrans of the gland, per minute: background parenchymal enhancement.
    pub gland_ktrans_per_min: f64,
    /// Seconds from the pre-contrast phase to the arrival of the contrast agent.
    pub bolus_arrival_s: f64,
    /// Arterial concentration relative to the population's.
    pub arterial_scale: f64,
}

impl Truth {
    /// Names and values for a table, always the same names in the same order.
    pub fn columns(&self) -> Vec<(String, String)> {
        let number = |v: f64| format!("{v:.4}");
        let [x, y, z] = self.lesion_centre_mm;
        [
            ("her2", self.her2.to_string()),
            ("ihc", self.ihc.to_string()),
            ("ish", self.ish.to_string()),
            ("age_years", self.age_years.to_string()),
            ("lesion_diameter_mm", number(self.lesion_diameter_mm)),
            ("lesion_x_mm", number(x)),
            ("lesion_y_mm", number(y)),
            ("lesion_z_mm", number(z)),
            ("ktrans_per_min", number(self.ktrans_per_min)),
            ("ve", number(self.ve)),
            ("vp", number(self.vp)),
            ("rim_fraction", number(self.rim_fraction)),
            ("heterogeneity", number(self.heterogeneity)),
            ("spiculation", number(self.spiculation)),
            ("necrosis_fraction", number(self.necrosis_fraction)),
            ("lesion_t1_ms", number(self.lesion_t1_ms)),
            ("gland_ktrans_per_min", number(self.gland_ktrans_per_min)),
            ("bolus_arrival_s", number(self.bolus_arrival_s)),
            ("arterial_scale", number(self.arterial_scale)),
        ]
        .map(|(name, value)| (name.to_owned(), value))
        .to_vec()
    }
}
