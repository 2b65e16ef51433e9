//! The card beside a segmentation network, as TOML.

use crate::card::{MAX_SIDE, Normalisation, read_card};
use crate::feed::normalise;
use crate::{OnnxError, OnnxSegmenter, Runtime};
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};
use triher_volume::{Image, Interpolation, anti_alias, resample_to_spacing};

/// Most channels of a network.
const MAX_CHANNELS: usize = 16;

/// What a segmentation network is and how it is fed.
///
/// ```toml
/// file = "nnunet.onnx"                       # beside the card; [1, C, D, H, W] in, [1, K, D, H, W] out
/// name = "nnU-Net of the Somewhere study"
/// source = "https://example.org, CC BY 4.0"
///
/// [input]
/// channels = ["C0", "C1", "C2-C0"]           # phases and differences of phases; C0 is before contrast
/// window = [64, 128, 128]                    # voxels along z, y and x that the network was exported with
/// spacing_mm = [2.0, 0.8, 0.8]               # along z, y and x; without it, the images' own
/// normalisation = "z-score"                  # of each channel over the whole volume; as for encoders
///
/// [windows]
/// overlap = 0.5
/// gaussian = 0.125                           # standard deviation of the weights as a part of the window; 0: all weigh the same
/// flips = "zyx"                              # axes along which it is asked again, mirrored
///
/// [output]
/// threshold = 0.5                            # of the probability that a voxel is not background (class 0)
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmenterCard {
    /// The ONNX file, relative to the card.
    pub file: PathBuf,
    /// SHA-256 that the file must have, in hexadecimal digits.
    #[serde(default)]
    pub sha256: Option<String>,
    /// What the network is called.
    pub name: String,
    /// Where it is from, and under which licence.
    #[serde(default)]
    pub source: String,
    /// What goes in.
    pub input: SegmenterInput,
    /// How windows lie.
    #[serde(default)]
    pub windows: WindowsCard,
    /// What comes out.
    #[serde(default)]
    pub output: SegmenterOutput,
}

/// What goes into a segmentation network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SegmenterInput {
    /// The phase, or difference of two phases, of each channel.
    pub channels: Vec<String>,
    /// Voxels of a window along z, y and x.
    pub window: [usize; 3],
    /// Spacing along z, y and x, millimetres.
    #[serde(default)]
    pub spacing_mm: Option<[f64; 3]>,
    /// What becomes of the intensities of each channel.
    #[serde(default)]
    pub normalisation: Normalisation,
}

/// How windows lie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct WindowsCard {
    /// Part of a window that the next one covers again: 0 to below 1.
    pub overlap: f64,
    /// Standard deviation of the Gaussian weights as a part of the window's size; 0: all voxels weigh the same.
    pub gaussian: f64,
    /// Axes along which the network is asked again, mirrored: letters of "zyx".
    pub flips: String,
}

impl Default for WindowsCard {
    /// nnU-Net's: half, an eighth; no flips.
    fn default() -> Self {
        Self {
            overlap: 0.5,
            gaussian: 0.125,
            flips: String::new(),
        }
    }
}

/// What comes out of a segmentation network.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SegmenterOutput {
    /// Probability that a voxel is not background, from which on it is lesion.
    pub threshold: f64,
}

impl Default for SegmenterOutput {
    fn default() -> Self {
        Self { threshold: 0.5 }
    }
}

impl SegmenterCard {
    /// Reads a card; the path of the network comes out relative to where the card was given.
    ///
    /// # Errors
    /// [`OnnxError::Read`] and [`OnnxError::Card`].
    pub fn read(path: &Path) -> Result<Self, OnnxError> {
        let mut card = read_card(path, Self::check)?;
        card.file = path.parent().unwrap_or(Path::new("")).join(&card.file);
        Ok(card)
    }

