//! Numbers as files store them.

use crate::error::{Parse, malformed};

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

/// `$body` once for the Rust type `$type` that `$element` stands for.
macro_rules! with_type {
    ($element:expr, $type:ident => $body:expr) => {
        match $element {
            Element::U8 => {
                type $type = u8;
                $body
            }
            Element::I8 => {
                type $type = i8;
                $body
            }
            Element::U16 => {
                type $type = u16;
                $body
            }
            Element::I16 => {
                type $type = i16;
                $body
            }
            Element::U32 => {
                type $type = u32;
                $body
            }
            Element::I32 => {
                type $type = i32;
                $body
            }
            Element::U64 => {
                type $type = u64;
                $body
            }
            Element::I64 => {
                type $type = i64;
                $body
            }
            Element::F32 => {
                type $type = f32;
                $body
            }
            Element::F64 => {
                type $type = f64;
                $body
            }
        }
    };
}

/// One number from its bytes. Inlined so that the byte order is decided once per array.
macro_rules! number {
    ($type:ty, $chunk:expr, $from:ident) => {{
        let mut bytes = [0u8; size_of::<$type>()];
        bytes.copy_from_slice($chunk);
        <$type>::$from(bytes)
    }};
}

impl Element {
    /// Bytes of one voxel.
    pub(crate) fn bytes(self) -> usize {
        with_type!(self, T => size_of::<T>())
    }

    /// Stored voxels as intensities, each passed through `scale` (slope, intercept; in double precision) when
    /// there is one. Without scaling, integers are rounded to the nearest `f32` once.
    #[expect(
        clippy::unnecessary_cast,
        reason = "the cast does nothing for one type of ten"
    )]
    pub(crate) fn decode(
        self,
        data: &[u8],
        big_endian: bool,
        scale: Option<(f64, f64)>,
    ) -> Vec<f32> {
        with_type!(self, T => {
            let chunks = data.chunks_exact(size_of::<T>());
            match (big_endian, scale) {
                (false, None) => chunks.map(|c| number!(T, c, from_le_bytes) as f32).collect(),
                (true, None) => chunks.map(|c| number!(T, c, from_be_bytes) as f32).collect(),
                (false, Some((slope, intercept))) => chunks
                    .map(|c| (number!(T, c, from_le_bytes) as f64 * slope + intercept) as f32)
                    .collect(),
                (true, Some((slope, intercept))) => chunks
                    .map(|c| (number!(T, c, from_be_bytes) as f64 * slope + intercept) as f32)
                    .collect(),
            }
        })
    }

    /// Stored voxels as labels; the first value that is no whole number within `i32` as the error.
    ///
    /// A scaled value may be off by rounding of the slope (stored in single precision): 1e-4 is allowed.
    #[expect(
        clippy::unnecessary_cast,
        reason = "the cast does nothing for one type of ten"
    )]
    pub(crate) fn decode_labels(
        self,
        data: &[u8],
        big_endian: bool,
        scale: Option<(f64, f64)>,
    ) -> Result<Vec<i32>, f64> {
        let (slope, intercept) = scale.unwrap_or((1.0, 0.0));
        let tolerance = if scale.is_some() { 1e-4 } else { 0.0 };
        // 64-bit integers beyond 2^53 round to doubles beyond i32 all the same.
        let label = |stored: f64| {
            let value = if scale.is_some() {
                stored * slope + intercept
            } else {
                stored
            };
            let whole = value.round();
            let fits = (value - whole).abs() <= tolerance
                && (f64::from(i32::MIN)..=f64::from(i32::MAX)).contains(&whole);
            if fits { Ok(whole as i32) } else { Err(value) }
        };
        with_type!(self, T => {
            let chunks = data.chunks_exact(size_of::<T>());
            if big_endian {
                chunks.map(|c| label(number!(T, c, from_be_bytes) as f64)).collect()
            } else {
                chunks.map(|c| label(number!(T, c, from_le_bytes) as f64)).collect()
            }
        })
    }
}

/// `N` bytes at a place of a header, or a sentence.
pub(crate) fn field<const N: usize>(bytes: &[u8], at: usize) -> Parse<[u8; N]> {
    let slice = at.checked_add(N).and_then(|end| bytes.get(at..end));
    match slice.and_then(|s| <[u8; N]>::try_from(s).ok()) {
        Some(array) => Ok(array),
        None => malformed("the header is cut short: copy the file again from its source"),
    }
}
