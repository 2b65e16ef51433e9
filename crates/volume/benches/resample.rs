//! The speed of resampling, reorienting and averaging a usual phase: 256 x 256 x 60 voxels.
//!
//! `compare_simpleitk.py` beside this file times the same in SimpleITK.

use std::hint::black_box;
use triher_volume::{
    Geometry, Image, Interpolation, anti_alias, reorient, resample_onto, resize_area,
};

fn main() {
    divan::main();
}

/// 256 x 256 x 60 voxels of 0.7 x 0.7 x 2 mm.
fn phase() -> Image {
    let geometry = Geometry::axis_aligned([256, 256, 60], [0.7, 0.7, 2.0], [0.0; 3]).expect("fits");
    Image::from_fn(geometry, |[i, j, k]| {
        ((i * 31 + j * 17 + k * 7) % 1009) as f32
    })
}

/// 1 mm voxels over the same extent, parallel.
fn isotropic() -> Geometry {
    Geometry::axis_aligned([179, 179, 120], [1.0; 3], [0.1, 0.1, 0.0]).expect("fits")
}

/// The same turned by 10 degrees about the third axis.
fn oblique() -> Geometry {
    let (s, c) = 10f64.to_radians().sin_cos();
    let directions = [[c, s, 0.0], [-s, c, 0.0], [0.0, 0.0, 1.0]];
    Geometry::from_parts([179, 179, 120], [17.0, -14.0, 0.0], [1.0; 3], directions).expect("fits")
}

const KINDS: [Interpolation; 3] = [
    Interpolation::Nearest,
    Interpolation::Linear,
    Interpolation::CubicBSpline,
];

#[divan::bench(args = KINDS)]
fn parallel_grid(bencher: divan::Bencher<'_, '_>, kind: Interpolation) {
    let (phase, grid) = (phase(), isotropic());
    bencher.bench_local(|| resample_onto(black_box(&phase), &grid, kind, 0.0));
}

#[divan::bench(args = KINDS)]
fn oblique_grid(bencher: divan::Bencher<'_, '_>, kind: Interpolation) {
    let (phase, grid) = (phase(), oblique());
    bencher.bench_local(|| resample_onto(black_box(&phase), &grid, kind, 0.0));
}

#[divan::bench]
fn smooth_to_2_mm(bencher: divan::Bencher<'_, '_>) {
    let phase = phase();
    bencher.bench_local(|| anti_alias(black_box(&phase), [2.0; 3]));
}

#[divan::bench]
fn to_pir(bencher: divan::Bencher<'_, '_>) {
    let phase = phase();
    bencher.bench_local(|| reorient(black_box(&phase), "PIR").expect("fits"));
}

#[divan::bench]
fn area_to_48(bencher: divan::Bencher<'_, '_>) {
    let phase = phase();
    bencher.bench_local(|| resize_area(black_box(&phase), [48; 3]).expect("fits"));
}
