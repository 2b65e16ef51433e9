//! DICOM SEG and RTSTRUCT.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // One file per process, overwritten: the readers take paths.
    let path = std::env::temp_dir().join(format!("triher-fuzz-segmentation-{}.dcm", std::process::id()));
    let path = path.as_path();
    if std::fs::write(path, data).is_ok() {
        let _ = triher_segmentation::read_masks(path, None);
    }
});
