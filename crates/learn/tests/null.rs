//! Labels that mean nothing: an honest nested cross-validation finds nothing, and a planted leak shows.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

mod common;

use common::{logistic, names};
use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use triher_learn::{
    CrossValidation, Dataset, InnerFolds, Keep, Matrix, PipelineSpec, Preparation, Search,
    StepSpec, TuningSpec, UnivariateSelection, UnivariateTest, cross_validate,
};
use triher_stats::{BootstrapOptions, Predictions, Statistic, bootstrap};

const RUNS: u64 = 40;
const PATIENTS: usize = 60;
const FEATURES: usize = 150;

/// Patients in three classes; the first ten features tell them apart, until the labels are permuted.
fn permuted(run: u64) -> Dataset {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    random.set_stream(run);
    let mut normal = || (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
    let mut values = Vec::with_capacity(PATIENTS * FEATURES);
    for i in 0..PATIENTS {
        for j in 0..FEATURES {
            let shift = if j < 10 { (i % 3) as f64 } else { 0.0 };
            values.push(shift + normal());
        }
    }
    let mut y: Vec<usize> = (0..PATIENTS).map(|i| i % 3).collect();
    y.shuffle(&mut random);
    let ids = names("patient", PATIENTS);
    Dataset::new(
        ids.clone(),
        ids,
        None,
        names("feature", FEATURES),
        Matrix::new(PATIENTS, FEATURES, values).unwrap(),
        y,
        ["zero", "low", "positive"].map(String::from).to_vec(),
    )
    .unwrap()
}

fn best_ten() -> UnivariateSelection {
    UnivariateSelection {
        test: UnivariateTest::Anova,
        keep: Keep::Best(10),
        neighbours: 3,
    }
}

/// Selection, tuned penalty and logistic regression.
fn pipeline(steps: Vec<StepSpec>) -> PipelineSpec {
    PipelineSpec {
        prepare: Preparation {
            steps,
            ..Preparation::default()
        },
        tuning: Some(TuningSpec {
            search: Search::Random,
            budget: 9,
            inner: InnerFolds { folds: 3, seed: 1 },
        }),
        ..PipelineSpec::new(logistic(0.1))
    }
}

/// Macro AUC of the out-of-fold predictions with its 95 % bootstrap interval.
fn macro_auc(data: &Dataset, spec: &PipelineSpec, run: u64) -> (f64, [f64; 2]) {
    let design = CrossValidation {
        folds: 5,
        repeats: 1,
        seed: run,
    };
    let found = cross_validate(data, spec, &design).unwrap();
    let predictions = Predictions::new(
        data.ids.clone(),
        data.groups.clone(),
        data.classes.clone(),
        data.y.clone(),
        found.probabilities.values().to_vec(),
        None,
    )
    .unwrap();
    let options = BootstrapOptions {
        replicates: 400,
        seed: run,
    };
    let drawn = bootstrap(&predictions, &options).unwrap();
    let interval = drawn.interval(Statistic::MacroAuc, 0.95).unwrap();
    (triher_stats::auc_macro(&predictions).unwrap(), interval)
}

/// With the selection and the tuning inside, the intervals cover 0.5 at their nominal rate; with the selection made on all rows beforehand, by
/// hand and around all types, the same pipeline finds what is not there.
#[test]
fn nested_intervals_cover_chance_and_those_of_a_planted_leak_do_not() {
    let covers = |interval: [f64; 2]| usize::from(interval[0] <= 0.5 && 0.5 <= interval[1]);
    let (mut honest, mut leaking) = ((0, 0.0), (0, 0.0));
    for run in 0..RUNS {
        let data = permuted(run);
        let nested = pipeline(vec![StepSpec::Univariate(best_ten())]);
        let (auc, interval) = macro_auc(&data, &nested, run);
        honest.0 += covers(interval);
        honest.1 += auc / RUNS as f64;

        // The leak: columns chosen with the labels of the rows that are held out later.
        let chosen = best_ten().fit(&data.whole()).unwrap().kept().to_vec();
        let x = Matrix::from_fn(PATIENTS, chosen.len(), |i, j| data.x.row(i)[chosen[j]]);
        let seen = Dataset::new(
            data.ids.clone(),
            data.groups.clone(),
            None,
            names("chosen", chosen.len()),
            x,
            data.y.clone(),
            data.classes.clone(),
        )
        .unwrap();
        let (auc, interval) = macro_auc(&seen, &pipeline(Vec::new()), run);
        leaking.0 += covers(interval);
        leaking.1 += auc / RUNS as f64;
    }
    println!("nested: {honest:?} of {RUNS}; selected beforehand: {leaking:?}");
    // 38 are expected; of a binomial of 40 at 0.95, fewer than 34 come up once in 300 times.
    assert!(honest.0 >= 34, "{honest:?}");
    assert!((honest.1 - 0.5).abs() < 0.04, "{honest:?}");
    assert!(leaking.0 <= 4, "{leaking:?}");
    assert!(leaking.1 > 0.65, "{leaking:?}");
}
