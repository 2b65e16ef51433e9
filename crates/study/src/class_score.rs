//! The score of a class as a function of one lesion's embeddings.

use crate::StudyError;
use crate::case::Subject;
use triher_attribution::{Fault, Score};
use triher_learn::ModelFile;

/// Probabilities below this count as this, so that classifiers that give 0 still have a score.
const SMALLEST_PROBABILITY: f64 = 1e-12;
/// Half the step of the difference quotients; embeddings are of the order of 1 after the network's norm.
const STEP: f64 = 1e-4;
/// Embedding numbers whose slopes are asked for in one call of the model.
const AT_ONCE: usize = 256;

/// `log p(class) - mean of log p` of a model, all features but the embeddings being those of one lesion.
pub(crate) struct ClassScore<'a> {
    model: &'a ModelFile,
    /// The model's features of the lesion.
    row: Vec<f64>,
    /// For each number of the embeddings, its place in the row; `None` where the model does not read it.
    places: Vec<Option<usize>>,
    class: usize,
}

impl<'a> ClassScore<'a> {
    /// The score of a class; `inputs` are the names of the embedded phase images, `width` the numbers of an embedding.
    ///
    /// # Errors
    /// When a feature of the model is missing, or the model reads none of the embeddings.
    pub(crate) fn new(
        subject: Subject<'a>,
        inputs: &[String],
        width: usize,
        class: usize,
    ) -> Result<Self, StudyError> {
        let Subject {
            model, features, ..
        } = subject;
        // The unchanged patch, where several views are averaged.
        let values = features.views.first().unwrap_or(&features.values);
        let names = subject.extractor.names().iter().map(String::as_str);
        let value_of: std::collections::HashMap<&str, f64> =
            names.zip(values.iter().copied()).collect();
        let place_of: std::collections::HashMap<&str, usize> = (model.feature_names.iter())
            .enumerate()
            .map(|(at, name)| (name.as_str(), at))
            .collect();
        let row = model.feature_names.iter().map(|name| {
            value_of
                .get(name.as_str())
                .copied()
                .ok_or_else(|| StudyError::Internal(format!("the feature {name} was not computed")))
        });
        let places: Vec<Option<usize>> = inputs
            .iter()
            .flat_map(|input| (0..width).map(move |i| format!("emb_{input}_{i}")))
            .map(|name| place_of.get(name.as_str()).copied())
            .collect();
        if places.iter().all(Option::is_none) {
            return Err(StudyError::Input(
                "this model reads no embedding, so that there is no network to ask where it looked: the maps of its kinetics and radiomics are \
                 those of `triher maps` and `triher radiomics --map`, and its features are explained by `triher explain`"
                    .to_owned(),
            ));
        }
        Ok(Self {
            model,
            row: row.collect::<Result<_, _>>()?,
            places,
            class,
        })
    }

    /// The lesion's features with other embeddings.
    fn row_of(&self, embeddings: &[f64]) -> Vec<f64> {
        let mut row = self.row.clone();
        for (place, &value) in self.places.iter().zip(embeddings) {
            if let Some(place) = place {
                row[*place] = value;
            }
        }
        row
    }

    fn scores(&self, rows: &[f64]) -> Result<Vec<f64>, Fault> {
        let probabilities = self.model.probabilities(&self.model.feature_names, rows)?;
        let score = |row: &[f64]| {
            let logs = row.iter().map(|p| p.max(SMALLEST_PROBABILITY).ln());
            row[self.class].max(SMALLEST_PROBABILITY).ln() - logs.sum::<f64>() / row.len() as f64
        };
        Ok(probabilities.iter_rows().map(score).collect())
    }
}

impl Score for ClassScore<'_> {
    fn value(&self, embeddings: &[f64]) -> Result<f64, Fault> {
        let scores = self.scores(&self.row_of(embeddings))?;
        Ok(scores.first().copied().unwrap_or(f64::NAN))
    }

    /// Central differences: the models are of double precision, so that a step of 1e-4 costs about eight digits of a slope and leaves seven.
    fn slopes(&self, embeddings: &[f64]) -> Result<Vec<f64>, Fault> {
        let base = self.row_of(embeddings);
        let read: Vec<(usize, usize)> = (self.places.iter().enumerate())
            .filter_map(|(number, place)| Some((number, (*place)?)))
            .collect();
        let mut slopes = vec![0.0; embeddings.len()];
        for some in read.chunks(AT_ONCE) {
            let mut rows = Vec::with_capacity(2 * some.len() * base.len());
            for &(_, place) in some {
                for step in [STEP, -STEP] {
                    let start = rows.len();
                    rows.extend_from_slice(&base);
                    rows[start + place] += step;
                }
            }
            let scores = self.scores(&rows)?;
            for (&(number, _), ends) in some.iter().zip(scores.chunks_exact(2)) {
                slopes[number] = (ends[0] - ends[1]) / (2.0 * STEP);
            }
        }
        Ok(slopes)
    }
}
