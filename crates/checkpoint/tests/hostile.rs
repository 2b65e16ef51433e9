//! Files that are damaged or mean harm: an error that names the file, never a panic, never code that runs.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use proptest::prelude::*;
use std::io::{Cursor, Write};
use std::path::PathBuf;
use triher_checkpoint::{Checkpoint, CheckpointError, CheckpointKind, Limits};
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
    Checkpoint::open(&path, &Limits::default())
}

fn text(s: &str) -> Vec<u8> {
    [b"X", &(s.len() as u32).to_le_bytes()[..], s.as_bytes()].concat()
}

/// The opcodes of a tensor that is a view of `shape` and `strides`, of the storage `0` with `elements` floats.
fn tensor(elements: u32, shape: &[u32], strides: &[u32]) -> Vec<u8> {
    let number = |n: u32| [b"J", &n.to_le_bytes()[..]].concat();
    let tuple = |values: &[u32]| {
        let values: Vec<u8> = values.iter().flat_map(|&n| number(n)).collect();
        [&b"("[..], &values, b"t"].concat()
    };
    [
        b"ctorch._utils\n_rebuild_tensor_v2\n((".to_vec(),
        text("storage"),
        b"ctorch\nFloatStorage\n".to_vec(),
        text("0"),
        text("cpu"),
        number(elements),
        b"tQK\x00".to_vec(),
        tuple(shape),
        tuple(strides),
        b"\x89}tR".to_vec(),
    ]
    .concat()
}

/// A pickle of a dictionary of values.
fn dictionary(items: &[(&str, Vec<u8>)]) -> Vec<u8> {
    let mut pickle = b"\x80\x02}".to_vec();
    for (name, value) in items {
        pickle.extend([text(name), value.clone(), b"s".to_vec()].concat());
    }
    pickle.push(b'.');
    pickle
}

