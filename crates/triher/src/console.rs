//! Standard output, notes and progress bars.

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::Write;
use std::sync::Mutex;
use triher_study::Progress;

/// Where the commands print.
pub(crate) struct Console {
    quiet: bool,
    bar: Mutex<Option<ProgressBar>>,
}

impl Console {
    pub(crate) fn new(quiet: bool) -> Self {
        Self {
            quiet,
            bar: Mutex::new(None),
        }
    }

    /// Prints a result to standard output.
    ///
    /// # Errors
    /// When standard output is closed.
    pub(crate) fn result(&self, text: &str) -> anyhow::Result<()> {
        let mut out = std::io::stdout().lock();
        out.write_all(text.as_bytes())?;
        if !text.ends_with('\n') {
            out.write_all(b"\n")?;
        }
        Ok(out.flush()?)
    }

    /// Says something on standard error, also when quiet: it is about the result.
    pub(crate) fn note(&self, text: &str) {
        let print = || {
            let _ = writeln!(std::io::stderr().lock(), "{text}");
        };
        match self.bar.lock().ok().as_deref() {
            Some(Some(bar)) => bar.suspend(print),
            _ => print(),
        }
    }

    /// Says what is being done or was written; silent when quiet.
    pub(crate) fn status(&self, text: &str) {
        if !self.quiet {
            self.note(text);
        }
    }

    /// Prints an error with its causes, each once: some errors name theirs in their own sentence.
    pub(crate) fn error(&self, error: &anyhow::Error) {
        let mut text = error.to_string();
        for cause in error.chain().skip(1) {
            let cause = cause.to_string();
            if !text.contains(&cause) {
                text += &format!(": {cause}");
            }
        }
        self.note(&format!("error: {text}"));
    }

    fn with_bar(&self, action: impl FnOnce(&mut Option<ProgressBar>)) {
        if let Ok(mut bar) = self.bar.lock() {
            action(&mut bar);
        }
    }
}

impl Progress for Console {
    fn begin(&self, stage: &str, steps: u64) {
        if self.quiet {
            return;
        }
        let bar = ProgressBar::with_draw_target(Some(steps), ProgressDrawTarget::stderr());
        if bar.is_hidden() {
            // No terminal: one line a stage instead of a bar.
            self.note(stage);
        }
        let template = "{prefix} [{bar:30}] {pos}/{len}, {eta} left  {msg}";
        if let Ok(style) = ProgressStyle::with_template(template) {
            bar.set_style(style.progress_chars("=> "));
        }
        bar.set_prefix(stage.to_owned());
        self.with_bar(|slot| *slot = Some(bar));
    }

    fn step(&self, what: &str) {
        self.with_bar(|slot| {
            if let Some(bar) = slot {
                bar.set_message(what.to_owned());
                bar.inc(1);
            }
        });
    }

    fn note(&self, text: &str) {
        Self::note(self, text);
    }

    fn status(&self, text: &str) {
        Self::status(self, text);
    }

    fn end(&self) {
        self.with_bar(|slot| {
            if let Some(bar) = slot.take() {
                bar.finish_and_clear();
            }
        });
    }
}

/// Whether an error only says that nobody reads standard output any more.
pub(crate) fn is_broken_pipe(error: &anyhow::Error) -> bool {
    error.chain().any(|cause| {
        cause
            .downcast_ref::<std::io::Error>()
            .is_some_and(|e| e.kind() == std::io::ErrorKind::BrokenPipe)
    })
}
