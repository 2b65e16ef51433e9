//! LayerNorm, GELU and softmax over tokens that lie side by side.

use crate::lanes::{LANES, Lane, Tokens};
use crate::simd::{Instructions, Operation, dispatch};
use rayon::prelude::*;

/// Epsilon of every LayerNorm of the family.
const EPSILON: f64 = 1e-6;

/// The gains and biases of a LayerNorm.
pub(crate) struct Norm {
    pub(crate) gain: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

impl Norm {
    /// LayerNorm of each token of as many panels as `out` has. Mean and variance are summed in stretches ([`sum`]).
    pub(crate) fn apply(&self, out: &mut Tokens, x: &Tokens, threads: bool) {
        let features = self.gain.len();
        let task = |(out, x)| dispatch(NormPanel { norm: self, out, x });
        let (out, x) = (&mut out.data, &x.data);
        if threads {
            out.par_chunks_exact_mut(features)
                .zip(x.par_chunks_exact(features))
                .for_each(task);
        } else {
            out.chunks_exact_mut(features)
                .zip(x.chunks_exact(features))
                .for_each(task);
        }
    }
}

struct NormPanel<'a> {
    norm: &'a Norm,
    out: &'a mut [Lane],
    x: &'a [Lane],
}

impl Operation for NormPanel<'_> {
    type Output = ();

    #[inline(always)]
    fn run<I: Instructions>(self, _: I) {
        let count = self.x.len() as f64;
        let mean = sum(self.x, |_, value| value).map(|sum| sum / count);
        let about: Lane = std::array::from_fn(|l| mean[l] as f32);
        let variance = sum(self.x, |l, value| (value - about[l]) * (value - about[l]));
        let scale: Lane =
            std::array::from_fn(|l| (variance[l] / count + EPSILON).sqrt().recip() as f32);
        let Norm { gain, bias } = self.norm;
        for ((out, x), (&gain, &bias)) in self.out.iter_mut().zip(self.x).zip(gain.iter().zip(bias))
        {
            for l in 0..LANES {
                out[l] = (x[l] - about[l]) * scale[l] * gain + bias;
            }
        }
    }
}

/// The sum of a term over the features of each token: short stretches in single precision, and these in double.
#[inline(always)]
fn sum(x: &[Lane], term: impl Fn(usize, f32) -> f32) -> [f64; LANES] {
    /// Features of a stretch: their sum keeps all but two or three of the digits of a single one.
    const STRETCH: usize = 32;
    let mut sums = [0f64; LANES];
    for stretch in x.chunks(STRETCH) {
        let mut part = [0f32; LANES];
        for lane in stretch {
            for l in 0..LANES {
                part[l] += term(l, lane[l]);
            }
        }
        for l in 0..LANES {
            sums[l] += f64::from(part[l]);
        }
    }
    sums
}

/// Exact GELU, `x (1 + erf(x / sqrt 2)) / 2`, in place.
#[inline(always)]
pub(crate) fn gelu_lanes(x: &mut [Lane]) {
    for lane in x {
        for value in lane {
            *value = 0.5 * *value * (1.0 + erf(*value * std::f32::consts::FRAC_1_SQRT_2));
        }
    }
}

/// The error function to 3e-7: a rational function on -4..4, beyond which it is 1 to single precision
/// (the minimax coefficients of Eigen and XLA). Without branches, so that it runs in vector registers.
#[inline(always)]
pub(crate) fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let x2 = x * x;
    let top = -2.726_142_3e-10;
    let top = top * x2 + 2.770_681_4e-8;
    let top = top * x2 - 2.101_024e-6;
    let top = top * x2 - 5.692_506_4e-5;
    let top = top * x2 - 7.349_906_3e-4;
    let top = top * x2 - 2.954_6e-3;
    let top = top * x2 - 1.609_603_3e-2;
    let bottom = -1.456_607_2e-5;
    let bottom = bottom * x2 - 2.133_740_5e-4;
    let bottom = bottom * x2 - 1.682_827e-3;
    let bottom = bottom * x2 - 7.373_329_2e-3;
    let bottom = bottom * x2 - 1.426_473_9e-2;
    x * top / bottom
}

