//! The network's weights, checked against each other.

use crate::elementwise::Norm;
use crate::lanes::Tokens;
use crate::linear::Linear;
use crate::position::sine_cosine;
use crate::{EncoderError, EncoderOptions};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use triher_checkpoint::{EncoderTensors, Numbers, Tensor};

/// Heads of every network of the family.
const HEADS: usize = 12;
/// Voxels along each axis of the published input, for checkpoints without a table of positions.
const SIDE: usize = 48;
/// Patches along each axis that a table of positions may describe.
const MAX_GRID: usize = 256;
/// Numbers of a token or of a hidden layer, and voxels along a patch's axis, that a network of the family may have.
const MAX_WIDTH: usize = 1 << 16;
const MAX_PATCH: usize = 256;

/// Sizes of a network, from its tensors' shapes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct EncoderConfig {
    /// Voxels of the input along each axis.
    pub side: usize,
    /// Channels of the input.
    pub channels: usize,
    /// Voxels of a patch along each axis.
    pub patch: usize,
    /// Length of a token and of the embedding.
    pub width: usize,
    /// Blocks.
    pub depth: usize,
    /// Attention heads: 12 in every network of the family, as shapes do not tell; see [`EncoderOptions::heads`].
    pub heads: usize,
    /// Length of the hidden layer of the MLP.
    pub hidden: usize,
}

impl EncoderConfig {
    /// The sizes that the shapes of the encoder's tensors tell; `path` is named in errors.
    ///
    /// # Errors
    /// [`EncoderError::Missing`] and [`EncoderError::Family`].
    pub fn from_shapes(
        path: &Path,
        shapes: &BTreeMap<String, Vec<usize>>,
        options: &EncoderOptions,
    ) -> Result<Self, EncoderError> {
        config(&Shapes { path, shapes }, options)
    }

    /// Voxels of the input along z, y and x.
    pub fn input(&self) -> [usize; 3] {
        [self.side; 3]
    }

    /// Patches along each axis.
    pub fn grid(&self) -> usize {
        self.side / self.patch
    }

    /// Tokens: one per patch, and the class token.
    pub fn tokens(&self) -> usize {
        self.grid().pow(3) + 1
    }

    /// Voxels of an input, all channels.
    pub fn input_len(&self) -> usize {
        self.channels * self.side.pow(3)
    }
}

pub(crate) struct Block {
    pub(crate) norm1: Norm,
    pub(crate) queries: Linear,
    /// The keys' columns, then the values'.
    pub(crate) keys_values: Linear,
    pub(crate) proj: Linear,
    pub(crate) norm2: Norm,
    pub(crate) fc1: Linear,
    pub(crate) fc2: Linear,
}

/// A network's weights, only read from here on: as they lie in the checkpoint, which may be a mapped file.
pub(crate) struct Weights {
    pub(crate) config: EncoderConfig,
    pub(crate) patch_embed: Linear,
    /// What the tokens are before the product of the patches is added: positions with the embedding's bias, or the class token.
    pub(crate) start: Tokens,
    pub(crate) blocks: Vec<Block>,
    pub(crate) norm: Norm,
}

/// Shapes by name, of the file at `path`.
struct Shapes<'a> {
    path: &'a Path,
    shapes: &'a BTreeMap<String, Vec<usize>>,
}

impl Shapes<'_> {
    fn shape(&self, name: &str, expected: &[usize]) -> Result<&[usize], EncoderError> {
        self.shapes
            .get(name)
            .map(Vec::as_slice)
            .ok_or_else(|| EncoderError::Missing {
                path: self.path.to_owned(),
                name: name.to_owned(),
                expected: expected.to_vec(),
            })
    }

    fn family(&self, problem: String) -> EncoderError {
        EncoderError::Family {
            path: self.path.to_owned(),
            problem,
        }
    }
}

/// Takes tensors by name and checks their shapes.
struct Taker {
    path: PathBuf,
    tensors: BTreeMap<String, Tensor>,
}

