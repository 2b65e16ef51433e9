//! How often intervals of a cross-validated macro AUC cover 0.5 on labels that mean nothing: the numbers of `docs/validation.md`.
//!
//! `cargo run --release -p triher-learn --example null_coverage -- PATIENTS FOLDS REPEATS [TABLES]`

use rand::seq::SliceRandom;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use triher_learn::{
    ClassWeight, ClassifierSpec, CrossValidation, Dataset, Keep, LearnError, Matrix, Penalty,
    PipelineSpec, StepSpec, UnivariateSelection, UnivariateTest, cross_validate,
};
use triher_stats::{
    BootstrapOptions, Predictions, Statistic, auc_macro, bootstrap, resampled_mean,
};

const FEATURES: usize = 150;

fn permuted(table: u64, patients: usize) -> Result<Dataset, LearnError> {
    let mut random = ChaCha8Rng::seed_from_u64(7);
    random.set_stream(table);
    let mut normal = || (0..12).map(|_| random.random::<f64>()).sum::<f64>() - 6.0;
    let values = (0..patients * FEATURES)
        .map(|place| {
            let (i, j) = (place / FEATURES, place % FEATURES);
            normal() + if j < 10 { (i % 3) as f64 } else { 0.0 }
        })
        .collect();
    let mut y: Vec<usize> = (0..patients).map(|i| i % 3).collect();
    y.shuffle(&mut random);
    let names = |word: &str, n: usize| (0..n).map(|i| format!("{word}{i}")).collect::<Vec<_>>();
    let ids = names("p", patients);
    let classes = ["zero", "low", "positive"].map(String::from).to_vec();
    let x = Matrix::new(patients, FEATURES, values)?;
    Dataset::new(ids.clone(), ids, None, names("f", FEATURES), x, y, classes)
}

fn part(
    data: &Dataset,
    x: &Matrix,
    rows: &[usize],
) -> Result<Predictions, triher_stats::StatsError> {
    let ids: Vec<String> = rows.iter().map(|&r| data.ids[r].clone()).collect();
    let truth = rows.iter().map(|&r| data.y[r]).collect();
    let p = rows.iter().flat_map(|&r| x.row(r).to_vec()).collect();
    Predictions::new(ids.clone(), ids, data.classes.clone(), truth, p, None)
}

#[expect(clippy::print_stdout, reason = "the numbers are the output")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut numbers = std::env::args().skip(1).map(|a| a.parse::<usize>());
    let mut next = |or: usize| numbers.next().unwrap_or(Ok(or));
    let (patients, folds, repeats, tables) = (next(90)?, next(5)?, next(1)?, next(300)?);
    let mut spec = PipelineSpec::new(ClassifierSpec::Logistic {
        penalty: Penalty::L2,
        c: 0.1,
        class_weight: ClassWeight::None,
    });
    spec.prepare
        .steps
        .push(StepSpec::Univariate(UnivariateSelection {
            test: UnivariateTest::Anova,
            keep: Keep::Best(10),
            neighbours: 3,
        }));
    let covers = |[low, high]: [f64; 2]| usize::from(low <= 0.5 && 0.5 <= high);
    let (mut corrected, mut drawn) = (0, 0);
    for table in 0..tables as u64 {
        let data = permuted(table, patients)?;
        let design = CrossValidation {
            folds,
            repeats,
            seed: table,
        };
        let found = cross_validate(&data, &spec, &design)?;
        let mut values = Vec::new();
        for (of, p) in found.folds.iter().zip(&found.repeats) {
            for fold in 0..folds {
                let rows: Vec<usize> = (0..patients).filter(|&r| of[r] == fold).collect();
                values.extend(auc_macro(&part(&data, p, &rows)?));
            }
        }
        let share = 1.0 / (folds as f64 - 1.0);
        corrected += resampled_mean(&values, share, 0.95).map_or(0, |m| covers(m.interval));
        let all: Vec<usize> = (0..patients).collect();
        let options = BootstrapOptions {
            replicates: 400,
            seed: table,
        };
        let result = bootstrap(&part(&data, &found.probabilities, &all)?, &options)?;
        drawn += result.interval(Statistic::MacroAuc, 0.95).map_or(0, covers);
    }
    let percent = |count: usize| 100.0 * count as f64 / tables as f64;
    println!(
        "{patients} patients, {folds} x {repeats}, {tables} tables: bootstrap {:.0} %, corrected {:.0} %",
        percent(drawn),
        percent(corrected)
    );
    Ok(())
}
