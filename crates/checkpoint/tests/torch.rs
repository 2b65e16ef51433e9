//! Files that PyTorch and safetensors wrote (`data/make.py`), against the numbers that the script put into them: exactly equal.

use std::path::{Path, PathBuf};
use triher_checkpoint::{Checkpoint, CheckpointError, CheckpointKind, Limits};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

fn open(name: &str) -> Result<Checkpoint, CheckpointError> {
    Checkpoint::open(&data(name), &Limits::default())
}

#[test]
fn every_way_of_storing_numbers_is_read() {
    let expected = std::fs::read(data("kinds.json")).unwrap();
    let expected: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(&expected).unwrap();
    for file in ["kinds.pth", "kinds.safetensors"] {
        let mut checkpoint = open(file).unwrap();
        assert!(
            checkpoint
                .shapes()
                .keys()
                .eq(expected.keys().collect::<std::collections::BTreeSet<_>>())
        );
        for (name, expected) in &expected {
            let tensor = checkpoint.tensor(name).unwrap();
            let list = |field: &str| -> Vec<f64> {
                let values = expected[field].as_array().unwrap().iter();
                values.map(|v| v.as_f64().unwrap()).collect()
            };
            let shape: Vec<f64> = tensor.shape.iter().map(|&n| n as f64).collect();
            assert_eq!(shape, list("shape"), "{file}: {name}");
            let numbers: Vec<f64> = tensor.data.iter().map(|&v| f64::from(v)).collect();
            assert_eq!(numbers, list("data"), "{file}: {name}");
        }
    }
}

#[test]
fn what_scripts_put_beside_the_tensors_does_no_harm() {
    for protocol in 2..=5 {
        let checkpoint = open(&format!("training-{protocol}.pth.tar")).unwrap();
        assert_eq!(
            checkpoint.entries()[..6],
            ["epoch", "arch", "state_dict", "optimizer", "scaler", "args"]
        );
        let tensors = checkpoint.encoder_tensors().unwrap();
        assert_eq!(tensors.names.kind, CheckpointKind::MocoV3);
        assert_eq!(
            (
                tensors.names.entry.as_str(),
                tensors.names.prefix.as_str(),
                tensors.names.wrapped
            ),
            ("state_dict", "module.base_encoder.", true)
        );
        let names: Vec<&str> = tensors.tensors.keys().map(String::as_str).collect();
        assert_eq!(
            names,
            [
                "blocks.1.norm1.weight",
                "cls_token",
                "patch_embed.proj.weight"
            ]
        );
        assert_eq!(
            tensors.tensors["patch_embed.proj.weight"].data[..],
            [-1.0, -0.875]
        );
        assert_eq!(tensors.names.used.len(), 3);
        for name in [
            "module.momentum_encoder.cls_token",
            "module.base_encoder.head.0.weight",
            "module.predictor.0.weight",
            "module.queue_ptr",
            "optimizer.state.0.exp_avg",
        ] {
            assert!(tensors.names.ignored.iter().any(|n| n == name), "{name}");
        }
        for name in [
            "norm.weight",
            "blocks.0.attn.qkv.weight",
            "blocks.1.norm1.bias",
        ] {
            assert!(tensors.names.missing.iter().any(|n| n == name), "{name}");
        }
        assert!(
            !tensors
                .names
                .missing
                .iter()
                .any(|n| n == "blocks.1.norm1.weight")
        );
    }
}

#[test]
fn files_that_ask_to_run_code_are_refused_by_name() {
    for (file, name) in [
        ("top", "posix.system"),
        ("optimizer", "__builtin__.eval"),
        ("key", "__builtin__.getattr"),
        ("import", "posix.system"),
        ("foreign", "numpy.fromfile"),
    ] {
        let error = open(&format!("refused-{file}.pth")).unwrap_err();
        let told = error.to_string();
        assert!(told.contains("nothing was executed"), "{told}");
        match error {
            CheckpointError::Code { global, .. } => assert_eq!(global, name),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn files_of_old_pytorch_are_told() {
    let told = open("legacy.pth").unwrap_err().to_string();
    assert!(told.contains("before 1.6"), "{told}");
}

#[test]
fn the_hash_is_that_of_the_file() {
    use sha2::{Digest, Sha256};
    let bytes = std::fs::read(data("kinds.pth")).unwrap();
    let expected: String = Sha256::digest(&bytes)
        .iter()
        .map(|b| format!("{b:02x}"))
        .collect();
    assert_eq!(open("kinds.pth").unwrap().sha256(), expected);
}
