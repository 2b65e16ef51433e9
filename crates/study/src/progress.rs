//! How long work tells how far it is.

/// Told of progress by long work; the command line draws bars, an embedding program what it likes.
///
/// Calls come from several threads.
pub trait Progress: Sync {
    /// A stage begins: what it does and of how many steps it consists.
    fn begin(&self, stage: &str, steps: u64);
    /// One step is done; `what` names it ("patient A-007").
    fn step(&self, what: &str);
    /// Something worth telling while the work goes on (a patient that had to be skipped).
    fn note(&self, text: &str);
    /// How far the work is, in words; nothing that a reader of the result would miss.
    fn status(&self, text: &str);
    /// The stage has ended.
    fn end(&self);
}

/// Tells nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct Silent;

impl Progress for Silent {
    fn begin(&self, _stage: &str, _steps: u64) {}
    fn step(&self, _what: &str) {}
    fn note(&self, _text: &str) {}
    fn status(&self, _text: &str) {}
    fn end(&self) {}
}
