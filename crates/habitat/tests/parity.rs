//! Clusters against scikit-learn (`parity/make_clusters.py`) from the same start: z-scores, k-means, Gaussian mixtures with full and diagonal
//! covariances, the silhouette and the Bayesian information criterion. Tolerances stand at the comparisons; labels are equal.

use serde::Deserialize;
use triher_habitat::{
    Covariance, GaussianMixture, KMeans, KMeansOptions, MixtureOptions, Samples, Scaling,
    silhouette,
};

#[derive(Deserialize)]
struct Reference {
    raw: Vec<f64>,
    scaled: Vec<f64>,
    kmeans: Vec<KMeansCase>,
    mixtures: Vec<MixtureCase>,
}

#[derive(Deserialize)]
struct KMeansCase {
    first: Vec<Vec<f64>>,
    centres: Vec<Vec<f64>>,
    labels: Vec<usize>,
    inertia: f64,
    silhouette: f64,
    best_inertia: f64,
}

#[derive(Deserialize)]
struct MixtureCase {
    kind: String,
    labels: Vec<usize>,
    weights: Vec<f64>,
    means: Vec<Vec<f64>>,
    covariances: Vec<Vec<f64>>,
    log_likelihood: f64,
    bic: f64,
    predicted: Vec<usize>,
}

fn reference() -> (Reference, Samples) {
    let reference: Reference =
        serde_json::from_str(include_str!("parity/clusters.json")).expect("the file is whole");
    let samples = Samples::new(3, reference.scaled.clone()).expect("rows of three");
    (reference, samples)
}

#[track_caller]
fn close(ours: &[Vec<f64>], theirs: &[Vec<f64>], tolerance: f64) {
    assert_eq!(ours.len(), theirs.len());
    for (a, b) in ours.iter().flatten().zip(theirs.iter().flatten()) {
        assert!((a - b).abs() <= tolerance, "{a} {b}");
    }
}

#[test]
fn scores_are_those_of_the_standard_scaler() {
    let (reference, samples) = reference();
    let raw = Samples::new(3, reference.raw).unwrap();
    let scaled = Scaling::of(&raw).apply(&raw).unwrap();
    for (a, b) in scaled.values().iter().zip(samples.values()) {
        assert!((a - b).abs() < 1e-12, "{a} {b}");
    }
}

#[test]
fn k_means_ends_where_scikit_learn_ends() {
    let (reference, samples) = reference();
    assert_eq!(reference.kmeans.len(), 3);
    for case in &reference.kmeans {
        let found = KMeans::from_centres(&samples, case.first.clone(), 1000).unwrap();
        close(&found.centres, &case.centres, 1e-10);
        let labels = found.labels(&samples).unwrap();
        assert_eq!(labels, case.labels);
        assert!((found.inertia - case.inertia).abs() < 1e-9 * case.inertia);
        let width = silhouette(&samples, &labels).unwrap();
        assert!((width - case.silhouette).abs() < 1e-10, "{width}");
    }
}

/// As many runs as scikit-learn was given end at least as low.
#[test]
fn k_means_finds_the_best_of_many_runs() {
    let (reference, samples) = reference();
    for case in &reference.kmeans {
        let options = KMeansOptions {
            runs: 200,
            ..KMeansOptions::default()
        };
        let found = KMeans::fit(&samples, case.first.len(), &options).unwrap();
        let ratio = found.inertia / case.best_inertia;
        assert!(ratio < 1.0 + 1e-9, "{ratio}");
    }
}

#[test]
fn mixtures_end_where_scikit_learn_ends() {
    let (reference, samples) = reference();
    assert_eq!(reference.mixtures.len(), 6);
    for case in &reference.mixtures {
        let options = MixtureOptions {
            covariance: match case.kind.as_str() {
                "full" => Covariance::Full,
                _ => Covariance::Diagonal,
            },
            tolerance: 1e-12,
            max_steps: 20_000,
            ..MixtureOptions::default()
        };
        let count = case.weights.len();
        let found = GaussianMixture::from_labels(&samples, &case.labels, count, &options).unwrap();
        assert!(found.converged);
        close(
            std::slice::from_ref(&found.weights),
            std::slice::from_ref(&case.weights),
            1e-5,
        );
        close(&found.means, &case.means, 1e-5);
        close(&found.covariances, &case.covariances, 1e-5);
        assert!((found.log_likelihood - case.log_likelihood).abs() < 1e-9);
        let bic = found.bic(&samples).unwrap();
        assert!((bic - case.bic).abs() < 1e-6 * case.bic.abs(), "{bic}");
        assert_eq!(found.labels(&samples).unwrap(), case.predicted);
    }
}
