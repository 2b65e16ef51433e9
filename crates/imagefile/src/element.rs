//! Numbers as files store them.

use crate::error::Parse;

/// The type of a stored voxel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Element {
    U8,
    I8,
    U16,
    I16,
    U32,
    I32,
    U64,
    I64,
    F32,
    F64,
}

impl Element {
    /// Bytes of one voxel.
    pub(crate) fn bytes(self) -> usize {
        match self {
            Self::U8 | Self::I8 => 1,
            Self::U16 | Self::I16 => 2,
            Self::U32 | Self::I32 | Self::F32 => 4,
            Self::U64 | Self::I64 | Self::F64 => 8,
        }
    }

    /// Stored voxels as numbers, each passed through `scale` (slope, intercept) when there is one.
    pub(crate) fn decode(
        self,
        data: &[u8],
        big_endian: bool,
        scale: Option<(f64, f64)>,
    ) -> Vec<f32> {
        macro_rules! numbers {
            ($type:ty) => {
                data.chunks_exact(size_of::<$type>())
                    .map(|chunk| {
                        let mut bytes = [0u8; size_of::<$type>()];
                        bytes.copy_from_slice(chunk);
                        let value = if big_endian {
                            <$type>::from_be_bytes(bytes)
                        } else {
                            <$type>::from_le_bytes(bytes)
                        };
                        match scale {
                            Some((slope, intercept)) => (value as f64 * slope + intercept) as f32,
                            None => value as f32,
                        }
                    })
                    .collect()
            };
        }
        match self {
            Self::U8 => numbers!(u8),
            Self::I8 => numbers!(i8),
            Self::U16 => numbers!(u16),
            Self::I16 => numbers!(i16),
            Self::U32 => numbers!(u32),
            Self::I32 => numbers!(i32),
            Self::U64 => numbers!(u64),
            Self::I64 => numbers!(i64),
            Self::F32 => numbers!(f32),
            Self::F64 => numbers!(f64),
        }
    }
}

/// A slice of fixed length at a place of a header, or a sentence.
pub(crate) fn field<const N: usize>(bytes: &[u8], at: usize) -> Parse<[u8; N]> {
    let slice = at.checked_add(N).and_then(|end| bytes.get(at..end));
    let mut out = [0u8; N];
    match slice {
        Some(slice) => {
            out.copy_from_slice(slice);
            Ok(out)
        }
        None => Err("the header is cut short: copy the file again from its source".to_owned()),
    }
}
