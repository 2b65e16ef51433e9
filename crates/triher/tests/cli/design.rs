//! `triher run` and `triher train`: designs of the validation, resuming, fixed splits, frozen models.

use crate::tables::table;
use crate::workspace::Workspace;
use std::fmt::Write as _;

const STUDY: &str = r#"
name = "Three classes"
output = "out"
characteristics = ["age"]

[[cohorts]]
name = "A and B"
clinical = "clinical.csv"
role = "training"
features = "train.csv"
columns = { id = "case", label = "her2", centre = "hospital" }

[[cohorts]]
name = "C"
role = "external"
features = "test.csv"
columns = { id = "case", label = "her2", centre = "hospital" }

[model]
c = 1.0

[validation]
bootstrap = 100
leave_one_centre_out = true
learning_curve = { shares = [0.3, 1.0], folds = 3, repeats = 1 }
permutations = 5
"#;

fn study() -> Workspace {
    let w = Workspace::new();
    w.write("train.csv", table(90, 1));
    w.write("test.csv", table(60, 2).replace("\nr", "\nt"));
    let ages = (0..90)
        .step_by(2)
        .map(|i| (i, 41 + i % 5 + 20 * (i % 3 / 2)));
    let ages: String = ages.map(|(i, age)| format!("r{i},{age}\n")).collect();
    w.write("clinical.csv", format!("case,age\n{ages}"));
    w.write("study.toml", STUDY);
    w
}

/// The table of the patients: 90 of training and 60 others, of whom every second one is known to be 41 to 45 or 61 to 65 years old.
fn patients_are_described(w: &Workspace, page: &str) {
    for part in [
        "Patients by class.",
        "Patients by centre.",
        "age",
        "not known",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let csv = String::from_utf8(w.read("out/figures/patients.csv")).unwrap();
    let cells = |start: &str| -> Vec<String> {
        let line = csv.lines().find(|line| line.starts_with(start));
        let line = line.unwrap_or_else(|| panic!("{start}: {csv}"));
        line.split(',').map(str::to_owned).collect()
    };
    let hospital = cells("centre,A,age");
    // Half of the rows of training are in hospital A, every second of which has an age, and half of the external ones, which have none.
    let known = (0..90).step_by(2).filter(|i| i / 3 % 2 == 0).count();
    assert_eq!(hospital[6], known.to_string());
    assert_eq!(hospital[7], (45 + 30 - known).to_string());
    let median: f64 = hospital[8].parse().unwrap();
    assert!((41.0..=65.0).contains(&median), "{csv}");
    assert_eq!(hospital[11], "Kruskal-Wallis");
    // The classes are dealt out in turn: both hospitals have as many of each.
    let class = cells("centre,A,class,,zero");
    assert_eq!(class[11..13], ["chi-squared".to_owned(), "1".to_owned()]);
}

/// The macro AUC of one fold, pair by pair.
fn macro_auc(rows: &[(usize, Vec<f64>)]) -> f64 {
    let area = |class: usize| {
        let of = |is: bool| rows.iter().filter(move |r| (r.0 == class) == is);
        let pairs = of(true).flat_map(|yes| of(false).map(move |no| (yes.1[class], no.1[class])));
        let won = pairs.map(|(yes, no)| match yes.total_cmp(&no) {
            std::cmp::Ordering::Greater => 1.0,
            std::cmp::Ordering::Equal => 0.5,
            std::cmp::Ordering::Less => 0.0,
        });
        let (sum, count) = won.fold((0.0, 0.0), |(s, n), w| (s + w, n + 1.0));
        sum / count
    };
    (area(0) + area(1) + area(2)) / 3.0
}

/// By hand from the predictions that the study wrote: the mean over its folds, and Student's t with four degrees of freedom times
/// `sqrt((1/k + test/train) s^2)` (Nadeau and Bengio 2003) about it.
fn corrected_interval_is_that_of_the_folds(w: &Workspace, over: &serde_json::Value) {
    let csv = String::from_utf8(w.read("out/predictions-out-of-fold.csv")).unwrap();
    let mut folds: Vec<Vec<(usize, Vec<f64>)>> = vec![Vec::new(); 5];
    for line in csv.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let class = ["zero", "low", "positive"]
            .iter()
            .position(|c| *c == cells[3]);
        let probabilities = cells[4..7].iter().map(|p| p.parse().unwrap()).collect();
        let fold: usize = cells[7].parse().unwrap();
        folds[fold - 1].push((class.unwrap(), probabilities));
    }
    // Six patients of each class in each fold: 18 held out, 72 to train on.
    assert!(folds.iter().all(|rows| rows.len() == 18));
    let areas: Vec<f64> = folds.iter().map(|rows| macro_auc(rows)).collect();
    let mean = areas.iter().sum::<f64>() / 5.0;
    let variance = areas.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / 4.0;
    // scipy.stats.t.ppf(0.975, 4)
    let half = 2.7764451051977987 * ((1.0 / 5.0 + 18.0 / 72.0) * variance).sqrt();
    let number = |v: &serde_json::Value| v.as_f64().unwrap();
    assert_eq!(over["parts"], 5);
    assert!(
        (number(&over["mean"]) - mean).abs() < 1e-12,
        "{over} {areas:?}"
    );
    // Not cut at the ends of the range, so that both halves are whole.
    assert!(
        mean - half > 0.0 && mean + half < 1.0 && half > 0.01,
        "{half}"
    );
    let ends = [mean - half, mean + half];
    for (end, by_hand) in ends.iter().enumerate() {
        let found = number(&over["ci95"][end]);
        assert!((found - by_hand).abs() < 1e-9, "{found} {by_hand}");
    }
}

