//! Whole tables: every edge case in a small one, and the TCGA's as released.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeMap;
use std::path::PathBuf;
use triher_label::{
    ColumnMap, Evidence, Flag, IhcFinding, IhcScore, IhcStatus, IshFinding, IshOutcome, LabelTable,
    Measured, Outcome, Rule, classify, label_bytes, label_table, write_csv,
};

const EDGE_CASES: &str = "\
id,score,status,fish,ratio,copies
ihc 0,0,Negative,,,
ihc 1,1+,Negative,,,
ihc 2 amplified,2+,Equivocal,Positive,,
ihc 2 not amplified,2+,Equivocal,Negative,,
ihc 2 without ish,2+,Equivocal,,,
ihc 2 equivocal ish,2+,Equivocal,Equivocal,,
ihc 2 group 1,2,,,2.4,5.0
ihc 2 group 2,2,,,2.4,3.0
ihc 2 group 3,2,,,1.5,6.5
ihc 2 group 4,2,,,1.5,4.5
ihc 2 group 5,2,,,1.1,2.0
ihc 2 ratio only,2,,,1.1,
ihc 2 called positive after ish,2+,Positive,Positive,,
ihc 2 called positive without ish,2+,Positive,,,
ihc 3,3+,Positive,,,
ihc 3 not amplified,3+,Positive,Negative,,
ihc 3 called negative,3+,Negative,,,
ihc 1 called positive,1+,Positive,,,
ihc 1 amplified,1+,Negative,Positive,,
ihc 1 called equivocal,1+,Equivocal,Negative,,
positive without score,,Positive,,,
positive without score not amplified,,Positive,Negative,,
negative without score,,Negative,,,
equivocal without score,,Equivocal,,,
equivocal without score not amplified,,Equivocal,Negative,,
ish alone,,,Positive,,
ish alone negative,,,Negative,,
two scores,0/1+,,,,
status in the score,Negative,,,,
nothing,,,,,
ultralow,0 ultralow,,,,
twice,1+,,,,
twice,0,,,,
twice the same,1+,,,,
twice the same,1+,,,,
words in copies,2+,,,,not amplified
words against status,2+,,Positive,,not amplified
three times,1+,,,,
three times,0,,,,
three times,3+,,,,
twice once empty,,,,,
twice once empty,3+,,,,
ihc 3 called equivocal amplified,3+,Equivocal,Positive,,
ihc 3 called equivocal not amplified,3+,Equivocal,Negative,,
ihc 0 called positive and amplified,0,Positive,Positive,,
ihc 0 group 3,0,,,1.5,6.5
ihc 3 group 2,3,,,2.4,3.0
ihc 3 group 5,3,,,1.0,2.0
group 1 alone,,,,2.4,5.0
group 4 alone,,,,1.5,4.5
ratio of 2 exactly,2,,,2.0,4.0
below 4 copies,2,,,1.8,<4.0
above 6 copies,2,,,1.8,>6.0
copies alone high,2,,,,7.1
copies alone between,2,,,,4.0
copies alone low,2,,,,3.9
sum of copies,2,,,1.1,172
status against counts,2,,Negative,1.3,6.4
status against ratio,2,,Equivocal,2.1,
not available,[Not Available],[Not Available],,,
unreadable,see report,pending,,about two,
";

fn columns() -> ColumnMap {
    ColumnMap::from_toml(
        "patient_id = 'id'\nihc_score = 'score'\nihc_status = 'status'\nish_status = 'fish'\nish_ratio = 'ratio'\nish_copies = 'copies'",
    )
    .unwrap()
}

#[test]
fn every_edge_case_has_a_class_and_a_reason() {
    let labels = label_bytes(
        EDGE_CASES.as_bytes(),
        "edge.csv",
        &columns(),
        &Rule::asco_cap(),
    )
    .unwrap();
    let mut text = Vec::new();
    write_csv(&labels, &mut text).unwrap();
    insta::assert_snapshot!(String::from_utf8(text).unwrap());
}

#[test]
fn a_missing_column_is_named_with_those_that_are_there() {
    let error =
        label_bytes(b"id,other\nA,1\n", "t.csv", &columns(), &Rule::asco_cap()).unwrap_err();
    assert!(error.to_string().contains("no column \"score\""), "{error}");
    assert!(error.to_string().contains("it has: id, other"), "{error}");
}

#[test]
fn a_table_without_patients_says_so() {
    let error = label_bytes(
        b"id,score,status,fish,ratio,copies\n",
        "t.csv",
        &columns(),
        &Rule::asco_cap(),
    );
    assert!(error.unwrap_err().to_string().contains("no patient"));
}

#[test]
fn separators_and_byte_order_marks_do_not_matter() {
    let text = "\u{feff}id;score;status;fish;ratio;copies\nA;1+;;;;\n";
    let labels = label_bytes(text.as_bytes(), "t.csv", &columns(), &Rule::asco_cap()).unwrap();
    assert_eq!(labels.rows[0].outcome, Outcome::Low);
}

