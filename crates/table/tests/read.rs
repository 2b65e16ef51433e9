//! Tables as people have them.

#![allow(clippy::unwrap_used)]

use std::path::{Path, PathBuf};
use triher_table::{FeatureTable, ReadTable, TableError, TableSpec};

/// A folder for the files of one test.
struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.0.path().join(name);
        std::fs::write(&path, content).unwrap();
        path
    }
}

fn spec(id: &str, label: Option<&str>) -> TableSpec {
    TableSpec {
        id: id.to_owned(),
        label: label.map(str::to_owned),
        ..TableSpec::default()
    }
}

fn read(content: &str, spec: &TableSpec) -> Result<ReadTable, TableError> {
    let folder = Folder::new();
    FeatureTable::read(&folder.file("table.csv", content), spec)
}

/// The error's sentence without the folder.
fn refusal(content: &str, spec: &TableSpec) -> String {
    let folder = Folder::new();
    let path = folder.file("table.csv", content);
    let error = FeatureTable::read(&path, spec).unwrap_err().to_string();
    error.replace(&format!("{}/", folder.0.path().display()), "")
}

#[test]
fn separators_quotes_and_byte_order_mark() {
    for content in [
        "\u{feff}id,\"a (x, y)\",b\n1,2,3\n",
        "id;\"a (x, y)\";b\r\n1;2;3\r\n",
        "id\ta (x, y)\tb\n1\t2\t3",
        "id,\"a (x, y)\",b\n1,\"2\",3\n",
    ] {
        let table = read(content, &spec("id", None)).unwrap().table;
        assert_eq!(table.feature_names, ["a (x, y)", "b"]);
        assert_eq!(table.values, [2.0, 3.0]);
        assert_eq!(table.ids, ["1"]);
        assert_eq!(table.labels, None);
        assert_eq!(table.sha256.len(), 64);
    }
    // Without quotes the header has one column more than the rows have cells.
    let message = refusal("id,a (x, y),b\n1,2,3\n", &spec("id", None));
    assert!(
        message.contains("has 3 cells, but its header has 4 columns"),
        "{message}"
    );
}

#[test]
fn text_columns_are_noted_and_single_texts_refused() {
    let table = "id,age,name,empty,volume\n1,50,x,,1\n2,60,7,,2\n3,NA,z,,3\n";
    let found = read(table, &spec("id", None)).unwrap();
    assert_eq!(found.table.feature_names, ["age", "volume"]);
    assert!(found.table.row(2)[0].is_nan());
    assert_eq!(
        found.notes,
        [
            "the column \"name\" is not used: it holds text",
            "the column \"empty\" is not used: it is empty"
        ]
    );
    assert_eq!(
        refusal("id,f\n1,2\n2,\"3,5\"\n3,4\n", &spec("id", None)),
        "row 2 of table.csv has \"3,5\" in the column \"f\", whose other values are numbers: correct it, leave it empty when \
         it is missing, or list the column as one to ignore"
    );
    assert_eq!(
        refusal("id,f\n1,2\n2,inf\n", &spec("id", None)),
        "row 2 of table.csv is infinite in the column \"f\": correct it, or leave it empty when it is missing"
    );
}

#[test]
fn chosen_and_ignored_features() {
    let table = "id,a,b,c,\n1,2,3,4,9\n";
    let ignoring = TableSpec {
        ignore: vec!["b".to_owned()],
        ..spec("id", None)
    };
    assert_eq!(
        read(table, &ignoring).unwrap().table.feature_names,
        ["a", "c"]
    );
    let chosen = |list: &[&str]| TableSpec {
        features: Some(list.iter().map(|s| (*s).to_owned()).collect()),
        ..spec("id", None)
    };
    let found = read(table, &chosen(&["c", "a"])).unwrap().table;
    assert_eq!(found.feature_names, ["c", "a"]);
    assert_eq!(found.values, [4.0, 2.0]);
    assert_eq!(
        refusal(table, &chosen(&["a", "x"])),
        "table.csv has no column \"x\" for the feature; it has id, a, b, c, . Name the right one."
    );
    // A chosen column that is text is an error, not a note.
    assert!(refusal("id,a\n1,x\n2,y\n", &chosen(&["a"])).contains("has \"x\" in the column \"a\""));
}

