//! The speed of features of a lesion and of maps of a whole image, for a usual study: 256 x 256 x 60 voxels, 6 phases.

use std::hint::black_box;
use triher_kinetics::{FeatureOptions, UcsfRule, features, percent_enhancement};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase};

fn main() {
    divan::main();
}

fn study() -> DynamicSeries {
    let geometry = Geometry::axis_aligned([256, 256, 60], [0.7, 0.7, 2.0], [0.0; 3]).expect("fits");
    let phases = (0..6).map(|phase| Phase {
        image: Image::from_fn(geometry, |[i, j, k]| {
            100.0 + ((i * 31 + j * 17 + k * 7) % 101 * (1 + phase)) as f32
        }),
        time_s: Some(90.0 * phase as f64),
    });
    DynamicSeries::new(phases.collect()).expect("one grid")
}

/// A ball of the given radius in millimetres.
fn ball(series: &DynamicSeries, radius_mm: f64) -> Mask {
    let geometry = *series.geometry();
    Mask::from_fn(geometry, |index| {
        let p = geometry.index_to_world(index.map(|i| i as f64));
        let d = [p[0] - 90.0, p[1] - 90.0, p[2] - 60.0];
        d.iter().map(|v| v * v).sum::<f64>() <= radius_mm * radius_mm
    })
}

#[divan::bench(args = [8.0, 15.0, 30.0])]
fn lesion(bencher: divan::Bencher<'_, '_>, radius_mm: f64) {
    let series = study();
    let mask = ball(&series, radius_mm);
    let options = FeatureOptions::default();
    bencher.bench_local(|| features(black_box(&series), &mask, &options).expect("a lesion"));
}

#[divan::bench]
fn percent_enhancement_map(bencher: divan::Bencher<'_, '_>) {
    let series = study();
    let post = &series.post()[0].image;
    bencher.bench_local(|| {
        percent_enhancement(black_box(series.pre()), post, 20.0).expect("one grid")
    });
}

#[divan::bench]
fn signal_enhancement_ratio_map(bencher: divan::Bencher<'_, '_>) {
    let series = study();
    let (first, last) = (&series.post()[0].image, &series.post()[4].image);
    let rule = UcsfRule::default();
    bencher.bench_local(|| {
        rule.signal_enhancement_ratio(black_box(series.pre()), first, last)
            .expect("one grid")
    });
}
