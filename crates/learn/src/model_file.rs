//! The model file: one versioned, checksummed file with everything that a prediction needs.

use crate::{Distances, FeatureQuantiles, FittedPipeline, LearnError, Matrix};
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use triher_wholefile::write_whole;

/// First word of the file.
const MAGIC: &str = "TRIHER-MODEL";
/// Largest model file that is read, in bytes.
const LARGEST_FILE: u64 = 1 << 30;
/// Names that an error lists before it stops.
const LISTED: usize = 5;

/// Newest version of the model file, the one that is written. All older ones are read.
pub const MODEL_FORMAT_VERSION: u32 = 1;

/// What the model was trained on and how well it did, for reports; the prediction does not use it.
///
/// It must hold no names, birth dates or identifiers of patients.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct TrainingProvenance {
    /// Numbers of rows and patients, in all and by class and centre, as reports show them: name and value.
    pub rows: Vec<(String, String)>,
    /// Seeds by what they were used for.
    pub seeds: Vec<(String, u64)>,
    /// Input files: name without folder, and SHA-256 in hexadecimal.
    pub inputs: Vec<(String, String)>,
    /// The whole configuration.
    pub configuration: serde_json::Value,
    /// Cross-validated figures; `None` when cross-validation was not possible.
    pub cross_validated: Option<serde_json::Value>,
    /// Thresholds chosen on the out-of-fold predictions, in the terms of whoever chose them: an evaluation applies them as they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub operating_points: Option<serde_json::Value>,
    /// First 16 digits of the SHA-256 of each training patient's pseudonym, sorted, so that an evaluation can tell whether it meets one again.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub patient_marks: Vec<String>,
    /// What was fitted before training to make or choose the features, with the pseudonyms of the patients it was fitted on: an evaluation on
    /// one of them would leak.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fitted_upstream: Vec<(String, Vec<String>)>,
    /// Distribution of each feature over the training rows; empty in files of older versions.
    #[serde(default, skip_serializing_if = "FeatureQuantiles::is_empty")]
    pub feature_quantiles: FeatureQuantiles,
}

/// A trained model, as `model.triher` keeps it.
///
/// The file is text in three parts: the line `TRIHER-MODEL 1` (the format version), a line with the SHA-256 of everything after it,
/// and one JSON document, this structure, whose floating-point numbers are the shortest decimals that read back as the same number. The
/// same model gives the same bytes.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ModelFile {
    /// Version of the file format that it was read from, or [`MODEL_FORMAT_VERSION`].
    pub format_version: u32,
    /// Version of the program that trained it.
    pub triher_version: String,
    /// Names of the classes, in the order of the probabilities.
    pub classes: Vec<String>,
    /// Names of the features, in the order of the pipeline's columns.
    pub feature_names: Vec<String>,
    /// All fitted steps.
    pub pipeline: FittedPipeline,
    /// How the features are made from images, in the terms of whoever made them; `None` for tables from elsewhere.
    pub extraction: Option<serde_json::Value>,
    /// What it was trained on.
    pub training: TrainingProvenance,
}

/// What a model says about rows.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct Predictions {
    /// Rows x classes.
    pub probabilities: Matrix,
    /// For each row, which classes its prediction set holds; `None` when the model makes no sets.
    pub sets: Option<Vec<Vec<bool>>>,
    /// For each row, its distances from the training rows; `None` when the model measures none.
    pub distances: Option<Vec<Distances>>,
    /// For each row, the features that were missing and took the training median.
    pub imputed: Vec<Vec<String>>,
    /// The same in sentences, rows counted from 1.
    pub notes: Vec<String>,
}

impl ModelFile {
    /// A model of the newest format version.
    ///
    /// `feature_names` are the columns that `pipeline` was fitted on, `classes` its classes, both in order.
    /// A mismatch shows when the model is written.
    pub fn new(
        triher_version: &str,
        classes: Vec<String>,
        feature_names: Vec<String>,
        pipeline: FittedPipeline,
        extraction: Option<serde_json::Value>,
        training: TrainingProvenance,
    ) -> Self {
        Self {
            format_version: MODEL_FORMAT_VERSION,
            triher_version: triher_version.to_owned(),
            classes,
            feature_names,
            pipeline,
            extraction,
            training,
        }
    }

    /// Reads and checks a model file of any version up to [`MODEL_FORMAT_VERSION`].
    ///
    /// # Errors
    /// [`LearnError::Io`], [`LearnError::TooLarge`], [`LearnError::NotAModel`], [`LearnError::NewerModel`],
    /// [`LearnError::Checksum`] and [`LearnError::BadModel`].
    pub fn read(path: &Path) -> Result<Self, LearnError> {
        let failed = |source| LearnError::Io {
            path: path.to_owned(),
            action: "read",
            source,
        };
        let file = std::fs::File::open(path).map_err(failed)?;
        let mut bytes = Vec::new();
        // One byte more than the limit tells a file that is too large, whatever its directory entry says.
        let read = file.take(LARGEST_FILE + 1).read_to_end(&mut bytes);
        if read.map_err(failed)? as u64 > LARGEST_FILE {
            return Err(LearnError::TooLarge {
                path: path.to_owned(),
                bytes: std::fs::metadata(path).map_or(LARGEST_FILE + 1, |m| m.len()),
                limit: LARGEST_FILE,
            });
        }
        Self::from_bytes(&bytes, path)
    }

