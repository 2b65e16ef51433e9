//! Isotonic regression.

use serde::{Deserialize, Serialize};

/// A non-decreasing function by least squares, linear between its points and constant beyond them.
///
/// Pools adjacent violators (Barlow et al. 1972); equal inputs are averaged first. As scikit-learn's
/// `IsotonicRegression(out_of_bounds="clip")`, equal to it to 1e-12 (`tests/parity/make_probability.py`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Isotonic {
    inputs: Vec<f64>,
    outputs: Vec<f64>,
}

/// Neighbouring inputs with one output.
struct Block {
    sum: f64,
    weight: f64,
    first: f64,
    last: f64,
}

impl Isotonic {
    /// Fits pairs of input and target; `None` when there are none.
    pub(crate) fn fit(pairs: &[(f64, f64)]) -> Option<Self> {
        let mut sorted = pairs.to_vec();
        sorted.sort_by(|a, b| a.0.total_cmp(&b.0));
        let mut blocks: Vec<Block> = Vec::new();
        for group in sorted.chunk_by(|a, b| a.0 == b.0) {
            blocks.push(Block {
                sum: group.iter().map(|(_, y)| y).sum(),
                weight: group.len() as f64,
                first: group.first()?.0,
                last: group.first()?.0,
            });
            while let [.., before, after] = blocks.as_slice()
                && before.sum / before.weight >= after.sum / after.weight
            {
                let after = blocks.pop()?;
                let before = blocks.last_mut()?;
                before.sum += after.sum;
                before.weight += after.weight;
                before.last = after.last;
            }
        }
        let mut found = Self {
            inputs: Vec::new(),
            outputs: Vec::new(),
        };
        for block in blocks {
            found.inputs.push(block.first);
            found.outputs.push(block.sum / block.weight);
            if block.last > block.first {
                found.inputs.push(block.last);
                found.outputs.push(block.sum / block.weight);
            }
        }
        (!found.inputs.is_empty()).then_some(found)
    }

    /// The function at `input`.
    pub fn at(&self, input: f64) -> f64 {
        let after = self.inputs.partition_point(|x| *x <= input);
        let last = self.inputs.len() - 1;
        match after {
            0 => self.outputs[0],
            n if n > last => self.outputs[last],
            n => {
                let (x0, x1) = (self.inputs[n - 1], self.inputs[n]);
                let (y0, y1) = (self.outputs[n - 1], self.outputs[n]);
                y0 + (y1 - y0) * ((input - x0) / (x1 - x0))
            }
        }
    }

    /// Whether a function read from a file is one.
    pub(crate) fn is_sound(&self) -> bool {
        let rising = |v: &[f64], strictly: bool| {
            let fine = |a: f64, b: f64| if strictly { a < b } else { a <= b };
            v.iter().all(|x| x.is_finite()) && v.windows(2).all(|p| fine(p[0], p[1]))
        };
        !self.inputs.is_empty()
            && self.inputs.len() == self.outputs.len()
            && rising(&self.inputs, true)
            && rising(&self.outputs, false)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn violators_are_pooled_and_ends_are_flat() {
        let pairs = [(0.1, 0.0), (0.2, 1.0), (0.3, 0.0), (0.3, 1.0), (0.9, 1.0)];
        let Some(found) = Isotonic::fit(&pairs) else {
            panic!("no function")
        };
        let third = 2.0 / 3.0;
        for (input, expected) in [(-1.0, 0.0), (0.15, third / 2.0), (0.25, third), (2.0, 1.0)] {
            assert!((found.at(input) - expected).abs() < 1e-15, "{input}");
        }
        assert!(found.is_sound());
        assert!(Isotonic::fit(&[]).is_none());
    }
}
