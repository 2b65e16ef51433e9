//! `triher run` on the published phenotypes of TCGA-BRCA: real, and with too few zeros.

use crate::workspace::{Workspace, reference};

/// The study file of `docs/validation.md`, its tables as they are found.
fn study(features: &str) -> String {
    format!(
        r#"
name = "HER2 from the published phenotypes of TCGA-BRCA"
output = "out"

[[cohorts]]
name = "TCGA-BRCA"
role = "training"
features = "{features}"
labels = "labels.csv"
columns = {{ id = "CLID", label = "class" }}

[model]
c = 0.01
compare = ["ordinal", "random_forest"]

[validation]
bootstrap = 200
repeats = 2
permutations = 19
"#
    )
}

#[test]
fn the_study_of_the_tcga_runs_whole_and_says_that_five_zeros_carry_no_claim() {
    let (Some(features), Some(clinical)) = (
        reference("tcga-brca/mri_phenotypes_91.csv"),
        reference("tcga-brca/clinical_patient_brca.txt"),
    ) else {
        return;
    };
    let w = Workspace::new();
    let clinical = clinical.to_str().unwrap();
    w.triher_words(&[
        "label",
        clinical,
        "--columns",
        "tcga",
        "--out",
        "labels.csv",
    ])
    .done();
    w.write("study.toml", study(features.to_str().unwrap()));
    let run = w.triher("run study.toml").done();
    let warning = "5 patients of the class zero cannot carry a claim about 3 classes";
    assert!(run.stderr().contains(warning), "{}", run.stderr());

    let figures = w.json("out/validation.json");
    assert_eq!(figures["cross_validation"]["n"], 60);
    let counts = &figures["cross_validation"]["counts"];
    assert_eq!(
        [&counts["zero"], &counts["low"], &counts["positive"]].map(|n| n.as_u64().unwrap()),
        [5, 37, 18]
    );
    assert_eq!(figures["permutation_test"]["permutations"], 19);
    let csv = String::from_utf8(w.read("out/predictions-out-of-fold.csv")).unwrap();
    assert_eq!(csv.lines().count(), 61);

    let page = String::from_utf8(w.read("out/report-study.html")).unwrap();
    let warnings = page.find(warning).unwrap();
    assert!(warnings < page.find("Flow of patients").unwrap());
    for part in [
        "31 of 91 rows are left out",
        "Few patients in a class (zero 5)",
        "Other classifiers",
        "Permutation test",
        "METRICS",
        "nothing is known of how the model does elsewhere",
    ] {
        assert!(page.contains(part), "{part}");
    }
    // The guidelines that ask for limitations have it too.
    for list in ["claim-2024", "tripod-ai"] {
        let list = String::from_utf8(w.read(&format!("out/checklist-{list}.csv"))).unwrap();
        assert!(list.contains(warning), "{list}");
    }
    // No patient outside of the tables of predictions.
    assert!(!page.contains("TCGA-AO-A03M"));
}

#[test]
fn the_row_that_a_count_by_scores_leaves_out_is_low_by_its_words() {
    let Some(clinical) = reference("tcga-brca/clinical_patient_brca.txt") else {
        return;
    };
    let w = Workspace::new();
    let labels = w
        .triher_words(&["label", clinical.to_str().unwrap(), "--columns", "tcga"])
        .done()
        .stdout();
    let features = reference("tcga-brca/mri_phenotypes_91.csv").unwrap();
    let features = std::fs::read_to_string(features).unwrap();
    let patients: Vec<&str> = (features.lines().skip(1))
        .map(|line| line.split(',').next().unwrap())
        .collect();
    let low: Vec<&str> = (labels.lines())
        .filter(|line| line.split(',').nth(1) == Some("low"))
        .filter(|line| patients.contains(&line.split(',').next().unwrap()))
        .collect();
    assert_eq!(low.len(), 37);
    let without_score: Vec<&&str> = (low.iter())
        .filter(|line| !line.contains("IHC 1+") && !line.contains("IHC 2+"))
        .collect();
    println!("{without_score:?}");
    assert_eq!(without_score.len(), 1);
}
