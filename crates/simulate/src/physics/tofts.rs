//! The extended Tofts model.

use super::Aif;

/// Parameters of the extended Tofts model (Tofts et al., J Magn Reson Imaging 1999;10:223-232).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TissueKinetics {
    /// Transfer constant from plasma to the extravascular extracellular space, per minute.
    pub ktrans_per_min: f64,
    /// Volume fraction of the extravascular extracellular space, above 0.
    pub ve: f64,
    /// Volume fraction of plasma.
    pub vp: f64,
}

impl TissueKinetics {
    /// Rate constant back to plasma, `Ktrans / ve`, per minute.
    pub fn kep_per_min(&self) -> f64 {
        self.ktrans_per_min / self.ve
    }
}

/// Concentration in tissue, millimolar, at each time in seconds (in any order):
///
/// `C_t(t) = vp C_p(t) + Ktrans * integral_0^t C_p(u) exp(-kep (t - u)) du`.
///
/// SciPy's adaptive quadrature gives the same to 1e-6 of the maximum (`tests/physics.rs`).
pub fn extended_tofts(aif: &Aif, tissue: &TissueKinetics, times_s: &[f64]) -> Vec<f64> {
    let integrals = residue_convolution(aif, tissue.kep_per_min(), times_s);
    times_s
        .iter()
        .zip(integrals)
        .map(|(&t, integral)| tissue.vp * aif.plasma_mm(t) + tissue.ktrans_per_min * integral)
        .collect()
}

/// The integral `integral_0^t C_p(u) exp(-kep (t - u)) du` at each time in seconds (in any order), in millimolar minutes.
pub fn residue_convolution(aif: &Aif, kep_per_min: f64, times_s: &[f64]) -> Vec<f64> {
    let samples = PlasmaSamples::new(aif, times_s);
    let mut values = vec![0f64; times_s.len()];
    samples.convolve(kep_per_min, |at, value| values[at] = value);
    values
}

/// Longest step of the integration: a seventh of the width of the first pass.
const MAX_STEP_S: f64 = 0.5;
/// Most steps between two times: far beyond any study; the steps are longer then.
const MAX_STEPS: f64 = 100_000.0;
/// Places and weights of Gauss and Legendre's rule with three points on the interval from 0 to 1.
const PLACES: [f64; 3] = [0.112_701_665_379_258_31, 0.5, 0.887_298_334_620_741_7];
const WEIGHTS: [f64; 3] = [5.0 / 18.0, 8.0 / 18.0, 5.0 / 18.0];

/// Plasma concentrations where the integral needs them, for many rate constants.
struct PlasmaSamples {
    /// Between one time and the next: length of a step in minutes, and concentrations at the three places of each step.
    intervals: Vec<(f64, Vec<[f64; 3]>)>,
    /// For each interval the indices of the times that lie at its end.
    ends: Vec<Vec<usize>>,
}

impl PlasmaSamples {
    fn new(aif: &Aif, times_s: &[f64]) -> Self {
        let mut order: Vec<usize> = (0..times_s.len()).collect();
        order.sort_by(|&a, &b| times_s[a].total_cmp(&times_s[b]));
        let (mut intervals, mut ends) = (Vec::new(), Vec::new());
        let mut from = aif.arrival_s;
        for at in order {
            let to = times_s[at];
            // Times before arrival keep their 0.
            if to.is_nan() || to <= aif.arrival_s {
                continue;
            }
            let steps = ((to - from) / MAX_STEP_S).ceil().clamp(0.0, MAX_STEPS) as usize;
            let step = (to - from) / steps.max(1) as f64;
            let samples = (0..steps).map(|s| {
                let start = from + step * s as f64;
                PLACES.map(|place| aif.plasma_mm(start + place * step))
            });
            intervals.push((step / 60.0, samples.collect()));
            ends.push(vec![at]);
            from = to;
        }
        Self { intervals, ends }
    }

