//! Losses of classifiers, with their gradients. In double precision: a batch has few logits.

/// Cross-entropy of `classes` logits a sample, weighed by class: `sum w l / sum w`, as PyTorch's mean. Returns the logits' gradient too.
pub(crate) fn cross_entropy(logits: &[f32], labels: &[usize], weights: &[f64]) -> (f64, Vec<f32>) {
    let total: f64 = labels.iter().map(|&label| weights[label]).sum();
    let mut loss = 0.0;
    let mut gradient = Vec::with_capacity(logits.len());
    for (row, &label) in logits.chunks_exact(weights.len()).zip(labels) {
        let share = weights[label] / total;
        let probabilities = softmax(row);
        loss -= share * probabilities[label].max(1e-300).ln();
        gradient.extend(
            probabilities
                .iter()
                .enumerate()
                .map(|(class, probability)| {
                    let right = if class == label { 1.0 } else { 0.0 };
                    (share * (probability - right)) as f32
                }),
        );
    }
    (loss, gradient)
}

/// The ordinal loss of Niu et al. (2016): for `classes - 1` thresholds, the cross-entropy of "the class lies above the threshold", averaged
/// over thresholds and weighed by class. Returns the logits' gradient too.
pub(crate) fn ordinal(logits: &[f32], labels: &[usize], weights: &[f64]) -> (f64, Vec<f32>) {
    let thresholds = weights.len() - 1;
    let total: f64 = labels.iter().map(|&label| weights[label]).sum();
    let mut loss = 0.0;
    let mut gradient = Vec::with_capacity(logits.len());
    for (row, &label) in logits.chunks_exact(thresholds).zip(labels) {
        let share = weights[label] / total / thresholds as f64;
        for (threshold, &logit) in row.iter().enumerate() {
            let z = f64::from(logit);
            let above = if label > threshold { 1.0 } else { 0.0 };
            // log(1 + e^-|z|) does not overflow.
            loss += share * (z.max(0.0) - z * above + (-z.abs()).exp().ln_1p());
            gradient.push((share * (sigmoid(z) - above)) as f32);
        }
    }
    (loss, gradient)
}

/// Probabilities of the classes from the logits of thresholds; a later threshold is never likelier to be passed than an earlier one.
pub(crate) fn ordinal_probabilities(row: &[f32]) -> Vec<f64> {
    let mut above = 1.0;
    let mut probabilities = Vec::with_capacity(row.len() + 1);
    for &logit in row {
        let next = sigmoid(f64::from(logit)).min(above);
        probabilities.push(above - next);
        above = next;
    }
    probabilities.push(above);
    probabilities
}

/// Probabilities from logits.
pub(crate) fn softmax(row: &[f32]) -> Vec<f64> {
    let highest = row.iter().fold(f32::NEG_INFINITY, |h, &v| h.max(v));
    let powers: Vec<f64> = row.iter().map(|&v| f64::from(v - highest).exp()).collect();
    let sum: f64 = powers.iter().sum();
    powers.into_iter().map(|v| v / sum).collect()
}

fn sigmoid(z: f64) -> f64 {
    1.0 / (1.0 + (-z).exp())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn gradients_are_those_of_the_losses() {
        let labels = [2, 0, 1, 1];
        let weights = [0.5, 1.0, 2.0];
        type Loss<'a> = &'a dyn Fn(&[f32]) -> (f64, Vec<f32>);
        let check = |count: usize, loss: Loss<'_>| {
            let logits: Vec<f32> = (0..count)
                .map(|i| ((i * 7 % 5) as f32 - 2.0) * 0.7)
                .collect();
            let gradient = loss(&logits).1;
            for at in 0..count {
                let moved = |by: f32| {
                    let mut logits = logits.clone();
                    logits[at] += by;
                    loss(&logits).0
                };
                let slope = (moved(1e-2) - moved(-1e-2)) / 2e-2;
                assert!((slope - f64::from(gradient[at])).abs() < 1e-5);
            }
        };
        check(12, &|logits| cross_entropy(logits, &labels, &weights));
        check(8, &|logits| ordinal(logits, &labels, &weights));
    }

    #[test]
    fn probabilities_add_up_to_one_whatever_the_thresholds_say() {
        for row in [[0.3f32, -2.0], [-5.0, 4.0], [0.0, 0.0]] {
            let p = ordinal_probabilities(&row);
            assert!((p.iter().sum::<f64>() - 1.0).abs() < 1e-12 && p.iter().all(|&v| v >= 0.0));
        }
    }
}
