//! `triher pretrain` and `triher finetune`; that the steps are PyTorch's is tested in `triher-training`.

use crate::workspace::Workspace;
use std::fmt::Write as _;

/// A patch of 16^3 voxels as NumPy writes it, with a wave whose length is the class's.
fn patch(number: usize, class: usize) -> Vec<u8> {
    let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (16, 16, 16), }\n";
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    for i in 0..16 * 16 * 16 {
        let noise = ((i * 7919 + number * 104_729) % 1000) as f32 / 1000.0;
        let wave = ((i % 16) as f32 * 0.4 * (1 + class) as f32).sin();
        bytes.extend((wave + noise).to_le_bytes());
    }
    bytes
}

const PRETRAIN: &str = "\
method = 'mae'
out = 'encoder.safetensors'
steps = 3
batch = 4
[source]
folder = 'patches'
[encoder]
side = 16
width = 24
depth = 1
hidden = 48
[mae]
decoder_width = 12
";

const FINETUNE: &str = "\
samples = 'samples.csv'
weights = 'encoder.safetensors'
out = 'tuned.safetensors'
[training]
depth = 'all'
epochs = 12
[training.optimiser]
learning_rate = 0.005
warm_up = 3
";

#[test]
fn from_patches_to_a_tuned_encoder() {
    let w = Workspace::new();
    let mut table = String::from("file,patient_id,class\n");
    for number in 0..18 {
        let class = number % 3;
        w.write(&format!("patches/{number:02}.npy"), patch(number, class));
        let name = ["zero", "low", "positive"][class];
        writeln!(table, "patches/{number:02}.npy,P{number:02},{name}").unwrap();
    }
    w.write("samples.csv", &table);
    w.write("pretrain.toml", PRETRAIN);
    w.write("finetune.toml", FINETUNE);
    w.triher("pretrain pretrain.toml").done();
    let run = w.triher("finetune finetune.toml").done();
    assert!(run.stderr().contains("held out"), "{}", run.stderr());
    let curve = String::from_utf8(w.read("tuned.curve.csv")).unwrap();
    let losses: Vec<f64> = curve
        .lines()
        .skip(1)
        .map(|l| l.split(',').nth(1).unwrap().parse().unwrap())
        .collect();
    assert!(losses.last() < losses.first(), "{curve}");
    // The head is stored beside the encoder and is none of its tensors.
    let text = w
        .triher("weights inspect tuned.safetensors --json")
        .done()
        .stdout();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(json["sizes"]["width"], 24);
    assert_eq!(json["ignored"].as_array().unwrap().len(), 2, "{text}");
    // The same bytes once more, with another number of threads.
    let first = w.read("tuned.safetensors");
    w.triher("finetune finetune.toml --threads 1").done();
    assert_eq!(first, w.read("tuned.safetensors"));

    w.write("samples.csv", table.replace("P00,zero", "P00,none"));
    w.triher("finetune finetune.toml").fails_saying(&[
        "samples.csv",
        "none",
        "zero, low, positive",
    ]);
    w.write(
        "samples.csv",
        table.replace("patches/00.npy", "patches/99.npy"),
    );
    w.triher("finetune finetune.toml").fails_saying(&["99.npy"]);
}
