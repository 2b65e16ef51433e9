//! Nested 5 x 5 cross-validation with a lasso path, and the filters, on a table of 1,000 rows and 2,000 features.
//!
//! `cargo bench -p triher-learn --bench preparing`. glmnet and scikit-learn on the same table: `benches/preparing_peers.R`.

#![allow(clippy::unwrap_used)]

use divan::Bencher;
use triher_learn::{
    ClassWeight, ClassifierSpec, CorrelationFilter, CrossValidation, Dataset, ElasticNetSelection,
    Matrix, Penalty, PipelineSpec, Preparation, ProbabilitySpec, StepSpec, cross_validate,
};

fn main() {
    divan::main();
}

/// The fraction of a large sine, from -1 to 1; the formula is that of `preparing_peers.R`.
fn noise(i: usize, j: usize) -> f64 {
    let t = (12.9898 * (i as f64 + 1.0) + 78.233 * (j as f64 + 1.0)).sin() * 43758.5453;
    2.0 * (t - t.floor()) - 1.0
}

/// Rows of three classes; each tenth feature of the first 400 tells them apart a little, and neighbours share a part.
fn table(n: usize, p: usize) -> Dataset {
    let x = Matrix::from_fn(n, p, |i, j| {
        let shift = if j < 400 && j % 10 == 0 { 0.15 } else { 0.0 };
        let class = (i % 3) as f64 - 1.0;
        shift * class * if j % 20 == 0 { 1.0 } else { class }
            + noise(i, j)
            + 0.5 * noise(i, p + j / 8)
    });
    let names = |what: &str, count: usize| (0..count).map(|i| format!("{what}{i}")).collect();
    Dataset::new(
        names("r", n),
        names("p", n),
        None,
        names("f", p),
        x,
        (0..n).map(|i| i % 3).collect(),
        ["zero", "low", "positive"].map(String::from).to_vec(),
    )
    .unwrap()
}

fn spec(step: StepSpec) -> PipelineSpec {
    PipelineSpec {
        prepare: Preparation {
            steps: vec![step],
            ..Preparation::default()
        },
        standardize: true,
        pca: None,
        classifier: ClassifierSpec::Logistic {
            penalty: Penalty::L2,
            c: 1.0,
            class_weight: ClassWeight::None,
        },
        probability: ProbabilitySpec::default(),
        tuning: None,
    }
}

/// 30 paths of 100 strengths.
#[divan::bench(sample_count = 1, sample_size = 1)]
fn nested_lasso(bencher: Bencher<'_, '_>) {
    let data = table(1000, 2000);
    let spec = spec(StepSpec::ElasticNet(ElasticNetSelection::default()));
    let design = CrossValidation {
        folds: 5,
        repeats: 1,
        seed: 1,
    };
    bencher.bench_local(|| cross_validate(&data, &spec, &design).unwrap());
}

/// One path on all rows, to compare with glmnet's.
#[divan::bench(sample_count = 3, sample_size = 1)]
fn one_path(bencher: Bencher<'_, '_>) {
    let data = table(1000, 2000);
    let fold = data.whole();
    let lasso = ElasticNetSelection::default();
    bencher.bench_local(|| lasso.path_of(&fold).unwrap());
}

#[divan::bench(sample_count = 3, sample_size = 1)]
fn correlation(bencher: Bencher<'_, '_>) {
    let data = table(1000, 2000);
    let fold = data.whole();
    let filter = CorrelationFilter::default();
    bencher.bench_local(|| filter.fit(&fold).unwrap());
}
