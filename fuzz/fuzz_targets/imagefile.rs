//! NIfTI, Analyze and NRRD from any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = triher_imagefile::read_from_bytes("fuzz", data, &triher_imagefile::ReadOptions::default());
});
