//! CharLS and this decoder give the same numbers (`charls/make_samples.py`); damaged streams are errors.

use proptest::prelude::*;
use std::path::{Path, PathBuf};

fn samples() -> Vec<PathBuf> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/charls");
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let mut files: Vec<PathBuf> = entries
        .map(|e| e.path())
        .filter(|p| p.extension().is_some_and(|e| e == "jls"))
        .collect();
    files.sort();
    files
}

#[test]
fn every_sample_decodes_to_the_same_numbers() {
    let files = samples();
    assert_eq!(files.len(), 12);
    for file in files {
        let frame = triher_jpegls::decode(&std::fs::read(&file).unwrap(), 1 << 20)
            .unwrap_or_else(|e| panic!("{}: {e}", file.display()));
        let raw = std::fs::read(file.with_extension("raw")).unwrap();
        let expected: Vec<u16> = raw
            .chunks_exact(2)
            .map(|c| u16::from_le_bytes([c[0], c[1]]))
            .collect();
        assert_eq!(frame.width * frame.height, expected.len());
        assert_eq!(frame.samples, expected, "{}", file.display());
    }
}

#[test]
fn a_stream_cut_short_is_an_error_and_a_large_one_is_refused() {
    let bytes = std::fs::read(&samples()[0]).unwrap();
    for length in 0..bytes.len() - 4 {
        assert!(
            triher_jpegls::decode(&bytes[..length], 1 << 20).is_err(),
            "{length}"
        );
    }
    let told = triher_jpegls::decode(&bytes, 10).unwrap_err().to_string();
    assert!(told.contains("at most 10"), "{told}");
}

proptest! {
    #[test]
    fn changed_bytes_never_panic(sample in 0usize..12, at: prop::sample::Index, value: u8, more: Vec<u8>) {
        let mut bytes = std::fs::read(&samples()[sample]).unwrap();
        let at = at.index(bytes.len());
        bytes[at] = value;
        let _ = triher_jpegls::decode(&bytes, 1 << 16);
        bytes.truncate(at);
        bytes.extend(more);
        let _ = triher_jpegls::decode(&bytes, 1 << 16);
    }
}
