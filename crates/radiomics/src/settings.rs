//! How a region is processed before it is measured.

use crate::RadiomicsError;
use crate::feature::Family;
use crate::responses::{self, ResponseSettings};
use serde::{Deserialize, Serialize};
use triher_filter::Filter;
use triher_volume::Interpolation;

/// Everything that decides the values of the features, as the image processing scheme of the IBSI orders it: normalisation, resampling,
/// resegmentation, discretisation, aggregation.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Settings {
    /// Done to the whole image before anything else.
    pub normalisation: Normalisation,
    /// A new grid, or the image's own.
    pub resampling: Option<Resampling>,
    /// Which voxels of the region count for intensities; shape is that of the whole region.
    pub resegmentation: Resegmentation,
    /// Grey levels of the intensity histogram and of the texture matrices.
    pub discretisation: Discretisation,
    /// Grey levels of the intensity-volume histogram.
    pub volume_histogram: Discretisation,
    /// How texture matrices of slices and directions are brought together.
    pub aggregation: Vec<Aggregation>,
    /// Which families are computed.
    pub families: Vec<Family>,
    /// Filters whose response maps are measured too.
    pub filters: Vec<Filter>,
    /// What is measured of them.
    pub responses: ResponseSettings,
}

impl Default for Settings {
    /// The profile `ibsi` for MR: intensities as they are, no resampling, 32 bins, in three dimensions.
    fn default() -> Self {
        Self {
            normalisation: Normalisation::None,
            resampling: None,
            resegmentation: Resegmentation::default(),
            discretisation: Discretisation::BinNumber { bins: 32 },
            volume_histogram: Discretisation::BinNumber { bins: 1000 },
            aggregation: vec![Aggregation::ThreeAveraged, Aggregation::ThreeMerged],
            families: Family::ALL.to_vec(),
            filters: Vec::new(),
            responses: ResponseSettings::default(),
        }
    }
}

/// What is done to the intensities of the whole image. MR intensities have no unit, so features of intensity compare between
/// scans only after one; texture after a fixed number of bins does not depend on it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", deny_unknown_fields, rename_all = "kebab-case")]
pub enum Normalisation {
    /// Nothing.
    #[default]
    None,
    /// `scale (x - mean) / standard deviation` of all finite voxels of the image.
    ZScore {
        /// Standard deviation afterwards.
        scale: f64,
    },
}

/// A new grid: aligned with the old one by its centre, as many voxels along each axis as cover the old extent.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Resampling {
    /// Spacing along the three voxel axes; 0 keeps that axis as it is (slices of a 2-D analysis).
    pub spacing_mm: [f64; 3],
    /// How intensities are interpolated.
    pub interpolation: Interpolation,
    /// How the mask is interpolated.
    #[serde(default = "linear")]
    pub mask_interpolation: Interpolation,
    /// Share of the region from which on an interpolated voxel belongs to the mask.
    #[serde(default = "half")]
    pub mask_threshold: f64,
    /// Round intensities to integers afterwards: for CT numbers, whose unit is whole.
    #[serde(default)]
    pub round: bool,
}

fn linear() -> Interpolation {
    Interpolation::Linear
}

fn half() -> f64 {
    0.5
}

/// Which voxels of the region count for intensities. Range and outliers are both judged on the whole region, and a voxel has to pass both.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields, rename_all = "kebab-case")]
pub struct Resegmentation {
    /// Intensities from the first to the second, both included.
    pub range: Option<[f64; 2]>,
    /// Intensities up to so many standard deviations from the region's mean.
    pub outlier_sigma: Option<f64>,
}

/// How intensities become grey levels 1, 2, 3 ...
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", deny_unknown_fields, rename_all = "kebab-case")]
pub enum Discretisation {
    /// Intensities are grey levels already: integers.
    None,
    /// So many bins from the smallest to the largest intensity of the region (IBSI: fixed bin number, K15C).
    BinNumber {
        /// Number of bins.
        bins: u32,
    },
    /// Bins of a fixed width from the range's lower end, or from the smallest intensity when there is no range (IBSI: fixed bin size, Q3RU).
    BinWidth {
        /// Width of a bin in the image's unit.
        width: f64,
    },
}

