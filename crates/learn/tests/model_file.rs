//! The model file: kept versions, damage, alignment.

#![allow(clippy::unwrap_used)]

mod common;

use common::{cohort, spec, words};
use proptest::prelude::*;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use triher_learn::{LearnError, ModelFile, PcaSpec, Pipeline, TrainingProvenance};

fn model(pca: Option<PcaSpec>) -> ModelFile {
    let data = cohort(36, 7, &["zero", "low", "positive"]);
    let fitted = Pipeline::new(spec(0.5, pca)).fit(&data.whole()).unwrap();
    let training = TrainingProvenance {
        cross_validated: Some(serde_json::json!({"auc": 0.1 + 0.2})),
        ..TrainingProvenance::default()
    };
    let (classes, features) = (data.classes.clone(), data.feature_names.clone());
    ModelFile::new("0.1.0", classes, features, fitted, None, training)
}

#[derive(Deserialize)]
struct Expected {
    feature_names: Vec<String>,
    classes: Vec<String>,
    x: Vec<Vec<Option<f64>>>,
    probabilities: Vec<Vec<f64>>,
}

/// Every version that was ever written must be read for ever, and predict what it predicted.
#[test]
fn every_kept_version_is_read_and_predicts_the_same() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/formats");
    let expected = std::fs::read_to_string(folder.join("expected.json")).unwrap();
    let expected: BTreeMap<String, Expected> = serde_json::from_str(&expected).unwrap();
    assert!(expected.len() >= 2);
    for (name, case) in expected {
        let model = ModelFile::read(&folder.join(&name)).unwrap();
        assert_eq!(model.classes, case.classes);
        // Other order, and one column more that is of no concern.
        let mut names = vec!["unrelated".to_owned()];
        names.extend(case.feature_names.iter().rev().cloned());
        let mut values = Vec::new();
        for row in &case.x {
            values.push(f64::INFINITY);
            values.extend(row.iter().rev().map(|v| v.unwrap_or(f64::NAN)));
        }
        let predicted = model.predict(&names, &values).unwrap();
        assert_eq!(predicted.imputed[1], [case.feature_names[2].clone()]);
        assert_eq!(predicted.notes.len(), 1);
        for (i, row) in case.probabilities.iter().enumerate() {
            for (found, expected) in predicted.probabilities.row(i).iter().zip(row) {
                assert!(
                    (found - expected).abs() < 1e-13,
                    "{name} row {i}: {found} {expected}"
                );
            }
        }
    }
}

#[test]
fn the_same_model_gives_the_same_bytes_and_comes_back_whole() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.triher");
    let model = model(Some(PcaSpec::VarianceShare(0.9)));
    model.write(&path).unwrap();
    let bytes = std::fs::read(&path).unwrap();
    assert!(bytes.starts_with(b"TRIHER-MODEL 1\n"));
    let read = ModelFile::read(&path).unwrap();
    assert_eq!(read, model);
    assert_eq!(read.to_bytes().unwrap(), bytes);
    // Nothing else is left in the folder.
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
}

#[test]
fn damaged_and_foreign_files_are_told_apart() {
    let read = |bytes: &[u8]| ModelFile::from_bytes(bytes, &PathBuf::from("m.triher"));
    let good = model(None).to_bytes().unwrap();
    let mut flipped = good.clone();
    let last = flipped.len() - 20;
    flipped[last] ^= 1;
    assert!(matches!(read(&flipped), Err(LearnError::Checksum { .. })));
    let cut = &good[..good.len() - 1];
    let message = read(cut).unwrap_err().to_string();
    assert_eq!(
        message,
        "m.triher is damaged: its contents do not fit its checksum. Copy the file again or train the model again."
    );
    let mut newer = good.clone();
    newer[13] = b'7';
    assert_eq!(
        read(&newer).unwrap_err().to_string(),
        "m.triher is a model of format version 7, and this triher knows versions up to 1: use a newer triher"
    );
    for foreign in [
        &b""[..],
        b"\x89PNG\r\n",
        b"TRIHER-MODEL\n",
        b"TRIHER-MODEL x\n",
        b"TRIHER-MODEL 1",
    ] {
        assert!(matches!(read(foreign), Err(LearnError::NotAModel { .. })));
    }
    assert!(matches!(
        read(b"TRIHER-MODEL 1\nabc"),
        Err(LearnError::Checksum { .. })
    ));
    let missing = ModelFile::read(Path::new("/nowhere/model.triher")).unwrap_err();
    assert!(
        missing
            .to_string()
            .starts_with("/nowhere/model.triher cannot be read")
    );
}

