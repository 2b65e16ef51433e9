//! `triher extract`, `triher run` and `triher predict` on small cohorts of image files.

use crate::workspace::Workspace;
use std::fmt::Write as _;

/// Twelve patients whose brightness goes with their class.
fn cohort(w: &Workspace) {
    let mut table = String::from("patient_id,images,mask,centre,class,times_s\n");
    for number in 0..12 {
        let class = ["zero", "low", "positive"][number % 3];
        let brightness = 40.0 + 30.0 * (number % 3) as f32 + 3.0 * (number as f32).sin();
        w.nifti_patient(&format!("images/p{number}"), brightness);
        let _ = writeln!(
            table,
            "p{number},images/p{number},images/p{number}/P_mask.nii.gz,A,{class},0;60;120;180;240;300"
        );
    }
    w.write("patients.csv", table);
    w.write(
        "cohort.toml",
        "name = 'twelve'\npatients = 'patients.csv'\noutput = 'features.parquet'\n",
    );
}

#[test]
fn a_cohort_is_extracted_and_taken_up_again() {
    let w = Workspace::new();
    cohort(&w);
    let first = w.triher("extract cohort.toml").done();
    assert!(
        first.stderr().contains("12 patients, 12 lesions"),
        "{}",
        first.stderr()
    );
    let bytes = w.read("features.parquet");
    let second = w.triher("extract cohort.toml --threads 1").done();
    assert!(
        second.stderr().contains("12 of them from an earlier run"),
        "{}",
        second.stderr()
    );
    assert!(bytes == w.read("features.parquet"));
    let fresh = w.triher("extract cohort.toml --fresh --threads 2").done();
    assert!(
        !fresh.stderr().contains("earlier run"),
        "{}",
        fresh.stderr()
    );
    assert!(bytes == w.read("features.parquet"));
}

#[test]
fn lesions_are_pictured_beside_the_table_and_shown_as_similar_cases() {
    let w = Workspace::new();
    cohort(&w);
    w.triher("extract cohort.toml").done();
    let index = String::from_utf8(w.read("features.parquet.crops/crops.csv")).unwrap();
    assert_eq!(index.lines().count(), 13, "{index}");
    let files: Vec<&str> = index
        .lines()
        .skip(1)
        .map(|l| l.rsplit(',').next().unwrap())
        .collect();
    for file in &files {
        let png = w.read(&format!("features.parquet.crops/{file}"));
        assert!(png.starts_with(b"\x89PNG") && png.len() < 20_000, "{file}");
        assert!(!file.contains('p') || file.ends_with(".png"), "{file}");
    }
    // A picture that was lost is drawn again by the next run, for its patient only.
    let lost = format!("features.parquet.crops/{}", files[3]);
    let before = w.read(&lost);
    std::fs::remove_file(w.path(&lost)).unwrap();
    let again = w.triher("extract cohort.toml").done();
    assert!(
        again.stderr().contains("11 of them from an earlier run"),
        "{}",
        again.stderr()
    );
    assert_eq!(w.read(&lost), before);

    let columns = "--id patient_id --label label";
    w.triher(&format!(
        "train --features features.parquet {columns} --c 0.1 --out m.triher"
    ))
    .done();
    let why =
        format!("explain m.triher --features features.parquet {columns} --patient p1 --out why");
    w.triher(&why).done();
    let page = String::from_utf8(w.read("why/explanation.html")).unwrap();
    assert_eq!(
        page.matches("data:image/png;base64,").count(),
        6,
        "the patient and five cases"
    );
    // Without pictures the page has the table alone.
    std::fs::remove_dir_all(w.path("features.parquet.crops")).unwrap();
    w.triher(&why).done();
    let page = String::from_utf8(w.read("why/explanation.html")).unwrap();
    assert!(page.contains("nearest to this patient") && !page.contains("data:image/png"));
}

#[test]
fn one_bad_patient_is_skipped_and_the_rest_goes_on() {
    let w = Workspace::new();
    cohort(&w);
    let phase = w.read("images/p5/P_0003.nii.gz");
    w.write("images/p5/P_0003.nii.gz", &phase[..phase.len() / 2]);
    let run = w.triher("extract cohort.toml");
    assert_eq!(run.code(), 1);
    let told = run.stderr();
    assert!(
        told.contains("patient p5") && told.contains("P_0003.nii.gz"),
        "{told}"
    );
    assert!(
        told.contains("11 patients") && told.contains("1 patients skipped"),
        "{told}"
    );
    let skipped = String::from_utf8(w.read("features.parquet.skipped.csv")).unwrap();
    assert!(skipped.contains("p5"), "{skipped}");
}

#[test]
fn a_study_runs_from_one_file_and_its_model_predicts() {
    let w = Workspace::new();
    cohort(&w);
    w.write(
        "study.toml",
        "name = 'Twelve'\noutput = 'out'\nseed = 3\n\n\
         [[cohorts]]\nname = 'twelve'\nrole = 'training'\nextract = 'cohort.toml'\n\n\
         [[cohorts]]\nname = 'again'\nrole = 'external'\nextract = 'cohort.toml'\n\n\
         [model]\nc = 0.1\n\n[validation]\nfolds = 4\nbootstrap = 200\n",
    );
    w.triher("run study.toml").done();
    for file in [
        "model.triher",
        "report-again.html",
        "evaluation-again.json",
        "predictions-again.csv",
        "manifest.json",
    ] {
        assert!(w.path("out").join(file).exists(), "{file}");
    }
    w.triher("predict out/model.triher images/p1 --mask images/p1/P_mask.nii.gz --json p.json --html p.html").done();
    let prediction = w.json("p.json");
    assert_eq!(prediction["research_use_only"], true);
    let total: f64 = prediction["probabilities"]
        .as_object()
        .unwrap()
        .values()
        .map(|p| p.as_f64().unwrap())
        .sum();
    assert!((total - 1.0).abs() < 1e-9);
    // The phases of a folder carry no times; with them the features are those of the table.
    w.triher("predict out/model.triher images/p1 --mask images/p1/P_mask.nii.gz --times 0,60,120,180,240,300 --json t.json").done();
    assert_eq!(w.json("t.json")["study"]["phases"][2]["seconds"], 120.0);
    let html = String::from_utf8(w.read("p.html")).unwrap();
    assert!(html.contains("data:image/png;base64,"));
    // A seed and a box find the same ball.
    w.triher("predict out/model.triher images/p1 --seed 12,10,6 --json s.json")
        .done();
    w.triher("predict out/model.triher images/p1 --box 5,3,0,20,18,12 --json b.json")
        .done();
    assert_eq!(
        w.json("s.json")["lesion"]["voxels"],
        w.json("b.json")["lesion"]["voxels"]
    );
}

#[test]
fn a_folder_of_patients_needs_no_table() {
    let w = Workspace::new();
    for number in 0..3 {
        w.nifti_patient(&format!("images/p{number}"), 60.0);
    }
    w.write(
        "cohort.toml",
        "name = 'folder'\nimages = 'images'\nmasks = 'images/{patient}/P_mask.nii.gz'\ncentre = 'A'\noutput = 'f.csv'\n",
    );
    let run = w.triher("extract cohort.toml");
    // The phases are named P_0000 in every folder: the patient is known by the folder only.
    assert_eq!(run.code(), 0, "{}", run.stderr());
    let table = String::from_utf8(w.read("f.csv")).unwrap();
    assert_eq!(table.lines().count(), 4, "{table}");
}
