//! `triher radiomics`.

use crate::Ending;
use crate::arguments::{ProfileChoice, RadiomicsArguments};
use crate::console::Console;
use triher_study::radiomics::{
    Configuration, Profile, RadiomicsPlan, Settings, csv, radiomics as measure, read_parameters,
    read_settings,
};

pub(crate) fn radiomics(
    arguments: RadiomicsArguments,
    console: &Console,
) -> anyhow::Result<Ending> {
    let profile = match (arguments.profile, &arguments.settings) {
        (ProfileChoice::Ibsi, Some(file)) => Profile::Ibsi(read_settings(file)?),
        (ProfileChoice::Ibsi, None) => Profile::Ibsi(match &arguments.configuration {
            Some(name) => configuration(name)?.settings(),
            None => Settings::default(),
        }),
        (ProfileChoice::Pyradiomics, file) => {
            anyhow::ensure!(
                arguments.configuration.is_none(),
                "--configuration belongs to the profile ibsi; PyRadiomics' settings are given with --settings FILE.yaml"
            );
            Profile::Pyradiomics(match file {
                Some(file) => read_parameters(file)?,
                None => Default::default(),
            })
        }
    };
    let plan = RadiomicsPlan {
        image: arguments.image,
        mask: arguments.mask,
        label: arguments.label,
        profile,
        out: arguments.out,
    };
    let features = measure(&plan)?;
    match &plan.out {
        None => console.result(csv(&features)?.trim_end())?,
        Some(out) => {
            let without = features.iter().filter(|f| f.value.is_nan()).count();
            console.note(&format!(
                "{} features -> {}{}",
                features.len(),
                out.display(),
                if without > 0 {
                    format!(" ({without} without a value: the column flags says why)")
                } else {
                    String::new()
                }
            ));
        }
    }
    Ok(Ending::Done)
}

fn configuration(name: &str) -> anyhow::Result<Configuration> {
    let found = Configuration::ALL
        .into_iter()
        .find(|c| format!("{c:?}").eq_ignore_ascii_case(name));
    found.ok_or_else(|| {
        anyhow::anyhow!("there is no configuration {name:?}: the IBSI's are A, B, C, D and E")
    })
}
