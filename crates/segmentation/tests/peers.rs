//! Every voxel as other software reads it: SEG by highdicom, contours filled by Shapely, `ucsf-br-06` by pydicom (`peers/make_samples.py`).

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::PathBuf;
use triher_segmentation::{
    NamedMask, ReadOptions, SegmentationError, is_rtstruct, is_segmentation, read_masks,
    read_masks_with,
};
use triher_volume::{Geometry, Mask};

/// A region as the other software reads it.
#[derive(Debug, Deserialize, PartialEq)]
struct Region {
    number: u32,
    label: String,
    slices: Vec<usize>,
    sha256: String,
}

fn folder() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/peers")
}

/// The images' grid of `make_samples.py`.
fn grid() -> Geometry {
    let directions = [[0.6, 0.8, 0.0], [0.0, 0.0, -1.0], [-0.8, 0.6, 0.0]];
    Geometry::from_parts(
        [11, 7, 6],
        [12.5, -40.0, 7.25],
        [0.75, 0.5, 2.5],
        directions,
    )
    .unwrap()
}

fn slices(mask: &Mask) -> Vec<usize> {
    let [ni, nj, _] = mask.geometry().size();
    let slices = mask.voxels().chunks(ni * nj);
    slices
        .map(|s| s.iter().filter(|inside| **inside).count())
        .collect()
}

fn described(region: &NamedMask) -> Region {
    let bytes: Vec<u8> = region
        .mask
        .voxels()
        .chunks(8)
        .map(|bits| (0..).zip(bits).fold(0, |b, (n, v)| b | u8::from(*v) << n))
        .collect();
    let mut sha256 = String::new();
    for byte in Sha256::digest(bytes) {
        write!(sha256, "{byte:02x}").unwrap();
    }
    Region {
        number: region.number,
        label: region.label.clone(),
        slices: slices(&region.mask),
        sha256,
    }
}

fn expected() -> BTreeMap<String, Vec<Region>> {
    let text = std::fs::read_to_string(folder().join("expected.json")).unwrap();
    serde_json::from_str(&text).unwrap()
}

#[test]
fn every_file_gives_the_masks_that_others_read() {
    for (name, regions) in expected() {
        let (file, threshold) = name.split_once(" at ").unwrap_or((&name, "0.5"));
        let options = ReadOptions {
            fractional_threshold: threshold.parse().unwrap(),
            ..ReadOptions::default()
        };
        let path = folder().join(format!("{file}.dcm"));
        assert_eq!(is_rtstruct(&path), file == "rtstruct", "{name}");
        assert_eq!(is_segmentation(&path), file != "rtstruct", "{name}");
        let read = read_masks_with(&path, Some(&grid()), &options).unwrap();
        let found: Vec<Region> = read.iter().map(described).collect();
        assert_eq!(found, regions, "{name}");
    }
}

#[test]
fn cut_at_any_byte_they_are_errors_or_the_same() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("cut.dcm");
    for name in ["binary", "fractional-jpegls", "labelmap-rle", "rtstruct"] {
        let bytes = std::fs::read(self::folder().join(format!("{name}.dcm"))).unwrap();
        let whole = &expected()[name];
        for end in (0..bytes.len()).step_by(41) {
            std::fs::write(&path, &bytes[..end]).unwrap();
            match read_masks(&path, Some(&grid())) {
                // What is missing may be padding.
                Ok(read) => {
                    let found: Vec<Region> = read.iter().map(described).collect();
                    assert_eq!(found, *whole, "{name} cut at {end}");
                }
                Err(error) => assert!(error.to_string().contains("cut.dcm"), "{error}"),
            }
        }
    }
}

#[test]
fn contours_need_a_grid_and_images_hold_no_regions() {
    let path = folder().join("rtstruct.dcm");
    assert!(matches!(
        read_masks(&path, None),
        Err(SegmentationError::NeedsGrid { .. })
    ));
    let options = ReadOptions {
        fractional_threshold: 0.0,
        ..ReadOptions::default()
    };
    assert!(matches!(
        read_masks_with(&path, Some(&grid()), &options),
        Err(SegmentationError::BadThreshold { .. })
    ));
}

#[test]
fn memory_is_limited() {
    let path = folder().join("binary.dcm");
    let options = ReadOptions {
        max_voxels: 11 * 7 * 6,
        ..ReadOptions::default()
    };
    let told = read_masks_with(&path, Some(&grid()), &options).unwrap_err();
    assert!(matches!(told, SegmentationError::TooLarge { .. }), "{told}");
}

#[test]
fn the_reference_segmentation_slice_by_slice() {
    #[derive(Deserialize)]
    struct Expected {
        size: [usize; 3],
        slices: Vec<usize>,
        origin_mm: [f64; 3],
    }
    let root = std::env::var_os("TRIHER_REFERENCE_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = root.join("ucsf-br-06/mask/1-1.dcm");
    if !path.exists() {
        println!("skipped: reference data not present");
        return;
    }
    let text = std::fs::read_to_string(folder().join("ucsf-br-06.json")).unwrap();
    let expected: Expected = serde_json::from_str(&text).unwrap();
    let read = read_masks(&path, None).unwrap();
    assert_eq!(read[0].mask.geometry().size(), expected.size);
    assert_eq!(slices(&read[0].mask), expected.slices);
    for (a, b) in read[0]
        .mask
        .geometry()
        .origin_mm()
        .iter()
        .zip(expected.origin_mm)
    {
        assert!((a - b).abs() < 1e-9);
    }
}