    /// Checks the contents of a model file; `path` is for the messages.
    ///
    /// # Errors
    /// As [`read`](Self::read).
    pub fn from_bytes(bytes: &[u8], path: &Path) -> Result<Self, LearnError> {
        let path = || path.to_owned();
        let not_a_model = || LearnError::NotAModel { path: path() };
        let (first, rest) = split_line(bytes).ok_or_else(not_a_model)?;
        let version = std::str::from_utf8(first).ok();
        let version = version.and_then(|line| line.strip_prefix(MAGIC)?.strip_prefix(' '));
        let version: u64 = version
            .and_then(|v| v.parse().ok())
            .ok_or_else(not_a_model)?;
        if version > u64::from(MODEL_FORMAT_VERSION) {
            return Err(LearnError::NewerModel {
                path: path(),
                found: version,
                known: u64::from(MODEL_FORMAT_VERSION),
            });
        }
        let damaged = || LearnError::Checksum { path: path() };
        let (checksum, body) = split_line(rest).ok_or_else(damaged)?;
        if checksum != sha256_hex(body).as_bytes() {
            return Err(damaged());
        }
        let bad = |problem: String| LearnError::BadModel {
            path: path(),
            problem,
        };
        // When a version 2 comes, version 1 keeps its own structure here and is turned into the new one.
        let model: Self = match version {
            1 => serde_json::from_slice(body).map_err(|e| bad(e.to_string()))?,
            _ => return Err(bad(format!("there is no format version {version}"))),
        };
        if u64::from(model.format_version) != version {
            return Err(bad("its two version numbers differ".to_owned()));
        }
        model.problem().map_or(Ok(()), |p| Err(bad(p)))?;
        Ok(model)
    }

    /// The contents of the file.
    ///
    /// # Errors
    /// [`LearnError::BadModel`] when the parts do not fit together or a number is not finite.
    pub fn to_bytes(&self) -> Result<Vec<u8>, LearnError> {
        let bad = |problem: String| LearnError::BadModel {
            path: PathBuf::from("the model"),
            problem,
        };
        self.problem().map_or(Ok(()), |p| Err(bad(p)))?;
        let mut body = serde_json::to_vec(self).map_err(|e| bad(e.to_string()))?;
        body.push(b'\n');
        let head = format!("{MAGIC} {MODEL_FORMAT_VERSION}\n{}\n", sha256_hex(&body));
        let mut bytes = head.into_bytes();
        bytes.append(&mut body);
        Ok(bytes)
    }

    /// Writes the file: first under another name beside it, then renamed, so that a half-written model is never found.
    ///
    /// # Errors
    /// [`LearnError::Io`] and [`LearnError::BadModel`].
    pub fn write(&self, path: &Path) -> Result<(), LearnError> {
        let bytes = self.to_bytes()?;
        write_whole(path, &bytes).map_err(|source| LearnError::Io {
            path: path.to_owned(),
            action: "written",
            source,
        })
    }

    /// Probabilities for rows of features in any order.
    ///
    /// `feature_names` are the columns of `values`, which holds row after row; columns that the model does not know are ignored.
    /// A missing value (`NaN`) takes the training median and is noted.
    ///
    /// # Errors
    /// [`LearnError::MissingFeatures`], [`LearnError::Duplicate`] when a needed column is there twice, [`LearnError::Length`],
    /// and [`LearnError::NotFinite`].
    pub fn predict(
        &self,
        feature_names: &[String],
        values: &[f64],
    ) -> Result<Predictions, LearnError> {
        let columns = feature_names.len().max(1);
        self.predict_at(feature_names, values, &vec![None; values.len() / columns])
    }

    /// [`predict`](Self::predict) with the centre of each row, which a model with ComBat needs.
    ///
    /// # Errors
    /// As [`predict`](Self::predict), and [`LearnError::UnseenCentre`].
    pub fn predict_at(
        &self,
        feature_names: &[String],
        values: &[f64],
        centres: &[Option<&str>],
    ) -> Result<Predictions, LearnError> {
        let x = self.align(feature_names, values)?;
        let probabilities = self.pipeline.predict_proba_at(&x, centres)?;
        let mut imputed = Vec::with_capacity(x.rows());
        let mut notes = Vec::new();
        let unused = self.pipeline.imputer().medians();
        for (i, row) in x.iter_rows().enumerate() {
            let missing: Vec<String> = row
                .iter()
                .zip(&self.feature_names)
                .zip(unused)
                .filter(|((value, _), median)| value.is_nan() && median.is_some())
                .map(|((_, name), _)| name.clone())
                .collect();
            if !missing.is_empty() {
                notes.push(format!(
                    "row {}: {} of {} features missing, replaced by the training median: {}",
                    i + 1,
                    missing.len(),
                    row.len(),
                    list(&missing)
                ));
            }
            imputed.push(missing);
        }
        Ok(Predictions {
            sets: self.pipeline.prediction_sets(&probabilities)?,
            distances: self.pipeline.distances_at(&x, centres)?,
            probabilities,
            imputed,
            notes,
        })
    }

