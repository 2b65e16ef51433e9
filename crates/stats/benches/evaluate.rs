//! `cargo bench -p triher-stats`: the whole evaluation of 1000 patients with 2000 replicates.

use triher_stats::{BootstrapOptions, EvaluationOptions, Predictions, auc, bootstrap, evaluate};

fn main() {
    divan::main();
}

fn cohort(n: usize) -> Predictions {
    // A linear congruential generator: the values only need to be spread and not tied.
    let mut state = 12_345u64;
    let mut next = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let ids: Vec<String> = (0..n).map(|i| format!("p{i}")).collect();
    let truth: Vec<usize> = (0..n).map(|i| i % 3).collect();
    let mut probabilities = Vec::with_capacity(3 * n);
    for &t in &truth {
        let mut scores = [next(), next(), next()];
        scores[t] += 0.3;
        let sum: f64 = scores.iter().sum();
        probabilities.extend(scores.map(|s| s / sum));
    }
    let classes = ["zero", "low", "positive"].map(String::from).to_vec();
    Predictions::new(ids.clone(), ids, classes, truth, probabilities, None).expect("valid cohort")
}

#[divan::bench]
fn evaluate_1000_patients_2000_replicates(bencher: divan::Bencher<'_, '_>) {
    let predictions = cohort(1000);
    let options = EvaluationOptions {
        bootstrap: 2000,
        ..Default::default()
    };
    bencher.bench(|| evaluate(&predictions, &options));
}

/// Every discrimination figure in 2000 stratified replicates, with the jackknife of the accelerated
/// interval. `compare.py` beside this file times it against NumPy and scikit-learn.
#[divan::bench]
fn bootstrap_1000_patients_2000_replicates(bencher: divan::Bencher<'_, '_>) {
    let predictions = cohort(1000);
    bencher.bench(|| bootstrap(&predictions, &BootstrapOptions::default()));
}

#[divan::bench]
fn auc_of_100_000_scores(bencher: divan::Bencher<'_, '_>) {
    let predictions = cohort(100_000);
    let (scores, positive) = (predictions.column(0), predictions.is_class(0));
    bencher.bench(|| auc(&scores, &positive));
}
