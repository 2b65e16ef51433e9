//! The report on a study of 1,000 patients: its size, and how long Chromium takes to open it.

use crate::workspace::Workspace;
use headless_chrome::{Browser, LaunchOptions};
use std::fmt::Write as _;
use std::time::Duration;

/// Features of the table.
const FEATURES: usize = 120;

/// A table of three classes and four centres; a third of the features differ a little between the classes.
fn table(patients: usize, centres: &[&str], start: usize) -> String {
    let mut state = 7 + start as u64;
    let mut uniform = || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    };
    let mut text = String::from("case,hospital,her2,size_longest_diameter_mm");
    for feature in 0..FEATURES {
        let _ = write!(text, ",kin_feature_{feature}_mean");
    }
    text.push('\n');
    for row in 0..patients {
        let class = row % 3;
        let mut normal = || (0..6).map(|_| uniform()).sum::<f64>() - 3.0;
        let name = ["zero", "low", "positive"][class];
        let hospital = centres[row / 3 % centres.len()];
        let size = 22.0 + 4.0 * class as f64 + 6.0 * normal();
        let _ = write!(text, "p{},{hospital},{name},{size:.1}", start + row);
        for feature in 0..FEATURES {
            let effect = if feature % 3 == 0 {
                0.15 * class as f64
            } else {
                0.0
            };
            let _ = write!(text, ",{:.4}", effect + 0.7 * normal());
        }
        text.push('\n');
    }
    text
}

#[test]
fn a_study_report_of_a_thousand_patients_is_small_and_opens_at_once() {
    let w = Workspace::new();
    w.write("train.csv", table(700, &["A", "B", "C"], 0));
    w.write("external.csv", table(300, &["D"], 700));
    let mut clinical = String::from("case,age,vendor\n");
    for row in 0..1000 {
        let vendor = ["GE", "Philips", "Siemens"][row % 7 % 3];
        let _ = writeln!(clinical, "p{row},{},{vendor}", 30 + row * 11 % 50);
    }
    w.write("clinical.csv", clinical);
    w.write(
        "study.toml",
        "name = 'A thousand'\noutput = 'out'\n[[subgroups]]\ncolumn = 'vendor'\n[[subgroups]]\ncolumn = 'age'\ncuts = [50]\n\
         [[cohorts]]\nname = 'ABC'\nrole = 'training'\nfeatures = 'train.csv'\nclinical = 'clinical.csv'\ncolumns = { id = 'case', label = 'her2', centre = 'hospital' }\n\
         [[cohorts]]\nname = 'D'\nrole = 'external'\nfeatures = 'external.csv'\nclinical = 'clinical.csv'\ncolumns = { id = 'case', label = 'her2', centre = 'hospital' }\n\
         [model]\nc = 0.02\n[validation]\nfolds = 5\nbootstrap = 200\nleave_one_centre_out = true\n",
    );
    w.triher("run study.toml").done();
    let path = w.path("out/report-study.html");
    let bytes = std::fs::metadata(&path).unwrap().len();
    let options = LaunchOptions::default_builder()
        .sandbox(false)
        .build()
        .unwrap();
    let browser = Browser::new(options).expect(
        "Chromium is needed to measure the report: install it (Debian: apt-get install chromium)",
    );
    let tab = browser.new_tab().unwrap();
    tab.set_default_timeout(Duration::from_secs(60));
    tab.navigate_to(&format!("file://{}", path.display()))
        .unwrap();
    tab.wait_until_navigated().unwrap();
    // Until everything is laid out and painted twice.
    let script = "new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => \
        done(Math.max(performance.now(), performance.getEntriesByType('navigation')[0].loadEventEnd)))))";
    let opened = tab.evaluate(script, true).unwrap().value.unwrap();
    let milliseconds = opened.as_f64().unwrap();
    println!(
        "report of 1,000 patients: {:.2} MB, opened in {milliseconds:.0} ms",
        bytes as f64 / 1e6
    );
    assert!(bytes < 10_000_000, "{bytes}");
    assert!(milliseconds > 0.0);
}
