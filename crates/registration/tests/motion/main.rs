//! Known motion in simulated patients: what is left of it, and what it does to the signal enhancement ratio.
//!
//! `docs/motion.md` has the table that [`what_is_left_of_known_motion`] prints.

mod breast;
mod scene;
mod threads;

use scene::{Motion, Movement, Scene};
use triher_registration::{
    Correction, DeformableOptions, MotionModel, MotionOptions, MotionReport, RigidTransform,
    Transform, register_deformable, register_series,
};
use triher_volume::{DynamicSeries, Mask};

/// Figures of one correction, summed over phases and patients.
#[derive(Default)]
struct Row {
    tissue_mm: Vec<f64>,
    lesion_mm: Vec<f64>,
    ser_errors: Vec<f64>,
}

impl Row {
    fn take(
        &mut self,
        scene: &Scene,
        series: &DynamicSeries,
        found: &[Transform],
        truth: &[Motion],
    ) {
        // The second phase is the reference.
        for phase in [0, 2] {
            let residuals = |region| residuals(scene, region, &found[phase], &truth[phase]);
            self.tissue_mm.extend(residuals(&scene.tissue));
            self.lesion_mm.extend(residuals(&scene.lesion));
        }
        self.ser_errors.extend(ser_errors(scene, series));
    }

    fn figures(&mut self) -> [f64; 5] {
        let [tissue, lesion] = [&mut self.tissue_mm, &mut self.lesion_mm].map(|values| {
            values.sort_by(f64::total_cmp);
            [mean(values), values[values.len() * 95 / 100]]
        });
        [
            tissue[0],
            tissue[1],
            lesion[0],
            lesion[1],
            mean(&self.ser_errors),
        ]
    }
}

fn mean(values: &[f64]) -> f64 {
    values.iter().sum::<f64>() / values.len() as f64
}

/// Distances, in millimetres, between where voxels of a region are said to have gone and where they went. Tissue that has left the
/// grid of the phase is not counted: there is nothing to find.
fn residuals(scene: &Scene, region: &Mask, found: &Transform, truth: &Motion) -> Vec<f64> {
    let grid = scene.grid();
    let inside = |point: [f64; 3]| grid.nearest_voxel(grid.world_to_index(point)).is_some();
    let voxels = (0..grid.len()).filter(|&at| region.voxels()[at]);
    voxels
        .filter_map(|at| {
            let point = grid.index_to_world(grid.index_at(at).map(|v| v as f64));
            if !inside(truth.forth(point)) {
                return None;
            }
            // What the phase shows at the place that was found, in the anatomy at rest.
            let shown = truth.back(found.apply(point));
            Some(
                (0..3)
                    .map(|a| (shown[a] - point[a]).powi(2))
                    .sum::<f64>()
                    .sqrt(),
            )
        })
        .collect()
}

/// Absolute errors of the signal enhancement ratio, cut to 0 to 3, against the patient without motion and noise, over voxels of the
/// lesion that enhance by half or more.
fn ser_errors(scene: &Scene, series: &DynamicSeries) -> Vec<f64> {
    let ser = |series: &DynamicSeries, at: usize| {
        let [s0, s1, s2]: [f64; 3] =
            std::array::from_fn(|n| f64::from(series.phases()[n].image.voxels()[at]));
        ((s1 - s0) / (s2 - s0)).clamp(0.0, 3.0)
    };
    let enhances = |at: usize| {
        let [s0, s2] = [0, 2].map(|n| f64::from(scene.still().phases()[n].image.voxels()[at]));
        s2 > 1.5 * s0
    };
    let voxels = (0..scene.grid().len()).filter(|&at| scene.lesion.voxels()[at] && enhances(at));
    let errors = voxels.map(|at| (ser(series, at) - ser(scene.still(), at)).abs());
    errors.filter(|e| e.is_finite()).collect()
}

