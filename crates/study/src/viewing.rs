//! One study that is looked at: its phases, maps, curves and outline, and what a model says of the outline as it stands.

use crate::StudyError;
use crate::attribution::{Method, map_of};
use crate::case::{ImagePlan, Subject, recipe_of};
use crate::cohort::LesionPlace;
use crate::curve_features::PharmacokineticRecipe;
use crate::evaluation::{classes_of, most_probable};
use crate::features::FeatureExtractor;
use crate::pictures::{map_on, sorted, value_at};
use crate::prediction::named;
use crate::progress::{Progress, Silent};
use crate::source::PatientStudy;
use serde::Serialize;
use std::path::PathBuf;
use triher_habitat::{CURVE_FEATURES, HabitatModel, KMeansOptions, habitat_map, voxel_curves};
use triher_imagefile::{nifti_bytes, nifti_mask_bytes};
use triher_kinetics::{Quantity, percent_enhancement, quantity_map};
use triher_learn::ModelFile;
use triher_region::Size;
use triher_volume::{DynamicSeries, Image, Mask, Provenance, place_on_lattice};

/// Habitats that the viewer draws.
const HABITATS: usize = 3;

/// What is opened.
#[derive(Clone, Debug)]
pub struct ViewPlan {
    /// The images.
    pub images: ImagePlan,
    /// The model to ask, when there is one.
    pub model: Option<PathBuf>,
    /// Where the lesion is, when that is known.
    pub lesion: Option<LesionPlace>,
}

/// A model that is ready to be asked.
#[derive(Debug)]
struct Asked {
    model: ModelFile,
    extractor: FeatureExtractor,
}

/// A study that is looked at.
#[derive(Debug)]
pub struct Viewed {
    study: PatientStudy,
    outline: Option<Outline>,
    warnings: Vec<String>,
    asked: Option<Asked>,
}

/// An outline, and what is asked of it again and again.
#[derive(Debug)]
struct Outline {
    mask: Mask,
    facts: OutlineFacts,
    /// Signal of each phase, mean over the outline.
    curve: Vec<f64>,
}

impl Outline {
    /// Measures a mask of the grid of the phases.
    ///
    /// # Errors
    /// When it is empty.
    fn new(mask: Mask, found_by: String, series: &DynamicSeries) -> Result<Self, StudyError> {
        let grid = mask.geometry();
        let mut sum = [0.0; 3];
        let inside = mask.voxels().iter().enumerate().filter(|&(_, &v)| v);
        for (offset, _) in inside {
            let index = grid.index_at(offset);
            sum.iter_mut().zip(index).for_each(|(s, i)| *s += i as f64);
        }
        let voxels = mask.count();
        let middle = sum.map(|s| s / voxels.max(1) as f64);
        let facts = OutlineFacts {
            found_by,
            voxels,
            centre_mm: grid.index_to_world(middle),
            size: triher_region::size(&mask)?,
        };
        let curve = triher_kinetics::curve(series, &mask)?;
        Ok(Self { mask, facts, curve })
    }
}

/// What a page needs to know before it draws.
#[derive(Clone, Debug, Serialize)]
pub struct ViewFacts {
    /// Identifier of the patient.
    pub patient_id: String,
    /// Seconds of each phase after the first; null where unknown.
    pub times_s: Vec<Option<f64>>,
    /// Voxels along each axis.
    pub size: [usize; 3],
    /// Millimetres between voxels.
    pub spacing_mm: [f64; 3],
    /// The model's classes; empty without a model.
    pub classes: Vec<String>,
    /// Maps that can be laid over the images.
    pub overlays: Vec<Overlay>,
    /// The outline as it stands.
    pub lesion: Option<OutlineFacts>,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

/// The outline as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct OutlineFacts {
    /// Where it comes from.
    pub found_by: String,
    /// Its voxels.
    pub voxels: usize,
    /// Its middle in patient coordinates (LPS), mm.
    pub centre_mm: [f64; 3],
    /// Its sizes.
    #[serde(flatten)]
    pub size: Size,
}

