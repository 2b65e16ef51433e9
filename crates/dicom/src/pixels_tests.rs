//! Decoded pixels against pydicom's (`tests/pixels/make_samples.py`): the samples here, and pydicom's own test files where
//! `TRIHER_PYDICOM_FILES` says they are.

use super::*;
use crate::files::sources;
use crate::header;
use std::path::{Path, PathBuf};
use std::sync::Arc;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/pixels")
}

/// All frames of a file.
fn read(path: &Path) -> Result<Vec<f32>, DicomError> {
    let limits = Limits::default();
    let source = Arc::new(sources(path, &limits)?.remove(0));
    let images = header::read(&source, &limits)?;
    if let Some(fault) = &images[0].fault {
        return Err(DicomError::file(&source.name, fault.to_string()));
    }
    let opened = Opened::read(&source, &limits)?;
    let frames = images.iter().map(|image| opened.frame(image, &limits));
    Ok(frames.collect::<Result<Vec<_>, _>>()?.concat())
}

/// Rows of a table: file, voxels, sha256, lowest, highest.
fn expectations(table: &str) -> Vec<[String; 5]> {
    let text = std::fs::read_to_string(folder().join(table)).unwrap();
    let row = |line: &str| {
        let mut cells = line.split(',').map(str::to_owned);
        std::array::from_fn(|_| cells.next().unwrap())
    };
    text.lines().skip(1).map(row).collect()
}

