//! Simulated patients of three centres (axial, sagittal, oblique), whose lesions are known; the report on a hundred of them stands in
//! `docs/detection.md`.

use triher_detection::{DetectionError, DetectionOptions, candidate_at_seed, detect};
use triher_region::RegionError;
use triher_simulate::{CohortSpec, simulate_patient};
use triher_volume::{DynamicSeries, Mask, Phase};

fn dice(a: &Mask, b: &Mask) -> f64 {
    let shared = a
        .voxels()
        .iter()
        .zip(b.voxels())
        .filter(|(a, b)| **a && **b);
    2.0 * shared.count() as f64 / (a.count() + b.count()) as f64
}

#[test]
fn lesions_come_first_at_every_centre() {
    let spec = CohortSpec::demo(41);
    let options = DetectionOptions::default();
    let (mut hits, mut total, mut by_seed) = (0, 0.0, 0.0);
    for centre in 0..3 {
        for index in 0..3 {
            let patient = simulate_patient(&spec, centre, index).unwrap();
            let found = detect(&patient.series, &options).unwrap();
            let first = dice(&found.candidates[0].mask, &patient.lesion);
            let geometry = patient.series.geometry();
            let seed = geometry.world_to_index(patient.truth.lesion_centre_mm);
            let seed = geometry.nearest_voxel(seed).unwrap();
            let seeded = candidate_at_seed(&patient.series, seed, &options).unwrap();
            let seeded = dice(&seeded.mask, &patient.lesion);
            println!("{}: Dice {first:.2}, by seed {seeded:.2}", patient.id);
            hits += usize::from(first > 0.2);
            total += first / 9.0;
            by_seed += seeded / 9.0;
        }
    }
    assert!(hits >= 8, "{hits} of 9");
    assert!(total > 0.75 && by_seed > 0.75, "{total} {by_seed}");
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let patient = simulate_patient(&CohortSpec::demo(5), 1, 0).unwrap();
    let with = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| detect(&patient.series, &DetectionOptions::default()).unwrap())
    };
    assert!(with(1) == with(3));
}

#[test]
fn the_picture_shows_the_candidates() {
    let patient = simulate_patient(&CohortSpec::demo(5), 0, 1).unwrap();
    let found = detect(&patient.series, &DetectionOptions::default()).unwrap();
    for axis in 0..3 {
        let picture = found.picture(axis);
        let [columns, rows] = picture.size;
        assert_eq!(picture.projection.len(), columns * rows);
        assert_eq!(picture.candidates.len(), found.candidates.len());
        assert!(picture.candidates.iter().all(|c| !c.is_empty()));
        assert!(!picture.breast.is_empty() && picture.white > 0.0);
        let slice = picture.slice.unwrap();
        assert_eq!(slice.pixels.len(), columns * rows);
        assert!(!slice.outlines.is_empty() && !slice.breast.is_empty());
        let inside = slice.outlines.iter().flatten();
        for [column, row] in inside {
            assert!(*column < columns as f64 && *row < rows as f64);
        }
    }
}

#[test]
fn what_has_no_lesion_is_said() {
    let patient = simulate_patient(&CohortSpec::small(5), 0, 1).unwrap();
    let options = DetectionOptions::default();
    let pre = patient.series.pre().clone();
    let series = |image| {
        let phase = |image| Phase {
            image,
            time_s: None,
        };
        DynamicSeries::new(vec![phase(pre.clone()), phase(image)]).unwrap()
    };
    let still = series(pre.clone());
    let error = detect(&still, &options).unwrap_err();
    assert!(matches!(error, DetectionError::NoEnhancement), "{error}");
    let phase = |value: f32| Phase {
        image: pre.map(|_| value),
        time_s: None,
    };
    for value in [0.0, f32::NAN, f32::INFINITY] {
        let empty = DynamicSeries::new(vec![phase(value), phase(value)]).unwrap();
        let error = detect(&empty, &options).unwrap_err();
        assert!(matches!(error, DetectionError::NoBreast), "{error}");
    }
    let error = candidate_at_seed(&patient.series, [999, 0, 0], &options).unwrap_err();
    let outside = matches!(
        error,
        DetectionError::Region(RegionError::SeedOutside { .. })
    );
    assert!(outside, "{error}");
    // Air in front of the breast.
    assert!(candidate_at_seed(&patient.series, [1, 1, 1], &options).is_err());
    let bad = DetectionOptions {
        fuzzifier: 1.0,
        ..options
    };
    let error = detect(&patient.series, &bad).unwrap_err();
    assert!(error.to_string().contains("fuzzifier"), "{error}");
}
