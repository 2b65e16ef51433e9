//! Against scikit-learn and umap-learn (`parity/make_maps.py`).

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use serde_json::Value;
use triher_learn::Matrix;
use triher_projection::{
    Points, ProjectionError, TsneSettings, UmapSettings, batch_effect, continuity, fuzzy_graph,
    joint_affinities, trustworthiness, tsne, umap,
};

fn reference() -> (Value, Points) {
    let reference: Value = serde_json::from_str(include_str!("parity/maps.json")).unwrap();
    let x: Matrix = serde_json::from_value(reference["x"].clone()).unwrap();
    (reference, Points::new(&x).unwrap())
}

fn numbers(value: &Value) -> Vec<f64> {
    value
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_f64().unwrap())
        .collect()
}

#[test]
fn affinities_and_graph_are_those_of_the_packages() {
    let (reference, points) = reference();
    let n = points.len();
    let p = joint_affinities(&points, 10.0);
    for (ours, theirs) in p[..n].iter().zip(numbers(&reference["p_first_row"])) {
        assert!((ours - theirs).abs() < 1e-6, "{ours} {theirs}");
    }
    let squares: f64 = p.iter().map(|v| v * v).sum();
    let theirs = reference["p_sum_of_squares"].as_f64().unwrap();
    assert!((squares / theirs - 1.0).abs() < 1e-3, "{squares} {theirs}");
    assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12);

    let graph = fuzzy_graph(&points, 8);
    let mut first = vec![0.0; n];
    graph
        .iter()
        .filter(|e| e.0 == 0)
        .for_each(|e| first[e.1] = e.2);
    for (j, (ours, theirs)) in first
        .iter()
        .zip(numbers(&reference["graph_first_row"]))
        .enumerate()
    {
        assert!((ours - theirs).abs() < 1e-4, "edge to {j}: {ours} {theirs}");
    }
    let sum: f64 = graph.iter().map(|e| e.2).sum();
    assert!(
        (sum / reference["graph_sum"].as_f64().unwrap() - 1.0).abs() < 1e-4,
        "{sum}"
    );
}

#[test]
fn trust_and_silhouette_are_those_of_scikit_learn() {
    let (reference, points) = reference();
    let plane: Vec<[f64; 2]> = serde_json::from_value(reference["plane"].clone()).unwrap();
    for k in [3, 8, 20] {
        let theirs = |name: &str| reference[name][k.to_string()].as_f64().unwrap();
        let trust = trustworthiness(&points, &plane, k);
        assert!(
            (trust - theirs("plane_trustworthiness")).abs() < 1e-12,
            "{k}: {trust}"
        );
        let continuous = continuity(&points, &plane, k);
        // Ties of whole numbers in the data are ordered otherwise by the package.
        assert!(
            (continuous - theirs("plane_continuity")).abs() < 2e-3,
            "{k}: {continuous}"
        );
    }
    let labels: Vec<usize> = serde_json::from_value(reference["label"].clone()).unwrap();
    let effect = batch_effect(&points, &labels, 8).unwrap();
    let theirs = reference["silhouette"].as_f64().unwrap();
    assert!((effect.silhouette - theirs).abs() < 1e-12, "{effect:?}");
    assert!(effect.own_neighbours > 3.0 * effect.expected_neighbours);
    assert!(batch_effect(&points, &vec![0; labels.len()], 8).is_none());
}

#[test]
fn maps_are_as_faithful_as_those_of_the_packages_and_the_same_with_any_threads() {
    let (reference, points) = reference();
    let settings = TsneSettings {
        perplexity: 10.0,
        ..TsneSettings::default()
    };
    let one = rayon::ThreadPoolBuilder::new()
        .num_threads(1)
        .build()
        .unwrap();
    let found = tsne(&points, &settings).unwrap();
    assert_eq!(found, one.install(|| tsne(&points, &settings)).unwrap());
    let trust = trustworthiness(&points, &found.places, 8);
    let theirs = reference["tsne"]["trustworthiness"].as_f64().unwrap();
    assert!(trust > theirs - 0.02, "{trust} {theirs}");
    let divergence = reference["tsne"]["divergence"].as_f64().unwrap();
    assert!(
        found.divergence < 1.15 * divergence,
        "{} {divergence}",
        found.divergence
    );

    let settings = UmapSettings {
        neighbours: 8,
        ..UmapSettings::default()
    };
    let found = umap(&points, &settings).unwrap();
    assert_eq!(found, one.install(|| umap(&points, &settings)).unwrap());
    let trust = trustworthiness(&points, &found.places, 8);
    let theirs = reference["umap"]["trustworthiness"].as_f64().unwrap();
    assert!(trust > theirs - 0.02, "{trust} {theirs}");
}

#[test]
fn hopeless_points_are_refused_or_borne() {
    let few = Matrix::zeros(4, 2);
    assert!(matches!(
        Points::new(&few),
        Err(ProjectionError::FewRows { rows: 4, .. })
    ));
    let mut holes = Matrix::zeros(6, 2);
    holes.row_mut(3)[1] = f64::NAN;
    assert!(matches!(
        Points::new(&holes),
        Err(ProjectionError::NotFinite { row: 4 })
    ));
    // All points the same, and as few as may be: places are finite.
    let same = Points::new(&Matrix::zeros(6, 3)).unwrap();
    let quick = TsneSettings {
        iterations: 300,
        ..TsneSettings::default()
    };
    let maps = [
        tsne(&same, &quick).unwrap().places,
        umap(&same, &UmapSettings::default()).unwrap().places,
    ];
    assert!(maps.iter().flatten().flatten().all(|v| v.is_finite()));
}