#[test]
fn the_tcga_table_runs_whole() {
    let root = std::env::var_os("TRIHER_REFERENCE_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = root.join("tcga-brca/clinical_patient_brca.txt");
    if !path.exists() {
        println!("skipped: reference data not present");
        return;
    }
    let labels = label_table(&path, &ColumnMap::tcga(), &Rule::asco_cap()).unwrap();
    assert_eq!(labels.rows.len(), 1097);
    insta::assert_debug_snapshot!(labels.summary);
    // The rule written down a second time, in pandas (generate.py).
    let expected: BTreeMap<String, usize> =
        serde_json::from_str(include_str!("tcga_counts.json")).unwrap();
    for (class, count) in [
        ("zero", labels.summary.zero),
        ("low", labels.summary.low),
        ("positive", labels.summary.positive),
        ("indeterminate", labels.summary.indeterminate),
    ] {
        assert_eq!(count, expected[class], "{class}");
    }
    let order = |outcome| match outcome {
        Outcome::Zero => 1,
        Outcome::Low => 2,
        Outcome::Positive => 3,
        Outcome::Indeterminate => 4,
    };
    let places = labels.rows.iter().enumerate();
    let weighted: usize = places.map(|(n, r)| (n % 97 + 1) * order(r.outcome)).sum();
    assert_eq!(weighted, expected["weighted"]);
    let known = labels
        .rows
        .iter()
        .find(|r| r.patient_id == "TCGA-AO-A03M")
        .unwrap();
    assert_eq!(known.outcome, Outcome::Low, "{}", known.reason);
}

fn labelled(table: &str, columns: &str, rule: &Rule) -> LabelTable {
    let columns = ColumnMap::from_toml(columns).unwrap();
    label_bytes(table.as_bytes(), "t.csv", &columns, rule).unwrap()
}

#[test]
fn what_to_check_is_flagged_and_counted() {
    let labels = label_bytes(
        EDGE_CASES.as_bytes(),
        "edge.csv",
        &columns(),
        &Rule::asco_cap(),
    )
    .unwrap();
    let flags_of = |id: &str| {
        let row = labels.rows.iter().find(|r| r.patient_id == id).unwrap();
        row.flags.clone()
    };
    assert_eq!(flags_of("ihc 3 not amplified"), [Flag::IhcContradictsIsh]);
    assert_eq!(
        flags_of("ihc 1 called positive"),
        [Flag::ScoreContradictsStatus]
    );
    assert_eq!(flags_of("ihc 2 group 3"), [Flag::IhcWorkUp]);
    assert_eq!(
        flags_of("words against status"),
        [Flag::IshStatusContradictsCounts]
    );
    assert_eq!(
        flags_of("sum of copies"),
        [Flag::RatioAlone, Flag::CopiesAreSum]
    );
    assert_eq!(flags_of("copies alone high"), [Flag::CopiesAlone]);
    assert_eq!(flags_of("twice"), [Flag::RowsContradict]);
    assert_eq!(flags_of("ihc 2 called positive after ish"), []);
    insta::assert_debug_snapshot!(labels.summary);
}

#[test]
fn a_sum_of_copies_is_divided_by_the_cells_counted() {
    let columns = "patient_id = 'id'\nihc_score = 'ihc'\nish_copies = 'her2'\nish_cep17_copies = 'cep17'\nish_cells = 'cells'";
    let table =
        "id,ihc,her2,cep17,cells\nA,2+,172,54,20\nB,2+,71,64,25\nC,2+,172,54,\nD,2+,816,51,2\n";
    let labels = labelled(table, columns, &Rule::asco_cap());
    let reasons: Vec<&str> = labels.rows.iter().map(|r| r.reason.as_str()).collect();
    assert_eq!(
        reasons,
        [
            "IHC 2+, ISH amplified (ratio 3.19, 8.6 copies: group 1)",
            "IHC 2+, ISH not amplified (ratio 1.11, 2.84 copies: group 5)",
            "IHC 2+, ISH amplified (ratio 3.19, copies not given)",
            "IHC 2+, ISH amplified (ratio 16, copies not given)",
        ]
    );
}

#[test]
fn faint_staining_is_read_as_words_and_as_a_percentage() {
    let columns = "patient_id = 'id'\nihc_score = 'ihc'\nfaint_staining = 'faint'";
    let table = "id,ihc,faint\nA,0,yes\nB,0,5 %\nC,0,0%\nD,0,no\nE,0,\nF,1+,yes\nG,0,40\n";
    let labels = labelled(table, columns, &Rule::asco_cap());
    let found: Vec<_> = labels.rows.iter().map(|r| r.ultralow).collect();
    let yes = Some(true);
    let no = Some(false);
    assert_eq!(found, [yes, yes, no, no, None, None, None]);
    assert_eq!(labels.summary.ultralow, 2);
    assert!(
        labels.rows[6]
            .reason
            .contains("\"40\" in faint was not understood")
    );
}

#[test]
fn the_rule_is_data() {
    let text = include_str!("../rules/asco-cap.toml");
    let columns = "patient_id = 'id'\nihc_score = 'ihc'\nish_status = 'fish'\nish_ratio = 'ratio'";
    let table = "id,ihc,fish,ratio\nA,3+,Negative,\nB,2+,Negative,3.0\n";
    let outcomes = |rule: &str| -> Vec<Outcome> {
        let labels = labelled(table, columns, &Rule::from_toml(rule).unwrap());
        labels.rows.iter().map(|r| r.outcome).collect()
    };
    assert_eq!(outcomes(text), [Outcome::Positive, Outcome::Low]);
    let stricter = text.replace(
        "ihc_3_ish_not_amplified = \"positive\"",
        "ihc_3_ish_not_amplified = \"indeterminate\"",
    );
    assert_eq!(outcomes(&stricter), [Outcome::Indeterminate, Outcome::Low]);
    let by_counts = text.replace("against_counts = \"status\"", "against_counts = \"counts\"");
    assert_eq!(outcomes(&by_counts), [Outcome::Positive, Outcome::Positive]);
    let neither = text.replace(
        "against_counts = \"status\"",
        "against_counts = \"indeterminate\"",
    );
    assert_eq!(
        outcomes(&neither),
        [Outcome::Positive, Outcome::Indeterminate]
    );

    let wrong = text.replace("copies_high = 6.0", "copies_high = 3.0");
    let error = Rule::from_toml(&wrong).unwrap_err().to_string();
    assert!(error.contains("must not decrease"), "{error}");
    let error = Rule::from_toml("name = 'x'").unwrap_err().to_string();
    assert!(error.contains("the rule cannot be used"), "{error}");
}

#[test]
fn lines_before_the_header_and_ragged_rows() {
    let columns = "patient_id = 'id'\nihc_score = 'ihc'\nskip_lines = 2";
    let labels = labelled(
        "Our hospital\n2024\nid,ihc\nA,0\n",
        columns,
        &Rule::asco_cap(),
    );
    assert_eq!(labels.rows[0].outcome, Outcome::Zero);
    let columns = ColumnMap::from_toml("patient_id = 'id'\nihc_score = 'ihc'").unwrap();
    let error = label_bytes(b"id,ihc\nA,0,1\n", "t.csv", &columns, &Rule::asco_cap());
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("t.csv") && error.contains("line: 2"),
        "{error}"
    );
    let error = ColumnMap::from_toml("patient_id = 'id'")
        .unwrap_err()
        .to_string();
    assert!(error.contains("no column with findings"), "{error}");
}

