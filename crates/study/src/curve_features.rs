//! Phases, patterns, phenotypes and pharmacokinetics of the lesion's curves.

use crate::StudyError;
use crate::feature_definition::FeatureDefinition;
use crate::recipe::Recipe;
use crate::signal_recipe::SignalRecipe;
use serde::{Deserialize, Serialize};
use triher_kinetics::{PhaseOptions, phase_feature_list, phase_features};
use triher_pharmacokinetic::{InputFunction, Model, ParameterMaps, parameter_maps};
use triher_phenotype::{PhenotypeOptions, phenotype_list, phenotypes};
use triher_volume::{DynamicSeries, Image, Mask};

/// How contrast agent is followed from the blood into the lesion.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct PharmacokineticRecipe {
    /// Which model is fitted; extended Tofts needs four phases after contrast, Tofts three.
    pub model: Model,
    /// The blood's curve, which is the population's.
    pub input: PopulationInput,
    /// When the agent arrives, seconds after the phase before contrast.
    pub arrival_s: f64,
    /// From signal to concentration.
    pub signal: SignalRecipe,
}

impl Default for PharmacokineticRecipe {
    /// Extended Tofts with Parker's input. Relative enhancement of 3 for one millimolar is ours: `r1 T10` of 4.5 /(mM s) and 1.4 s is 6.3 for little
    /// agent, and falls to about half of it where a T1-weighted sequence saturates. Rates hold up to that factor: give the sequence's numbers to have them in their unit.
    fn default() -> Self {
        Self {
            model: Model::ExtendedTofts,
            input: PopulationInput::Parker,
            arrival_s: 0.0,
            signal: SignalRecipe::RelativeEnhancement { per_mm: 3.0 },
        }
    }
}

/// Whose the blood's curve is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PopulationInput {
    /// Parker et al. 2006, hematocrit 0.42.
    Parker,
    /// Weinmann et al. 1984, 0.1 mmol/kg.
    Weinmann,
}

impl PharmacokineticRecipe {
    /// Maps of a region, and the fit of its mean curve; what the reader should know is added to the notes.
    ///
    /// # Errors
    /// As [`parameter_maps`] and [`SignalRecipe::model`], and when the arrival makes no sense.
    pub fn maps(
        &self,
        series: &DynamicSeries,
        region: &Mask,
        notes: &mut Vec<String>,
    ) -> Result<ParameterMaps, StudyError> {
        if !(self.arrival_s.is_finite() && self.arrival_s.abs() < 3600.0) {
            return Err(StudyError::Input(format!(
                "arrival_s = {} is not possible: give seconds after the phase before contrast",
                self.arrival_s
            )));
        }
        let times = series.times_s();
        let end = times
            .as_deref()
            .and_then(|t| t.last())
            .map_or(0.0, |t| t + 60.0);
        let input = match self.input {
            PopulationInput::Parker => InputFunction::parker(self.arrival_s, 0.42, end),
            PopulationInput::Weinmann => InputFunction::weinmann(self.arrival_s, 0.1, end),
        };
        let (signal, differences) = self.signal.model(series.sequence())?;
        notes.extend(differences);
        Ok(parameter_maps(series, region, self.model, &input, &signal)?)
    }

    /// Names and units of the parameters; `kep` is among those of the Tofts models.
    fn parameters(&self) -> Vec<(String, &'static str)> {
        let unit = |name: &str| {
            if name.ends_with("_per_min") {
                "1/min"
            } else {
                "1"
            }
        };
        let own = self
            .model
            .parameters()
            .iter()
            .map(|n| ((*n).to_owned(), unit(n)));
        let kep = (self.model != Model::TwoCompartmentExchange)
            .then(|| ("kep_per_min".to_owned(), "1/min"));
        own.chain(kep).collect()
    }