/// A map over the images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Overlay {
    /// Percent enhancement of the first phase after contrast.
    PercentEnhancement,
    /// Signal enhancement ratio.
    SignalEnhancementRatio,
    /// Ktrans of the extended Tofts model, per minute, in the lesion.
    Ktrans,
    /// Habitats of the lesion (k-means of the curves), numbered from 1.
    Habitats,
    /// Where the model looked.
    Attribution,
}

impl Overlay {
    /// All, in the order in which they are offered.
    pub const ALL: [Self; 5] = [
        Self::PercentEnhancement,
        Self::SignalEnhancementRatio,
        Self::Ktrans,
        Self::Habitats,
        Self::Attribution,
    ];

    /// The name in an address.
    pub fn name(self) -> &'static str {
        match self {
            Self::PercentEnhancement => "percent-enhancement",
            Self::SignalEnhancementRatio => "signal-enhancement-ratio",
            Self::Ktrans => "ktrans",
            Self::Habitats => "habitats",
            Self::Attribution => "attribution",
        }
    }
}

/// The phases at one voxel.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct VoxelCurve {
    /// The voxel.
    pub voxel: [usize; 3],
    /// Signal of each phase.
    pub signal: Vec<f64>,
    /// Percent enhancement of each phase; null where there was no signal before contrast.
    pub percent_enhancement: Vec<Option<f64>>,
    /// Whether it lies in the outline.
    pub in_lesion: bool,
    /// Signal of each phase, mean over the outline; empty without one.
    pub lesion_signal: Vec<f64>,
}

/// What the model says of the outline as it stands.
#[derive(Clone, Debug, Serialize)]
pub struct ViewPrediction {
    /// Always true: not for diagnosis.
    pub research_use_only: bool,
    /// The most probable class.
    pub class: String,
    /// Probability of each class.
    pub probabilities: serde_json::Map<String, serde_json::Value>,
    /// The classes of the prediction set, when the model makes sets.
    pub prediction_set: Option<Vec<String>>,
    /// Whether the lesion is unlike those of training, when the model measures it.
    pub out_of_distribution: Option<bool>,
    /// The outline it is about.
    pub lesion: OutlineFacts,
    /// What the reader should know.
    pub warnings: Vec<String>,
}

impl Viewed {
    /// Reads the study, the outline and the model.
    ///
    /// # Errors
    /// When one of them cannot be read, or the model was trained on features that triher did not extract.
    pub fn open(plan: &ViewPlan, progress: &dyn Progress) -> Result<Self, StudyError> {
        progress.begin("Opening", 3);
        let asked = match &plan.model {
            None => None,
            Some(file) => {
                let model = ModelFile::read(file)?;
                let (recipe, folder) = recipe_of(&model, file, plan.images.weights.as_deref())?;
                let extractor = FeatureExtractor::new(&recipe, &folder)?;
                Some(Asked { model, extractor })
            }
        };
        progress.step("model read");
        let study = plan.images.study()?;
        progress.step("images read");
        let mut warnings = study.warnings.clone();
        let mut outline = None;
        if let Some(place) = &plan.lesion {
            let found = plan.images.lesions(&study, place)?;
            warnings.extend(found.warnings);
            if let Some(lesion) = found.lesions.into_iter().next() {
                outline = Some(Outline::new(lesion.mask, found.found_by, &study.series)?);
            }
        }
        progress.step("lesion found");
        progress.end();
        Ok(Self {
            study,
            outline,
            warnings,
            asked,
        })
    }

    /// Voxels of a phase.
    pub fn grid_len(&self) -> usize {
        self.study.series.geometry().len()
    }

    /// What a page needs to know before it draws.
    pub fn facts(&self) -> ViewFacts {
        let series = &self.study.series;
        let overlays = Overlay::ALL.into_iter().filter(|overlay| match overlay {
            Overlay::Attribution => {
                (self.asked.as_ref()).is_some_and(|asked| asked.extractor.embedding().is_some())
            }
            Overlay::Ktrans => series.times_s().is_some(),
            _ => true,
        });
        ViewFacts {
            patient_id: self.study.id.clone(),
            times_s: series.phases().iter().map(|p| p.time_s).collect(),
            size: series.geometry().size(),
            spacing_mm: series.geometry().spacing_mm(),
            classes: (self.asked.as_ref()).map_or_else(Vec::new, |a| a.model.classes.clone()),
            overlays: overlays.collect(),
            lesion: self.outline.as_ref().map(|outline| outline.facts.clone()),
            warnings: self.warnings.clone(),
        }
    }

