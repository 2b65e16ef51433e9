//! The way back of every layer against finite differences of its way there.
//!
//! A layer's loss is a fixed mixture of its results; the slope along each coordinate, input or weight, comes from two evaluations. Networks as a
//! whole are compared along random directions.

use crate::activation::{gelu, gelu_backward, relu, relu_backward};
use crate::attention::Attention;
use crate::batch_norm::BatchNorm;
use crate::buffer::Buffer;
use crate::classifier::{Batch, Classifier};
use crate::finetune_settings::{Depth, FinetuneSettings};
use crate::fusion::Fusion;
use crate::head::HeadKind;
use crate::layer_norm::LayerNorm;
use crate::linear::Linear;
use crate::mae::{Mae, MaeSettings};
use crate::moco::{Moco, MocoSettings};
use crate::parameters::Layout;
use crate::random::{Purpose, stream, uniform};
use crate::sizes::EncoderSizes;
use crate::source::TRUTH;
use crate::transformer::{Kept, Transformer};
use crate::two_branch::{TwoBranch, TwoBranchSizes, lesion_shares};

/// Numbers without a pattern between -1 and 1.
fn numbers(count: usize, of: u64) -> Vec<f32> {
    let mut rng = stream(5, Purpose::Weights, of, count as u64);
    (0..count).map(|_| uniform(&mut rng, -1.0, 1.0)).collect()
}

/// The mixture of results that stands for a loss; its gradient is `numbers(len, 99)`.
fn mixed(y: &[f32]) -> f64 {
    let weights = numbers(y.len(), 99);
    y.iter().zip(&weights).map(|(y, w)| f64::from(y * w)).sum()
}

/// Compares a gradient with slopes along every coordinate; errors are relative to the gradient's largest number.
fn compare(what: &str, x: &[f32], gradient: &[f32], loss: impl Fn(&[f32]) -> f64) {
    assert_eq!(x.len(), gradient.len());
    let largest = gradient.iter().fold(0f32, |l, v| l.max(v.abs()));
    assert!(largest > 0.0, "{what}");
    for at in 0..x.len() {
        let moved = |by: f32| {
            let mut x = x.to_vec();
            x[at] += by;
            loss(&x)
        };
        let slope = (moved(4e-3) - moved(-4e-3)) / 8e-3;
        let error = (slope - f64::from(gradient[at])).abs();
        assert!(
            error < 2e-3 * f64::from(largest),
            "{what}, number {at}: {} and not {slope}",
            gradient[at]
        );
    }
}

#[test]
fn linear_layers() {
    let mut layout = Layout::default();
    let layer = Linear::new(&mut layout, ("layer", 0), [5, 7], 1, true);
    let (p, x) = (numbers(layout.len(), 1), numbers(5 * 3, 2));
    let dy = numbers(7 * 3, 99);
    let mut g = vec![0.0; layout.len()];
    let dx = layer.backward(&p, &mut g, &x, &dy);
    compare("input", &x, &dx, |x| mixed(&layer.forward(&p, x)));
    compare("weights", &p, &g, |p| mixed(&layer.forward(p, &x)));
}

#[test]
fn norms() {
    let mut layout = Layout::default();
    let layer = LayerNorm::new(&mut layout, ("norm", 0), 19);
    let (p, x) = (numbers(layout.len(), 1), numbers(19 * 3, 2));
    let dy = numbers(x.len(), 99);
    let (mut g, mut dx) = (vec![0.0; layout.len()], vec![0.0; x.len()]);
    let tape = layer.forward(&p, &x).1;
    layer.backward(&p, Some(&mut g), &tape, &dy, &mut dx);
    compare("LayerNorm's input", &x, &dx, |x| {
        mixed(&layer.forward(&p, x).0)
    });
    compare("LayerNorm's weights", &p, &g, |p| {
        mixed(&layer.forward(p, &x).0)
    });

    let mut layout = Layout::default();
    let layer = BatchNorm::new(&mut layout, ("norm", 0), 4, true);
    let (p, x) = (numbers(layout.len(), 3), numbers(4 * 6, 4));
    let mut g = vec![0.0; layout.len()];
    let tape = layer.forward(&p, &x).1;
    let dx = layer.backward(&p, &mut g, &tape, &numbers(x.len(), 99));
    compare("BatchNorm's input", &x, &dx, |x| {
        mixed(&layer.forward(&p, x).0)
    });
    compare("BatchNorm's weights", &p, &g, |p| {
        mixed(&layer.forward(p, &x).0)
    });
}

