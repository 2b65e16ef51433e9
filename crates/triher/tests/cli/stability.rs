//! `triher train --stability`: features that hold, and whose images told so.

use crate::workspace::Workspace;
use std::fmt::Write as _;

fn cohort(w: &Workspace) {
    let mut table = "patient_id,images,mask,centre,class,times_s\n".to_owned();
    for number in 0..12 {
        let class = ["zero", "low", "positive"][number % 3];
        let centre = if number < 3 { "A" } else { "B" };
        let brightness = 40.0 + 30.0 * (number % 3) as f32 + 5.0 * (number as f32).sin();
        w.nifti_patient(&format!("images/p{number}"), brightness);
        let _ = writeln!(
            table,
            "p{number},images/p{number},images/p{number}/P_mask.nii.gz,{centre},{class},0;60;120;180;240;300"
        );
    }
    w.write("patients.csv", table);
    w.write(
        "cohort.toml",
        "name = 'twelve'\npatients = 'patients.csv'\noutput = 'features.parquet'\nfeatures = ['kinetics']\n",
    );
}

/// The columns of the model are those whose number in the table reaches the limit, told by reading the table here again.
fn holding(w: &Workspace, column: usize, least: f64) -> Vec<String> {
    let table = String::from_utf8(w.read("s.csv")).unwrap();
    let rows = table
        .lines()
        .skip(1)
        .map(|l| l.split(',').collect::<Vec<_>>());
    let held = rows.filter(|row| row[column].parse::<f64>().is_ok_and(|icc| icc >= least));
    held.map(|row| row[0].to_owned()).collect()
}

#[test]
fn features_that_hold_are_trained_on_and_their_patients_are_never_tested_on() {
    let w = Workspace::new();
    cohort(&w);
    w.triher("extract cohort.toml").done();
    w.triher("robustness cohort.toml --training-centre A --repeats 4 --out s.csv")
        .done();
    let train = "train --features features.parquet --label label --out m.triher --json cv.json --bootstrap 100";
    let features = |w: &Workspace| {
        let model = w.triher("model m.triher --json").done().stdout();
        let model: serde_json::Value = serde_json::from_str(&model).unwrap();
        serde_json::from_value::<Vec<String>>(model["feature_names"].clone()).unwrap()
    };
    w.triher(train).done();
    let all = features(&w);
    assert_eq!(w.json("cv.json")["n"], 12);
    for (options, column, least) in [
        ("--stability s.csv", 2, 0.75),
        ("--stability s.csv --icc estimate", 1, 0.75),
        ("--stability s.csv --minimum-icc 0.2", 2, 0.2),
    ] {
        let told = w.triher(&format!("{train} {options}")).done().stderr();
        let expected = holding(&w, column, least);
        assert!(
            !expected.is_empty() && expected.len() < all.len(),
            "{expected:?}"
        );
        assert_eq!(features(&w), expected, "{options}");
        assert!(
            told.contains(&format!(
                "{} of {} features are used",
                expected.len(),
                all.len()
            )),
            "{told}"
        );
        assert!(
            told.contains("3 patients are in the training rows of every fold"),
            "{told}"
        );
        assert_eq!(w.json("cv.json")["n"], 9);
    }
    let manifest = w.json("m.triher.manifest.json").to_string();
    assert!(
        manifest.contains("s.csv") && manifest.contains("minimum_icc"),
        "{manifest}"
    );
    w.triher("evaluate m.triher --features features.parquet --label label")
        .fails_saying(&[
            "choice of features by their stability",
            "3 of these patients",
            "p0",
        ]);

    // The same from a study file.
    w.write(
        "study.toml",
        "name = 'Twelve'\noutput = 'out'\n\n[[cohorts]]\nname = 'twelve'\nrole = 'training'\nextract = 'cohort.toml'\n\n\
         [selection]\nstability = 's.csv'\nminimum_icc = 0.2\n\n[validation]\nbootstrap = 100\n",
    );
    let chosen = features(&w);
    w.triher("train study.toml --out m.triher").done();
    assert_eq!(features(&w), chosen);
}

#[test]
fn a_table_that_cannot_be_relied_on_is_refused() {
    let w = Workspace::new();
    cohort(&w);
    w.triher("extract cohort.toml").done();
    w.triher("robustness cohort.toml --training-centre A --repeats 2 --out s.csv")
        .done();
    let train = "train --features features.parquet --label label --out m.triher --stability s.csv";
    w.triher(&format!("{train} --minimum-icc 7"))
        .fails_saying(&["from -1 to 1"]);
    let table = w.read("s.csv");
    let mut other = table.clone();
    other.extend(b"more,1,1,1,3,2\n");
    w.write("s.csv", other);
    w.triher(train)
        .fails_saying(&["s.csv", "not the table that its manifest is of"]);
    w.write("s.csv", &table);
    let manifest = w.read("s.csv.manifest.json");
    std::fs::remove_file(w.path("s.csv.manifest.json")).unwrap();
    w.triher(train)
        .fails_saying(&["s.csv.manifest.json", "keep the two together"]);
    // A table in which nothing holds, with the manifest that would be its own.
    let none: String = (String::from_utf8(table.clone()).unwrap().lines())
        .map(|line| match line.split_once(',') {
            Some(("feature", _)) => format!("{line}\n"),
            _ => format!("{},0.3,0.1,0.5,3,2\n", line.split(',').next().unwrap()),
        })
        .collect();
    let [was, is] = [table.as_slice(), none.as_bytes()].map(triher_study::sha256_hex);
    let its = String::from_utf8(manifest.clone())
        .unwrap()
        .replace(&was, &is);
    w.write("s.csv", &none);
    w.write("s.csv.manifest.json", its);
    w.triher(train)
        .fails_saying(&["none of the", "lower minimum_icc"]);
    w.write("s.csv", &table);
    w.write("s.csv.manifest.json", &manifest);
    w.write(
        "cohort.toml",
        "name = 'twelve'\npatients = 'patients.csv'\noutput = 'features.parquet'\nfeatures = ['kinetics', 'first-order']\n",
    );
    w.triher("extract cohort.toml").done();
    w.triher(train)
        .fails_saying(&["another recipe", "same [features]"]);
}
