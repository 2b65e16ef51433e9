//! The table of labelled samples that fine-tuning learns from.

use crate::StudyError;
use crate::finetune::FinetunePlan;
use crate::pretrain::{read_mask, read_patch};
use serde::Deserialize;
use std::path::{Path, PathBuf};
use triher_training::{EncoderSizes, HeadKind, PatchStore};

/// A row of the table.
#[derive(Deserialize)]
struct Row {
    patient_id: String,
    class: String,
    #[serde(default)]
    file: Option<PathBuf>,
    #[serde(default)]
    c2_minus_c0: Option<PathBuf>,
    #[serde(default)]
    c2: Option<PathBuf>,
    #[serde(default)]
    c5_minus_c2: Option<PathBuf>,
    #[serde(default)]
    mask: Option<PathBuf>,
}

/// Patches with their masks, classes and patients.
pub(crate) struct Samples {
    pub(crate) patches: PatchStore,
    pub(crate) masks: Vec<Vec<bool>>,
    pub(crate) labels: Vec<usize>,
    pub(crate) patients: Vec<String>,
    /// The patch's file as the table names it; the C2 image's where three are fused.
    pub(crate) names: Vec<String>,
}

impl Samples {
    /// Reads the table and all its files.
    pub(crate) fn read(plan: &FinetunePlan, sizes: &EncoderSizes) -> Result<Self, StudyError> {
        let (fusion, voxels) = (plan.training.fusion, sizes.input_len());
        let masked = plan.training.head == HeadKind::MaskedTwoBranch;
        let table = &plan.samples;
        let columns = format!(
            "patient_id, class, {}{}",
            if fusion {
                "c2_minus_c0, c2, c5_minus_c2"
            } else {
                "file"
            },
            if masked { ", mask" } else { "" }
        );
        let wrong = |problem: String| {
            StudyError::Input(format!(
                "{}: {problem}; the table needs the columns {columns}",
                table.display()
            ))
        };
        let bytes = std::fs::read(table).map_err(StudyError::read(table))?;
        let folder = table.parent().unwrap_or(Path::new(""));
        let mut samples = Self {
            patches: PatchStore::new(if fusion { 3 * voxels } else { voxels }),
            masks: Vec::new(),
            labels: Vec::new(),
            patients: Vec::new(),
            names: Vec::new(),
        };
        for (number, row) in csv::Reader::from_reader(bytes.as_slice())
            .deserialize()
            .enumerate()
        {
            let row: Row = row.map_err(|e| wrong(e.to_string()))?;
            let given = |file: &Option<PathBuf>, column: &str| {
                file.clone().ok_or_else(|| {
                    wrong(format!(
                        "sample {} has nothing in the column {column}",
                        number + 1
                    ))
                })
            };
            let files = match fusion {
                true => vec![
                    given(&row.c2_minus_c0, "c2_minus_c0")?,
                    given(&row.c2, "c2")?,
                    given(&row.c5_minus_c2, "c5_minus_c2")?,
                ],
                false => vec![given(&row.file, "file")?],
            };
            let name = files[files.len() / 2].display().to_string();
            let class = plan.classes.iter().position(|c| *c == row.class);
            let class = class.ok_or_else(|| {
                wrong(format!(
                    "the class {} of {name} is none of {}",
                    row.class,
                    plan.classes.join(", ")
                ))
            })?;
            let mut patch = Vec::with_capacity(files.len() * voxels);
            for file in &files {
                patch.extend(read_patch(&folder.join(file), voxels)?);
            }
            if masked {
                let mask = folder.join(given(&row.mask, "mask")?);
                samples.masks.push(read_mask(&mask, sizes.side.pow(3))?);
            }
            samples.patches.push(&patch)?;
            samples.labels.push(class);
            samples.patients.push(row.patient_id);
            samples.names.push(name);
        }
        Ok(samples)
    }
}