/// All files that a run wrote, by name.
fn files(w: &Workspace, folder: &str) -> Vec<(String, Vec<u8>)> {
    let mut names: Vec<String> = std::fs::read_dir(w.path(folder))
        .unwrap()
        .map(|entry| entry.unwrap())
        .filter(|entry| entry.path().is_file())
        .map(|entry| entry.file_name().into_string().unwrap())
        .collect();
    names.sort();
    let read = |name: String| (name.clone(), w.read(&format!("{folder}/{name}")));
    names.into_iter().map(read).collect()
}

#[test]
fn a_study_validates_in_every_way_and_a_stopped_one_goes_on_to_the_same_bytes() {
    let w = study();
    let run = w.triher("run study.toml").done();
    for part in [
        "Every centre by a model of the others",
        "Learnt from 60 patients",
        "Permutation test: p = ",
        "External cohort C",
    ] {
        assert!(run.stdout().contains(part), "{part}: {}", run.stdout());
    }
    let json = w.json("out/validation.json");
    assert_eq!(json["leave_one_centre_out"]["figures"]["n"], 90);
    corrected_interval_is_that_of_the_folds(&w, &json["macro_auc_over_folds"]);
    assert_eq!(json["learning_curve"].as_array().unwrap().len(), 2);
    assert_eq!(json["permutation_test"]["permutations"], 5);
    let csv = String::from_utf8(w.read("out/predictions-out-of-fold.csv")).unwrap();
    assert_eq!(csv.lines().count(), 91);
    assert!(
        csv.starts_with("id,patient,centre,class,probability_zero"),
        "{csv}"
    );

    let page = String::from_utf8(w.read("out/report-study.html")).unwrap();
    for part in [
        "Flow of patients",
        "Each centre by a model of the others",
        "Learning curve",
        "External cohort C",
        "What moves the model",
        "CLAIM 2024",
        "TRIPOD+AI",
        "METRICS",
        "triher gives no score",
    ] {
        assert!(page.contains(part), "{part}");
    }
    let claim = String::from_utf8(w.read("out/checklist-claim-2024.csv")).unwrap();
    assert_eq!(claim.lines().count(), 45);
    let metrics = String::from_utf8(w.read("out/checklist-metrics.csv")).unwrap();
    assert_eq!(metrics.lines().count(), 36);
    for line in [
        "17,Feature processing,The network's answers hold under repetition or changed images,does not apply,Condition 5 does not hold.,0.0200",
        "27,Testing,Tests on patients of another institution,answered,",
        "14,Feature processing,Features that do not hold under repetition or changed outlines are removed,not done in this study,,0.0200",
    ] {
        assert!(metrics.contains(line), "{metrics}");
    }
    assert!(
        w.read("out/figures/roc-c.svg").starts_with(b"<svg")
            && w.path("out/figures/roc-c.csv").exists()
            && w.read("out/figures/roc-c.png").starts_with(b"\x89PNG")
    );
    patients_are_described(&w, &page);

    let first = files(&w, "out");
    // As after a crash: half of the rounds are lost, one is cut short.
    let mut rounds: Vec<_> = std::fs::read_dir(w.path("out/rounds"))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .collect();
    rounds.sort();
    assert!(rounds.len() > 30, "{}", rounds.len());
    std::fs::write(&rounds[0], "{").unwrap();
    rounds
        .iter()
        .step_by(2)
        .skip(1)
        .for_each(|r| std::fs::remove_file(r).unwrap());
    w.triher("run study.toml --threads 1").done();
    for (before, after) in first.iter().zip(files(&w, "out")) {
        assert!(*before == after, "{} differs", before.0);
    }
}

