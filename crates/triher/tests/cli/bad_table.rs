//! Tables that studies meet: each is borne by a stated rule or refused in a sentence. The rules are those of `docs/validation.md`.

use crate::tables::table;
use crate::workspace::{Run, Workspace};
use std::fmt::Write as _;

const TRAIN: &str = "train --features train.csv --id case --label her2 --centre hospital --out m.triher --json cv.json";

/// Changes every line of a table but its header: line number from 0, cells.
fn changed(text: &str, change: impl Fn(usize, &mut Vec<String>)) -> String {
    let lines = text.lines().enumerate().map(|(at, line)| {
        let mut cells: Vec<String> = line.split(',').map(str::to_owned).collect();
        if at > 0 {
            change(at - 1, &mut cells);
        }
        cells.join(",") + "\n"
    });
    lines.collect()
}

/// A table with further columns, whose names and cells are given.
fn with_columns(text: &str, names: &str, cells: impl Fn(usize, &[&str]) -> String) -> String {
    let mut wider = String::new();
    for (at, line) in text.lines().enumerate() {
        let own: Vec<&str> = line.split(',').collect();
        let more = match at {
            0 => names.to_owned(),
            row => cells(row - 1, &own),
        };
        let _ = writeln!(wider, "{line},{more}");
    }
    wider
}

fn macro_auc(w: &Workspace) -> f64 {
    w.json("cv.json")["auc"]["macro"]["value"].as_f64().unwrap()
}

fn notes(run: &Run, words: &[&str]) {
    for word in words {
        assert!(run.stderr().contains(word), "{word}: {}", run.stderr());
    }
}

#[test]
fn a_class_with_fewer_patients_than_folds_gets_fewer_folds() {
    let w = Workspace::new();
    let mut text = table(60, 1);
    for row in 0..3 {
        let _ = writeln!(text, "few{row},A,rare,{row},1,2,3");
    }
    w.write("train.csv", text);
    let run = w.triher(TRAIN).done();
    let note = "3 folds instead of 5: the class rare has 3 patients";
    notes(
        &run,
        &[note, "3 patients of the class rare cannot carry a claim"],
    );
    // Each of the three folds holds one of them.
    assert_eq!(w.json("cv.json")["counts"]["rare"], 3);
}

#[test]
fn a_centre_with_one_class_is_harmonised_and_cannot_take_the_class_from_the_others() {
    let w = Workspace::new();
    let all_zeros = changed(&table(90, 1), |_, cells| {
        if cells[2] == "zero" {
            "Z".clone_into(&mut cells[1]);
        }
    });
    w.write("train.csv", all_zeros);
    w.write("prepare.toml", "[[steps]]\nstep = 'combat'\n");
    let run = w.triher(&format!("{TRAIN} --prepare prepare.toml")).done();
    notes(&run, &["the centre Z are of one class"]);
    let run = w
        .triher(&format!(
            "{TRAIN} --leave-one-centre-out --validation v.json"
        ))
        .done();
    notes(&run, &["no other centre has the class zero"]);
    // The centres that can be left out are: they have two classes each.
    assert_eq!(w.json("v.json")["leave_one_centre_out"]["figures"]["n"], 60);
}

#[test]
fn constant_and_repeated_columns_change_nothing_and_can_be_taken_out() {
    let w = Workspace::new();
    let wide = with_columns(&table(90, 1), "flat,again", |_, cells| {
        format!("7,{}", cells[3])
    });
    w.write("train.csv", wide);
    for method in [
        "logistic",
        "ordinal",
        "random_forest",
        "support_vector_rbf",
        "boosting",
    ] {
        w.triher(&format!("{TRAIN} --method {method}")).done();
        assert!(macro_auc(&w) > 0.6, "{method}: {}", macro_auc(&w));
    }
    w.write(
        "prepare.toml",
        "[[steps]]\nstep = 'variance'\n[[steps]]\nstep = 'duplicates'\n",
    );
    w.triher(&format!("{TRAIN} --prepare prepare.toml")).done();
    let without = macro_auc(&w);
    w.write("train.csv", table(90, 1));
    w.triher(TRAIN).done();
    assert_eq!(macro_auc(&w), without);
    // Nothing but constants: no column is left to learn from.
    let flat = changed(&table(90, 1), |_, cells| {
        cells[3..].iter_mut().for_each(|c| "1".clone_into(c));
    });
    w.write("train.csv", flat);
    w.triher(&format!("{TRAIN} --prepare prepare.toml"))
        .fails_saying(&["variance"]);
}

#[test]
fn more_features_than_patients_are_borne() {
    let w = Workspace::new();
    let names: Vec<String> = (0..200).map(|k| format!("x{k}")).collect();
    let wide = with_columns(&table(45, 1), &names.join(","), |row, _| {
        let cells = (0..200).map(|k| ((row * 37 + k * 101 + row * k) % 97).to_string());
        cells.collect::<Vec<_>>().join(",")
    });
    w.write("train.csv", wide);
    for method in [
        "logistic",
        "elastic_net",
        "ordinal",
        "support_vector",
        "random_forest",
    ] {
        w.triher(&format!("{TRAIN} --method {method}")).done();
        assert!((0.0..=1.0).contains(&macro_auc(&w)), "{method}");
    }
}

