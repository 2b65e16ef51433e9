//! The card beside a model: what must be known to feed it, as TOML.

use crate::OnnxError;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// Most bytes of a card.
const MAX_CARD_BYTES: u64 = 1 << 16;
/// Most voxels along an axis of the input.
pub(crate) const MAX_SIDE: usize = 512;

/// What a model is and how it is fed.
///
/// ```toml
/// file = "resnet.onnx"            # beside the card
/// name = "3-D ResNet of the Somewhere study"
/// source = "https://example.org, CC BY 4.0"
///
/// [input]
/// axes = "n c z y x"              # as the model takes them; "n c y x" for 2-D models, slice by slice
/// size = [50, 50, 50]             # along z, y and x; along y and x for 2-D models
/// channels = 1                    # 3: the same image three times
/// spacing_mm = 1.0                # a cube of that spacing around the lesion; without it, the profile's patch is resized
/// normalisation = "z-score"       # none, z-score, min-max, { mean = .., sd = .. } or { percentiles = [1.0, 99.0] }
///
/// [output]
/// name = "features"               # or index = 0
/// reduce = "mean"                 # as-is, mean (over all axes behind the features), first-token, mean-tokens
///
/// [slices]                        # 2-D models only
/// which = "lesion"                # lesion, all, or { middle = 5 }
/// pool = "mean"                   # mean, max or mean-and-max
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Card {
    /// The ONNX file, relative to the card.
    pub file: PathBuf,
    /// SHA-256 that the file must have, in hexadecimal digits.
    #[serde(default)]
    pub sha256: Option<String>,
    /// What the model is called in reports.
    pub name: String,
    /// Where it is from, and under which licence.
    #[serde(default)]
    pub source: String,
    /// What goes in.
    pub input: InputCard,
    /// What comes out.
    #[serde(default)]
    pub output: OutputCard,
    /// How a 2-D model sees a volume.
    #[serde(default)]
    pub slices: Option<SlicesCard>,
}

/// What goes in.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InputCard {
    /// The order of the axes: `n`, `c` and `z y x` or `y x`, each once.
    #[serde(default = "volume_axes")]
    pub axes: String,
    /// Voxels along z, y and x, or along y and x.
    pub size: Vec<usize>,
    /// Channels.
    #[serde(default = "one")]
    pub channels: usize,
    /// Spacing of the cube that is cut around the lesion, millimetres.
    #[serde(default)]
    pub spacing_mm: Option<f64>,
    /// What becomes of intensities.
    #[serde(default)]
    pub normalisation: Normalisation,
}

/// What becomes of the intensities of a patch.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Normalisation {
    /// Nothing.
    None,
    /// Mean 0 and standard deviation 1 (n - 1).
    #[default]
    ZScore,
    /// From 0 to 1.
    MinMax,
    /// Another image's mean and standard deviation, such as those of a training set.
    #[serde(untagged)]
    Fixed {
        /// Subtracted.
        mean: f32,
        /// Divided by.
        sd: f32,
    },
    /// From 0 to 1 between two percentiles, clipped beyond.
    #[serde(untagged)]
    Window {
        /// Lower and upper percentile.
        percentiles: [f64; 2],
    },
}

impl Normalisation {
    /// Checks that its numbers make sense.
    ///
    /// # Errors
    /// What is wrong with them.
    pub(crate) fn check(self) -> Result<(), String> {
        match self {
            Self::Fixed { mean, sd } if !(mean.is_finite() && sd.is_finite() && sd > 0.0) => Err(
                format!("mean {mean} and sd {sd}: the sd must be above 0, both finite"),
            ),
            Self::Window {
                percentiles: [low, high],
            } if !(0.0 <= low && low < high && high <= 100.0) => Err(format!(
                "the percentiles {low} and {high} do not rise from 0 to 100"
            )),
            _ => Ok(()),
        }
    }
}

/// What comes out.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OutputCard {
    /// The output by name.
    pub name: Option<String>,
    /// The output by number, when it has no name: the first when both are left out.
    pub index: Option<usize>,
    /// What is made of it.
    pub reduce: Reduce,
}

/// How an output becomes one row of numbers.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Reduce {
    /// All its numbers.
    #[default]
    AsIs,
    /// `[n, c, ...]`: the mean over all axes behind the features.
    Mean,
    /// `[n, tokens, c]`: the first token.
    FirstToken,
    /// `[n, tokens, c]`: the mean of all tokens.
    MeanTokens,
}

/// How a 2-D model sees a volume.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SlicesCard {
    /// Which slices along z.
    pub which: Slices,
    /// How the slices' rows become one.
    pub pool: Pool,
}

/// Which slices along z a 2-D model is given.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Slices {
    /// Those that the lesion touches; all when it touches none.
    #[default]
    Lesion,
    /// All.
    All,
    /// So many around the middle.
    Middle(usize),
}

/// How the rows of slices become one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pool {
    /// Their mean.
    #[default]
    Mean,
    /// The largest of each number.
    Max,
    /// The mean, then the largest.
    MeanAndMax,
}

