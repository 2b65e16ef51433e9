//! Building data sets: values in DICOM's own notation, and identifiers that do not change from run to run.

use crate::DicomWriteError;
use dicom_core::value::DataSetSequence;
use dicom_core::{DataElement, PrimitiveValue, Tag, VR};
use dicom_object::{FileMetaTableBuilder, InMemDicomObject};
use sha2::{Digest, Sha256};
use std::path::Path;

/// Explicit VR little endian.
const EXPLICIT_LITTLE: &str = "1.2.840.10008.1.2.1";

/// A data set that is being built.
#[derive(Clone)]
pub(crate) struct Elements(InMemDicomObject);

impl Elements {
    pub(crate) fn new() -> Self {
        Self(InMemDicomObject::new_empty())
    }

    /// A value as text.
    pub(crate) fn text(&mut self, tag: Tag, vr: VR, value: &str) -> &mut Self {
        self.0
            .put(DataElement::new(tag, vr, PrimitiveValue::from(value)));
        self
    }

    /// An element that is there and empty (type 2).
    pub(crate) fn empty(&mut self, tag: Tag, vr: VR) -> &mut Self {
        self.0.put(DataElement::new(tag, vr, PrimitiveValue::Empty));
        self
    }

    /// Several values of one element, as text.
    pub(crate) fn texts(&mut self, tag: Tag, vr: VR, values: &[String]) -> &mut Self {
        let values = PrimitiveValue::Strs(values.iter().cloned().collect());
        self.0.put(DataElement::new(tag, vr, values));
        self
    }

    /// Decimal strings.
    pub(crate) fn decimals(&mut self, tag: Tag, values: &[f64]) -> &mut Self {
        self.texts(
            tag,
            VR::DS,
            &values.iter().map(|&v| decimal(v)).collect::<Vec<_>>(),
        )
    }

    /// A 16-bit number.
    pub(crate) fn short(&mut self, tag: Tag, value: u16) -> &mut Self {
        self.0
            .put(DataElement::new(tag, VR::US, PrimitiveValue::from(value)));
        self
    }

    /// A double.
    pub(crate) fn double(&mut self, tag: Tag, value: f64) -> &mut Self {
        self.0
            .put(DataElement::new(tag, VR::FD, PrimitiveValue::from(value)));
        self
    }

    /// 32-bit numbers.
    pub(crate) fn longs(&mut self, tag: Tag, values: &[u32]) -> &mut Self {
        self.0.put(DataElement::new(
            tag,
            VR::UL,
            PrimitiveValue::U32(values.iter().copied().collect()),
        ));
        self
    }

    /// Attribute tags.
    pub(crate) fn tags(&mut self, tag: Tag, values: &[Tag]) -> &mut Self {
        self.0.put(DataElement::new(
            tag,
            VR::AT,
            PrimitiveValue::Tags(values.iter().copied().collect()),
        ));
        self
    }

    /// Bytes.
    pub(crate) fn bytes(&mut self, tag: Tag, vr: VR, mut bytes: Vec<u8>) -> &mut Self {
        if bytes.len() % 2 == 1 {
            bytes.push(0);
        }
        let value = match vr {
            VR::OW => {
                let words = bytes
                    .chunks_exact(2)
                    .map(|c| u16::from_le_bytes([c[0], c[1]]));
                PrimitiveValue::U16(words.collect())
            }
            _ => PrimitiveValue::U8(bytes.into_iter().collect()),
        };
        self.0.put(DataElement::new(tag, vr, value));
        self
    }

    /// A sequence of items.
    pub(crate) fn sequence(&mut self, tag: Tag, items: Vec<Elements>) -> &mut Self {
        let items: Vec<InMemDicomObject> = items.into_iter().map(|i| i.0).collect();
        self.0
            .put(DataElement::new(tag, VR::SQ, DataSetSequence::from(items)));
        self
    }

