//! Heads: what turns tokens into classes, and the losses.

use crate::activation::{gelu, gelu_backward};
use crate::buffer::Buffer;
use crate::finetune_settings::FinetuneSettings;
use crate::linear::Linear;
use crate::loss;
use crate::moco::{class_tokens, spread_class};
use crate::parameters::Layout;
use crate::two_branch::{TwoBranch, TwoBranchTape};
use serde::{Deserialize, Serialize};

/// What turns tokens into classes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HeadKind {
    /// One linear layer on the class token.
    Linear,
    /// A hidden layer of as many numbers with GELU, and a linear layer, on the class token.
    Mlp(usize),
    /// BL4AS' `B4Classifier`: a bottleneck of every token with BatchNorm, and the mean of two linear read-outs, one of the class token and one
    /// of the tokens whose patches touch the lesion's mask. [`TwoBranchSizes`](crate::TwoBranchSizes) gives its sizes.
    MaskedTwoBranch,
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

/// A head with its loss.
#[derive(Clone, Debug)]
pub(crate) struct Head {
    kind: Kind,
    loss: ClassLoss,
    width: usize,
}

#[derive(Clone, Debug)]
enum Kind {
    /// Layers with GELU between, on the class token.
    Layers(Vec<Linear>),
    TwoBranch(Box<TwoBranch>),
}

/// What the backward pass needs.
pub(crate) enum HeadTape {
    /// What goes into each layer, and what came out of it before GELU.
    Layers(Vec<(Vec<f32>, Vec<f32>)>),
    TwoBranch(Box<TwoBranchTape>),
}

impl Head {
    pub(crate) fn new(
        layout: &mut Layout,
        level: usize,
        [width, classes]: [usize; 2],
        settings: &FinetuneSettings,
    ) -> Self {
        let loss = settings.loss;
        let outputs = match loss {
            ClassLoss::CrossEntropy => classes,
            ClassLoss::Ordinal => classes - 1,
        };
        let mut linear = |name: &str, sizes| Linear::new(layout, (name, level), sizes, 1, true);
        let kind = match settings.head {
            HeadKind::Linear => Kind::Layers(vec![linear("head", [width, outputs])]),
            HeadKind::Mlp(hidden) => Kind::Layers(vec![
                linear("head.fc1", [width, hidden]),
                linear("head.fc2", [hidden, outputs]),
            ]),
            HeadKind::MaskedTwoBranch => {
                let sizes = settings.two_branch;
                Kind::TwoBranch(Box::new(TwoBranch::new(
                    layout,
                    level,
                    [width, outputs],
                    sizes,
                )))
            }
        };
        Self { kind, loss, width }
    }

    /// Whether the head asks for the lesions' masks.
    pub(crate) fn takes_masks(&self) -> bool {
        matches!(self.kind, Kind::TwoBranch(_))
    }

    /// Logits of samples from all tokens `[sample][class, patches][width]`; `shares` are the patches' in the lesions, where the head asks for them.
    pub(crate) fn forward(
        &self,
        p: &[f32],
        tokens: &[f32],
        samples: usize,
        shares: Vec<Vec<f32>>,
    ) -> (Vec<f32>, HeadTape) {
        match &self.kind {
            Kind::Layers(_) => self.forward_classes(p, class_tokens(tokens, samples, self.width)),
            Kind::TwoBranch(head) => {
                let (logits, tape) = head.forward(p, tokens, shares);
                (logits, HeadTape::TwoBranch(Box::new(tape)))
            }
        }
    }

    /// The same from class tokens alone, for heads that take no others.
    pub(crate) fn forward_classes(&self, p: &[f32], classes: Vec<f32>) -> (Vec<f32>, HeadTape) {
        let mut x = classes;
        let mut tape = Vec::new();
        if let Kind::Layers(layers) = &self.kind {
            for (number, layer) in layers.iter().enumerate() {
                let y = layer.forward(p, &x).to_vec();
                let next = if number + 1 < layers.len() {
                    gelu(&y).to_vec()
                } else {
                    y.clone()
                };
                tape.push((std::mem::replace(&mut x, next), y));
            }
        }
        (x, HeadTape::Layers(tape))
    }

    /// Logits of samples, each by itself.
    pub(crate) fn evaluate(
        &self,
        p: &[f32],
        tokens: &[f32],
        samples: usize,
        shares: &[Vec<f32>],
    ) -> Vec<f32> {
        match &self.kind {
            Kind::Layers(_) => {
                self.forward_classes(p, class_tokens(tokens, samples, self.width))
                    .0
            }
            Kind::TwoBranch(head) => head.evaluate(p, tokens, shares),
        }
    }

    /// From the gradient of the logits to that of all tokens, of which there are `len` numbers; adds those of the weights to `g`.
    pub(crate) fn backward(
        &self,
        p: &[f32],
        g: &mut [f32],
        tape: &HeadTape,
        dlogits: Vec<f32>,
        len: usize,
    ) -> Buffer {
        match (&self.kind, tape) {
            (Kind::TwoBranch(head), HeadTape::TwoBranch(tape)) => {
                head.backward(p, g, tape, &dlogits)
            }
            _ => spread_class(&self.backward_classes(p, g, tape, dlogits), self.width, len),
        }
    }

    /// The way back of [`Head::forward_classes`].
    pub(crate) fn backward_classes(
        &self,
        p: &[f32],
        g: &mut [f32],
        tape: &HeadTape,
        dlogits: Vec<f32>,
    ) -> Vec<f32> {
        let mut d = dlogits;
        if let (Kind::Layers(layers), HeadTape::Layers(tape)) = (&self.kind, tape) {
            for (number, (layer, (x, y))) in layers.iter().zip(tape).enumerate().rev() {
                if number + 1 < layers.len() {
                    gelu_backward(&mut d, y);
                }
                d = layer.backward(p, g, x, &d).to_vec();
            }
        }
        d
    }

    /// Lets running figures follow a batch, when the head has any.
    pub(crate) fn follow(&self, p: &mut [f32], tape: &HeadTape) {
        if let (Kind::TwoBranch(head), HeadTape::TwoBranch(tape)) = (&self.kind, tape) {
            head.follow(p, tape);
        }
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
