//! Writes the models that `tests/model_file.rs` keeps for ever, in the newest format version.
//!
//! Run in the crate's folder: `cargo run --example format_fixture`, then `python tests/formats/expected.py`. Never
//! write over the files of an older format version.

#[path = "../tests/common/mod.rs"]
mod common;

use triher_learn::{
    Dataset, LearnError, MODEL_FORMAT_VERSION, ModelFile, PcaSpec, Pipeline, PipelineSpec,
    TrainingProvenance,
};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let folder = std::path::Path::new("tests/formats");
    let three = common::cohort(36, 7, &["zero", "low", "positive"]);
    let components = common::spec(0.5, Some(PcaSpec::Components(4)));
    model(&three, components)?
        .write(&folder.join(format!("model-v{MODEL_FORMAT_VERSION}.triher")))?;
    let two = common::cohort(24, 5, &["low", "positive"]);
    let plain = common::spec(1.0, None);
    model(&two, plain)?
        .write(&folder.join(format!("model-v{MODEL_FORMAT_VERSION}-binary.triher")))?;
    Ok(())
}

fn model(data: &Dataset, spec: PipelineSpec) -> Result<ModelFile, LearnError> {
    let fitted = Pipeline::new(spec).fit(&data.whole())?;
    Ok(ModelFile::new(
        "0.1.0",
        data.classes.clone(),
        data.feature_names.clone(),
        fitted,
        Some(serde_json::json!({"profile": "isotropic", "phases": [0, 2, 5]})),
        TrainingProvenance {
            rows: vec![("Rows".to_owned(), data.rows().to_string())],
            seeds: vec![("folds".to_owned(), u64::MAX)],
            inputs: vec![("cohort.csv".to_owned(), "00ff".repeat(16))],
            configuration: serde_json::json!({"c": 0.5, "nothing": null}),
            cross_validated: Some(serde_json::json!({"auc": {"macro": {"value": 0.1 + 0.2}}})),
            ..TrainingProvenance::default()
        },
    ))
}
