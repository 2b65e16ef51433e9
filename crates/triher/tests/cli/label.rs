//! `triher label`.

use crate::workspace::Workspace;

#[test]
fn labels_are_written_with_their_reasons() {
    let w = Workspace::new();
    w.write(
        "columns.toml",
        "patient_id = 'id'\nihc_score = 'ihc'\nish_status = 'ish'\n",
    );
    w.write(
        "clinical.csv",
        "id,ihc,ish\nA,0,\nB,1+,\nC,2+,amplified\nD,2+,not amplified\nE,2+,\nF,3+,\n",
    );
    let run = w
        .triher("label clinical.csv --columns columns.toml --out labels.csv")
        .done();
    assert!(run.stderr().contains("positive: 2"), "{}", run.stderr());
    insta::assert_snapshot!(String::from_utf8(w.read("labels.csv")).unwrap());
    assert!(w.path("labels.csv.manifest.json").exists());
}

#[test]
fn without_a_file_they_go_to_standard_output() {
    let w = Workspace::new();
    w.write("columns.toml", "patient_id = 'id'\nihc_score = 'ihc'\n");
    w.write("clinical.csv", "id,ihc\nA,0\n");
    let run = w.triher("label clinical.csv --columns columns.toml").done();
    assert_eq!(run.stdout(), "patient_id,class,reason\nA,zero,IHC 0\n");
}

#[test]
fn a_wrong_column_is_named() {
    let w = Workspace::new();
    w.write("columns.toml", "patient_id = 'id'\nihc_score = 'her2'\n");
    w.write("clinical.csv", "id,ihc\nA,0\n");
    w.triher("label clinical.csv --columns columns.toml")
        .fails_saying(&["clinical.csv", "her2", "id, ihc"]);
}