/// A body with a right checksum that contradicts itself is refused before anything is computed with it.
#[test]
fn contradictions_with_a_right_checksum_are_refused() {
    use sha2::{Digest, Sha256};
    let good = model(Some(PcaSpec::Components(2))).to_bytes().unwrap();
    let text = String::from_utf8(good).unwrap();
    let body = text.splitn(3, '\n').nth(2).unwrap();
    let with = |from: &str, to: &str| {
        let changed = body.replacen(from, to, 1);
        assert_ne!(changed, body, "{from}");
        let digest = Sha256::digest(changed.as_bytes());
        let hex: String = digest.iter().map(|b| format!("{b:02x}")).collect();
        let file = format!("TRIHER-MODEL 1\n{hex}\n{changed}");
        ModelFile::from_bytes(file.as_bytes(), Path::new("m.triher"))
    };
    assert!(with("\"0.1.0\"", "\"0.1.1\"").is_ok());
    for (from, to) in [
        ("\"zero\",", ""),
        ("\"zero\"", "\"low\""),
        ("\"feature000\",", ""),
        ("\"rows\":2,\"columns\":7", "\"rows\":2,\"columns\":8"),
        ("\"rows\":2,\"columns\":7", "\"rows\":7,\"columns\":2"),
        (
            "\"rows\":2,\"columns\":7",
            "\"rows\":4611686018427387905,\"columns\":4",
        ),
        ("\"scales\":[", "\"scales\":[0.0,"),
        ("\"intercepts\":[", "\"intercepts\":[1.0,"),
        ("\"classes\":3", "\"classes\":2"),
        ("\"format_version\":1", "\"format_version\":2"),
    ] {
        let refused = with(from, to);
        assert!(
            matches!(refused, Err(LearnError::BadModel { .. })),
            "{from} -> {to}"
        );
    }
}

#[test]
fn missing_columns_are_listed() {
    let model = model(None);
    let names = words(&["feature001", "feature006"]);
    let message = model.predict(&names, &[0.0, 1.0]).unwrap_err().to_string();
    assert_eq!(
        message,
        "5 of the model's 7 features are missing: feature000, feature002, feature003, feature004, feature005. \
         Give a table with the columns the model was trained on."
    );
    let mut twice = model.feature_names.clone();
    twice.push("feature001".to_owned());
    assert!(matches!(
        model.predict(&twice, &[0.0; 8]),
        Err(LearnError::Duplicate { .. })
    ));
    let names = model.feature_names.clone();
    assert!(matches!(
        model.predict(&names, &[0.0; 8]),
        Err(LearnError::Length { .. })
    ));
    let infinite = model.predict(&names, &[f64::INFINITY; 7]).unwrap_err();
    assert!(
        infinite
            .to_string()
            .starts_with("the feature \"feature000\" of row 1 is inf")
    );
}

#[test]
fn contributions_and_baseline_add_up_to_the_log_odds() {
    for classes in [&["low", "positive"][..], &["zero", "low", "positive"]] {
        for pca in [None, Some(PcaSpec::Components(3))] {
            for standardize in [true, false] {
                let data = cohort(36, 7, classes);
                let mut spec = spec(0.5, pca);
                spec.standardize = standardize;
                let fitted = Pipeline::new(spec).fit(&data.whole()).unwrap();
                let p = fitted.predict_proba(&data.x).unwrap();
                let baseline = fitted.baseline().unwrap();
                for i in 0..data.rows() {
                    let contributions = fitted.contributions(data.x.row(i)).unwrap();
                    let logs: Vec<f64> = p.row(i).iter().map(|p| p.ln()).collect();
                    for class in 0..classes.len() {
                        let reference = match classes.len() {
                            2 => logs[1 - class],
                            k => logs.iter().sum::<f64>() / k as f64,
                        };
                        let sum = baseline[class] + contributions.row(class).iter().sum::<f64>();
                        let expected = logs[class] - reference;
                        assert!((sum - expected).abs() < 1e-9, "{sum} {expected}");
                    }
                }
            }
        }
    }
}

proptest! {
    #[test]
    fn mutated_bytes_never_panic(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..6),
        cut in any::<prop::sample::Index>(),
        shorten in any::<bool>(),
    ) {
        let mut bytes = model(None).to_bytes().unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if shorten {
            bytes.truncate(cut.index(bytes.len()));
        }
        // Also past the checksum: the body alone, with a fitting one.
        let _ = ModelFile::from_bytes(&bytes, Path::new("m.triher"));
        use sha2::{Digest, Sha256};
        let body = bytes.split(|b| *b == b'\n').nth(2).unwrap_or_default();
        let hex: String = Sha256::digest(body).iter().map(|b| format!("{b:02x}")).collect();
        let mut file = format!("TRIHER-MODEL 1\n{hex}\n").into_bytes();
        file.extend_from_slice(body);
        if let Ok(model) = ModelFile::from_bytes(&file, Path::new("m.triher")) {
            let names = model.feature_names.clone();
            let _ = model.predict(&names, &vec![1.0; names.len()]);
        }
    }
}
