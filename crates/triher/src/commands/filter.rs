//! `triher filter`.

use crate::Ending;
use crate::arguments::FilterArguments;
use crate::console::Console;
use triher_study::filtering::{FilterPlan, filter_image};
use triher_study::radiomics::read_settings;

pub(crate) fn filter(arguments: FilterArguments, console: &Console) -> anyhow::Result<Ending> {
    let plan = FilterPlan {
        settings: read_settings(&arguments.settings)?,
        image: arguments.image,
        out: arguments.out,
    };
    for file in filter_image(&plan)? {
        console.note(&format!("{}", file.display()));
    }
    Ok(Ending::Done)
}