    /// All phases as one NIfTI file.
    ///
    /// # Errors
    /// When the grid is too large for NIfTI.
    pub fn phases(&self) -> Result<Vec<u8>, StudyError> {
        let images = self.study.series.phases().iter().map(|p| &p.image);
        let images: Vec<&Image> = images.collect();
        Ok(nifti_bytes("phases", &images)?)
    }

    /// Each phase less the first, as one NIfTI file; the first frame is 0.
    ///
    /// # Errors
    /// When the grid is too large for NIfTI.
    pub fn differences(&self) -> Result<Vec<u8>, StudyError> {
        let before = self.study.series.pre();
        let mut differences = Vec::with_capacity(self.study.series.phases().len());
        for phase in self.study.series.phases() {
            let mut image = phase.image.clone();
            let voxels = image.voxels_mut().iter_mut().zip(before.voxels());
            voxels.for_each(|(after, before)| *after -= before);
            differences.push(image);
        }
        let differences: Vec<&Image> = differences.iter().collect();
        Ok(nifti_bytes("differences", &differences)?)
    }

    /// The outline as a NIfTI mask; empty when there is none yet.
    ///
    /// # Errors
    /// When the grid is too large for NIfTI.
    pub fn outline(&self) -> Result<Vec<u8>, StudyError> {
        let empty = Mask::filled(*self.study.series.geometry(), false);
        let mask = self.outline.as_ref().map_or(&empty, |o| &o.mask);
        Ok(nifti_mask_bytes("lesion", mask)?)
    }

    /// A map over the images, as NIfTI. Values that are not there, and those of air, are 0.
    ///
    /// # Errors
    /// When it needs an outline or a model that is not there, or these phases do not give it.
    pub fn overlay(&self, overlay: Overlay) -> Result<Vec<u8>, StudyError> {
        let series = &self.study.series;
        let map = match overlay {
            Overlay::PercentEnhancement => {
                let (before, after) = (series.pre(), &series.post()[0].image);
                percent_enhancement(before, after, self.background())?
            }
            Overlay::SignalEnhancementRatio => {
                quantity_map(series, Quantity::SignalEnhancementRatio, self.background())?
            }
            Overlay::Ktrans => {
                let recipe = PharmacokineticRecipe::default();
                let fitted = recipe.maps(series, &self.drawn()?.mask, &mut Vec::new())?;
                let place = recipe
                    .model
                    .parameters()
                    .iter()
                    .position(|p| *p == "ktrans_per_min");
                place
                    .and_then(|at| fitted.parameters.into_iter().nth(at))
                    .ok_or_else(|| StudyError::Internal("the model has no Ktrans".to_owned()))?
            }
            Overlay::Habitats => {
                let voxels = voxel_curves(series, &self.drawn()?.mask)?;
                let method = triher_habitat::Method::KMeans(KMeansOptions::default());
                let model = HabitatModel::fit(&CURVE_FEATURES, &voxels.samples, HABITATS, &method)?;
                let found = habitat_map(&model, &voxels, series.geometry())?;
                found.labels.map(|&label| f32::from(label))
            }
            Overlay::Attribution => {
                let asked = self.asked()?;
                let lesion = &self.drawn()?.mask;
                let features = asked.extractor.extract(series, lesion)?;
                let subject = Subject {
                    model: &asked.model,
                    extractor: &asked.extractor,
                    series,
                    lesion,
                    features: &features,
                };
                let predicted = asked
                    .model
                    .predict(asked.extractor.names(), &features.values)?;
                let class = most_probable(predicted.probabilities.row(0));
                let method = match asked.model.has_slopes() {
                    true => Method::Relevance,
                    false => Method::USUAL_OCCLUSION,
                };
                let patch = map_of(subject, method, class, &Silent)?;
                map_on(&patch, series.geometry())
            }
        };
        let map = map.map(|&v| if v.is_finite() { v } else { 0.0 });
        Ok(nifti_bytes(overlay.name(), &[&map])?)
    }