/// How the texture matrices of slices and directions are brought together (IBSI reference manual, section 3.6).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Aggregation {
    /// Features of each direction in each slice, averaged (2D_avg).
    #[serde(rename = "2D-averaged")]
    TwoAveraged,
    /// Directions merged within a slice, features averaged over slices (2D_comb; 2D for matrices without directions).
    #[serde(rename = "2D-merged")]
    TwoMerged,
    /// Slices merged for each direction, features averaged over directions (2.5D_avg).
    #[serde(rename = "2.5D-averaged")]
    TwoHalfAveraged,
    /// Slices and directions merged (2.5D_comb; 2.5D for matrices without directions).
    #[serde(rename = "2.5D-merged")]
    TwoHalfMerged,
    /// Features of each direction in space, averaged (3D_avg).
    #[serde(rename = "3D-averaged")]
    ThreeAveraged,
    /// Directions in space merged (3D_comb; 3D for matrices without directions).
    #[serde(rename = "3D-merged")]
    ThreeMerged,
}

impl Aggregation {
    /// All of them.
    pub const ALL: [Self; 6] = [
        Self::TwoAveraged,
        Self::TwoMerged,
        Self::TwoHalfAveraged,
        Self::TwoHalfMerged,
        Self::ThreeAveraged,
        Self::ThreeMerged,
    ];

    /// Whether neighbours in other slices count.
    pub(crate) fn in_space(self) -> bool {
        matches!(self, Self::ThreeAveraged | Self::ThreeMerged)
    }

    /// Whether each slice gives features of its own.
    pub(crate) fn by_slice(self) -> bool {
        matches!(self, Self::TwoAveraged | Self::TwoMerged)
    }

    /// End of the tag of features of matrices with directions.
    pub(crate) fn suffix(self) -> &'static str {
        match self {
            Self::TwoAveraged => "2D_avg",
            Self::TwoMerged => "2D_comb",
            Self::TwoHalfAveraged => "2_5D_avg",
            Self::TwoHalfMerged => "2_5D_comb",
            Self::ThreeAveraged => "3D_avg",
            Self::ThreeMerged => "3D_comb",
        }
    }

    /// End of the tag of features of matrices without directions.
    pub(crate) fn plain_suffix(self) -> &'static str {
        match self {
            Self::TwoAveraged | Self::TwoMerged => "2D",
            Self::TwoHalfAveraged | Self::TwoHalfMerged => "2_5D",
            Self::ThreeAveraged | Self::ThreeMerged => "3D",
        }
    }

    /// What stands in brackets behind the family's name.
    pub(crate) fn words(self) -> &'static str {
        match self {
            Self::TwoAveraged => "2D, averaged",
            Self::TwoMerged => "2D, slice-merged",
            Self::TwoHalfAveraged => "2.5D, direction-merged",
            Self::TwoHalfMerged => "2.5D, merged",
            Self::ThreeAveraged => "3D, averaged",
            Self::ThreeMerged => "3D, merged",
        }
    }

    /// The same for matrices without directions.
    pub(crate) fn plain_words(self) -> &'static str {
        match self {
            Self::TwoAveraged | Self::TwoMerged => "2D",
            Self::TwoHalfAveraged | Self::TwoHalfMerged => "2.5D",
            Self::ThreeAveraged | Self::ThreeMerged => "3D",
        }
    }
}

/// The configurations in which the IBSI states reference values of its CT phantom (IBSI reference manual, section 5.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Configuration {
    /// By slice, no interpolation, bins of 25 from -500.
    A,
    /// By slice, 2 mm in plane (linear), 32 bins.
    B,
    /// In space, 2 mm (linear), bins of 25 from -1000.
    C,
    /// In space, 2 mm (linear), 32 bins, outliers beyond 3 standard deviations left out.
    D,
    /// In space, 2 mm (cubic spline), 32 bins, range and outliers.
    E,
}

