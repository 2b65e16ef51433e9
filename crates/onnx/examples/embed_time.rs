//! Opens the card named on the command line in `tract` or `onnxruntime`; then, for each line `N` of standard input, embeds N patches and
//! writes the seconds it took. `benches/compare.py` talks to it, to time both runtimes and PyTorch in turn.

#![expect(clippy::print_stdout, reason = "the answer")]

use std::io::BufRead;
use std::time::Instant;
use triher_onnx::{OnnxEncoder, Runtime};
use triher_volume::{Geometry, Image, Mask};

/// Voxels along each axis of the patches; the card's size, so that nothing is resized.
const SIDE: usize = 48;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let mut arguments = std::env::args_os().skip(1);
    let card = arguments.next().ok_or("name a card and a runtime")?;
    let runtime = match arguments.next() {
        Some(name) if name == "onnxruntime" => Runtime::OnnxRuntime { library: None },
        _ => Runtime::Tract,
    };
    let started = Instant::now();
    let encoder = OnnxEncoder::open(card.as_ref(), &runtime)?;
    println!("{}", started.elapsed().as_secs_f64());
    let geometry = Geometry::axis_aligned([SIDE; 3], [1.0; 3], [0.0; 3])?;
    for line in std::io::stdin().lock().lines() {
        let count: usize = line?.trim().parse()?;
        let patches: Vec<Image> = (0..count)
            .map(|n| {
                Image::from_fn(geometry, |[i, j, k]| {
                    ((((n * SIDE + k) * SIDE + j) * SIDE + i) as f64 * 0.7).sin() as f32
                })
            })
            .collect();
        let masks = vec![Mask::filled(geometry, true); count];
        let started = Instant::now();
        let rows = encoder.embed(&patches, &masks)?;
        let seconds = started.elapsed().as_secs_f64();
        assert_eq!(rows.len(), count);
        // The first row lets the script see that every engine computes the same.
        let first = &rows[0][..rows[0].len().min(8)];
        println!("{seconds} {first:?}");
    }
    Ok(())
}
