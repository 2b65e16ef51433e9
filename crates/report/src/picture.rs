//! Grey pictures: slices and patches, as PNG inside of the page.

use crate::palette::{CROP, OUTLINE};
use crate::svg::{coordinate, escape};
use base64::Engine as _;
use std::fmt::Write as _;

/// Pixels of the largest picture that is accepted: 8192 by 8192.
const MAX_PIXELS: usize = 1 << 26;

/// Why a picture could not be made.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum ReportError {
    /// No pixels, or more than 2^26.
    #[error(
        "a picture of {width} by {height} pixels cannot be put into a report: each side needs 1 to 8192 pixels"
    )]
    PictureSize {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
    },
    /// A file is no grey PNG picture.
    #[error("a picture is no grey PNG file of 8 bits: make it again with `triher extract --fresh`")]
    NotGrey,
    /// A figure could not be drawn as pixels.
    #[error("a figure cannot be drawn as PNG: {0}; its SVG file holds it")]
    Figure(String),
    /// The PDF file could not be made.
    #[error("the report cannot be written as PDF: {0}; write it as HTML and report the problem")]
    Pdf(String),
    /// The number of values does not fit the size.
    #[error(
        "{found} values were given for a picture of {width} by {height} pixels, which needs {expected}"
    )]
    PixelCount {
        /// Columns.
        width: usize,
        /// Rows.
        height: usize,
        /// Values that are needed.
        expected: usize,
        /// Values that were given.
        found: usize,
    },
}

/// A grey picture of 8 bits, rows from the top, with the shape of its pixels.
#[derive(Debug, Clone, PartialEq)]
pub struct GreyImage {
    width: usize,
    height: usize,
    pixels: Vec<u8>,
    pixel_aspect: f64,
    /// Per pixel 0 (none) to 255; empty without heat.
    heat: Vec<u8>,
}

impl GreyImage {
    /// A picture from `width * height` grey values (0 black, 255 white), row after row from the top.
    ///
    /// # Errors
    /// A side of zero or above 8192 pixels, or another number of values.
    pub fn new(width: usize, height: usize, pixels: Vec<u8>) -> Result<Self, ReportError> {
        let expected = width
            .checked_mul(height)
            .filter(|n| (1..=MAX_PIXELS).contains(n) && width <= 8192 && height <= 8192)
            .ok_or(ReportError::PictureSize { width, height })?;
        if pixels.len() != expected {
            return Err(ReportError::PixelCount {
                width,
                height,
                expected,
                found: pixels.len(),
            });
        }
        Ok(Self {
            width,
            height,
            pixels,
            pixel_aspect: 1.0,
            heat: Vec::new(),
        })
    }

    /// A picture from intensities: `window.0` and below is black, `window.1` and above white, in
    /// between linear. NaN is black. A window without width separates above from not above.
    ///
    /// # Errors
    /// As [`GreyImage::new`].
    pub fn from_slice(
        values: &[f32],
        width: usize,
        height: usize,
        window: (f32, f32),
    ) -> Result<Self, ReportError> {
        let (low, high) = (f64::from(window.0), f64::from(window.1));
        let grey = |value: &f32| {
            let value = f64::from(*value);
            if high > low {
                // A cast of NaN gives 0.
                (255.0 * ((value - low) / (high - low)).clamp(0.0, 1.0)).round() as u8
            } else if value > low {
                255
            } else {
                0
            }
        };
        Self::new(width, height, values.iter().map(grey).collect())
    }

    /// The same picture with pixels that are `aspect` times as high as wide (row spacing over column
    /// spacing). Values that are not finite or beyond 0.05..=20 are ignored.
    pub fn with_pixel_aspect(mut self, aspect: f64) -> Self {
        if (0.05..=20.0).contains(&aspect) {
            self.pixel_aspect = aspect;
        }
        self
    }

    /// The same picture with heat over it: per pixel 0 (none) to 1 (most), row after row from the top. Values beyond are cut, NaN is none.
    /// Another number of values than pixels leaves the picture as it is.
    pub fn with_heat(mut self, heat: &[f32]) -> Self {
        if heat.len() == self.pixels.len() {
            // A cast of NaN gives 0.
            let level = |value: &f32| (255.0 * value.clamp(0.0, 1.0)).round() as u8;
            self.heat = heat.iter().map(level).collect();
        }
        self
    }