    /// Probabilities alone, rows x classes, for many rows of one patient that differ little: without prediction sets, distances and notes.
    ///
    /// # Errors
    /// As [`predict`](Self::predict).
    pub fn probabilities(
        &self,
        feature_names: &[String],
        values: &[f64],
    ) -> Result<Matrix, LearnError> {
        let x = self.align(feature_names, values)?;
        self.pipeline.predict_proba_at(&x, &vec![None; x.rows()])
    }

    /// Whether the probabilities have slopes by the features, as methods that follow gradients need.
    pub fn has_slopes(&self) -> bool {
        self.pipeline.has_slopes()
    }

    /// What each of the model's features adds to the score of a class for one row, in the order of the model's features;
    /// see [`FittedPipeline::contributions`].
    ///
    /// # Errors
    /// As [`predict`](Self::predict); [`LearnError::UnknownClass`] when `class` is not a position in `classes`.
    pub fn contributions(
        &self,
        feature_names: &[String],
        row: &[f64],
        class: usize,
    ) -> Result<Vec<(String, f64)>, LearnError> {
        if class >= self.classes.len() {
            return Err(LearnError::UnknownClass {
                id: "1".to_owned(),
                class,
                classes: self.classes.len(),
            });
        }
        if row.len() != feature_names.len() {
            return Err(LearnError::Length {
                what: "values of the row".to_owned(),
                expected: feature_names.len(),
                found: row.len(),
            });
        }
        let x = self.align(feature_names, row)?;
        let contributions = self.pipeline.contributions(x.row(0))?;
        let values = contributions.row(class).iter().copied();
        Ok(self.feature_names.iter().cloned().zip(values).collect())
    }

    /// The model's columns out of a table with its own.
    fn align(&self, names: &[String], values: &[f64]) -> Result<Matrix, LearnError> {
        let mut column_of: BTreeMap<&str, usize> = BTreeMap::new();
        let mut twice = Vec::new();
        for (column, name) in names.iter().enumerate() {
            if column_of.insert(name, column).is_some() {
                twice.push(name);
            }
        }
        if let Some(name) = twice.into_iter().find(|n| self.feature_names.contains(n)) {
            return Err(LearnError::Duplicate {
                what: "feature".to_owned(),
                name: name.clone(),
            });
        }
        let places: Vec<Option<&usize>> = self
            .feature_names
            .iter()
            .map(|name| column_of.get(name.as_str()))
            .collect();
        let missing: Vec<String> = self
            .feature_names
            .iter()
            .zip(&places)
            .filter(|(_, place)| place.is_none())
            .map(|(name, _)| name.clone())
            .collect();
        if !missing.is_empty() {
            return Err(LearnError::MissingFeatures {
                count: missing.len(),
                needed: self.feature_names.len(),
                names: list(&missing),
            });
        }
        if names.is_empty() || !values.len().is_multiple_of(names.len()) {
            return Err(LearnError::Length {
                what: "values of the table".to_owned(),
                expected: names
                    .len()
                    .saturating_mul(values.len() / names.len().max(1) + 1),
                found: values.len(),
            });
        }
        let places: Vec<usize> = places.into_iter().flatten().copied().collect();
        let mut aligned = Vec::with_capacity(values.len() / names.len() * places.len());
        for (i, row) in values.chunks_exact(names.len()).enumerate() {
            let start = aligned.len();
            aligned.extend(places.iter().map(|&column| row[column]));
            let id = (i + 1).to_string();
            crate::dataset::check_row(&aligned[start..], &self.feature_names, &id)?;
        }
        Matrix::new(values.len() / names.len(), places.len(), aligned)
    }

    /// What is wrong with the parts as a whole.
    fn problem(&self) -> Option<String> {
        if self.feature_names.is_empty() {
            return Some("it has no features".to_owned());
        }
        let names = crate::dataset::unique("feature", &self.feature_names)
            .and_then(|()| crate::dataset::unique("class", &self.classes));
        if let Err(e) = names {
            return Some(e.to_string());
        }
        let pipeline = self
            .pipeline
            .problem(self.feature_names.len(), self.classes.len());
        pipeline.map(str::to_owned)
    }
}

/// The first few names in words.
fn list(names: &[String]) -> String {
    let mut text = names[..names.len().min(LISTED)].join(", ");
    if names.len() > LISTED {
        text.push_str(&format!(" and {} more", names.len() - LISTED));
    }
    text
}

/// Everything before and after the first line feed; a first line of more than 100 bytes is none.
fn split_line(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().take(100).position(|&b| b == b'\n')?;
    Some((&bytes[..end], &bytes[end + 1..]))
}

fn sha256_hex(bytes: &[u8]) -> String {
    let digest = Sha256::digest(bytes);
    digest.iter().map(|byte| format!("{byte:02x}")).collect()
}
