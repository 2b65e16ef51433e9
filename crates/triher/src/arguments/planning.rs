//! Arguments of what is done before a study begins.

use clap::Args;
use std::path::PathBuf;

const SAMPLE_SIZE_HELP: &str = "\
Three criteria of a multinomial model (Pate et al., 2023, after Riley et al., 2019), of which the greatest counts, and the patients whose AUC of each class against \
the rest has an interval of the wanted width (Hanley and McNeil, 1982). Count as parameters all that may enter the model, before any selection; \
components of an embedding count one each.

Example:
  triher sample-size --prevalence zero=0.18,low=0.47,positive=0.35 --parameters 16 --auc 0.75 --width 0.1";

#[derive(Debug, Args)]
#[command(after_help = SAMPLE_SIZE_HELP)]
pub(crate) struct SampleSizeArguments {
    /// Expected share of each class; they sum to 1
    #[arg(long, value_name = "CLASS=SHARE,..", value_delimiter = ',', value_parser = class_share, required = true)]
    pub(crate) prevalence: Vec<(String, f64)>,
    /// Candidate parameters of each equation of the model
    #[arg(long, value_name = "N")]
    pub(crate) parameters: usize,
    /// Expected Nagelkerke R2 of the model and of each pair's model, where no Cox-Snell R2 is given; 0.15 is advised when nothing is known
    #[arg(long, default_value_t = 0.15, value_name = "R2")]
    pub(crate) nagelkerke: f64,
    /// Expected Cox-Snell R2 of the whole model, from an earlier study
    #[arg(long, value_name = "R2")]
    pub(crate) cox_snell: Option<f64>,
    /// Expected Cox-Snell R2 of each pair's model, in the order first-second, first-third, second-third
    #[arg(long, value_name = "R2,..", value_delimiter = ',')]
    pub(crate) pair_cox_snell: Option<Vec<f64>>,
    /// Wanted shrinkage of the models of pairs
    #[arg(long, default_value_t = 0.9)]
    pub(crate) shrinkage: f64,
    /// Optimism of Nagelkerke's R2, and error of the overall risks, that are allowed
    #[arg(long, default_value_t = 0.05)]
    pub(crate) margin: f64,
    /// Expected AUC of a class against the rest
    #[arg(long, default_value_t = 0.75)]
    pub(crate) auc: f64,
    /// Wanted width of its interval, upper minus lower bound
    #[arg(long, default_value_t = 0.1)]
    pub(crate) width: f64,
    /// Confidence of that interval
    #[arg(long, default_value_t = 0.95)]
    pub(crate) confidence: f64,
    /// Result as JSON
    #[arg(long, value_name = "FILE")]
    pub(crate) json: Option<PathBuf>,
}

fn class_share(text: &str) -> Result<(String, f64), String> {
    let wrong = || format!("{text:?} is not CLASS=SHARE, such as zero=0.18");
    let (class, share) = text.split_once('=').ok_or_else(wrong)?;
    let class = class.trim();
    if class.is_empty() {
        return Err(wrong());
    }
    let share = share.trim().parse().map_err(|_| wrong())?;
    Ok((class.to_owned(), share))
}
