//! A parsed data set: its transfer syntax, the attributes that are kept, and where its pixels are.

use crate::files::Limits;
use crate::prelude;
use crate::wire::{self, Encoding, FETCH_AGAIN, PixelElement, Problem};
use dicom_core::Tag;
use dicom_dictionary_std::uids;
use dicom_encoding::transfer_syntax::TransferSyntaxIndex;
use dicom_object::InMemDicomObject;
use dicom_transfer_syntax_registry::TransferSyntaxRegistry;
use std::io::Read;
use std::panic::{AssertUnwindSafe, catch_unwind};

pub(crate) const EXPLICIT_BIG_ENDIAN: &str = "1.2.840.10008.1.2.2";

/// Encapsulated syntaxes whose pixels are read.
const PIXELS_READ: [&str; 9] = [
    uids::RLE_LOSSLESS,
    uids::JPEG_BASELINE8_BIT,
    uids::JPEG_EXTENDED12_BIT,
    uids::JPEG_LOSSLESS,
    uids::JPEG_LOSSLESS_SV1,
    uids::JPEGLS_LOSSLESS,
    uids::JPEGLS_NEAR_LOSSLESS,
    uids::JPEG2000_LOSSLESS,
    uids::JPEG2000,
];

/// The kept part of a file.
pub(crate) struct DataSet {
    /// Transfer syntax UID.
    pub(crate) syntax: String,
    pub(crate) object: InMemDicomObject,
    pub(crate) pixels: Option<PixelElement>,
    /// Bytes of the file before the data set.
    pub(crate) start: u64,
}

impl DataSet {
    /// Reads the header from a stream, up to the pixels.
    pub(crate) fn read(stream: &mut dyn Read, limits: &Limits) -> Result<Self, Problem> {
        let prelude = prelude::prelude(stream)?;
        let start = prelude.length;
        let syntax = match prelude.syntax {
            Some(syntax) => syntax,
            None => prelude::guess(&prelude.ahead)
                .ok_or_else(|| {
                    format!("it begins like DICOM and does not go on so; {FETCH_AGAIN}")
                })?
                .to_owned(),
        };
        let encoding = encoding_of(&syntax, &prelude.ahead);
        let rest = prelude.ahead.as_slice().chain(stream);
        Self::parse(syntax, encoding, start, rest, limits)
    }

    /// Reads a file in memory: its header, and the bytes of its data set, inflated if need be.
    pub(crate) fn read_whole(bytes: Vec<u8>, limits: &Limits) -> Result<(Self, Vec<u8>), Problem> {
        let mut header = Self::read(&mut bytes.as_slice(), limits)?;
        if header.syntax != uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN {
            return Ok((header, bytes));
        }
        let packed = usize::try_from(header.start)
            .ok()
            .and_then(|start| bytes.get(start..))
            .unwrap_or_default();
        let mut data = Vec::new();
        let inflated = prelude::inflate(packed, limits).read_to_end(&mut data);
        if inflated.is_err() || data.len() as u64 >= limits.file_bytes {
            return Err(format!(
                "its deflated data set is damaged or has more than {} MiB; {FETCH_AGAIN}",
                limits.file_bytes >> 20
            ));
        }
        header.start = 0;
        Ok((header, data))
    }

    fn parse(
        syntax: String,
        encoding: Encoding,
        start: u64,
        mut stream: impl Read,
        limits: &Limits,
    ) -> Result<Self, Problem> {
        let walked = if syntax == uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN {
            wire::walk(&mut prelude::inflate(stream, limits), encoding)
        } else {
            wire::walk(&mut stream, encoding)
        };
        // Of an unknown syntax, not even the header can be trusted to be explicit.
        let walked = walked.map_err(|problem| unread(&syntax).unwrap_or(problem))?;
        let plain = match (encoding.explicit, encoding.big_endian) {
            (false, _) => uids::IMPLICIT_VR_LITTLE_ENDIAN,
            (true, false) => uids::EXPLICIT_VR_LITTLE_ENDIAN,
            (true, true) => EXPLICIT_BIG_ENDIAN,
        };
        let parsed = catch_unwind(AssertUnwindSafe(|| {
            let plain = TransferSyntaxRegistry.get(plain)?;
            InMemDicomObject::read_dataset_with_ts(walked.kept.as_slice(), plain).ok()
        }));
        match parsed {
            Ok(Some(object)) => Ok(Self {
                syntax,
                object,
                pixels: walked.pixels,
                start,
            }),
            _ => Err(format!("its elements cannot be parsed; {FETCH_AGAIN}")),
        }
    }

