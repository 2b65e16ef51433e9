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
    for name in ["map-class", "map-centre", "batch-effect"] {
        assert!(
            w.read(&format!("maps/{name}.png")).starts_with(b"\x89PNG"),
            "{name}"
        );
        assert!(
            w.read(&format!("maps/{name}.svg")).starts_with(b"<svg"),
            "{name}"
        );
    }
    // A line for each row and map, with the places of the table.
    let numbers = String::from_utf8(w.read("maps/map-centre.csv")).unwrap();
    assert_eq!(numbers.lines().count(), 1 + 3 * 60);
    let first: Vec<&str> = csv.lines().nth(1).unwrap().split(',').collect();
    assert!(numbers.contains(&format!("{},UMAP,A,{},{}", first[0], first[6], first[7])));
    let effect = String::from_utf8(w.read("maps/batch-effect.csv")).unwrap();
    assert_eq!(effect.lines().count(), 1 + 2 * (3 + 60));
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
fn maps_are_coloured_by_whatever_is_known() {
    let w = Workspace::new();
    w.write("all.csv", table(60, 3));
    w.triher(&format!(
        "train --features all.csv {COLUMNS} --out m.triher"
    ))
    .done();
    let mut clinical = "case,vendor,field_strength\n".to_owned();
    for row in 0..60 {
        let vendor = ["Siemens", "GE", "Philips"][row / 7 % 3];
        let field = ["1.5", "3"][row / 11 % 2];
        clinical += &format!("r{row},{vendor},{field}\n");
    }
    w.write("clinical.csv", clinical);
    w.triher(&format!(
        "map --features all.csv {COLUMNS} --perplexity 10 --model m.triher --clinical clinical.csv --subgroup vendor --subgroup field_strength --out maps"
    ))
    .done();
    let groups = |by: &str| -> Vec<String> {
        let text = String::from_utf8(w.read(&format!("maps/map-{by}.csv"))).unwrap();
        let lines = text.lines().skip(1).take(60);
        lines
            .map(|l| l.split(',').nth(2).unwrap().to_owned())
            .collect()
    };
    assert_eq!(groups("vendor")[7], "GE");
    assert_eq!(groups("field-strength")[11], "3");
    assert_eq!(groups("class")[2], "positive");
    // Right is where call and class are the same.
    let (called, class) = (groups("call-of-the-model"), groups("class"));
    for (row, right) in groups("correctness-of-the-model-s-call").iter().enumerate() {
        assert_eq!(right == "right", called[row] == class[row], "{row}");
    }
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
