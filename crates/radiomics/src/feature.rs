//! What a feature is: its tag, family, value, unit and remarks.

use serde::{Deserialize, Serialize};

/// The eleven families of the IBSI reference manual (Zwanenburg et al., arXiv 1612.07003, chapter 3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Family {
    /// Size and shape (HCUG).
    Morphology,
    /// Mean intensity about peaks (9ST6).
    LocalIntensity,
    /// Statistics of intensities (UHIW).
    Statistics,
    /// Statistics of grey levels (ZVCW).
    IntensityHistogram,
    /// Cumulative histogram (P88C).
    VolumeHistogram,
    /// Grey level co-occurrence matrix (LFYI).
    Cooccurrence,
    /// Grey level run length matrix (TP0I).
    RunLength,
    /// Grey level size zone matrix (9SAK).
    SizeZone,
    /// Grey level distance zone matrix (VMDZ).
    DistanceZone,
    /// Neighbourhood grey tone difference matrix (IPET).
    ToneDifference,
    /// Neighbouring grey level dependence matrix (REK0).
    Dependence,
}

impl Family {
    /// All of them, in the manual's order.
    pub const ALL: [Self; 11] = [
        Self::Morphology,
        Self::LocalIntensity,
        Self::Statistics,
        Self::IntensityHistogram,
        Self::VolumeHistogram,
        Self::Cooccurrence,
        Self::RunLength,
        Self::SizeZone,
        Self::DistanceZone,
        Self::ToneDifference,
        Self::Dependence,
    ];

    /// Its name as in the IBSI's tables of reference values, without the aggregation.
    pub fn name(self) -> &'static str {
        match self {
            Self::Morphology => "Morphology",
            Self::LocalIntensity => "Local intensity",
            Self::Statistics => "Statistics",
            Self::IntensityHistogram => "Intensity histogram",
            Self::VolumeHistogram => "Intensity volume histogram",
            Self::Cooccurrence => "Co-occurrence matrix",
            Self::RunLength => "Run length matrix",
            Self::SizeZone => "Size zone matrix",
            Self::DistanceZone => "Distance zone matrix",
            Self::ToneDifference => "Neighbourhood grey tone difference matrix",
            Self::Dependence => "Neighbouring grey level dependence matrix",
        }
    }

    /// Whether it is computed from the matrices of grey levels.
    pub fn is_texture(self) -> bool {
        self >= Self::Cooccurrence
    }
}

/// One feature of one region.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct FeatureValue {
    /// The IBSI's tag, e.g. `cm_joint_max_3D_avg`.
    pub tag: String,
    /// Family with its aggregation, e.g. `Co-occurrence matrix (3D, averaged)`.
    pub family: String,
    /// The IBSI's name.
    pub name: String,
    /// The value; NaN when the feature is not defined for this region, and then `flags` says why.
    pub value: f64,
    /// Unit: `mm`, `mm2`, `mm3`, `1/mm`, `intensity`, `intensity2`, `grey level`, `grey level2`, `bit`, `1`.
    pub unit: String,
    /// Why there is no value, or what the reader should know of it; else empty.
    pub flags: String,
}

/// A feature before its place is known.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Entry {
    /// Tag without the aggregation.
    pub(crate) tag: &'static str,
    pub(crate) name: &'static str,
    pub(crate) unit: &'static str,
    pub(crate) value: f64,
    pub(crate) flag: &'static str,
}

/// A feature with its tag, name and unit.
pub(crate) const fn entry(
    tag: &'static str,
    name: &'static str,
    unit: &'static str,
    value: f64,
) -> Entry {
    Entry {
        tag,
        name,
        unit,
        value,
        flag: "",
    }
}

impl Entry {
    /// Says what the reader should know, when the condition holds.
    pub(crate) fn flagged(mut self, when: bool, flag: &'static str) -> Self {
        if when {
            self.flag = flag;
        }
        self
    }

    /// The feature of a family without aggregation.
    pub(crate) fn of(self, family: Family) -> FeatureValue {
        self.placed(family, "", "")
    }

    /// The feature of a family with aggregation: the end of its tag, and the words behind the family's name.
    pub(crate) fn placed(self, family: Family, suffix: &str, words: &str) -> FeatureValue {
        let name = family.name();
        let missing = self.value.is_nan() && self.flag.is_empty();
        FeatureValue {
            tag: if suffix.is_empty() {
                self.tag.to_owned()
            } else {
                format!("{}_{suffix}", self.tag)
            },
            family: if words.is_empty() {
                name.to_owned()
            } else {
                format!("{name} ({words})")
            },
            name: self.name.to_owned(),
            value: self.value,
            unit: self.unit.to_owned(),
            flags: if missing {
                "not defined for this region".to_owned()
            } else {
                self.flag.to_owned()
            },
        }
    }
}
