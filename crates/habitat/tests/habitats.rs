//! Habitats of lesions whose parts are known, and of simulated patients.
#![expect(clippy::unwrap_used, reason = "helpers of tests")]

use proptest::prelude::*;
use triher_habitat::{
    CURVE_FEATURES, HabitatError, HabitatMap, HabitatModel, KMeansOptions, Method, MixtureOptions,
    Reservoir, Samples, VoxelCurves, clusters_by_silhouette, components_by_bic, habitat_map,
    voxel_curves,
};
use triher_simulate::{CohortSpec, simulate_patient};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase};

const METHODS: [fn() -> Method; 2] = [
    || Method::KMeans(KMeansOptions::default()),
    || Method::GaussianMixture(MixtureOptions::default()),
];

/// A lesion of 6 x 6 x 6 voxels; `part` says which of three kinds of curve a voxel has.
fn lesion(part: impl Fn([usize; 3]) -> usize) -> (DynamicSeries, Mask) {
    let geometry = Geometry::axis_aligned([8, 8, 8], [1.0, 1.0, 2.0], [0.0; 3]).unwrap();
    let curves = [
        [100.0, 120.0, 140.0],
        [100.0, 220.0, 210.0],
        [100.0, 320.0, 240.0],
    ];
    let phase = |n: usize| Phase {
        image: Image::from_fn(geometry, |index| {
            // Signals vary a little, so that no two voxels need be equal.
            let jitter = (index[0] * 5 + index[1] * 3 + index[2] * 7 + n) % 5;
            curves[part(index)][n] + jitter as f32
        }),
        time_s: Some(90.0 * n as f64),
    };
    let mask = Mask::from_fn(geometry, |index| index.iter().all(|i| (1..7).contains(i)));
    (
        DynamicSeries::new((0..3).map(phase).collect()).unwrap(),
        mask,
    )
}

fn mapped(
    part: impl Fn([usize; 3]) -> usize,
    habitats: usize,
    method: &Method,
) -> (HabitatModel, HabitatMap) {
    let (series, mask) = lesion(part);
    let voxels = voxel_curves(&series, &mask).unwrap();
    let model = HabitatModel::fit(&CURVE_FEATURES, &voxels.samples, habitats, method).unwrap();
    let map = habitat_map(&model, &voxels, series.geometry()).unwrap();
    (model, map)
}

#[test]
fn parts_are_found_and_numbered_by_their_wash_in() {
    for method in METHODS {
        // Strong in front, weak at the back: numbers follow the wash-in, not the place.
        let part = |[i, _, _]: [usize; 3]| match i {
            0..=3 => 2,
            4 => 0,
            _ => 1,
        };
        let (model, map) = mapped(part, 3, &method());
        let fractions: Vec<f64> = map.habitats.iter().map(|h| h.fraction).collect();
        for (a, b) in fractions.iter().zip([1.0 / 6.0, 1.0 / 3.0, 0.5]) {
            assert!((a - b).abs() < 1e-12, "{fractions:?}");
        }
        assert_eq!(map.habitats[2].volume_mm3, 216.0);
        assert!(map.habitats.iter().all(|h| h.pieces == 1));
        let entropy =
            -(0.5f64.log2() / 2.0 + (1f64 / 3.0).log2() / 3.0 + (1f64 / 6.0).log2() / 6.0);
        assert!((map.entropy_bits - entropy).abs() < 1e-12);
        // One piece each: the largest pieces make up the lesion.
        assert!(map.spatial_index.abs() < 1e-12);
        let centres = model.centres();
        assert!(centres[0][0] < 0.3 && centres[2][0] > 2.0, "{centres:?}");
        assert_eq!(map.region(2).count(), 108);
        assert_eq!(map.columns(&model.features).len(), 3 * 8 + 2);
    }
}

/// Two halves of the same habitat, apart: pieces (72 + 72)/2 and 72 of 216 voxels.
#[test]
fn pieces_apart_raise_the_spatial_index() {
    let part = |[i, _, _]: [usize; 3]| if (3..5).contains(&i) { 0 } else { 2 };
    let (_, map) = mapped(part, 2, &METHODS[0]());
    assert_eq!(map.habitats[1].pieces, 2);
    let expected = 1.0 - (72.0 / 2.0 + 72.0) / 216.0;
    assert!((map.spatial_index - expected).abs() < 1e-12, "{map:?}");
    let checkers = |[i, j, k]: [usize; 3]| if (i + j + k) % 2 == 0 { 0 } else { 2 };
    let (_, map) = mapped(checkers, 2, &METHODS[0]());
    // Over corners each half hangs together.
    assert!(map.spatial_index.abs() < 1e-12 && map.entropy_bits > 0.999);
}

#[test]
fn the_number_of_habitats_is_found() {
    let part = |[i, _, _]: [usize; 3]| (i - 1) / 2 % 3;
    let (series, mask) = lesion(|index| if index[0] == 0 { 0 } else { part(index) });
    let voxels = voxel_curves(&series, &mask).unwrap();
    let options = KMeansOptions::default();
    let (best, tried) = clusters_by_silhouette(&voxels.samples, 2..=6, &options).unwrap();
    assert_eq!(best, 3, "{tried:?}");
    assert_eq!(tried.len(), 5);
    // Normal heaps, for which the criterion is made.
    let spec = CohortSpec::small(3);
    let patient = simulate_patient(&spec, 0, 1).unwrap();
    let voxels = voxel_curves(&patient.series, &patient.lesion).unwrap();
    let (best, tried) =
        components_by_bic(&voxels.samples, 1..=3, &MixtureOptions::default()).unwrap();
    let lowest = tried.iter().map(|t| t.1).fold(f64::INFINITY, f64::min);
    assert!(tried.contains(&(best, lowest)), "{tried:?}");
}

