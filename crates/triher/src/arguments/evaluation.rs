//! Arguments of the commands that judge a model.

use super::{LanguageArguments, TableArguments};
use clap::Args;
use std::path::PathBuf;
use triher_study::clinical::SubgroupSpec;

#[derive(Debug, Args)]
pub(crate) struct EvaluateArguments {
    /// Model file
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) table: TableArguments,
    #[command(flatten)]
    pub(crate) clinical: ClinicalArguments,
    /// Bootstrap replicates for the confidence intervals
    #[arg(long, default_value_t = 2000)]
    pub(crate) bootstrap: usize,
    /// Seed of the bootstrap
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    /// Figures as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
    /// Report as one HTML file
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Probabilities of each row as CSV
    #[arg(long, value_name = "FILE")]
    pub(crate) predictions: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) language: LanguageArguments,
}

/// Clinical findings beside the figures.
#[derive(Debug, Args)]
pub(crate) struct ClinicalArguments {
    /// Clinical findings by patient (CSV, TSV or Parquet), for --subgroup and --survival
    #[arg(long, value_name = "FILE")]
    pub(crate) clinical: Option<PathBuf>,
    /// Column that patients are grouped by; numbers are cut with `age:50,65` (may be given several times)
    #[arg(long = "subgroup", value_name = "COLUMN[:CUT,...]", value_parser = SubgroupSpec::parse, requires = "clinical")]
    pub(crate) subgroups: Vec<SubgroupSpec>,
    /// Columns of the time under observation and of the event (1 or 0), and the unit of the time
    #[arg(long, num_args = 2..=3, value_names = ["TIME", "EVENT", "UNIT"], requires = "clinical")]
    pub(crate) survival: Vec<String>,
}

/// What validation within the training cohort does beside the folds.
#[derive(Debug, Args)]
pub(crate) struct DesignArguments {
    /// Also predict every centre by a model of the others (needs --centre)
    #[arg(long)]
    pub(crate) leave_one_centre_out: bool,
    /// Also learn from these shares of the training patients, such as 0.25,0.5,1
    #[arg(long, value_name = "SHARE,...", value_delimiter = ',')]
    pub(crate) learning_curve: Vec<f64>,
    /// Also repeat the whole validation on permuted labels, this many times
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(crate) permutations: usize,
    /// Everything about the validation as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) validation: Option<PathBuf>,
    /// Out-of-fold predictions with their folds as CSV
    #[arg(long, value_name = "FILE")]
    pub(crate) out_of_fold: Option<PathBuf>,
}

#[derive(Debug, Args)]
pub(crate) struct RunArguments {
    /// Study file (TOML)
    pub(crate) study: PathBuf,
    /// Folder to write to, instead of the study file's
    #[arg(long, value_name = "DIR")]
    pub(crate) out: Option<PathBuf>,
    /// Evaluate external cohorts again although another model has seen them; it is counted and reported
    #[arg(long)]
    pub(crate) look_again: bool,
    #[command(flatten)]
    pub(crate) language: LanguageArguments,
}
