//! Radiomics of the lesion, its habitats, and kinetics and radiomics of rings about it and of the lesion made smaller and larger.

use crate::StudyError;
use crate::cohort_habitats::method_of;
use crate::curve_features::{measure_phases, phase_definitions};
use crate::feature_definition::FeatureDefinition;
use crate::recipe::{HabitatsRecipe, RadiomicsRecipe, Recipe, RingsRecipe};
use crate::surroundings::{Surrounding, breast_of};
use triher_habitat::{CURVE_FEATURES, HabitatModel, habitat_map, voxel_curves};
use triher_kinetics::{FeatureOptions, PhaseOptions};
use triher_patch::{PhaseInput, whole_input};
use triher_radiomics::{
    Family, FeatureValue, RadiomicsError, Region, Settings, SharedRegion, feature_list,
    region_features, response_features,
};
use triher_volume::{DynamicSeries, Mask};

/// One image that is measured: its name, phases and settings, and what comes out.
#[derive(Clone, Debug)]
struct Measured {
    name: String,
    input: PhaseInput,
    settings: Settings,
    list: Vec<FeatureValue>,
}

/// Measures what a recipe asks for, of the lesion and of the rings.
#[derive(Clone, Debug)]
pub(crate) struct RegionFeatures {
    lesion: Vec<Measured>,
    rings: Option<RingsRecipe>,
    /// The regions that the recipe of rings asks for.
    surroundings: Vec<Surrounding>,
    habitats: Option<HabitatsRecipe>,
    /// Images that are measured in a habitat.
    within: Vec<Measured>,
    /// Images that are measured in a ring.
    around: Vec<Measured>,
    /// How phases and patterns of curves are measured in rings and habitats that ask for them.
    curves: PhaseOptions,
    definitions: Vec<FeatureDefinition>,
}

impl RegionFeatures {
    /// Prepares a recipe.
    ///
    /// # Errors
    /// When an input is no phase arithmetic, a setting makes no sense, or a width is not positive.
    pub(crate) fn new(recipe: &Recipe) -> Result<Self, StudyError> {
        let lesion = match &recipe.radiomics {
            Some(radiomics) => measured(radiomics, true)?,
            None => Vec::new(),
        };
        let mut around = Vec::new();
        let mut surroundings = Vec::new();
        if let Some(rings) = &recipe.rings {
            surroundings = Surrounding::of(rings)?;
            if rings.radiomics {
                around = measured(
                    recipe.radiomics.as_ref().unwrap_or(&Default::default()),
                    false,
                )?;
            }
        }
        let mut within = Vec::new();
        if let Some(habitats) = &recipe.habitats {
            if !(2..=64).contains(&habitats.count) {
                return Err(StudyError::Input(format!(
                    "{} habitats are not possible: give from 2 to 64",
                    habitats.count
                )));
            }
            if habitats.radiomics {
                within = measured(
                    recipe.radiomics.as_ref().unwrap_or(&Default::default()),
                    false,
                )?;
            }
        }
        let mut features = Self {
            lesion,
            habitats: recipe.habitats.clone(),
            within,
            rings: recipe.rings.clone(),
            surroundings,
            around,
            curves: recipe.curves.clone().unwrap_or_default(),
            definitions: Vec::new(),
        };
        features.definitions = features.define();
        Ok(features)
    }

    fn define(&self) -> Vec<FeatureDefinition> {
        let of = |part: &Measured, prefix: &str, region: &str| -> Vec<FeatureDefinition> {
            part.list
                .iter()
                .map(|f| FeatureDefinition {
                    name: format!("{prefix}rad_{}_{}", part.name, f.tag),
                    input: part.name.clone(),
                    region: region.to_owned(),
                    family: f.family.clone(),
                    ibsi_tag: f.tag.clone(),
                    unit: f.unit.clone(),
                    fitted_on: String::new(),
                })
                .collect()
        };
        let mut all: Vec<FeatureDefinition> = self
            .lesion
            .iter()
            .flat_map(|p| of(p, "", "lesion"))
            .collect();
        let own = all.len();
        if let Some(habitats) = &self.habitats {
            all.extend(
                habitat_columns(habitats.count).map(|(name, unit)| FeatureDefinition {
                    family: "Habitats".to_owned(),
                    unit: unit.to_owned(),
                    ..FeatureDefinition::of_own(&name)
                }),
            );
            for number in 1..=habitats.count {
                let (prefix, region) = (format!("habitat_{number}_"), format!("habitat {number}"));
                if habitats.curves {
                    all.extend(self.curves_of(&prefix, &region));
                }
                all.extend(self.within.iter().flat_map(|p| of(p, &prefix, &region)));
            }
            if let Some(fitted) = habitats.fitted() {
                let fitted_on = fitted.fitted_on();
                for definition in &mut all[own..] {
                    definition.fitted_on.clone_from(&fitted_on);
                }
            }
        }
        if let Some(rings) = &self.rings {
            for surrounding in &self.surroundings {
                let prefix = format!("{}_", surrounding.name());
                let region = surrounding.in_words();
                if rings.kinetics {
                    all.extend(ring_kinetics().into_iter().map(|name| FeatureDefinition {
                        name: format!("{prefix}{name}"),
                        region: region.clone(),
                        ..FeatureDefinition::of_own(&name)
                    }));
                }
                if rings.curves {
                    all.extend(self.curves_of(&prefix, &region));
                }
                all.extend(self.around.iter().flat_map(|p| of(p, &prefix, &region)));
            }
        }
        all
    }