    fn columns(&self) -> Vec<(String, &'static str)> {
        let mut all: Vec<(String, &'static str)> = Vec::new();
        for (name, unit) in self.parameters() {
            for what in ["median", "iqr", "p90", "mean_curve"] {
                all.push((format!("pk_{name}_{what}"), unit));
            }
        }
        for name in [
            "r2_median",
            "r2_mean_curve",
            "fitted_fraction",
            "at_bound_fraction",
        ] {
            all.push((format!("pk_{name}"), "1"));
        }
        all
    }

    /// The values of the columns.
    fn values(&self, maps: &ParameterMaps, voxels: usize) -> Vec<f64> {
        let mut lists: Vec<(Vec<f64>, f64)> = maps
            .parameters
            .iter()
            .zip(&maps.mean.parameters)
            .map(|(map, mean)| (finite(map), *mean))
            .collect();
        if self.model != Model::TwoCompartmentExchange {
            let [ktrans, ve] = [0, 1].map(|n| maps.parameters[n].voxels());
            let kep = ktrans.iter().zip(ve).filter(|(k, _)| k.is_finite());
            let kep = kep.map(|(k, v)| f64::from(*k) / f64::from(*v)).collect();
            lists.push((kep, maps.mean.parameters[0] / maps.mean.parameters[1]));
        }
        let mut values = Vec::new();
        for (mut list, mean) in lists {
            list.sort_by(f64::total_cmp);
            let at = |percent| quantile(&list, percent);
            values.extend([at(50.0), at(75.0) - at(25.0), at(90.0), mean]);
        }
        let mut r_squared = finite(&maps.r_squared);
        r_squared.sort_by(f64::total_cmp);
        let fitted = maps.fitted.max(1) as f64;
        values.extend([
            quantile(&r_squared, 50.0),
            maps.mean.r_squared,
            maps.fitted as f64 / voxels.max(1) as f64,
            maps.at_bound as f64 / fitted,
        ]);
        values
    }
}

fn finite(map: &Image) -> Vec<f64> {
    let values = map.voxels().iter().filter(|v| v.is_finite());
    values.map(|v| f64::from(*v)).collect()
}

/// A percentile of sorted values, interpolated; not a number without values.
fn quantile(sorted: &[f64], percent: f64) -> f64 {
    triher_kinetics::percentile(sorted, percent).unwrap_or(f64::NAN)
}

/// One note for each reason, with all that is missing for it.
fn note_missing<'a>(
    what: &str,
    missing: impl Iterator<Item = (&'a str, &'a str)>,
    notes: &mut Vec<String>,
) {
    let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
    for (why, name) in missing {
        match reasons.iter_mut().find(|r| r.0 == why) {
            Some((_, names)) => names.push(name),
            None => reasons.push((why, vec![name])),
        }
    }
    let tell = |(why, names): (&str, Vec<&str>)| format!("{what} {}: {why}", names.join(", "));
    notes.extend(reasons.into_iter().map(tell));
}

/// What the features of phases and of patterns of curves are, in the order of [`measure_phases`].
pub(crate) fn phase_definitions(options: &PhaseOptions) -> Vec<FeatureDefinition> {
    let define = |f: triher_kinetics::Feature| FeatureDefinition {
        family: format!("Contrast kinetics: {}", f.definition),
        unit: f.unit.to_owned(),
        ..FeatureDefinition::of_own(&f.name)
    };
    phase_feature_list(options)
        .into_iter()
        .map(define)
        .collect()
}

/// Measures the phases of a region and the patterns of its curves. What cannot be told is not a number, and a note, which begins with `what`, says why.
pub(crate) fn measure_phases(
    series: &DynamicSeries,
    region: &Mask,
    options: &PhaseOptions,
    what: &str,
    values: &mut Vec<f64>,
    notes: &mut Vec<String>,
) {
    match phase_features(series, region, options) {
        Ok(all) => {
            let all = all.iter();
            let missing = all.clone().filter_map(|f| {
                let reason = f.reason.as_deref()?;
                Some((reason, f.name.as_str()))
            });
            note_missing(what, missing, notes);
            values.extend(all.map(|f| f.value.unwrap_or(f64::NAN)));
        }
        Err(error) => {
            notes.push(format!("{what}: {error}"));
            values.extend(phase_feature_list(options).iter().map(|_| f64::NAN));
        }
    }
}

