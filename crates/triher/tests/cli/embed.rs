//! `triher embed`, and embeddings in a cohort; that the numbers are PyTorch's is tested in `triher-encoder`.

use crate::workspace::{Workspace, grid};
use std::fmt::Write as _;
use triher_volume::Image;

/// A network of one block, 12 wide, for 48^3 inputs, as a safetensors file. `without` leaves a tensor out.
pub(crate) fn weights(without: &str) -> Vec<u8> {
    let (width, patch, tokens) = (12usize, 8usize, 217usize);
    let mut shapes: Vec<(String, Vec<usize>)> = vec![
        (
            "patch_embed.proj.weight".into(),
            vec![width, 1, patch, patch, patch],
        ),
        ("patch_embed.proj.bias".into(), vec![width]),
        ("cls_token".into(), vec![1, 1, width]),
        ("pos_embed".into(), vec![1, tokens, width]),
        ("norm.weight".into(), vec![width]),
        ("norm.bias".into(), vec![width]),
    ];
    for (name, out, inner) in [
        ("attn.qkv", 3 * width, width),
        ("attn.proj", width, width),
        ("mlp.fc1", 4 * width, width),
        ("mlp.fc2", width, 4 * width),
    ] {
        shapes.push((format!("blocks.0.{name}.weight"), vec![out, inner]));
        shapes.push((format!("blocks.0.{name}.bias"), vec![out]));
    }
    for name in ["norm1", "norm2"] {
        shapes.push((format!("blocks.0.{name}.weight"), vec![width]));
        shapes.push((format!("blocks.0.{name}.bias"), vec![width]));
    }
    let mut header = String::from("{");
    let mut data = Vec::new();
    for (name, shape) in shapes.iter().filter(|(name, _)| name != without) {
        let count: usize = shape.iter().product();
        let end = data.len() + 4 * count;
        let comma = if header.len() > 1 { "," } else { "" };
        let _ = write!(
            header,
            "{comma}\"{name}\":{{\"dtype\":\"F32\",\"shape\":{shape:?},\"data_offsets\":[{},{end}]}}",
            data.len()
        );
        data.extend(
            (0..count).flat_map(|i| (((i * 37 + count) % 101) as f32 / 101.0 - 0.45).to_le_bytes()),
        );
    }
    header.push('}');
    [
        &(header.len() as u64).to_le_bytes()[..],
        header.as_bytes(),
        &data,
    ]
    .concat()
}

#[test]
fn an_embedding_is_one_row_with_its_manifest() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    w.write("w.safetensors", weights(""));
    let embed = "embed --weights w.safetensors --profile bl4as --image p/P_0002.nii.gz --mask p/P_mask.nii.gz";
    w.triher(&format!("{embed} --out e.csv --threads 1")).done();
    w.triher(&format!("{embed} --variant roi-only --out r.csv"))
        .done();
    w.triher(&format!("{embed} --out again.csv --threads 2"))
        .done();
    let text = String::from_utf8(w.read("e.csv")).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 2);
    assert!(
        lines[0].starts_with("id,input,feat_0,") && lines[0].ends_with(",feat_11"),
        "{}",
        lines[0]
    );
    assert!(lines[1].starts_with("P_0002,image,"), "{}", lines[1]);
    assert!(w.read("e.csv") == w.read("again.csv"));
    assert!(w.read("e.csv") != w.read("r.csv"));
    assert_eq!(
        w.json("e.csv.manifest.json")["inputs"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}

#[test]
fn a_checkpoint_with_a_missing_tensor_names_it() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    w.write("w.safetensors", weights("blocks.0.attn.proj.bias"));
    w.triher("embed --weights w.safetensors --profile bl4as --image p/P_0002.nii.gz --mask p/P_mask.nii.gz --out e.csv")
        .fails_saying(&["w.safetensors", "blocks.0.attn.proj.bias"]);
}