/// What differs from an expectation; lossy decoders may differ by a grey level.
fn difference(
    path: &Path,
    [name, count, sha256, lowest, highest]: &[String; 5],
    lossy: &[&str],
) -> Option<String> {
    let voxels = match read(path) {
        Ok(voxels) => voxels,
        Err(error) => return Some(format!("{name}: {error}")),
    };
    let bytes: Vec<u8> = voxels.iter().flat_map(|v| v.to_le_bytes()).collect();
    let digest: String = Sha256::digest(&bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    let least = voxels.iter().copied().fold(f32::INFINITY, f32::min);
    let most = voxels.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let by = if lossy.contains(&name.as_str()) {
        1.0
    } else {
        0.0
    };
    let close = |found: f32, expected: &str| (found - expected.parse::<f32>().unwrap()).abs() <= by;
    let same = voxels.len().to_string() == *count
        && close(least, lowest)
        && close(most, highest)
        && (by > 0.0 || digest == *sha256);
    (!same).then(|| {
        format!("{name}: {} voxels of {count}, {least} to {most} and not {lowest} to {highest}, or others within", voxels.len())
    })
}

/// Lossy images with a discrete cosine transform.
const LOSSY: [&str; 2] = ["jpeg-baseline-8.dcm", "jpeg-extended-12.dcm"];

#[test]
fn samples_in_every_transfer_syntax_are_decoded_as_by_pydicom() {
    let expected = expectations("expected.csv");
    assert_eq!(expected.len(), 24);
    let wrong: Vec<String> = expected
        .iter()
        .filter_map(|row| difference(&folder().join(&row[0]), row, &LOSSY))
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    for name in LOSSY {
        let path = folder().join(name);
        let theirs = std::fs::read(path.with_extension("raw")).unwrap();
        let theirs = theirs
            .chunks_exact(2)
            .map(|c| f32::from(u16::from_le_bytes([c[0], c[1]])));
        for (ours, theirs) in read(&path).unwrap().iter().zip(theirs) {
            assert!((ours - theirs).abs() <= 1.0, "{name}: {ours} and {theirs}");
        }
    }
}

#[test]
fn the_test_files_of_pydicom_are_decoded_as_by_pydicom() {
    let Some(files) = std::env::var_os("TRIHER_PYDICOM_FILES").map(PathBuf::from) else {
        println!("skipped: TRIHER_PYDICOM_FILES does not say where pydicom's test files are");
        return;
    };
    let wrong: Vec<String> = expectations("pydicom.csv")
        .iter()
        .filter_map(|row| {
            difference(
                &files.join(&row[0]),
                row,
                &["JPGExtended.dcm", "693_J2KI.dcm"],
            )
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    // The others must not panic, whatever they are.
    for entry in std::fs::read_dir(files).unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            println!(
                "{}: {:?}",
                path.display(),
                read(&path).map(|v| v.len()).map_err(|e| e.to_string())
            );
        }
    }
}

/// A sample with some bytes replaced.
fn changed(name: &str, from: &[u8], to: &[u8]) -> Result<Vec<f32>, DicomError> {
    let mut bytes = std::fs::read(folder().join(name)).unwrap();
    let at = bytes.windows(from.len()).position(|w| w == from).unwrap();
    bytes[at..at + from.len()].copy_from_slice(to);
    let file = tempfile::Builder::new().suffix(".dcm").tempfile().unwrap();
    std::fs::write(file.path(), bytes).unwrap();
    read(file.path())
}

#[test]
fn images_that_are_no_mr_images_are_refused() {
    let inverted = changed("explicit-16.dcm", b"MONOCHROME2", b"MONOCHROME1");
    assert!(inverted.unwrap_err().to_string().contains("MONOCHROME1"));
    let bits = changed(
        "explicit-16.dcm",
        b"\x28\0\x01\x01US\x02\0\x10\0",
        b"\x28\0\x01\x01US\x02\0\x11\0",
    );
    assert!(bits.unwrap_err().to_string().contains("17 of 16 bits"));
    // More rows than there are pixels.
    let rows = changed(
        "explicit-16.dcm",
        b"\x28\0\x10\0US\x02\0\x0f\0",
        b"\x28\0\x10\0US\x02\0\xff\xff",
    );
    assert!(rows.unwrap_err().to_string().contains("cut short"));
    for name in [
        "j2k-12.dcm",
        "jpegls-12.dcm",
        "jpeg-extended-12.dcm",
        "jpeg-lossless-sv1-16.dcm",
    ] {
        let rows = if name.starts_with("j2k") { 0x20 } else { 0x0f };
        let from = [b"\x28\0\x10\0US\x02\0".as_slice(), &[rows, 0]].concat();
        let told = changed(name, &from, b"\x28\0\x10\0US\x02\0\x0e\0").unwrap_err();
        assert!(told.to_string().contains("damaged"), "{name}: {told}");
    }
}

#[test]
fn padding_becomes_zero_and_bits_keep_their_sign() {
    let layout = Layout {
        bytes: 2,
        bits_stored: 12,
        high_bit: 11,
        signed: true,
    };
    let scaling = Scaling {
        slope_intercept: (2.0, 5.0),
        padding: Some(-2000),
    };
    let stored: Vec<u8> = [-2000i16, -1, 2047, 0x0fff]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    assert_eq!(
        layout.decode(&stored, false, &scaling),
        [0.0, 3.0, 4099.0, 3.0]
    );
}

#[test]
fn philips_scaling_needs_its_creator() {
    use dicom_core::{DataElement, PrimitiveValue};
    let mut object = InMemDicomObject::new_empty();
    object.put(DataElement::new(
        Tag(0x2005, 0x1010),
        VR::LO,
        PrimitiveValue::from("x"),
    ));
    object.put(DataElement::new(
        Tag(0x2005, 0x0012),
        VR::LO,
        PrimitiveValue::from(PHILIPS_CREATOR),
    ));
    object.put(DataElement::new(
        Tag(0x2005, 0x120e),
        VR::FL,
        PrimitiveValue::from(0.25f32),
    ));
    assert_eq!(philips_scale(&object), Some(0.25));
    object.put(DataElement::new(
        Tag(0x2005, 0x120e),
        VR::UN,
        PrimitiveValue::from(0.25f32.to_le_bytes().to_vec()),
    ));
    assert_eq!(philips_scale(&object), Some(0.25));
    object.remove_element(Tag(0x2005, 0x0012));
    assert_eq!(philips_scale(&object), None);
}