    /// Red, green and blue with the heat laid over the grey: from orange (little) to the red of the legend (most), ever less transparent.
    fn coloured(&self) -> Vec<u8> {
        let pixels = self.pixels.iter().zip(&self.heat);
        let mixed = pixels.flat_map(|(&grey, &heat)| {
            let level = f64::from(heat) / 255.0;
            let opacity = 0.8 * level;
            let (little, most) = ([230.0, 159.0, 0.0], [213.0, 50.0, 0.0]);
            [0, 1, 2].map(|k: usize| {
                let colour: f64 = little[k] + level * (most[k] - little[k]);
                let opacity = if heat == 0 { 0.0 } else { opacity };
                (opacity * colour + (1.0 - opacity) * f64::from(grey)).round() as u8
            })
        });
        mixed.collect()
    }

    /// A grey picture of 8 bits from a PNG file, such as those that `triher extract` leaves beside its table.
    ///
    /// # Errors
    /// [`ReportError::NotGrey`] for anything else, and a side above 8192 pixels.
    pub fn from_png(bytes: &[u8]) -> Result<Self, ReportError> {
        let wrong = |_| ReportError::NotGrey;
        let mut reader = png::Decoder::new(std::io::Cursor::new(bytes))
            .read_info()
            .map_err(wrong)?;
        let info = reader.info();
        let grey = (png::ColorType::Grayscale, png::BitDepth::Eight);
        if (info.color_type, info.bit_depth) != grey {
            return Err(ReportError::NotGrey);
        }
        let (width, height) = (info.width as usize, info.height as usize);
        if width > 8192 || height > 8192 {
            return Err(ReportError::PictureSize { width, height });
        }
        let mut pixels = vec![0; width * height];
        reader.next_frame(&mut pixels).map_err(wrong)?;
        Self::new(width, height, pixels)
    }

    /// Columns.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Rows.
    pub fn height(&self) -> usize {
        self.height
    }

    /// Height of a pixel over its width.
    pub fn pixel_aspect(&self) -> f64 {
        self.pixel_aspect
    }

    /// Grey values, row after row from the top.
    pub fn pixels(&self) -> &[u8] {
        &self.pixels
    }

    /// The picture as a PNG file.
    pub fn png(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        // The sides lie in 1..=8192 and the memory takes every write, so the encoder has no reason to
        // fail; should it, the picture is left empty and the text around it stays.
        let (width, height) = (self.width as u32, self.height as u32);
        let mut encoder = png::Encoder::new(&mut bytes, width, height);
        let coloured = (!self.heat.is_empty()).then(|| self.coloured());
        encoder.set_color(match coloured {
            Some(_) => png::ColorType::Rgb,
            None => png::ColorType::Grayscale,
        });
        encoder.set_depth(png::BitDepth::Eight);
        let written = encoder.write_header().and_then(|mut writer| {
            writer.write_image_data(coloured.as_deref().unwrap_or(&self.pixels))?;
            writer.finish()
        });
        match written {
            Ok(()) => bytes,
            Err(_) => Vec::new(),
        }
    }

    /// The picture as a `data:` address.
    fn data_uri(&self) -> String {
        png_uri(&self.png())
    }
}

/// A PNG file as a `data:` address.
pub(crate) fn png_uri(png: &[u8]) -> String {
    let text = base64::engine::general_purpose::STANDARD.encode(png);
    format!("data:image/png;base64,{text}")
}

