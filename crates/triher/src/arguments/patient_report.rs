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
    /// Map of where the model looked (NIfTI or NRRD, on any grid in patient coordinates), to show over the lesion
    #[arg(long, value_name = "FILE")]
    pub(crate) attribution: Option<PathBuf>,
}