    /// Why the pixels of this file's transfer syntax cannot be read.
    pub(crate) fn unread(&self) -> Option<Problem> {
        unread(&self.syntax)
    }

    /// Whether the pixels are compressed frame by frame.
    pub(crate) fn is_encapsulated(&self) -> bool {
        self.pixels.is_some_and(|p| p.length.is_none())
    }
}

/// How a data set is encoded: as its transfer syntax says, except that some writers say explicit and write implicit.
fn encoding_of(syntax: &str, start: &[u8]) -> Encoding {
    let implicit = syntax == uids::IMPLICIT_VR_LITTLE_ENDIAN
        || (syntax != uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
            && prelude::guess(start) == Some(uids::IMPLICIT_VR_LITTLE_ENDIAN));
    Encoding {
        explicit: !implicit,
        big_endian: syntax == EXPLICIT_BIG_ENDIAN,
    }
}

fn unread(syntax: &str) -> Option<Problem> {
    let native = matches!(
        syntax,
        uids::IMPLICIT_VR_LITTLE_ENDIAN
            | uids::EXPLICIT_VR_LITTLE_ENDIAN
            | uids::DEFLATED_EXPLICIT_VR_LITTLE_ENDIAN
            | EXPLICIT_BIG_ENDIAN
    );
    if native || PIXELS_READ.contains(&syntax) {
        return None;
    }
    let name = TransferSyntaxRegistry.get(syntax).map(|s| s.name());
    let name = name.map_or_else(
        || "which is unknown".to_owned(),
        |name| format!("which is {name}"),
    );
    Some(format!(
        "its transfer syntax is {syntax}, {name} and is not read; transcode it with gdcmconv --raw, or dcmdjpeg of dcmtk"
    ))
}

/// Values of a data set, where they are what they should be.
pub(crate) struct Fields<'a>(pub(crate) &'a InMemDicomObject);

impl<'a> Fields<'a> {
    pub(crate) fn text(&self, tag: Tag) -> Option<String> {
        let text = self.0.get(tag)?.to_str().ok()?;
        let text = text.trim_matches(|c: char| c.is_whitespace() || c == '\0');
        (!text.is_empty()).then(|| text.to_owned())
    }

    pub(crate) fn texts(&self, tag: Tag) -> Vec<String> {
        let values = self.0.get(tag).and_then(|e| e.to_multi_str().ok());
        values
            .map(|v| v.iter().map(|t| t.trim().to_owned()).collect())
            .unwrap_or_default()
    }

    pub(crate) fn integer(&self, tag: Tag) -> Option<i64> {
        self.0.get(tag)?.to_int().ok()
    }

    pub(crate) fn size(&self, tag: Tag) -> Option<usize> {
        self.integer(tag).and_then(|n| usize::try_from(n).ok())
    }

    pub(crate) fn number(&self, tag: Tag) -> Option<f64> {
        self.0.get(tag)?.to_float64().ok().filter(|v| v.is_finite())
    }

    pub(crate) fn many(&self, tag: Tag) -> Option<Vec<f64>> {
        let values = self.0.get(tag)?.to_multi_float64().ok()?;
        values.iter().all(|v| v.is_finite()).then_some(values)
    }

    pub(crate) fn numbers<const N: usize>(&self, tag: Tag) -> Option<[f64; N]> {
        <[f64; N]>::try_from(self.many(tag)?).ok()
    }

    pub(crate) fn items(&self, sequence: Tag) -> &'a [InMemDicomObject] {
        let items = self.0.get(sequence).and_then(|e| e.items());
        items.unwrap_or_default()
    }
}
