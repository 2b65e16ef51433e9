//! Model files from any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = triher_learn::ModelFile::from_bytes(data, "fuzz".as_ref());
});
