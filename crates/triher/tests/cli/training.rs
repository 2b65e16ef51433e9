//! `triher pretrain` and `triher finetune`; that the steps are PyTorch's is tested in `triher-training`.

use crate::workspace::Workspace;
use std::fmt::Write as _;

/// A patch of `side`^3 voxels as NumPy writes it, with a wave whose length is the class's.
fn patch(number: usize, class: usize, side: usize) -> Vec<u8> {
    let shape = format!("({side}, {side}, {side})");
    let header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
    bytes.extend((header.len() as u16).to_le_bytes());
    bytes.extend(header.as_bytes());
    for i in 0..side.pow(3) {
        let noise = ((i * 7919 + number * 104_729) % 1000) as f32 / 1000.0;
        let wave = ((i % side) as f32 * 0.4 * (1 + class) as f32).sin();
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
        w.write(
            &format!("patches/{number:02}.npy"),
            patch(number, class, 48),
        );
        let name = ["zero", "low", "positive"][class];
        writeln!(table, "patches/{number:02}.npy,P{number:02},{name}").unwrap();
    }
    w.write("samples.csv", &table);
    w.write("pretrain.toml", PRETRAIN);
    w.write("finetune.toml", FINETUNE);
    let run = w.triher("pretrain pretrain.toml --quiet").done();
    assert_eq!(run.stderr(), "");
    let page = String::from_utf8(w.read("encoder.html")).unwrap();
    for text in ["Loss", "Learning rate", "masked autoencoder", "<svg"] {
        assert!(page.contains(text), "{text}");
    }
    let run = w.triher("finetune finetune.toml").done();
    assert!(run.stderr().contains("held out"), "{}", run.stderr());
    let curve = String::from_utf8(w.read("tuned.curve.csv")).unwrap();
    let losses: Vec<f64> = curve
        .lines()
        .skip(1)
        .map(|l| l.split(',').nth(1).unwrap().parse().unwrap())
        .collect();
    assert!(losses.last() < losses.first(), "{curve}");
    let page = String::from_utf8(w.read("tuned.html")).unwrap();
    assert!(page.contains("Validation loss") && page.contains("was kept"));
    for command in ["pretrain pretrain.toml", "finetune finetune.toml"] {
        w.triher(&format!("{command} --language zh")).done();
    }
    for (page, part) in [("encoder.html", "预训练"), ("tuned.html", "验证损失")] {
        let page = String::from_utf8(w.read(page)).unwrap();
        assert!(page.contains(part), "{part}");
        crate::chinese::is_chinese(&page, &[]);
    }
    // An encoder for `embed` like any other, and not the one that it began from.
    w.nifti_patient("P1", 150.0);
    for (weights, out) in [("encoder", "before.csv"), ("tuned", "after.csv")] {
        w.triher(&format!(
            "embed --weights {weights}.safetensors --profile bl4as --image P1/P_0002.nii.gz --mask P1/P_mask.nii.gz --out {out}"
        ))
        .done();
    }
    let rows = ["before.csv", "after.csv"].map(|f| String::from_utf8(w.read(f)).unwrap());
    assert_eq!(rows[0].lines().next(), rows[1].lines().next());
    assert_ne!(rows[0], rows[1]);
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

const TWO_BRANCH: &str = "\
samples = 'samples.csv'
out = 'two.safetensors'
folds = 3
[encoder]
side = 16
width = 24
depth = 1
hidden = 48
[training]
depth = 'head-only'
head = 'masked-two-branch'
fusion = true
two_branch = { hidden = 12, bottleneck = 5 }
epochs = 6
[training.optimiser]
learning_rate = 0.01
warm_up = 3
";

/// Three images a sample and a mask, two samples a patient, three folds.
#[test]
fn fused_images_and_masks_over_folds_of_patients() {
    let w = Workspace::new();
    let mut table = String::from("patient_id,class,c2_minus_c0,c2,c5_minus_c2,mask\n");
    for number in 0..24 {
        let class = number / 2 % 3;
        let mut row = format!("P{:02},{}", number / 2, ["zero", "low", "positive"][class]);
        for image in 0..3 {
            let name = format!("{number:02}_{image}.npy");
            w.write(&name, patch(number + 50 * image, class, 16));
            write!(row, ",{name}").unwrap();
        }
        writeln!(table, "{row},mask.npy").unwrap();
    }
    // The waves are above 0 somewhere: any patch is a mask.
    w.write("mask.npy", patch(7, 1, 16));
    w.write("samples.csv", &table);
    w.write("two.toml", TWO_BRANCH);
    let run = w.triher("finetune two.toml").done();
    assert!(run.stderr().contains("macro AUC"), "{}", run.stderr());
    let mut fold_of = std::collections::BTreeMap::new();
    let predictions = String::from_utf8(w.read("two.out_of_fold.csv")).unwrap();
    let mut count = 0;
    for row in predictions.lines().skip(1) {
        let cells: Vec<&str> = row.split(',').collect();
        assert_eq!(
            *fold_of
                .entry(cells[1].to_owned())
                .or_insert(cells[2].to_owned()),
            cells[2]
        );
        let sum: f64 = cells[5..].iter().map(|p| p.parse::<f64>().unwrap()).sum();
        assert!((sum - 1.0).abs() < 1e-9);
        count += 1;
    }
    assert_eq!((count, fold_of.len()), (24, 12));
    let folds: std::collections::BTreeSet<_> = fold_of.values().collect();
    assert_eq!(folds.len(), 3);
    for (page, text) in [
        ("two.html", "Fold 3"),
        ("two.out_of_fold.html", "Macro AUC"),
    ] {
        assert!(String::from_utf8(w.read(page)).unwrap().contains(text));
    }
    let text = w
        .triher("weights inspect two.safetensors --json")
        .done()
        .stdout();
    let json: serde_json::Value = serde_json::from_str(&text).unwrap();
    let ignored = json["ignored"].as_array().unwrap();
    for name in [
        "fusion.weight",
        "head.norm2.running_var",
        "head.lesion.bias",
    ] {
        assert!(ignored.iter().any(|n| n == name), "{text}");
    }
    // The same bytes once more, with another number of threads.
    let first = (w.read("two.safetensors"), predictions);
    w.triher("finetune two.toml --threads 1").done();
    let again = String::from_utf8(w.read("two.out_of_fold.csv")).unwrap();
    assert!(first == (w.read("two.safetensors"), again));

    w.write("samples.csv", table.replacen("mask.npy", "", 1));
    w.triher("finetune two.toml")
        .fails_saying(&["sample 1", "mask"]);
    w.write("two.toml", TWO_BRANCH.replace("folds = 3", "folds = 30"));
    w.write("samples.csv", &table);
    w.triher("finetune two.toml").fails_saying(&["folds", "12"]);
}
