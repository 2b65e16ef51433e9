//! `triher demo`.

use crate::Ending;
use crate::arguments::DemoArguments;
use crate::commands::table::discrimination;
use crate::console::Console;
use triher_study::demo::DemoPlan;

pub(crate) fn demo(arguments: DemoArguments, console: &Console) -> anyhow::Result<Ending> {
    let plan = DemoPlan {
        out: arguments.out,
        seed: arguments.seed,
        weights: arguments.weights,
        language: arguments.language.language()?,
    };
    let demo = triher_study::demo::demo(&plan, console)?;
    let mut text =
        String::from("Simulated patients only: these figures say nothing about real ones.\n");
    text += &format!(
        "Features: kinetics, size, first-order statistics and the embedding of the {}.\n",
        demo.encoder
    );
    if let Some(figures) = &demo.study.trained.validated.cross_validation {
        text += &format!(
            "\nCross-validated on the training centres:\n{}\n",
            discrimination(figures)
        );
    }
    for external in &demo.study.external {
        text += &format!(
            "\nExternal centre {}:\n{}\n",
            external.name,
            discrimination(&external.evaluated.evaluation)
        );
    }
    text += &format!(
        "\nPatient {} of that centre: HER2-{}\n",
        demo.predicted.patient_id, demo.predicted.class
    );
    text += &format!(
        "\nOpen these in a browser:\n  {}\n  {}\nThe study file, to run again or to change: {}",
        demo.report.display(),
        demo.patient_report.display(),
        demo.study_file.display()
    );
    console.result(&text)?;
    Ok(Ending::Done)
}
