//! Reading known quantities off the class token: a linear layer and its squared error.

use crate::linear::Linear;
use crate::parameters::Layout;

/// A linear layer from class tokens to quantities that are known of each input, such as what a simulated lesion was made of.
#[derive(Clone, Debug)]
pub(crate) struct Reading {
    layer: Linear,
    quantities: usize,
    weight: f64,
}

impl Reading {
    /// `weight` is the loss's beside that of the rest.
    pub(crate) fn new(
        layout: &mut Layout,
        level: usize,
        width: usize,
        quantities: usize,
        weight: f64,
    ) -> Self {
        Self {
            layer: Linear::new(layout, ("reading", level), [width, quantities], 1, true),
            quantities,
            weight,
        }
    }

    /// The weighted mean of the squared errors over the quantities that are known (no NaN), and the gradient of the class tokens; adds that of
    /// the layer to `g`.
    pub(crate) fn loss(
        &self,
        p: &[f32],
        g: &mut [f32],
        classes: &[f32],
        truth: &[Vec<f32>],
    ) -> (f64, Vec<f32>) {
        let mut read = self.layer.forward(p, classes).to_vec();
        let known = truth.iter().flatten().filter(|t| !t.is_nan()).count();
        let scale = self.weight / known.max(1) as f64;
        let mut loss = 0.0;
        for (read, truth) in read.chunks_exact_mut(self.quantities).zip(truth) {
            for (read, &truth) in read.iter_mut().zip(truth) {
                let error = f64::from(*read) - f64::from(truth);
                let error = if error.is_nan() && truth.is_nan() {
                    0.0
                } else {
                    error
                };
                loss += scale * error * error;
                // From here on the reading's place holds its gradient.
                *read = (2.0 * scale * error) as f32;
            }
        }
        let dclasses = self.layer.backward(p, g, classes, &read).to_vec();
        (loss, dclasses)
    }
}