#[test]
fn activations() {
    let x: Vec<f32> = numbers(40, 1).iter().map(|v| 3.0 * v).collect();
    let mut d = numbers(40, 99);
    gelu_backward(&mut d, &x);
    compare("GELU", &x, &d, |x| mixed(&gelu(x)));
    // Away from 0, where ReLU has no slope.
    let x: Vec<f32> = x.iter().map(|v| v + 0.1 * v.signum()).collect();
    let after = |x: &[f32]| {
        let mut y = x.to_vec();
        relu(&mut y);
        y
    };
    let mut d = numbers(40, 99);
    relu_backward(&mut d, &after(&x));
    compare("ReLU", &x, &d, |x| mixed(&after(x)));
}

#[test]
fn attention() {
    let layer = Attention {
        tokens: 5,
        width: 6,
        heads: 2,
    };
    let qkv = numbers(2 * 5 * 18, 1);
    let weights = layer.forward(&qkv).1;
    let dqkv = layer.backward(&qkv, &weights, &numbers(2 * 5 * 6, 99));
    compare("attention", &qkv, &dqkv, |qkv| mixed(&layer.forward(qkv).0));
}

#[test]
fn blocks_with_stochastic_depth() {
    let mut layout = Layout::default();
    let blocks = Transformer::new(&mut layout, ("blocks.", "norm"), 0, [2, 6, 2, 8]);
    let (p, x) = (layout.start(3), numbers(2 * 3 * 6, 1));
    // Branches that are kept, left out, and scaled up.
    let kept = || Kept(vec![1.0, 1.0, 1.0, 0.0, 0.0, 1.25, 1.25, 1.25]);
    let forward = |p: &[f32], x: &[f32]| blocks.forward(p, Buffer::copy(x), 3, kept(), 0);
    let tape = forward(&p, &x).1;
    let mut g = vec![0.0; layout.len()];
    let dx = blocks.backward(&p, &mut g, (&tape, 0), &numbers(x.len(), 99));
    compare("blocks' input", &x, &dx, |x| mixed(&forward(&p, x).0));
    compare("blocks' weights", &p, &g, |p| mixed(&forward(p, &x).0));
}

#[test]
fn fusion() {
    let mut layout = Layout::default();
    let layer = Fusion::new(&mut layout, 0, 4);
    let p = numbers(layout.len(), 1);
    let samples: Vec<Vec<f32>> = (0..2).map(|i| numbers(3 * 64, 20 + i)).collect();
    let dy = numbers(2 * 64, 99);
    let dy: Vec<Vec<f32>> = dy.chunks_exact(64).map(<[f32]>::to_vec).collect();
    let mut g = vec![0.0; layout.len()];
    layer.backward(&mut g, &samples, &dy);
    compare("fusion's weights", &p, &g, |p| {
        mixed(&layer.forward(p, &samples).concat())
    });
}

#[test]
fn the_two_branch_head() {
    let mut layout = Layout::default();
    let sizes = TwoBranchSizes {
        hidden: 5,
        bottleneck: 3,
    };
    let head = TwoBranch::new(&mut layout, 0, [6, 3], sizes);
    // Three samples of a class token and eight patches; one of the masks touches nothing.
    let (p, tokens) = (numbers(layout.len(), 7), numbers(3 * 9 * 6, 8));
    let masks = [3, 5, 9].map(|every| -> Vec<bool> {
        (0..64)
            .map(|at| every < 9 && at % (every * 7) == 1)
            .collect()
    });
    let shares = || masks.iter().map(|m| lesion_shares(m, 4, 2)).collect();
    let dy = numbers(9, 99);
    let mut g = vec![0.0; layout.len()];
    let tape = head.forward(&p, &tokens, shares()).1;
    let dx = head.backward(&p, &mut g, &tape, &dy);
    let loss = |p: &[f32], x: &[f32]| mixed(&head.forward(p, x, shares()).0);
    along("two-branch head", &p, &g, |p| loss(p, &tokens));
    along("two-branch head's tokens", &tokens, &dx, |x| loss(&p, x));
}

const SIZES: EncoderSizes = EncoderSizes {
    side: 8,
    channels: 3,
    patch: 4,
    width: 12,
    depth: 2,
    heads: 2,
    hidden: 16,
};

/// Slopes of a network's loss along random directions of all weights.
fn along(what: &str, p: &[f32], g: &[f32], loss: impl Fn(&[f32]) -> f64) {
    for of in 0..6 {
        let direction = numbers(p.len(), 200 + of);
        let moved = |by: f32| {
            let p: Vec<f32> = p.iter().zip(&direction).map(|(p, d)| p + by * d).collect();
            loss(&p)
        };
        let slope = (moved(2.5e-4) - moved(-2.5e-4)) / 5e-4;
        let expected: f64 = g
            .iter()
            .zip(&direction)
            .map(|(g, d)| f64::from(g * d))
            .sum();
        let length: f64 = g.iter().map(|&v| f64::from(v).powi(2)).sum::<f64>().sqrt();
        let error = (slope - expected).abs();
        assert!(
            error < 1e-2 * length,
            "{what}: {expected} and not {slope}, {length}"
        );
    }
}

