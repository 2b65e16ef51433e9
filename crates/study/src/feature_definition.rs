//! What the columns of a feature table are: the dictionary beside the table, and the columns' own metadata.

use crate::StudyError;
use serde::Serialize;
use std::collections::BTreeMap;
use triher_kinetics::FeatureOptions;
use triher_table::ColumnMetadata;
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase};

/// What a column of a feature table is.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct FeatureDefinition {
    /// Name of the column.
    pub name: String,
    /// What was measured: a phase or a difference of two; empty for what is of all phases.
    pub input: String,
    /// Where: `lesion`, `ring of 3 mm`.
    pub region: String,
    /// The IBSI's family with its aggregation, or triher's group.
    pub family: String,
    /// The IBSI's tag; empty where it has none.
    pub ibsi_tag: String,
    /// Unit; empty for plain numbers.
    pub unit: String,
    /// Patients on whom something was fitted that the values depend on; empty where each patient's values are of that patient alone.
    pub fitted_on: String,
}

impl FeatureDefinition {
    /// A feature that is not radiomics, told by its name.
    pub(crate) fn of_own(name: &str) -> Self {
        let family = match name.split('_').next() {
            Some("kin") => "Contrast kinetics",
            Some("size") => "Size",
            Some("fo") => "First-order statistics",
            Some("emb") => "Encoder embedding",
            _ => "",
        };
        Self {
            name: name.to_owned(),
            input: String::new(),
            region: "lesion".to_owned(),
            family: family.to_owned(),
            ibsi_tag: String::new(),
            unit: String::new(),
            fitted_on: String::new(),
        }
    }

    /// What a Parquet file keeps with the column: all that is not empty.
    pub fn metadata(&self) -> ColumnMetadata {
        let known = [
            ("input", &self.input),
            ("region", &self.region),
            ("family", &self.family),
            ("ibsi_tag", &self.ibsi_tag),
            ("unit", &self.unit),
            ("fitted_on", &self.fitted_on),
        ];
        let known = known.into_iter().filter(|(_, text)| !text.is_empty());
        known
            .map(|(name, text)| (name.to_owned(), text.clone()))
            .collect()
    }
}

/// Units of the kinetic, size and first-order features by name: those of a lesion of one voxel, which has them all.
pub(crate) fn kinetic_units() -> BTreeMap<String, &'static str> {
    let measured = || -> Result<Vec<triher_kinetics::Feature>, StudyError> {
        let grid = Geometry::axis_aligned([1; 3], [1.0; 3], [0.0; 3])?;
        let phase = |n: usize| Phase {
            image: Image::filled(grid, 1.0 + n as f32),
            time_s: Some(60.0 * n as f64),
        };
        let series = DynamicSeries::new((0..3).map(phase).collect())?;
        let voxel = Mask::filled(grid, true);
        let options = FeatureOptions::default();
        let mut all = triher_kinetics::kinetic_features(&series, &voxel, &options)?;
        all.extend(triher_kinetics::first_order_features(
            &series, &voxel, &options,
        )?);
        Ok(all)
    };
    let features = measured().unwrap_or_default();
    features.into_iter().map(|f| (f.name, f.unit)).collect()
}

/// The dictionary of a table as CSV.
pub(crate) fn dictionary(definitions: &[FeatureDefinition]) -> Result<String, StudyError> {
    let internal = |error: String| StudyError::Internal(error);
    let mut writer = csv::Writer::from_writer(Vec::new());
    for definition in definitions {
        let row = writer.serialize(definition);
        row.map_err(|e| internal(e.to_string()))?;
    }
    let bytes = writer.into_inner().map_err(|e| internal(e.to_string()))?;
    String::from_utf8(bytes).map_err(|e| internal(e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_kinetic_and_first_order_feature_has_its_unit() {
        let units = kinetic_units();
        let names = triher_kinetics::kinetic_names().into_iter();
        for name in names.chain(triher_kinetics::first_order_names()) {
            assert!(units.contains_key(&name), "{name}");
            if name.ends_with("_mm3") {
                assert_eq!(units[&name], "mm3", "{name}");
            }
        }
    }
}
