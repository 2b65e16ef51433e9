//! The lesion of TCGA-AO-A03M among heart, skin, nipple and vessels, against its published volume (no mask was published).

use std::path::PathBuf;
use triher_detection::{
    DetectionOptions, OutlineMethod, candidate_at_seed, candidate_in_box, detect,
};
use triher_imagefile::read_image;
use triher_region::IndexBox;
use triher_volume::{DynamicSeries, Phase};

/// Published volume, cubic millimetres.
const PUBLISHED_MM3: f64 = 3139.654;

#[allow(clippy::print_stdout)] // A skipped test says so.
fn series() -> Option<DynamicSeries> {
    let data = std::env::var_os("TRIHER_REFERENCE_DATA").map(PathBuf::from);
    let project = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = data
        .unwrap_or_else(|| project.join("../shared/data"))
        .join("tcga-ao-a03m");
    if !folder.join("pre.nii.gz").exists() {
        println!("skipped: reference data not present");
        return None;
    }
    let names = ["pre", "post1", "post2", "post3", "post4", "post5"];
    let phase = |name: &&str| Phase {
        image: read_image(&folder.join(format!("{name}.nii.gz"))).expect("the image reads"),
        time_s: None,
    };
    let phases = names.iter().map(phase).collect();
    Some(DynamicSeries::new(phases).expect("the phases share a grid"))
}

#[test]
fn the_lesion_comes_first() {
    let Some(series) = series() else { return };
    let found = detect(&series, &DetectionOptions::default()).unwrap();
    println!("{:?} {:?}", found.breast.wall, found.breast.nipples_mm);
    for candidate in &found.candidates {
        let index = series.geometry().world_to_index(candidate.centre_mm);
        println!(
            "{:.3} {:.0} mm3 at {index:.0?}",
            candidate.confidence, candidate.volume_mm3
        );
        for r in &candidate.reasons {
            println!("   {:?} {:.2} -> {:.2}", r.term, r.value, r.factor);
        }
    }
    let best = &found.candidates[0];
    let index = series.geometry().world_to_index(best.centre_mm);
    let place = [110.0..128.0, 141.0..166.0, 22.0..28.0];
    assert!((0..3).all(|a| place[a].contains(&index[a])), "{index:?}");
    let ratio = best.volume_mm3 / PUBLISHED_MM3;
    println!(
        "{:.0} mm3, {ratio:.3} of the published volume",
        best.volume_mm3
    );
    assert!((0.75..1.25).contains(&ratio), "{ratio}");
    assert!(best.confidence > 1.5 * found.candidates[1].confidence);
}

#[test]
fn a_seed_or_a_box_gives_the_lesion() {
    let Some(series) = series() else { return };
    let options = DetectionOptions::default();
    for seed in [
        [119, 153, 25],
        [119, 150, 24],
        [116, 150, 25],
        [122, 158, 25],
    ] {
        let found = candidate_at_seed(&series, seed, &options).unwrap();
        let ratio = found.volume_mm3 / PUBLISHED_MM3;
        println!("{seed:?}: {:.0} mm3, {ratio:.3}", found.volume_mm3);
        assert!((0.75..1.25).contains(&ratio), "{seed:?} {ratio}");
    }
    let bounds = IndexBox {
        start: [106, 137, 20],
        end: [132, 170, 31],
    };
    let found = candidate_in_box(&series, bounds, &options).unwrap();
    let ratio = found.volume_mm3 / PUBLISHED_MM3;
    println!("box: {:.0} mm3, {ratio:.3}", found.volume_mm3);
    assert!((0.75..1.25).contains(&ratio), "{ratio}");
}

#[test]
fn a_graph_cut_gives_the_lesion() {
    let Some(series) = series() else { return };
    let options = DetectionOptions {
        outline: OutlineMethod::GraphCut,
        ..DetectionOptions::default()
    };
    let found = candidate_at_seed(&series, [119, 153, 25], &options).unwrap();
    let ratio = found.volume_mm3 / PUBLISHED_MM3;
    println!("graph cut: {:.0} mm3, {ratio:.3}", found.volume_mm3);
    assert!((0.75..1.25).contains(&ratio), "{ratio}");
}
