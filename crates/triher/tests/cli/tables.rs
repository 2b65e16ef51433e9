//! `triher train` and `triher evaluate` on tables.

use crate::workspace::{Workspace, reference};
use std::fmt::Write as _;

/// A table of three classes that overlap, from a small linear congruence: no file, no randomness.
pub(crate) fn table(rows: usize, seed: u64) -> String {
    let mut state = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut text = String::from("case,hospital,her2,a,b,c,noise\n");
    for row in 0..rows {
        let class = row % 3;
        let mut normal = || (0..6).map(|_| uniform()).sum::<f64>() - 3.0;
        let (a, b, c) = (
            normal() + class as f64,
            normal() - class as f64 * 0.5,
            normal(),
        );
        let name = ["zero", "low", "positive"][class];
        let hospital = ["A", "B"][row / 3 % 2];
        let _ = writeln!(text, "r{row},{hospital},{name},{a},{b},{c},{}", normal());
    }
    text
}

const TRAIN: &str = "train --features train.csv --id case --label her2 --centre hospital --method logistic --penalty l2 --c 1.0 --standardize true --out m.triher";

#[test]
fn a_table_trains_and_another_evaluates() {
    let w = Workspace::new();
    w.write("train.csv", table(90, 1));
    w.write("test.csv", table(60, 2));
    let run = w.triher(TRAIN).done();
    assert!(run.stdout().contains("macro AUC"), "{}", run.stdout());
    w.triher("evaluate m.triher --features test.csv --id case --label her2 --centre hospital --json e.json --html e.html --predictions p.csv").done();
    let json = w.json("e.json");
    let value = json["auc"]["macro"]["value"].as_f64().unwrap();
    let interval = &json["auc"]["macro"]["ci95"];
    let (low, high) = (interval[0].as_f64().unwrap(), interval[1].as_f64().unwrap());
    assert!(low < value && value < high, "{interval}");
    assert!(value > 0.6 && value < 1.0, "{value}");
    for class in ["zero", "low", "positive"] {
        assert!(
            json["auc"]["per_class"][class]["value"].is_number(),
            "{class}"
        );
        assert!(
            json["per_class"][class]["sensitivity"]["ci95"][0].is_number(),
            "{class}"
        );
    }
    assert!(json["auc"]["micro"]["value"].is_number());
    let html = String::from_utf8(w.read("e.html")).unwrap();
    assert!(html.contains("esearch use only") && html.contains("<svg"));
    assert_eq!(
        String::from_utf8(w.read("p.csv")).unwrap().lines().count(),
        61
    );
}

#[test]
fn the_same_run_gives_the_same_bytes_with_any_number_of_threads() {
    let w = Workspace::new();
    w.write("train.csv", table(90, 1));
    w.write("test.csv", table(60, 2));
    let evaluate =
        "evaluate m.triher --features test.csv --id case --label her2 --json e.json --html e.html";
    let mut outputs = Vec::new();
    for threads in ["1", "2", "2"] {
        w.triher(&format!("{TRAIN} --json cv.json --threads {threads}"))
            .done();
        w.triher(&format!("{evaluate} --threads {threads}")).done();
        outputs.push(
            [
                "m.triher",
                "m.triher.manifest.json",
                "cv.json",
                "e.json",
                "e.html",
            ]
            .map(|f| w.read(f)),
        );
    }
    assert!(outputs[0] == outputs[1] && outputs[1] == outputs[2]);
}

#[test]
fn labels_may_come_from_a_file_and_indeterminate_ones_are_left_out() {
    let w = Workspace::new();
    let whole = table(60, 3);
    let mut labels = String::from("patient_id,class,reason\n");
    let mut features = String::from("case,a,b\n");
    for (number, line) in whole.lines().skip(1).enumerate() {
        let cells: Vec<&str> = line.split(',').collect();
        let class = if number < 4 {
            "indeterminate"
        } else {
            cells[2]
        };
        let _ = writeln!(labels, "{},{class},why", cells[0]);
        let _ = writeln!(features, "{},{},{}", cells[0], cells[3], cells[4]);
    }
    w.write("labels.csv", labels);
    w.write("features.csv", features);
    let run = w.triher("train --features features.csv --labels labels.csv --id case --label class --method logistic --penalty l2 --c 1.0 --standardize true --out m.triher").done();
    assert!(run.stderr().contains("indeterminate"), "{}", run.stderr());
    let model = w.triher("model m.triher --json").done().stdout();
    let model: serde_json::Value = serde_json::from_str(&model).unwrap();
    assert_eq!(
        model["classes"],
        serde_json::json!(["zero", "low", "positive"])
    );
}

#[test]
fn the_phenotypes_of_the_tcga_train_and_evaluate() {
    let Some(features) = reference("tcga-brca/mri_phenotypes_91.csv") else {
        return;
    };
    let Some(clinical) = reference("tcga-brca/clinical_patient_brca.txt") else {
        return;
    };
    let w = Workspace::new();
    w.triher_words(&[
        "label",
        clinical.to_str().unwrap(),
        "--columns",
        "tcga",
        "--out",
        "labels.csv",
    ])
    .done();
    let features = features.to_str().unwrap();
    let table = [
        "--features",
        features,
        "--labels",
        "labels.csv",
        "--id",
        "CLID",
        "--label",
        "class",
    ];
    let mut train = vec!["train"];
    train.extend(table);
    train.extend([
        "--method",
        "logistic",
        "--penalty",
        "l2",
        "--c",
        "0.01",
        "--standardize",
        "true",
        "--out",
        "m.triher",
    ]);
    w.triher_words(&train).done();
    let mut evaluate = vec!["evaluate", "m.triher"];
    evaluate.extend(table);
    evaluate.extend(["--json", "e.json", "--html", "e.html"]);
    w.triher_words(&evaluate).done();
    assert!(w.json("e.json")["auc"]["macro"]["value"].as_f64().unwrap() > 0.5);
}