    fn check(&self) -> Result<(), String> {
        let SegmenterInput {
            channels,
            window,
            spacing_mm,
            normalisation,
        } = &self.input;
        if !(1..=MAX_CHANNELS).contains(&channels.len()) {
            return Err(format!(
                "{} channels: from 1 to {MAX_CHANNELS} are possible",
                channels.len()
            ));
        }
        if window.iter().any(|s| !(1..=MAX_SIDE).contains(s)) {
            return Err(format!(
                "the window {window:?} is not three numbers from 1 to {MAX_SIDE}"
            ));
        }
        if let Some(spacing) = spacing_mm
            && !spacing.iter().all(|s| (0.05..=20.0).contains(s))
        {
            return Err(format!(
                "the spacing {spacing:?} mm is not three numbers from 0.05 to 20"
            ));
        }
        normalisation.check()?;
        let WindowsCard {
            overlap,
            gaussian,
            flips,
        } = &self.windows;
        if !(0.0..1.0).contains(overlap) || !(0.0..=10.0).contains(gaussian) {
            return Err(format!(
                "an overlap of {overlap} and weights of {gaussian}: the first is from 0 to below 1, the second from 0 to 10"
            ));
        }
        let twice = |letter: char| flips.matches(letter).count() > 1;
        if flips
            .chars()
            .any(|letter| !"zyx".contains(letter) || twice(letter))
        {
            return Err(format!(
                "the flips \"{flips}\" are not letters of zyx, each once at most"
            ));
        }
        if !(0.0..=1.0).contains(&self.output.threshold) {
            return Err(format!(
                "a threshold of {} is not from 0 to 1",
                self.output.threshold
            ));
        }
        Ok(())
    }

    /// Voxels of a window along x, y and z, as grids count.
    pub fn window(&self) -> [usize; 3] {
        let [z, y, x] = self.input.window;
        [x, y, z]
    }

    /// Whether windows are mirrored along x, y and z.
    pub fn flips(&self) -> [bool; 3] {
        ['x', 'y', 'z'].map(|axis| self.windows.flips.contains(axis))
    }

    /// One channel as the network wants it: at its spacing (cubic B-splines, smoothed before where the grid becomes coarser) and normalised.
    ///
    /// # Errors
    /// [`OnnxError::Volume`] for a grid that would be too large.
    pub fn prepared(&self, image: &Image) -> Result<Image, OnnxError> {
        let mut image = match self.input.spacing_mm {
            None => image.clone(),
            Some([z, y, x]) => {
                let spacing_mm = [x, y, z];
                let smooth = anti_alias(image, spacing_mm);
                resample_to_spacing(&smooth, spacing_mm, Interpolation::CubicBSpline)?
            }
        };
        normalise(image.voxels_mut(), self.input.normalisation);
        Ok(image)
    }

    /// Loads the network.
    ///
    /// # Errors
    /// [`OnnxError::Hash`] and as [`OnnxSegmenter::open`].
    pub fn open(&self, runtime: &Runtime) -> Result<OnnxSegmenter, OnnxError> {
        let channels = self.input.channels.len();
        OnnxSegmenter::open_checked(
            &self.file,
            self.sha256.as_deref(),
            self.window(),
            channels,
            runtime,
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn card(more: &str) -> Result<SegmenterCard, String> {
        let text = format!(
            "file = \"a.onnx\"\nname = \"a\"\n[input]\nchannels = [\"C1\", \"C1-C0\"]\nwindow = [4, 5, 6]\n{more}"
        );
        let card: SegmenterCard = toml::from_str(&text).map_err(|e| e.to_string())?;
        card.check().map(|()| card)
    }

    #[test]
    fn axes_are_turned_round_once() {
        let card = card("spacing_mm = [3.0, 2.0, 1.0]\n[windows]\nflips = \"zx\"").unwrap();
        assert_eq!(card.window(), [6, 5, 4]);
        assert_eq!(card.flips(), [true, false, true]);
        let geometry =
            triher_volume::Geometry::axis_aligned([8, 8, 8], [1.0; 3], [0.0; 3]).unwrap();
        let image = Image::from_fn(geometry, |[i, j, k]| (i + 2 * j + 5 * k) as f32);
        let prepared = card.prepared(&image).unwrap();
        assert_eq!(prepared.geometry().spacing_mm(), [1.0, 2.0, 3.0]);
        let mean = prepared.voxels().iter().sum::<f32>() / prepared.voxels().len() as f32;
        assert!(mean.abs() < 1e-4, "{mean}");
    }

    #[test]
    fn nonsense_is_refused_in_a_sentence() {
        for (more, what) in [
            ("spacing_mm = [0.0, 1.0, 1.0]", "spacing"),
            (
                "normalisation = { percentiles = [90.0, 10.0] }",
                "percentiles",
            ),
            ("[windows]\noverlap = 1.0", "overlap"),
            ("[windows]\nflips = \"zz\"", "flips"),
            ("[windows]\nflips = \"w\"", "flips"),
            ("[output]\nthreshold = 2.0", "threshold"),
            ("surprise = 1", "surprise"),
        ] {
            let said = card(more).unwrap_err();
            assert!(said.contains(what), "{said}");
        }
    }
}
