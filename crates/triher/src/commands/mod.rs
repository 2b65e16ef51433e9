//! One module per command: from what was typed to a plan of the library, and its result in words.

mod attribute;
mod case;
mod correct;
mod demo;
mod evaluate;
mod explain;
mod extract;
mod filter;
mod find;
mod finetune;
mod habitats;
mod ibsi;
mod label;
mod map;
mod maps;
mod model;
mod patch;
mod predict;
mod pretrain;
mod radiomics;
mod robustness;
mod run;
mod sample_size;
mod scan;
mod simulate;
mod table;
mod train;
mod view;
mod weights;

use crate::Ending;
use crate::arguments::{Arguments, Command};
use crate::console::Console;

/// Carries out what was typed.
///
/// # Errors
/// As the library; each error is a sentence with its remedy.
pub(crate) fn carry_out(arguments: Arguments, console: &Console) -> anyhow::Result<Ending> {
    if let Some(threads) = arguments.threads {
        anyhow::ensure!(
            threads > 0,
            "--threads 0 leaves nobody to work: give 1 or more"
        );
        triher_study::use_threads(threads)?;
    }
    match arguments.command {
        Command::Demo(arguments) => demo::demo(arguments, console),
        Command::Scan(arguments) => scan::scan(arguments, console),
        Command::SampleSize(arguments) => sample_size::sample_size(arguments, console),
        Command::Label(arguments) => label::label(arguments, console),
        Command::Crop(arguments) => patch::crop(arguments, console),
        Command::Embed(arguments) => patch::embed(arguments, console),
        Command::Find(arguments) => find::find(&arguments, console),
        Command::Correct(arguments) => correct::correct(&arguments, console),
        Command::Habitats(command) => habitats::habitats(command, console),
        Command::Robustness(arguments) => robustness::robustness(&arguments, console),
        Command::Radiomics(arguments) => radiomics::radiomics(arguments, console),
        Command::Filter(arguments) => filter::filter(arguments, console),
        Command::Maps(arguments) => maps::maps(arguments, console),
        Command::Ibsi(arguments) => ibsi::ibsi(&arguments, console),
        Command::Extract(arguments) => extract::extract(arguments, console),
        Command::Train(arguments) => train::train(*arguments, console),
        Command::Evaluate(arguments) => evaluate::evaluate(arguments, console),
        Command::Attribute(arguments) => attribute::attribute(arguments, console),
        Command::View(arguments) => view::view(arguments, console),
        Command::Map(arguments) => map::map(arguments, console),
        Command::Explain(arguments) => explain::explain(arguments, console),
        Command::Predict(arguments) => predict::predict(arguments, console),
        Command::Pretrain(pretraining) => {
            pretrain::pretrain(&pretraining, arguments.threads, console)
        }
        Command::Finetune(tuning) => finetune::finetune(&tuning, arguments.threads, console),
        Command::Simulate(arguments) => simulate::simulate(arguments, console),
        Command::Run(arguments) => run::run(arguments, console),
        Command::Model(arguments) => model::model(arguments, console),
        Command::Weights(command) => weights::weights(command, console),
    }
}