impl Configuration {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::A, Self::B, Self::C, Self::D, Self::E];

    /// Its settings.
    pub fn settings(self) -> Settings {
        use Aggregation as A;
        let two = vec![
            A::TwoAveraged,
            A::TwoMerged,
            A::TwoHalfAveraged,
            A::TwoHalfMerged,
        ];
        let three = vec![A::ThreeAveraged, A::ThreeMerged];
        let grid = |spacing_mm, interpolation| {
            Some(Resampling {
                spacing_mm,
                interpolation,
                mask_interpolation: Interpolation::Linear,
                mask_threshold: 0.5,
                round: true,
            })
        };
        let (linear, cubic) = (Interpolation::Linear, Interpolation::CubicBSpline);
        let part = |low, outlier_sigma| Resegmentation {
            range: low,
            outlier_sigma,
        };
        let bins = Discretisation::BinNumber { bins: 32 };
        let width = Discretisation::BinWidth { width: 25.0 };
        let (resampling, resegmentation, discretisation, volume_histogram, aggregation) = match self
        {
            Self::A => (
                None,
                part(Some([-500.0, 400.0]), None),
                width,
                Discretisation::None,
                two,
            ),
            Self::B => (
                grid([2.0, 2.0, 0.0], linear),
                part(Some([-500.0, 400.0]), None),
                bins,
                Discretisation::None,
                two,
            ),
            Self::C => (
                grid([2.0; 3], linear),
                part(Some([-1000.0, 400.0]), None),
                width,
                Discretisation::BinWidth { width: 2.5 },
                three,
            ),
            Self::D => (
                grid([2.0; 3], linear),
                part(None, Some(3.0)),
                bins,
                Discretisation::None,
                three,
            ),
            Self::E => (
                grid([2.0; 3], cubic),
                part(Some([-1000.0, 400.0]), Some(3.0)),
                bins,
                Discretisation::BinNumber { bins: 1000 },
                three,
            ),
        };
        Settings {
            normalisation: Normalisation::None,
            resampling,
            resegmentation,
            discretisation,
            volume_histogram,
            aggregation,
            ..Settings::default()
        }
    }

    /// Settings of the digital phantom: grey levels as they are, all aggregations.
    pub fn digital_phantom() -> Settings {
        Settings {
            discretisation: Discretisation::None,
            volume_histogram: Discretisation::None,
            aggregation: Aggregation::ALL.to_vec(),
            ..Settings::default()
        }
    }
}

impl Settings {
    /// Checks what serde cannot.
    ///
    /// # Errors
    /// [`RadiomicsError::BadSetting`] names the setting and what it may be.
    pub fn check(&self) -> Result<(), RadiomicsError> {
        let bad = |setting, value: String, allowed| {
            Err(RadiomicsError::BadSetting {
                setting,
                value,
                allowed,
            })
        };
        if let Some(r) = &self.resampling {
            if r.spacing_mm.iter().any(|s| !s.is_finite() || *s < 0.0) {
                return bad(
                    "resampling.spacing-mm",
                    format!("{:?}", r.spacing_mm),
                    "positive millimetres, or 0 to keep an axis",
                );
            }
            if !(r.mask_threshold > 0.0 && r.mask_threshold <= 1.0) {
                return bad(
                    "resampling.mask-threshold",
                    r.mask_threshold.to_string(),
                    "a share above 0, up to 1",
                );
            }
        }
        if let Some([low, high]) = self.resegmentation.range
            && (low.is_nan() || high.is_nan() || low > high)
        {
            return bad(
                "resegmentation.range",
                format!("[{low}, {high}]"),
                "the smaller intensity first",
            );
        }
        if let Some(sigma) = self.resegmentation.outlier_sigma
            && (sigma.is_nan() || sigma <= 0.0)
        {
            return bad(
                "resegmentation.outlier-sigma",
                sigma.to_string(),
                "a positive number",
            );
        }
        if let Normalisation::ZScore { scale } = self.normalisation
            && !(scale.is_finite() && scale > 0.0)
        {
            return bad(
                "normalisation.scale",
                scale.to_string(),
                "a positive number",
            );
        }
        for (setting, discretisation) in [
            ("discretisation", self.discretisation),
            ("volume-histogram", self.volume_histogram),
            ("responses.discretisation", self.responses.discretisation),
        ] {
            match discretisation {
                Discretisation::BinNumber { bins } if !(1..=65_535).contains(&bins) => {
                    return bad(setting, format!("{bins} bins"), "from 1 to 65535 bins");
                }
                Discretisation::BinWidth { width } if !(width.is_finite() && width > 0.0) => {
                    return bad(setting, format!("a width of {width}"), "a positive width");
                }
                _ => {}
            }
        }
        responses::check(&self.filters)
    }
}
