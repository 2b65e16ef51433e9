//! Real patients of the reference data.

use crate::workspace::{Workspace, reference};

#[test]
fn the_ucsf_patient_has_three_phases_of_sixty_slices() {
    let Some(folder) = reference("ucsf-br-06") else {
        return;
    };
    let w = Workspace::new();
    let json = w
        .triher_words(&["scan", folder.to_str().unwrap(), "--json"])
        .done()
        .stdout();
    let json: serde_json::Value = serde_json::from_str(&json).unwrap();
    assert_eq!(json["patients"].as_array().unwrap().len(), 1);
    let study = &json["patients"][0]["studies"][0];
    let phases: Vec<(i64, i64)> = study["phases"]
        .as_array()
        .unwrap()
        .iter()
        .map(|p| (p["index"].as_i64().unwrap(), p["slices"].as_i64().unwrap()))
        .collect();
    assert_eq!(phases, [(0, 60), (1, 60), (2, 60)]);
    let derived = study["set_aside"].as_array().unwrap().iter();
    let derived = derived
        .filter(|s| s["reason"].as_str().unwrap().contains("derived"))
        .count();
    assert_eq!(derived, 2, "{study}");
}

#[test]
fn a_model_predicts_the_ucsf_and_the_tcga_patient() {
    let (Some(ucsf), Some(tcga)) = (reference("ucsf-br-06"), reference("tcga-ao-a03m")) else {
        return;
    };
    let w = Workspace::new();
    w.triher("simulate --out s --patients 6 --seed 5 --format nifti")
        .done();
    w.triher("label s/clinical.csv --columns s/columns.toml --out s/labels.csv")
        .done();
    let cohorts = std::fs::read_dir(w.path("s"))
        .unwrap()
        .map(|e| e.unwrap().path());
    let mut cohorts: Vec<_> = cohorts
        .filter(|p| p.extension().is_some_and(|e| e == "toml") && !p.ends_with("columns.toml"))
        .collect();
    cohorts.sort();
    let mut study = String::from("name = 'predict'\noutput = 'out'\n");
    for (number, cohort) in cohorts.iter().enumerate() {
        study += &format!(
            "[[cohorts]]\nname = 'c{number}'\nrole = 'training'\nextract = '{}'\n",
            cohort.display()
        );
    }
    w.write("study.toml", study);
    w.triher("train study.toml").done();
    let model = w.path("out/model.triher");
    let model = model.to_str().unwrap();
    w.triher_words(&[
        "predict",
        model,
        tcga.to_str().unwrap(),
        "--seed",
        "118,152,25",
        "--json",
        "t.json",
        "--html",
        "t.html",
    ])
    .done();
    assert_eq!(
        w.json("t.json")["study"]["phases"]
            .as_array()
            .unwrap()
            .len(),
        6
    );
    let ucsf_mask = ucsf.join("mask/1-1.dcm");
    w.triher_words(&[
        "predict",
        model,
        ucsf.to_str().unwrap(),
        "--mask",
        ucsf_mask.to_str().unwrap(),
        "--json",
        "u.json",
        "--html",
        "u.html",
    ])
    .done();
    assert_eq!(
        w.json("u.json")["study"]["phases"]
            .as_array()
            .unwrap()
            .len(),
        3
    );
}
