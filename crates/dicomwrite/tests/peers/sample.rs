//! A small study in every layout, with segmentations: what `check.py` reads with other software.

use std::path::Path;
use triher_dicomwrite::{
    Laterality, MrWriteOptions, PhaseLayout, SegmentOrigin, SegmentationOptions, write_mr_phases,
    write_segmentation,
};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase};

/// Sizes, odd so that frames of bits do not end at a byte.
pub(crate) const SIZE: [usize; 3] = [9, 7, 5];

/// Seconds of the phases.
pub(crate) const TIMES_S: [f64; 3] = [0.0, 75.5, 151.25];

/// The studies of the sample: name, layout, whether voxels are fractions on a left-handed grid.
pub(crate) const STUDIES: [(&str, PhaseLayout, bool); 5] = [
    ("series-per-phase", PhaseLayout::SeriesPerPhase, false),
    (
        "temporal-position",
        PhaseLayout::OneSeriesTemporalPosition,
        false,
    ),
    ("trigger-time", PhaseLayout::OneSeriesTriggerTime, false),
    ("enhanced", PhaseLayout::EnhancedMultiFrame, false),
    ("fractions", PhaseLayout::SeriesPerPhase, true),
];

/// An oblique grid with exact directions; left-handed when asked for.
pub(crate) fn grid(left_handed: bool) -> Geometry {
    let k = if left_handed { -1.0 } else { 1.0 };
    let directions = [[0.8, 0.6, 0.0], [0.0, 0.0, -1.0], [-0.6 * k, 0.8 * k, 0.0]];
    Geometry::from_parts(SIZE, [10.5, -20.25, 30.0], [0.7, 0.8, 2.5], directions).expect("a grid")
}

/// The value of a voxel.
pub(crate) fn value([i, j, k]: [usize; 3], phase: usize, fractions: bool) -> f32 {
    let whole = (100 + i + 10 * j + 100 * k + 50 * phase) as f32;
    if fractions { whole / 8.0 - 40.0 } else { whole }
}

/// The phases of a study.
pub(crate) fn series(fractions: bool) -> DynamicSeries {
    let grid = grid(fractions);
    let phase = |(number, time)| Phase {
        image: Image::from_fn(grid, |index| value(index, number, fractions)),
        time_s: Some(time),
    };
    DynamicSeries::new(TIMES_S.into_iter().enumerate().map(phase).collect()).expect("a series")
}

/// Two regions: one in the slices 1 to 3, one of a single voxel in the last.
pub(crate) fn regions(grid: Geometry) -> Vec<(String, Mask)> {
    let lesion = Mask::from_fn(grid, |[i, j, k]| i + j > 8 && (1..4).contains(&k));
    let satellite = Mask::from_fn(grid, |index| index == [0, 6, 4]);
    vec![
        ("lesion".to_owned(), lesion),
        ("satellite é".to_owned(), satellite),
    ]
}

/// Writes all studies, a folder each, and two segmentations of every one: `seg.dcm` with all frames, `seg-omit.dcm` without the empty ones.
pub(crate) fn write(folder: &Path) -> Result<(), Box<dyn std::error::Error>> {
    for (name, layout, fractions) in STUDIES {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder)?;
        let options = MrWriteOptions {
            layout,
            patient_id: name.to_owned(),
            uid_seed: name.to_owned(),
            age_years: Some(51),
            study_date: "20231231".to_owned(),
            // The last phase lies after midnight.
            start_s: if fractions { 86_300.0 } else { 36_000.0 },
            laterality: if fractions {
                Laterality::Left
            } else {
                Laterality::Both
            },
            contrast_agent: Some("gadolinium".to_owned()),
            ..MrWriteOptions::default()
        };
        let written = write_mr_phases(&folder, &options, &series(fractions))?;
        let regions = regions(grid(fractions));
        let mut segmentation = SegmentationOptions::for_images(&options, &written);
        write_segmentation(&folder.join("seg.dcm"), &segmentation, &regions)?;
        segmentation.label = "WITHOUT_EMPTY".to_owned();
        segmentation.omit_empty_frames = true;
        segmentation.origin = SegmentOrigin::Automatic("region growing".to_owned());
        write_segmentation(&folder.join("seg-omit.dcm"), &segmentation, &regions)?;
    }
    Ok(())
}
