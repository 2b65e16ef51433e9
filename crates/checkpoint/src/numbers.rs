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
                    Self::F16 => half::f16::from_bits(bits).to_f32(),
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

#[cfg(test)]
mod tests {
    use super::*;

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
