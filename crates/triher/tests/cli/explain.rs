//! `triher explain`: what it writes, that it adds up, and what it says when there is nothing to explain.

use crate::tables::table;
use crate::workspace::Workspace;
use std::collections::BTreeMap;

const COLUMNS: &str = "--id case --label her2 --centre hospital";

fn trained(method: &str) -> Workspace {
    let w = Workspace::new();
    w.write("train.csv", table(90, 1));
    w.write("test.csv", table(30, 2).replace("\nr", "\nt"));
    w.triher(&format!(
        "train --features train.csv {COLUMNS} --method {method} --out m.triher"
    ))
    .done();
    w
}

#[test]
fn contributions_add_up_to_the_scores_for_every_kind_of_model() {
    for (method, how) in [
        ("logistic", "linear"),
        ("boosting", "trees"),
        ("nearest_neighbours", "enumeration"),
    ] {
        let w = trained(method);
        let line = format!(
            "explain m.triher --features test.csv {COLUMNS} --background-features train.csv --patient t4 --out why"
        );
        let run = w.triher(&line).done();
        assert!(
            run.stdout().contains("Mean size of the contributions"),
            "{}",
            run.stdout()
        );
        let summary = w.json("why/summary.json");
        assert_eq!(summary["method"], how);
        // Which class is called follows from base and contributions alone, for log-odds.
        let mut sums: BTreeMap<(String, String), f64> = BTreeMap::new();
        let text = String::from_utf8(w.read("why/shap.csv")).unwrap();
        for line in text.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            *sums.entry((cells[0].into(), cells[1].into())).or_default() +=
                cells[3].parse::<f64>().unwrap();
        }
        for base in summary["base"].as_array().unwrap() {
            let class = base[0].as_str().unwrap();
            for row in 0..30 {
                *sums.entry((format!("t{row}"), class.into())).or_default() +=
                    base[1].as_f64().unwrap();
            }
        }
        w.triher(&format!(
            "evaluate m.triher --features test.csv {COLUMNS} --bootstrap 0 --predictions p.csv"
        ))
        .done();
        let predictions = String::from_utf8(w.read("p.csv")).unwrap();
        for line in predictions.lines().skip(1) {
            let cells: Vec<&str> = line.split(',').collect();
            let score = |class: &str| sums[&(cells[0].to_owned(), class.to_owned())];
            let called = ["zero", "low", "positive"]
                .into_iter()
                .max_by(|a, b| score(a).total_cmp(&score(b)));
            assert_eq!(called, Some(cells[2]), "{method}: {line}");
        }
        let page = String::from_utf8(w.read("why/explanation.html")).unwrap();
        assert!(page.contains("Patient t4") && page.contains("nearest to this patient"));
        let first = (w.read("why/shap.csv"), w.read("why/explanation.html"));
        w.triher(&format!("{line} --threads 1")).done();
        assert_eq!(
            first,
            (w.read("why/shap.csv"), w.read("why/explanation.html"))
        );
    }
}

#[test]
fn one_class_called_everywhere_and_unknown_patients_are_told() {
    let w = trained("logistic");
    // So strong a penalty that only the intercept is left, and most patients of one class: it calls that one.
    w.write("train.csv", table(90, 1).replace(",A,zero", ",A,low"));
    w.triher(&format!(
        "train --features train.csv {COLUMNS} --c 1e-9 --out m.triher"
    ))
    .done();
    let run = w
        .triher(&format!(
            "explain m.triher --features test.csv {COLUMNS} --out why"
        ))
        .done();
    assert!(run.stderr().contains("calls every row"), "{}", run.stderr());
    let run = w.triher(&format!(
        "explain m.triher --features test.csv {COLUMNS} --patient nobody --out why"
    ));
    run.fails_saying(&["nobody"]);
}

#[test]
fn figures_come_with_their_numbers_and_the_folds_agree_or_not() {
    let w = trained("logistic");
    let line = format!(
        "explain m.triher --features test.csv {COLUMNS} --background-features train.csv --patient t4 --folds 4 --out why"
    );
    let run = w.triher(&line).done();
    assert!(run.stdout().contains("Over 4 folds"), "{}", run.stdout());
    let names = ["bars", "zero", "decision-low", "folds", "patient-t4"];
    for name in names {
        let file = |end: &str| w.read(&format!("why/shap-{name}.{end}"));
        assert!(file("svg").starts_with(b"<svg"), "{name}");
        assert!(file("png").starts_with(b"\x89PNG"), "{name}");
        assert!(
            file("csv").iter().filter(|b| **b == b'\n').count() > 1,
            "{name}"
        );
    }
    // A decision plot's lines begin at the base and end at the scores, which are base and contributions together.
    let summary = w.json("why/summary.json");
    let rows = |name: &str| -> Vec<Vec<String>> {
        let text = String::from_utf8(w.read(name)).unwrap();
        let lines = text.lines().skip(1);
        lines
            .map(|l| l.split(',').map(str::to_owned).collect())
            .collect()
    };
    let base = summary["base"][1][1].as_f64().unwrap();
    let contributions = rows("why/shap.csv");
    let steps = rows("why/shap-decision-low.csv");
    let last = steps
        .iter()
        .map(|s| s[2].parse::<usize>().unwrap())
        .max()
        .unwrap();
    assert_eq!(last, 5, "four features and what is not shown");
    for row in 0..30 {
        let id = format!("t{row}");
        let at = |step: usize| -> f64 {
            let found = steps
                .iter()
                .find(|s| s[0] == id && s[2] == step.to_string());
            found.unwrap()[4].parse().unwrap()
        };
        let sum: f64 = (contributions.iter())
            .filter(|c| c[0] == id && c[1] == "low")
            .map(|c| c[3].parse::<f64>().unwrap())
            .sum();
        assert!(
            (at(0) - base).abs() < 1e-12 && (at(last) - base - sum).abs() < 1e-9,
            "{id}"
        );
        assert!(
            (at(1) - base).abs() < 1e-9,
            "{id}: nothing is left out of four features"
        );
    }
    // The features that make the classes lead in every fold; the noise is last.
    let stability = rows("why/stability.csv");
    assert_eq!(stability.len(), 4);
    assert!(stability.iter().all(|s| s.len() == 7 && s[2] == "4"));
    assert_eq!(stability[0][0], "a");
    let stable = &summary["stability"];
    assert_eq!(stable["folds"], 4);
    assert!(
        stable["rank_correlation"].as_f64().unwrap() > 0.5,
        "{stable}"
    );
    let again = w.read("why/stability.csv");
    w.triher(&format!("{line} --threads 1")).done();
    assert_eq!(w.read("why/stability.csv"), again);
    w.triher(&line.replace("--folds 4", "--folds 60"))
        .fails_saying(&["60"]);
}