    /// A sequence of one item that is filled in by a function.
    pub(crate) fn item(&mut self, tag: Tag, fill: impl FnOnce(&mut Elements)) -> &mut Self {
        let mut item = Elements::new();
        fill(&mut item);
        self.sequence(tag, vec![item])
    }

    /// A coded concept: value, scheme, meaning.
    pub(crate) fn code(&mut self, tag: Tag, code: (&str, &str, &str)) -> &mut Self {
        use dicom_dictionary_std::tags;
        self.item(tag, |item| {
            item.text(tags::CODE_VALUE, VR::SH, code.0)
                .text(tags::CODING_SCHEME_DESIGNATOR, VR::SH, code.1)
                .text(tags::CODE_MEANING, VR::LO, code.2);
        })
    }

    /// Writes the data set as a file.
    pub(crate) fn write(
        self,
        path: &Path,
        class: &str,
        instance: &str,
    ) -> Result<(), DicomWriteError> {
        let fail = |problem: String| DicomWriteError::Write {
            path: path.to_owned(),
            problem,
        };
        let meta = FileMetaTableBuilder::new()
            .transfer_syntax(EXPLICIT_LITTLE)
            .media_storage_sop_class_uid(class)
            .media_storage_sop_instance_uid(instance)
            .implementation_class_uid(uid("triher implementation"))
            .implementation_version_name("TRIHER");
        let object = self.0.with_meta(meta).map_err(|e| fail(e.to_string()))?;
        object.write_to_file(path).map_err(|e| fail(e.to_string()))
    }
}

/// A unique identifier from a text: under 2.25, the number of a UUID made of the text's SHA-256 (PS3.5, B.2). The same text
/// gives the same identifier.
pub(crate) fn uid(text: &str) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let mut bytes = [0u8; 16];
    bytes.copy_from_slice(&digest[..16]);
    // Version 8 (custom) and the RFC's variant.
    bytes[6] = bytes[6] & 0x0f | 0x80;
    bytes[8] = bytes[8] & 0x3f | 0x80;
    format!("2.25.{}", u128::from_be_bytes(bytes))
}

/// A number in at most the 16 characters of a decimal string, with as many digits as fit.
pub(crate) fn decimal(value: f64) -> String {
    let value = if value == 0.0 { 0.0 } else { value };
    let plain = value.to_string();
    if plain.len() <= 16 {
        return plain;
    }
    let magnitude = value.abs();
    for digits in (0..=14).rev() {
        let text = if (1e-4..1e14).contains(&magnitude) {
            format!("{value:.digits$}")
        } else {
            format!("{value:.digits$e}")
        };
        if text.len() <= 16 {
            return text;
        }
    }
    "0".to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn identifiers_are_valid_and_differ() {
        let (a, b) = (uid("a"), uid("b"));
        assert_ne!(a, b);
        assert_eq!(a, uid("a"));
        for id in [a, b] {
            assert!(id.len() <= 64 && id.starts_with("2.25."), "{id}");
            let number: u128 = id["2.25.".len()..].parse().unwrap();
            assert_eq!((number >> 76 & 0xf, number >> 62 & 3), (8, 2));
        }
    }

    proptest! {
        #[test]
        fn decimals_fit_and_are_near(value in prop::num::f64::NORMAL | prop::num::f64::ZERO) {
            let text = decimal(value);
            prop_assert!(text.len() <= 16, "{text}");
            prop_assert!(text.bytes().all(|b| b"0123456789+-.e".contains(&b)), "{text}");
            let back: f64 = text.parse().unwrap();
            prop_assert!((back - value).abs() <= 1e-8 * value.abs(), "{text} for {value}");
        }

        #[test]
        fn positions_keep_nine_decimals_of_a_millimetre(value in -5000.0f64..5000.0) {
            let back: f64 = decimal(value).parse().unwrap();
            prop_assert!((back - value).abs() < 1e-9, "{back} for {value}");
        }
    }
}
