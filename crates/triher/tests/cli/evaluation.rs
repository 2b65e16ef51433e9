//! What `triher evaluate` says beyond discrimination: operating points, subgroups, survival, patients met again.

use crate::tables::table;
use crate::workspace::Workspace;
use std::fmt::Write as _;

const TRAIN: &str =
    "train --features train.csv --id case --label her2 --centre hospital --out m.triher";
const EVALUATE: &str = "evaluate m.triher --features test.csv --id case --label her2 --centre hospital --bootstrap 300 --json e.json --html e.html";

/// A model, a test cohort with other patients, and clinical findings of most of them.
fn cohort() -> Workspace {
    let w = Workspace::new();
    w.write("train.csv", table(120, 1));
    w.write("test.csv", table(90, 2).replace("\nr", "\nt"));
    let mut clinical = String::from("case,age,vendor,os_months,os_event\n");
    for row in 0..85 {
        let vendor = ["GE", "Philips", "Siemens"][row % 7 % 3];
        let age = 35 + row * 11 % 40;
        let months = 60 - (row % 3) * 12 + row * 5 % 17;
        let event = if row % 4 == 0 {
            "0:LIVING"
        } else {
            "1:DECEASED"
        };
        let _ = writeln!(clinical, "t{row},{age},{vendor},{months},{event}");
    }
    w.write("clinical.csv", clinical);
    w.triher(TRAIN).done();
    w
}

#[test]
fn subgroups_survival_and_frozen_points_are_in_the_figures_and_the_report() {
    let w = cohort();
    let run = w
        .triher(&format!(
            "{EVALUATE} --clinical clinical.csv --subgroup age:50,65 --subgroup vendor --survival os_months os_event"
        ))
        .done();
    assert!(
        !run.stderr().contains("same identifier"),
        "{}",
        run.stderr()
    );
    let json = w.json("e.json");
    let age = &json["subgroups"][0];
    let levels: Vec<&str> = (age["levels"].as_array().unwrap().iter())
        .map(|l| l["level"].as_str().unwrap())
        .collect();
    assert_eq!(levels, ["50 to 65", "65 and above", "below 50"]);
    assert_eq!(age["missing"], 5);
    assert!(age["p_value_holm"].as_f64().unwrap() >= age["p_value"].as_f64().unwrap());
    let total: u64 = (age["levels"].as_array().unwrap().iter())
        .map(|l| l["n"].as_u64().unwrap())
        .sum();
    assert_eq!(total, 85);

    // Chosen on the training cohort: the same numbers whatever the test cohort is.
    let thresholds: Vec<f64> = (json["operating"].as_array().unwrap().iter())
        .map(|o| o["thresholds"][0].as_f64().unwrap())
        .collect();
    assert_eq!(thresholds.len(), 5);
    w.write("test.csv", table(45, 9).replace("\nr", "\nu"));
    w.triher(EVALUATE).done();
    let other = w.json("e.json");
    for (place, threshold) in thresholds.iter().enumerate() {
        assert_eq!(other["operating"][place]["thresholds"][0], *threshold);
    }
    assert_eq!(other["subgroups"], serde_json::json!([]));
    assert!(other.get("survival").is_none());

    let survival = &json["survival"];
    assert_eq!(survival["patients"], 85);
    assert!(survival["cox"]["hazard_ratio"].as_f64().unwrap() > 1.0);
    assert_eq!(json["net_benefit"].as_array().unwrap().len(), 2);
    assert_eq!(json["label_noise"]["in_doubt"], 30);
    assert_eq!(json["centre_summary"][0]["figure"], "macro");
}

#[test]
fn the_report_draws_them_and_the_same_run_gives_the_same_bytes() {
    let w = cohort();
    let line = format!(
        "{EVALUATE} --clinical clinical.csv --subgroup vendor --survival os_months os_event months"
    );
    w.triher(&line).done();
    let first = (w.read("e.html"), w.read("e.json"));
    w.triher(&format!("{line} --threads 1")).done();
    assert_eq!(first, (w.read("e.html"), w.read("e.json")));
    let page = String::from_utf8(first.0).unwrap();
    for part in [
        "Subgroups",
        "vendor: GE",
        "Survival",
        "At risk",
        "Net benefit",
        "Frozen operating points",
    ] {
        assert!(page.contains(part), "{part}");
    }
}

/// A study whose training and external cohort have clinical findings.
const STUDY: &str = r#"
name = "Findings of both"
output = "out"

[[subgroups]]
column = "vendor"

[survival]
time = "os_months"
event = "os_event"

[[cohorts]]
name = "A"
role = "training"
features = "train.csv"
clinical = "of-training.csv"
columns = { id = "case", label = "her2", centre = "hospital" }

[[cohorts]]
name = "B"
role = "external"
features = "test.csv"
clinical = "clinical.csv"
columns = { id = "case", label = "her2", centre = "hospital" }

[validation]
bootstrap = 100
folds = 3
"#;

