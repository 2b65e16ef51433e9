//! The same input gives the same bytes, and what cannot be said in DICOM is refused.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use triher_dicomwrite::{
    MrWriteOptions, PhaseLayout, SegmentationOptions, write_mr_phases, write_segmentation,
};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase};

fn series(grid: Geometry, value: f32) -> DynamicSeries {
    let phase = |n: usize| Phase {
        image: Image::filled(grid, value + n as f32),
        time_s: Some(n as f64),
    };
    DynamicSeries::new((0..2).map(phase).collect()).unwrap()
}

#[test]
fn twice_the_same() {
    let grid = Geometry::axis_aligned([5, 4, 3], [0.5, 0.5, 2.0], [1.0; 3]).unwrap();
    for layout in [PhaseLayout::SeriesPerPhase, PhaseLayout::EnhancedMultiFrame] {
        let options = MrWriteOptions {
            layout,
            ..MrWriteOptions::default()
        };
        let bytes: Vec<Vec<Vec<u8>>> = (0..2)
            .map(|_| {
                let folder = tempfile::tempdir().unwrap();
                let written =
                    write_mr_phases(folder.path(), &options, &series(grid, 10.5)).unwrap();
                let path = folder.path().join("seg.dcm");
                let regions = [("a".to_owned(), Mask::filled(grid, true))];
                write_segmentation(
                    &path,
                    &SegmentationOptions::for_images(&options, &written),
                    &regions,
                )
                .unwrap();
                written
                    .files
                    .iter()
                    .chain([&path])
                    .map(|f| std::fs::read(f).unwrap())
                    .collect()
            })
            .collect();
        assert!(bytes[0] == bytes[1]);
    }
}

#[test]
fn what_dicom_cannot_say_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let grid = Geometry::axis_aligned([2; 3], [1.0; 3], [0.0; 3]).unwrap();
    let told = write_mr_phases(
        folder.path(),
        &MrWriteOptions::default(),
        &series(grid, f32::NAN),
    )
    .unwrap_err();
    assert!(told.to_string().contains("not finite"), "{told}");
    let sheared = [[1.0, 0.0, 0.0], [0.3, 0.954, 0.0], [0.0, 0.0, 1.0]];
    let grid = Geometry::from_parts([2; 3], [0.0; 3], [1.0; 3], sheared).unwrap();
    let told = write_mr_phases(
        folder.path(),
        &MrWriteOptions::default(),
        &series(grid, 1.0),
    )
    .unwrap_err();
    assert!(told.to_string().contains("right angles"), "{told}");
}