    /// What the phases and patterns of curves of a part of the breast are.
    fn curves_of(&self, prefix: &str, region: &str) -> Vec<FeatureDefinition> {
        let all = phase_definitions(&self.curves).into_iter();
        all.map(|definition| FeatureDefinition {
            name: format!("{prefix}{}", definition.name),
            region: region.to_owned(),
            ..definition
        })
        .collect()
    }

    /// What each feature is.
    pub(crate) fn definitions(&self) -> &[FeatureDefinition] {
        &self.definitions
    }

    /// Names of the features, in the order of the values.
    pub(crate) fn names(&self) -> impl Iterator<Item = &str> {
        self.definitions.iter().map(|d| d.name.as_str())
    }

    /// Measures a lesion; values that are not defined are not numbers, and the notes say why.
    ///
    /// # Errors
    /// When a phase is missing, or the lesion itself cannot be measured.
    pub(crate) fn measure(
        &self,
        series: &DynamicSeries,
        lesion: &Mask,
        values: &mut Vec<f64>,
        notes: &mut Vec<String>,
    ) -> Result<(), StudyError> {
        let begin = values.len();
        let mut phases = Phases::new(series, lesion);
        for part in &self.lesion {
            let measured = phases.features(part)??;
            push(measured, &format!("rad_{}", part.name), values, notes);
        }
        if let Some(habitats) = &self.habitats {
            self.measure_habitats(series, lesion, habitats, values, notes)?;
        }
        if !self.surroundings.is_empty() {
            let breast = breast_of(series, notes);
            for surrounding in &self.surroundings {
                let region = surrounding.mask(lesion, &breast)?;
                self.measure_surrounding(series, &region, *surrounding, values, notes)?;
            }
        }
        debug_assert_eq!(values.len() - begin, self.definitions.len());
        Ok(())
    }

    fn measure_habitats(
        &self,
        series: &DynamicSeries,
        lesion: &Mask,
        recipe: &HabitatsRecipe,
        values: &mut Vec<f64>,
        notes: &mut Vec<String>,
    ) -> Result<(), StudyError> {
        let divided = voxel_curves(series, lesion).and_then(|voxels| {
            let map = |model: &HabitatModel| habitat_map(model, &voxels, series.geometry());
            match recipe.fitted() {
                Some(fitted) => map(&fitted.model),
                None => {
                    let (count, method) = (recipe.count, method_of(recipe, 0));
                    map(&HabitatModel::fit(
                        &CURVE_FEATURES,
                        &voxels.samples,
                        count,
                        &method,
                    )?)
                }
            }
        });
        let curves = if recipe.curves {
            phase_definitions(&self.curves).len()
        } else {
            0
        };
        let inside = curves + self.within.iter().map(|p| p.list.len()).sum::<usize>();
        let map = match divided {
            Ok(map) => map,
            Err(error) => {
                notes.push(format!("habitats: {error}"));
                let count = habitat_columns(recipe.count).count() + recipe.count * inside;
                values.extend(std::iter::repeat_n(f64::NAN, count));
                return Ok(());
            }
        };
        let names = CURVE_FEATURES.map(str::to_owned);
        let columns = map.columns(&names).into_iter();
        values.extend(columns.map(|(_, value)| value.unwrap_or(f64::NAN)));
        for habitat in 0..recipe.count {
            let region = map.region(habitat);
            if recipe.curves {
                let what = format!("habitat_{} curves", habitat + 1);
                measure_phases(series, &region, &self.curves, &what, values, notes);
            }
            let prefix = format!("habitat_{}_rad", habitat + 1);
            let mut phases = Phases::new(series, &region);
            for part in &self.within {
                part.measure_into(&mut phases, &prefix, values, notes)?;
            }
        }
        Ok(())
    }

    fn measure_surrounding(
        &self,
        series: &DynamicSeries,
        region: &Mask,
        surrounding: Surrounding,
        values: &mut Vec<f64>,
        notes: &mut Vec<String>,
    ) -> Result<(), StudyError> {
        let name = surrounding.name();
        let with_kinetics = self.rings.as_ref().is_some_and(|r| r.kinetics);
        let kinetics = if with_kinetics {
            ring_kinetics().len()
        } else {
            0
        };
        let with_curves = self.rings.as_ref().is_some_and(|r| r.curves);
        let curves = if with_curves {
            phase_definitions(&self.curves).len()
        } else {
            0
        };
        let count = kinetics + curves + self.around.iter().map(|p| p.list.len()).sum::<usize>();
        if region.count() == 0 {
            notes.push(format!("{name}: {}", surrounding.why_empty()));
            values.extend(std::iter::repeat_n(f64::NAN, count));
            return Ok(());
        }
        if with_kinetics {
            let options = FeatureOptions::default();
            match triher_kinetics::kinetic_features(series, region, &options) {
                Ok(features) => {
                    let kinetic = features.into_iter().filter(|f| f.name.starts_with("kin_"));
                    values.extend(kinetic.map(|f| f.value.unwrap_or(f64::NAN)));
                }
                Err(error) => {
                    notes.push(format!("{name}: {error}"));
                    values.extend(std::iter::repeat_n(f64::NAN, kinetics));
                }
            }
        }
        if with_curves {
            let what = format!("{name} curves");
            measure_phases(series, region, &self.curves, &what, values, notes);
        }
        let mut phases = Phases::new(series, region);
        for part in &self.around {
            part.measure_into(&mut phases, &format!("{name}_rad"), values, notes)?;
        }
        Ok(())
    }
}

