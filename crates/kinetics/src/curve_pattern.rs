//! Curves told apart by how they rise, what they do late, and whether they do so steadily: 19 patterns.

use crate::quantity_map::curve_map;
use crate::{CurveType, KineticsError, Quantity};
use serde::{Deserialize, Serialize};
use triher_volume::{DynamicSeries, Image};

/// Initial rise of a curve: percent enhancement of the first phase after contrast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum WashIn {
    /// Below [`CurvePatternRule::medium_percent`].
    Slow,
    /// From it to below [`CurvePatternRule::fast_percent`].
    Medium,
    /// From that on.
    Fast,
}

/// One of 19 patterns of a curve: none, or one of three wash-ins with one of three late courses, each steady or not.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum CurvePattern {
    /// No phase reaches [`CurvePatternRule::enhancement_percent`].
    NotEnhancing,
    /// A curve that enhances.
    Enhancing {
        /// How it rises.
        wash_in: WashIn,
        /// What it does between the first and the last phase after contrast.
        late: CurveType,
        /// Whether the phases in between stay within what lies between these two.
        steady: bool,
    },
}

impl CurvePattern {
    /// All patterns in the order of their numbers: not enhancing, then slow to fast; of each persistent, plateau, wash-out; of each steady, then not.
    pub fn all() -> Vec<Self> {
        let mut all = vec![Self::NotEnhancing];
        for wash_in in [WashIn::Slow, WashIn::Medium, WashIn::Fast] {
            for late in [
                CurveType::Persistent,
                CurveType::Plateau,
                CurveType::WashOut,
            ] {
                for steady in [true, false] {
                    all.push(Self::Enhancing {
                        wash_in,
                        late,
                        steady,
                    });
                }
            }
        }
        all
    }

    /// Its number in [`CurvePattern::all`], from 0 to 18.
    pub fn number(self) -> usize {
        match self {
            Self::NotEnhancing => 0,
            Self::Enhancing {
                wash_in,
                late,
                steady,
            } => 1 + 6 * (wash_in as usize) + 2 * (late as usize) + usize::from(!steady),
        }
    }

    /// Its name in features, such as `fast_washout_steady`.
    pub fn name(self) -> String {
        match self {
            Self::NotEnhancing => "not_enhancing".to_owned(),
            Self::Enhancing {
                wash_in,
                late,
                steady,
            } => {
                let wash_in = match wash_in {
                    WashIn::Slow => "slow",
                    WashIn::Medium => "medium",
                    WashIn::Fast => "fast",
                };
                let late = match late {
                    CurveType::Persistent => "persistent",
                    CurveType::Plateau => "plateau",
                    CurveType::WashOut => "washout",
                };
                let steady = if steady { "steady" } else { "unsteady" };
                format!("{wash_in}_{late}_{steady}")
            }
        }
    }
}

/// Thresholds of the 19 patterns, all in percent.
///
/// Studies that count 19 types of time-intensity curves cross wash-in, wash-out and stability, but publish no thresholds that we know of. The
/// division here, `3 x 3 x 2 + 1`, and **every threshold are triher's own choice**, not a published standard: slow, medium and fast are cut at 50 % and
/// 100 %, which workstations use, and the others at the 10 % that is usual for a plateau. Numbers of other studies are not to be compared
/// with these unless theirs are given.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct CurvePatternRule {
    /// Percent enhancement that a curve's peak has to reach (10).
    pub enhancement_percent: f64,
    /// Percent enhancement of the first phase from which on wash-in is medium (50).
    pub medium_percent: f64,
    /// The same from which on it is fast (100).
    pub fast_percent: f64,
    /// Change from the first to the last phase after contrast, in percent of the first, within which a curve is a plateau (10).
    pub plateau_percent: f64,
    /// How far a phase between the first and the last after contrast may lie above or below both, in percent of the first, for a steady curve (10).
    pub steady_percent: f64,
}

impl Default for CurvePatternRule {
    fn default() -> Self {
        Self {
            enhancement_percent: 10.0,
            medium_percent: 50.0,
            fast_percent: 100.0,
            plateau_percent: 10.0,
            steady_percent: 10.0,
        }
    }
}

impl CurvePatternRule {
    /// Checks the thresholds.
    ///
    /// # Errors
    /// [`KineticsError::BadOption`] when one is not finite, tolerances are negative, or fast is not above medium.
    pub fn check(&self) -> Result<(), KineticsError> {
        let bad = |option, value: f64, allowed| {
            Err(KineticsError::BadOption {
                option,
                value: value.to_string(),
                allowed,
            })
        };
        for (option, value) in [
            ("enhancement_percent", self.enhancement_percent),
            ("medium_percent", self.medium_percent),
            ("fast_percent", self.fast_percent),
        ] {
            if !value.is_finite() {
                return bad(option, value, "a finite number of percent");
            }
        }
        for (option, value) in [
            ("plateau_percent", self.plateau_percent),
            ("steady_percent", self.steady_percent),
        ] {
            if !(value.is_finite() && value >= 0.0) {
                return bad(option, value, "a number of percent that is not negative");
            }
        }
        if self.fast_percent <= self.medium_percent {
            return bad(
                "fast_percent",
                self.fast_percent,
                "more than medium_percent",
            );
        }
        Ok(())
    }

