//! Checkpoints: zip archives with pickles, and safetensors.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| {
    // One file per process, overwritten: the readers take paths.
    let path = std::env::temp_dir().join(format!("triher-fuzz-checkpoint-{}.pth", std::process::id()));
    let path = path.as_path();
    if std::fs::write(path, data).is_ok() {
        if let Ok(checkpoint) = triher_checkpoint::Checkpoint::open(path, &triher_checkpoint::Limits::default()) {
            let _ = checkpoint.encoder_tensors();
        }
    }
});