/// Reads a card of any kind, within a card's size, and checks it.
///
/// # Errors
/// [`OnnxError::Read`] and [`OnnxError::Card`].
pub(crate) fn read_card<T: serde::de::DeserializeOwned>(
    path: &Path,
    check: impl Fn(&T) -> Result<(), String>,
) -> Result<T, OnnxError> {
    let read = |source| OnnxError::Read {
        path: path.to_owned(),
        source,
    };
    let wrong = |problem: String| OnnxError::Card {
        path: path.to_owned(),
        problem,
    };
    let bytes = std::fs::metadata(path).map_err(read)?.len();
    if bytes > MAX_CARD_BYTES {
        return Err(wrong(format!(
            "it has {bytes} bytes, more than a card's {MAX_CARD_BYTES}"
        )));
    }
    let text = std::fs::read(path).map_err(read)?;
    let text = String::from_utf8(text).map_err(|_| wrong("it is no text".to_owned()))?;
    let card: T = toml::from_str(&text).map_err(|e| wrong(e.to_string()))?;
    check(&card).map_err(wrong)?;
    Ok(card)
}

fn volume_axes() -> String {
    "n c z y x".to_owned()
}

fn one() -> usize {
    1
}

impl Card {
    /// Reads a card; the path of the model comes out relative to where the card was given.
    ///
    /// # Errors
    /// [`OnnxError::Read`] and [`OnnxError::Card`].
    pub fn read(path: &Path) -> Result<Self, OnnxError> {
        let mut card = read_card(path, Self::check)?;
        card.file = path.parent().unwrap_or(Path::new("")).join(&card.file);
        Ok(card)
    }

    /// Checks that the card makes sense.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn check(&self) -> Result<(), String> {
        let axes = self.axes();
        let mut sorted = axes.clone();
        sorted.sort_unstable();
        let flat = match sorted.as_slice() {
            ['c', 'n', 'x', 'y', 'z'] => false,
            ['c', 'n', 'x', 'y'] => true,
            _ => {
                return Err(format!(
                    "the axes \"{}\" are neither n, c, z, y, x nor n, c, y, x, each once",
                    self.input.axes
                ));
            }
        };
        let size = &self.input.size;
        let dimensions = if flat { 2 } else { 3 };
        if size.len() != dimensions || size.iter().any(|s| !(1..=MAX_SIDE).contains(s)) {
            return Err(format!(
                "the size {size:?} is not {dimensions} numbers from 1 to {MAX_SIDE}"
            ));
        }
        if !matches!(self.input.channels, 1 | 3) {
            return Err(format!(
                "{} channels: 1 and 3 (the same image three times) are known",
                self.input.channels
            ));
        }
        if flat != self.slices.is_some() {
            return Err(if flat {
                "a model of slices needs [slices]: which of them, and how they are pooled"
                    .to_owned()
            } else {
                "[slices] is for models with the axes n, c, y, x".to_owned()
            });
        }
        if let Some(spacing) = self.input.spacing_mm
            && !(0.05..=20.0).contains(&spacing)
        {
            return Err(format!("a spacing of {spacing} mm is not from 0.05 to 20"));
        }
        self.input.normalisation.check()?;
        if matches!(self.slices, Some(s) if s.which == Slices::Middle(0)) {
            return Err("no slices around the middle are asked for: give 1 or more".to_owned());
        }
        if self.output.name.is_some() && self.output.index.is_some() {
            return Err("the output has a name and an index: give one of them".to_owned());
        }
        Ok(())
    }

    /// The box that is cut around a lesion, as voxels along x, y and z and their spacing in millimetres; `None` when the patch of a profile is
    /// resized. A model of slices has as many of them as its longer side has voxels.
    pub fn cube(&self) -> Option<([usize; 3], f64)> {
        let (z, y, x) = self.volume_size();
        let size = [x, y, z.unwrap_or(x.max(y))];
        self.input.spacing_mm.map(|spacing| (size, spacing))
    }

    /// The axes' letters in order.
    pub(crate) fn axes(&self) -> Vec<char> {
        self.input
            .axes
            .chars()
            .filter(|c| !c.is_whitespace())
            .collect()
    }

    /// Voxels of the volume along z, y and x that a patch is brought to; 2-D models leave z as it is (`None`).
    pub(crate) fn volume_size(&self) -> (Option<usize>, usize, usize) {
        match self.input.size.as_slice() {
            [z, y, x] => (Some(*z), *y, *x),
            [y, x] => (None, *y, *x),
            _ => (None, 1, 1),
        }
    }

    /// The shape of one input as the model takes it.
    pub(crate) fn input_shape(&self) -> Vec<usize> {
        let (z, y, x) = self.volume_size();
        self.axes()
            .into_iter()
            .map(|axis| match axis {
                'c' => self.input.channels,
                'z' => z.unwrap_or(1),
                'y' => y,
                'x' => x,
                _ => 1,
            })
            .collect()
    }
}