/// A pickle of a dictionary with one tensor of `elements` floats that says it has the shape `[elements]`.
fn one_tensor(name: &str, elements: u32) -> Vec<u8> {
    dictionary(&[(name, tensor(elements, &[elements], &[1]))])
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
    assert_eq!(checkpoint.tensor("x").unwrap().data[..], [1.0, 2.0, 3.0]);
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
    // 300 MiB of zeros pack to 300 KiB.
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
fn a_few_bytes_cannot_fill_the_memory() {
    // Dictionaries that hold each other, 1000 times each: 1000^8 names.
    let mut laughs = b"\x80\x02}".to_vec();
    laughs.extend([text("x"), tensor(3, &[3], &[1]), b"sq\x00".to_vec()].concat());
    for level in 0..8u8 {
        laughs.extend(b"}(");
        for key in 0..1000u16 {
            laughs.extend([text(&format!("k{key}")), vec![b'h', level]].concat());
        }
        laughs.extend([b'u', b'q', level + 1]);
    }
    laughs.push(b'.');
    let checkpoint = open(&archive(&[("a/data.pkl", &laughs), ("a/data/0", &[0; 12])])).unwrap();
    assert_eq!(checkpoint.shapes().len(), 1);

    // A long list copied again and again.
    let mut copies = b"\x80\x02](".to_vec();
    copies.extend(b"K\x00K\x00\x86".repeat(50_000));
    copies.extend(b"eq\x00ccollections\nOrderedDict\nq\x01");
    copies.extend(b"h\x01h\x00\x85R".repeat(100_000));
    copies.push(b'.');
    // Memo entries and values without end.
    let memo = [&b"\x80\x04N"[..], &b"\x94".repeat(3_000_000), b"."].concat();
    let values = [&b"\x80\x02"[..], &b"N".repeat(3_000_000), b"."].concat();
    for pickle in [copies, memo, values] {
        let told = open(&archive(&[("a/data.pkl", &pickle)])).unwrap_err();
        assert!(
            told.to_string().contains("more than 2000000 values"),
            "{told}"
        );
    }
}

#[test]
fn shapes_that_ask_for_too_much_are_refused() {
    for (shape, strides, word) in [
        (vec![4], vec![1], "beyond its storage"),
        (vec![2, 2], vec![2, 1], "beyond its storage"),
        (vec![1 << 30, 1 << 30], vec![0, 0], "4096 MiB"),
        (vec![1 << 30, 4], vec![0, 0], "4096 MiB"),
    ] {
        let pickle = dictionary(&[("x", tensor(3, &shape, &strides))]);
        let bytes = archive(&[("a/data.pkl", &pickle), ("a/data/0", &[0; 12])]);
        let told = open(&bytes).unwrap().tensor("x").unwrap_err().to_string();
        assert!(told.contains(word), "{told}");
    }
    // Each tensor below the limit, all together above it.
    let wide = tensor(3, &[1 << 29], &[0]);
    let pickle = dictionary(&[
        ("patch_embed.proj.weight", wide.clone()),
        ("cls_token", wide.clone()),
        ("norm.weight", wide),
    ]);
    let bytes = archive(&[("a/data.pkl", &pickle), ("a/data/0", &[0; 12])]);
    let told = open(&bytes).unwrap().encoder_tensors().unwrap_err();
    assert!(told.to_string().contains("together"), "{told}");
}

#[test]
fn a_storage_that_unpacks_to_more_than_it_may_is_refused() {
    let limits = Limits {
        max_storage_bytes: 1 << 20,
        ..Limits::default()
    };
    let bytes = archive(&[
        ("a/data.pkl", &one_tensor("x", 3)),
        ("a/data/0", &vec![0; 2 << 20]),
    ]);
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("bomb.pth");
    std::fs::write(&path, bytes).unwrap();
    let mut checkpoint = Checkpoint::open(&path, &limits).unwrap();
    let told = checkpoint.tensor("x").unwrap_err().to_string();
    assert!(told.contains("more than 1 MiB"), "{told}");
}

#[test]
fn tensors_that_share_a_storage_and_big_numbers_are_read() {
    let data: Vec<u8> = [1f32, 2.0, 3.0]
        .iter()
        .flat_map(|v| v.to_be_bytes())
        .collect();
    let pickle = dictionary(&[("x", tensor(3, &[3], &[1])), ("y", tensor(3, &[2], &[2]))]);
    let mut checkpoint = open(&archive(&[
        ("a/data.pkl", &pickle),
        ("a/data/0", &data),
        ("a/byteorder", b"big"),
    ]))
    .unwrap();
    assert_eq!(checkpoint.tensor("x").unwrap().data[..], [1.0, 2.0, 3.0]);
    assert_eq!(checkpoint.tensor("y").unwrap().data[..], [1.0, 3.0]);
    let odd = archive(&[("a/data.pkl", &pickle), ("a/byteorder", b"mixed")]);
    assert!(open(&odd).unwrap_err().to_string().contains("byte order"));
}

/// The table of prefixes: the wanted encoder is found behind each, and the others are not taken for it.
#[test]
fn every_prefix_is_known() {
    let moco = CheckpointKind::MocoV3;
    let pair = CheckpointKind::EncoderDecoder;
    for (prefix, kind, wrapped) in [
        ("base_encoder.", moco, false),
        ("module.base_encoder.", moco, true),
        ("encoder.", pair, false),
        ("module.encoder.", pair, true),
        ("", CheckpointKind::Bare, false),
        ("module.", CheckpointKind::Bare, true),
    ] {
        for entry in ["", "state_dict", "model"] {
            let wrapper = if wrapped { "module." } else { "" };
            let value = || tensor(3, &[3], &[1]);
            let names = [
                format!("{prefix}patch_embed.proj.weight"),
                format!("{prefix}head.weight"),
                format!("{wrapper}momentum_encoder.patch_embed.proj.weight"),
                format!("{wrapper}decoder.blocks.0.weight"),
            ];
            let items: Vec<(&str, Vec<u8>)> = names.iter().map(|n| (n.as_str(), value())).collect();
            let inner = dictionary(&items);
            let pickle = if entry.is_empty() {
                inner
            } else {
                dictionary(&[(entry, inner[2..inner.len() - 1].to_vec())])
            };
            let bytes = archive(&[("a/data.pkl", &pickle), ("a/data/0", &[0; 12])]);
            let found = open(&bytes).unwrap().encoder_tensors().unwrap().names;
            assert_eq!((found.kind, found.wrapped), (kind, wrapped), "{prefix}");
            assert_eq!(
                (found.prefix.as_str(), found.entry.as_str()),
                (prefix, entry)
            );
            assert_eq!(found.used, names[..1]);
            let mut others = names[1..].to_vec();
            others.sort();
            assert_eq!(found.ignored, others);
        }
    }
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

fn read_all(bytes: &[u8]) {
    if let Ok(mut checkpoint) = open(bytes) {
        for name in checkpoint.shapes().into_keys() {
            let _ = checkpoint.tensor(&name);
        }
        let _ = checkpoint.encoder_tensors();
    }
}

fn fixture(name: &str) -> Vec<u8> {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data");
    std::fs::read(folder.join(name)).unwrap()
}

/// The pickle of a file that PyTorch wrote.
fn real_pickle() -> Vec<u8> {
    let mut zip = zip::ZipArchive::new(Cursor::new(fixture("training-4.pth.tar"))).unwrap();
    let name = "training-4.pth/data.pkl";
    let mut pickle = Vec::new();
    std::io::Read::read_to_end(&mut zip.by_name(name).unwrap(), &mut pickle).unwrap();
    pickle
}

proptest! {
    #[test]
    fn any_pickle_ends_without_a_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300)) {
        read_all(&archive(&[("a/data.pkl", &bytes)]));
    }

    #[test]
    fn a_changed_pickle_ends_without_a_panic(changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4)) {
        let mut pickle = real_pickle();
        for (at, value) in changes {
            let at = at.index(pickle.len());
            pickle[at] = value;
        }
        let data = [0; 64];
        let entries: Vec<String> = (0..12).map(|n| format!("a/data/{n}")).collect();
        let mut files: Vec<(&str, &[u8])> = vec![("a/data.pkl", &pickle)];
        files.extend(entries.iter().map(|n| (n.as_str(), &data[..])));
        read_all(&archive(&files));
    }

    #[test]
    fn a_changed_file_ends_without_a_panic(
        flat: bool,
        changes in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
        keep in any::<prop::sample::Index>(),
        cut: bool,
    ) {
        let mut bytes = fixture(if flat { "kinds.safetensors" } else { "kinds.pth" });
        for (at, value) in changes {
            let at = at.index(bytes.len());
            bytes[at] = value;
        }
        if cut {
            bytes.truncate(keep.index(bytes.len()));
        }
        read_all(&bytes);
    }
}
