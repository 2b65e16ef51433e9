//! Reading and writing a phase of usual size (256 x 256 x 50), plain and packed.
//!
//! `benches/compare.py` times nibabel and SimpleITK on the same files.

use std::path::PathBuf;
use std::sync::OnceLock;
use triher_imagefile::{read_image, write_nifti};
use triher_volume::{Geometry, Image};

fn main() {
    divan::main();
}

/// Rician-like speckle over a slow wave, whole numbers as a scanner gives.
#[expect(clippy::expect_used, reason = "a bench cannot go on without its image")]
fn phase() -> Image {
    let grid = Geometry::axis_aligned([256, 256, 50], [0.86, 0.86, 3.0], [0.0; 3]).expect("a grid");
    let mut state = 1u32;
    Image::from_fn(grid, |[i, j, k]| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let wave = ((i + j) as f32 * 0.03).sin() + (k as f32 * 0.1).cos();
        (200.0 + 80.0 * wave + (state >> 26) as f32).round()
    })
}

#[expect(clippy::expect_used, reason = "a bench cannot go on without its file")]
fn file(name: &str) -> PathBuf {
    let path = std::env::temp_dir().join(format!("triher-bench-{name}"));
    static IMAGE: OnceLock<Image> = OnceLock::new();
    write_nifti(&path, IMAGE.get_or_init(phase)).expect("a file");
    path
}

#[divan::bench(args = ["phase.nii", "phase.nii.gz"], sample_count = 20)]
fn read(bencher: divan::Bencher<'_, '_>, name: &str) {
    let path = file(name);
    bencher.bench(|| read_image(&path));
}

#[divan::bench(args = ["phase.nii", "phase.nii.gz"], sample_count = 5)]
fn write(bencher: divan::Bencher<'_, '_>, name: &str) {
    let path = file(name).with_extension("out.nii.gz");
    let path = if name.ends_with(".gz") {
        path
    } else {
        path.with_extension("")
    };
    let image = phase();
    bencher.bench(|| write_nifti(&path, &image));
}
