//! `triher sample-size`.

use crate::workspace::Workspace;

#[test]
fn the_published_example_comes_out() {
    let w = Workspace::new();
    // R's pmsampsize documents R2 0.288, 24 parameters, prevalence 0.174: 623, 662 and 221 patients.
    let run = w
        .triher(
            "sample-size --prevalence event=0.174,none=0.826 --parameters 24 --cox-snell 0.288 --pair-cox-snell 0.288 --json needed.json",
        )
        .done();
    let text = run.stdout();
    assert!(
        text.contains("needs 662 patients (115 event, 547 none)"),
        "{text}"
    );
    let json: serde_json::Value = serde_json::from_slice(&w.read("needed.json")).unwrap();
    assert_eq!(json["model"]["shrinkage"], 623);
    assert_eq!(json["model"]["optimism"], 662);
    assert_eq!(json["model"]["overall_risk"], 221);
}

#[test]
fn three_classes_without_earlier_knowledge() {
    let w = Workspace::new();
    let run = w
        .triher("sample-size --prevalence zero=0.18,low=0.47,positive=0.35 --parameters 16")
        .done();
    let text = run.stdout();
    for word in ["zero against the rest", "overfitting", "16 parameters"] {
        assert!(text.contains(word), "{text}");
    }
}

#[test]
fn shares_that_do_not_sum_to_one_are_refused() {
    let w = Workspace::new();
    w.triher("sample-size --prevalence zero=0.2,low=0.2 --parameters 3")
        .fails_saying(&["prevalence", "sum to 1"]);
}
