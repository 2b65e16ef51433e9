//! Quantities of one enhancement curve.

/// What is measured on the enhancement curve of a voxel, or on the mean curve of a lesion.
///
/// `S(0)` is the intensity before contrast, `S(1)` in the first phase after it, `S(L)` in the last, `S(P)` in the phase after contrast that
/// has the highest (the earliest of equals); `t` are seconds after the pre-contrast phase. Papers use these names in several senses; the
/// formula is what counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Quantity {
    /// `100 (S(1) - S(0)) / S(0)`: initial enhancement.
    PercentEnhancementEarly,
    /// `100 (S(P) - S(0)) / S(0)`.
    PercentEnhancementPeak,
    /// `100 (S(L) - S(0)) / S(0)`.
    PercentEnhancementLast,
    /// Percent enhancement of the first phase over its time: `100 (S(1) - S(0)) / (S(0) t(1))`.
    InitialSlope,
    /// Wash-in to the peak: `100 (S(P) - S(0)) / (S(0) t(P))`.
    WashInRate,
    /// Wash-in to the peak without times: `100 (S(P) - S(0)) / (S(0) P)`.
    WashInPerPhase,
    /// Wash-out after the peak: `100 (S(P) - S(L)) / S(P)`.
    WashOut,
    /// The share of the peak's enhancement that is lost: `(S(P) - S(L)) / (S(P) - S(0))`; only where the peak enhances.
    WashOutRatio,
    /// `100 (S(L) - S(1)) / S(1)`: what curve types are told by.
    LateChange,
    /// Signal enhancement ratio `(S(1) - S(0)) / (S(L) - S(0))`, at most [`Quantity::MAX_SER`]; only where both enhance.
    SignalEnhancementRatio,
    /// `t(P)`.
    TimeToPeak,
    /// `P / L`: the place of the peak among the phases, from 1/L to 1.
    PeakPhaseFraction,
    /// Area under the percent enhancement, trapezoids over the times up to the last phase.
    AreaUnderCurve,
    /// Area under the percent enhancement, trapezoids over the phases, divided by their number: a mean enhancement.
    AreaPerPhase,
}

/// What a quantity cannot be had without.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Needs {
    Nothing,
    Times,
    TwoPost,
}

impl Quantity {
    /// All quantities in the order of the features.
    pub const ALL: [Self; 14] = [
        Self::PercentEnhancementEarly,
        Self::PercentEnhancementPeak,
        Self::PercentEnhancementLast,
        Self::InitialSlope,
        Self::WashInRate,
        Self::WashInPerPhase,
        Self::WashOut,
        Self::WashOutRatio,
        Self::LateChange,
        Self::SignalEnhancementRatio,
        Self::TimeToPeak,
        Self::PeakPhaseFraction,
        Self::AreaUnderCurve,
        Self::AreaPerPhase,
    ];

    /// The largest signal enhancement ratio: where the late enhancement is small the ratio is noise.
    pub const MAX_SER: f64 = 3.0;

