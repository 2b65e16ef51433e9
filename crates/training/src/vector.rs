//! Loops over numbers, compiled twice: for any machine, and for the wider registers that most have.
//!
//! Sums and products are never fused by the compiler and run in a fixed order, so both versions give the same bits.

/// Defines functions whose body is compiled for AVX2 as well and chosen at run time.
macro_rules! wide {
    ($($(#[$doc:meta])* $visibility:vis fn $name:ident($($argument:ident: $type:ty),* $(,)?) $(-> $result:ty)? $body:block)*) => {$(
        $(#[$doc])*
        $visibility fn $name($($argument: $type),*) $(-> $result)? {
            #[inline(always)]
            fn plain($($argument: $type),*) $(-> $result)? $body
            #[cfg(target_arch = "x86_64")]
            {
                #[target_feature(enable = "avx2")]
                fn avx2($($argument: $type),*) $(-> $result)? {
                    plain($($argument),*)
                }
                if std::is_x86_feature_detected!("avx2") {
                    #[expect(unsafe_code, reason = "a function compiled for more instructions than its caller")]
                    // SAFETY: the machine has the instructions: it was asked just above.
                    return unsafe { avx2($($argument),*) };
                }
            }
            plain($($argument),*)
        }
    )*};
}
pub(crate) use wide;

/// Partial sums that run side by side.
const LANES: usize = 16;

/// The sum of `value(0) .. value(count - 1)`: sixteen chains, added in order.
#[inline(always)]
pub(crate) fn sum(count: usize, value: impl Fn(usize) -> f32) -> f32 {
    let mut lanes = [0f32; LANES];
    let whole = count / LANES * LANES;
    for start in (0..whole).step_by(LANES) {
        for (lane, sum) in lanes.iter_mut().enumerate() {
            *sum += value(start + lane);
        }
    }
    for at in whole..count {
        lanes[at - whole] += value(at);
    }
    lanes.iter().fold(0.0, |sum, v| sum + v)
}

/// `e^x` to about 2 units in the last place, for x up to 88; 0 far below.
///
/// `e^x = 2^n e^r` with `n = round(x / ln 2)` and the Taylor series of `e^r` for `|r| <= ln 2 / 2`.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    // Adding 1.5 * 2^23 leaves the nearest whole number in the last bits.
    const ROUND: f32 = 12_582_912.0;
    let x = x.clamp(-87.0, 88.0);
    let shifted = x * std::f32::consts::LOG2_E + ROUND;
    let n = shifted - ROUND;
    let r = (x - n * 0.693_359_4) - n * -2.121_944_4e-4;
    let mut p = 1.0 / 5040.0;
    p = p * r + 1.0 / 720.0;
    p = p * r + 1.0 / 120.0;
    p = p * r + 1.0 / 24.0;
    p = p * r + 1.0 / 6.0;
    p = p * r + 0.5;
    p = p * r + 1.0;
    p = p * r + 1.0;
    let power = shifted
        .to_bits()
        .wrapping_sub(ROUND.to_bits())
        .wrapping_add(127)
        << 23;
    p * f32::from_bits(power)
}

/// The normal distribution function at `x`, and its density times `sqrt(2 pi)`: Abramowitz and Stegun 7.1.26, to 1.5e-7.
#[inline(always)]
pub(crate) fn normal(x: f32) -> (f32, f32) {
    let z = x.abs() * std::f32::consts::FRAC_1_SQRT_2;
    let bell = exp(-z * z);
    let t = 1.0 / (1.0 + 0.327_591_1 * z);
    let mut p = 1.061_405_4;
    p = p * t - 1.453_152;
    p = p * t + 1.421_413_7;
    p = p * t - 0.284_496_74;
    p = p * t + 0.254_829_6;
    let tail = 0.5 * p * t * bell;
    (if x < 0.0 { tail } else { 1.0 - tail }, bell)
}

wide! {
    /// `y += x`.
    pub(crate) fn add(y: &mut [f32], x: &[f32]) {
        for (y, x) in y.iter_mut().zip(x) {
            *y += x;
        }
    }

    /// `y += s * x`.
    pub(crate) fn add_scaled(y: &mut [f32], s: f32, x: &[f32]) {
        for (y, x) in y.iter_mut().zip(x) {
            *y += s * x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exponential_and_the_normal_distribution_are_right() {
        for i in -8600..8600 {
            let x = i as f32 / 100.0;
            let exact = f64::from(x).exp();
            assert!((f64::from(exp(x)) / exact - 1.0).abs() < 4e-7, "{x}");
        }
        // Values of a table of the normal distribution.
        for (x, p) in [(0.0, 0.5), (1.0, 0.841_344_7), (-2.0, 0.022_750_13)] {
            assert!((normal(x).0 - p).abs() < 3e-7, "{x}");
        }
        assert!(exp(-1e9) < 1e-37);
    }
}
