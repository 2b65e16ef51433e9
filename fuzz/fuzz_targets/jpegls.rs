//! JPEG-LS from any bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    let _ = triher_jpegls::decode(data, 1 << 20);
});
