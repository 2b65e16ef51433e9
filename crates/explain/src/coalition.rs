//! Any model: what it says when some features are known and the others take the background's values.

use crate::explanation::{ExplainError, ExplainOptions, Explanation, Link, Method};
use crate::trees::column_means;
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use triher_learn::{FittedPipeline, LearnError, Matrix};

/// Up to this many columns all coalitions are counted.
const FEW: usize = 10;

/// How the values of so many columns are found.
pub(crate) fn method(columns: usize) -> Method {
    match columns <= FEW {
        true => Method::Enumeration,
        false => Method::Permutation,
    }
}

/// Values for the prepared columns: of all coalitions where there are few columns, of antithetic permutations otherwise.
pub(crate) fn values(
    pipeline: &FittedPipeline,
    x: &Matrix,
    background: &Matrix,
    options: &ExplainOptions,
) -> Result<Explanation, ExplainError> {
    let method = method(x.columns());
    let rows: Vec<Result<Matrix, LearnError>> = (0..x.rows())
        .into_par_iter()
        .map(|i| {
            let game = Game {
                pipeline,
                row: x.row(i),
                background,
            };
            match method {
                Method::Enumeration => game.enumerated(),
                // A stream a row: the values do not depend on the other rows.
                _ => game.permuted(options, i as u64),
            }
        })
        .collect();
    let rows: Vec<Matrix> = rows.into_iter().collect::<Result<_, _>>()?;
    let classes = pipeline.classes();
    let of_class =
        |class: usize| Matrix::from_fn(x.rows(), x.columns(), |i, j| rows[i].row(class)[j]);
    Ok(Explanation {
        link: Link::LogOdds,
        method,
        base: column_means(&pipeline.scores(background)?),
        values: (0..classes).map(of_class).collect(),
        scores: pipeline.scores(x)?,
        background: background.rows(),
    })
}

/// One row, whose features are the players.
struct Game<'a> {
    pipeline: &'a FittedPipeline,
    row: &'a [f64],
    background: &'a Matrix,
}

impl Game<'_> {
    /// Mean score of each class for several coalitions (which columns are known).
    fn worth(&self, coalitions: &[Vec<bool>]) -> Result<Vec<Vec<f64>>, LearnError> {
        let n = self.background.rows();
        let mixed = Matrix::from_fn(
            coalitions.len() * n,
            self.row.len(),
            |i, j| match coalitions[i / n][j] {
                true => self.row[j],
                false => self.background.row(i % n)[j],
            },
        );
        let scores = self.pipeline.scores(&mixed)?;
        let classes = self.pipeline.classes();
        Ok((0..coalitions.len())
            .map(|c| {
                let mut mean = vec![0.0; classes];
                for i in c * n..(c + 1) * n {
                    mean.iter_mut()
                        .zip(scores.row(i))
                        .for_each(|(m, s)| *m += s / n as f64);
                }
                mean
            })
            .collect())
    }

    /// Exact values, classes x columns, from the worth of all coalitions.
    fn enumerated(&self) -> Result<Matrix, LearnError> {
        let players = self.row.len();
        let coalitions: Vec<Vec<bool>> = (0..1_usize << players)
            .map(|set| (0..players).map(|j| set >> j & 1 == 1).collect())
            .collect();
        let worth = self.worth(&coalitions)?;
        // Weight of a coalition of `size` without the player: size! (players - size - 1)! / players!
        let weight = |size: usize| {
            let choices: f64 = (1..=size)
                .map(|i| (players - i) as f64 / i as f64)
                .product();
            1.0 / (players as f64 * choices)
        };
        let mut values = Matrix::zeros(self.pipeline.classes(), players);
        for (set, coalition) in coalitions.iter().enumerate() {
            let size = coalition.iter().filter(|known| **known).count();
            for j in (0..players).filter(|&j| !coalition[j]) {
                let with = &worth[set | 1 << j];
                for (class, (a, b)) in with.iter().zip(&worth[set]).enumerate() {
                    values.row_mut(class)[j] += weight(size) * (a - b);
                }
            }
        }
        Ok(values)
    }

    /// Estimates, classes x columns: each order and its reverse, adding one column after the other.
    fn permuted(&self, options: &ExplainOptions, stream: u64) -> Result<Matrix, LearnError> {
        let players = self.row.len();
        let mut random = ChaCha8Rng::seed_from_u64(options.seed);
        random.set_stream(stream);
        let mut order: Vec<usize> = (0..players).collect();
        let mut values = Matrix::zeros(self.pipeline.classes(), players);
        let orders = 2 * options.permutations.max(1);
        for _ in 0..orders / 2 {
            order.shuffle(&mut random);
            for _ in 0..2 {
                self.one_order(&order, orders, &mut values)?;
                order.reverse();
            }
        }
        Ok(values)
    }

    fn one_order(
        &self,
        order: &[usize],
        orders: usize,
        values: &mut Matrix,
    ) -> Result<(), LearnError> {
        let mut known = vec![false; order.len()];
        let mut before = self.worth(&[known.clone()])?.swap_remove(0);
        // Blocks of coalitions keep the memory flat however many columns there are.
        for block in order.chunks(32) {
            let coalitions: Vec<Vec<bool>> = (block.iter())
                .map(|&j| {
                    known[j] = true;
                    known.clone()
                })
                .collect();
            for (&j, worth) in block.iter().zip(self.worth(&coalitions)?) {
                for (class, (after, before)) in worth.iter().zip(&before).enumerate() {
                    values.row_mut(class)[j] += (after - before) / orders as f64;
                }
                before = worth;
            }
        }
        Ok(())
    }
}
