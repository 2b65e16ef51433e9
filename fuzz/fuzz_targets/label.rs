//! Clinical tables from any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let columns = triher_label::ColumnMap::tcga();
    let _ = triher_label::label_bytes(data, "fuzz", &columns, &triher_label::Rule::asco_cap());
});
