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

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows that PyTorch computed (`tests/parity/make_reference.py`), to single precision.
    #[test]
    fn the_table_is_that_of_pytorch() {
        let expected = include_str!("../tests/parity/small.json");
        let expected: serde_json::Value = serde_json::from_str(expected).unwrap();
        let expected = &expected["positions"];
        let size = |name: &str| expected[name].as_u64().unwrap() as usize;
        let (grid, width) = (size("grid"), size("width"));
        let table = sine_cosine(grid, width);
        assert_eq!(table.len(), (grid.pow(3) + 1) * width);
        let rows = expected["rows"].as_object().unwrap();
        assert!(rows.len() > 5);
        for (row, numbers) in rows {
            let start = row.parse::<usize>().unwrap() * width;
            let numbers = numbers.as_array().unwrap();
            assert_eq!(numbers.len(), width);
            for (ours, theirs) in table[start..].iter().zip(numbers) {
                let theirs = theirs.as_f64().unwrap();
                assert!((f64::from(*ours) - theirs).abs() < 1e-7, "{ours} {theirs}");
            }
        }
    }
}