    /// The phases at the voxel nearest to a point in patient coordinates (LPS), mm; `None` outside of the images.
    pub fn curve_at(&self, place_mm: [f64; 3]) -> Option<VoxelCurve> {
        let series = &self.study.series;
        let grid = series.geometry();
        if place_mm.iter().any(|v| !v.is_finite()) {
            return None;
        }
        let voxel = grid.nearest_voxel(grid.world_to_index(place_mm))?;
        let at = |image: &Image| f64::from(image.get(voxel).copied().unwrap_or(f32::NAN));
        let signal: Vec<f64> = series.phases().iter().map(|p| at(&p.image)).collect();
        let percent = |s: &f64| (signal[0] > 0.0).then(|| 100.0 * (s - signal[0]) / signal[0]);
        let outline = self.outline.as_ref();
        Some(VoxelCurve {
            voxel,
            percent_enhancement: signal.iter().map(percent).collect(),
            signal,
            in_lesion: outline
                .and_then(|o| o.mask.get(voxel))
                .copied()
                .unwrap_or(false),
            lesion_signal: outline.map_or_else(Vec::new, |o| o.curve.clone()),
        })
    }

    /// Takes another outline: a NIfTI mask of the grid of the phases, its axes in any order and direction.
    ///
    /// # Errors
    /// When it is no such mask, or is empty.
    pub fn set_outline(&mut self, nifti: &[u8]) -> Result<OutlineFacts, StudyError> {
        let options = triher_imagefile::ReadOptions::default();
        let read = triher_imagefile::read_from_bytes("the outline", nifti, &options)?;
        let [image] = read.images.as_slice() else {
            return Err(StudyError::Input(
                "an outline is one image, not a series".to_owned(),
            ));
        };
        let mask = image.map(|&v| v > 0.5);
        let grid = self.study.series.geometry();
        let placed = place_on_lattice(&mask, grid).ok_or_else(|| {
            StudyError::Input("the outline lies on another grid than the phases".to_owned())
        })?;
        // The phases' own grid, to the last bit, whatever single precision made of it.
        let source = Provenance::from_source("drawn in the viewer");
        let mask = Mask::new(*grid, placed.into_voxels(), source)?;
        if mask.count() == 0 {
            return Err(StudyError::Input(
                "the outline is empty: draw the lesion first".to_owned(),
            ));
        }
        let outline = Outline::new(mask, "drawn in the viewer".to_owned(), &self.study.series)?;
        Ok(self.outline.insert(outline).facts.clone())
    }

    /// Asks the model about the outline as it stands.
    ///
    /// # Errors
    /// Without model or outline; when the lesion cannot be measured.
    pub fn predict(&self) -> Result<ViewPrediction, StudyError> {
        let Asked { model, extractor } = self.asked()?;
        let outline = self.drawn()?;
        let features = extractor.extract(&self.study.series, &outline.mask)?;
        let predicted = model.predict(extractor.names(), &features.values)?;
        let probabilities = predicted.probabilities.row(0);
        let set = predicted.sets.as_ref().and_then(|sets| sets.first());
        let distances = predicted.distances.as_ref().and_then(|all| all.first());
        let mut warnings = features.notes;
        warnings.extend(predicted.notes);
        Ok(ViewPrediction {
            research_use_only: true,
            class: model.classes[most_probable(probabilities)].clone(),
            probabilities: named(&model.classes, probabilities),
            prediction_set: set.map(|set| classes_of(set, &model.classes)),
            out_of_distribution: distances.map(|d| d.out_of_distribution),
            lesion: outline.facts.clone(),
            warnings,
        })
    }

    /// A tenth of the 99th percentile of the phase before contrast: below it there is air and noise, whose ratios mean nothing.
    fn background(&self) -> f32 {
        let voxels = self.study.series.pre().voxels().iter().copied();
        0.1 * value_at(&sorted(voxels), 0.99).unwrap_or(0.0)
    }

    fn drawn(&self) -> Result<&Outline, StudyError> {
        self.outline.as_ref().ok_or_else(|| {
            StudyError::Input("there is no outline yet: draw the lesion first".to_owned())
        })
    }

    fn asked(&self) -> Result<&Asked, StudyError> {
        self.asked.as_ref().ok_or_else(|| {
            StudyError::Input("no model was opened: give one with --model FILE".to_owned())
        })
    }
}
