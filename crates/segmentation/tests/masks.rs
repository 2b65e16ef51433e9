//! Segmentations that this workspace writes, and the one of the reference data.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::PathBuf;
use triher_dicomwrite::{MrWriteOptions, SegmentationOptions, write_mr_phases, write_segmentation};
use triher_segmentation::read_masks;
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase};

/// An oblique grid of odd sizes, so that frames do not end at a byte.
fn grid() -> Geometry {
    let (c, s) = (0.4f64.cos(), 0.4f64.sin());
    let directions = [[c, s, 0.0], [0.0, 0.0, -1.0], [-s, c, 0.0]];
    Geometry::from_parts([9, 7, 5], [10.0, -20.0, 30.0], [0.7, 0.8, 2.5], directions).unwrap()
}

fn written(omit_empty_frames: bool) -> (tempfile::TempDir, PathBuf, Vec<(String, Mask)>) {
    let folder = tempfile::tempdir().unwrap();
    let phase = |n: usize| Phase {
        image: Image::filled(grid(), n as f32),
        time_s: Some(n as f64),
    };
    let series = DynamicSeries::new((0..2).map(phase).collect()).unwrap();
    let options = MrWriteOptions::default();
    let images = write_mr_phases(folder.path(), &options, &series).unwrap();
    let regions = vec![
        (
            "lesion".to_owned(),
            Mask::from_fn(grid(), |[i, j, k]| i + j > 8 && (1..4).contains(&k)),
        ),
        (
            "second".to_owned(),
            Mask::from_fn(grid(), |index| index == [0, 6, 4]),
        ),
    ];
    let mut segmentation = SegmentationOptions::for_images(&options, &images);
    segmentation.omit_empty_frames = omit_empty_frames;
    let path = folder.path().join("seg.dcm");
    write_segmentation(&path, &segmentation, &regions).unwrap();
    (folder, path, regions)
}

#[test]
fn what_was_written_is_read_with_and_without_empty_frames() {
    for omit in [false, true] {
        let (_folder, path, regions) = written(omit);
        let read = read_masks(&path, Some(&grid())).unwrap();
        for (found, (label, mask)) in read.iter().zip(&regions) {
            assert_eq!(found.label, *label);
            assert_eq!(found.mask.voxels(), mask.voxels(), "{label}");
        }
    }
}

#[test]
fn slices_may_stand_the_other_way_round() {
    let (_folder, path, regions) = written(false);
    let flipped = grid();
    let last = flipped.index_to_world([0.0, 0.0, 4.0]);
    let [i, j, k] = flipped.directions();
    let flipped =
        Geometry::from_parts([9, 7, 5], last, [0.7, 0.8, 2.5], [i, j, k.map(|v| -v)]).unwrap();
    let read = read_masks(&path, Some(&flipped)).unwrap();
    assert_eq!(read[0].mask.count(), regions[0].1.count());
    assert_eq!(read[0].mask.get([8, 6, 3]), regions[0].1.get([8, 6, 1]));
}

#[test]
fn without_a_grid_it_comes_on_its_own() {
    let (_folder, path, regions) = written(false);
    let read = read_masks(&path, None).unwrap();
    assert!(
        read[0].mask.geometry().same_grid(&grid()),
        "{}",
        read[0].mask.geometry()
    );
    assert_eq!(read[0].mask.voxels(), regions[0].1.voxels());
}

#[test]
fn another_grid_is_an_error_that_prints_both() {
    let (_folder, path, _) = written(false);
    let other = Geometry::axis_aligned([9, 7, 5], [0.7, 0.8, 2.5], [10.0, -20.0, 30.0]).unwrap();
    let told = read_masks(&path, Some(&other)).unwrap_err().to_string();
    assert!(
        told.contains("seg.dcm") && told.contains("do not share a grid"),
        "{told}"
    );
}

#[test]
fn files_cut_short_are_errors() {
    let (_folder, path, _) = written(false);
    let bytes = std::fs::read(&path).unwrap();
    for share in 1..20 {
        std::fs::write(&path, &bytes[..bytes.len() * share / 20]).unwrap();
        let told = read_masks(&path, Some(&grid())).unwrap_err().to_string();
        assert!(told.contains("seg.dcm"), "{told}");
    }
}

#[test]
fn the_fractional_segmentation_of_the_reference_data() {
    let root = std::env::var_os("TRIHER_REFERENCE_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = root.join("ucsf-br-06/mask/1-1.dcm");
    if !path.exists() {
        println!("skipped: reference data not present");
        return;
    }
    let read = read_masks(&path, None).unwrap();
    // pydicom: 42 frames, voxels of at least half of MaximumFractionalValue.
    assert_eq!(read.len(), 1);
    assert_eq!(read[0].mask.geometry().size(), [256, 256, 42]);
    assert_eq!(read[0].mask.count(), UCSF_VOXELS);
}

const UCSF_VOXELS: usize = 82_527;