#[test]
fn labels_in_the_table() {
    let table = "id,her2,f\n1,low,1\n2,,2\n3,Indeterminate,3\n4,zero,4\n5,NA,5\n";
    let found = read(table, &spec("id", Some("her2"))).unwrap();
    assert_eq!(found.table.ids, ["1", "4"]);
    assert_eq!(
        found.table.labels,
        Some(vec![Some("low".to_owned()), Some("zero".to_owned())])
    );
    assert_eq!(found.table.values, [1.0, 4.0]);
    assert_eq!(
        found.notes,
        ["3 of 5 rows are left out: 2 have no label, 1 are indeterminate"]
    );
    assert_eq!(
        refusal(
            "id,her2,f\n1,,1\n2,indeterminate,2\n",
            &spec("id", Some("her2"))
        ),
        "no row of table.csv is left: 1 of 2 have no label and 1 are indeterminate. Check that the identifiers of labels \
         and features are written alike."
    );
    assert_eq!(
        refusal(table, &spec("id", Some("class"))),
        "table.csv has no column \"class\" for the label; it has id, her2, f. Name the right one."
    );
}

#[test]
fn labels_from_a_file_of_their_own() {
    let folder = Folder::new();
    let features = folder.file("f.csv", "CLID,class,f\nA,9,1\nB,9,2\nC,9,3\nD,9,4\n");
    let labels = folder.file(
        "labels.csv",
        "patient_id,class,reason,centre\nB,low,IHC 1+,X\nA,zero,\"IHC 0, sure\",\nZ,low,,X\nC,indeterminate,,X\n",
    );
    let with = |label: Option<&str>, centre: Option<&str>, labels: &Path| TableSpec {
        labels_file: Some(labels.to_owned()),
        centre: centre.map(str::to_owned),
        ..spec("CLID", label)
    };
    let found =
        FeatureTable::read(&features, &with(Some("class"), Some("centre"), &labels)).unwrap();
    assert_eq!(found.table.ids, ["A", "B"]);
    assert_eq!(found.table.feature_names, ["f"]);
    assert_eq!(
        found.table.labels,
        Some(vec![Some("zero".to_owned()), Some("low".to_owned())])
    );
    assert_eq!(found.table.centres, Some(vec![None, Some("X".to_owned())]));
    assert_eq!(
        found.notes,
        [
            "1 of 4 labels in labels.csv belong to no row of the features",
            "2 of 4 rows are left out: 1 have no label, 1 are indeterminate"
        ]
    );
    // Another name for the label falls back to `class`.
    let fallback = FeatureTable::read(&features, &with(Some("her2"), None, &labels)).unwrap();
    assert_eq!(fallback.table.labels, found.table.labels);
    assert_eq!(fallback.table.feature_names, ["class", "f"]);

    let conflict = folder.file("c.csv", "CLID,class\nA,low\nB,zero\nA,zero\n");
    let error = FeatureTable::read(&features, &with(None, None, &conflict)).unwrap_err();
    assert!(
        error
            .to_string()
            .ends_with("gives A both \"low\" and \"zero\": keep the right one")
    );
    let foreign = folder.file("x.csv", "CLID,grade\nA,low\n");
    let error = FeatureTable::read(&features, &with(None, None, &foreign)).unwrap_err();
    assert!(matches!(
        error,
        TableError::MissingColumn { role: "label", .. }
    ));
}