#[test]
fn whole_networks() {
    let inputs = |of: u64| -> Vec<Vec<f32>> {
        (0..4)
            .map(|i| numbers(SIZES.input_len(), 10 * of + i))
            .collect()
    };
    let mut layout = Layout::default();
    let settings = MaeSettings {
        decoder_width: 6,
        decoder_depth: 1,
        decoder_heads: 1,
        truth: 0.7,
        ..MaeSettings::default()
    };
    let mut truth: Vec<Vec<f32>> = (0..4).map(|i| numbers(TRUTH, 50 + i)).collect();
    truth[1][3] = f32::NAN;
    let mae = Mae::new(&mut layout, SIZES, settings);
    let p = layout.start(1);
    let seen: Vec<_> = (0..4).map(|i| mae.draw_seen(1, i)).collect();
    let loss = |p: &[f32], g: &mut [f32]| mae.loss(p, g, (&inputs(1), &truth), &seen);
    let mut g = vec![0.0; p.len()];
    loss(&p, &mut g);
    along("MAE", &p, &g, |p| loss(p, &mut vec![0.0; p.len()]));

    let mut layout = Layout::default();
    let settings = MocoSettings {
        hidden: 10,
        dimension: 6,
        freeze_patch_embedding: false,
        ..MocoSettings::default()
    };
    let moco = Moco::new(&mut layout, SIZES, settings);
    // Larger weights than at the start, where all class tokens are nearly one: BatchNorm would blow up what little tells them apart.
    let p: Vec<f32> = numbers(layout.len(), 6).iter().map(|v| 0.7 * v).collect();
    let slow = p[..moco.followed].to_vec();
    let views = [inputs(2), inputs(3)];
    let loss = |p: &[f32], g: &mut [f32]| moco.loss(p, &slow, g, &views);
    let mut g = vec![0.0; p.len()];
    loss(&p, &mut g);
    along("MoCo", &p, &g, |p| loss(p, &mut vec![0.0; p.len()]));
}

/// The fusion's gradient comes through the whole encoder, whether that learns or not.
#[test]
fn fusion_before_an_encoder() {
    let sizes = EncoderSizes {
        channels: 1,
        ..SIZES
    };
    let inputs: Vec<Vec<f32>> = (0..4).map(|i| numbers(3 * 512, 60 + i)).collect();
    let masks: Vec<Vec<bool>> = (0..4)
        .map(|i| (0..512).map(|at| at / (100 + i) == 1).collect())
        .collect();
    let batch = Batch {
        inputs: &inputs,
        masks: &masks,
    };
    for depth in [Depth::All, Depth::LastBlocks(1), Depth::HeadOnly] {
        let settings = FinetuneSettings {
            depth,
            head: HeadKind::MaskedTwoBranch,
            two_branch: TwoBranchSizes {
                hidden: 8,
                bottleneck: 4,
            },
            fusion: true,
            ..FinetuneSettings::default()
        };
        let mut layout = Layout::default();
        let model = Classifier::new(&mut layout, sizes, 3, &settings);
        let p: Vec<f32> = numbers(layout.len(), 6).iter().map(|v| 0.7 * v).collect();
        let factors = settings.factors(&layout, &sizes);
        let loss = |p: &[f32], g: &mut [f32]| {
            let how = (Kept::default(), settings.learning(&sizes));
            let labelled = (batch, &[0, 1, 2, 0][..]);
            model.loss(p, g, labelled, &[1.0, 2.0, 1.5], how).0
        };
        let mut g = vec![0.0; p.len()];
        loss(&p, &mut g);
        // Along what learns; everything else has no gradient at all.
        let mut learning = Vec::new();
        for (entry, factor) in layout.entries().iter().zip(&factors) {
            match *factor > 0.0 {
                true => learning.extend(entry.range()),
                false => assert!(g[entry.range()].iter().all(|&g| g == 0.0), "{}", entry.name),
            }
        }
        let of = |row: &[f32]| -> Vec<f32> { learning.iter().map(|&at| row[at]).collect() };
        along(&format!("{depth:?}"), &of(&p), &of(&g), |moved| {
            let mut p = p.clone();
            learning.iter().zip(moved).for_each(|(&at, v)| p[at] = *v);
            loss(&p, &mut vec![0.0; p.len()])
        });
    }
}
