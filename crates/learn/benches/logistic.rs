//! Fits on 500 rows of 2304 features (three embeddings of 768); `logistic.py` times scikit-learn on the same data.

#![allow(clippy::unwrap_used)]

#[path = "../tests/common/mod.rs"]
mod common;

use common::{names, noise, words};
use triher_learn::{
    ClassWeight, Dataset, LogisticRegression, Matrix, Pca, PcaSpec, Penalty, Standardizer,
};

const ROWS: usize = 500;
const FEATURES: usize = 2304;

fn main() {
    divan::main();
}

/// Twenty factors behind all features, as embeddings have, and noise; the class moves three of them.
fn embeddings(classes: usize) -> Dataset {
    let y: Vec<usize> = (0..ROWS).map(|i| i % classes).collect();
    let factors = Matrix::from_fn(ROWS, 20, |i, f| {
        noise(i, f) + if f < 3 { 0.4 * y[i] as f64 } else { 0.0 }
    });
    let x = Matrix::from_fn(ROWS, FEATURES, |i, j| {
        let common: f64 = (0..20)
            .map(|f| factors.row(i)[f] * noise(f + 7000, j))
            .sum();
        common + 0.5 * noise(i + 1000, j)
    });
    let classes = words(&["zero", "low", "positive"][..classes]);
    let ids = names("r", ROWS);
    Dataset::new(ids.clone(), ids, None, names("f", FEATURES), x, y, classes).unwrap()
}

#[divan::bench(args = [(2, "0.01"), (2, "1"), (3, "0.01"), (3, "1"), (3, "100")], sample_count = 5)]
fn logistic(bencher: divan::Bencher<'_, '_>, (classes, c): (usize, &str)) {
    let data = embeddings(classes);
    let fold = data.whole();
    let fold = Standardizer::fit(&fold)
        .unwrap()
        .transform_training(fold)
        .unwrap();
    let settings = LogisticRegression {
        penalty: Penalty::L2,
        c: c.parse().unwrap(),
        class_weight: ClassWeight::None,
    };
    bencher.bench(|| settings.fit(&fold).unwrap());
}

#[divan::bench(sample_count = 5)]
fn pca_to_50(bencher: divan::Bencher<'_, '_>) {
    let data = embeddings(2);
    let fold = data.whole();
    bencher.bench(|| Pca::fit(&fold, PcaSpec::Components(50)).unwrap());
}