impl Taker {
    fn shape(&self, name: &str, expected: &[usize]) -> Result<&[usize], EncoderError> {
        self.tensors
            .get(name)
            .map(|t| t.shape.as_slice())
            .ok_or_else(|| EncoderError::Missing {
                path: self.path.clone(),
                name: name.to_owned(),
                expected: expected.to_vec(),
            })
    }

    fn take(&mut self, name: &str, expected: &[usize]) -> Result<Numbers, EncoderError> {
        let found = self.shape(name, expected)?.to_vec();
        if found != expected {
            return Err(EncoderError::Shape {
                path: self.path.clone(),
                name: name.to_owned(),
                found,
                expected: expected.to_vec(),
            });
        }
        let data = self
            .tensors
            .remove(name)
            .map_or_else(|| Vec::new().into(), |t| t.data);
        let count = expected.iter().try_fold(1usize, |n, &s| n.checked_mul(s));
        if count != Some(data.len()) {
            return Err(self.family(format!(
                "the tensor {name} holds {} numbers, which its shape {expected:?} does not",
                data.len()
            )));
        }
        match data.iter().filter(|v| !v.is_finite()).count() {
            0 => Ok(data),
            count => Err(EncoderError::NonFinite {
                path: self.path.clone(),
                name: name.to_owned(),
                count,
            }),
        }
    }

    fn norm(&mut self, name: &str, width: usize) -> Result<Norm, EncoderError> {
        Ok(Norm {
            gain: self.take(&format!("{name}.weight"), &[width])?.into_vec(),
            bias: self.take(&format!("{name}.bias"), &[width])?.into_vec(),
        })
    }

    fn linear(&mut self, name: &str, columns: usize, inner: usize) -> Result<Linear, EncoderError> {
        let weight = self.take(&format!("{name}.weight"), &[columns, inner])?;
        let bias = self.take(&format!("{name}.bias"), &[columns])?.into_vec();
        Ok(Linear::new(weight, 0, inner, columns, bias))
    }

    /// The queries' part of a joint layer, and the rest.
    fn attention(&mut self, name: &str, width: usize) -> Result<(Linear, Linear), EncoderError> {
        let weight = self.take(&format!("{name}.weight"), &[3 * width, width])?;
        let bias = self.take(&format!("{name}.bias"), &[3 * width])?;
        let (queries, rest) = bias.split_at(width);
        Ok((
            Linear::new(weight.clone(), 0, width, width, queries.to_vec()),
            Linear::new(weight, width, width, 2 * width, rest.to_vec()),
        ))
    }

    fn family(&self, problem: String) -> EncoderError {
        EncoderError::Family {
            path: self.path.clone(),
            problem,
        }
    }
}

impl Weights {
    /// Sorts the tensors into the network and checks every shape. Returns the names that were not used as well.
    pub(crate) fn new(
        tensors: EncoderTensors,
        options: &EncoderOptions,
    ) -> Result<(Self, Vec<String>), EncoderError> {
        // Of the tensors that were read, not of the file's list: they are what the network is built from.
        let shapes = tensors
            .tensors
            .iter()
            .map(|(name, tensor)| (name.clone(), tensor.shape.clone()))
            .collect();
        let config = EncoderConfig::from_shapes(&tensors.path, &shapes, options)?;
        let mut taker = Taker {
            path: tensors.path,
            tensors: tensors.tensors,
        };
        let (width, patch) = (config.width, config.patch);
        let weight = taker.take(
            "patch_embed.proj.weight",
            &[width, config.channels, patch, patch, patch],
        )?;
        // The bias goes into what the patches' tokens begin with: the class token has none.
        let voxels = config.channels * patch.pow(3);
        let patch_embed = Linear::new(weight, 0, voxels, width, Vec::new());
        let bias = taker.take("patch_embed.proj.bias", &[width])?;
        let class = taker.take("cls_token", &[1, 1, width])?;
        let mut start = if taker.tensors.contains_key("pos_embed") {
            taker
                .take("pos_embed", &[1, config.tokens(), width])?
                .into_vec()
        } else {
            sine_cosine(config.grid(), width)
        };
        for (token, row) in start.chunks_exact_mut(width).enumerate() {
            let more = if token == 0 { &class } else { &bias };
            row.iter_mut()
                .zip(more.iter())
                .for_each(|(v, more)| *v += more);
        }
        let mut blocks = Vec::new();
        for number in 0..config.depth {
            let name = |part: &str| format!("blocks.{number}.{part}");
            let norm1 = taker.norm(&name("norm1"), width)?;
            let (queries, keys_values) = taker.attention(&name("attn.qkv"), width)?;
            blocks.push(Block {
                norm1,
                queries,
                keys_values,
                proj: taker.linear(&name("attn.proj"), width, width)?,
                norm2: taker.norm(&name("norm2"), width)?,
                fc1: taker.linear(&name("mlp.fc1"), config.hidden, width)?,
                fc2: taker.linear(&name("mlp.fc2"), width, config.hidden)?,
            });
        }
        let norm = taker.norm("norm", width)?;
        let unused = taker.tensors.into_keys().collect();
        Ok((
            Self {
                config,
                patch_embed,
                start: Tokens::from_rows(&start, width),
                blocks,
                norm,
            },
            unused,
        ))
    }
}

