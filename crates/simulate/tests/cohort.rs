//! Simulated patients: the same every time, sane, and different by class.

use proptest::prelude::*;
use triher_kinetics::{FeatureOptions, curve, features};
use triher_simulate::{
    CohortSpec, Her2Class, Ihc, Ish, LesionDistribution, Orientation, SimulateError,
    SimulatedPatient, patients, simulate_patient,
};

fn all(spec: &CohortSpec) -> Vec<SimulatedPatient> {
    patients(spec)
        .map(|(centre, patient)| simulate_patient(spec, centre, patient).expect("a patient"))
        .collect()
}

#[test]
fn the_number_of_threads_and_the_order_change_nothing() {
    let spec = CohortSpec::small(7);
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| all(&spec))
    };
    let one = with(1);
    assert_eq!(one, with(2));
    let last = simulate_patient(&spec, 1, 3).unwrap();
    assert_eq!(last, one[7]);
    assert_ne!(
        simulate_patient(&CohortSpec::small(8), 1, 3)
            .unwrap()
            .series,
        last.series
    );
    // Other centres and patients have no part in a patient.
    let mut alone = spec.clone();
    alone.centres[0].noise = 0.5;
    assert_eq!(simulate_patient(&alone, 1, 3).unwrap(), last);
}

#[test]
fn lesions_lie_inside_and_enhance() {
    for seed in [1, 2] {
        for patient in all(&CohortSpec::small(seed)) {
            let geometry = patient.lesion.geometry();
            assert!(patient.series.geometry().same_grid(geometry));
            let inside = patient.lesion.voxels().iter().enumerate().filter(|v| *v.1);
            for (offset, _) in inside {
                let index = geometry.index_at(offset);
                let size = geometry.size();
                assert!(
                    (0..3).all(|a| index[a] > 0 && index[a] + 1 < size[a]),
                    "{}",
                    patient.id
                );
            }
            // The outline holds the truth's centre and about its volume.
            let centre = geometry.world_to_index(patient.truth.lesion_centre_mm);
            assert!(geometry.nearest_voxel(centre).is_some(), "{}", patient.id);
            let volume = std::f64::consts::PI / 6.0 * patient.truth.lesion_diameter_mm.powi(3);
            let ratio = patient.lesion.volume_mm3() / volume;
            assert!((0.4..2.5).contains(&ratio), "{}: {ratio}", patient.id);

            let mean = curve(&patient.series, &patient.lesion).unwrap();
            assert!(mean[1] > 1.15 * mean[0], "{}: {mean:?}", patient.id);
            assert!(features(&patient.series, &patient.lesion, &FeatureOptions::default()).is_ok());
            for phase in patient.series.phases() {
                let whole = |v: &f32| *v >= 0.0 && *v <= 32767.0 && v.fract() == 0.0;
                assert!(phase.image.voxels().iter().all(whole), "{}", patient.id);
            }
        }
    }
}

#[test]
fn ids_labels_and_tables_fit() {
    let cohort = all(&CohortSpec::small(3));
    assert_eq!(cohort[0].id, "SIM-ALPHA-001");
    assert_eq!(cohort[7].id, "SIM-BETA-004");
    let names = |p: &SimulatedPatient| -> Vec<String> {
        p.truth.columns().into_iter().map(|c| c.0).collect()
    };
    for patient in &cohort {
        assert_eq!(names(patient), names(&cohort[0]));
        let truth = &patient.truth;
        let class = match (truth.ihc, truth.ish) {
            (Ihc::Zero, Ish::NotDone) => Her2Class::Zero,
            (Ihc::One, Ish::NotDone) | (Ihc::Two, Ish::NotAmplified) => Her2Class::Low,
            (Ihc::Three, Ish::NotDone) | (Ihc::Two, Ish::Amplified) => Her2Class::Positive,
            other => panic!("{other:?}"),
        };
        assert_eq!(class, truth.her2);
    }
}

/// A cohort of many patients on a coarse grid with few phases.
fn many(patients: usize) -> CohortSpec {
    let mut spec = CohortSpec::small(21);
    spec.centres.truncate(1);
    let centre = &mut spec.centres[0];
    centre.patients = patients;
    centre.size = [12, 12, 10];
    centre.spacing_mm = [10.0; 3];
    centre.phase_times_s.truncate(2);
    spec
}

#[test]
fn classes_differ_in_the_truth_and_overlap() {
    let spec = many(300);
    let truths: Vec<_> = patients(&spec)
        .map(|(c, p)| simulate_patient(&spec, c, p).unwrap().truth)
        .collect();
    let of = |class| -> Vec<f64> {
        let of = truths.iter().filter(|t| t.her2 == class);
        of.map(|t| t.ktrans_per_min.ln()).collect()
    };
    let mean = |v: &[f64]| v.iter().sum::<f64>() / v.len() as f64;
    let (zero, low, positive) = (
        of(Her2Class::Zero),
        of(Her2Class::Low),
        of(Her2Class::Positive),
    );
    assert_eq!([zero.len(), low.len(), positive.len()], [90, 120, 90]);
    // 90 draws: the standard error of a difference is 0.05.
    let median = |class| LesionDistribution::of(class).ktrans_per_min.centre;
    let difference = mean(&positive) - mean(&low);
    assert!(
        (difference - (median(Her2Class::Positive) / median(Her2Class::Low)).ln()).abs() < 0.2,
        "{difference}"
    );
    let least = positive.iter().copied().fold(f64::INFINITY, f64::min);
    let most = zero.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    assert!(least < mean(&zero) && most > mean(&positive));
}

