//! `triher view`.

use crate::Ending;
use crate::arguments::ViewArguments;
use crate::commands::case::{image_plan, place};
use crate::console::Console;
use anyhow::Context;
use triher_study::viewing::{ViewPlan, Viewed};
use triher_viewer::Server;

pub(crate) fn view(arguments: ViewArguments, console: &Console) -> anyhow::Result<Ending> {
    let path = &arguments.images.path;
    if path.extension().is_some_and(|e| e == "html" || e == "pdf") {
        let path = std::path::absolute(path)?;
        std::fs::metadata(&path).with_context(|| format!("{} cannot be read", path.display()))?;
        console.result(&path.display().to_string())?;
        if !arguments.no_browser {
            open::that_detached(&path)
                .context("no browser could be opened: open the file yourself")?;
        }
        return Ok(Ending::Done);
    }
    let plan = ViewPlan {
        model: arguments.model,
        lesion: place(&arguments.images)?,
        images: image_plan(arguments.images)?,
    };
    let language = arguments.language.parse().map_err(anyhow::Error::msg)?;
    let viewed = Viewed::open(&plan, console)?;
    let server = Server::bind(viewed, language, arguments.port)?;
    let url = server.url();
    console.result(&url)?;
    console.status("The page is open as long as this runs: stop it with Ctrl-C.");
    if !arguments.no_browser && open::that_detached(&url).is_err() {
        console.note("no browser could be opened: open the address yourself");
    }
    server.serve()?;
    Ok(Ending::Done)
}
