//! Damaged files: an error or an image, never a panic, and never memory beyond what is there.

use peak_alloc::PeakAlloc;
use proptest::prelude::*;
use std::path::Path;
use triher_imagefile::{ReadOptions, read_from_bytes};

#[global_allocator]
static MEMORY: PeakAlloc = PeakAlloc;

const SOURCES: [&str; 12] = [
    "nifti1_int16_le.nii",
    "nifti1_float64_be.nii",
    "nifti2_le.nii",
    "nifti2_be.nii",
    "dynamic.nii.gz",
    "analyze_le.hdr",
    "nrrd_int16_big.nrrd",
    "nrrd_gzip.nrrd",
    "nrrd_ascii.nrrd",
    "nrrd_hex.nrrd",
    "nrrd_interleaved.nrrd",
    "two_layers.seg.nrrd",
];

/// No file here holds more than a few KiB, so reading one may not take more than this; the tests of this binary run
/// side by side and count together.
const MOST_MIB: f32 = 8.0;

fn read_watched(name: &str, bytes: &[u8]) {
    MEMORY.reset_peak_usage();
    let _ = read_from_bytes(name, bytes, &ReadOptions::default());
    let peak = MEMORY.peak_usage_as_mb();
    assert!(peak <= MOST_MIB, "{name}: {peak} MiB were in use");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(600))]

    #[test]
    fn changed_bytes_never_panic_nor_take_memory(
        source in 0..SOURCES.len(),
        changes in proptest::collection::vec((0usize..640, any::<u8>()), 1..12),
        cut in proptest::option::of(0usize..700),
    ) {
        let name = SOURCES[source];
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures").join(name);
        let mut bytes = std::fs::read(path).unwrap();
        for (at, value) in changes {
            if let Some(byte) = bytes.get_mut(at) {
                *byte = value;
            }
        }
        if let Some(cut) = cut {
            bytes.truncate(cut);
        }
        read_watched(name, &bytes);
    }

    #[test]
    fn any_dimensions_and_types_never_panic_nor_take_memory(
        dims in proptest::array::uniform8(any::<i16>()),
        datatype in prop_oneof![Just(2i16), Just(4), Just(64), Just(1024), any::<i16>()],
        offset in prop_oneof![Just(352f32), any::<f32>()],
    ) {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/nifti1_int16_le.nii");
        let mut bytes = std::fs::read(path).unwrap();
        for (n, dim) in dims.iter().enumerate() {
            let dim = if n == 0 { dim % 8 } else { *dim };
            bytes[40 + 2 * n..42 + 2 * n].copy_from_slice(&dim.to_le_bytes());
        }
        bytes[70..72].copy_from_slice(&datatype.to_le_bytes());
        bytes[108..112].copy_from_slice(&offset.to_le_bytes());
        read_watched("any.nii", &bytes);
    }

    #[test]
    fn any_nrrd_fields_never_panic_nor_take_memory(
        sizes in proptest::collection::vec(any::<u64>(), 0..5),
        lines in proptest::collection::vec("(kinds|sizes|space directions|space origin|spacings|byte skip|line skip|Segment0_Name|encoding|data file|endian|dimension):=? ?[-0-9a-z(), .]{0,20}", 0..8),
    ) {
        let sizes: Vec<String> = sizes.iter().map(u64::to_string).collect();
        let text = format!(
            "NRRD0005\ntype: short\ndimension: {}\nsizes: {}\nencoding: raw\nendian: little\n{}\n\nvoxels",
            sizes.len(), sizes.join(" "), lines.join("\n")
        );
        read_watched("any.nrrd", text.as_bytes());
    }
}