#[test]
fn the_air_has_the_noise_of_the_specification() {
    let mut spec = CohortSpec::small(5);
    let centre = &mut spec.centres[0];
    centre.bias = 0.0;
    centre.motion_mm = 0.0;
    centre.noise = 0.1;
    let patient = simulate_patient(&spec, 0, 0).unwrap();
    // In front of the nipple, at both upper corners, there is air in all phases.
    let mut squares = Vec::new();
    for phase in patient.series.phases() {
        for k in 0..20 {
            for i in (0..4).chain(28..32) {
                squares.extend(phase.image.get([i, 0, k]).map(|&v| f64::from(v).powi(2)));
            }
        }
    }
    let sigma = (squares.iter().sum::<f64>() / squares.len() as f64 / 2.0).sqrt();
    // Relative to the gain, which differs from patient to patient by 15 %.
    let relative = sigma / spec.centres[0].gain;
    assert!((0.06..0.16).contains(&relative), "{relative}");
    // Two channels: mean over root mean square is sqrt(pi) / 2.
    let mean = squares.iter().map(|s| s.sqrt()).sum::<f64>() / squares.len() as f64;
    let shape = mean / (sigma * 2f64.sqrt());
    assert!(
        (shape - std::f64::consts::PI.sqrt() / 2.0).abs() < 0.02,
        "{shape}"
    );
}

#[test]
fn without_motion_and_noise_air_and_fat_stay() {
    let mut spec = CohortSpec::small(5);
    let centre = &mut spec.centres[0];
    (centre.noise, centre.motion_mm) = (0.0, 0.0);
    let patient = simulate_patient(&spec, 0, 0).unwrap();
    let (pre, post) = (
        patient.series.pre().voxels(),
        patient.series.post()[0].image.voxels(),
    );
    assert!(
        pre.iter().zip(post).all(|(a, b)| b + 1.0 >= *a),
        "contrast agent never darkens at this echo time"
    );
    assert!(pre.iter().filter(|&&v| v == 0.0).count() > pre.len() / 10);
}

#[test]
fn what_does_not_exist_is_an_error() {
    let spec = CohortSpec::small(1);
    for (centre, patient) in [(2, 0), (0, 4)] {
        let error = simulate_patient(&spec, centre, patient).unwrap_err();
        assert!(
            matches!(error, SimulateError::NoSuchPatient { .. }),
            "{error}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn any_specification_gives_a_patient_or_a_sentence(
        size in prop::array::uniform3(0usize..24),
        spacing in prop::array::uniform3(1.0f64..12.0),
        orientation in prop::sample::select(vec![Orientation::Axial, Orientation::Sagittal, Orientation::Oblique]),
        times in prop::collection::vec(0.0f64..500.0, 0..4),
        noise in -0.1f64..1.1,
        seed in any::<u64>(),
    ) {
        let mut spec = CohortSpec::small(seed);
        let centre = &mut spec.centres[0];
        (centre.size, centre.spacing_mm, centre.orientation) = (size, spacing, orientation);
        centre.phase_times_s = times;
        centre.noise = noise;
        match simulate_patient(&spec, 0, 0) {
            Ok(patient) => prop_assert!(patient.lesion.count() > 0),
            Err(error) => prop_assert!(error.to_string().contains("alpha")),
        }
    }
}

/// The rim is a shell of the lesion, and where it was drawn to take up more than the core it does.
#[test]
fn the_rim_is_where_the_uptake_is() {
    let mut strong = 0;
    for patient in (1..=8).flat_map(|s| all(&CohortSpec::small(s))) {
        let both = patient.lesion.voxels().iter().zip(patient.rim.voxels());
        assert!(both.clone().all(|(lesion, rim)| *lesion || !*rim));
        if patient.lesion.count() < 40 {
            continue;
        }
        // Of a ball, 1 - 0.625^3 = 0.76 lies beyond the middle of the step; lobes, spicules and coarse voxels change that somewhat.
        let share = patient.rim.count() as f64 / patient.lesion.count() as f64;
        assert!((0.6..0.95).contains(&share), "{}: {share}", patient.id);
        if patient.truth.rim_fraction < 0.4 {
            continue;
        }
        strong += 1;
        let mut core = patient.lesion.clone();
        let parts = core.voxels_mut().iter_mut().zip(patient.rim.voxels());
        parts.for_each(|(core, rim)| *core &= !rim);
        let rise = |mask| {
            let mean = curve(&patient.series, mask).unwrap();
            mean[1] / mean[0] - 1.0
        };
        assert!(rise(&patient.rim) > rise(&core), "{}", patient.id);
    }
    assert!(strong >= 3, "{strong}");
}