fn evidence() -> impl proptest::strategy::Strategy<Value = Evidence> {
    use proptest::prelude::*;
    let score = proptest::option::of(prop_oneof![
        Just(IhcScore::Zero),
        Just(IhcScore::One),
        Just(IhcScore::Two),
        Just(IhcScore::Three),
    ]);
    let status = proptest::option::of(prop_oneof![
        Just(IhcStatus::Negative),
        Just(IhcStatus::Equivocal),
        Just(IhcStatus::Positive),
        Just(IhcStatus::Indeterminate),
    ]);
    let outcome = || {
        proptest::option::of(prop_oneof![
            Just(IshOutcome::Amplified),
            Just(IshOutcome::NotAmplified),
            Just(IshOutcome::Equivocal),
        ])
    };
    let number = || proptest::option::of((0.0f64..12.0).prop_map(Measured::Exactly));
    (score, status, outcome(), outcome(), number(), number()).prop_map(
        |(score, status, ish_status, words, ratio, copies)| Evidence {
            ihc: IhcFinding {
                score,
                status,
                faint_staining: None,
            },
            ish: IshFinding {
                status: ish_status,
                words,
                ratio,
                copies,
                ..IshFinding::default()
            },
            not_understood: Vec::new(),
        },
    )
}

proptest::proptest! {
    /// What holds for any findings by the built-in rule: the class never leaves what the definition allows.
    #[test]
    fn the_class_never_leaves_the_definition(evidence in evidence()) {
        let decision = classify(&evidence, &Rule::asco_cap());
        let allowed: &[Outcome] = match evidence.ihc.score {
            Some(IhcScore::Zero) => &[Outcome::Zero, Outcome::Indeterminate],
            Some(IhcScore::One) => &[Outcome::Low, Outcome::Indeterminate],
            Some(IhcScore::Two) => &[Outcome::Low, Outcome::Positive, Outcome::Indeterminate],
            Some(IhcScore::Three) => &[Outcome::Positive, Outcome::Indeterminate],
            // Without a score nothing can be zero.
            None => &[Outcome::Low, Outcome::Positive, Outcome::Indeterminate],
        };
        proptest::prop_assert!(allowed.contains(&decision.outcome), "{decision:?}");
        proptest::prop_assert!(!decision.reason.is_empty());
        if decision.reason.contains("contradiction") {
            proptest::prop_assert!(!decision.flags.is_empty(), "{decision:?}");
        }
    }

    #[test]
    fn any_bytes_are_labelled_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let mut table = b"id,score,status,fish,ratio,copies\n".to_vec();
        table.extend(&bytes);
        let _ = label_bytes(&table, "t.csv", &columns(), &Rule::asco_cap());
        let _ = label_bytes(&bytes, "t.csv", &columns(), &Rule::asco_cap());
    }
}
