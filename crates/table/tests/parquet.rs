//! Parquet and CSV as pandas writes them, and our own writer.

#![allow(clippy::unwrap_used)]

use proptest::prelude::*;
use serde_json::Value;
use std::path::{Path, PathBuf};
use triher_table::{
    ColumnMetadata, FeatureRow, FeatureTable, FeatureWriter, ParquetFeatureWriter, TableError,
    TableSpec,
};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

fn spec() -> TableSpec {
    TableSpec {
        id: "case".to_owned(),
        label: Some("label".to_owned()),
        centre: Some("hospital".to_owned()),
        ..TableSpec::default()
    }
}

fn own() -> TableSpec {
    TableSpec {
        id: "patient_id".to_owned(),
        label: Some("label".to_owned()),
        centre: Some("centre".to_owned()),
        group: Some("patient_id".to_owned()),
        ..TableSpec::default()
    }
}

fn bits(values: &[f64]) -> Vec<u64> {
    values
        .iter()
        .map(|v| if v.is_nan() { u64::MAX } else { v.to_bits() })
        .collect()
}

/// Integers, single precision, booleans, categories and dates, by pandas and pyarrow (`reference.py`).
#[test]
fn tables_of_pandas_are_read_whole() {
    let expected = std::fs::read_to_string(data("expected.json")).unwrap();
    let expected: Value = serde_json::from_str(&expected).unwrap();
    let strings =
        |key: &str| -> Vec<String> { serde_json::from_value(expected[key].clone()).unwrap() };
    let some = |list: Vec<String>| Some(list.into_iter().map(Some).collect::<Vec<_>>());
    let values: Vec<Option<f64>> = serde_json::from_value(expected["values"].clone()).unwrap();
    let values: Vec<f64> = values.into_iter().map(|v| v.unwrap_or(f64::NAN)).collect();
    for name in ["pandas.parquet", "pandas-index.parquet", "pandas.csv"] {
        let csv = name.ends_with("csv");
        // In CSV, True and False are words: the column is text and not used.
        let read = FeatureTable::read(&data(name), &spec()).unwrap();
        let table = read.table;
        assert_eq!(table.ids, strings("ids"), "{name}");
        assert_eq!(table.labels, some(strings("labels")), "{name}");
        assert_eq!(table.centres, some(strings("centres")), "{name}");
        let columns = if csv { 4 } else { 5 };
        assert_eq!(
            table.feature_names,
            strings("features")[..columns],
            "{name}"
        );
        for (i, row) in values.chunks(5).enumerate() {
            for (found, expected) in table.row(i).iter().zip(row) {
                let close = (found - expected).abs() <= 1e-7 * expected.abs()
                    || found.is_nan() && expected.is_nan();
                assert!(
                    if csv {
                        close
                    } else {
                        bits(&[*found]) == bits(&[*expected])
                    },
                    "{name}"
                );
            }
        }
        assert_eq!(read.notes.len(), 2, "{:?}", read.notes);
        assert!(
            read.notes
                .iter()
                .any(|n| n == "the column \"remark\" is not used: it holds text")
        );
    }
}

#[test]
fn an_unknown_compression_names_the_remedy() {
    let error = FeatureTable::read(
        &data("gzip.parquet"),
        &TableSpec {
            id: "case".to_owned(),
            ..TableSpec::default()
        },
    );
    let error = error.unwrap_err().to_string();
    assert!(
        error.contains("write it with snappy compression or none"),
        "{error}"
    );
}

fn rows(count: usize, features: usize) -> Vec<(String, Vec<f64>)> {
    (0..count)
        .map(|i| {
            let values = (0..features).map(|j| match (i + j) % 7 {
                0 => f64::NAN,
                _ => ((i * 31 + j) as f64).sin() * 1e-7,
            });
            (format!("P{:04}", i / 2), values.collect())
        })
        .collect()
}

fn write(path: &Path, rows: &[(String, Vec<f64>)], features: usize) {
    let names: Vec<String> = (0..features).map(|j| format!("f, {j}")).collect();
    let mut writer = FeatureWriter::create(path, &names).unwrap();
    for (i, (patient, values)) in rows.iter().enumerate() {
        writer
            .append(&FeatureRow {
                patient_id: patient,
                lesion: ["left", "right"][i % 2],
                centre: (i % 3 > 0).then_some("A"),
                label: Some(["low", "zero"][i % 2]),
                values,
            })
            .unwrap();
    }
    writer.finish().unwrap();
}

