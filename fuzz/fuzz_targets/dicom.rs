//! A DICOM file: its header, its phases, its pixels.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // One file per process, overwritten: the readers take paths.
    let path = std::env::temp_dir().join(format!("triher-fuzz-dicom-{}.dcm", std::process::id()));
    let path = path.as_path();
    if std::fs::write(path, data).is_ok() {
        if let Ok(found) = triher_dicom::scan(path, &triher_dicom::ScanOptions::default()) {
            for study in found.patients.iter().flat_map(|p| &p.studies) {
                let _ = study.load();
            }
        }
    }
});
