//! Stored numbers as 32-bit floats.

/// How numbers are stored.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stored {
    F64,
    F32,
    F16,
    Bf16,
}

impl Stored {
    /// Bytes of one number.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::F64 => 8,
            Self::F32 => 4,
            Self::F16 | Self::Bf16 => 2,
        }
    }

    /// Converts whole numbers; bytes left over at the end are dropped.
    pub(crate) fn decode(self, data: &[u8], big_endian: bool) -> Vec<f32> {
        match self {
            Self::F32 => {
                let (chunks, _) = data.as_chunks::<4>();
                if big_endian {
                    chunks.iter().map(|&c| f32::from_be_bytes(c)).collect()
                } else {
                    chunks.iter().map(|&c| f32::from_le_bytes(c)).collect()
                }
            }
            Self::F64 => {
                let number = |&c: &[u8; 8]| {
                    if big_endian {
                        f64::from_be_bytes(c)
                    } else {
                        f64::from_le_bytes(c)
                    }
                };
                data.as_chunks::<8>()
                    .0
                    .iter()
                    .map(|c| number(c) as f32)
                    .collect()
            }
            Self::F16 | Self::Bf16 => {
                let bits = |&c: &[u8; 2]| {
                    if big_endian {
                        u16::from_be_bytes(c)
                    } else {
                        u16::from_le_bytes(c)
                    }
                };
                let number = |bits: u16| match self {
                    Self::F16 => half(bits),
                    _ => f32::from_bits(u32::from(bits) << 16),
                };
                data.as_chunks::<2>()
                    .0
                    .iter()
                    .map(|c| number(bits(c)))
                    .collect()
            }
        }
    }
}

/// IEEE 754 half precision (binary16) to single.
fn half(bits: u16) -> f32 {
    let sign = if bits & 0x8000 == 0 { 1.0 } else { -1.0 };
    let exponent = i32::from(bits >> 10 & 0x1f);
    let fraction = f32::from(bits & 0x3ff);
    match exponent {
        0 => sign * fraction * 2f32.powi(-24),
        31 if fraction == 0.0 => sign * f32::INFINITY,
        31 => f32::NAN,
        _ => sign * (1.0 + fraction / 1024.0) * 2f32.powi(exponent - 15),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Bit patterns of IEEE 754-2019, binary16: one, the smallest subnormal and normal, the largest, infinities.
    #[test]
    fn half_precision_is_converted_exactly() {
        for (bits, value) in [
            (0x3c00, 1.0),
            (0xc000, -2.0),
            (0x0001, 5.960_464_5e-8),
            (0x0400, 6.103_515_6e-5),
            (0x7bff, 65504.0),
            (0x3555, 0.333_251_95),
            (0x7c00, f32::INFINITY),
            (0xfc00, f32::NEG_INFINITY),
        ] {
            assert_eq!(half(bits), value, "{bits:#06x}");
        }
        assert!(half(0x7e00).is_nan());
        assert_eq!(half(0x8000).to_bits(), (-0f32).to_bits());
    }

    #[test]
    fn byte_order_is_honoured() {
        for kind in [Stored::F64, Stored::F32, Stored::F16, Stored::Bf16] {
            let little: Vec<u8> = match kind {
                Stored::F64 => 1.5f64.to_le_bytes().to_vec(),
                Stored::F32 => 1.5f32.to_le_bytes().to_vec(),
                Stored::F16 => vec![0x00, 0x3e],
                Stored::Bf16 => vec![0xc0, 0x3f],
            };
            let big: Vec<u8> = little.iter().rev().copied().collect();
            assert_eq!(kind.decode(&little, false), [1.5]);
            assert_eq!(kind.decode(&big, true), [1.5]);
        }
    }
}