/// What a recipe asks of the lesion's curves.
#[derive(Clone, Debug)]
pub(crate) struct CurveFeatures {
    phases: Option<PhaseOptions>,
    phenotypes: Option<PhenotypeOptions>,
    pharmacokinetic: Option<PharmacokineticRecipe>,
    definitions: Vec<FeatureDefinition>,
}

impl CurveFeatures {
    /// Prepares a recipe.
    ///
    /// # Errors
    /// When an option makes no sense.
    pub(crate) fn new(recipe: &Recipe) -> Result<Self, StudyError> {
        let define = |name: String, family: &str, unit: &str| FeatureDefinition {
            family: family.to_owned(),
            unit: unit.to_owned(),
            ..FeatureDefinition::of_own(&name)
        };
        let mut definitions = Vec::new();
        if let Some(options) = &recipe.curves {
            options.check()?;
            definitions.extend(phase_definitions(options));
        }
        if recipe.phenotypes.is_some() {
            definitions.extend(phenotype_list().into_iter().map(|p| {
                let family = format!("Phenotypes: {}", p.name);
                define(format!("phenotype_{}", p.code), &family, p.unit)
            }));
        }
        if let Some(recipe) = &recipe.pharmacokinetic {
            let family = format!("Pharmacokinetics: {}", recipe.model);
            let columns = recipe.columns().into_iter();
            definitions.extend(columns.map(|(name, unit)| define(name, &family, unit)));
        }
        Ok(Self {
            phases: recipe.curves.clone(),
            phenotypes: recipe.phenotypes,
            pharmacokinetic: recipe.pharmacokinetic,
            definitions,
        })
    }

    /// What each feature is, in the order of the values.
    pub(crate) fn definitions(&self) -> &[FeatureDefinition] {
        &self.definitions
    }

    /// Measures a lesion. What cannot be told is not a number, and a note says why; the patient is kept.
    pub(crate) fn measure(
        &self,
        series: &DynamicSeries,
        lesion: &Mask,
        values: &mut Vec<f64>,
        notes: &mut Vec<String>,
    ) {
        if let Some(options) = &self.phases {
            measure_phases(series, lesion, options, "curves", values, notes);
        }
        if let Some(options) = &self.phenotypes {
            match phenotypes(series, lesion, options) {
                Ok(all) => {
                    let all = all.iter();
                    let missing = all.clone().filter(|p| p.value.is_none());
                    let missing = missing.map(|p| (p.missing, p.code));
                    note_missing("phenotypes", missing, notes);
                    values.extend(all.map(|p| p.value.unwrap_or(f64::NAN)));
                }
                Err(error) => {
                    notes.push(format!("phenotypes: {error}"));
                    values.extend(phenotype_list().iter().map(|_| f64::NAN));
                }
            }
        }
        if let Some(recipe) = &self.pharmacokinetic {
            match recipe.maps(series, lesion, notes) {
                Ok(maps) => {
                    let found = recipe.values(&maps, lesion.count());
                    let columns = recipe.columns();
                    let missing: Vec<&str> = (columns.iter().zip(&found))
                        .filter(|(_, value)| value.is_nan())
                        .map(|((name, _), _)| name.as_str())
                        .collect();
                    if !missing.is_empty() {
                        notes.push(format!(
                            "{}: not defined for curves that are flat",
                            missing.join(", ")
                        ));
                    }
                    values.extend(found);
                }
                Err(error) => {
                    notes.push(format!("pharmacokinetics: {error}"));
                    values.extend(recipe.columns().iter().map(|_| f64::NAN));
                }
            }
        }
    }
}
