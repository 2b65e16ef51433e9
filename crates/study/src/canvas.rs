//! A small colour picture that is drawn on: points, lines, words; PNG in the end.

use crate::StudyError;
use font8x8::UnicodeFonts;

/// Side of a letter's cell before it is enlarged, pixels.
const LETTER: usize = 8;

/// A colour picture.
pub(crate) struct Canvas {
    size: [usize; 2],
    pixels: Vec<u8>,
}

impl Canvas {
    /// A picture of one colour.
    pub(crate) fn new(size: [usize; 2], colour: [u8; 3]) -> Self {
        let pixels = colour.repeat(size[0] * size[1]);
        Self { size, pixels }
    }

    /// Colours a point; outside of the picture nothing happens.
    pub(crate) fn set(&mut self, x: usize, y: usize, colour: [u8; 3]) {
        if x < self.size[0] && y < self.size[1] {
            let at = 3 * (x + self.size[0] * y);
            self.pixels[at..at + 3].copy_from_slice(&colour);
        }
    }

    /// A line two pixels wide.
    pub(crate) fn line(&mut self, from: [f64; 2], to: [f64; 2], colour: [u8; 3]) {
        let steps = (to[0] - from[0])
            .abs()
            .max((to[1] - from[1]).abs())
            .ceil()
            .max(1.0);
        for step in 0..=steps as usize {
            let t = step as f64 / steps;
            let at = |a: usize| (from[a] + t * (to[a] - from[a])).round().max(0.0) as usize;
            for (dx, dy) in [(0, 0), (1, 0), (0, 1), (1, 1)] {
                self.set(at(0) + dx, at(1) + dy, colour);
            }
        }
    }

    /// Width of a text in pixels when its letters are `scale` times enlarged.
    pub(crate) fn text_width(text: &str, scale: usize) -> usize {
        text.chars().count() * LETTER * scale
    }

    /// Writes a text from its upper left corner on; letters that the font lacks are question marks.
    pub(crate) fn text(&mut self, place: [usize; 2], text: &str, scale: usize, colour: [u8; 3]) {
        let unknown = [0u8; LETTER];
        for (number, letter) in text.chars().enumerate() {
            let known = font8x8::BASIC_FONTS.get(letter);
            let known = known.or_else(|| font8x8::BASIC_FONTS.get('?'));
            let rows = known.unwrap_or(unknown);
            let left = place[0] + number * LETTER * scale;
            for (y, row) in rows.iter().enumerate() {
                for x in (0..LETTER).filter(|x| row >> x & 1 == 1) {
                    for dot in 0..scale * scale {
                        let (dx, dy) = (dot % scale, dot / scale);
                        self.set(left + x * scale + dx, place[1] + y * scale + dy, colour);
                    }
                }
            }
        }
    }

    /// The picture as PNG.
    pub(crate) fn png(&self) -> Result<Vec<u8>, StudyError> {
        let internal = |e: png::EncodingError| StudyError::Internal(format!("PNG: {e}"));
        let mut bytes = Vec::new();
        let mut encoder = png::Encoder::new(&mut bytes, self.size[0] as u32, self.size[1] as u32);
        encoder.set_color(png::ColorType::Rgb);
        encoder.set_depth(png::BitDepth::Eight);
        let mut writer = encoder.write_header().map_err(internal)?;
        writer.write_image_data(&self.pixels).map_err(internal)?;
        writer.finish().map_err(internal)?;
        Ok(bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn letters_are_drawn_where_they_belong_and_cut_at_the_border() {
        let mut canvas = Canvas::new([20, 10], [0; 3]);
        canvas.text([2, 1], "Ié", 1, [255; 3]);
        let lit = |canvas: &Canvas| {
            let dots = canvas.pixels.chunks_exact(3).enumerate();
            dots.filter(|(_, p)| p[0] == 255)
                .map(|(at, _)| [at % 20, at / 20])
                .collect::<Vec<_>>()
        };
        let dots = lit(&canvas);
        assert!(!dots.is_empty());
        assert!(
            dots.iter()
                .all(|[x, y]| (2..18).contains(x) && (1..9).contains(y))
        );
        let mut other = Canvas::new([20, 10], [0; 3]);
        other.text([2, 1], "I?", 1, [255; 3]);
        assert_eq!(
            lit(&other),
            dots,
            "a letter that the font lacks is a question mark"
        );
        canvas.text([15, 5], "MM", 3, [9; 3]);
        assert_eq!(Canvas::text_width("MM", 3), 48);
    }
}
