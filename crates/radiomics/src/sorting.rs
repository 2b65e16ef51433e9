//! Intensities in ascending order, by their digits: no comparison per pair, so the cost is linear.

/// Digits of 11 bits: three cover a single-precision number, and a table of them stays in the nearest cache.
const DIGIT: u32 = 11;
const BUCKETS: usize = 1 << DIGIT;

/// Below this many values a sort by comparisons costs less than going through the tables.
const FEW: usize = 1 << 10;

/// Values in the order of [`f32::total_cmp`], in double precision.
pub(crate) fn ascending(values: impl Iterator<Item = f32>) -> Vec<f64> {
    let mut keys: Vec<u32> = values.map(key).collect();
    if keys.len() < FEW {
        keys.sort_unstable();
    } else {
        let mut other = vec![0u32; keys.len()];
        for pass in 0..32u32.div_ceil(DIGIT) {
            let digit = |key: u32| (key >> (pass * DIGIT)) as usize % BUCKETS;
            let mut places = [0usize; BUCKETS];
            for &key in &keys {
                places[digit(key)] += 1;
            }
            let mut before = 0;
            for place in &mut places {
                (*place, before) = (before, before + *place);
            }
            for &key in &keys {
                let place = &mut places[digit(key)];
                other[*place] = key;
                *place += 1;
            }
            std::mem::swap(&mut keys, &mut other);
        }
    }
    keys.into_iter().map(|k| f64::from(value(k))).collect()
}

/// A number whose order as an integer is the value's: negative values count downwards, so all their bits turn.
fn key(value: f32) -> u32 {
    let bits = value.to_bits();
    if bits >> 31 == 0 {
        bits | 1 << 31
    } else {
        !bits
    }
}

/// What [`key`] was made from.
fn value(key: u32) -> f32 {
    f32::from_bits(if key >> 31 == 0 {
        !key
    } else {
        key & !(1 << 31)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As the standard library's sort by comparisons, below and beyond the count from which digits are used.
    #[test]
    fn the_order_is_that_of_comparisons() {
        for count in [0, 1, 7, FEW - 1, FEW, 5000] {
            let mut values: Vec<f32> = (0..count as u32)
                .map(|i| (f64::from(i.wrapping_mul(2_654_435_761)) - 2e9) as f32 * 1e-6)
                .collect();
            if count > 4 {
                values[..4].copy_from_slice(&[0.0, -0.0, f32::MAX, f32::MIN]);
            }
            let found = ascending(values.iter().copied());
            values.sort_by(f32::total_cmp);
            assert_eq!(found.len(), values.len());
            for (a, b) in found.iter().zip(&values) {
                assert_eq!(a.to_bits(), f64::from(*b).to_bits());
            }
        }
    }
}