/// Softmax of each token's scores (one lane per score) times `scale`, in place.
#[inline(always)]
pub(crate) fn softmax_lanes(scores: &mut [Lane], scale: f32) {
    let mut highest = [f32::NEG_INFINITY; LANES];
    for lane in scores.iter() {
        for (highest, &score) in highest.iter_mut().zip(lane) {
            *highest = if score > *highest { score } else { *highest };
        }
    }
    let mut sum = [0f32; LANES];
    for lane in scores.iter_mut() {
        for l in 0..LANES {
            lane[l] = exp_negative((lane[l] - highest[l]) * scale);
            sum[l] += lane[l];
        }
    }
    let share = sum.map(f32::recip);
    for lane in scores.iter_mut() {
        for (value, &share) in lane.iter_mut().zip(&share) {
            *value *= share;
        }
    }
}

/// `exp(x)` for x of at most 0, to two units in the last place; what is below -87 counts as -87, and NaN stays NaN. The method and the
/// coefficients are those of `expf` in the Cephes library (Moshier): `2^n exp(r)` with r within half of ln 2.
#[inline(always)]
fn exp_negative(x: f32) -> f32 {
    /// Adding this rounds to an integer, which then stands in the lowest bits.
    const ROUND: f32 = 12_582_912.0;
    let x = if x < -87.0 { -87.0 } else { x };
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = x - n * 0.693_359_4;
    let r = r - n * -2.121_944_4e-4;
    let p = 1.987_569_1e-4;
    let p = p * r + 1.398_199_9e-3;
    let p = p * r + 8.333_452e-3;
    let p = p * r + 4.166_579_6e-2;
    let p = p * r + 1.666_666_5e-1;
    let p = p * r + 0.5;
    let p = p * r * r + r + 1.0;
    let power = shifted
        .to_bits()
        .wrapping_sub(ROUND.to_bits())
        .wrapping_add(127)
        << 23;
    p * f32::from_bits(power)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// erf at a few places, from Abramowitz and Stegun, table 7.1.
    #[test]
    fn erf_agrees_with_the_table() {
        let table = [
            (0.0, 0.0),
            (0.1, 0.112_462_916),
            (0.5, 0.520_499_9),
            (1.0, 0.842_700_8),
            (1.5, 0.966_105_16),
            (2.0, 0.995_322_3),
            (3.0, 0.999_977_9),
            (6.0, 1.0),
        ];
        for (x, expected) in table {
            assert!((erf(x) - expected).abs() < 3e-7, "{x}: {}", erf(x));
            assert!((erf(-x) + expected).abs() < 3e-7);
        }
        assert!(erf(f32::NAN).is_nan());
    }

    #[test]
    fn exp_agrees_with_double_precision() {
        for step in 0..=87_000 {
            let x = -(step as f32) / 1000.0;
            let expected = f64::from(x).exp();
            let error = (f64::from(exp_negative(x)) - expected).abs() / expected;
            assert!(error < 2.5e-7, "{x}: {error:e}");
        }
        assert_eq!(exp_negative(0.0), 1.0);
        assert!(exp_negative(f32::NEG_INFINITY) < 2e-38);
        assert!(exp_negative(f32::NAN).is_nan());
    }

    #[test]
    fn softmax_of_large_numbers_does_not_overflow() {
        let mut scores = [[1000.0; LANES], [1000.0; LANES], [-1000.0; LANES]];
        scores[0][3] = f32::NAN;
        softmax_lanes(&mut scores, 1.0);
        assert_eq!(scores.map(|lane| lane[0])[..2], [0.5, 0.5]);
        assert!(scores[2][0] < 1e-37);
        assert!(scores.iter().all(|lane| lane[3].is_nan()));
        assert!(scores.iter().all(|lane| !lane[4].is_nan()));
    }
}