/// One region in the phases of a study: its mask is resampled once for all of them.
struct Phases<'a> {
    series: &'a DynamicSeries,
    region: &'a Mask,
    shared: Option<SharedRegion>,
}

impl<'a> Phases<'a> {
    fn new(series: &'a DynamicSeries, region: &'a Mask) -> Self {
        Self {
            series,
            region,
            shared: None,
        }
    }

    /// The features of a phase or of a difference of two.
    ///
    /// # Errors
    /// When there is no such phase; within, when the region cannot be measured.
    fn features(
        &mut self,
        part: &Measured,
    ) -> Result<Result<Vec<FeatureValue>, RadiomicsError>, StudyError> {
        let image = whole_input(self.series, &part.input)?;
        let settings = &part.settings;
        let prepared = match &self.shared {
            Some(shared) => shared.prepare(&image, settings),
            None => Region::prepare(&image, self.region, settings).and_then(|region| {
                self.shared = Some(SharedRegion::of(&region, self.region, settings)?);
                Ok(region)
            }),
        };
        let measured = prepared.and_then(|region| {
            let mut all = region_features(&region, settings);
            all.extend(response_features(&image, self.region, settings)?);
            Ok(all)
        });
        Ok(measured)
    }
}

impl Measured {
    /// Measures a part of the breast that may be too small: then the values are missing and a note says why.
    fn measure_into(
        &self,
        phases: &mut Phases<'_>,
        prefix: &str,
        values: &mut Vec<f64>,
        notes: &mut Vec<String>,
    ) -> Result<(), StudyError> {
        let prefix = format!("{prefix}_{}", self.name);
        match phases.features(self)? {
            Ok(measured) => push(measured, &prefix, values, notes),
            Err(error) => {
                notes.push(format!("{prefix}: {error}"));
                values.extend(std::iter::repeat_n(f64::NAN, self.list.len()));
            }
        }
        Ok(())
    }
}

/// Names and units of what is measured of habitats.
fn habitat_columns(count: usize) -> impl Iterator<Item = (String, &'static str)> {
    let each = (1..=count).flat_map(|number| {
        let sizes = [
            ("fraction", "1"),
            ("volume_mm3", "mm3"),
            ("pieces", "1"),
            ("largest_piece_mm3", "mm3"),
        ];
        let sizes = sizes.map(|(name, unit)| (format!("habitat_{number}_{name}"), unit));
        let means = CURVE_FEATURES.map(|f| (format!("habitat_{number}_{f}_mean"), "1"));
        sizes.into_iter().chain(means)
    });
    let all = [("entropy_bits", "bit"), ("spatial_index", "1")];
    each.chain(all.map(|(name, unit)| (format!("habitat_{name}"), unit)))
}

/// The kinetic features of a ring: its size says nothing that its width and the lesion's size do not.
fn ring_kinetics() -> Vec<String> {
    let names = triher_kinetics::kinetic_names().into_iter();
    names.filter(|n| n.starts_with("kin_")).collect()
}

/// The images that a recipe measures: shape with the first only, and of a ring not at all.
fn measured(recipe: &RadiomicsRecipe, with_shape: bool) -> Result<Vec<Measured>, StudyError> {
    recipe.settings.check()?;
    let inputs = recipe.inputs.iter().enumerate();
    inputs
        .map(|(at, name)| {
            let mut settings = recipe.settings.clone();
            if at > 0 || !with_shape {
                settings.families.retain(|f| *f != Family::Morphology);
            }
            Ok(Measured {
                name: name.clone(),
                input: name.parse::<PhaseInput>()?,
                list: feature_list(&settings),
                settings,
            })
        })
        .collect()
}

/// Adds values, and one note for those that are missing for the same reason.
fn push(measured: Vec<FeatureValue>, prefix: &str, values: &mut Vec<f64>, notes: &mut Vec<String>) {
    let mut missing: Vec<(String, usize)> = Vec::new();
    for feature in measured {
        if feature.value.is_nan() {
            match missing.iter_mut().find(|m| m.0 == feature.flags) {
                Some(known) => known.1 += 1,
                None => missing.push((feature.flags, 1)),
            }
        }
        values.push(feature.value);
    }
    for (why, count) in missing {
        notes.push(format!("{prefix}: {count} features have no value: {why}"));
    }
}
