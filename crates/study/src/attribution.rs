//! Where in the images a model's encoder found what a prediction rests on.

use crate::StudyError;
use crate::attribution_checks::check;
pub use crate::attribution_checks::{Checks, Curve, Randomised};
use crate::attribution_map::{Seen, no_encoder};
pub use crate::attribution_place::{KnownRegion, MapPlace, RegionPlace};
use crate::attribution_place::{place_of, regions_of};
use crate::case::{Case, CasePlan, Subject};
use crate::evaluation::most_probable;
use crate::manifest::{Manifest, write_json};
use crate::pictures::map_on;
use crate::progress::Progress;
use serde::Serialize;
use std::path::PathBuf;
use triher_attribution::Maps;
use triher_patch::TestTime;
use triher_volume::Image;

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