#[test]
fn perfectly_separable_classes_give_finite_models_and_a_note() {
    let w = Workspace::new();
    let separable = changed(&table(60, 1), |row, cells| {
        cells[3] = (10 * (row % 3) + row / 30).to_string();
    });
    w.write("train.csv", separable);
    for method in ["logistic", "ordinal", "support_vector", "perceptron"] {
        w.triher(&format!("{TRAIN} --method {method} --c 1000000"))
            .done();
        // A proportional odds model has one direction, which is that of the classes here.
        assert!(macro_auc(&w) > 0.99, "{method}: {}", macro_auc(&w));
        if method == "logistic" {
            let told = w.json("cv.json")["notes"].to_string();
            assert!(told.contains("is separated without error"), "{told}");
        }
        let model = String::from_utf8(w.read("m.triher")).unwrap();
        assert!(
            !model.contains("null,null") && !model.contains("inf"),
            "{method}"
        );
    }
}

#[test]
fn a_patient_named_twice_is_refused_unless_the_rows_are_lesions() {
    let w = Workspace::new();
    let twice = changed(&table(60, 1), |row, cells| {
        if row == 9 {
            "r6".clone_into(&mut cells[0]);
        }
    });
    w.write("train.csv", twice);
    w.triher(TRAIN).fails_saying(&["train.csv", "r6"]);
    let lesions = with_columns(&table(60, 1), "patient", |row, _| {
        format!("p{}", row % 3 + row / 6 * 3)
    });
    w.write("train.csv", lesions);
    let run = w
        .triher(&format!(
            "{TRAIN} --group patient --out-of-fold oof.csv --folds 3"
        ))
        .done();
    assert!(run.stdout().contains("macro AUC"));
    // Both lesions of a patient are in one fold.
    let csv = String::from_utf8(w.read("oof.csv")).unwrap();
    let mut folds = std::collections::BTreeMap::new();
    for line in csv.lines().skip(1) {
        let cells: Vec<&str> = line.split(',').collect();
        let fold = cells.last().unwrap().to_string();
        let known = folds.entry(cells[1].to_owned()).or_insert(fold.clone());
        assert_eq!(*known, fold, "{line}");
    }
    assert_eq!(folds.len(), 30);
}

#[test]
fn rows_without_a_label_are_left_out_and_numbers_that_are_none_are_refused() {
    let w = Workspace::new();
    let unknown = changed(&table(60, 1), |row, cells| match row {
        0..4 => cells[2].clear(),
        4..6 => "indeterminate".clone_into(&mut cells[2]),
        _ => (),
    });
    w.write("train.csv", unknown);
    let run = w.triher(TRAIN).done();
    notes(&run, &["of 60 rows are left out"]);
    assert_eq!(w.json("cv.json")["n"], 54);
    let infinite = changed(&table(60, 1), |row, cells| {
        if row == 5 {
            "inf".clone_into(&mut cells[4]);
        }
    });
    w.write("train.csv", infinite);
    w.triher(TRAIN)
        .fails_saying(&["train.csv", "\"b\"", "infinite"]);
    let none = changed(&table(60, 1), |_, cells| cells[2].clear());
    w.write("train.csv", none);
    w.triher(TRAIN).fails_saying(&["train.csv"]);
}

#[test]
fn one_failing_classifier_in_a_study_does_not_lose_the_others() {
    let w = Workspace::new();
    let two: String = (table(90, 1).lines())
        .filter(|line| !line.contains(",low,"))
        .map(|line| format!("{line}\n"))
        .collect();
    w.write("train.csv", two);
    w.write(
        "study.toml",
        "name = 'Two classes'\noutput = 'out'\n[[cohorts]]\nname = 'A'\nrole = 'training'\nfeatures = 'train.csv'\n\
         columns = { id = 'case', label = 'her2', centre = 'hospital' }\n[model]\ncompare = ['two_stage', 'nearest_neighbours']\n\
         [validation]\nbootstrap = 50\n",
    );
    let run = w.triher("run study.toml").done();
    notes(&run, &["two_stage is left out"]);
    let page = String::from_utf8(w.read("out/report-study.html")).unwrap();
    let row = |name: &str| {
        let at = page
            .find(&format!("<th scope=\"row\">{name}</th>"))
            .unwrap();
        page[at..].split("</tr>").next().unwrap().to_owned()
    };
    assert!(
        row("two_stage").contains("failed: "),
        "{}",
        row("two_stage")
    );
    assert!(
        row("nearest_neighbours").contains("0."),
        "{}",
        row("nearest_neighbours")
    );
}