    fn convolve(&self, kep_per_min: f64, mut result: impl FnMut(usize, f64)) {
        let mut integral = 0f64;
        for ((step_min, samples), ends) in self.intervals.iter().zip(&self.ends) {
            let decay = (-kep_per_min * step_min).exp();
            let weights: [f64; 3] = std::array::from_fn(|n| {
                WEIGHTS[n] * step_min * (-kep_per_min * step_min * (1.0 - PLACES[n])).exp()
            });
            for cp in samples {
                integral =
                    integral * decay + weights[0] * cp[0] + weights[1] * cp[1] + weights[2] * cp[2];
            }
            for &at in ends {
                result(at, integral);
            }
        }
    }
}

/// The convolution for any rate constant by linear interpolation between tabulated ones: lesions need it at every point.
pub(crate) struct ConvolutionTable {
    phases: usize,
    values: Vec<f64>,
}

/// The table runs over these rate constants per minute, evenly in their logarithm.
const LOWEST_KEP: f64 = 1e-3;
const HIGHEST_KEP: f64 = 20.0;
const NODES: usize = 240;

impl ConvolutionTable {
    pub(crate) fn new(aif: &Aif, times_s: &[f64]) -> Self {
        let samples = PlasmaSamples::new(aif, times_s);
        let phases = times_s.len();
        let mut values = vec![0f64; NODES * phases];
        let ratio = (HIGHEST_KEP / LOWEST_KEP).ln() / (NODES - 1) as f64;
        for (node, row) in values.chunks_exact_mut(phases).enumerate() {
            let kep = LOWEST_KEP * (ratio * node as f64).exp();
            samples.convolve(kep, |at, value| row[at] = value);
        }
        Self { phases, values }
    }

    /// The integral in a phase, millimolar minutes; rate constants beyond the table take its ends.
    pub(crate) fn at(&self, kep_per_min: f64, phase: usize) -> f64 {
        let place = (kep_per_min / LOWEST_KEP).ln() / (HIGHEST_KEP / LOWEST_KEP).ln();
        let place = (place * (NODES - 1) as f64).clamp(0.0, (NODES - 1) as f64 - 1e-9);
        let node = place as usize;
        let share = place - node as f64;
        let value = |node: usize| self.values[node * self.phases + phase];
        value(node) + share * (value(node + 1) - value(node))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn without_return_the_integral_is_that_of_the_plasma() {
        let aif = Aif::default();
        // A sum of rectangles in steps of a millisecond.
        let sum: f64 = (0..120_000)
            .map(|i| aif.plasma_mm((f64::from(i) + 0.5) * 1e-3))
            .sum();
        let integral = residue_convolution(&aif, 0.0, &[120.0])[0];
        assert!((integral - sum * 1e-3 / 60.0).abs() < 1e-6, "{integral}");
    }

    #[test]
    fn order_and_repetition_of_times_do_not_matter() {
        let aif = Aif {
            arrival_s: 25.0,
            ..Aif::default()
        };
        let a = residue_convolution(&aif, 0.5, &[300.0, 10.0, 90.0, 90.0, f64::NAN]);
        let b = residue_convolution(&aif, 0.5, &[10.0, 90.0, 300.0]);
        assert_eq!(a[..4], [b[2], 0.0, b[1], b[1]]);
        assert_eq!((b[0], a[4]), (0.0, 0.0));
    }

    proptest! {
        #[test]
        fn the_table_is_the_model(kep in 0.002f64..15.0) {
            let (aif, times) = (Aif { arrival_s: 20.0, ..Aif::default() }, [0.0, 90.0, 180.0, 400.0]);
            let table = ConvolutionTable::new(&aif, &times);
            for (phase, exact) in residue_convolution(&aif, kep, &times).into_iter().enumerate() {
                prop_assert!((table.at(kep, phase) - exact).abs() <= 1e-3 * exact, "{} {exact}", table.at(kep, phase));
            }
        }
    }
}
