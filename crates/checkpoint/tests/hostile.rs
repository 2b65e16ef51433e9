//! Files that are damaged or mean harm: an error that names the file, never a panic, never code that runs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use std::io::{Cursor, Write};
use std::path::PathBuf;
use triher_checkpoint::{Checkpoint, CheckpointError};
use zip::write::SimpleFileOptions;

fn archive(entries: &[(&str, &[u8])]) -> Vec<u8> {
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    for (name, bytes) in entries {
        zip.start_file(*name, SimpleFileOptions::default()).unwrap();
        zip.write_all(bytes).unwrap();
    }
    zip.finish().unwrap().into_inner()
}

fn open(bytes: &[u8]) -> Result<Checkpoint, CheckpointError> {
    let folder = tempfile::tempdir().unwrap();
    let path: PathBuf = folder.path().join("weights.pth.tar");
    std::fs::write(&path, bytes).unwrap();
    Checkpoint::open(&path)
}

/// A pickle of a dictionary with one tensor of `elements` floats that says it has the shape `[elements]`.
fn one_tensor(name: &str, elements: u32) -> Vec<u8> {
    let text = |s: &str| [&[b'X'], &(s.len() as u32).to_le_bytes()[..], s.as_bytes()].concat();
    let number = [&[b'J'], &elements.to_le_bytes()[..]].concat();
    [
        b"\x80\x02}".to_vec(),
        text(name),
        b"ctorch._utils\n_rebuild_tensor_v2\n((".to_vec(),
        text("storage"),
        b"ctorch\nFloatStorage\n".to_vec(),
        text("0"),
        text("cpu"),
        number.clone(),
        b"tQK\x00".to_vec(),
        number,
        b"\x85K\x01\x85\x89}tRs.".to_vec(),
    ]
    .concat()
}

#[test]
fn a_tensor_is_read() {
    let data: Vec<u8> = [1f32, 2.0, 3.0]
        .iter()
        .flat_map(|v| v.to_le_bytes())
        .collect();
    let mut checkpoint = open(&archive(&[
        ("a/data.pkl", &one_tensor("x", 3)),
        ("a/data/0", &data),
    ]))
    .unwrap();
    assert_eq!(checkpoint.tensor("x").unwrap().data, [1.0, 2.0, 3.0]);
}

#[test]
fn a_pickle_that_runs_code_is_refused_wherever_it_stands() {
    let top: &[u8] = b"\x80\x02cposix\nsystem\nX\x04\x00\x00\x00true\x85R.";
    let nested: &[u8] = b"\x80\x02}X\x09\x00\x00\x00optimizer}X\x01\x00\x00\x00scbuiltins\neval\nX\x01\x00\x00\x001\x85Rss.";
    let stacked: &[u8] = b"\x80\x04\x8c\x05posix\x8c\x06system\x93\x8c\x04true\x85R.";
    let instance: &[u8] = b"(X\x04\x00\x00\x00trueios\nsystem\n.";
    for (pickle, name) in [
        (top, "posix.system"),
        (nested, "builtins.eval"),
        (stacked, "posix.system"),
        (instance, "os.system"),
    ] {
        match open(&archive(&[("a/data.pkl", pickle)])).err().unwrap() {
            CheckpointError::Code { global, .. } => assert_eq!(global, name),
            other => panic!("{other}"),
        }
    }
}

#[test]
fn a_storage_shorter_than_declared_is_named() {
    let mut checkpoint = open(&archive(&[
        ("a/data.pkl", &one_tensor("x", 1_000_000)),
        ("a/data/0", &[0; 12]),
    ]))
    .unwrap();
    let told = checkpoint.tensor("x").unwrap_err().to_string();
    assert!(
        told.contains("cut short") && told.contains("weights.pth.tar"),
        "{told}"
    );
    let mut missing = open(&archive(&[("a/data.pkl", &one_tensor("x", 3))])).unwrap();
    assert!(
        missing
            .tensor("x")
            .unwrap_err()
            .to_string()
            .contains("a/data/0")
    );
}

#[test]
fn a_bomb_of_a_pickle_is_refused() {
    // Half a gigabyte of zeros packs to half a megabyte.
    let mut zip = zip::ZipWriter::new(Cursor::new(Vec::new()));
    zip.start_file("a/data.pkl", SimpleFileOptions::default())
        .unwrap();
    let block = vec![0; 1 << 20];
    for _ in 0..300 {
        zip.write_all(&block).unwrap();
    }
    let bytes = zip.finish().unwrap().into_inner();
    assert!(open(&bytes).err().unwrap().to_string().contains("refused"));
}

#[test]
fn a_million_nested_lists_do_not_overflow_the_stack() {
    let mut pickle = vec![0x80, 2];
    pickle.extend(std::iter::repeat_n(b']', 1_000_000));
    pickle.extend(std::iter::repeat_n(b'a', 999_999));
    pickle.push(b'.');
    assert!(open(&archive(&[("a/data.pkl", &pickle)])).is_ok());
}

#[test]
fn truncated_files_and_other_files_are_named() {
    let whole = archive(&[("a/data.pkl", &one_tensor("x", 3)), ("a/data/0", &[0; 12])]);
    for length in [0, 1, 20, whole.len() / 2, whole.len() - 1] {
        let told = open(&whole[..length]).err().unwrap().to_string();
        assert!(told.contains("weights.pth.tar"), "{told}");
    }
    assert!(open(b"no checkpoint at all, just text").is_err());
    let mut huge = u64::MAX.to_le_bytes().to_vec();
    huge.extend(b"{\"x\":1}");
    assert!(open(&huge).err().unwrap().to_string().contains("declares"));
}

#[test]
fn a_checkpoint_of_another_network_says_so() {
    let bytes = archive(&[
        ("a/data.pkl", &one_tensor("fc.weight", 3)),
        ("a/data/0", &[0; 12]),
    ]);
    let told = open(&bytes)
        .unwrap()
        .encoder_tensors()
        .unwrap_err()
        .to_string();
    assert!(told.contains("fc.weight"), "{told}");
}

proptest! {
    #[test]
    fn any_pickle_ends_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        let _ = open(&archive(&[("a/data.pkl", &bytes)]));
    }

    #[test]
    fn a_changed_pickle_ends_without_a_panic(at in 0usize..150, value: u8) {
        let mut pickle = one_tensor("x", 3);
        let at = at % pickle.len();
        pickle[at] = value;
        if let Ok(mut checkpoint) = open(&archive(&[("a/data.pkl", &pickle), ("a/data/0", &[0; 12])])) {
            for name in checkpoint.shapes().into_keys() {
                let _ = checkpoint.tensor(&name);
            }
        }
    }
}
