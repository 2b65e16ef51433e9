//! The `triher` command line: thin over [`triher_study`].
//!
//! Two stages: [`arguments`] holds what was typed; each module of [`commands`] turns it into a plan of
//! the library, carries it out and prints. Results go to standard output or to the files that were
//! named; progress, notes and errors go to standard error.

mod arguments;
mod commands;
mod console;

use clap::Parser;
use std::process::ExitCode;

/// How a command ended, as the exit code tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// Everything was done: exit code 0.
    Done,
    /// Something in the input could not be used, and standard error says what: exit code 1.
    Incomplete,
}

fn main() -> ExitCode {
    let arguments = arguments::Arguments::parse();
    let console = console::Console::new(arguments.quiet);
    match commands::carry_out(arguments, &console) {
        Ok(Ending::Done) => ExitCode::SUCCESS,
        Ok(Ending::Incomplete) => ExitCode::from(1),
        // Whoever closed the pipe has seen enough: `triher scan DIR | head` is no failure.
        Err(error) if console::is_broken_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            console.error(&error);
            let internal = error
                .downcast_ref::<triher_study::StudyError>()
                .is_some_and(triher_study::StudyError::is_internal);
            ExitCode::from(if internal { 2 } else { 1 })
        }
    }
}