#[test]
fn embeddings_are_features_of_a_cohort() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    w.write("w.safetensors", weights(""));
    w.write("c.csv", "patient_id,images,mask\np,p,p/P_mask.nii.gz\n");
    w.write(
        "c.toml",
        "name = 'c'\npatients = 'c.csv'\noutput = 'f.csv'\n[features]\nkinetics = false\nfirst_order = false\n[features.embedding]\nweights = 'w.safetensors'\n",
    );
    w.triher("extract c.toml").done();
    let text = String::from_utf8(w.read("f.csv")).unwrap();
    for name in ["emb_C2_0", "emb_C2-C0_11", "emb_C5-C2_11"] {
        assert!(text.contains(name), "{name}");
    }
    let recipe = w.json("f.csv.recipe.json");
    assert_eq!(recipe["embedding"]["sha256"].as_str().unwrap().len(), 64);
}

/// Without weights, the encoder that ships; the manifest says so.
#[test]
fn the_encoder_that_ships_is_the_default() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    let embed = "embed --profile bl4as --image p/P_0002.nii.gz --mask p/P_mask.nii.gz";
    w.triher(&format!("{embed} --out e.csv")).done();
    let text = String::from_utf8(w.read("e.csv")).unwrap();
    assert!(text.lines().next().unwrap().ends_with(",feat_191"));
    let manifest = w.json("e.csv.manifest.json");
    let encoder = manifest["configuration"]["encoder"].as_str().unwrap();
    assert!(encoder.contains("ships with triher"), "{encoder}");
}

fn numbers(bytes: &[u8]) -> Vec<f64> {
    let text = String::from_utf8_lossy(bytes);
    let row = text.lines().nth(1).unwrap();
    row.split(',').skip(2).map(|v| v.parse().unwrap()).collect()
}

/// The mean over the eight mirrorings does not change when the image is mirrored; the spread is that of the views.
#[test]
fn views_are_averaged_on_request() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    w.write("w.safetensors", weights(""));
    let embed = "embed --weights w.safetensors --profile bl4as --image p/P_0002.nii.gz --mask p/P_mask.nii.gz";
    w.triher(&format!("{embed} --out one.csv")).done();
    w.triher(&format!(
        "{embed} --test-time flips --out mean.csv --spread sd.csv"
    ))
    .done();
    let (one, mean, sd) = (
        numbers(&w.read("one.csv")),
        numbers(&w.read("mean.csv")),
        numbers(&w.read("sd.csv")),
    );
    assert_ne!(one, mean);
    assert!(sd.iter().all(|&s| s >= 0.0) && sd.iter().any(|&s| s > 0.0));
    // No view, and so not the unchanged one, lies further from the mean than 7 standard deviations of 8 views can have it.
    for ((one, mean), sd) in one.iter().zip(&mean).zip(&sd) {
        assert!(
            (one - mean).abs() <= 7.0 / 8f64.sqrt() * sd + 1e-6,
            "{one} {mean} {sd}"
        );
    }
    w.triher(&format!("{embed} --out x.csv --spread sd.csv"))
        .fails_saying(&["--test-time"]);
    w.triher(&format!("{embed} --out x.csv --test-time turns"))
        .fails_saying(&["flips-and-shifts"]);
}

/// A patch that is known is not embedded again, and a damaged entry is not believed.
#[test]
fn embeddings_are_kept_by_content() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    w.write("w.safetensors", weights(""));
    let embed = |out: &str, token: &str| {
        let line = format!(
            "embed --weights w.safetensors --profile bl4as --token {token} --image p/P_0002.nii.gz --mask p/P_mask.nii.gz --out {out}"
        );
        let words: Vec<&str> = line.split(' ').collect();
        w.triher_with_cache("kept", &words).done();
        w.read(out)
    };
    let entries = || -> Vec<std::path::PathBuf> {
        let folders = std::fs::read_dir(w.path("kept/embeddings")).unwrap();
        let files = folders.flat_map(|f| std::fs::read_dir(f.unwrap().path()).unwrap());
        files.map(|f| f.unwrap().path()).collect()
    };
    let first = embed("a.csv", "class");
    let kept = entries();
    assert_eq!(kept.len(), 1);
    // Another reading of the same patch is another entry.
    assert_ne!(embed("b.csv", "mask-pooled"), first);
    assert_eq!(entries().len(), 2);
    assert_eq!(embed("c.csv", "class"), first);
    assert_eq!(entries().len(), 2);
    // What is there is used: numbers put there with their checksum come out.
    let mut bytes = std::fs::read(&kept[0]).unwrap();
    bytes[3] ^= 0x80;
    std::fs::write(&kept[0], &bytes).unwrap();
    assert_eq!(embed("d.csv", "class"), first);
    let whole = std::fs::read(&kept[0]).unwrap();
    assert_ne!(whole, bytes);
}

