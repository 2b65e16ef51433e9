//! What comes out of a model becomes one row of numbers.

use crate::card::{Pool, Reduce};

/// One output of a model.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Tensor {
    pub(crate) shape: Vec<usize>,
    pub(crate) data: Vec<f32>,
}

/// A row from an output; `Err` says what was expected.
pub(crate) fn row(output: &Tensor, how: Reduce) -> Result<Vec<f32>, String> {
    let shape = output.shape.as_slice();
    let need = |axes: usize, what: &str| {
        if shape.len() < axes || shape.first() != Some(&1) || output.data.is_empty() {
            Err(format!("{what} was expected, for one input"))
        } else {
            Ok(())
        }
    };
    match how {
        Reduce::AsIs => {
            need(1, "any shape that begins with 1")?;
            Ok(output.data.clone())
        }
        Reduce::Mean => {
            need(2, "[1, features, ...]")?;
            let each = output.data.len() / shape[1].max(1);
            let groups = output.data.chunks_exact(each.max(1));
            Ok(groups.map(mean).collect())
        }
        Reduce::FirstToken | Reduce::MeanTokens => {
            need(3, "[1, tokens, features]")?;
            if shape.len() != 3 {
                return Err("[1, tokens, features] was expected, for one input".to_owned());
            }
            let tokens: Vec<&[f32]> = output.data.chunks_exact(shape[2].max(1)).collect();
            if how == Reduce::FirstToken {
                return Ok(tokens.first().map_or(Vec::new(), |t| t.to_vec()));
            }
            Ok(pooled(&tokens, Pool::Mean))
        }
    }
}

/// The mean in double precision.
fn mean(values: &[f32]) -> f32 {
    (values.iter().map(|&v| f64::from(v)).sum::<f64>() / values.len().max(1) as f64) as f32
}

/// One row from those of all slices or tokens, which are equally long.
pub(crate) fn pooled<R: AsRef<[f32]>>(rows: &[R], how: Pool) -> Vec<f32> {
    let width = rows.first().map_or(0, |r| r.as_ref().len());
    let column = |at: usize| -> Vec<f32> { rows.iter().map(|r| r.as_ref()[at]).collect() };
    let means = || (0..width).map(|at| mean(&column(at)));
    let largest = || (0..width).map(|at| column(at).into_iter().fold(f32::NEG_INFINITY, f32::max));
    match how {
        Pool::Mean => means().collect(),
        Pool::Max => largest().collect(),
        Pool::MeanAndMax => means().chain(largest()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn outputs_become_rows() {
        let volume = Tensor {
            shape: vec![1, 2, 1, 2, 2],
            data: (0u8..8).map(f32::from).collect(),
        };
        assert_eq!(row(&volume, Reduce::Mean).unwrap(), [1.5, 5.5]);
        assert_eq!(row(&volume, Reduce::AsIs).unwrap().len(), 8);
        assert!(row(&volume, Reduce::FirstToken).is_err());
        let tokens = Tensor {
            shape: vec![1, 2, 4],
            data: volume.data.clone(),
        };
        assert_eq!(
            row(&tokens, Reduce::FirstToken).unwrap(),
            [0.0, 1.0, 2.0, 3.0]
        );
        assert_eq!(
            row(&tokens, Reduce::MeanTokens).unwrap(),
            [2.0, 3.0, 4.0, 5.0]
        );
        let two = Tensor {
            shape: vec![2, 4],
            data: volume.data,
        };
        assert!(row(&two, Reduce::AsIs).is_err());
    }

    #[test]
    fn slices_are_pooled() {
        let rows = [vec![1.0, 4.0], vec![3.0, 0.0]];
        assert_eq!(pooled(&rows, Pool::Mean), [2.0, 2.0]);
        assert_eq!(pooled(&rows, Pool::Max), [3.0, 4.0]);
        assert_eq!(pooled(&rows, Pool::MeanAndMax), [2.0, 2.0, 3.0, 4.0]);
    }
}
