//! A classifier: the encoder's class token and a head.

use crate::activation::{gelu, gelu_backward};
use crate::linear::Linear;
use crate::loss;
use crate::moco::{class_tokens, spread_class};
use crate::parameters::Layout;
use crate::sizes::EncoderSizes;
use crate::transformer::Kept;
use crate::vit::{Learning, Vit};
use serde::{Deserialize, Serialize};

/// What sits on the class token.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeadKind {
    /// One linear layer.
    Linear,
    /// A hidden layer of as many numbers with GELU, and a linear layer.
    Mlp(usize),
}

/// What is minimised; both are weighed by class when asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClassLoss {
    /// Cross-entropy of the softmax.
    CrossEntropy,
    /// Cross-entropies of "above this class", for classes in an order (Niu et al., 2016).
    Ordinal,
}

/// Layers with GELU between.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    layers: Vec<Linear>,
    loss: ClassLoss,
}

/// What goes into each layer, and what came out of it before GELU.
pub(crate) struct HeadTape(Vec<(Vec<f32>, Vec<f32>)>);

impl Head {
    pub(crate) fn new(
        layout: &mut Layout,
        level: usize,
        width: usize,
        classes: usize,
        kind: HeadKind,
        loss: ClassLoss,
    ) -> Self {
        let outputs = match loss {
            ClassLoss::CrossEntropy => classes,
            ClassLoss::Ordinal => classes - 1,
        };
        let mut linear = |name: &str, sizes| Linear::new(layout, (name, level), sizes, 1, true);
        let layers = match kind {
            HeadKind::Linear => vec![linear("head", [width, outputs])],
            HeadKind::Mlp(hidden) => vec![
                linear("head.fc1", [width, hidden]),
                linear("head.fc2", [hidden, outputs]),
            ],
        };
        Self { layers, loss }
    }

    pub(crate) fn forward(&self, p: &[f32], x: &[f32]) -> (Vec<f32>, HeadTape) {
        let mut x = x.to_vec();
        let mut tape = Vec::new();
        for (number, layer) in self.layers.iter().enumerate() {
            let y = layer.forward(p, &x).to_vec();
            let next = if number + 1 < self.layers.len() {
                gelu(&y).to_vec()
            } else {
                y.clone()
            };
            tape.push((std::mem::replace(&mut x, next), y));
        }
        (x, HeadTape(tape))
    }

    pub(crate) fn backward(
        &self,
        p: &[f32],
        g: &mut [f32],
        tape: &HeadTape,
        dy: Vec<f32>,
    ) -> Vec<f32> {
        let mut d = dy;
        for (number, (layer, (x, y))) in self.layers.iter().zip(&tape.0).enumerate().rev() {
            if number + 1 < self.layers.len() {
                gelu_backward(&mut d, y);
            }
            d = layer.backward(p, g, x, &d).to_vec();
        }
        d
    }

    /// The loss of logits and their gradient; `weights` are those of the classes.
    pub(crate) fn loss(
        &self,
        logits: &[f32],
        labels: &[usize],
        weights: &[f64],
    ) -> (f64, Vec<f32>) {
        match self.loss {
            ClassLoss::CrossEntropy => loss::cross_entropy(logits, labels, weights),
            ClassLoss::Ordinal => loss::ordinal(logits, labels, weights),
        }
    }

    /// Probabilities of the classes for each sample.
    pub(crate) fn probabilities(&self, logits: &[f32], classes: usize) -> Vec<Vec<f64>> {
        match self.loss {
            ClassLoss::CrossEntropy => logits.chunks_exact(classes).map(loss::softmax).collect(),
            ClassLoss::Ordinal => logits
                .chunks_exact(classes - 1)
                .map(loss::ordinal_probabilities)
                .collect(),
        }
    }
}

/// Encoder and head.
#[derive(Clone, Debug)]
pub(crate) struct Classifier {
    pub(crate) vit: Vit,
    pub(crate) head: Head,
}

impl Classifier {
    pub(crate) fn new(
        layout: &mut Layout,
        sizes: EncoderSizes,
        classes: usize,
        kind: HeadKind,
        loss: ClassLoss,
    ) -> Self {
        let vit = Vit::new(layout, "encoder.", sizes);
        let head = Head::new(layout, sizes.depth + 2, sizes.width, classes, kind, loss);
        Self { vit, head }
    }

    /// The loss of labelled inputs; adds its gradient to `g`.
    pub(crate) fn loss(
        &self,
        p: &[f32],
        g: &mut [f32],
        (inputs, labels): (&[Vec<f32>], &[usize]),
        weights: &[f64],
        (kept, learning): (Kept, Learning),
    ) -> f64 {
        let width = self.vit.sizes.width;
        let seen = self.vit.see_all(inputs);
        let (tokens, tape) = self.vit.forward(p, seen, kept, learning.frozen_blocks);
        let classes = class_tokens(&tokens, inputs.len(), width);
        let (logits, head_tape) = self.head.forward(p, &classes);
        let (loss, dlogits) = self.head.loss(&logits, labels, weights);
        let dclasses = self.head.backward(p, g, &head_tape, dlogits);
        let dtokens = spread_class(&dclasses, width, tokens.len());
        self.vit.backward(p, g, &tape, &dtokens, learning);
        loss
    }
}
