//! The arterial input function: concentration in plasma over time.

use crate::PharmacokineticError;

/// Concentration of contrast agent in arterial plasma, millimolar, on an even grid of times from 0 s and linear between them.
#[derive(Clone, Debug, PartialEq)]
pub struct InputFunction {
    pub(crate) step_s: f64,
    pub(crate) plasma_mm: Vec<f64>,
}

impl InputFunction {
    /// A measured curve, linear between its samples; 0 before the first, and its last value after the last. The grid is a twentieth of a
    /// second to a second fine, as the shortest step of the samples.
    ///
    /// # Errors
    /// [`PharmacokineticError::BadTimes`], [`PharmacokineticError::Length`].
    pub fn measured(times_s: &[f64], plasma_mm: &[f64]) -> Result<Self, PharmacokineticError> {
        let rising = times_s.windows(2).all(|t| t[1] > t[0]);
        let finite = times_s.iter().chain(plasma_mm).all(|v| v.is_finite());
        let (Some(&first), Some(&last)) = (times_s.first(), times_s.last()) else {
            return Err(PharmacokineticError::BadTimes {
                what: "the input function",
            });
        };
        if !rising || !finite || first < 0.0 || last > 1e5 {
            return Err(PharmacokineticError::BadTimes {
                what: "the input function",
            });
        }
        if plasma_mm.len() != times_s.len() {
            return Err(PharmacokineticError::Length {
                what: "the input function",
                found: plasma_mm.len(),
                expected: times_s.len(),
            });
        }
        let shortest = times_s.windows(2).map(|t| t[1] - t[0]).fold(1.0, f64::min);
        let step_s = shortest.clamp(0.05, 1.0);
        let value = |time: f64| {
            if time < first {
                return 0.0;
            }
            let after = times_s.partition_point(|t| *t <= time);
            if after >= times_s.len() {
                return plasma_mm[plasma_mm.len() - 1];
            }
            let share = (time - times_s[after - 1]) / (times_s[after] - times_s[after - 1]);
            plasma_mm[after - 1] + share * (plasma_mm[after] - plasma_mm[after - 1])
        };
        Ok(Self::sampled(step_s, last, value))
    }

    /// The population's of Parker et al. (Magn Reson Med 2006;56:993-1000), equation 1 with its Table 1, in plasma (the paper's is of whole blood);
    /// the agent arrives after `arrival_s`.
    pub fn parker(arrival_s: f64, hematocrit: f64, duration_s: f64) -> Self {
        Self::sampled(0.5, duration_s, |time_s| {
            if time_s < arrival_s {
                return 0.0;
            }
            let t = (time_s - arrival_s) / 60.0;
            let pass = |area: f64, centre: f64, width: f64| {
                let z = (t - centre) / width;
                area / (width * std::f64::consts::TAU.sqrt()) * (-0.5 * z * z).exp()
            };
            let rest = 1.050 * (-0.1685 * t).exp() / (1.0 + (-38.078 * (t - 0.483)).exp());
            let blood = pass(0.809, 0.17046, 0.0563) + pass(0.330, 0.365, 0.132) + rest;
            blood / (1.0 - hematocrit)
        })
    }

    /// The population's of Weinmann et al. (Physiol Chem Phys Med NMR 1984;16:167) in the form of Tofts and Kermode (Magn Reson Med 1991;17:357): two
    /// exponentials for a dose in mmol/kg, in plasma.
    pub fn weinmann(arrival_s: f64, dose_mmol_per_kg: f64, duration_s: f64) -> Self {
        Self::sampled(0.5, duration_s, |time_s| {
            if time_s < arrival_s {
                return 0.0;
            }
            let t = (time_s - arrival_s) / 60.0;
            dose_mmol_per_kg * (3.99 * (-0.144 * t).exp() + 4.78 * (-0.0111 * t).exp())
        })
    }

    fn sampled(step_s: f64, duration_s: f64, value: impl Fn(f64) -> f64) -> Self {
        let count = (duration_s.clamp(0.0, 1e5) / step_s).ceil() as usize + 2;
        Self {
            step_s,
            plasma_mm: (0..count).map(|i| value(i as f64 * step_s)).collect(),
        }
    }

    /// Concentration in plasma at a time; the last value after the end.
    pub fn at(&self, time_s: f64) -> f64 {
        let place = time_s / self.step_s;
        if place < 0.0 {
            return 0.0;
        }
        let low = (place.floor() as usize).min(self.plasma_mm.len() - 1);
        let high = (low + 1).min(self.plasma_mm.len() - 1);
        let share = (place - low as f64).min(1.0);
        self.plasma_mm[low] + share * (self.plasma_mm[high] - self.plasma_mm[low])
    }

    /// Convolution with `exp(-rate t)` (rate per second) at rising times, per second; exact for the piecewise linear curve, the recursion
    /// of Flouri, Lesnic and Sourbron (Magn Reson Med 2016;76:998) on an even grid.
    pub(crate) fn convolved(&self, rate_per_s: f64, times_s: &[f64], out: &mut [f64]) {
        // Over a step h the integral of a linear piece from a to b with exp(-k(h - s)) is a A + b B.
        let weights = |h: f64| {
            let x = rate_per_s * h;
            let decay = (-x).exp();
            if x < 1e-4 {
                // The quotients below would lose their digits.
                (decay, h * (0.5 - x / 3.0), h * (0.5 - x / 6.0))
            } else {
                let whole = (1.0 - decay) / rate_per_s;
                let ramp = (h - whole) / (rate_per_s * h);
                (decay, whole - ramp, ramp)
            }
        };
        let (decay, first, second) = weights(self.step_s);
        let (mut at, mut sum) = (0usize, 0f64);
        for (&time, out) in times_s.iter().zip(out) {
            if time <= 0.0 {
                *out = 0.0;
                continue;
            }
            let node = (time / self.step_s).floor() as usize;
            while at < node {
                let (a, b) = (self.node(at), self.node(at + 1));
                sum = sum * decay + a * first + b * second;
                at += 1;
            }
            let rest = time - node as f64 * self.step_s;
            *out = if rest > 1e-9 {
                let (decay, first, second) = weights(rest);
                sum * decay + self.node(node) * first + self.at(time) * second
            } else {
                sum
            };
        }
    }

    fn node(&self, at: usize) -> f64 {
        self.plasma_mm[at.min(self.plasma_mm.len() - 1)]
    }
}
