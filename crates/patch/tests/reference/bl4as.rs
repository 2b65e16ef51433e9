//! The three published lesions of BL4AS: their masks cut to their published patches.

use std::path::PathBuf;
use triher_imagefile::{read_image, read_mask};
use triher_patch::{PATCH_SIZE, Profile, Variant, Window, encoder_input};

fn folder(patient: &str) -> Option<PathBuf> {
    let data = std::env::var_os("TRIHER_REFERENCE_DATA").map(PathBuf::from);
    let project = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = data.unwrap_or_else(|| project.join("../shared/data"));
    let folder = folder.join("bl4as").join(patient);
    folder.join("roi48_mask.nii.gz").exists().then_some(folder)
}

#[test]
fn masks_are_those_published() {
    for patient in ["P1", "P2", "P3"] {
        let Some(folder) = folder(patient) else {
            println!("skipped: reference data not present");
            return;
        };
        let mask = read_mask(&folder.join("lesion_mask_full.nii.gz")).unwrap();
        let published = read_mask(&folder.join("roi48_mask.nii.gz")).unwrap();
        let window = Window::of(&mask, &Profile::Bl4as).unwrap();
        let cut = window.cut_mask().unwrap();
        assert_eq!(cut.geometry().size(), [PATCH_SIZE; 3]);
        let differing = cut
            .voxels()
            .iter()
            .zip(published.voxels())
            .filter(|(a, b)| a != b);
        assert_eq!(differing.count(), 0, "{patient}");
        println!(
            "{patient}: {} voxels of lesion, window {:?}",
            cut.count(),
            window.index_box()
        );
        // The whole-voxel rule of FM-BCMRI keeps less, in a window that is no larger.
        let other = Window::of(&mask, &Profile::FmBcmri).unwrap();
        let [a, b] = [&window, &other].map(|w| w.index_box().size());
        assert!((0..3).all(|x| b[x] <= a[x]));
    }
}

/// The published patches normalise to mean 0 and standard deviation 1.
#[test]
fn patches_normalise() {
    for patient in ["P1", "P2", "P3"] {
        let Some(folder) = folder(patient) else {
            println!("skipped: reference data not present");
            return;
        };
        let mask = read_mask(&folder.join("roi48_mask.nii.gz")).unwrap();
        for name in ["roi48_C2", "roi48_C2-C0", "roi48_C5-C2"] {
            let patch = read_image(&folder.join(format!("{name}.nii.gz"))).unwrap();
            for variant in [Variant::Bbox, Variant::RoiOnly] {
                let input = encoder_input(&patch, &mask, variant).unwrap();
                let n = input.len() as f64;
                let mean = input.iter().map(|&v| f64::from(v)).sum::<f64>() / n;
                let squares: f64 = input.iter().map(|&v| (f64::from(v) - mean).powi(2)).sum();
                assert!(mean.abs() < 1e-6, "{patient} {name}: {mean}");
                assert!(
                    ((squares / (n - 1.0)).sqrt() - 1.0).abs() < 1e-6,
                    "{patient} {name}"
                );
            }
        }
    }
}
