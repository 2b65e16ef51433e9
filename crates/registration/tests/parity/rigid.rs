//! Rigid registration against SimpleITK (`make_rigid.py`, `rigid.json`): the similarity, the convention of the angles, and how well a
//! known motion is found by both.

use crate::phantom::{centre_mm, from_middle, geometry, grey, phase, reference};
use serde::Deserialize;
use triher_registration::{RigidOptions, RigidTransform, Similarity, register_rigid, similarity};

#[derive(Deserialize)]
struct Expected {
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    angles_rad: [f64; 3],
    translation_mm: [f64; 3],
    matrix: [f64; 9],
    mutual_information: f64,
    residual_mean_mm: f64,
    residual_max_mm: f64,
}

impl Case {
    fn truth(&self) -> RigidTransform {
        RigidTransform {
            angles_rad: self.angles_rad,
            translation_mm: self.translation_mm,
            centre_mm: centre_mm(),
        }
    }

    /// From a point of the phase back to the reference, both from the middle.
    fn back(&self, point: [f64; 3]) -> [f64; 3] {
        let p: [f64; 3] = std::array::from_fn(|a| point[a] - self.translation_mm[a]);
        std::array::from_fn(|a| (0..3).map(|row| self.matrix[3 * row + a] * p[row]).sum())
    }
}

fn cases() -> Vec<Case> {
    let expected: Expected =
        serde_json::from_str(include_str!("rigid.json")).expect("the expectations read");
    expected.cases
}

/// Mean and largest distance between two motions over the body, in millimetres.
fn residual(found: &RigidTransform, truth: &RigidTransform) -> (f64, f64) {
    let grid = geometry();
    let body = (0..grid.len()).filter(|&at| grey(from_middle(grid.index_at(at))) > 30.0);
    let distances: Vec<f64> = body
        .map(|at| {
            let point = grid.index_to_world(grid.index_at(at).map(|v| v as f64));
            let (a, b) = (found.apply(point), truth.apply(point));
            (0..3).map(|n| (a[n] - b[n]).powi(2)).sum::<f64>().sqrt()
        })
        .collect();
    let mean = distances.iter().sum::<f64>() / distances.len() as f64;
    (mean, distances.iter().copied().fold(0.0, f64::max))
}

#[test]
fn angles_are_those_of_euler_3d_transform() {
    for case in cases() {
        let matrix = case.truth().matrix();
        for (n, want) in case.matrix.iter().enumerate() {
            assert!((matrix[(n / 3, n % 3)] - want).abs() < 1e-12);
        }
    }
}

/// `MetricEvaluate` of SimpleITK with 32 bins and all voxels: the same within 1e-4 nats. The images are the same but for the last
/// bit of hyperbolic tangent and sine.
#[test]
fn mutual_information_is_that_of_simpleitk() {
    for case in cases() {
        let kind = Similarity::MutualInformation {
            bins: 32,
            sampled: 1.0,
        };
        let phase = phase(|p| case.back(p));
        let found = similarity(&reference(), &phase, None, kind).unwrap();
        println!("{found} {}", case.mutual_information);
        assert!((found - case.mutual_information).abs() < 1e-4);
    }
}

/// Contrast changes without order between reference and phase; motions up to 5.6 mm and 4.3 degrees. The residual over the body must not
/// be 0.1 mm or more on average, a twentieth of a voxel; with all voxels, its sum over the cases must not be larger than SimpleITK's (three
/// levels, regular-step gradient descent, linear interpolation).
#[test]
fn known_motions_are_found_as_well_as_by_simpleitk() {
    let (mut ours, mut theirs) = (0.0, 0.0);
    for case in cases() {
        let phase = phase(|p| case.back(p));
        for (name, kind) in [
            ("all voxels", RigidOptions::default().similarity),
            (
                "a quarter",
                Similarity::MutualInformation {
                    bins: 32,
                    sampled: 0.25,
                },
            ),
        ] {
            let options = RigidOptions {
                similarity: kind,
                ..RigidOptions::default()
            };
            let fit = register_rigid(&reference(), &phase, None, &options).unwrap();
            let (mean, most) = residual(&fit.transform, &case.truth());
            println!(
                "{name}: mean {mean:.3} max {most:.3} mm (SimpleITK {:.3} {:.3}), similarity {:.3} -> {:.3}, iterations {:?}",
                case.residual_mean_mm,
                case.residual_max_mm,
                fit.similarity_before,
                fit.similarity_after,
                fit.iterations
            );
            assert!(mean < 0.1, "{name}");
            assert!(fit.similarity_after >= fit.similarity_before);
            if name == "all voxels" {
                ours += mean;
                theirs += case.residual_mean_mm;
            }
        }
    }
    assert!(ours < theirs, "{ours} {theirs}");
}
