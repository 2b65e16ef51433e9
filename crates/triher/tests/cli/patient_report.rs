//! `triher predict --html --pdf --language --attribution` on a simulated patient.

use crate::workspace::Workspace;

/// A model of simulated patients, and the words of a prediction of one of them.
pub(crate) fn model(w: &Workspace) -> Vec<String> {
    w.triher("simulate --out s --patients 6 --seed 5 --format nifti")
        .done();
    w.triher("label s/clinical.csv --columns s/columns.toml --out s/labels.csv")
        .done();
    let study = "name = 'p'\noutput = 'out'\n\
        [[cohorts]]\nname = 'a'\nrole = 'training'\nextract = 's/alpha.toml'\n\
        [[cohorts]]\nname = 'b'\nrole = 'training'\nextract = 's/beta.toml'\n\
        [[cohorts]]\nname = 'c'\nrole = 'training'\nextract = 's/gamma.toml'\n";
    w.write("study.toml", study);
    w.triher("train study.toml").done();
    let patients = String::from_utf8(w.read("s/patients-gamma.csv")).unwrap();
    let row: Vec<&str> = patients.lines().nth(1).unwrap().split(',').collect();
    let of = |name: &str| w.path("s").join(name).to_str().unwrap().to_owned();
    let words = [
        "predict",
        "out/model.triher",
        &of(row[1]),
        "--mask",
        &of(row[2]),
    ];
    words.map(str::to_owned).to_vec()
}

fn run(w: &Workspace, words: &[String], more: &[&str]) -> crate::workspace::Run {
    let mut all: Vec<&str> = words.iter().map(String::as_str).collect();
    all.extend(more);
    w.triher_words(&all)
}

#[test]
fn reports_are_written_in_both_languages_and_are_the_same_each_time() {
    let w = Workspace::new();
    let words = model(&w);
    let mask = words[4].clone();
    for language in ["en", "zh"] {
        let html = format!("{language}.html");
        let pdf = format!("{language}.pdf");
        let more = ["--html", &html, "--pdf", &pdf, "--language", language];
        let more = [&more[..], &["--attribution", &mask]].concat();
        run(&w, &words, &more).done();
        let first = w.read(&pdf);
        assert!(first.starts_with(b"%PDF-1."));
        run(&w, &words, &more).done();
        assert_eq!(w.read(&pdf), first, "the same inputs give the same bytes");
    }
    let english = String::from_utf8(w.read("en.html")).unwrap();
    for text in [
        "Research use only",
        "A map that was given",
        "known to whoever made it, not to triher",
        "% of them; speaks for HER2-",
        "AUC, cross-validated",
        "This model makes no prediction sets",
    ] {
        assert!(english.contains(text), "{text}");
    }
    let chinese = String::from_utf8(w.read("zh.html")).unwrap();
    for text in ["仅供科研使用", "所给的图", "高于其中", "交叉验证 AUC"] {
        assert!(chinese.contains(text), "{text}");
    }
    // A sentence that the catalogue lacks would stand in brackets.
    for key in ["[result", "[model", "[curve", "[feature", "[plane"] {
        assert!(!chinese.contains(key) && !english.contains(key), "{key}");
    }
}

#[test]
fn a_language_that_is_not_there_is_named() {
    let w = Workspace::new();
    let run = w.triher("predict m.triher x --mask y --html z.html --language fr");
    assert_eq!(run.code(), 2);
    for text in ["fr", "en", "zh"] {
        assert!(run.stderr().contains(text), "{}", run.stderr());
    }
}

#[test]
fn similar_cases_come_from_the_training_tables() {
    let w = Workspace::new();
    let words = model(&w);
    let tables: Vec<String> = std::fs::read_dir(w.path("out"))
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "parquet"))
        .map(|p| p.to_str().unwrap().to_owned())
        .collect();
    assert!(!tables.is_empty());
    let mut more = vec!["--json", "p.json", "--html", "p.html"];
    for table in &tables {
        more.extend(["--training-features", table]);
    }
    run(&w, &words, &more).done();
    let json = w.json("p.json");
    let cases = json["similar_cases"].as_array().unwrap();
    let distances: Vec<f64> = (cases.iter())
        .map(|c| c["distance"].as_f64().unwrap())
        .collect();
    assert!(!cases.is_empty() && distances.is_sorted() && distances[0] > 0.0);
    // The patient is among the training rows here, and no case of their own.
    assert!(cases.iter().all(|c| c["id"] != json["patient_id"]));
    let page = String::from_utf8(w.read("p.html")).unwrap();
    let nearest = cases[0]["id"].as_str().unwrap();
    for text in [
        "The training patients most like this one",
        "this patient",
        nearest,
    ] {
        assert!(page.contains(text), "{text}");
    }
    assert!(!page.contains("not among the files that the model was trained on"));
    // The same cases and distances as those that `triher explain` tells of the row in the table.
    let own = w.path("out/features-c.parquet");
    let own = own.to_str().unwrap();
    // With the phases' times, as the table's rows have them.
    let patients = String::from_utf8(w.read("s/patients-gamma.csv")).unwrap();
    let times = patients.lines().nth(1).unwrap().rsplit(',').next().unwrap();
    let times = times.replace(';', ",");
    let more = [
        "--json",
        "q.json",
        "--training-features",
        own,
        "--times",
        &times,
    ];
    run(&w, &words, &more).done();
    let id = json["patient_id"].as_str().unwrap();
    w.triher(&format!(
        "explain out/model.triher --features out/features-c.parquet --patient {id} --out why"
    ))
    .done();
    let why = String::from_utf8(w.read("why/explanation.html")).unwrap();
    let similar = w.json("q.json")["similar_cases"].clone();
    let rows: Vec<String> = (similar.as_array().unwrap().iter())
        .map(|case| {
            format!(
                "<tr><th scope=\"row\">{}</th><td>{}</td><td>{:.2}</td></tr>",
                case["id"].as_str().unwrap(),
                case["class"].as_str().unwrap(),
                case["distance"].as_f64().unwrap()
            )
        })
        .collect();
    assert_eq!(rows.len(), 5);
    assert!(why.contains(&rows.concat()), "{rows:?}");
    // Another table is named as such, and one that is not there is refused.
    w.triher("extract s/alpha.toml --out other.csv").done();
    let more = ["--html", "o.html", "--training-features", "other.csv"];
    run(&w, &words, &more).done();
    let page = String::from_utf8(w.read("o.html")).unwrap();
    assert!(page.contains("not among the files that the model was trained on"));
    let more = ["--html", "n.html", "--training-features", "none.parquet"];
    run(&w, &words, &more).fails_saying(&["none.parquet"]);
}