/// The picture as SVG with outlines and a crop box over it.
///
/// Outlines and box are in pixel coordinates in which the centre of the first pixel is (0, 0): the
/// picture spans -0.5 to `width - 0.5`. `sharp` shows pixels as squares instead of smoothing them.
pub(crate) fn draw(
    image: &GreyImage,
    outlines: &[Vec<[f64; 2]>],
    crop: Option<[f64; 4]>,
    title: &str,
    sharp: bool,
) -> String {
    let (w, h) = (image.width as f64, image.height as f64 * image.pixel_aspect);
    let place = |[x, y]: [f64; 2]| [x + 0.5, (y + 0.5) * image.pixel_aspect];
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" role=\"img\" viewBox=\"0 0 {} {}\" \
         class=\"picture\"><title>{}</title><image width=\"{}\" height=\"{}\" \
         preserveAspectRatio=\"none\"{} href=\"{}\"/>",
        coordinate(w),
        coordinate(h),
        escape(title),
        coordinate(w),
        coordinate(h),
        if sharp {
            " style=\"image-rendering:pixelated\""
        } else {
            ""
        },
        image.data_uri()
    );
    for outline in outlines {
        let points: Vec<String> = outline
            .iter()
            .filter(|p| p[0].is_finite() && p[1].is_finite())
            .map(|p| place(*p))
            .map(|[x, y]| format!("{},{}", coordinate(x), coordinate(y)))
            .collect();
        if points.len() < 2 {
            continue;
        }
        // Dark under bright, so that the line is seen on every grey.
        for (colour, width) in [("#000", "2.6"), (OUTLINE, "1.3")] {
            let _ = write!(
                svg,
                "<polygon points=\"{}\" fill=\"none\" stroke=\"{colour}\" stroke-width=\"{width}\" \
                 vector-effect=\"non-scaling-stroke\"/>",
                points.join(" ")
            );
        }
    }
    if let Some([x0, y0, x1, y1]) = crop.filter(|c| c.iter().all(|v| v.is_finite())) {
        let ([left, top], [right, bottom]) = (place([x0, y0]), place([x1, y1]));
        for (colour, width, dash) in [
            ("#000", "2.6", ""),
            (CROP, "1.6", " stroke-dasharray=\"6 3\""),
        ] {
            let _ = write!(
                svg,
                "<rect x=\"{}\" y=\"{}\" width=\"{}\" height=\"{}\" fill=\"none\" stroke=\"{colour}\" \
                 stroke-width=\"{width}\" vector-effect=\"non-scaling-stroke\"{dash}/>",
                coordinate(left.min(right)),
                coordinate(top.min(bottom)),
                coordinate((right - left).abs()),
                coordinate((bottom - top).abs()),
            );
        }
    }
    svg.push_str("</svg>");
    svg
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_maps_and_nan_is_black() {
        let values = [f32::NAN, -5.0, 0.0, 50.0, 100.0, 500.0];
        let image = GreyImage::from_slice(&values, 3, 2, (0.0, 100.0)).unwrap();
        assert_eq!(image.pixels(), [0, 0, 0, 128, 255, 255]);
        let flat = GreyImage::from_slice(&[1.0, 2.0], 2, 1, (1.0, 1.0)).unwrap();
        assert_eq!(flat.pixels(), [0, 255]);
        let broken = GreyImage::from_slice(&[1.0, 2.0], 2, 1, (f32::NAN, 1.0)).unwrap();
        assert_eq!(broken.pixels(), [0, 0]);
    }

    #[test]
    fn sizes_are_checked() {
        assert!(matches!(
            GreyImage::new(0, 4, vec![]),
            Err(ReportError::PictureSize { .. })
        ));
        assert!(matches!(
            GreyImage::new(usize::MAX, 2, vec![]),
            Err(ReportError::PictureSize { .. })
        ));
        assert!(matches!(
            GreyImage::new(2, 2, vec![0; 3]),
            Err(ReportError::PixelCount {
                expected: 4,
                found: 3,
                ..
            })
        ));
        let image = GreyImage::new(1, 1, vec![9])
            .unwrap()
            .with_pixel_aspect(f64::NAN);
        assert_eq!(image.pixel_aspect(), 1.0);
    }

    #[test]
    fn a_png_is_read_back_and_other_files_are_refused() {
        let image = GreyImage::new(3, 2, vec![0, 50, 100, 150, 200, 255]).unwrap();
        assert_eq!(GreyImage::from_png(&image.png()).unwrap(), image);
        let coloured = image.with_heat(&[1.0; 6]).png();
        for bytes in [&coloured[..], b"<svg>", &coloured[..20]] {
            assert_eq!(GreyImage::from_png(bytes), Err(ReportError::NotGrey));
        }
    }

    #[test]
    fn the_png_decodes_to_the_same_pixels() {
        let pixels: Vec<u8> = (0..35u8).map(|i| i * 7).collect();
        let image = GreyImage::new(7, 5, pixels.clone()).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(image.png()))
            .read_info()
            .unwrap();
        let mut decoded = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut decoded).unwrap();
        assert_eq!((info.width, info.height, decoded), (7, 5, pixels));
    }

    #[test]
    fn overlays_follow_the_shape_of_the_pixels() {
        let image = GreyImage::new(4, 4, vec![0; 16])
            .unwrap()
            .with_pixel_aspect(2.0);
        let svg = draw(
            &image,
            &[vec![[0.0, 0.0], [1.0, 0.0], [1.0, f64::NAN], [1.0, 1.0]]],
            Some([-0.5, -0.5, 3.5, 3.5]),
            "<slice>",
            false,
        );
        assert!(svg.contains("viewBox=\"0 0 4 8\""));
        assert!(svg.contains("points=\"0.5,1 1.5,1 1.5,3\""));
        assert!(svg.contains("<rect x=\"0\" y=\"0\" width=\"4\" height=\"8\""));
        assert!(svg.contains("<title>&lt;slice&gt;</title>"));
    }
}
