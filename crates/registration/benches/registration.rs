//! The speed of both fits on 96 x 96 x 40 voxels of 1.8 x 1.8 x 3 mm; `compare_simpleitk.py` beside this file times SimpleITK on the same images.

use std::hint::black_box;
use triher_registration::{
    DeformableOptions, RigidOptions, RigidTransform, register_deformable, register_rigid,
};
use triher_volume::{Geometry, Image};

fn main() {
    divan::main();
}

/// A ball with stripes, moved by some millimetres, in one of two contrasts.
fn phase(moved: bool) -> Image {
    let grid = Geometry::axis_aligned([96, 96, 40], [1.8, 1.8, 3.0], [0.0; 3]).expect("fits");
    Image::from_fn(grid, |[i, j, k]| {
        let noise = ((i * 7919 + j * 104_729 + k * 1_299_709) % 1009) as f64 / 1009.0;
        let mut p = [
            1.8 * (i as f64 - 47.5),
            1.8 * (j as f64 - 47.5),
            3.0 * (k as f64 - 19.5),
        ];
        if moved {
            p = [
                p[0] - 2.0 - 0.03 * p[1],
                p[1] + 1.5 + 0.03 * p[0],
                p[2] - 1.0,
            ];
        }
        let radius = p.iter().map(|v| v * v).sum::<f64>().sqrt();
        let texture = (p[0] / 7.0).sin() * (p[1] / 9.0).cos() * (p[2] / 8.0).cos();
        let tissue = (100.0 + 50.0 * texture) / (1.0 + ((radius - 55.0) / 2.0).exp());
        let contrast = if moved { 1.6 * tissue } else { tissue };
        (10.0 + contrast + 6.0 * noise) as f32
    })
}

#[divan::bench(sample_count = 5)]
fn rigid(bencher: divan::Bencher<'_, '_>) {
    let (fixed, moving) = (phase(false), phase(true));
    let options = RigidOptions::default();
    bencher.bench_local(|| {
        register_rigid(black_box(&fixed), &moving, None, &options).expect("a motion")
    });
}

#[divan::bench(sample_count = 3)]
fn deformable(bencher: divan::Bencher<'_, '_>) {
    let (fixed, moving) = (phase(false), phase(true));
    let start = RigidTransform::identity([85.5, 85.5, 58.5]);
    let options = DeformableOptions::default();
    bencher.bench_local(|| {
        register_deformable(black_box(&fixed), &moving, None, &start, &options)
            .expect("a deformation")
    });
}
