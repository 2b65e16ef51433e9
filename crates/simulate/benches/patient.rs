//! The speed of simulating one patient of the demonstration.

use std::hint::black_box;
use triher_simulate::{CohortSpec, simulate_patient};

fn main() {
    divan::main();
}

#[divan::bench(args = [0, 1, 2], sample_count = 5)]
fn demo_patient(bencher: divan::Bencher<'_, '_>, centre: usize) {
    let spec = CohortSpec::demo(1);
    bencher.bench_local(|| simulate_patient(black_box(&spec), centre, 0).expect("a patient"));
}
