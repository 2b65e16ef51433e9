//! The speed of one patient's input: three differences cut from six phases of 256 x 256 x 60 voxels, and normalised.

use std::hint::black_box;
use triher_patch::{PhaseInput, Profile, Variant, Window, encoder_input, phase_input};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase};

fn main() {
    divan::main();
}

fn series() -> DynamicSeries {
    let geometry =
        Geometry::axis_aligned([256, 256, 60], [0.7, 0.7, 2.0], [0.0; 3]).expect("a grid");
    let phase = |number: usize| Phase {
        image: Image::from_fn(geometry, |[i, j, k]| {
            ((i * 31 + j * 17 + k * 7 + number) % 1009) as f32
        }),
        time_s: None,
    };
    DynamicSeries::new((0..6).map(phase).collect()).expect("six phases")
}

#[divan::bench(args = Profile::ALL)]
fn patient(bencher: divan::Bencher<'_, '_>, profile: Profile) {
    let series = series();
    let mask = Mask::from_fn(*series.geometry(), |[i, j, k]| {
        let d = (i as f32 - 120.0).powi(2)
            + (j as f32 - 90.0).powi(2)
            + 8.0 * (k as f32 - 30.0).powi(2);
        d < 900.0
    });
    let inputs: Vec<PhaseInput> = ["C2", "C2-C0", "C5-C2"]
        .iter()
        .map(|t| t.parse().expect("an input"))
        .collect();
    bencher.bench_local(|| {
        let window = Window::of(black_box(&mask), &profile).expect("a window");
        let mask = window.cut_mask().expect("a mask");
        let patches = inputs.iter().map(|input| {
            let patch = phase_input(&series, input, &window).expect("a patch");
            encoder_input(&patch, &mask, Variant::Bbox).expect("an input")
        });
        patches.collect::<Vec<_>>()
    });
}
