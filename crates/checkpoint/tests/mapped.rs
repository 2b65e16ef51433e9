//! Numbers that stay in their file are those that reading gives, and damage is found all the same.

use std::path::{Path, PathBuf};
use triher_checkpoint::{Checkpoint, Limits};

fn data(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("tests/data")
        .join(name)
}

/// From the disk and from memory: the same tensors; single precision numbers stay in the file, and all others are read.
#[test]
fn a_mapped_file_gives_what_reading_gives() {
    for (name, single) in [
        ("kinds.pth", "f32"),
        ("kinds.safetensors", "f32"),
        ("training-2.pth.tar", "base_encoder"),
    ] {
        let path = data(name);
        let bytes = std::fs::read(&path).unwrap();
        let mut disk = Checkpoint::open(&path, &Limits::default()).unwrap();
        let mut memory = Checkpoint::from_bytes(&path, bytes, &Limits::default()).unwrap();
        assert_eq!(disk.sha256(), memory.sha256());
        let mut mapped = Vec::new();
        for tensor in disk.shapes().keys() {
            let (on_disk, in_memory) = (disk.tensor(tensor), memory.tensor(tensor));
            let (Ok(on_disk), Ok(in_memory)) = (&on_disk, &in_memory) else {
                assert_eq!(format!("{on_disk:?}"), format!("{in_memory:?}"));
                continue;
            };
            assert_eq!(on_disk, in_memory, "{name}: {tensor}");
            assert!(!in_memory.data.is_mapped());
            if on_disk.data.is_mapped() {
                mapped.push(tensor.clone());
            }
            assert_eq!(on_disk.data.clone().into_vec(), in_memory.data.to_vec());
        }
        let some = mapped.iter().any(|tensor| tensor.contains(single));
        assert!(some || cfg!(target_endian = "big"), "{name}: {mapped:?}");
        assert!(mapped.iter().all(|tensor| !tensor.contains("16")));
    }
}

/// A changed byte in a stored tensor is found by its checksum, as it is when the archive is read.
#[test]
fn a_damaged_number_is_found() {
    let mut bytes = std::fs::read(data("kinds.pth")).unwrap();
    let path = data("kinds.pth");
    let mut whole = Checkpoint::open(&path, &Limits::default()).unwrap();
    let shapes = whole.shapes();
    let (name, tensor) = shapes
        .keys()
        .map(|name| (name, whole.tensor(name).unwrap()))
        .find(|(_, tensor)| tensor.data.is_mapped() && tensor.data.len() > 1)
        .unwrap();
    let numbers: Vec<u8> = tensor.data.iter().flat_map(|v| v.to_le_bytes()).collect();
    let at = bytes
        .windows(numbers.len())
        .position(|w| w == numbers)
        .unwrap();
    bytes[at] ^= 1;
    let file = tempfile::NamedTempFile::new().unwrap();
    std::fs::write(file.path(), &bytes).unwrap();
    for mut damaged in [
        Checkpoint::open(file.path(), &Limits::default()).unwrap(),
        Checkpoint::from_bytes(file.path(), bytes.clone(), &Limits::default()).unwrap(),
    ] {
        let told = damaged.tensor(name).unwrap_err().to_string();
        assert!(
            told.contains("damaged") && told.contains("copy the file again"),
            "{told}"
        );
    }
}
