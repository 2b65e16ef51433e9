//! Feature tables, CSV and Parquet.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // One file per process, overwritten: the readers take paths.
    let path = std::env::temp_dir().join(format!("triher-fuzz-table-{}.csv", std::process::id()));
    let path = path.as_path();
    if std::fs::write(path, data).is_ok() {
        let spec = triher_table::TableSpec { id: "id".to_owned(), ..triher_table::TableSpec::default() };
        let _ = triher_table::FeatureTable::read(path, &spec);
    }
});
