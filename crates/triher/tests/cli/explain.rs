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