#[test]
fn an_external_cohort_is_not_looked_at_with_a_second_model_by_accident() {
    let w = study();
    w.triher("run study.toml").done();
    let looked = w.json("out/frozen.json");
    w.triher("run study.toml").done();
    assert_eq!(
        w.json("out/frozen.json"),
        looked,
        "the same model is the same look"
    );
    w.write("study.toml", STUDY.replace("c = 1.0", "c = 0.01"));
    let run = w.triher("run study.toml");
    assert_eq!(run.code(), 1, "{}", run.stderr());
    assert!(run.stderr().contains("--look-again"), "{}", run.stderr());
    w.triher("run study.toml --look-again").done();
    assert_eq!(
        w.json("out/frozen.json")["models"]
            .as_array()
            .unwrap()
            .len(),
        2
    );
    let notes = w.json("out/manifest.json")["notes"].to_string();
    assert!(notes.contains("2 models"), "{notes}");
}

#[test]
fn a_fixed_split_keeps_its_parts_apart() {
    let w = study();
    let mut split = String::from("patient_id,part\n");
    for row in 0..90 {
        let part = ["training", "training", "validation", "external"][row / 3 % 4];
        let _ = writeln!(split, "r{row},{part}");
    }
    w.write("split.csv", split.clone());
    let with_split = STUDY.replace("permutations = 5", "split = \"split.csv\"");
    w.write("study.toml", with_split);
    let run = w.triher("run study.toml").done();
    assert!(run.stdout().contains("Validation part"), "{}", run.stdout());
    assert_eq!(w.json("out/validation.json")["cross_validation"]["n"], 48);
    assert_eq!(w.json("out/validation.json")["validation_part"]["n"], 21);
    assert_eq!(w.json("out/evaluation-a-and-b-external-part.json")["n"], 21);
    let model = w.read("out/model.triher");
    // What is planted in the other parts moves nothing that is fitted.
    let leaked = |part: &str| {
        let rows = table(90, 1);
        let mut lines = rows.lines();
        let mut text = format!("{}\n", lines.next().unwrap());
        for (row, line) in lines.enumerate() {
            let here = ["training", "training", "validation", "external"][row / 3 % 4];
            let cells: Vec<&str> = line.split(',').collect();
            let signal = ["zero", "low", "positive"]
                .iter()
                .position(|c| *c == cells[2])
                .unwrap();
            match here == part {
                true => writeln!(
                    text,
                    "{},{},{},{},{},{},{signal}",
                    cells[0], cells[1], cells[2], cells[3], cells[4], cells[5]
                )
                .unwrap(),
                false => writeln!(text, "{line}").unwrap(),
            }
        }
        text
    };
    for (part, same) in [("external", true), ("training", false)] {
        w.write("train.csv", leaked(part));
        w.triher("run study.toml --look-again").done();
        let strip = |bytes: &[u8]| {
            // The table's hash is in the model, and must differ.
            let text = String::from_utf8_lossy(bytes).into_owned();
            let at = text.find("\"pipeline\"").unwrap();
            let end = text.find("\"extraction\"").unwrap();
            text[at..end].to_owned()
        };
        assert_eq!(
            strip(&w.read("out/model.triher")) == strip(&model),
            same,
            "{part}"
        );
    }
    // A patient without a part: the split is not fixed.
    w.write("split.csv", split.replace("r5,training\n", ""));
    w.triher("run study.toml --look-again")
        .fails_saying(&["split.csv", "r5", "no part"]);
}

#[test]
fn designs_that_cannot_be_carried_out_say_so_and_the_rest_goes_on() {
    let w = study();
    // One centre: the cross-validation stands, the centres are a note.
    w.write("train.csv", table(60, 1).replace(",B,", ",A,"));
    let line = "train --features train.csv --id case --label her2 --centre hospital --out m.triher --validation v.json --leave-one-centre-out";
    let run = w.triher(line).done();
    assert!(
        run.stderr().contains("no centre was left out"),
        "{}",
        run.stderr()
    );
    assert!(w.json("v.json")["leave_one_centre_out"].is_null());
    assert!(w.json("v.json")["cross_validation"]["n"] == 60);
    // A centre that alone has a class.
    let only_b = table(60, 1).replace(",A,positive", ",A,low");
    w.write("train.csv", only_b);
    let run = w.triher(line).done();
    assert!(
        run.stderr()
            .contains("no other centre has the class positive"),
        "{}",
        run.stderr()
    );
    // Shares that do not ascend.
    let run = w.triher(
        "train --features train.csv --id case --label her2 --out m.triher --learning-curve 1,0.5",
    );
    run.fails_saying(&["shares of the learning curve"]);
}
