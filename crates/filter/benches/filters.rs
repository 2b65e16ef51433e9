//! The speed of filters on 128 x 128 x 64 voxels; `benches/compare.py` times SciPy and MIRP on the same.

use std::hint::black_box;
use triher_filter::Filter;
use triher_volume::{Geometry, Image};

fn main() {
    divan::main();
}

#[divan::bench(args = [
    "kind='mean'\nsupport=5",
    "kind='log'\nsigma-mm=2.0",
    "kind='laws'\nkernels='L5E5E5'\npooling='max'\nenergy-distance=7",
    "kind='gabor'\nsigma-mm=5.0\nlambda-mm=2.0\ngamma=1.5\nstep-deg=22.5\northogonal-planes=true",
    "kind='wavelet'\nfamily='db3'\nband='LLH'\npooling='mean'",
    "kind='isotropic-wavelet'\nlevel=1",
], sample_count = 5)]
fn filter(bencher: divan::Bencher<'_, '_>, settings: &str) {
    let grid = Geometry::axis_aligned([128, 128, 64], [1.0; 3], [0.0; 3]).expect("fits");
    let image = Image::from_fn(grid, |[i, j, k]| ((i * 31 + j * 17 + k * 7) % 101) as f32);
    let filter: Filter = toml::from_str(settings).expect("known settings");
    bencher.bench_local(|| filter.apply(black_box(&image)).expect("a response"));
}
