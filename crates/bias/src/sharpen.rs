//! Sharpening a histogram by deconvolution.

use rustfft::num_complex::Complex;
use rustfft::{Fft, FftPlannerScalar};
use std::sync::Arc;

/// Estimates, for each logarithmic intensity, what it would have been without the field: the histogram of what is seen is taken for that of
/// the tissue blurred by a Gaussian (the field's distribution), and the blur is undone by a Wiener filter (Sled, Zijdenbos, Evans,
/// IEEE Trans Med Imaging 1998;17:87, which N4 takes over).
pub(crate) struct Sharpener {
    fwhm: f64,
    wiener_noise: f64,
    bins: usize,
    padded: usize,
    forward: Arc<dyn Fft<f64>>,
    inverse: Arc<dyn Fft<f64>>,
}

/// What each bin's centre is mapped to.
pub(crate) struct Mapping {
    minimum: f64,
    width: f64,
    expected: Vec<f64>,
}

impl Sharpener {
    pub(crate) fn new(fwhm: f64, wiener_noise: f64, bins: usize) -> Self {
        // Room for the blur at both ends.
        let padded = 2 * bins.next_power_of_two();
        // The scalar transform gives the same bits on every processor.
        let mut planner = FftPlannerScalar::new();
        Self {
            fwhm,
            wiener_noise,
            bins,
            padded,
            forward: planner.plan_fft_forward(padded),
            inverse: planner.plan_fft_inverse(padded),
        }
    }

    /// The mapping for a set of logarithmic intensities, or `None` when all are the same.
    pub(crate) fn mapping(&self, values: impl Iterator<Item = f64> + Clone) -> Option<Mapping> {
        let (minimum, maximum) = values
            .clone()
            .fold((f64::INFINITY, f64::NEG_INFINITY), |(low, high), v| {
                (low.min(v), high.max(v))
            });
        let width = (maximum - minimum) / (self.bins - 1) as f64;
        if !(width > 0.0 && width.is_finite()) {
            return None;
        }
        let mut histogram = vec![0.0; self.bins];
        for value in values {
            // Each value is shared between the two nearest bins.
            let position = (value - minimum) / width;
            let low = (position as usize).min(self.bins - 1);
            let share = position - low as f64;
            histogram[low] += 1.0 - share;
            if low + 1 < self.bins {
                histogram[low + 1] += share;
            }
        }
        Some(self.sharpened(&histogram, minimum, width))
    }

    fn sharpened(&self, histogram: &[f64], minimum: f64, width: f64) -> Mapping {
        let offset = (self.padded - self.bins) / 2;
        let mut seen = vec![Complex::default(); self.padded];
        for (n, count) in histogram.iter().enumerate() {
            seen[n + offset].re = *count;
        }
        self.forward.process(&mut seen);
        let blur = self.blur(width);
        // Wiener's filter; the transform of a symmetric Gaussian is real.
        for (v, f) in seen.iter_mut().zip(&blur) {
            *v *= f.re / (f.norm_sqr() + self.wiener_noise);
        }
        self.inverse.process(&mut seen);
        let tissue: Vec<f64> = seen.iter().map(|u| u.re.max(0.0)).collect();
        // The expectation of the tissue's value given what is seen.
        let centre = |n: usize| minimum + (n as f64 - offset as f64) * width;
        let weighted = tissue.iter().enumerate().map(|(n, u)| centre(n) * u);
        let numerator = self.blurred(weighted, &blur);
        let denominator = self.blurred(tissue.iter().copied(), &blur);
        let expected = (offset..offset + self.bins)
            .map(|n| {
                if denominator[n] == 0.0 {
                    0.0
                } else {
                    numerator[n] / denominator[n]
                }
            })
            .collect();
        Mapping {
            minimum,
            width,
            expected,
        }
    }

    /// The transform of the field's Gaussian, sampled at the bins.
    fn blur(&self, width: f64) -> Vec<Complex<f64>> {
        let fwhm = self.fwhm / width;
        let factor = 4.0 * std::f64::consts::LN_2 / (fwhm * fwhm);
        let height = 2.0 * (std::f64::consts::LN_2 / std::f64::consts::PI).sqrt() / fwhm;
        let mut blur: Vec<Complex<f64>> = (0..self.padded)
            .map(|n| {
                let distance = n.min(self.padded - n) as f64;
                Complex::new(height * (-distance * distance * factor).exp(), 0.0)
            })
            .collect();
        self.forward.process(&mut blur);
        blur
    }

    fn blurred(&self, values: impl Iterator<Item = f64>, blur: &[Complex<f64>]) -> Vec<f64> {
        let mut transform: Vec<Complex<f64>> = values.map(|v| Complex::new(v, 0.0)).collect();
        self.forward.process(&mut transform);
        for (value, f) in transform.iter_mut().zip(blur) {
            *value *= f;
        }
        self.inverse.process(&mut transform);
        transform.iter().map(|v| v.re).collect()
    }
}

impl Mapping {
    /// The sharpened value of one of the intensities that the mapping was made for.
    pub(crate) fn of(&self, value: f64) -> f64 {
        let last = self.expected.len() - 1;
        let position = (value - self.minimum) / self.width;
        let low = (position.max(0.0) as usize).min(last);
        if low == last {
            return self.expected[last];
        }
        let (a, b) = (self.expected[low], self.expected[low + 1]);
        a + (b - a) * (position - low as f64)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Two tissues blurred by the field: values are drawn towards the tissue that they come from.
    #[test]
    fn values_move_towards_their_tissue() {
        let sharpener = Sharpener::new(0.15, 0.01, 200);
        let values: Vec<f64> = (0..2000)
            .map(|n| {
                let tissue = if n % 2 == 0 { 4.0 } else { 5.0 };
                tissue + 0.12 * ((n / 2) as f64 / 1000.0 - 0.5)
            })
            .collect();
        let mapping = sharpener.mapping(values.iter().copied()).unwrap();
        for value in values {
            let tissue = value.round();
            let moved = mapping.of(value);
            assert!(
                (moved - tissue).abs() <= (value - tissue).abs() + 0.01,
                "{value} {moved}"
            );
        }
        assert!(
            (mapping.of(4.05) - 4.0).abs() < 0.035,
            "{}",
            mapping.of(4.05)
        );
        assert!(sharpener.mapping([3.0; 10].into_iter()).is_none());
    }
}