#[test]
fn identifiers_are_unique_or_patients_with_lesions() {
    let table = "id,lesion,f\nA,1,1\nA,2,2\nB,1,3\n";
    assert_eq!(
        refusal(table, &spec("id", None)),
        "1 identifiers occur more than once in table.csv: A. Keep one row of each, or name an identifier of the lesion and, \
         as group, the column of the patient."
    );
    let grouped = TableSpec {
        group: Some("id".to_owned()),
        ..spec("id", None)
    };
    let found = read(table, &grouped).unwrap().table;
    assert_eq!(found.ids, ["A/1", "A/2", "B"]);
    assert_eq!(
        found.groups,
        Some(vec!["A".to_owned(), "A".to_owned(), "B".to_owned()])
    );
    assert_eq!(found.feature_names, ["f"]);
    assert!(refusal("id,lesion,f\nA,1,1\nA,1,2\n", &grouped).contains("1 identifiers occur"));
    let by_patient = TableSpec {
        group: Some("patient".to_owned()),
        ..spec("id", None)
    };
    let found = read("id,patient,f\n1,P,1\n2,P,2\n3,,3\n", &by_patient)
        .unwrap()
        .table;
    assert_eq!(
        found.groups,
        Some(vec!["P".to_owned(), "P".to_owned(), "3".to_owned()])
    );
    assert!(
        refusal("id,f\n1,1\n,2\n", &spec("id", None))
            .starts_with("row 2 of table.csv has no identifier")
    );
}

#[test]
fn files_that_are_no_tables() {
    let id = spec("id", None);
    assert_eq!(
        refusal("", &id),
        "table.csv is empty: a table needs a first line with the names of its columns"
    );
    assert_eq!(
        refusal("id,f\n", &id),
        "table.csv has no rows under its header"
    );
    assert!(refusal("id,f,f\n1,2,3\n", &id).contains("has two columns \"f\""));
    assert!(
        refusal("id,f\n1,2\n3\n", &id)
            .starts_with("row 2 of table.csv has 1 cells, but its header has 2 columns")
    );
    assert!(refusal("id,name\n1,x\n", &id).contains("has no numeric column"));
    let folder = Folder::new();
    let latin = folder.file("latin.csv", b"id,f\nK\xf6ln,2\n");
    let error = FeatureTable::read(&latin, &id).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("is not UTF-8 text (row 1): save it as CSV in UTF-8")
    );
    let truncated = folder.file("t.parquet", b"PAR1 and then nothing");
    assert!(matches!(
        FeatureTable::read(&truncated, &id),
        Err(TableError::Parquet { .. })
    ));
    let error = FeatureTable::read(&folder.0.path().join("absent.csv"), &id).unwrap_err();
    assert!(error.to_string().contains("absent.csv cannot be read: "));
    assert!(matches!(
        FeatureTable::read(folder.0.path(), &id),
        Err(TableError::Io { .. })
    ));
}

/// The published phenotypes of 91 patients; the column names have spaces, commas and parentheses.
#[test]
fn the_tcga_phenotypes_are_read_whole() {
    let data = std::env::var_os("TRIHER_REFERENCE_DATA").map_or_else(
        || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    let path = data.join("tcga-brca/mri_phenotypes_91.csv");
    if !path.exists() {
        println!("skipped: reference data not present");
        return;
    }
    let found = FeatureTable::read(&path, &spec("CLID", None)).unwrap();
    assert_eq!(found.notes, Vec::<String>::new());
    assert_eq!(found.table.ids.len(), 91);
    assert_eq!(found.table.feature_names.len(), 36);
    assert_eq!(
        found.table.feature_names[6],
        "Signal Enhancement Ratio (SER) (K7)"
    );
    let row = found
        .table
        .ids
        .iter()
        .position(|id| id == "TCGA-AO-A03M")
        .unwrap();
    let volume = found
        .table
        .feature_names
        .iter()
        .position(|n| n.contains("Lesion volume"))
        .unwrap();
    assert_eq!(found.table.row(row)[volume], 3139.654);
    assert!(found.table.values.iter().all(|v| v.is_finite()));
}
