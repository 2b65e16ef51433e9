//! The fixed 3-D sine-cosine table of positions (MoCo v3's, in three dimensions).

/// `grid^3 + 1` rows of `width`, which 6 divides: zeros for the class token, then `[sin(h w), cos(h w), sin(w w), cos(w w), sin(d w),
/// cos(d w)]` for the patch at (h, w, d) in C order, with `w_i = 10000^(-i / (width / 6))`.
pub(crate) fn table(grid: usize, width: usize) -> Vec<f32> {
    let part = width / 6;
    let mut rows = vec![0f32; width];
    rows.reserve(grid.pow(3) * width);
    let omegas: Vec<f64> = (0..part)
        .map(|i| 10_000f64.powf(-(i as f64) / part as f64))
        .collect();
    for patch in 0..grid.pow(3) {
        for at in [patch / (grid * grid), patch / grid % grid, patch % grid] {
            let angles = omegas.iter().map(|omega| at as f64 * omega);
            rows.extend(angles.clone().map(|angle| angle.sin() as f32));
            rows.extend(angles.map(|angle| angle.cos() as f32));
        }
    }
    rows
}