#[test]
fn what_is_written_comes_back_and_has_the_same_bytes_each_time() {
    let folder = tempfile::tempdir().unwrap();
    // 400 features: the row groups hold 2621 rows, so 3000 rows make two.
    let rows = rows(3000, 400);
    for name in ["t.parquet", "t.csv", "t.tsv"] {
        let path = folder.path().join(name);
        write(&path, &rows, 400);
        let first = std::fs::read(&path).unwrap();
        write(&path, &rows, 400);
        assert!(first == std::fs::read(&path).unwrap(), "{name}");
        let table = FeatureTable::read(&path, &own()).unwrap().table;
        assert_eq!(table.ids[..3], ["P0000/left", "P0000/right", "P0001/left"]);
        assert_eq!(
            table.groups.as_ref().unwrap()[..3],
            ["P0000", "P0000", "P0001"]
        );
        assert_eq!(
            table.centres.as_ref().unwrap()[..2],
            [None, Some("A".to_owned())]
        );
        let values: Vec<f64> = rows.iter().flat_map(|(_, v)| v.clone()).collect();
        assert!(bits(&table.values) == bits(&values), "{name}");

        // A label column that is not there is `label`, in a table that triher wrote and in no other.
        let class = TableSpec {
            label: Some("class".to_owned()),
            ..own()
        };
        assert_eq!(
            FeatureTable::read(&path, &class).unwrap().table.labels,
            table.labels
        );
        // Without asking for labels every row is there, and the fixed columns are no features.
        let plain = TableSpec {
            id: "patient_id".to_owned(),
            ..TableSpec::default()
        };
        let plain = FeatureTable::read(&path, &plain).unwrap();
        assert_eq!(plain.table.feature_names.len(), 400);
        assert_eq!((plain.table.labels, plain.notes.len()), (None, 0));

        // The whole table, written again, says the same.
        let copy = folder.path().join(format!("copy-{name}"));
        match name {
            "t.parquet" => table.write_parquet(&copy).unwrap(),
            _ => table.write_csv(&copy).unwrap(),
        }
        assert!(std::fs::read(&copy).unwrap() == first, "{name}");
        std::fs::remove_file(&copy).unwrap();
        std::fs::remove_file(&path).unwrap();
    }
    assert_eq!(
        std::fs::read_dir(folder.path()).unwrap().count(),
        0,
        "no parts are left"
    );
}

#[test]
fn a_writer_that_is_given_up_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let names = vec!["a".to_owned()];
    let row = FeatureRow {
        patient_id: "P",
        lesion: "",
        centre: None,
        label: None,
        values: &[1.0],
    };
    let mut writer = ParquetFeatureWriter::new(&path, &names).unwrap();
    writer.append(&[row, row]).unwrap();
    let short = writer.append(&[FeatureRow { values: &[], ..row }]);
    assert!(matches!(
        short,
        Err(TableError::RowLength {
            expected: 1,
            found: 0
        })
    ));
    drop(writer);
    assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    let bad = FeatureWriter::create(&path, &["label".to_owned()]);
    assert!(matches!(bad, Err(TableError::BadFeatureName { .. })));
    let ending = FeatureWriter::create(&folder.path().join("t.xlsx"), &names);
    assert!(
        ending
            .unwrap_err()
            .to_string()
            .ends_with("name the table .csv, .tsv or .parquet")
    );
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]
    #[test]
    fn mutated_parquet_never_panics(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in proptest::option::of(any::<prop::sample::Index>()),
    ) {
        let mut bytes = std::fs::read(data("pandas.parquet")).unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        let _ = FeatureTable::read(file.path(), &spec());
    }

    #[test]
    fn mutated_csv_never_panics(
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
    ) {
        let mut bytes = std::fs::read(data("pandas.csv")).unwrap();
        for (at, byte) in changes {
            let at = at.index(bytes.len());
            bytes[at] = byte;
        }
        let file = tempfile::NamedTempFile::new().unwrap();
        std::fs::write(file.path(), &bytes).unwrap();
        if let Ok(read) = FeatureTable::read(file.path(), &spec()) {
            let table = read.table;
            prop_assert_eq!(table.values.len(), table.ids.len() * table.feature_names.len());
            prop_assert!(table.values.iter().all(|v| !v.is_infinite()));
        }
    }
}

/// What is known of a column stands with the column, as any reader of Arrow's schema finds it, and does not change how the table is read.
#[test]
fn columns_carry_their_units() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("t.parquet");
    let names = ["rad_C1_morph_volume", "kin_ser_mean"].map(str::to_owned);
    let known = |pairs: &[(&str, &str)]| -> ColumnMetadata {
        let pairs = pairs
            .iter()
            .map(|(k, v)| ((*k).to_owned(), (*v).to_owned()));
        pairs.collect()
    };
    let metadata = [
        known(&[("unit", "mm3"), ("ibsi_tag", "morph_volume")]),
        known(&[]),
    ];
    let row = FeatureRow {
        patient_id: "p",
        lesion: "",
        centre: None,
        label: Some("low"),
        values: &[1.5, 2.5],
    };
    let write = |path: &Path| {
        let mut writer = FeatureWriter::create_described(path, &names, &metadata).unwrap();
        writer.append(&row).unwrap();
        writer.finish().unwrap();
        std::fs::read(path).unwrap()
    };
    let bytes = write(&path);
    assert_eq!(bytes, write(&folder.path().join("again.parquet")));
    let file = std::fs::File::open(&path).unwrap();
    let reader = parquet::arrow::arrow_reader::ParquetRecordBatchReaderBuilder::try_new(file);
    let schema = reader.unwrap().schema().clone();
    for (name, metadata) in names.iter().zip(&metadata) {
        let found = schema.field_with_name(name).unwrap().metadata();
        let found: ColumnMetadata = found.clone().into();
        let found: ColumnMetadata = found
            .into_iter()
            .filter(|(k, _)| !k.starts_with("PARQUET"))
            .collect();
        assert_eq!(found, *metadata, "{name}");
    }
    let read = FeatureTable::read(&path, &own()).unwrap().table;
    assert_eq!(
        (read.feature_names.as_slice(), read.values[0]),
        (&names[..], 1.5)
    );
    // CSV has no place for it, and one entry too few is said.
    let csv = folder.path().join("t.csv");
    let mut writer = FeatureWriter::create_described(&csv, &names, &metadata).unwrap();
    writer.append(&row).unwrap();
    writer.finish().unwrap();
    let error = FeatureWriter::create_described(&path, &names, &metadata[..1]).unwrap_err();
    assert!(matches!(
        error,
        TableError::RowLength {
            expected: 2,
            found: 1
        }
    ));
}
