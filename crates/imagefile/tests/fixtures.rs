//! Every file of `fixtures/` against what nibabel, SimpleITK and pynrrd say of it (`generate.py`).
//!
//! Tolerances: affines 1e-4 mm (single precision in the files), sums of voxels 1e-6 of the sum of magnitudes.

#![expect(clippy::unwrap_used, reason = "helpers of tests may unwrap")]

use serde_json::Value;
use std::path::{Path, PathBuf};
use triher_imagefile::{
    ImageFileError, ReadOptions, read_from_bytes, read_geometry, read_image, read_image_with,
    read_images, read_images_with, read_labels, read_mask, read_mask_with, read_nrrd_segments,
    read_regions,
};
use triher_volume::Image;

fn fixture(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/fixtures")
        .join(name)
}

fn expectations() -> serde_json::Map<String, Value> {
    let text = std::fs::read_to_string(fixture("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

fn weighted(values: impl Iterator<Item = f64>) -> f64 {
    values
        .enumerate()
        .map(|(n, v)| (n % 97 + 1) as f64 * v)
        .sum()
}

fn check_voxels(name: &str, image: &Image, expected: &Value) {
    let values = || image.voxels().iter().map(|v| f64::from(*v));
    let magnitude: f64 = weighted(values().map(f64::abs)).max(1.0);
    let close = |found: f64, key: &str| {
        let wanted = expected[key].as_f64().unwrap();
        assert!(
            (found - wanted).abs() <= 1e-6 * magnitude,
            "{name} {key}: {found} instead of {wanted}"
        );
    };
    close(values().sum(), "sum");
    close(weighted(values()), "weighted");
}

#[test]
fn geometry_voxels_and_warnings_are_those_of_independent_readers() {
    let mut checked = 0;
    for (name, expected) in &expectations() {
        let Some(volumes) = expected["volumes"].as_array() else {
            continue;
        };
        let read = read_images(&fixture(name)).unwrap_or_else(|e| panic!("{e}"));
        assert_eq!(read.images.len(), volumes.len(), "{name}");
        for (image, volume) in read.images.iter().zip(volumes) {
            let size: Vec<usize> = serde_json::from_value(expected["size"].clone()).unwrap();
            assert_eq!(image.geometry().size().as_slice(), size, "{name}");
            for row in 0..3 {
                for column in 0..4 {
                    let wanted = expected["affine"][row][column].as_f64().unwrap();
                    let found = image.geometry().affine()[(row, column)];
                    assert!(
                        (found - wanted).abs() < 1e-4,
                        "{name}: {} instead of {}",
                        image.geometry().affine(),
                        expected["affine"]
                    );
                }
            }
            if !volume.is_null() {
                check_voxels(name, image, volume);
            }
        }
        assert_eq!(read.volume_step_s, expected["step_s"].as_f64(), "{name}");
        let wanted = expected["warnings"].as_array().cloned().unwrap_or_default();
        assert_eq!(
            read.warnings.len(),
            wanted.len(),
            "{name}: {:?}",
            read.warnings
        );
        for (warning, part) in read.warnings.iter().zip(&wanted) {
            assert!(warning.starts_with(&format!("{name}: ")), "{warning}");
            assert!(warning.contains(part.as_str().unwrap()), "{warning}");
        }
        let strict = read_images_with(&fixture(name), &ReadOptions { strict: true });
        assert_eq!(strict.is_err(), !wanted.is_empty(), "{name}");
        let grid = read_geometry(&fixture(name)).unwrap();
        assert_eq!(&grid, read.images[0].geometry(), "{name}");
        checked += 1;
    }
    assert!(checked > 65, "{checked}");
}

#[test]
fn segments_of_3d_slicer_have_their_names_and_voxels() {
    let mut checked = 0;
    for (name, expected) in &expectations() {
        let Some(wanted) = expected["segments"].as_array() else {
            continue;
        };
        let found = read_nrrd_segments(&fixture(name)).unwrap();
        assert_eq!(found.len(), wanted.len(), "{name}");
        for ((title, mask), wanted) in found.iter().zip(wanted) {
            assert_eq!(title, wanted[0].as_str().unwrap());
            assert_eq!(mask.count() as u64, wanted[1].as_u64().unwrap());
            let sum = weighted(mask.voxels().iter().map(|&v| f64::from(u8::from(v))));
            assert_eq!(sum, wanted[2].as_f64().unwrap());
        }
        assert_eq!(read_regions(&fixture(name)).unwrap(), found);
        checked += 1;
    }
    assert_eq!(checked, 2);
    let error = read_nrrd_segments(&fixture("nrrd_gzip.nrrd")).unwrap_err();
    assert!(error.to_string().contains("names no segments"), "{error}");
}

#[test]
fn labels_are_exact_beyond_what_single_precision_holds() {
    let labels = read_labels(&fixture("labels_beyond_2_24.nii")).unwrap();
    let small = read_labels(&fixture("labels.nii.gz")).unwrap();
    for (big, small) in labels.voxels().iter().zip(small.voxels()) {
        assert_eq!(*big, small * 16_777_217);
    }
    assert!(small.voxels().contains(&3));
    let error = read_labels(&fixture("mask_of_fractions.nii")).unwrap_err();
    assert!(
        matches!(error, ImageFileError::NotLabels { value: 0.5, .. }),
        "{error}"
    );
}

#[test]
fn a_mask_reports_what_is_no_whole_number_and_refuses_nan() {
    let mask = read_mask(&fixture("labels.nii.gz")).unwrap();
    let labels = read_labels(&fixture("labels.nii.gz")).unwrap();
    assert_eq!(
        mask.count(),
        labels.voxels().iter().filter(|v| **v > 0).count()
    );
    let read = read_mask_with(&fixture("mask_of_fractions.nii"), &ReadOptions::default()).unwrap();
    assert_eq!(read.mask.count(), mask.count());
    assert!(
        read.warnings[0].contains("15 voxels of the mask are no whole numbers"),
        "{:?}",
        read.warnings
    );
    let error = read_mask(&fixture("nan.nii")).unwrap_err();
    assert!(
        matches!(error, ImageFileError::NotAMask { count: 1, .. }),
        "{error}"
    );
}

#[test]
fn nan_stays_in_an_image() {
    let image = read_image(&fixture("nan.nii")).unwrap();
    assert!(image.get([1, 1, 1]).unwrap().is_nan());
    assert_eq!(image.get([2, 1, 1]), Some(&f32::INFINITY));
}

#[test]
fn every_file_read_is_named_with_its_hash() {
    let read = read_image_with(&fixture("pair.img"), &ReadOptions::default()).unwrap();
    let names: Vec<&str> = read.files.iter().map(|f| f.name.as_str()).collect();
    assert_eq!(names, ["pair.hdr", "pair.img"]);
    assert_eq!(read.sha256, read.files[1].sha256);
    assert_eq!(read.sha256.len(), 64);
    assert_ne!(read.files[0].sha256, read.files[1].sha256);
    let by_header = read_image(&fixture("pair.hdr")).unwrap();
    assert_eq!(by_header.voxels(), read.image.voxels());
}

#[test]
fn bytes_in_memory_are_read_alike_and_pairs_are_refused() {
    let bytes = std::fs::read(fixture("dynamic.nii.gz")).unwrap();
    let read = read_from_bytes("dynamic.nii.gz", &bytes, &ReadOptions::default()).unwrap();
    let file = read_images(&fixture("dynamic.nii.gz")).unwrap();
    assert_eq!(read.images, file.images);
    assert_eq!(read.sha256, file.sha256);
    let header = std::fs::read(fixture("pair.hdr")).unwrap();
    let error = read_from_bytes("pair.hdr", &header, &ReadOptions::default()).unwrap_err();
    assert!(error.to_string().contains("another file"), "{error}");
}

#[test]
fn what_cannot_be_read_is_said_with_the_file_and_the_remedy() {
    let folder = tempfile::tempdir().unwrap();
    let changed = |name: &str, source: &str, change: &dyn Fn(&mut Vec<u8>)| {
        let mut bytes = std::fs::read(fixture(source)).unwrap();
        change(&mut bytes);
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap();
        let message = read_images(&path).unwrap_err().to_string();
        assert!(message.contains(name), "{message}");
        message
    };
    let le = "nifti1_int16_le.nii";
    for (message, expected) in [
        (
            changed("complex.nii", "complex.nii", &|_| ()),
            "complex numbers",
        ),
        (changed("rgb.nii", "rgb.nii", &|_| ()), "colours"),
        (
            changed("short.nii", le, &|b| b.truncate(400)),
            "declares 472 bytes, and the file holds 400",
        ),
        (
            changed("header_only.nii", le, &|b| b.truncate(100)),
            "cut short",
        ),
        (
            changed("empty.nii", le, &|b| b.clear()),
            "no NIfTI, Analyze or NRRD",
        ),
        (
            changed("text.nii", le, &|b| *b = b"not an image at all".to_vec()),
            "no NIfTI",
        ),
        (changed("magic.nii", le, &|b| b[344] = b'x'), "magic number"),
        (
            changed("huge.nii", le, &|b| b[42..48].fill(0x7f)),
            "at most 8589934592 are read",
        ),
        (changed("negative.nii", le, &|b| b[43] = 0xff), "dimensions"),
        (
            changed("offset.nii", le, &|b| {
                b[108..112].copy_from_slice(&f32::NAN.to_le_bytes())
            }),
            "begin at byte NaN",
        ),
        (
            changed("inside.nii", le, &|b| {
                b[108..112].copy_from_slice(&100f32.to_le_bytes())
            }),
            "inside the header",
        ),
        (
            changed("alone.hdr", "pair.hdr", &|_| ()),
            "alone.img beside it",
        ),
        (
            changed("textmode.nii", "nifti2_le.nii", &|b| b[8] = b'\n'),
            "text mode",
        ),
        (
            changed("cut.nii.gz", "dynamic.nii.gz", &|b| b.truncate(300)),
            "is cut short",
        ),
        (
            changed("crc.nii.gz", "sagittal.nii.gz", &|b| {
                let n = b.len();
                b[n - 6] ^= 1
            }),
            "checksum",
        ),
        (
            changed("cut.nrrd", "nrrd_int16_little.nrrd", &|b| {
                b.truncate(b.len() - 9)
            }),
            "it is cut short",
        ),
        (
            changed("cut_ascii.nrrd", "nrrd_ascii.nrrd", &|b| {
                b.truncate(b.len() - 20)
            }),
            "of the 60 voxels",
        ),
        (
            changed("lonely.nhdr", "detached.nhdr", &|_| ()),
            "detached.raw beside it",
        ),
    ] {
        assert!(message.contains(expected), "{message}");
    }
    let error = read_image(&fixture("dynamic.nii.gz")).unwrap_err();
    assert!(
        matches!(error, ImageFileError::SeveralVolumes { count: 3, .. }),
        "{error}"
    );
}

#[test]
fn a_small_gzip_that_unpacks_to_much_is_bounded_by_its_header() {
    // A header of 60 voxels, followed by 64 MiB of zeros.
    let mut bytes = std::fs::read(fixture("nifti1_int16_le.nii")).unwrap();
    bytes.resize(64 << 20, 0);
    let mut packer = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    std::io::Write::write_all(&mut packer, &bytes).unwrap();
    let packed = packer.finish().unwrap();
    let read = read_from_bytes("bomb.nii.gz", &packed, &ReadOptions::default()).unwrap();
    assert!(
        read.warnings[0].contains("more bytes than its header declares"),
        "{:?}",
        read.warnings
    );
    assert_eq!(read.images[0].voxels().len(), 60);
}
