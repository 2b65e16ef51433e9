//! A voxel map of the lesion over every phase, as one picture.

use crate::StudyError;
use crate::canvas::Canvas;
use crate::pictures::{
    Close, Slice, Upright, close_to, fullest_slice, grey_window, sorted, value_at,
};
use triher_region::outline;
use triher_volume::{DynamicSeries, Image, Mask, crop};

/// Width of a panel, pixels.
const PANEL: usize = 300;
const COLUMNS: usize = 3;
const GAP: usize = 12;
const LETTERS: usize = 2;
/// Height of a line of text.
const LINE: usize = 24;
const PAPER: [u8; 3] = [255; 3];
const INK: [u8; 3] = [20; 3];
/// Okabe and Ito's reddish purple, which is no colour of the map.
const OUTLINE: [u8; 3] = [204, 121, 167];
const BAR: [usize; 2] = [240, 16];
/// How much of the colour is seen over the grey.
const OPACITY: f64 = 0.65;
/// Colours of small to large values: five of viridis (Smith and van der Walt, 2015), which the colour-blind and grey prints keep in order.
const RAMP: [[f64; 3]; 5] = [
    [68.0, 1.0, 84.0],
    [59.0, 82.0, 139.0],
    [33.0, 145.0, 140.0],
    [94.0, 201.0, 98.0],
    [253.0, 231.0, 37.0],
];

/// The phases around a lesion, on which maps are drawn.
pub(crate) struct PhaseBackdrop {
    close: Close,
    upright: Upright,
    /// The axial slice on which the lesion is largest, of the part that is shown.
    index: usize,
    slices: Vec<Slice>,
    inside: Vec<bool>,
    outlines: Vec<Vec<[f64; 2]>>,
    window: (f32, f32),
    /// Pixels of a panel, and millimetres of its width and height.
    panel: [usize; 2],
    captions: Vec<String>,
    axial_slice: usize,
}

impl PhaseBackdrop {
    /// Goes close to the lesion.
    ///
    /// # Errors
    /// When the mask is empty.
    pub(crate) fn new(series: &DynamicSeries, lesion: &Mask) -> Result<Self, StudyError> {
        let near = lesion.map(|&inside| f32::from(u8::from(inside)));
        let close = close_to(series, lesion, &near)?;
        let upright = Upright::of(close.series.geometry());
        let turned = upright.turned(&close.lesion)?;
        let index = fullest_slice(&turned, 2);
        let mut slices = Vec::with_capacity(close.series.phases().len());
        for phase in close.series.phases() {
            slices.push(Slice::of(&upright.turned(&phase.image)?, 2, index));
        }
        let window = grey_window(slices.iter().flat_map(|s| s.values.iter().copied()));
        let shown = turned.map(|&inside| f32::from(u8::from(inside)));
        let inside = Slice::of(&shown, 2, index).values;
        let spacing = turned.geometry().spacing_mm();
        let size = turned.geometry().size();
        let height = PANEL as f64 * (size[1] as f64 * spacing[1]) / (size[0] as f64 * spacing[0]);
        let captions = close.series.phases().iter().enumerate();
        let captions = captions.map(|(number, phase)| match phase.time_s {
            Some(time_s) => format!("C{number}, {time_s:.0} s"),
            None => format!("C{number}"),
        });
        Ok(Self {
            captions: captions.collect(),
            axial_slice: 1 + upright.stored_index(2, index) + close.start[upright.stored_axis(2)],
            outlines: outline(&turned, 2, index),
            inside: inside.iter().map(|v| *v > 0.5).collect(),
            panel: [PANEL, (height.round() as usize).clamp(1, 4 * PANEL)],
            index,
            slices,
            window,
            upright,
            close,
        })
    }

    /// The map (on the grid of the phases) within the lesion's outline, over each phase, with the range that its colours stand for: the 2nd to
    /// the 98th percentile of the slice. `None` when the map has no value there. PNG.
    ///
    /// # Errors
    /// When the map lies on another grid.
    pub(crate) fn draw(&self, title: &str, map: &Image) -> Result<Option<Vec<u8>>, StudyError> {
        let count = self.close.lesion.geometry().size();
        let part = self.upright.turned(&crop(map, self.close.start, count)?)?;
        let values = Slice::of(&part, 2, self.index).values;
        let inside = values
            .iter()
            .zip(&self.inside)
            .filter(|(_, inside)| **inside);
        let present = sorted(inside.map(|(v, _)| *v));
        let [Some(low), Some(high)] = [0.02, 0.98].map(|share| value_at(&present, share)) else {
            return Ok(None);
        };
        let columns = self.slices.len().min(COLUMNS);
        let rows = self.slices.len().div_ceil(COLUMNS);
        let title = format!("{title}, axial slice {}", self.axial_slice);
        let legend = format!("{} to {}", short(low), short(high));
        let words = [
            Canvas::text_width(&title, LETTERS),
            BAR[0] + GAP + Canvas::text_width(&legend, LETTERS),
        ];
        let width = (columns * (PANEL + GAP) - GAP).max(words[0]).max(words[1]);
        let row = self.panel[1] + LINE + GAP;
        let size = [width + 2 * GAP, GAP + 2 * LINE + rows * row + LINE];
        let mut canvas = Canvas::new(size, PAPER);
        canvas.text([GAP, GAP], &title, LETTERS, INK);
        for (number, slice) in self.slices.iter().enumerate() {
            let corner = [
                GAP + number % COLUMNS * (PANEL + GAP),
                GAP + LINE + number / COLUMNS * row,
            ];
            canvas.text(
                [corner[0], corner[1] + 4],
                &self.captions[number],
                LETTERS,
                INK,
            );
            let corner = [corner[0], corner[1] + LINE];
            self.panel(&mut canvas, slice, &values, [low, high], corner);
        }
        let top = GAP + LINE + rows * row + 4;
        for x in 0..BAR[0] {
            let colour = ramp(x as f64 / (BAR[0] - 1) as f64);
            (0..BAR[1]).for_each(|y| canvas.set(GAP + x, top + y, colour));
        }
        canvas.text([2 * GAP + BAR[0], top], &legend, LETTERS, INK);
        canvas.png().map(Some)
    }

