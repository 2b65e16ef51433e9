//! LayerNorm, GELU and softmax.

/// Epsilon of every LayerNorm of the family.
const EPSILON: f64 = 1e-6;

/// LayerNorm of each row of `width` numbers, from `x` into `out`. Mean and variance in double precision.
pub(crate) fn layer_norm(out: &mut [f32], x: &[f32], gain: &[f32], bias: &[f32]) {
    let width = gain.len();
    for (out, row) in out.chunks_exact_mut(width).zip(x.chunks_exact(width)) {
        let mean = row.iter().map(|&v| f64::from(v)).sum::<f64>() / width as f64;
        let variance = row
            .iter()
            .map(|&v| (f64::from(v) - mean).powi(2))
            .sum::<f64>()
            / width as f64;
        let scale = (variance + EPSILON).sqrt().recip() as f32;
        let mean = mean as f32;
        for ((out, &value), (&gain, &bias)) in out.iter_mut().zip(row).zip(gain.iter().zip(bias)) {
            *out = (value - mean) * scale * gain + bias;
        }
    }
}

/// Exact GELU, `x (1 + erf(x / sqrt 2)) / 2`, in place.
pub(crate) fn gelu(x: &mut [f32]) {
    for value in x {
        *value = 0.5 * *value * (1.0 + erf(*value * std::f32::consts::FRAC_1_SQRT_2));
    }
}

/// The error function to 3e-7: a rational function on -4..4, where it is 1 to single precision
/// beyond (the minimax coefficients that Eigen and XLA use). Without branches, so that it runs in vector registers.
pub(crate) fn erf(x: f32) -> f32 {
    let x = x.clamp(-4.0, 4.0);
    let x2 = x * x;
    let top = -2.726_142_3e-10;
    let top = top * x2 + 2.770_681_4e-8;
    let top = top * x2 - 2.101_024e-6;
    let top = top * x2 - 5.692_506_4e-5;
    let top = top * x2 - 7.349_906_3e-4;
    let top = top * x2 - 2.954_599_8e-3;
    let top = top * x2 - 1.609_603_3e-2;
    let bottom = -1.456_607_2e-5;
    let bottom = bottom * x2 - 2.133_740_5e-4;
    let bottom = bottom * x2 - 1.682_827e-3;
    let bottom = bottom * x2 - 7.373_329_2e-3;
    let bottom = bottom * x2 - 1.426_473_9e-2;
    x * top / bottom
}

/// Softmax of each row of `width` numbers times `scale`, in place.
pub(crate) fn softmax(x: &mut [f32], width: usize, scale: f32) {
    for row in x.chunks_exact_mut(width) {
        let highest = row.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let mut sum = 0f32;
        for value in row.iter_mut() {
            *value = ((*value - highest) * scale).exp();
            sum += *value;
        }
        let share = sum.recip();
        row.iter_mut().for_each(|v| *v *= share);
    }
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
            (0.5, 0.520_499_88),
            (1.0, 0.842_700_79),
            (1.5, 0.966_105_15),
            (2.0, 0.995_322_27),
            (3.0, 0.999_977_91),
            (6.0, 1.0),
        ];
        for (x, expected) in table {
            assert!((erf(x) - expected).abs() < 3e-7, "{x}: {}", erf(x));
            assert!((erf(-x) + expected).abs() < 3e-7);
        }
    }

    #[test]
    fn softmax_of_large_numbers_does_not_overflow() {
        let mut row = [1000.0, 1000.0, -1000.0];
        softmax(&mut row, 3, 1.0);
        assert_eq!(row, [0.5, 0.5, 0.0]);
    }
}
