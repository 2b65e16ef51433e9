//! The map of one lesion: its patches as the network takes them, the score that is explained, and the methods.

use crate::StudyError;
use crate::attribution::{Completeness, Method};
use crate::case::Subject;
use crate::class_score::ClassScore;
use crate::encoder::StudyEncoder;
use crate::progress::Progress;
use crate::recipe::{EmbeddingRecipe, TokenChoice};
use triher_attribution::{
    AttributionError, Cubes, Fault, Maps, Question, Readout, Score, ScoreOf, integrated_gradients,
    occlusion, relevance, rollout,
};
use triher_training::TracedEncoder;
use triher_volume::{Image, Mask, Provenance};

/// A map and the geometry it lies on.
#[derive(Debug)]
pub(crate) struct Mapped {
    pub(crate) maps: Maps,
    /// The total map on the voxels that the network saw, with their place in the patient.
    pub(crate) patch: Image,
    pub(crate) completeness: Option<Completeness>,
    pub(crate) score: f64,
}

/// Everything that a map of one lesion is made from.
pub(crate) struct Seen<'a> {
    pub(crate) encoder: &'a StudyEncoder,
    pub(crate) recipe: &'a EmbeddingRecipe,
    /// The network with its gradients; `None` for an ONNX model.
    pub(crate) traced: Option<TracedEncoder>,
    /// Inputs as the network takes them, less their mean for an ONNX model, whose card normalises.
    pub(crate) inputs: Vec<Vec<f32>>,
    /// What was taken away from each.
    means: Vec<f32>,
    patches: Vec<Image>,
    pub(crate) mask: Mask,
    pub(crate) score: ClassScore<'a>,
}

impl<'a> Seen<'a> {
    /// Cuts and normalises the patches of a case again.
    ///
    /// # Errors
    /// When the model has no encoder, or reads none of its numbers.
    pub(crate) fn of(subject: Subject<'a>, class: usize) -> Result<Self, StudyError> {
        let Some((encoder, recipe)) = subject.extractor.embedding() else {
            return Err(no_encoder());
        };
        let score = ClassScore::new(subject, &recipe.inputs, encoder.width(), class)?;
        let prepared = subject.extractor.prepare(subject.series)?;
        let lesion = subject.lesion;
        let mask = encoder.window(lesion, &recipe.profile)?.cut_mask()?;
        let patches = subject.extractor.patches(prepared.series(), lesion)?;
        let mut normalised = Vec::with_capacity(patches.len());
        for (_, patch) in patches {
            normalised.push(encoder.input(patch, &mask, recipe.variant)?);
        }
        let traced = encoder.traced()?;
        let mut means = Vec::with_capacity(normalised.len());
        let mut inputs = Vec::with_capacity(normalised.len());
        for patch in &normalised {
            let voxels = patch.voxels();
            let sum: f64 = voxels.iter().map(|&v| f64::from(v)).sum();
            let mean = match traced {
                Some(_) => 0.0,
                None => (sum / voxels.len() as f64) as f32,
            };
            means.push(mean);
            inputs.push(voxels.iter().map(|v| v - mean).collect());
        }
        Ok(Self {
            encoder,
            recipe,
            traced,
            inputs,
            means,
            patches: normalised,
            mask,
            score,
        })
    }

    /// The score of changed inputs, by the encoder that makes features.
    pub(crate) fn score_of(&self, inputs: &[Vec<f32>]) -> Result<f64, Fault> {
        let mut images = Vec::with_capacity(inputs.len());
        for ((input, mean), patch) in inputs.iter().zip(&self.means).zip(&self.patches) {
            let voxels = input.iter().map(|v| v + mean).collect();
            images.push(Image::new(
                *patch.geometry(),
                voxels,
                Provenance::default(),
            )?);
        }
        let images: Vec<&Image> = images.iter().collect();
        let masks = vec![&self.mask; images.len()];
        let embedded = self.encoder.compute(&images, &masks, self.recipe.token)?;
        let numbers = embedded.iter().flatten();
        let embeddings: Vec<f64> = numbers.map(|&v| f64::from(v)).collect();
        self.score.value(&embeddings)
    }

