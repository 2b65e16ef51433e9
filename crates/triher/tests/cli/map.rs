//! `triher map`, and the study report that `triher run` writes.

use crate::tables::table;
use crate::workspace::Workspace;

const COLUMNS: &str = "--id case --label her2 --centre hospital";

#[test]
fn a_cohort_is_mapped_with_its_quality_and_the_same_bytes_each_time() {
    let w = Workspace::new();
    w.write("all.csv", table(60, 3));
    let line =
        format!("map --features all.csv {COLUMNS} --perplexity 10 --neighbours 8 --out maps");
    let run = w.triher(&line).done();
    assert!(
        run.stdout()
            .contains("UMAP (8 neighbours): trustworthiness"),
        "{}",
        run.stdout()
    );
    assert!(run.stdout().contains("after ComBat"), "{}", run.stdout());
    let json = w.json("maps/map.json");
    for map in json["maps"].as_array().unwrap() {
        assert!(map["trustworthiness"].as_f64().unwrap() > 0.7, "{map}");
    }
    assert_eq!(json["batch"].as_array().unwrap().len(), 2);
    let csv = String::from_utf8(w.read("maps/map.csv")).unwrap();
    assert_eq!(csv.lines().count(), 61);
    let first = (
        w.read("maps/map.csv"),
        w.read("maps/map.html"),
        w.read("maps/map-centre.svg"),
    );
    w.triher(&format!("{line} --threads 1")).done();
    assert_eq!(
        first,
        (
            w.read("maps/map.csv"),
            w.read("maps/map.html"),
            w.read("maps/map-centre.svg")
        )
    );
}

#[test]
fn a_centre_that_is_shifted_is_told_until_combat_takes_the_shift_out() {
    let w = Workspace::new();
    // Hospital B measures everything higher by 4.
    let shifted: Vec<String> = (table(90, 3).lines())
        .map(
            |line| match line.split(',').collect::<Vec<_>>().as_slice() {
                [id, "B", class, values @ ..] => {
                    let moved = values
                        .iter()
                        .map(|v| (v.parse::<f64>().unwrap() + 4.0).to_string());
                    format!("{id},B,{class},{}", moved.collect::<Vec<_>>().join(","))
                }
                _ => line.to_owned(),
            },
        )
        .collect();
    w.write("all.csv", shifted.join("\n"));
    w.triher(&format!("map --features all.csv {COLUMNS} --out maps"))
        .done();
    let json = w.json("maps/map.json");
    let accuracy = |state: usize| json["batch"][state]["accuracy"].as_f64().unwrap();
    assert!(
        accuracy(0) > 0.95 && accuracy(1) < 0.7,
        "{} {}",
        accuracy(0),
        accuracy(1)
    );
}

#[test]
fn too_few_rows_and_features_that_are_not_there_are_sentences() {
    let w = Workspace::new();
    w.write("all.csv", table(3, 3));
    w.triher(&format!("map --features all.csv {COLUMNS} --out maps"))
        .fails_saying(&["3 rows are too few"]);
    w.triher(&format!(
        "map --features all.csv {COLUMNS} --features-from emb_ --out maps"
    ))
    .fails_saying(&["begins with \"emb_\""]);
}
