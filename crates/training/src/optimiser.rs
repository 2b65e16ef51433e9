//! AdamW and the course of the learning rate.

use crate::TrainingError;
use crate::parameters::Layout;
use crate::vector::{sum, wide};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Numbers of one task.
const PART: usize = 1 << 14;

/// Settings of AdamW (Loshchilov and Hutter, 2019) with a warm-up and a cosine.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct OptimiserSettings {
    /// Learning rate after the warm-up.
    pub learning_rate: f64,
    /// Learning rate at the end.
    pub final_learning_rate: f64,
    /// Steps during which the learning rate rises from 0.
    pub warm_up: usize,
    /// Weight decay, on matrices only.
    pub weight_decay: f64,
    /// How slowly the mean of the gradients and that of their squares forget.
    pub betas: [f64; 2],
    /// Longest gradient, all weights together; longer ones are shortened. 0: any length.
    pub clip: f64,
}

impl Default for OptimiserSettings {
    fn default() -> Self {
        Self {
            learning_rate: 1e-3,
            final_learning_rate: 0.0,
            warm_up: 100,
            weight_decay: 0.05,
            betas: [0.9, 0.95],
            clip: 0.0,
        }
    }
}

impl OptimiserSettings {
    /// Checks that one can learn with these.
    ///
    /// # Errors
    /// [`TrainingError::Setting`].
    pub fn check(&self) -> Result<(), TrainingError> {
        let within = |field, value: f64, low: f64, high: f64| {
            if (low..=high).contains(&value) {
                Ok(())
            } else {
                Err(TrainingError::setting(
                    field,
                    value,
                    format!("{low} to {high}"),
                ))
            }
        };
        within("learning_rate", self.learning_rate, 1e-9, 10.0)?;
        within("final_learning_rate", self.final_learning_rate, 0.0, 10.0)?;
        within("weight_decay", self.weight_decay, 0.0, 10.0)?;
        within("betas", self.betas[0], 0.0, 0.9999)?;
        within("betas", self.betas[1], 0.0, 0.999_999)?;
        within("clip", self.clip, 0.0, 1e6)
    }

    /// The learning rate of step `step` (from 0) of `steps`: rising in a line, then half a cosine (Loshchilov and Hutter, 2017).
    pub fn rate(&self, step: usize, steps: usize) -> f64 {
        if step < self.warm_up {
            return self.learning_rate * (step + 1) as f64 / self.warm_up as f64;
        }
        let done = (step - self.warm_up) as f64 / steps.saturating_sub(self.warm_up).max(1) as f64;
        let cosine = 0.5 * (1.0 + (std::f64::consts::PI * done.min(1.0)).cos());
        self.final_learning_rate + (self.learning_rate - self.final_learning_rate) * cosine
    }
}

/// The optimiser's memory: means of gradients and of their squares.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct AdamW {
    pub(crate) mean: Vec<f32>,
    pub(crate) square: Vec<f32>,
}

/// The numbers of one step.
#[derive(Clone, Copy, Debug)]
struct Step {
    /// What is left of a weight after decay.
    shrink: f32,
    betas: [f32; 2],
    /// Learning rate over the correction of the mean.
    rate: f32,
    /// Root of the correction of the squares.
    root: f32,
    /// What the gradient is multiplied with.
    clip: f32,
}

wide! {
    fn update(p: &mut [f32], g: &[f32], m: &mut [f32], v: &mut [f32], step: Step) {
        let [b1, b2] = step.betas;
        let count = p.len();
        let (g, m, v) = (&g[..count], &mut m[..count], &mut v[..count]);
        for i in 0..count {
            let g = g[i] * step.clip;
            m[i] += (1.0 - b1) * (g - m[i]);
            v[i] = b2 * v[i] + (1.0 - b2) * g * g;
            p[i] = p[i] * step.shrink - step.rate * m[i] / (v[i].sqrt() / step.root + 1e-8);
        }
    }

    fn squares(x: &[f32]) -> f32 {
        sum(x.len(), |i| x[i] * x[i])
    }

    fn blend(slow: &mut [f32], fast: &[f32], keep: f32) {
        for (slow, fast) in slow.iter_mut().zip(fast) {
            *slow = *slow * keep + fast * (1.0 - keep);
        }
    }
}

impl AdamW {
    pub(crate) fn new(len: usize) -> Self {
        Self {
            mean: vec![0.0; len],
            square: vec![0.0; len],
        }
    }

    /// Step `step` (from 0) at a learning rate; `factors`, one for each tensor, multiply it, and 0 leaves a tensor as it is.
    pub(crate) fn step(
        &mut self,
        layout: &Layout,
        settings: &OptimiserSettings,
        (step, rate): (usize, f64),
        factors: &[f64],
        p: &mut [f32],
        g: &[f32],
    ) {
        let clip = match settings.clip {
            longest if longest > 0.0 => (longest / (length(g) + 1e-6)).min(1.0),
            _ => 1.0,
        };
        let count = (step + 1).min(i32::MAX as usize) as i32;
        let [b1, b2] = settings.betas;
        for (entry, &factor) in layout.entries().iter().zip(factors) {
            if factor == 0.0 {
                continue;
            }
            let rate = rate * factor;
            let decay = if entry.decays {
                settings.weight_decay
            } else {
                0.0
            };
            let numbers = Step {
                shrink: (1.0 - rate * decay) as f32,
                betas: [b1 as f32, b2 as f32],
                rate: (rate / (1.0 - b1.powi(count))) as f32,
                root: (1.0 - b2.powi(count)).sqrt() as f32,
                clip: clip as f32,
            };
            let range = entry.range();
            p[range.clone()]
                .par_chunks_mut(PART)
                .zip(g[range.clone()].par_chunks(PART))
                .zip(self.mean[range.clone()].par_chunks_mut(PART))
                .zip(self.square[range].par_chunks_mut(PART))
                .for_each(|(((p, g), m), v)| update(p, g, m, v, numbers));
        }
    }
}

/// The length of a gradient.
pub(crate) fn length(g: &[f32]) -> f64 {
    let parts: Vec<f32> = g.par_chunks(PART).map(squares).collect();
    parts.iter().map(|&v| f64::from(v)).sum::<f64>().sqrt()
}

/// `slow = keep slow + (1 - keep) fast`: how the momentum encoder follows.
pub(crate) fn follow(slow: &mut [f32], fast: &[f32], keep: f64) {
    slow.par_chunks_mut(PART)
        .zip(fast.par_chunks(PART))
        .for_each(|(slow, fast)| blend(slow, fast, keep as f32));
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_learning_rate_rises_and_falls() {
        let settings = OptimiserSettings {
            warm_up: 10,
            ..OptimiserSettings::default()
        };
        assert!((settings.rate(0, 110) - 1e-4).abs() < 1e-12);
        assert!((settings.rate(9, 110) - 1e-3).abs() < 1e-12);
        assert!((settings.rate(60, 110) - 5e-4).abs() < 1e-12);
        assert!(settings.rate(110, 110).abs() < 1e-12);
        assert!(
            OptimiserSettings {
                learning_rate: f64::NAN,
                ..settings
            }
            .check()
            .is_err()
        );
    }
}
