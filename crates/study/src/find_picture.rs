//! The picture for quality control: the slice with the best candidate, and the projection of the early enhancement with all of them.

use crate::StudyError;
use crate::canvas::Canvas;
use triher_detection::Picture;

/// Shorter side of a panel in pixels.
const PANEL: f64 = 420.0;
const GAP: usize = 12;
const BREAST: [u8; 3] = [90, 160, 255];
const BEST: [u8; 3] = [255, 190, 0];
const OTHER: [u8; 3] = [230, 120, 200];

type Outlines = [Vec<[f64; 2]>];

/// Draws both panels side by side as PNG; the breast is outlined in blue, the likeliest candidate in yellow, the others in pink.
pub(crate) fn picture(of: &Picture) -> Result<Vec<u8>, StudyError> {
    let extent = [0, 1].map(|a| of.size[a] as f64 * of.spacing_mm[a]);
    let scale = PANEL / extent[0].min(extent[1]);
    let pixels = [0, 1].map(|a| ((extent[a] * scale).round() as usize).clamp(1, 4000));
    let panels = 1 + usize::from(of.slice.is_some());
    let size = [panels * pixels[0] + (panels - 1) * GAP, pixels[1]];
    let mut canvas = Canvas::new(size, [255; 3]);
    // Rows that rise to the feet or the back are drawn downwards; columns that rise to the right or front are turned.
    let flip = [
        matches!(of.directions[0], 'R' | 'A'),
        matches!(of.directions[1], 'S' | 'A'),
    ];
    let mut left = 0;
    if let Some(slice) = &of.slice {
        panel(&mut canvas, of, &slice.pixels, left, pixels, flip);
        outlines(&mut canvas, of, &slice.breast, left, pixels, flip, BREAST);
        outlines(&mut canvas, of, &slice.outlines, left, pixels, flip, BEST);
        left += pixels[0] + GAP;
    }
    panel(&mut canvas, of, &of.projection, left, pixels, flip);
    outlines(&mut canvas, of, &of.breast, left, pixels, flip, BREAST);
    for (rank, candidate) in of.candidates.iter().enumerate().rev() {
        let colour = if rank == 0 { BEST } else { OTHER };
        outlines(&mut canvas, of, candidate, left, pixels, flip, colour);
    }
    canvas.png()
}

fn panel(
    canvas: &mut Canvas,
    of: &Picture,
    values: &[f32],
    left: usize,
    pixels: [usize; 2],
    flip: [bool; 2],
) {
    let white = of.white.max(f32::MIN_POSITIVE);
    for y in 0..pixels[1] {
        for x in 0..pixels[0] {
            let at: [usize; 2] = [(x, 0), (y, 1)].map(|(p, a)| {
                let index = p * of.size[a] / pixels[a];
                if flip[a] {
                    of.size[a] - 1 - index
                } else {
                    index
                }
            });
            let value = values
                .get(at[0] + of.size[0] * at[1])
                .copied()
                .unwrap_or(0.0);
            let grey = (255.0 * (value / white).clamp(0.0, 1.0)) as u8;
            canvas.set(left + x, y, [grey; 3]);
        }
    }
}

fn outlines(
    canvas: &mut Canvas,
    of: &Picture,
    outlines: &Outlines,
    left: usize,
    pixels: [usize; 2],
    flip: [bool; 2],
    colour: [u8; 3],
) {
    let place = |p: [f64; 2]| -> [f64; 2] {
        let at: [f64; 2] = std::array::from_fn(|a| {
            let share = (p[a] + 0.5) / of.size[a] as f64;
            let share = if flip[a] { 1.0 - share } else { share };
            share * pixels[a] as f64
        });
        [at[0] + left as f64, at[1]]
    };
    for outline in outlines {
        for (at, from) in outline.iter().enumerate() {
            let to = outline[(at + 1) % outline.len()];
            canvas.line(place(*from), place(to), colour);
        }
    }
}
