//! Where in the images a model's encoder found what a prediction rests on.

use crate::StudyError;
use crate::attribution_checks::check;
pub use crate::attribution_checks::{Checks, Curve, Randomised};
pub use crate::attribution_place::{KnownRegion, MapPlace, RegionPlace};
use crate::attribution_place::{place_of, regions_of};
use crate::case::{Case, CasePlan, Subject};
use crate::class_score::ClassScore;
use crate::encoder::StudyEncoder;
use crate::evaluation::most_probable;
use crate::manifest::{Manifest, write_json};
use crate::pictures::map_on;
use crate::progress::Progress;
use crate::recipe::{EmbeddingRecipe, TokenChoice};
use serde::Serialize;
use std::path::PathBuf;
use triher_attribution::{
    AttributionError, Cubes, Fault, Maps, Question, Readout, Score, ScoreOf, integrated_gradients,
    occlusion, relevance, rollout,
};
use triher_patch::TestTime;
use triher_training::TracedEncoder;
use triher_volume::{Image, Mask, Provenance};

/// Steps of integrated gradients where nothing is said.
pub const USUAL_STEPS: usize = 32;
/// Edge of the cubes of occlusion where nothing is said.
pub const USUAL_CUBE: usize = 8;

/// How a map is made.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case", tag = "name")]
pub enum Method {
    /// Attention rollout (Abnar and Zuidema, 2020).
    Rollout,
    /// Gradient times attention (Chefer, Gur and Wolf, 2021).
    Relevance,
    /// Integrated gradients (Sundararajan, Taly and Yan, 2017).
    IntegratedGradients {
        /// Parts of the line from the baseline to the inputs.
        steps: usize,
    },
    /// Occlusion by cubes (Zeiler and Fergus, 2014).
    Occlusion {
        /// Voxels of the patch along a cube's edges.
        edge: usize,
        /// Voxels from one cube to the next.
        stride: usize,
    },
}

impl Method {
    /// Integrated gradients with the usual number of steps.
    pub const USUAL_INTEGRATED_GRADIENTS: Self = Self::IntegratedGradients { steps: USUAL_STEPS };
    /// Occlusion by cubes of the size of the network's patches.
    pub const USUAL_OCCLUSION: Self = Self::Occlusion {
        edge: USUAL_CUBE,
        stride: USUAL_CUBE,
    };

    /// The method in words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Rollout => "attention rollout",
            Self::Relevance => "class relevance (gradient times attention)",
            Self::IntegratedGradients { .. } => "integrated gradients",
            Self::Occlusion { .. } => "occlusion",
        }
    }

    /// Where the catalogue of the reports' text names it.
    pub(crate) fn key(self) -> &'static str {
        match self {
            Self::Rollout => "attribution-rollout",
            Self::Relevance => "attribution-relevance",
            Self::IntegratedGradients { .. } => "attribution-integrated-gradients",
            Self::Occlusion { .. } => "attribution-occlusion",
        }
    }

    /// Whether it follows gradients of the score.
    fn needs_slopes(self) -> bool {
        matches!(self, Self::Relevance | Self::IntegratedGradients { .. })
    }
}

/// What to explain and what to write.
#[derive(Clone, Debug)]
pub struct AttributionPlan {
    /// The model and the lesion.
    pub case: CasePlan,
    /// How the map is made.
    pub method: Method,
    /// The class whose score is explained; the predicted one when left out.
    pub class: Option<String>,
    /// Regions of this patient that are known: the result says how much of the map lies in each.
    pub regions: Vec<KnownRegion>,
    /// Whether the map is put to the test: randomised weights, deletion and insertion.
    pub check: bool,
    /// Seed of the test's random orders and shuffled weights.
    pub seed: u64,
    /// The map on the grid of the phases (NIfTI).
    pub map: Option<PathBuf>,
    /// The map on the voxels that the network saw (NIfTI).
    pub patch_map: Option<PathBuf>,
    /// Result as JSON.
    pub json: Option<PathBuf>,
}

/// A map of one lesion in numbers.
#[derive(Clone, Debug, Serialize)]
pub struct Attribution {
    /// Always true: not for diagnosis.
    pub research_use_only: bool,
    /// Identifier of the patient.
    pub patient_id: String,
    /// How the map was made.
    pub method: Method,
    /// The class whose score is explained.
    pub class: String,
    /// Its probability.
    pub probability: f64,
    /// The score that is explained: the class's log probability less the mean over the classes.
    pub score: f64,
    /// Each phase image that the encoder saw, with the sum of its map; empty where the method gives one map for all.
    pub inputs: Vec<InputSum>,
    /// Where the map lies.
    pub place: MapPlace,
    /// Where it lies against the regions that were named.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub regions: Vec<RegionPlace>,
    /// How far the parts are from the whole, for integrated gradients.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub completeness: Option<Completeness>,
    /// What the tests of the map gave.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub checks: Option<Checks>,
    /// What the reader should know.
    pub warnings: Vec<String>,
    /// Version, inputs and settings.
    pub manifest: Manifest,
}

/// What one phase image adds.
#[derive(Clone, Debug, Serialize)]
pub struct InputSum {
    /// Phase arithmetic of the input.
    pub input: String,
    /// Sum of its map.
    pub sum: f64,
}

