//! The speed of components, sizes and outlining on 256 x 256 x 60 voxels.
//!
//! `compare_scipy.py` beside this file times `scipy.ndimage.label` on the same mask.

use std::hint::black_box;
use triher_region::{
    Connectivity, SeedOptions, bounding_box, connected_components, grow_from_seed, size,
};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase};

fn main() {
    divan::main();
}

fn geometry() -> Geometry {
    Geometry::axis_aligned([256, 256, 60], [0.7, 0.7, 2.0], [0.0; 3]).expect("a grid")
}

/// 300 balls: what a threshold leaves of a breast.
fn balls() -> Mask {
    let geometry = geometry();
    let [ni, nj, nk] = geometry.size();
    let mut mask = Mask::filled(geometry, false);
    for ball in 0..300usize {
        let centre = [ball * 7919 % ni, ball * 104_729 % nj, ball * 1_299_709 % nk];
        let radius = (2 + ball % 9) as isize;
        for dk in -radius..=radius {
            for dj in -radius..=radius {
                for di in -radius..=radius {
                    let index: [usize; 3] = std::array::from_fn(|a| {
                        (centre[a] as isize + [di, dj, dk][a]).max(0) as usize
                    });
                    if di * di + dj * dj + dk * dk <= radius * radius
                        && let Some(offset) = geometry.offset(index)
                    {
                        mask.voxels_mut()[offset] = true;
                    }
                }
            }
        }
    }
    mask
}

#[divan::bench(args = [Connectivity::Faces, Connectivity::Corners])]
fn components(bencher: divan::Bencher<'_, '_>, connectivity: Connectivity) {
    let mask = balls();
    bencher.bench_local(|| connected_components(black_box(&mask), connectivity));
}

#[divan::bench]
fn bounds(bencher: divan::Bencher<'_, '_>) {
    let mask = balls();
    bencher.bench_local(|| bounding_box(black_box(&mask)));
}

#[divan::bench]
fn sizes(bencher: divan::Bencher<'_, '_>) {
    let mask = balls();
    bencher.bench_local(|| size(black_box(&mask)).expect("not empty"));
}

#[divan::bench]
fn seed(bencher: divan::Bencher<'_, '_>) {
    let pre = Image::filled(geometry(), 100.0);
    let post = Image::from_fn(geometry(), |[i, j, k]| {
        let d = (i as f32 - 128.0).powi(2)
            + (j as f32 - 128.0).powi(2)
            + 8.0 * (k as f32 - 30.0).powi(2);
        if d < 400.0 { 300.0 } else { 110.0 }
    });
    let phases = [pre, post].map(|image| Phase {
        image,
        time_s: None,
    });
    let series = DynamicSeries::new(phases.into()).expect("two phases");
    bencher.bench_local(|| {
        grow_from_seed(black_box(&series), [128, 128, 30], &SeedOptions::default())
    });
}
