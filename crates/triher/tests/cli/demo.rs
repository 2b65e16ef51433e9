//! `triher demo` and what it leaves behind.

use crate::workspace::Workspace;

#[test]
fn the_demo_ends_with_two_reports_and_a_model() {
    let w = Workspace::new();
    let run = w.triher("demo --out d").done();
    assert!(
        run.stdout().contains("Simulated patients only"),
        "{}",
        run.stdout()
    );
    for file in [
        "model.triher",
        "study.toml",
        "patient.html",
        "patient.json",
        "cross-validation.json",
        "manifest.json",
        "cohort/truth.csv",
    ] {
        assert!(w.path("d").join(file).exists(), "{file}");
    }
    let names = std::fs::read_dir(w.path("d"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap());
    assert!(w.path("d/report-study.html").exists());
    let of_cohort = |n: &String| n.starts_with("report-") && n != "report-study.html";
    let reports: Vec<String> = names.filter(of_cohort).collect();
    assert_eq!(reports.len(), 1, "{reports:?}");
    let report = String::from_utf8(w.read(&format!("d/{}", reports[0]))).unwrap();
    assert!(report.to_lowercase().contains("simulated"));
    assert!(
        !report.contains("http://")
            || report
                .matches("http://")
                .all(|_| report.contains("http://www.w3.org"))
    );
    // The study file runs again, from what is there, to the same model.
    let model = w.read("d/model.triher");
    w.triher("run d/study.toml --threads 1").done();
    assert!(model == w.read("d/model.triher"));
}