    /// Voxels of an input, `[z, y, x]`.
    fn size(&self) -> [usize; 3] {
        let [columns, rows, slices] = self.mask.geometry().size();
        [slices, rows, columns]
    }

    /// Which tokens the recipe reads.
    fn readout(&self, network: &TracedEncoder) -> Result<Readout, StudyError> {
        Ok(match self.recipe.token {
            TokenChoice::Class => Readout::class_token(network.sizes()),
            TokenChoice::MaskPooled => Readout::mask_pooled(network.sizes(), self.mask.voxels())?,
        })
    }

    /// The maps of a network, which may have other weights than the one that makes features.
    pub(crate) fn maps(
        &self,
        network: &TracedEncoder,
        method: Method,
        progress: &dyn Progress,
    ) -> Result<(Maps, Option<Completeness>), StudyError> {
        let readout = self.readout(network)?;
        let question = Question {
            encoder: network,
            inputs: &self.inputs,
            readout: &readout,
            score: &self.score,
        };
        Ok(match method {
            Method::Rollout => (rollout(&question)?, None),
            Method::Relevance => (relevance(&question)?, None),
            Method::IntegratedGradients { steps } => {
                let found = integrated_gradients(&question, steps)?;
                let completeness = Completeness {
                    baseline_score: found.baseline_score,
                    gap: found.gap,
                };
                (found.maps, Some(completeness))
            }
            Method::Occlusion { edge, stride } => {
                let score_of = |inputs: &[Vec<f32>]| Ok(question.score(inputs)?);
                let cubes = Cubes { edge, stride };
                (self.covered(cubes, &score_of, progress)?, None)
            }
        })
    }

    /// Occlusion with any way to compute the score.
    fn covered(
        &self,
        cubes: Cubes,
        score_of: &ScoreOf<'_>,
        progress: &dyn Progress,
    ) -> Result<Maps, StudyError> {
        let mut each = |done: usize, of: usize| {
            progress.status(&format!("{done} of {of} cubes"));
        };
        Ok(occlusion(
            &self.inputs,
            self.size(),
            cubes,
            score_of,
            &mut each,
        )?)
    }

    /// The map of the encoder that makes features.
    pub(crate) fn mapped(
        &self,
        method: Method,
        progress: &dyn Progress,
    ) -> Result<Mapped, StudyError> {
        let (maps, completeness) = match (method, &self.traced) {
            // Here the encoder that makes features is faster than the one with gradients, and the same to rounding.
            (Method::Occlusion { edge, stride }, _) => {
                let score_of = |inputs: &[Vec<f32>]| self.score_of(inputs);
                let cubes = Cubes { edge, stride };
                (self.covered(cubes, &score_of, progress)?, None)
            }
            (_, Some(network)) => self.maps(network, method, progress)?,
            (_, None) => return Err(no_gradients(self.encoder.name(), method)),
        };
        let grid = *self.mask.geometry();
        let source = Provenance::from_source(format!("attribution by {}", method.in_words()));
        Ok(Mapped {
            patch: Image::new(grid, maps.total(), source)?,
            maps,
            completeness,
            score: self
                .score_of(&self.inputs)
                .map_err(AttributionError::Score)?,
        })
    }
}

pub(crate) fn no_encoder() -> StudyError {
    StudyError::Input(
        "this model has no encoder, so that there is no network to ask where it looked: its features are explained by `triher explain`"
            .to_owned(),
    )
}

fn no_gradients(encoder: &str, method: Method) -> StudyError {
    StudyError::Input(format!(
        "{} asks the network for its attention or gradients, which an ONNX model ({encoder}) does not give: use --method occlusion",
        method.in_words()
    ))
}