/// An image without contrast gives zeros to the encoder: that is said.
#[test]
fn a_constant_patch_is_flagged() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    let flat = Image::from_fn(grid(), |_| 300.0);
    triher_imagefile::write_nifti(&w.path("flat.nii.gz"), &flat).unwrap();
    let run = w
        .triher("embed --profile bl4as --image flat.nii.gz --mask p/P_mask.nii.gz --out e.csv")
        .done();
    assert!(run.stderr().contains("says nothing"), "{}", run.stderr());
}

/// A card beside an ONNX model serves as weights, on patches of the profile and on a box of its own spacing; a model that the card does not fit
/// is named.
#[cfg(feature = "tract")]
#[test]
fn an_onnx_model_with_its_card_serves_as_encoder() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    let model =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../onnx/tests/parity/resnet3d.onnx");
    w.write("resnet.onnx", std::fs::read(model).unwrap());
    let card = |text: &str| {
        let text = format!(
            "file = \"resnet.onnx\"\nname = \"Small ResNet\"\n[input]\nsize = [16, 16, 16]\n{text}"
        );
        w.write("card.toml", text.into_bytes());
    };
    let embed =
        "embed --weights card.toml --profile bl4as --image p/P_0002.nii.gz --mask p/P_mask.nii.gz";
    card("channels = 3");
    w.triher(&format!("{embed} --out patch.csv --threads 1"))
        .done();
    w.triher(&format!("{embed} --out again.csv --threads 2"))
        .done();
    assert_eq!(numbers(&w.read("patch.csv")).len(), 16);
    assert!(w.read("patch.csv") == w.read("again.csv"));
    let manifest = w.json("patch.csv.manifest.json");
    assert_eq!(
        manifest["configuration"]["encoder"],
        "Small ResNet (resnet.onnx)"
    );
    card("channels = 3\nspacing_mm = 0.8");
    w.triher(&format!("{embed} --out box.csv")).done();
    assert_ne!(numbers(&w.read("box.csv")), numbers(&w.read("patch.csv")));
    card("channels = 1");
    w.triher(&format!("{embed} --out x.csv")).fails_saying(&[
        "resnet.onnx",
        "[1, 1, 16, 16, 16]",
        "card",
    ]);
}

/// The encoder that ships, over mirrored views: a model learns from the means, and a prediction says how far the views differ.
#[test]
fn views_tell_how_sure_a_prediction_is() {
    let w = Workspace::new();
    w.triher("simulate --out s --format nifti --patients 9 --seed 5")
        .done();
    w.triher("label s/clinical.csv --columns s/columns.toml --out s/labels.csv")
        .done();
    let mut cohort = String::from_utf8(w.read("s/alpha.toml")).unwrap();
    cohort += "\n[features.embedding]\ntest_time = \"flips\"\n";
    w.write("s/alpha.toml", cohort.into_bytes());
    w.triher("extract s/alpha.toml").done();
    w.triher(
        "train --features s/features-alpha.parquet --id patient_id --label label --c 0.01 --folds 2 --out m.triher",
    )
    .done();
    let run = w
        .triher("predict m.triher s/images/gamma/SIM-GAMMA-001 --mask s/masks/SIM-GAMMA-001.nii.gz --json p.json --html p.html")
        .done();
    assert!(run.stderr().contains("over 8 views"), "{}", run.stderr());
    let spread = &w.json("p.json")["test_time"];
    assert_eq!(spread["views"], 8);
    let class = w.json("p.json")["class"].as_str().unwrap().to_owned();
    let [low, high] = [0, 1].map(|end| spread["range"][&class][end].as_f64().unwrap());
    let sd = spread["standard_deviation"][&class].as_f64().unwrap();
    assert!(0.0 < low && low < high && high < 1.0 && sd > 0.0 && sd < high - low);
    let report = String::from_utf8(w.read("p.html")).unwrap();
    assert!(report.contains("Over 8 views") && report.contains("ships with triher"));
}
