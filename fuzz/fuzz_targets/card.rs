//! Cards of ONNX models, encoders and segmenters; none of them names a model that is there, so only the card is read.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // One file per process, overwritten: the reader takes paths.
    let path = std::env::temp_dir().join(format!("triher-fuzz-card-{}.toml", std::process::id()));
    if std::fs::write(&path, data).is_ok() {
        let _ = triher_onnx::Card::read(&path);
        let _ = triher_onnx::SegmenterCard::read(&path);
    }
});
