//! Time and peak memory of nested 5 x 5 cross-validation with a lasso path, on tables of several sizes.
//!
//! `cargo run --release -p triher-learn --example nested_lasso -- ROWS COLUMNS` prints the size of the table, the seconds and the largest resident
//! memory of the process (Linux: `VmHWM` of `/proc/self/status`). The numbers are in `docs/validation.md`.

#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "an example speaks to the terminal"
)]

use std::process::ExitCode;
use std::time::Instant;
use triher_learn::{
    ClassifierSpec, CrossValidation, Dataset, ElasticNetSelection, LearnError, Matrix,
    PipelineSpec, cross_validate,
};

/// The fraction of a large sine, from -1 to 1.
fn noise(i: usize, j: usize) -> f64 {
    let t = (12.9898 * (i as f64 + 1.0) + 78.233 * (j as f64 + 1.0)).sin() * 43758.5453;
    2.0 * (t - t.floor()) - 1.0
}

/// Rows of three classes; each tenth feature of the first 400 tells them apart a little, and neighbours share a part.
fn table(rows: usize, columns: usize) -> Result<Dataset, LearnError> {
    let x = Matrix::from_fn(rows, columns, |i, j| {
        let shift = if j < 400 && j % 10 == 0 { 0.15 } else { 0.0 };
        let class = (i % 3) as f64 - 1.0;
        shift * class * if j % 20 == 0 { 1.0 } else { class }
            + noise(i, j)
            + 0.5 * noise(i, columns + j / 8)
    });
    let names = |what: &str, count: usize| (0..count).map(|i| format!("{what}{i}")).collect();
    Dataset::new(
        names("r", rows),
        names("p", rows),
        None,
        names("f", columns),
        x,
        (0..rows).map(|i| i % 3).collect(),
        ["zero", "low", "positive"].map(String::from).to_vec(),
    )
}

/// Largest resident memory of this process so far, in megabytes; `None` where the system does not say.
fn peak_mb() -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    let kilobytes: f64 = line.split_whitespace().nth(1)?.parse().ok()?;
    Some(kilobytes / 1024.0)
}

fn main() -> ExitCode {
    let numbers: Vec<usize> = std::env::args().skip(1).flat_map(|a| a.parse()).collect();
    let [rows, columns] = numbers[..] else {
        eprintln!("Say the numbers of rows and columns, such as: nested_lasso 1000 2000");
        return ExitCode::from(2);
    };
    let run = || -> Result<f64, LearnError> {
        let data = table(rows, columns)?;
        let spec = PipelineSpec::new(ClassifierSpec::ElasticNet(ElasticNetSelection::default()));
        let design = CrossValidation {
            folds: 5,
            repeats: 1,
            seed: 1,
        };
        let start = Instant::now();
        cross_validate(&data, &spec, &design)?;
        Ok(start.elapsed().as_secs_f64())
    };
    match run() {
        Ok(seconds) => {
            let table = (rows * columns * 8) as f64 / 1e6;
            let peak = peak_mb().map_or_else(|| "unknown".to_owned(), |mb| format!("{mb:.0} MB"));
            println!("{rows} x {columns}: table {table:.0} MB, {seconds:.1} s, peak {peak}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}
