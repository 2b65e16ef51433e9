//! What `triher predict` writes for readers.

use clap::Args;
use std::path::PathBuf;

#[derive(Debug, Args)]
pub(crate) struct PatientReportArguments {
    /// Report as one HTML file
    #[arg(long, value_name = "FILE")]
    pub(crate) html: Option<PathBuf>,
    /// Report as PDF
    #[arg(long, value_name = "FILE")]
    pub(crate) pdf: Option<PathBuf>,
    /// Language of the reports: en (English) or zh (Chinese)
    #[arg(long, default_value = "en", value_parser = ["en", "zh"])]
    pub(crate) language: String,
    /// Where the model looked, to show over the lesion: relevance, integrated-gradients, rollout or occlusion, or the file of a map (NIfTI or
    /// NRRD, on any grid in patient coordinates)
    #[arg(long, value_name = "METHOD|FILE")]
    pub(crate) attribution: Option<PathBuf>,
}
