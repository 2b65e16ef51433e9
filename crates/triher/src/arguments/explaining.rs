//! Arguments of the commands that show why, and how cases lie to each other.

use super::{LanguageArguments, TableArguments};
use clap::Args;
use std::path::PathBuf;

const EXPLAIN_HELP: &str = "\
Values are exact for logistic regression, random forests and boosted trees, and for any model with up to ten columns; otherwise they are \
estimated by antithetic permutations, and the page says so. They always add up to the model's score.

Example:
  triher explain model.triher --features external.parquet --background-features training.parquet --patient p17 --out why";

#[derive(Debug, Args)]
#[command(after_help = EXPLAIN_HELP)]
pub(crate) struct ExplainArguments {
    /// Model file
    pub(crate) model: PathBuf,
    #[command(flatten)]
    pub(crate) table: TableArguments,
    /// Table of the training cohort, against which contributions are measured [default: the table itself]
    #[arg(long, value_name = "FILE")]
    pub(crate) background_features: Option<PathBuf>,
    /// Labels of that table, when they are in a file of their own
    #[arg(long, value_name = "FILE", requires = "background_features")]
    pub(crate) background_labels: Option<PathBuf>,
    /// Show this patient (identifier) one by one, with the most similar cases of the background (may be given several times)
    #[arg(long = "patient", value_name = "ID")]
    pub(crate) patients: Vec<String>,
    /// Fit the model anew in so many folds of the background table and say whether they name the same features
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(2..=100))]
    pub(crate) folds: Option<u16>,
    /// Background rows at most, for models that are not linear
    #[arg(long, default_value_t = 100, value_name = "N")]
    pub(crate) background: usize,
    /// Pairs of orders of the features, where values are estimated
    #[arg(long, default_value_t = 10, value_name = "N")]
    pub(crate) permutations: usize,
    /// Seed of the orders
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) language: LanguageArguments,
    /// Folder to write to
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}

const MAP_HELP: &str = "\
Draws principal components, t-SNE and UMAP of a table's features, coloured by class, centre, clinical columns and a model's calls, and says how well \
the centre can be told from the features before and after ComBat.

Example:
  triher map --features all.parquet --model model.triher --clinical clinical.csv --subgroup vendor --subgroup field_strength --out maps";

#[derive(Debug, Args)]
#[command(after_help = MAP_HELP)]
pub(crate) struct MapArguments {
    #[command(flatten)]
    pub(crate) table: TableArguments,
    /// Model whose calls, and whether they are right, colour the maps
    #[arg(long, value_name = "FILE")]
    pub(crate) model: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) clinical: super::ClinicalArguments,
    /// Use only features whose name begins with this, such as emb_ or rad_
    #[arg(long, value_name = "START")]
    pub(crate) features_from: Option<String>,
    /// Perplexity of t-SNE
    #[arg(long, default_value_t = 30.0)]
    pub(crate) perplexity: f64,
    /// Neighbours of UMAP
    #[arg(long, default_value_t = 15)]
    pub(crate) neighbours: usize,
    /// Seed of UMAP
    #[arg(long, default_value_t = 1)]
    pub(crate) seed: u64,
    #[command(flatten)]
    pub(crate) language: LanguageArguments,
    /// Folder to write to
    #[arg(long, value_name = "DIR")]
    pub(crate) out: PathBuf,
}