/// A model of a cohort: fitted on a reservoir, stored, read, and applied to a patient it has not seen.
#[test]
fn a_cohort_has_one_model() {
    let spec = CohortSpec::small(8);
    let mut reservoir = Reservoir::new(CURVE_FEATURES.len(), 500, 4);
    for index in 0..3 {
        let patient = simulate_patient(&spec, 0, index).unwrap();
        let voxels = voxel_curves(&patient.series, &patient.lesion).unwrap();
        reservoir.offer(&voxels.samples).unwrap();
    }
    let samples = reservoir.into_samples().unwrap();
    for method in METHODS {
        let model = HabitatModel::fit(&CURVE_FEATURES, &samples, 3, &method()).unwrap();
        let text = serde_json::to_string(&model).unwrap();
        let stored: HabitatModel = serde_json::from_str(&text).unwrap();
        assert_eq!(stored, model);
        let patient = simulate_patient(&spec, 0, 3).unwrap();
        let voxels = voxel_curves(&patient.series, &patient.lesion).unwrap();
        let geometry = patient.series.geometry();
        let map = habitat_map(&stored, &voxels, geometry).unwrap();
        let counted = map.labels.voxels().iter().filter(|&&l| l > 0).count();
        assert_eq!(counted + voxels.left_out, patient.lesion.count());
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(1)
            .build()
            .unwrap();
        let alone =
            pool.install(|| HabitatModel::fit(&CURVE_FEATURES, &samples, 3, &method()).unwrap());
        assert_eq!(alone, model);
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let samples = Samples::new(2, vec![1.0, 2.0, 3.0, 4.0]).unwrap();
    let method = METHODS[0]();
    let error = HabitatModel::fit(&["one"], &samples, 2, &method).unwrap_err();
    assert!(matches!(error, HabitatError::Width { .. }), "{error}");
    let model = HabitatModel::fit(&["one", "two"], &samples, 2, &method).unwrap();
    let other = Samples::new(3, vec![1.0; 9]).unwrap();
    assert!(model.labels(&other).is_err());
    let grid = Geometry::axis_aligned([1, 1, 1], [1.0; 3], [0.0; 3]).unwrap();
    let voxels = VoxelCurves {
        samples,
        offsets: vec![0, 1],
        left_out: 0,
    };
    assert!(habitat_map(&model, &voxels, &grid).is_err());
}

proptest! {
    #[test]
    fn fractions_and_indices_stay_in_their_ranges(
        values in prop::collection::vec(-1e3f64..1e3, 12..120),
        habitats in 1usize..5,
        mixture in any::<bool>(),
    ) {
        let rows = values.len() / 3;
        let samples = Samples::new(3, values[..rows * 3].to_vec()).unwrap();
        let method = METHODS[usize::from(mixture)]();
        let grid = Geometry::axis_aligned([rows, 1, 1], [1.0; 3], [0.0; 3]).unwrap();
        if let Ok(model) = HabitatModel::fit(&["a", "b", "c"], &samples, habitats, &method) {
            let voxels = VoxelCurves { samples, offsets: (0..rows).collect(), left_out: 0 };
            let map = habitat_map(&model, &voxels, &grid).unwrap();
            let whole: f64 = map.habitats.iter().map(|h| h.fraction).sum();
            prop_assert!((whole - 1.0).abs() < 1e-9);
            prop_assert!((0.0..=(habitats as f64).log2() + 1e-9).contains(&map.entropy_bits));
            prop_assert!((0.0..1.0).contains(&map.spatial_index));
            let centres = model.centres();
            prop_assert!(centres.windows(2).all(|w| w[0][0] <= w[1][0] + 1e-9));
        } else {
            prop_assert!(rows < habitats);
        }
    }
}

/// A stored model is somebody's file: whatever it says, it is refused or used, and nothing panics.
#[test]
fn models_that_were_tampered_with_are_refused() {
    for method in METHODS {
        let (model, _) = mapped(|[i, _, _]| i % 3, 3, &method());
        model.check().unwrap();
        let text = serde_json::to_string(&model).unwrap();
        let read: HabitatModel = serde_json::from_str(&text).unwrap();
        assert_eq!(read, model, "a model is the same after it was stored");
        let (series, mask) = lesion(|[i, _, _]| i % 3);
        let voxels = voxel_curves(&series, &mask).unwrap();
        type Damage = fn(&mut HabitatModel);
        let damages: [Damage; 6] = [
            |m| m.order = vec![0, 1, 7],
            |m| m.order = vec![0, 0, 1],
            |m| m.order.truncate(2),
            |m| m.scaling.deviation[1] = 0.0,
            |m| m.scaling.mean.truncate(1),
            |m| m.features.push("more".to_owned()),
        ];
        for damage in damages {
            let mut other = model.clone();
            damage(&mut other);
            let error = habitat_map(&other, &voxels, series.geometry()).unwrap_err();
            assert!(matches!(error, HabitatError::BadModel { .. }), "{error}");
        }
    }
}