#[test]
fn subgroups_and_survival_of_training_patients_are_by_their_out_of_fold_predictions() {
    let w = cohort();
    // Of the patients of training (r0 to r119) those up to r84 are known.
    let known = String::from_utf8(w.read("clinical.csv")).unwrap();
    w.write("of-training.csv", known.replace("\nt", "\nr"));
    w.write("study.toml", STUDY);
    w.triher("run study.toml").done();
    let found = w.json("out/validation.json");
    let vendor = &found["cross_validation"]["subgroups"][0];
    assert_eq!(vendor["missing"], 35);
    assert_eq!(found["survival"]["patients"], 85);

    // The same from the out-of-fold predictions, without the program's statistics: cases of each group, events of each called class.
    let vendors: std::collections::BTreeMap<&str, Vec<&str>> = (known.lines().skip(1))
        .map(|line| line.split(',').collect::<Vec<_>>())
        .map(|cells| (cells[0].trim_start_matches('t'), cells))
        .collect();
    let predictions = String::from_utf8(w.read("out/predictions-out-of-fold.csv")).unwrap();
    let mut lines = predictions.lines();
    let header: Vec<&str> = lines.next().unwrap().split(',').collect();
    let mut cases = std::collections::BTreeMap::<String, u64>::new();
    let mut called = std::collections::BTreeMap::<String, [u64; 2]>::new();
    for line in lines {
        let cells: Vec<&str> = line.split(',').collect();
        let Some(clinical) = vendors.get(cells[0].trim_start_matches('r')) else {
            continue;
        };
        *cases.entry(clinical[2].to_owned()).or_default() += 1;
        let probabilities = header.iter().zip(&cells);
        let probabilities = probabilities.filter_map(|(name, p)| {
            Some((
                name.strip_prefix("probability_")?,
                p.parse::<f64>().unwrap(),
            ))
        });
        let class = probabilities.max_by(|a, b| a.1.total_cmp(&b.1)).unwrap().0;
        let counts = called.entry(class.to_owned()).or_default();
        counts[0] += 1;
        counts[1] += u64::from(clinical[4].starts_with('1'));
    }
    for level in vendor["levels"].as_array().unwrap() {
        assert_eq!(level["n"], cases[level["level"].as_str().unwrap()]);
    }
    assert_eq!(
        called.len(),
        found["survival"]["groups"].as_array().unwrap().len()
    );
    for group in found["survival"]["groups"].as_array().unwrap() {
        let [patients, events] = called[group["name"].as_str().unwrap()];
        assert_eq!(
            (&group["patients"], &group["events"]),
            (&patients.into(), &events.into())
        );
    }

    let page = String::from_utf8(w.read("out/report-study.html")).unwrap();
    assert_eq!(
        page.matches("Kaplan-Meier curves of the patients").count(),
        2,
        "internal and external"
    );
    for name in ["internal", "b"] {
        let curves =
            String::from_utf8(w.read(&format!("out/figures/survival-{name}.csv"))).unwrap();
        assert!(curves.lines().count() > 20, "{curves}");
        assert!(
            !w.read(&format!("out/figures/survival-{name}.png"))
                .is_empty()
        );
        assert!(
            !w.read(&format!("out/figures/forest-subgroups-{name}.csv"))
                .is_empty()
        );
    }

    // Training patients who were not followed lose nothing but their survival.
    let mut unknown = String::from("case,age,vendor,os_months,os_event\n");
    for row in 0..85 {
        let _ = writeln!(unknown, "r{row},50,GE,,");
    }
    w.write("of-training.csv", unknown);
    w.triher("run study.toml --look-again").done();
    let found = w.json("out/validation.json");
    assert!(found.get("survival").is_none());
    let notes = found["notes"].to_string();
    assert!(
        notes.contains("survival of the training patients is left out"),
        "{notes}"
    );
    let page = String::from_utf8(w.read("out/report-study.html")).unwrap();
    assert_eq!(
        page.matches("Kaplan-Meier curves of the patients").count(),
        1,
        "external"
    );

    // A column that is not there is told before the folds are made.
    w.write("study.toml", STUDY.replace("os_event", "death"));
    let run = w.triher("run study.toml");
    assert!(
        !run.stderr().contains("Cross-validation"),
        "{}",
        run.stderr()
    );
    run.fails_saying(&["death"]);
}

#[test]
fn training_patients_met_again_are_told() {
    let w = cohort();
    w.write("test.csv", table(90, 1));
    let run = w.triher(EVALUATE).done();
    let said = run.stderr();
    assert!(
        said.contains("90 of 90 patients bear the same identifier"),
        "{said}"
    );
    let page = String::from_utf8(w.read("e.html")).unwrap();
    assert!(page.contains("flatter the model"));
    // The model tells nobody who they are.
    let model = String::from_utf8(w.read("m.triher")).unwrap();
    assert!(!model.contains("\"r17\""));
}

#[test]
fn wrong_columns_cuts_and_cells_are_sentences() {
    let w = cohort();
    let wrong = [
        ("--subgroup age", 2, "--clinical"),
        ("--clinical clinical.csv --subgroup weight", 1, "weight"),
        (
            "--clinical clinical.csv --subgroup vendor:3",
            1,
            "no number",
        ),
        ("--clinical clinical.csv --subgroup age:60,50", 2, "ascend"),
        (
            "--clinical clinical.csv --survival os_months vendor",
            1,
            "1 for the event",
        ),
        ("--clinical nothing.csv --subgroup age", 1, "nothing.csv"),
    ];
    for (options, code, part) in wrong {
        let run = w.triher(&format!("{EVALUATE} {options}"));
        assert_eq!(run.code(), code, "{options}: {}", run.stderr());
        assert!(run.stderr().contains(part), "{options}: {}", run.stderr());
    }
}
