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
fn refusals_name_the_option_as_it_is_typed() {
    let w = Workspace::new();
    w.triher("sample-size --prevalence zero=0.1,low=0.2 --parameters 3")
        .fails_saying(&["--prevalence is 0.3:", "sum to 1"]);
    let three = "sample-size --prevalence zero=0.2,low=0.5,positive=0.3 --parameters 3";
    w.triher(&format!("{three} --cox-snell 0.95"))
        .fails_saying(&["--cox-snell", "0.95", "below 0.872"]);
    w.triher(&format!("{three} --pair-cox-snell 0.1,0.1"))
        .fails_saying(&["--pair-cox-snell has 2 numbers", "low and positive"]);
}

#[test]
fn a_plan_beyond_all_cohorts_says_too_many() {
    let w = Workspace::new();
    let run = w
        .triher("sample-size --prevalence zero=0.2,low=0.5,positive=0.3 --parameters 3 --margin 1e-9 --width 1e-9 --json n.json")
        .done();
    let text = run.stdout();
    assert!(text.contains("needs too many patients:"), "{text}");
    assert!(text.contains("too many  zero against the rest"), "{text}");
    assert!(w.json("n.json")["required"].is_null());
}

#[test]
fn the_answer_is_told_when_its_file_cannot_be_written() {
    let w = Workspace::new();
    w.write("taken", "a file where a folder would be");
    let run =
        w.triher("sample-size --prevalence zero=0.5,rest=0.5 --parameters 3 --json taken/n.json");
    assert!(run.stdout().contains("patients ("), "{}", run.stdout());
    run.fails_saying(&["taken"]);
}
