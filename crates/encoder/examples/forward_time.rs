//! Loads the checkpoint named on the command line; then, for each line `N` of standard input, embeds N volumes and writes the
//! seconds it took. `benches/compare.py` talks to it, to time other engines in turn with this one.

#![expect(clippy::print_stdout, reason = "the answer")]

use std::io::BufRead;
use std::time::Instant;
use triher_encoder::Encoder;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let path = std::env::args_os().nth(1).ok_or("name a checkpoint")?;
    let started = Instant::now();
    let encoder = Encoder::load(path.as_ref())?;
    eprint_seconds("loaded", started);
    let length = encoder.config().input_len();
    for line in std::io::stdin().lock().lines() {
        let count: usize = line?.trim().parse()?;
        let volume = |n: usize| (0..length).map(move |i| ((n * length + i) as f32 * 0.7).sin());
        let inputs: Vec<Vec<f32>> = (0..count).map(|n| volume(n).collect()).collect();
        let inputs: Vec<&[f32]> = inputs.iter().map(Vec::as_slice).collect();
        let started = Instant::now();
        let embeddings = encoder.embed(&inputs)?;
        let seconds = started.elapsed().as_secs_f64();
        assert_eq!(embeddings.len(), count);
        println!("{seconds}");
    }
    Ok(())
}

#[expect(clippy::print_stderr, reason = "beside the answers")]
fn eprint_seconds(what: &str, started: Instant) {
    eprintln!("{what}: {:.2} s", started.elapsed().as_secs_f64());
}
