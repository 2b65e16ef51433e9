//! How many clusters.

use crate::kmeans::squared_distance;
use crate::{GaussianMixture, HabitatError, KMeans, KMeansOptions, MixtureOptions, Samples};
use rayon::prelude::*;
use std::ops::RangeInclusive;

/// Rows of which the silhouette is taken at most: the work rises with their square. Of more, every n-th is taken.
const SILHOUETTE_ROWS: usize = 4000;

/// Mean silhouette (Rousseeuw, J Comput Appl Math 1987;20:53) of labelled samples, from -1 to 1: how much nearer a sample lies to its own
/// cluster than to the next. A sample alone in its cluster counts 0. `None` with fewer than two clusters.
///
/// scikit-learn's `silhouette_score` gives the same within 1e-10 (`tests/parity.rs`).
pub fn silhouette(samples: &Samples, labels: &[usize]) -> Option<f64> {
    let clusters = labels.iter().max()? + 1;
    let mut sizes = vec![0usize; clusters];
    for &label in labels {
        sizes[label] += 1;
    }
    if labels.len() != samples.len() || sizes.iter().filter(|&&s| s > 0).count() < 2 {
        return None;
    }
    let widths: Vec<f64> = (0..samples.len())
        .into_par_iter()
        .map(|at| {
            let row = samples.row(at);
            let mut sums = vec![0.0; clusters];
            for (other, &label) in samples.rows().zip(labels) {
                sums[label] += squared_distance(row, other).sqrt();
            }
            let own = labels[at];
            if sizes[own] < 2 {
                return 0.0;
            }
            let within = sums[own] / (sizes[own] - 1) as f64;
            let others = (0..clusters).filter(|&c| c != own && sizes[c] > 0);
            let next = others
                .map(|c| sums[c] / sizes[c] as f64)
                .fold(f64::INFINITY, f64::min);
            let larger = within.max(next);
            if larger > 0.0 {
                (next - within) / larger
            } else {
                0.0
            }
        })
        .collect();
    Some(widths.iter().sum::<f64>() / widths.len() as f64)
}

/// The number of clusters with the highest silhouette of k-means, the smallest of equals, and the silhouettes of all numbers that could be tried.
///
/// # Errors
/// As [`KMeans::fit`] when no number in the range can be tried.
pub fn clusters_by_silhouette(
    samples: &Samples,
    range: RangeInclusive<usize>,
    options: &KMeansOptions,
) -> Result<(usize, Vec<(usize, f64)>), HabitatError> {
    let part = thinned(samples)?;
    let mut tried = Vec::new();
    for clusters in (*range.start()).max(2)..=*range.end() {
        let model = match KMeans::fit(samples, clusters, options) {
            Ok(model) => model,
            Err(HabitatError::TooFew { .. }) => break,
            Err(error) => return Err(error),
        };
        if let Some(value) = silhouette(&part, &model.labels(&part)?) {
            tried.push((clusters, value));
        }
    }
    best(tried, range, samples, |new, old| new > old)
}

/// The number of components with the lowest Bayesian information criterion, the smallest of equals, and the criteria of all numbers.
///
/// # Errors
/// As [`GaussianMixture::fit`].
pub fn components_by_bic(
    samples: &Samples,
    range: RangeInclusive<usize>,
    options: &MixtureOptions,
) -> Result<(usize, Vec<(usize, f64)>), HabitatError> {
    let mut tried = Vec::new();
    for components in (*range.start()).max(1)..=*range.end() {
        match GaussianMixture::fit(samples, components, options) {
            Ok(model) => tried.push((components, model.bic(samples)?)),
            Err(HabitatError::TooFew { .. }) => break,
            Err(error) => return Err(error),
        }
    }
    best(tried, range, samples, |new, old| new < old)
}

fn best(
    tried: Vec<(usize, f64)>,
    range: RangeInclusive<usize>,
    samples: &Samples,
    better: impl Fn(f64, f64) -> bool,
) -> Result<(usize, Vec<(usize, f64)>), HabitatError> {
    let chosen = tried
        .iter()
        .copied()
        .reduce(|best, next| if better(next.1, best.1) { next } else { best });
    let chosen = chosen.ok_or(HabitatError::TooFew {
        found: samples.len(),
        clusters: *range.start(),
    })?;
    Ok((chosen.0, tried))
}

fn thinned(samples: &Samples) -> Result<Samples, HabitatError> {
    let step = samples.len().div_ceil(SILHOUETTE_ROWS).max(1);
    let rows = samples.rows().step_by(step).flatten().copied();
    Samples::new(samples.width(), rows.collect())
}
