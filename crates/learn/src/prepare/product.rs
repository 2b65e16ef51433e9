//! The inner product that most steps spend their time in.

/// Partial sums that are kept side by side, so that the processor can work on several at once.
const LANES: usize = 8;

/// Inner product, summed in a fixed order.
pub(crate) fn dot(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (a_parts, a_rest) = a.as_chunks::<LANES>();
    let (b_parts, b_rest) = b.as_chunks::<LANES>();
    for (a, b) in a_parts.iter().zip(b_parts) {
        for lane in 0..LANES {
            sums[lane] += a[lane] * b[lane];
        }
    }
    let rest: f64 = a_rest.iter().zip(b_rest).map(|(a, b)| a * b).sum();
    let pairs = [
        sums[0] + sums[4],
        sums[1] + sums[5],
        sums[2] + sums[6],
        sums[3] + sums[7],
    ];
    ((pairs[0] + pairs[2]) + (pairs[1] + pairs[3])) + rest
}

/// `sum_i h_i x_i^2`, summed in a fixed order.
pub(crate) fn weighted_square(x: &[f64], h: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (x_parts, x_rest) = x.as_chunks::<LANES>();
    let (h_parts, h_rest) = h.as_chunks::<LANES>();
    for (x, h) in x_parts.iter().zip(h_parts) {
        for lane in 0..LANES {
            sums[lane] += h[lane] * x[lane] * x[lane];
        }
    }
    let rest: f64 = x_rest.iter().zip(h_rest).map(|(x, h)| h * x * x).sum();
    sums.iter().sum::<f64>() + rest
}

/// `y_i += c h_i x_i`.
pub(crate) fn add_scaled(y: &mut [f64], h: &[f64], x: &[f64], c: f64) {
    for ((y, h), x) in y.iter_mut().zip(h).zip(x) {
        *y += c * h * x;
    }
}
