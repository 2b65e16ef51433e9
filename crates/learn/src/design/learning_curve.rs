//! How much better a model gets with more patients.

use super::{RoundStore, Rounds, play};
use crate::{CrossValidation, Dataset, LearnError, Matrix, PipelineSpec, Split};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};

/// Which shares of the training patients are learnt from.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LearningCurveSpec {
    /// Shares of the training patients of each fold, above 0 and up to 1, ascending.
    pub shares: Vec<f64>,
    /// Folds.
    pub folds: usize,
    /// Repeats with other folds and other subsets.
    pub repeats: usize,
}

impl Default for LearningCurveSpec {
    fn default() -> Self {
        Self {
            shares: vec![0.2, 0.4, 0.6, 0.8, 1.0],
            folds: 5,
            repeats: 3,
        }
    }
}

/// A learning curve: predictions at each share.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LearningCurve {
    /// The points, by rising share.
    pub points: Vec<LearningPoint>,
}

/// One share of the training patients.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub struct LearningPoint {
    /// The share that was asked for.
    pub share: f64,
    /// Training patients, the mean over the rounds.
    pub patients: f64,
    /// Out-of-fold probabilities of each repeat, rows x classes; `NaN` for rows that are never held out or whose round failed.
    pub repeats: Vec<Matrix>,
    /// Why rounds failed, each reason once: too few patients of a class, as a rule.
    pub problems: Vec<String>,
}

/// Cross-validates with growing subsets of each fold's training patients. Within a fold the subsets are nested, drawn class by
/// class, with at least two patients of each class; patients that features were fitted on come first.
///
/// # Errors
/// As [`CrossValidation::assign`], and [`LearnError::BadShares`] for shares outside of 0..=1 or not ascending.
pub fn learning_curve(
    data: &Dataset,
    spec: &PipelineSpec,
    curve: &LearningCurveSpec,
    seed: u64,
    store: &dyn RoundStore,
) -> Result<LearningCurve, LearnError> {
    let inside = curve.shares.iter().all(|s| *s > 0.0 && *s <= 1.0);
    let ascending = curve.shares.windows(2).all(|pair| pair[0] < pair[1]);
    if !(inside && ascending) || curve.shares.is_empty() {
        return Err(LearnError::BadShares {
            shares: curve.shares.clone(),
        });
    }
    let design = CrossValidation {
        folds: curve.folds,
        repeats: curve.repeats,
        seed,
    };
    let folds = design.assign(data)?;
    let rounds = Rounds::new(data, spec, store);
    let work: Vec<(usize, usize, usize)> = (0..curve.shares.len())
        .flat_map(|share| {
            (0..curve.repeats).flat_map(move |r| (0..curve.folds).map(move |f| (share, r, f)))
        })
        .collect();
    let played: Vec<_> = work
        .par_iter()
        .map(|&(share, repeat, fold)| {
            let (test, train): (Vec<usize>, Vec<usize>) =
                (0..data.rows()).partition(|&row| folds[repeat][row] == fold);
            let stream = (repeat * curve.folds + fold) as u64;
            let (train, patients) = subset(data, &train, curve.shares[share], seed, stream);
            (patients, play(&rounds, Split { train, test }))
        })
        .collect();

    let mut points: Vec<LearningPoint> = (curve.shares.iter())
        .map(|&share| LearningPoint {
            share,
            patients: 0.0,
            repeats: vec![unknown(data); curve.repeats],
            problems: Vec::new(),
        })
        .collect();
    for (&(share, repeat, _), (patients, found)) in work.iter().zip(played) {
        let point = &mut points[share];
        point.patients += patients as f64 / (curve.repeats * curve.folds) as f64;
        match found {
            Ok(found) => {
                for (row, p) in found.rows.iter().zip(found.probabilities.iter_rows()) {
                    point.repeats[repeat].row_mut(*row).copy_from_slice(p);
                }
            }
            Err(problem) => point.problems.push(problem.to_string()),
        }
    }
    for point in &mut points {
        point.problems.sort();
        point.problems.dedup();
    }
    Ok(LearningCurve { points })
}

fn unknown(data: &Dataset) -> Matrix {
    let mut matrix = Matrix::zeros(data.rows(), data.classes.len());
    (0..data.rows()).for_each(|row| matrix.row_mut(row).fill(f64::NAN));
    matrix
}

/// Rows of a share of the patients of each class, the same order of patients for every share; and how many patients they are.
fn subset(
    data: &Dataset,
    train: &[usize],
    share: f64,
    seed: u64,
    stream: u64,
) -> (Vec<usize>, usize) {
    let mut class_of: BTreeMap<&str, usize> = BTreeMap::new();
    for &row in train {
        class_of.entry(&data.groups[row]).or_insert(data.y[row]);
    }
    let mut strata: Vec<Vec<&str>> = vec![Vec::new(); data.classes.len()];
    for (patient, class) in class_of {
        strata[class].push(patient);
    }
    let mut random = ChaCha8Rng::seed_from_u64(seed ^ 0x6c65_6172);
    random.set_stream(stream);
    let mut kept: BTreeSet<&str> = BTreeSet::new();
    let upstream = data.fitted_upstream();
    for stratum in &mut strata {
        stratum.shuffle(&mut random);
        stratum.sort_by_key(|patient| !upstream.contains(*patient));
        let count = (share * stratum.len() as f64).round() as usize;
        kept.extend(stratum.iter().take(count.max(2)));
    }
    let rows = train.iter().copied();
    let rows = rows.filter(|&row| kept.contains(data.groups[row].as_str()));
    (rows.collect(), kept.len())
}
