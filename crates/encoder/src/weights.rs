//! The network's weights, checked against each other.

use crate::EncoderError;
use crate::position::sine_cosine;
use std::collections::BTreeMap;
use std::path::PathBuf;
use triher_checkpoint::{EncoderTensors, Tensor};

/// Heads of every network of the family.
const HEADS: usize = 12;

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
    /// Attention heads: 12 in every network of the family; shapes do not tell.
    pub heads: usize,
    /// Length of the hidden layer of the MLP.
    pub hidden: usize,
}

impl EncoderConfig {
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

pub(crate) struct Norm {
    pub(crate) gain: Vec<f32>,
    pub(crate) bias: Vec<f32>,
}

pub(crate) struct Linear {
    pub(crate) weight: Vec<f32>,
    pub(crate) bias: Option<Vec<f32>>,
}

pub(crate) struct Block {
    pub(crate) norm1: Norm,
    pub(crate) qkv: Linear,
    pub(crate) proj: Linear,
    pub(crate) norm2: Norm,
    pub(crate) fc1: Linear,
    pub(crate) fc2: Linear,
}

pub(crate) struct Weights {
    pub(crate) config: EncoderConfig,
    pub(crate) patch_embed: Linear,
    pub(crate) cls_token: Vec<f32>,
    pub(crate) pos_embed: Vec<f32>,
    pub(crate) blocks: Vec<Block>,
    pub(crate) norm: Norm,
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

    fn take(&mut self, name: &str, expected: &[usize]) -> Result<Vec<f32>, EncoderError> {
        let found = self.shape(name, expected)?.to_vec();
        if found != expected {
            return Err(EncoderError::Shape {
                path: self.path.clone(),
                name: name.to_owned(),
                found,
                expected: expected.to_vec(),
            });
        }
        Ok(self
            .tensors
            .remove(name)
            .map(|t| t.data)
            .unwrap_or_default())
    }

    fn norm(&mut self, name: &str, width: usize) -> Result<Norm, EncoderError> {
        Ok(Norm {
            gain: self.take(&format!("{name}.weight"), &[width])?,
            bias: self.take(&format!("{name}.bias"), &[width])?,
        })
    }

    fn linear(&mut self, name: &str, out: usize, inner: usize) -> Result<Linear, EncoderError> {
        Ok(Linear {
            weight: self.take(&format!("{name}.weight"), &[out, inner])?,
            bias: Some(self.take(&format!("{name}.bias"), &[out])?),
        })
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
    pub(crate) fn new(tensors: EncoderTensors) -> Result<(Self, Vec<String>), EncoderError> {
        let mut taker = Taker {
            path: tensors.path,
            tensors: tensors.tensors,
        };
        let config = config(&taker)?;
        let (width, patch) = (config.width, config.patch);
        let patch_embed = Linear {
            weight: taker.take(
                "patch_embed.proj.weight",
                &[width, config.channels, patch, patch, patch],
            )?,
            bias: Some(taker.take("patch_embed.proj.bias", &[width])?),
        };
        let cls_token = taker.take("cls_token", &[1, 1, width])?;
        let pos_embed = if taker.tensors.contains_key("pos_embed") {
            taker.take("pos_embed", &[1, config.tokens(), width])?
        } else {
            sine_cosine(config.grid(), width)
        };
        let mut blocks = Vec::with_capacity(config.depth);
        for number in 0..config.depth {
            let name = |part: &str| format!("blocks.{number}.{part}");
            blocks.push(Block {
                norm1: taker.norm(&name("norm1"), width)?,
                qkv: taker.linear(&name("attn.qkv"), 3 * width, width)?,
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
                cls_token,
                pos_embed,
                blocks,
                norm,
            },
            unused,
        ))
    }
}

/// The network's sizes from the shapes of a few tensors.
fn config(taker: &Taker) -> Result<EncoderConfig, EncoderError> {
    let landmark = "patch_embed.proj.weight";
    let &[width, channels, patch, p2, p3] = taker.shape(landmark, &[768, 1, 8, 8, 8])? else {
        return Err(taker.family(format!(
            "{landmark} is no 3-D convolution: this is no 3-D vision transformer"
        )));
    };
    if patch == 0 || (p2, p3) != (patch, patch) {
        return Err(taker.family(format!(
            "the patches are {patch} x {p2} x {p3} voxels, and only cubic ones are known"
        )));
    }
    if !matches!(channels, 1 | 3) {
        return Err(taker.family(format!(
            "the network takes {channels} channels, and 1 or 3 are known"
        )));
    }
    if width == 0 || width % HEADS != 0 {
        return Err(taker.family(format!(
            "tokens of {width} numbers cannot be shared out to {HEADS} heads"
        )));
    }
    let depth = (0..)
        .take_while(|n| {
            taker
                .tensors
                .contains_key(&format!("blocks.{n}.norm1.weight"))
        })
        .count();
    if depth == 0 {
        return Err(EncoderError::Missing {
            path: taker.path.clone(),
            name: "blocks.0.norm1.weight".to_owned(),
            expected: vec![width],
        });
    }
    let hidden = taker
        .shape("blocks.0.mlp.fc1.weight", &[4 * width, width])?
        .first()
        .copied()
        .unwrap_or(0);
    // Without a table of positions the input is the published 48 voxels.
    let tokens = match taker.tensors.get("pos_embed") {
        None => (48 / patch).pow(3) + 1,
        Some(table) => table.shape.get(1).copied().unwrap_or(0),
    };
    let grid = (1..=256usize).find(|g| g.pow(3) + 1 >= tokens).unwrap_or(0);
    if grid == 0 || grid.pow(3) + 1 != tokens {
        return Err(taker.family(format!(
            "{tokens} positions are those of no cube of patches and a class token"
        )));
    }
    Ok(EncoderConfig {
        side: grid * patch,
        channels,
        patch,
        width,
        depth,
        heads: HEADS,
        hidden,
    })
}