    fn panel(
        &self,
        canvas: &mut Canvas,
        slice: &Slice,
        values: &[f32],
        [low, high]: [f32; 2],
        corner: [usize; 2],
    ) {
        let [width, height] = self.panel;
        let share = |value: f32, from: f32, to: f32| match to > from {
            true => f64::from((value - from) / (to - from)).clamp(0.0, 1.0),
            false => 0.5,
        };
        for y in 0..height {
            for x in 0..width {
                let at = x * slice.width / width + slice.width * (y * slice.height / height);
                let grey = 255.0 * share(slice.values[at], self.window.0, self.window.1);
                let colour = match self.inside[at] && values[at].is_finite() {
                    true => ramp(share(values[at], low, high))
                        .map(|c| OPACITY * f64::from(c) + (1.0 - OPACITY) * grey),
                    false => [grey; 3],
                };
                let colour = colour.map(|c| c.round() as u8);
                canvas.set(corner[0] + x, corner[1] + y, colour);
            }
        }
        let place = |p: [f64; 2]| {
            [
                corner[0] as f64 + (p[0] + 0.5) / slice.width as f64 * width as f64,
                corner[1] as f64 + (p[1] + 0.5) / slice.height as f64 * height as f64,
            ]
        };
        for line in &self.outlines {
            for (at, from) in line.iter().enumerate() {
                let to = line[(at + 1) % line.len()];
                canvas.line(place(*from), place(to), OUTLINE);
            }
        }
    }
}

/// A colour between those of [`RAMP`], for 0 to 1.
fn ramp(share: f64) -> [u8; 3] {
    let along = share.clamp(0.0, 1.0) * (RAMP.len() - 1) as f64;
    let from = (along.floor() as usize).min(RAMP.len() - 2);
    let part = along - from as f64;
    let mix = |c: usize| RAMP[from][c] + part * (RAMP[from + 1][c] - RAMP[from][c]);
    [mix(0), mix(1), mix(2)].map(|c| c.round() as u8)
}

/// A number in about three digits.
fn short(value: f32) -> String {
    match value.abs() {
        large if large >= 100.0 => format!("{value:.0}"),
        middle if middle >= 0.1 => format!("{value:.2}"),
        0.0 => "0".to_owned(),
        small if small >= 0.001 => format!("{value:.4}"),
        _ => format!("{value:.1e}"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use triher_volume::{Geometry, Phase};

    #[test]
    fn colours_lie_in_the_lesion_and_follow_the_map() {
        let directions = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, -1.0]];
        let grid = Geometry::from_parts([40, 40, 8], [0.0; 3], [1.0, 1.0, 3.0], directions);
        let grid = grid.unwrap();
        let lesion = Mask::from_fn(grid, |[i, j, k]| {
            (12..24).contains(&i) && (15..27).contains(&j) && (3..5).contains(&k)
        });
        let phase = |grey: f32| Phase {
            image: Image::from_fn(grid, |[i, ..]| grey + i as f32),
            time_s: Some(f64::from(grey)),
        };
        let series = DynamicSeries::new(vec![phase(10.0), phase(60.0)]).unwrap();
        let backdrop = PhaseBackdrop::new(&series, &lesion).unwrap();
        assert_eq!(backdrop.captions, ["C0, 0 s", "C1, 50 s"]);
        let map = Image::from_fn(grid, |[i, ..]| i as f32);
        let png = backdrop.draw("test", &map).unwrap().unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        let at = |x: usize, y: usize| {
            let offset = 3 * (x + info.width as usize * y);
            [pixels[offset], pixels[offset + 1], pixels[offset + 2]]
        };
        // The part shown is the lesion and 8 mm around it: 28 columns. Left in the lesion is dark violet, right is yellow, outside is grey.
        let place = |i: usize, j: usize| {
            let [width, height] = backdrop.panel;
            let part = |v: usize, low: usize, n: usize| (2 * (v - low) + 1) * n / 56;
            (GAP + part(i, 4, width), GAP + 2 * LINE + part(j, 7, height))
        };
        let of = |i, j| {
            let (x, y) = place(i, j);
            at(x, y)
        };
        let grey = |[r, g, b]: [u8; 3]| r == g && g == b;
        assert!(grey(of(6, 20)) && grey(of(30, 20)) && grey(of(18, 10)));
        let (left, right) = (of(13, 20), of(22, 20));
        let yellow = right[0].min(right[1]) > 2 * right[2];
        assert!(left[2] > left[1] && yellow, "{left:?} {right:?}");
        // Nothing to draw where the map has no value.
        let empty = Image::filled(grid, f32::NAN);
        assert!(backdrop.draw("test", &empty).unwrap().is_none());
    }

    #[test]
    fn numbers_are_short() {
        let said = [0.0, 123.4, -1.234, 0.0123, 2e-5].map(short);
        assert_eq!(said, ["0", "123", "-1.23", "0.0123", "2.0e-5"]);
    }
}