/// The network's sizes from the shapes of a few tensors.
fn config(known: &Shapes<'_>, options: &EncoderOptions) -> Result<EncoderConfig, EncoderError> {
    let landmark = "patch_embed.proj.weight";
    let &[width, channels, patch, p2, p3] = known.shape(landmark, &[768, 1, 8, 8, 8])? else {
        return Err(known.family(format!(
            "{landmark} is no 3-D convolution: this is no 3-D vision transformer"
        )));
    };
    if patch == 0 || (p2, p3) != (patch, patch) {
        return Err(known.family(format!(
            "the patches are {patch} x {p2} x {p3} voxels, and only cubic ones are known"
        )));
    }
    if patch > MAX_PATCH || width > MAX_WIDTH {
        return Err(known.family(format!(
            "patches of {patch} voxels and tokens of {width} numbers are no network of the family"
        )));
    }
    if !matches!(channels, 1 | 3) {
        return Err(known.family(format!(
            "the network takes {channels} channels, and 1 or 3 are known"
        )));
    }
    let heads = options.heads.unwrap_or(HEADS);
    if width == 0 || heads == 0 || width % heads != 0 {
        return Err(known.family(format!(
            "tokens of {width} numbers cannot be shared out to {heads} heads: name the right number"
        )));
    }
    // The last block counts, not the first gap: a block that lost a tensor must be missed.
    let numbers = known.shapes.keys().filter_map(|name| {
        let number = name.strip_prefix("blocks.")?.split('.').next()?;
        number.parse::<usize>().ok()
    });
    let depth = numbers.max().map_or(0, |last| last.saturating_add(1));
    if depth == 0 {
        return Err(EncoderError::Missing {
            path: known.path.to_owned(),
            name: "blocks.0.norm1.weight".to_owned(),
            expected: vec![width],
        });
    }
    let hidden = known
        .shape("blocks.0.mlp.fc1.weight", &[4 * width, width])?
        .first()
        .copied()
        .unwrap_or(0);
    if !(1..=MAX_WIDTH).contains(&hidden) {
        return Err(known.family(format!(
            "the hidden layer of blocks.0.mlp has {hidden} numbers: this is no network of the family"
        )));
    }
    // Without a table of positions the input is the published 48 voxels.
    let tokens = match known.shapes.get("pos_embed") {
        None if !SIDE.is_multiple_of(patch) || !width.is_multiple_of(6) => {
            return Err(known.family(format!(
                "pos_embed is missing, and the fixed table asks for patches that divide {SIDE} voxels (found {patch}) and a width that 6 divides (found {width})"
            )));
        }
        None => (SIDE / patch).pow(3) + 1,
        Some(table) => table.get(1).copied().unwrap_or(0),
    };
    let grid = (1..=MAX_GRID).find(|g| g.pow(3) + 1 >= tokens).unwrap_or(0);
    if grid == 0 || grid.pow(3) + 1 != tokens {
        return Err(known.family(format!(
            "{tokens} positions are those of no cube of patches and a class token"
        )));
    }
    Ok(EncoderConfig {
        side: grid * patch,
        channels,
        patch,
        width,
        depth,
        heads,
        hidden,
    })
}
