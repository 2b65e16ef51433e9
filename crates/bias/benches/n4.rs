//! The speed of N4 on a breast of 256 x 256 x 50 voxels with shrink factor 4; `tests/parity/make_n4.py` and the test `a_real_breast` time it
//! beside SimpleITK on a real one.

use std::hint::black_box;
use triher_bias::{N4Options, n4};
use triher_volume::{Geometry, Image};

fn main() {
    divan::main();
}

#[divan::bench(sample_count = 10)]
fn n4_shrink_4(bencher: divan::Bencher<'_, '_>) {
    let grid = Geometry::axis_aligned([256, 256, 50], [0.86, 0.86, 3.0], [0.0; 3]).expect("fits");
    let image = Image::from_fn(grid, |[i, j, k]| {
        let tissue = if (i / 24 + j / 24 + k / 8) % 3 == 0 {
            250.0
        } else {
            120.0
        };
        let noise = ((i * 31 + j * 17 + k * 7) % 101) as f32 / 10.0;
        (tissue + noise) * (0.004 * i as f32 - 0.01 * k as f32).exp()
    });
    bencher.bench_local(|| n4(black_box(&image), None, &N4Options::default()).expect("a field"));
}
