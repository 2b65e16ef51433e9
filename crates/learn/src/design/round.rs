//! One round of a validation: fit on some rows, predict others, keep what came out.

use crate::{Dataset, LearnError, Matrix, Pipeline, PipelineSpec, Split};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};

/// What one round gave.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct RoundPredictions {
    /// Rows that were held out.
    pub rows: Vec<usize>,
    /// Their probabilities, rows x classes.
    pub probabilities: Matrix,
    /// Their prediction sets, when the pipeline makes any.
    pub sets: Option<Vec<Vec<bool>>>,
    /// Columns without a value in the training rows.
    pub empty_columns: Vec<usize>,
    /// What the steps of preparing said.
    pub step_notes: Vec<String>,
}

/// Keeps what rounds gave, so that a run that was stopped goes on instead of beginning anew.
///
/// The key is a hash of everything that a round depends on; a store may lose rounds (they are then played again), but must never
/// give one key another key's predictions.
pub trait RoundStore: Sync {
    /// What was kept under the key.
    fn load(&self, key: &str) -> Option<RoundPredictions>;
    /// Keeps what a round gave. A store that cannot keep it says nothing: the round is played again next time.
    fn keep(&self, key: &str, found: &RoundPredictions);
}

/// A store that keeps nothing.
#[derive(Clone, Copy, Debug, Default)]
pub struct NoStore;

impl RoundStore for NoStore {
    fn load(&self, _: &str) -> Option<RoundPredictions> {
        None
    }

    fn keep(&self, _: &str, _: &RoundPredictions) {}
}

/// Makes the keys of rounds: SHA-256 over the version of this crate, all data, the pipeline and both sides of the split.
#[derive(Clone, Debug)]
pub struct RoundKeys {
    common: Sha256,
}

impl RoundKeys {
    /// Keys for rounds of this data set and pipeline.
    pub fn new(data: &Dataset, spec: &PipelineSpec) -> Self {
        let mut common = Sha256::new();
        common.update(env!("CARGO_PKG_VERSION"));
        // Every field of it, whatever it is: two pipelines that differ write themselves differently.
        let spec = format!("{spec:?}");
        feed(&mut common, spec.as_bytes());
        for names in [&data.ids, &data.groups, &data.feature_names, &data.classes] {
            common.update((names.len() as u64).to_le_bytes());
            names.iter().for_each(|n| feed(&mut common, n.as_bytes()));
        }
        for centre in data.centres.iter().flatten() {
            feed(&mut common, centre.as_deref().unwrap_or("").as_bytes());
            common.update([u8::from(centre.is_some())]);
        }
        for patient in data.fitted_upstream() {
            feed(&mut common, patient.as_bytes());
        }
        let bits = data.x.values().iter().map(|v| v.to_bits());
        bits.for_each(|b| common.update(b.to_le_bytes()));
        (data.y.iter()).for_each(|&y| common.update((y as u64).to_le_bytes()));
        Self { common }
    }

    /// The key of one round, in hexadecimal.
    pub fn key(&self, split: &Split) -> String {
        let mut hash = self.common.clone();
        for side in [&split.train, &split.test] {
            hash.update((side.len() as u64).to_le_bytes());
            side.iter()
                .for_each(|&r| hash.update((r as u64).to_le_bytes()));
        }
        let digits = hash.finalize();
        digits.iter().map(|b| format!("{b:02x}")).collect()
    }
}

/// Length and bytes, so that no two lists feed the same bytes.
fn feed(hash: &mut Sha256, bytes: &[u8]) {
    hash.update((bytes.len() as u64).to_le_bytes());
    hash.update(bytes);
}

/// What all rounds of a design share.
pub(crate) struct Rounds<'a> {
    data: &'a Dataset,
    pipeline: Pipeline,
    keys: RoundKeys,
    store: &'a dyn RoundStore,
}

impl<'a> Rounds<'a> {
    pub(crate) fn new(data: &'a Dataset, spec: &PipelineSpec, store: &'a dyn RoundStore) -> Self {
        Self {
            data,
            pipeline: Pipeline::new(spec.clone()),
            keys: RoundKeys::new(data, spec),
            store,
        }
    }
}

/// Plays one round, or takes it from the store.
pub(crate) fn play(rounds: &Rounds<'_>, split: Split) -> Result<RoundPredictions, LearnError> {
    let key = rounds.keys.key(&split);
    // What a store gives is checked for shape: a file may have been cut short or edited.
    let fits = |found: &RoundPredictions| {
        found.rows == split.test
            && found.probabilities.rows() == split.test.len()
            && found.probabilities.columns() == rounds.data.classes.len()
    };
    if let Some(found) = rounds.store.load(&key).filter(fits) {
        return Ok(found);
    }
    let (training, held_out) = rounds.data.split(&split)?;
    let fitted = rounds.pipeline.fit(&training)?;
    let probabilities = fitted.predict_proba_at(held_out.x(), held_out.centres())?;
    let found = RoundPredictions {
        sets: fitted.prediction_sets(&probabilities)?,
        probabilities,
        empty_columns: fitted.imputer().empty_columns(),
        step_notes: fitted.steps().iter().flat_map(|s| s.notes()).collect(),
        rows: split.test,
    };
    rounds.store.keep(&key, &found);
    Ok(found)
}