/// What integrated gradients add up to.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Completeness {
    /// The score of inputs that are 0, the mean intensity, everywhere.
    pub baseline_score: f64,
    /// The sum of all shares less the difference of the scores.
    pub gap: f64,
}

/// A map and the geometry it lies on.
#[derive(Debug)]
pub(crate) struct Mapped {
    pub(crate) maps: Maps,
    /// The total map on the voxels that the network saw, with their place in the patient.
    pub(crate) patch: Image,
    completeness: Option<Completeness>,
    score: f64,
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
    mask: Mask,
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

/// Explains one lesion.
///
/// # Errors
/// When the model has no encoder or reads none of its numbers, the method needs gradients that encoder or classifier do not have, the class
/// is unknown, or images, lesion or weights cannot be read.
pub fn attribute(
    plan: &AttributionPlan,
    progress: &dyn Progress,
) -> Result<Attribution, StudyError> {
    progress.begin("Attribution", 4 + u64::from(plan.check));
    let case = Case::read(&plan.case, progress)?;
    check_method(case.subject(), plan.method)?;
    let predicted = case
        .model
        .predict(case.extractor.names(), &case.features.values)?;
    let probabilities = predicted.probabilities.row(0);
    let class = match &plan.class {
        None => most_probable(probabilities),
        Some(name) => class_named(&case, name)?,
    };
    let seen = Seen::of(case.subject(), class)?;
    let mapped = seen.mapped(plan.method, progress)?;
    progress.step("map made");
    let checks = match plan.check {
        true => {
            let checks = check(&seen, plan.method, &mapped, plan.seed, progress)?;
            progress.step("map tested");
            Some(checks)
        }
        false => None,
    };
    let regions = {
        let lesion = &case.lesion.mask;
        let window = seen.encoder.window(lesion, &seen.recipe.profile)?;
        regions_of(&mapped.patch, &window, &plan.regions, lesion.geometry())?
    };
    let mut warnings = case.study.warnings.clone();
    warnings.extend(case.lesion_warnings.iter().cloned());
    warnings.extend(predicted.notes.iter().cloned());
    if seen.recipe.test_time != TestTime::None {
        warnings.push(
            "the model averages several views of a patch; the map explains the unchanged one"
                .to_owned(),
        );
    }
    let mut manifest = case.manifest("attribute");
    manifest.seeds = match plan.check {
        true => vec![("random orders and shuffled weights".to_owned(), plan.seed)],
        false => Vec::new(),
    };
    for region in &plan.regions {
        manifest.add_input(&region.mask)?;
    }
    if let Some(path) = &plan.map {
        let on_phases = map_on(&mapped.patch, case.study.series.geometry());
        triher_imagefile::write_nifti(path, &on_phases)?;
        manifest.add_output(path)?;
    }
    if let Some(path) = &plan.patch_map {
        triher_imagefile::write_nifti(path, &mapped.patch)?;
        manifest.add_output(path)?;
    }
    let attribution = Attribution {
        research_use_only: true,
        patient_id: case.study.id.clone(),
        method: plan.method,
        class: case.model.classes[class].clone(),
        probability: probabilities[class],
        score: mapped.score,
        inputs: input_sums(&seen, &mapped.maps),
        place: place_of(&mapped.patch, &seen.mask)?,
        regions,
        completeness: mapped.completeness,
        checks,
        warnings,
        manifest,
    };
    if let Some(path) = &plan.json {
        write_json(path, &attribution)?;
    }
    progress.end();
    Ok(attribution)
}

/// The map of a case over the grid of its phases, for the report.
///
/// # Errors
/// As [`attribute`].
pub(crate) fn map_of(
    subject: Subject<'_>,
    method: Method,
    class: usize,
    progress: &dyn Progress,
) -> Result<Image, StudyError> {
    check_method(subject, method)?;
    Ok(Seen::of(subject, class)?.mapped(method, progress)?.patch)
}

fn input_sums(seen: &Seen<'_>, maps: &Maps) -> Vec<InputSum> {
    if maps.each.len() != seen.recipe.inputs.len() {
        return Vec::new();
    }
    let named = seen.recipe.inputs.iter().zip(&maps.each);
    named
        .map(|(input, map)| InputSum {
            input: input.clone(),
            sum: map.iter().map(|&v| f64::from(v)).sum(),
        })
        .collect()
}

fn class_named(case: &Case, name: &str) -> Result<usize, StudyError> {
    let classes = &case.model.classes;
    classes.iter().position(|c| c == name).ok_or_else(|| {
        StudyError::Input(format!(
            "the model knows no class {name:?}: choose one of {}",
            classes.join(", ")
        ))
    })
}

/// Refuses gradients where there are none.
fn check_method(subject: Subject<'_>, method: Method) -> Result<(), StudyError> {
    if subject.extractor.embedding().is_none() {
        return Err(no_encoder());
    }
    if method.needs_slopes() && !subject.model.has_slopes() {
        return Err(StudyError::Input(format!(
            "{} follows gradients, and this model's probabilities change in steps (trees, nearest neighbours or isotonic calibration): \
             use --method occlusion, which needs none, or --method rollout, which does not ask the model",
            method.in_words()
        )));
    }
    Ok(())
}

fn no_encoder() -> StudyError {
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
