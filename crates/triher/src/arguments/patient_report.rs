//! What is written for readers: the reports of `triher predict`, and the language of all reports.

use clap::Args;
use std::path::PathBuf;
use triher_study::Language;

#[derive(Debug, Args)]
pub(crate) struct PatientReportArguments {
    /// Report as one HTML file
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Report as PDF
    #[arg(long, value_name = "FILE")]
    pub(crate) pdf: Option<PathBuf>,
    #[command(flatten)]
    pub(crate) language: LanguageArguments,
    /// Where the model looked, to show over the lesion: relevance, integrated-gradients, rollout or occlusion, or the file of any other map
    /// (NIfTI or NRRD, on any grid in patient coordinates), which the report then shows as a map that was given
    #[arg(long, value_name = "METHOD|FILE")]
    pub(crate) attribution: Option<PathBuf>,
    /// The feature table that the model was trained on: the report then shows the training cases nearest to the patient, with their pictures where
    /// `triher extract` left them beside it (several tables: several times, in the order of training)
    #[arg(long, value_name = "FILE")]
    pub(crate) training_features: Vec<PathBuf>,
    /// Labels of those tables, when they are in a file of their own
    #[arg(long, value_name = "FILE", requires = "training_features")]
    pub(crate) training_labels: Option<PathBuf>,
}

/// The language of what is written for readers.
#[derive(Debug, Args)]
pub(crate) struct LanguageArguments {
    /// Language of the reports: en (English) or zh (Chinese)
    #[arg(long, default_value = "en", value_parser = ["en", "zh"])]
    language: String,
}

impl LanguageArguments {
    /// The language that was named.
    ///
    /// # Errors
    /// None that the parser lets through.
    pub(crate) fn language(&self) -> anyhow::Result<Language> {
        self.language.parse().map_err(anyhow::Error::msg)
    }
}