    /// The pattern of a curve of intensities, pre-contrast phase first.
    ///
    /// `None` with fewer than two phases after contrast, intensity before contrast that is not positive, or a value that is not finite; and where a
    /// curve that enhances has no positive intensity in its first phase after contrast. With two phases after contrast there is none in
    /// between, and every curve is steady.
    pub fn of(&self, curve: &[f64]) -> Option<CurvePattern> {
        let [_, first, between @ .., last] = curve else {
            return None;
        };
        let peak = Quantity::PercentEnhancementPeak.of(curve, None)?;
        let early = Quantity::PercentEnhancementEarly.of(curve, None)?;
        if peak < self.enhancement_percent {
            return Some(CurvePattern::NotEnhancing);
        }
        let late = crate::curve_type(curve, self.plateau_percent)?;
        let tolerance = self.steady_percent / 100.0 * first;
        let (low, high) = (first.min(*last) - tolerance, first.max(*last) + tolerance);
        Some(CurvePattern::Enhancing {
            wash_in: if early >= self.fast_percent {
                WashIn::Fast
            } else if early >= self.medium_percent {
                WashIn::Medium
            } else {
                WashIn::Slow
            },
            late,
            steady: between.iter().all(|v| (low..=high).contains(v)),
        })
    }
}

/// The number of each voxel's pattern ([`CurvePattern::number`]); not a number where there is none or `S(0)` is below `background`.
///
/// # Errors
/// [`KineticsError::BadOption`] when the rule makes no sense or the series has one phase after contrast.
pub fn curve_pattern_map(
    series: &DynamicSeries,
    rule: &CurvePatternRule,
    background: f32,
) -> Result<Image, KineticsError> {
    rule.check()?;
    if series.post().len() < 2 {
        return Err(KineticsError::BadOption {
            option: "the number of phases after contrast",
            value: "1".to_owned(),
            allowed: "an early and a late phase",
        });
    }
    let step = "number of the curve's pattern, 0 to 18";
    curve_map(series, background, step, |curve| {
        rule.of(curve).map(|p| p.number() as f32)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn nineteen_patterns_have_their_numbers_and_names() {
        let all = CurvePattern::all();
        assert_eq!(all.len(), 19);
        let names: std::collections::BTreeSet<String> = all.iter().map(|p| p.name()).collect();
        assert_eq!(names.len(), 19);
        for (number, pattern) in all.iter().enumerate() {
            assert_eq!(pattern.number(), number);
        }
    }

    #[test]
    fn curves_by_hand() {
        let of = |curve: &[f64]| CurvePatternRule::default().of(curve).map(|p| p.name());
        let is = |curve: &[f64], name: &str| assert_eq!(of(curve).as_deref(), Some(name));
        is(&[100.0, 105.0, 109.0, 104.0], "not_enhancing");
        is(&[100.0, 120.0, 150.0, 180.0], "slow_persistent_steady");
        is(&[100.0, 150.0, 152.0, 149.0], "medium_plateau_steady");
        is(&[100.0, 200.0, 190.0, 150.0], "fast_washout_steady");
        // The phase between rises far above both.
        is(&[100.0, 200.0, 260.0, 150.0], "fast_washout_unsteady");
        is(&[100.0, 200.0, 140.0, 205.0], "fast_plateau_unsteady");
        is(&[100.0, 200.0, 170.0], "fast_washout_steady");
        assert_eq!(of(&[100.0, 200.0]), None);
        assert_eq!(of(&[0.0, 200.0, 170.0]), None);
        assert_eq!(of(&[100.0, f64::NAN, 170.0]), None);
        assert_eq!(of(&[]), None);
    }

    #[test]
    fn thresholds_are_included() {
        let of = |curve: &[f64]| CurvePatternRule::default().of(curve).unwrap().name();
        assert_eq!(of(&[100.0, 110.0, 110.0]), "slow_plateau_steady");
        assert_eq!(of(&[100.0, 150.0, 150.0]), "medium_plateau_steady");
        assert_eq!(of(&[100.0, 200.0, 220.0, 180.0]), "fast_plateau_steady");
    }

    #[test]
    fn rules_that_make_no_sense_are_refused() {
        let rule = CurvePatternRule::default();
        for bad in [
            CurvePatternRule {
                fast_percent: 50.0,
                ..rule
            },
            CurvePatternRule {
                steady_percent: -1.0,
                ..rule
            },
            CurvePatternRule {
                enhancement_percent: f64::NAN,
                ..rule
            },
        ] {
            let error = bad.check().unwrap_err();
            assert!(matches!(error, KineticsError::BadOption { .. }), "{error}");
        }
    }

    proptest! {
        #[test]
        fn any_doubles_never_panic(curve in prop::collection::vec(any::<f64>(), 0..7)) {
            if let Some(pattern) = CurvePatternRule::default().of(&curve) {
                prop_assert!(pattern.number() < 19);
            }
        }
    }
}
