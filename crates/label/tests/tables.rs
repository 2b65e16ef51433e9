//! Whole tables: every edge case in a small one, and the TCGA's as released.

use std::path::PathBuf;
use triher_label::{ColumnMap, Outcome, Rule, label_bytes, label_table, write_csv};

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
    let of = |outcome| labels.rows.iter().filter(|r| r.outcome == outcome).count();
    let counts = [
        Outcome::Zero,
        Outcome::Low,
        Outcome::Positive,
        Outcome::Indeterminate,
    ]
    .map(of);
    insta::assert_snapshot!(format!("{counts:?}"));
    let known = labels
        .rows
        .iter()
        .find(|r| r.patient_id == "TCGA-AO-A03M")
        .unwrap();
    assert_eq!(known.outcome, Outcome::Low, "{}", known.reason);
}

proptest::proptest! {
    #[test]
    fn any_bytes_are_labelled_or_refused(bytes in proptest::collection::vec(proptest::num::u8::ANY, 0..400)) {
        let mut table = b"id,score,status,fish,ratio,copies\n".to_vec();
        table.extend(&bytes);
        let _ = label_bytes(&table, "t.csv", &columns(), &Rule::asco_cap());
        let _ = label_bytes(&bytes, "t.csv", &columns(), &Rule::asco_cap());
    }
}
