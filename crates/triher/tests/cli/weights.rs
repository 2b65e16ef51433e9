//! `triher weights`; that tensors are read as PyTorch reads them is tested in `triher-checkpoint`.

use crate::embed::weights;
use crate::workspace::Workspace;

#[test]
fn what_a_checkpoint_holds() {
    let w = Workspace::new();
    w.write("w.safetensors", weights(""));
    let json = w
        .triher("weights inspect w.safetensors --json")
        .done()
        .stdout();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["sizes"]["width"], 12);
    assert_eq!(json["sizes"]["depth"], 1);
    assert_eq!(json["sizes"]["tokens"], 217);
    assert_eq!(json["missing"].as_array().unwrap().len(), 0);
    let text = w.triher("weights inspect w.safetensors").done().stdout();
    assert!(text.contains("vit_3d, other size, patch 8"), "{text}");
    assert!(text.contains("48 x 48 x 48"), "{text}");

    w.write("gap.safetensors", weights("blocks.0.norm1.bias"));
    w.triher("weights inspect gap.safetensors")
        .fails_saying(&["gap.safetensors", "blocks.0.norm1.bias"]);
    w.triher("weights convert gap.safetensors --out x.safetensors")
        .fails_saying(&["gap.safetensors", "blocks.0.norm1.bias"]);
    w.write("none.pth", "hello");
    w.triher("weights inspect none.pth")
        .fails_saying(&["none.pth", "copy it again"]);
}

#[test]
fn converted_weights_embed_alike() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    w.write("w.safetensors", weights(""));
    let embedded = |file: &str| {
        w.triher(&format!(
            "embed --weights {file} --profile bl4as --image p/P_0001.nii.gz --mask p/P_mask.nii.gz --out e.csv"
        ))
        .done();
        let text = String::from_utf8(w.read("e.csv")).unwrap();
        let row = text.lines().nth(1).unwrap().to_owned();
        let numbers = row.split(',').skip(2).map(|v| v.parse().unwrap());
        numbers.collect::<Vec<f32>>()
    };
    let expected = embedded("w.safetensors");
    for (storage, tolerance, share) in
        [("f32", 0.0, 1.0), ("f16", 2e-3, 0.55), ("bf16", 2e-2, 0.55)]
    {
        let file = format!("{storage}.safetensors");
        w.triher(&format!(
            "weights convert w.safetensors --out {file} --storage {storage}"
        ))
        .done();
        let size = |name: &str| w.read(name).len() as f64;
        assert!(size(&file) <= share * size("w.safetensors"), "{storage}");
        let scale = expected.iter().fold(0f32, |m, v| m.max(v.abs()));
        for (a, b) in embedded(&file).iter().zip(&expected) {
            assert!((a - b).abs() <= tolerance * scale, "{storage}: {a} {b}");
        }
        let once = w.read(&file);
        w.triher(&format!(
            "weights convert w.safetensors {file} --storage {storage}"
        ))
        .done();
        assert_eq!(once, w.read(&file), "{storage}");
    }
    assert_eq!(
        w.json("f16.safetensors.manifest.json")["configuration"]["storage"],
        "f16"
    );
    w.triher("weights convert w.safetensors x.safetensors --storage f8")
        .fails_saying(&["f8", "bf16"]);
}
