//! Writes a small study in every layout, with its segmentation, into the folder that is named: for looking at with
//! other tools (`dciodvfy`, pydicom, highdicom, a viewer).

use triher_dicomwrite::{
    MrWriteOptions, PhaseLayout, SegmentationOptions, write_mr_phases, write_segmentation,
};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::path::PathBuf::from(std::env::args().nth(1).ok_or("name a folder")?);
    let (c, s) = (0.3f64.cos(), 0.3f64.sin());
    let directions = [[c, s, 0.0], [0.0, 0.0, -1.0], [-s, c, 0.0]];
    let grid = Geometry::from_parts([9, 7, 5], [10.5, -20.25, 30.0], [0.7, 0.8, 2.5], directions)?;
    let phase = |number: usize| Phase {
        image: Image::from_fn(grid, |[i, j, k]| {
            (100 + i + 10 * j + 100 * k + 50 * number) as f32
        }),
        time_s: Some(75.0 * number as f64),
    };
    let series = DynamicSeries::new((0..3).map(phase).collect())?;
    let mask = Mask::from_fn(grid, |[i, j, k]| i + j > 8 && (1..4).contains(&k));
    for (name, layout) in [
        ("series-per-phase", PhaseLayout::SeriesPerPhase),
        ("temporal-position", PhaseLayout::OneSeriesTemporalPosition),
        ("trigger-time", PhaseLayout::OneSeriesTriggerTime),
        ("enhanced", PhaseLayout::EnhancedMultiFrame),
    ] {
        let folder = folder.join(name);
        std::fs::create_dir_all(&folder)?;
        let options = MrWriteOptions {
            layout,
            patient_id: name.to_owned(),
            uid_seed: name.to_owned(),
            age_years: Some(51),
            contrast_agent: Some("gadolinium".to_owned()),
            ..MrWriteOptions::default()
        };
        let written = write_mr_phases(&folder, &options, &series)?;
        let regions = [("lesion".to_owned(), mask.clone())];
        write_segmentation(
            &folder.join("seg.dcm"),
            &SegmentationOptions::for_images(&options, &written),
            &regions,
        )?;
    }
    Ok(())
}
