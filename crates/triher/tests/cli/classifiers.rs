//! `triher train` with other classifiers, and what follows them.

use crate::tables::table;
use crate::workspace::Workspace;

const TABLE: &str =
    "--features train.csv --id case --label her2 --centre hospital --bootstrap 50 --folds 3";

fn workspace() -> Workspace {
    let w = Workspace::new();
    w.write("train.csv", table(90, 1));
    w.write("test.csv", table(60, 2));
    w
}

#[test]
fn a_tuned_and_calibrated_model_with_sets_shows_them_everywhere() {
    let w = workspace();
    let run = w
        .triher(&format!(
            "train {TABLE} --method ordinal --calibrate temperature --conformal 0.8 --out-of-distribution --tune 12 --out m.triher"
        ))
        .done();
    let said = run.stderr();
    assert!(said.contains("prediction sets, class zero"), "{said}");
    assert!(said.contains("prediction sets, centre B"), "{said}");
    assert!(said.contains("tuning took"), "{said}");
    let shown = w.triher("model m.triher").done().stdout();
    for part in [
        "proportional odds",
        "temperature scaling",
        "cross-conformal sets",
        "distances",
    ] {
        assert!(shown.contains(part), "{shown}");
    }
    w.triher("evaluate m.triher --features test.csv --id case --label her2 --centre hospital --json e.json --predictions p.csv").done();
    let json = w.json("e.json");
    assert_eq!(json["prediction_sets"]["all"]["rows"], 60);
    assert_eq!(json["prediction_sets"]["centres"][1]["name"], "B");
    let predictions = String::from_utf8(w.read("p.csv")).unwrap();
    let header = predictions.lines().next().unwrap();
    assert!(
        header.ends_with(
            "prediction_set,out_of_distribution,mahalanobis_distance,neighbour_distance"
        ),
        "{header}"
    );
    assert_eq!(predictions.lines().count(), 61);
}

#[test]
fn classifiers_are_compared_and_one_that_fails_does_not_lose_the_others() {
    let w = workspace();
    let run = w
        .triher(&format!(
            "train {TABLE} --compare random_forest,two_stage --out m.triher"
        ))
        .done();
    for name in [
        "random_forest on the same folds",
        "two_stage on the same folds",
    ] {
        assert!(run.stdout().contains(name), "{}", run.stdout());
    }
    let compared = w.json("m.triher.comparison.json");
    assert!(compared[0]["figures"]["auc"]["macro"]["value"].is_number());
    // Two stages need three classes: with two that one is left out, and says so.
    let two: String = table(90, 1)
        .lines()
        .filter(|l| !l.contains(",low,"))
        .map(|l| format!("{l}\n"))
        .collect();
    w.write("train.csv", two);
    let run = w
        .triher(&format!(
            "train {TABLE} --compare two_stage,nearest_neighbours --out m.triher"
        ))
        .done();
    assert!(
        run.stderr().contains("two_stage is left out"),
        "{}",
        run.stderr()
    );
    assert!(
        run.stdout()
            .contains("nearest_neighbours on the same folds")
    );
}

#[test]
fn a_classifier_file_fuses_blocks() {
    let w = workspace();
    let file = r#"
method = "ensemble"
combination = { gate = { c = 1.0 } }
[[members]]
name = "first"
columns = ["a", "b"]
classifier = { method = "logistic", c = 1.0 }
[[members]]
name = "second"
columns = ["c", "noi*"]
classifier = { method = "random_forest", trees = 20 }
"#;
    w.write("fusion.toml", file);
    w.triher(&format!(
        "train {TABLE} --classifier fusion.toml --out m.triher"
    ))
    .done();
    let shown = w.triher("model m.triher").done().stdout();
    assert!(shown.contains("2 classifiers gated (first: "), "{shown}");
    w.write("fusion.toml", file.replace("\"a\", \"b\"", "\"emb_*\""));
    w.triher(&format!(
        "train {TABLE} --classifier fusion.toml --out n.triher"
    ))
    .fails_saying(&["the block \"first\" has no column"]);
}
