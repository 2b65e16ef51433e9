//! What is refused, and what is rejected with a reason.

use triher_registration::{
    Correction, DeformableOptions, MotionModel, MotionOptions, RegistrationError, RigidOptions,
    Similarity, register_rigid, register_series,
};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase};

fn grid() -> Geometry {
    Geometry::axis_aligned([20, 18, 14], [3.0; 3], [0.0; 3]).expect("a grid")
}

/// Some blobs, squeezed along the first axis by a share and shifted by millimetres.
fn blobs(squeeze: f64, shift_mm: f64) -> Image {
    Image::from_fn(grid(), |[i, j, k]| {
        let x = (3.0 * i as f64 - 28.5) * (1.0 + squeeze) + shift_mm;
        let (y, z) = (3.0 * j as f64 - 25.5, 3.0 * k as f64 - 19.5);
        let waves = (x / 6.0).sin() * (y / 7.0).cos() + (z / 6.0).sin();
        let noise = ((i * 7919 + j * 104_729 + k * 1_299_709) % 1009) as f64 / 1009.0;
        (100.0 + 40.0 * waves + noise) as f32
    })
}

fn series(phases: [Image; 2]) -> DynamicSeries {
    let phases = phases.map(|image| Phase {
        image,
        time_s: None,
    });
    DynamicSeries::new(phases.into()).expect("a series")
}

#[test]
fn options_without_sense_are_named() {
    let (a, b) = (blobs(0.0, 0.0), blobs(0.0, 2.0));
    let error = |options: RigidOptions| {
        register_rigid(&a, &b, None, &options)
            .unwrap_err()
            .to_string()
    };
    let plain = RigidOptions::default;
    for levels_mm in [
        vec![],
        vec![2.0, 4.0],
        vec![f64::NAN],
        vec![-1.0],
        vec![1.0; 9],
    ] {
        let options = RigidOptions {
            levels_mm,
            ..plain()
        };
        assert!(error(options).contains("levels_mm"));
    }
    let options = RigidOptions {
        similarity: Similarity::MutualInformation {
            bins: 4,
            sampled: 1.0,
        },
        ..plain()
    };
    assert!(error(options).contains("bins cannot be 4"));
    let options = RigidOptions {
        similarity: Similarity::MutualInformation {
            bins: 32,
            sampled: 0.0,
        },
        ..plain()
    };
    assert!(error(options).contains("sampled"));
    let options = RigidOptions {
        tolerance_mm: 0.0,
        ..plain()
    };
    assert!(error(options).contains("tolerance_mm"));
}

#[test]
fn images_without_information_are_refused() {
    let image = blobs(0.0, 0.0);
    let options = RigidOptions::default();
    let flat = Image::filled(grid(), 3.0);
    let error = register_rigid(&image, &flat, None, &options).unwrap_err();
    assert!(matches!(error, RegistrationError::Flat { image: "phase" }));
    let mut broken = image.clone();
    broken.voxels_mut()[7] = f32::NAN;
    let error = register_rigid(&broken, &image, None, &options).unwrap_err();
    assert!(matches!(
        error,
        RegistrationError::NotFinite { count: 1, .. }
    ));
    let nothing = Mask::filled(grid(), false);
    let error = register_rigid(&image, &image, Some(&nothing), &options).unwrap_err();
    assert!(matches!(
        error,
        RegistrationError::TooFewVoxels { found: 0, .. }
    ));
    let other = Geometry::axis_aligned([20, 18, 14], [2.0; 3], [0.0; 3]).unwrap();
    let elsewhere = Image::filled(other, 1.0);
    let error = register_rigid(&image, &elsewhere, None, &options).unwrap_err();
    assert!(error.to_string().contains("do not share a grid"));
}

#[test]
fn a_reference_that_is_not_there_is_refused() {
    let series = series([blobs(0.0, 0.0), blobs(0.0, 1.0)]);
    let options = MotionOptions {
        reference: 2,
        ..MotionOptions::default()
    };
    let error = register_series(&series, None, &options).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("phase 2 cannot be the reference")
    );
    let options = MotionOptions {
        jacobian_limits: [1.2, 2.0],
        ..MotionOptions::default()
    };
    assert!(register_series(&series, None, &options).is_err());
}

/// Tissue squeezed by a quarter: with narrow limits the deformation is rejected with a reason and the rigid motion is kept; with wide
/// ones it is used.
#[test]
fn a_squeeze_is_rejected_or_believed_by_the_limits() {
    let series = series([blobs(0.25, 3.0), blobs(0.0, 0.0)]);
    let with = |jacobian_limits| {
        let options = MotionOptions {
            jacobian_limits,
            deformable: DeformableOptions {
                volume: 0.1,
                bending_mm2: 5.0,
                levels_mm: vec![6.0, 3.0],
                ..DeformableOptions::default()
            },
            ..MotionOptions::default()
        };
        let (_, report) = register_series(&series, None, &options).unwrap();
        report.phases[0].clone()
    };
    let believed = with([0.01, 100.0]);
    assert_eq!(believed.correction, Correction::Deformable);
    assert_eq!(believed.rejected, None);
    let [low, high] = believed.jacobian_range.unwrap();
    assert!(low > 0.0 && low < 0.9, "{low} {high}");
    let rejected = with([0.95, 1.05]);
    assert_eq!(rejected.correction, Correction::Rigid);
    let reason = rejected.rejected.unwrap();
    assert!(reason.contains("changes volumes"), "{reason}");
}

/// A phase that did not move stays as it is, byte for byte, and the report says so in JSON.
#[test]
fn a_phase_at_rest_is_left_alone() {
    let series = series([blobs(0.0, 0.0), blobs(0.0, 0.0)]);
    let options = MotionOptions {
        model: MotionModel::Rigid,
        ..MotionOptions::default()
    };
    let (corrected, report) = register_series(&series, None, &options).unwrap();
    assert_eq!(corrected, series);
    assert_eq!(report.phases[0].correction, Correction::Rejected);
    let json = serde_json::to_value(&report).unwrap();
    assert_eq!(json["phases"][0]["correction"], "rejected");
    assert_eq!(json["phases"][1]["correction"], "reference");
}