    /// Short name, as in the names of features.
    pub fn name(self) -> &'static str {
        self.description().0
    }

    /// Unit; empty for plain numbers.
    pub fn unit(self) -> &'static str {
        self.description().1
    }

    /// The formula in words.
    pub fn definition(self) -> &'static str {
        self.description().2
    }

    fn description(self) -> (&'static str, &'static str, &'static str, Needs) {
        use Needs::{Nothing, Times, TwoPost};
        match self {
            Self::PercentEnhancementEarly => (
                "pe_early",
                "%",
                "percent enhancement 100 (S1 - S0) / S0 of the first phase after contrast",
                Nothing,
            ),
            Self::PercentEnhancementPeak => (
                "pe_peak",
                "%",
                "percent enhancement of the phase with the highest intensity",
                Nothing,
            ),
            Self::PercentEnhancementLast => (
                "pe_last",
                "%",
                "percent enhancement of the last phase",
                Nothing,
            ),
            Self::InitialSlope => (
                "initial_slope",
                "%/s",
                "percent enhancement of the first phase after contrast over its time after the pre-contrast phase",
                Times,
            ),
            Self::WashInRate => (
                "wash_in_rate",
                "%/s",
                "percent enhancement of the peak over the time to peak",
                Times,
            ),
            Self::WashInPerPhase => (
                "wash_in_per_phase",
                "%/phase",
                "percent enhancement of the peak over the number of its phase",
                Nothing,
            ),
            Self::WashOut => (
                "wash_out",
                "%",
                "loss of intensity from the peak to the last phase, in percent of the peak",
                TwoPost,
            ),
            Self::WashOutRatio => (
                "wash_out_ratio",
                "",
                "loss of intensity from the peak to the last phase as a share of the peak's enhancement",
                TwoPost,
            ),
            Self::LateChange => (
                "late_change",
                "%",
                "change of intensity from the first to the last phase after contrast, in percent of the first",
                TwoPost,
            ),
            Self::SignalEnhancementRatio => (
                "ser",
                "",
                "signal enhancement ratio (S1 - S0) / (SL - S0), at most 3, where both phases enhance",
                TwoPost,
            ),
            Self::TimeToPeak => (
                "time_to_peak",
                "s",
                "time of the highest intensity after the pre-contrast phase",
                Times,
            ),
            Self::PeakPhaseFraction => (
                "peak_phase_fraction",
                "",
                "number of the phase with the highest intensity over that of the last phase",
                Nothing,
            ),
            Self::AreaUnderCurve => (
                "auc",
                "% s",
                "area under the percent enhancement over time, up to the last phase",
                Times,
            ),
            Self::AreaPerPhase => (
                "auc_per_phase",
                "%",
                "area under the percent enhancement over phases, divided by the number of the last phase",
                Nothing,
            ),
        }
    }

    /// Why the quantity cannot be had from any curve of such a series; `None` when it can.
    pub(crate) fn missing(self, phases: usize, has_times: bool) -> Option<&'static str> {
        match self.description().3 {
            Needs::Times if !has_times => Some("the phases have no times"),
            Needs::TwoPost if phases < 3 => Some("there is only one phase after contrast"),
            _ => None,
        }
    }

    /// The quantity of a curve of intensities (pre-contrast phase first) at times in seconds after that phase.
    ///
    /// `None` when it is not defined: fewer than two phases, intensity before contrast not positive, a value that is not finite,
    /// no times (as many as phases) where the quantity needs them, one phase after contrast where it needs two, or no enhancement
    /// where it is a ratio of enhancements.
    pub fn of(self, curve: &[f64], times_s: Option<&[f64]>) -> Option<f64> {
        let (s0, post) = curve.split_first()?;
        let (&first, &last) = (post.first()?, post.last()?);
        let s0 = *s0;
        let times_s = times_s.filter(|t| t.len() == curve.len());
        let all_finite = curve.iter().all(|v| v.is_finite());
        if !all_finite || s0 <= 0.0 || self.missing(curve.len(), times_s.is_some()).is_some() {
            return None;
        }
        // The earliest of the highest.
        let (before, highest) =
            (post.iter().enumerate()).fold(
                (0, first),
                |best, (at, &v)| if v > best.1 { (at, v) } else { best },
            );
        let peak = before + 1;
        let last_phase = post.len() as f64;
        let percent = |s: f64| 100.0 * (s - s0) / s0;
        let time = |phase: usize| Some(times_s?.get(phase)? - times_s?.first()?);
        let value = match self {
            Self::PercentEnhancementEarly => percent(first),
            Self::PercentEnhancementPeak => percent(highest),
            Self::PercentEnhancementLast => percent(last),
            Self::InitialSlope => percent(first) / time(1)?,
            Self::WashInRate => percent(highest) / time(peak)?,
            Self::WashInPerPhase => percent(highest) / peak as f64,
            Self::WashOut => (highest > 0.0).then(|| 100.0 * (highest - last) / highest)?,
            Self::WashOutRatio => (highest > s0).then(|| (highest - last) / (highest - s0))?,
            Self::LateChange => (first > 0.0).then(|| 100.0 * (last - first) / first)?,
            Self::SignalEnhancementRatio => {
                let both = first > s0 && last > s0;
                both.then(|| ((first - s0) / (last - s0)).min(Self::MAX_SER))?
            }
            Self::TimeToPeak => time(peak)?,
            Self::PeakPhaseFraction => peak as f64 / last_phase,
            Self::AreaUnderCurve => {
                let times = times_s?;
                let pairs = curve.windows(2).zip(times.windows(2));
                pairs
                    .map(|(s, t)| 0.5 * (percent(s[0]) + percent(s[1])) * (t[1] - t[0]))
                    .sum()
            }
            Self::AreaPerPhase => {
                let pairs = curve.windows(2);
                let area: f64 = pairs.map(|s| 0.5 * (percent(s[0]) + percent(s[1]))).sum();
                area / last_phase
            }
        };
        value.is_finite().then_some(value)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_curve_by_hand() {
        let curve = [100.0, 200.0, 300.0, 250.0];
        let times = [0.0, 60.0, 120.0, 180.0];
        let of = |q: Quantity| q.of(&curve, Some(&times)).unwrap();
        assert_eq!(of(Quantity::PercentEnhancementEarly), 100.0);
        assert_eq!(of(Quantity::PercentEnhancementPeak), 200.0);
        assert_eq!(of(Quantity::PercentEnhancementLast), 150.0);
        assert_eq!(of(Quantity::InitialSlope), 100.0 / 60.0);
        assert_eq!(of(Quantity::WashInRate), 200.0 / 120.0);
        assert_eq!(of(Quantity::WashInPerPhase), 100.0);
        assert_eq!(of(Quantity::WashOut), 100.0 * 50.0 / 300.0);
        assert_eq!(of(Quantity::WashOutRatio), 0.25);
        assert_eq!(of(Quantity::LateChange), 25.0);
        assert_eq!(of(Quantity::SignalEnhancementRatio), 100.0 / 150.0);
        assert_eq!(of(Quantity::TimeToPeak), 120.0);
        assert_eq!(of(Quantity::PeakPhaseFraction), 2.0 / 3.0);
        assert_eq!(of(Quantity::AreaUnderCurve), 60.0 * (50.0 + 150.0 + 175.0));
        assert_eq!(of(Quantity::AreaPerPhase), 125.0);
    }

    #[test]
    fn what_is_missing_is_said() {
        let curve = [100.0, 200.0];
        assert_eq!(Quantity::TimeToPeak.of(&curve, None), None);
        assert_eq!(
            Quantity::TimeToPeak.missing(2, false),
            Some("the phases have no times")
        );
        assert_eq!(Quantity::WashOut.of(&curve, None), None);
        assert_eq!(
            Quantity::PercentEnhancementEarly.of(&curve, None),
            Some(100.0)
        );
        assert_eq!(
            Quantity::PercentEnhancementEarly.of(&[0.0, 200.0], None),
            None
        );
        assert_eq!(Quantity::WashOutRatio.of(&[100.0, 90.0, 80.0], None), None);
        assert_eq!(Quantity::PercentEnhancementEarly.of(&[100.0], None), None);
        assert_eq!(Quantity::PercentEnhancementEarly.of(&[], None), None);
    }

    proptest! {
        #[test]
        fn gain_cancels(curve in prop::collection::vec(1f64..1e3, 3..8), gain in 0.01f64..100.0) {
            let times: Vec<f64> = (0..curve.len()).map(|i| 30.0 * i as f64).collect();
            let scaled: Vec<f64> = curve.iter().map(|v| v * gain).collect();
            for quantity in Quantity::ALL {
                let (a, b) = (quantity.of(&curve, Some(&times)), quantity.of(&scaled, Some(&times)));
                prop_assert_eq!(a.is_some(), b.is_some());
                if let (Some(a), Some(b)) = (a, b) {
                    prop_assert!((a - b).abs() <= 1e-6 * a.abs().max(1.0), "{:?} {} {}", quantity, a, b);
                }
            }
        }

        #[test]
        fn any_doubles_never_panic(curve in prop::collection::vec(any::<f64>(), 0..6), times in prop::collection::vec(any::<f64>(), 0..6)) {
            for quantity in Quantity::ALL {
                let _ = quantity.of(&curve, Some(&times));
            }
        }
    }
}
