//! The fixed 3-D sine-cosine table of positions.

/// Row after row for the class token (zeros) and `grid^3` patches in C order: `grid^3 + 1` rows of `width`, which 6 divides.
///
/// With `omega_i = 10000^(-i / (width / 6))`, a patch at (h, w, d) has the row `[sin(h omega), cos(h omega), sin(w omega),
/// cos(w omega), sin(d omega), cos(d omega)]`: the table of MoCo v3 in three dimensions. Computed in double precision.
pub(crate) fn sine_cosine(grid: usize, width: usize) -> Vec<f32> {
    let part = width / 6;
    let mut table = vec![0f32; (grid.pow(3) + 1) * width];
    let rows = table.chunks_exact_mut(width).skip(1);
    for (patch, row) in rows.enumerate() {
        let position = [patch / (grid * grid), patch / grid % grid, patch % grid];
        for (axis, &at) in position.iter().enumerate() {
            for i in 0..part {
                let omega = 10_000f64.powf(-(i as f64) / part as f64);
                let angle = at as f64 * omega;
                row[2 * axis * part + i] = angle.sin() as f32;
                row[(2 * axis + 1) * part + i] = angle.cos() as f32;
            }
        }
    }
    table
}
