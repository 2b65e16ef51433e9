//! A real patient, TCGA-AO-A03M: no truth, but the phases must become more alike and the found motion must be plausible.

use std::path::PathBuf;
use std::time::Instant;
use triher_imagefile::read_image;
use triher_registration::{Correction, MotionModel, MotionOptions, register_series};
use triher_volume::{DynamicSeries, Phase};

#[expect(clippy::print_stdout, reason = "a skipped test says so")]
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
    let phases = ["pre", "post1", "post5"].map(|name| Phase {
        image: read_image(&folder.join(format!("{name}.nii.gz"))).expect("the phase reads"),
        time_s: None,
    });
    Some(DynamicSeries::new(phases.into()).expect("the phases share a grid"))
}

#[test]
fn phases_of_a_real_breast() {
    let Some(series) = series() else { return };
    let rigid_only = std::env::var_os("TRIHER_MOTION_DEFORMABLE").is_none();
    let options = MotionOptions {
        model: if rigid_only {
            MotionModel::Rigid
        } else {
            MotionModel::Deformable
        },
        ..MotionOptions::default()
    };
    let start = Instant::now();
    let (_, report) = register_series(&series, None, &options).unwrap();
    println!("{:.1} s", start.elapsed().as_secs_f64());
    for phase in &report.phases {
        println!(
            "phase {}: {:?}, {:.2} degrees, {:.2?} mm, displacement mean {:.2} max {:.2} mm, {:.4?} {:.4?} Jacobian {:.2?} {:?}",
            phase.phase,
            phase.correction,
            phase.rotation_deg,
            phase.translation_mm,
            phase.mean_displacement_mm,
            phase.max_displacement_mm,
            phase.rigid_similarity,
            phase.deformable_similarity,
            phase.jacobian_range,
            phase.rejected
        );
        if phase.correction != Correction::Reference {
            let rigid = phase.rigid_similarity.unwrap();
            assert!(rigid.gain() >= 0.0);
            assert!(phase.mean_displacement_mm < 5.0 && phase.rotation_deg < 5.0);
        }
    }
}
