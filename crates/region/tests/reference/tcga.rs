//! The lesion of TCGA-AO-A03M: outlined from seeds, against its published volume.

use std::path::PathBuf;
use triher_imagefile::read_image;
use triher_region::{IndexBox, SeedOptions, grow_from_seed, lesion_in_box, size};
use triher_volume::{DynamicSeries, Phase};

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
    let phase = |name: &str| {
        let image = read_image(&folder.join(name)).expect("the reference image reads");
        Phase {
            image,
            time_s: None,
        }
    };
    let phases = vec![phase("pre.nii.gz"), phase("post1.nii.gz")];
    Some(DynamicSeries::new(phases).expect("the phases share a grid"))
}

/// Published: 3139.654 mm3, effective diameter 18.17 mm, longest diameter 27.6 mm; no mask was published, so only the order can agree.
#[test]
fn the_volume_is_of_the_published_order() {
    let Some(series) = series() else { return };
    let options = SeedOptions::default();
    for seed in [
        [119, 153, 25],
        [119, 150, 24],
        [116, 150, 25],
        [122, 158, 25],
    ] {
        let mask = grow_from_seed(&series, seed, &options).unwrap();
        let size = size(&mask).unwrap();
        println!("seed {seed:?}: {size:?} {:?}", mask.provenance().steps);
        assert!(
            (size.volume_mm3 - 3139.654).abs() < 0.06 * 3139.654,
            "{size:?}"
        );
        assert!((size.effective_diameter_mm - 18.17).abs() < 0.5, "{size:?}");
    }
    let bounds = IndexBox {
        start: [106, 137, 20],
        end: [132, 170, 31],
    };
    let size = size(&lesion_in_box(&series, bounds, &options).unwrap()).unwrap();
    println!("box: {size:?}");
    assert!((2000.0..4500.0).contains(&size.volume_mm3), "{size:?}");
}

/// At two fifths of the peak the outline runs into the nipple and the skin, tens of thousands of cubic millimetres.
#[test]
fn a_low_fraction_does_not_leak() {
    let Some(series) = series() else { return };
    let options = SeedOptions {
        fraction: 0.35,
        ..SeedOptions::default()
    };
    let mask = grow_from_seed(&series, [119, 153, 25], &options).unwrap();
    println!("{} mm3, {:?}", mask.volume_mm3(), mask.provenance().steps);
    assert!(
        (2500.0..4500.0).contains(&mask.volume_mm3()),
        "{}",
        mask.volume_mm3()
    );
}

/// Air outside of the breast and fat inside do not enhance.
#[test]
fn air_and_fat_do_not_enhance() {
    let Some(series) = series() else { return };
    for seed in [[3, 3, 2], [5, 20, 25], [5, 250, 48], [60, 150, 25]] {
        let found = grow_from_seed(&series, seed, &SeedOptions::default());
        assert!(
            found.is_err(),
            "{seed:?}: {} voxels",
            found.unwrap().count()
        );
    }
}
