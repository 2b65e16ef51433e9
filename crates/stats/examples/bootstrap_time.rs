//! `bootstrap_time COHORT.csv REPLICATES`: the bootstrap of a cohort each time that a line comes in, for `benches/compare.py`.
//!
//! The cohort has a line a patient: the class by number, the probability of each of three classes. The answer is a line of JSON: seconds, the figures
//! and their bootstrap standard errors.

#![expect(clippy::print_stdout, reason = "the answer goes to standard output")]

use std::time::Instant;
use triher_stats::{BootstrapOptions, Predictions, Statistic, StatsError, bootstrap};

const FIGURES: [Statistic; 15] = [
    Statistic::ClassAuc(0),
    Statistic::ClassAuc(1),
    Statistic::ClassAuc(2),
    Statistic::MacroAuc,
    Statistic::WeightedAuc,
    Statistic::MicroAuc,
    Statistic::Accuracy,
    Statistic::BalancedAccuracy,
    Statistic::Brier,
    Statistic::LogLoss,
    Statistic::HandTill,
    Statistic::Polytomous,
    Statistic::MacroF1,
    Statistic::Matthews,
    Statistic::QuadraticKappa,
];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args().skip(1);
    let usage = "give a file of the cohort and the number of replicates";
    let (path, replicates) = (
        arguments.next().ok_or(usage)?,
        arguments.next().ok_or(usage)?.parse()?,
    );
    let predictions = cohort(&std::fs::read_to_string(path)?)?;
    let options = BootstrapOptions {
        replicates,
        ..BootstrapOptions::default()
    };
    for line in std::io::stdin().lines() {
        line?;
        let start = Instant::now();
        let found = bootstrap(&predictions, &options)?;
        let seconds = start.elapsed().as_secs_f64();
        let estimates: Vec<Option<f64>> = FIGURES.map(|f| found.estimate(f)).to_vec();
        let errors: Vec<f64> = FIGURES.map(|f| error(&found.values(f))).to_vec();
        let answer =
            serde_json::json!({ "seconds": seconds, "estimates": estimates, "errors": errors });
        println!("{answer}");
    }
    Ok(())
}

fn cohort(text: &str) -> Result<Predictions, Box<dyn std::error::Error>> {
    let (mut truth, mut probabilities) = (Vec::new(), Vec::new());
    for line in text.lines() {
        let mut cells = line.split(',');
        truth.push(cells.next().unwrap_or_default().parse()?);
        for cell in cells {
            probabilities.push(cell.parse()?);
        }
    }
    let ids: Vec<String> = (0..truth.len()).map(|i| i.to_string()).collect();
    let classes = ["zero", "low", "positive"].map(String::from).to_vec();
    let predictions: Result<_, StatsError> =
        Predictions::new(ids.clone(), ids, classes, truth, probabilities, None);
    Ok(predictions?)
}

fn error(values: &[Option<f64>]) -> f64 {
    let values: Vec<f64> = values.iter().flatten().copied().collect();
    let n = values.len() as f64;
    let mean = values.iter().sum::<f64>() / n;
    (values.iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (n - 1.0)).sqrt()
}
