//! Figures as pixels.

use crate::patient::Typeface;
use crate::picture::ReportError;
use resvg::tiny_skia::{Color, Pixmap, Transform};

/// Draws figures as PNG, with the fonts of the reports: the same bytes on every machine.
pub struct Rasters {
    typeface: Typeface,
}

impl std::fmt::Debug for Rasters {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Rasters").finish_non_exhaustive()
    }
}

impl Rasters {
    /// Reads the fonts.
    ///
    /// # Errors
    /// None with the fonts that ship.
    pub fn new() -> Result<Self, ReportError> {
        Ok(Self {
            typeface: Typeface::new()?,
        })
    }

    /// A figure on white, so many pixels wide.
    ///
    /// # Errors
    /// [`ReportError::Figure`] when the text is no SVG or its picture would be empty or larger than memory allows.
    pub fn png(&self, svg: &str, width_px: u32) -> Result<Vec<u8>, ReportError> {
        let failed = |problem: String| ReportError::Figure(problem);
        let tree = (self.typeface.figure(svg)).map_err(|e| failed(e.to_string()))?;
        let scale = width_px as f32 / tree.size().width();
        let height_px = (tree.size().height() * scale).ceil() as u32;
        let empty = || failed(format!("it would have {width_px} x {height_px} pixels"));
        let mut pixels = Pixmap::new(width_px, height_px).ok_or_else(empty)?;
        pixels.fill(Color::WHITE);
        resvg::render(
            &tree,
            Transform::from_scale(scale, scale),
            &mut pixels.as_mut(),
        );
        pixels.encode_png().map_err(|e| failed(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_figure_is_drawn_with_its_text() {
        let svg = |text: &str| {
            format!(
                "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 20 10' width='20' height='10' font-family='sans-serif'>\
                 <rect x='0' y='0' width='10' height='10' fill='#0072b2'/><text x='11' y='9' font-size='9'>{text}</text></svg>"
            )
        };
        let rasters = Rasters::new().unwrap();
        let png = |text: &str| rasters.png(&svg(text), 200).unwrap();
        let decoded = Pixmap::decode_png(&png("A")).unwrap();
        assert_eq!((decoded.width(), decoded.height()), (200, 100));
        let at = |x, y| {
            let p = decoded.pixel(x, y).unwrap();
            [p.red(), p.green(), p.blue()]
        };
        assert_eq!((at(50, 50), at(195, 5)), ([0, 0x72, 0xb2], [255; 3]));
        assert_ne!(png("A"), png("B"));
        assert_eq!(png("A"), png("A"));
        assert!(rasters.png("<p>", 200).is_err());
        assert!(rasters.png(&svg(""), 0).is_err());
    }
}