/// One patient (or as many as `TRIHER_MOTION_PATIENTS` says), lying still, moving as a whole by some
/// millimetres and degrees, and deforming as well. The limits leave room above what is measured (`docs/motion.md`).
#[test]
fn what_is_left_of_known_motion() {
    let wanted = std::env::var("TRIHER_MOTION_PATIENTS");
    let patients: usize = wanted.ok().and_then(|v| v.parse().ok()).unwrap_or(1);
    println!(
        "| motion | correction | tissue mean (mm) | tissue 95 % | lesion mean | lesion 95 % | SER error |"
    );
    println!("| --- | --- | --- | --- | --- | --- | --- |");
    let mut log = Vec::new();
    let mut table = Vec::new();
    for movement in [Movement::None, Movement::Rigid, Movement::Deformable] {
        let mut rows: [Row; 3] = Default::default();
        for number in 0..patients {
            let scene = Scene::new(number);
            let (series, truth) = scene.moved(movement);
            rows[0].take(&scene, &series, &vec![Transform::Identity; 3], &truth);
            for (row, model) in [(1, MotionModel::Rigid), (2, MotionModel::Deformable)] {
                let options = MotionOptions {
                    model,
                    ..MotionOptions::default()
                };
                let (corrected, report) = register_series(&series, None, &options).unwrap();
                let found: Vec<Transform> =
                    report.phases.iter().map(|p| p.transform.clone()).collect();
                rows[row].take(&scene, &corrected, &found, &truth);
                assert_eq!(report.phases[1].correction, Correction::Reference);
                assert_eq!(corrected.times_s(), series.times_s());
                log.extend(lines(movement, number, &report));
            }
        }
        let figures = rows.each_mut().map(Row::figures);
        for (name, f) in ["none", "rigid", "deformable"].iter().zip(figures) {
            println!(
                "| {movement:?} | {name} | {:.2} | {:.2} | {:.2} | {:.2} | {:.3} |",
                f[0], f[1], f[2], f[3], f[4]
            );
        }
        table.push(figures);
    }
    log.iter().for_each(|line| println!("{line}"));
    let [still, rigid, deformed] = [table[0], table[1], table[2]];
    // Nobody moved: contrast agent and noise alone must not move anything, least of all the lesion.
    assert!(still[2][3] < 0.2, "{still:?}");
    // A rigid motion is found to a tenth of a voxel, and the ratio is nearly what noise leaves of it.
    assert!(rigid[1][2] < 0.15 && rigid[2][2] < 0.15, "{rigid:?}");
    assert!(rigid[2][4] < still[0][4] + 0.04, "{rigid:?}");
    // A deformation needs the deformable model.
    assert!(deformed[2][0] < 0.6 * deformed[1][0], "{deformed:?}");
    assert!(deformed[2][2] < 0.6, "{deformed:?}");
    assert!(deformed[2][4] < still[0][4] + 0.04, "{deformed:?}");
    assert!(deformed[2][4] < 0.7 * deformed[1][4], "{deformed:?}");
}

/// What was found for each phase, as lines.
fn lines(movement: Movement, number: usize, report: &MotionReport) -> Vec<String> {
    let moved = report.phases.iter().filter(|p| p.phase != report.reference);
    moved
        .map(|p| {
            format!(
                "{movement:?} patient {number} phase {}: {:?}, {:.2} degrees, mean {:.2} mm, gains {:.3?} {:.3?}, Jacobian {:.2?}",
                p.phase,
                p.correction,
                p.rotation_deg,
                p.mean_displacement_mm,
                p.rigid_similarity.map(|s| s.gain()),
                p.deformable_similarity.map(|s| s.gain()),
                p.jacobian_range
            )
        })
        .collect()
}

/// The deformable fit alone, without the rule by which a series keeps or rejects it, on a patient who did not move: the lesion, dark before and bright
/// after contrast, must keep its size within 3 percent and its place within 0.3 mm, a sixth of a voxel.
#[test]
fn enhancement_alone_does_not_shrink_a_lesion() {
    for number in 0..2 {
        let scene = Scene::new(number);
        let (series, truth) = scene.moved(Movement::None);
        let (pre, post) = (&series.phases()[0].image, &series.phases()[1].image);
        let rest = RigidTransform::identity(scene.centre_mm());
        let options = DeformableOptions::default();
        let fit = register_deformable(post, pre, None, &rest, &options).unwrap();
        let jacobian = fit.transform.jacobian_determinant();
        let inside = jacobian.voxels().iter().zip(scene.lesion.voxels());
        let factors: Vec<f64> = inside
            .filter(|(_, l)| **l)
            .map(|(j, _)| f64::from(*j))
            .collect();
        let volume = mean(&factors);
        let found = Transform::Deformable(Box::new(fit.transform));
        let moved = mean(&residuals(&scene, &scene.lesion, &found, &truth[0]));
        println!(
            "patient {number}: lesion of {} voxels times {volume:.3}, moved by {moved:.2} mm, gain {:.3}",
            scene.lesion.count(),
            fit.similarity_after - fit.similarity_before
        );
        assert!((volume - 1.0).abs() < 0.03, "{volume}");
        assert!(moved < 0.3, "{moved}");
    }
}
