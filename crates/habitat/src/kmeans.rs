//! K-means.

use crate::{HabitatError, Samples};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Most clusters that can be asked for.
pub(crate) const MOST_CLUSTERS: usize = 64;
/// Rows that one task takes at least.
const MIN_ROWS_PER_TASK: usize = 4096;

/// How often and how long k-means runs.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct KMeansOptions {
    /// Seed of the first centres.
    pub seed: u64,
    /// Runs from other first centres; the one with the least inertia is kept, the first of equals.
    pub runs: usize,
    /// Steps of a run at most.
    pub max_steps: usize,
}

impl Default for KMeansOptions {
    fn default() -> Self {
        Self {
            seed: 0,
            runs: 10,
            max_steps: 300,
        }
    }
}

/// Centres of clusters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct KMeans {
    /// One row for each cluster.
    pub centres: Vec<Vec<f64>>,
    /// Sum of the squared distances of the fitted samples from their centres.
    pub inertia: f64,
    /// Steps of the run that was kept.
    pub steps: usize,
}

impl KMeans {
    /// Fits `clusters` centres: Lloyd's algorithm (IEEE Trans Inf Theory 1982;28:129) from first centres by k-means++ (Arthur and Vassilvitskii,
    /// SODA 2007), several times.
    ///
    /// Our own, because the crate at hand (linfa-clustering) takes neither given first centres nor gives inertia of its steps, and parity with
    /// scikit-learn is checked from the same first centres (`tests/parity.rs`).
    ///
    /// # Errors
    /// [`HabitatError::BadCount`], [`HabitatError::TooFew`].
    pub fn fit(
        samples: &Samples,
        clusters: usize,
        options: &KMeansOptions,
    ) -> Result<Self, HabitatError> {
        check_count(samples, clusters)?;
        let mut best: Option<Self> = None;
        for run in 0..options.runs.max(1) {
            let mut rng = ChaCha8Rng::seed_from_u64(options.seed);
            rng.set_stream(run as u64);
            let first = plus_plus(samples, clusters, &mut rng);
            let found = Self::from_centres(samples, first, options.max_steps)?;
            if best.as_ref().is_none_or(|b| found.inertia < b.inertia) {
                best = Some(found);
            }
        }
        best.ok_or(HabitatError::BadCount {
            clusters,
            most: MOST_CLUSTERS,
        })
    }

    /// Lloyd's algorithm from given first centres, until no sample changes its cluster or for `max_steps`. A cluster that
    /// loses all its samples takes the sample that lies furthest from its centre.
    ///
    /// # Errors
    /// As [`KMeans::fit`]; [`HabitatError::Width`] when a centre is not as wide as the samples.
    pub fn from_centres(
        samples: &Samples,
        first_centres: Vec<Vec<f64>>,
        max_steps: usize,
    ) -> Result<Self, HabitatError> {
        check_count(samples, first_centres.len())?;
        for centre in &first_centres {
            if centre.len() != samples.width() {
                return Err(HabitatError::Width {
                    what: "the first centres",
                    expected: centre.len(),
                    found: samples.width(),
                });
            }
        }
        let mut found = Self {
            centres: first_centres,
            inertia: 0.0,
            steps: 0,
        };
        let mut labels = found.nearest(samples);
        while found.steps < max_steps {
            found.steps += 1;
            found.move_centres(samples, &labels);
            let next = found.nearest(samples);
            let settled = next.iter().zip(&labels).all(|(a, b)| a.0 == b.0);
            labels = next;
            if settled {
                break;
            }
        }
        found.inertia = labels.iter().map(|l| l.1).sum();
        Ok(found)
    }

    /// The cluster of each sample: the nearest centre, the first of equals.
    ///
    /// # Errors
    /// [`HabitatError::Width`].
    pub fn labels(&self, samples: &Samples) -> Result<Vec<usize>, HabitatError> {
        let expected = self.centres.first().map_or(0, Vec::len);
        if samples.width() != expected {
            return Err(HabitatError::Width {
                what: "the model",
                expected,
                found: samples.width(),
            });
        }
        Ok(self.nearest(samples).into_iter().map(|l| l.0).collect())
    }

    /// Cluster and squared distance of every sample.
    fn nearest(&self, samples: &Samples) -> Vec<(usize, f64)> {
        samples
            .values()
            .par_chunks(samples.width())
            .with_min_len(MIN_ROWS_PER_TASK)
            .map(|row| {
                let distances = self.centres.iter().map(|c| squared_distance(row, c));
                let first = (0, f64::INFINITY);
                let nearest = |best: (usize, f64), (n, d)| if d < best.1 { (n, d) } else { best };
                distances.enumerate().fold(first, nearest)
            })
            .collect()
    }

    /// Centres become the means of their samples.
    fn move_centres(&mut self, samples: &Samples, labels: &[(usize, f64)]) {
        let width = samples.width();
        let mut sums = vec![vec![0.0; width]; self.centres.len()];
        let mut counts = vec![0usize; self.centres.len()];
        for (row, &(label, _)) in samples.rows().zip(labels) {
            counts[label] += 1;
            for (s, v) in sums[label].iter_mut().zip(row) {
                *s += v;
            }
        }
        // The furthest samples, for clusters that have none.
        let mut furthest: Vec<usize> = Vec::new();
        if counts.contains(&0) {
            furthest = (0..labels.len()).collect();
            furthest.sort_by(|&a, &b| labels[b].1.total_cmp(&labels[a].1));
        }
        let mut spare = furthest.into_iter();
        for ((centre, sum), count) in self.centres.iter_mut().zip(sums).zip(counts) {
            if count > 0 {
                *centre = sum.into_iter().map(|s| s / count as f64).collect();
            } else if let Some(row) = spare.next() {
                *centre = samples.row(row).to_vec();
            }
        }
    }
}

pub(crate) fn check_count(samples: &Samples, clusters: usize) -> Result<(), HabitatError> {
    if !(1..=MOST_CLUSTERS).contains(&clusters) {
        return Err(HabitatError::BadCount {
            clusters,
            most: MOST_CLUSTERS,
        });
    }
    if samples.len() < clusters {
        return Err(HabitatError::TooFew {
            found: samples.len(),
            clusters,
        });
    }
    Ok(())
}

pub(crate) fn squared_distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y).powi(2)).sum()
}

/// First centres: each next one is a sample drawn by its squared distance from those that are there.
fn plus_plus(samples: &Samples, clusters: usize, rng: &mut ChaCha8Rng) -> Vec<Vec<f64>> {
    let first = rng.random_range(0..samples.len());
    let mut centres = vec![samples.row(first).to_vec()];
    let mut squared: Vec<f64> = samples
        .rows()
        .map(|row| squared_distance(row, &centres[0]))
        .collect();
    while centres.len() < clusters {
        let total: f64 = squared.iter().sum();
        let mut left = rng.random::<f64>() * total;
        let mut chosen = squared.len() - 1;
        for (row, &d) in squared.iter().enumerate() {
            left -= d;
            if left < 0.0 {
                chosen = row;
                break;
            }
        }
        let centre = samples.row(chosen).to_vec();
        for (d, row) in squared.iter_mut().zip(samples.rows()) {
            *d = d.min(squared_distance(row, &centre));
        }
        centres.push(centre);
    }
    centres
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heaps() -> Samples {
        let rows = (0..60).flat_map(|n| {
            let heap = f64::from(n % 3) * 10.0;
            let jitter = f64::from(n * 7 % 11) / 11.0;
            [heap + jitter, -heap + f64::from(n * 5 % 13) / 13.0]
        });
        Samples::new(2, rows.collect()).unwrap()
    }

    #[test]
    fn three_heaps_are_found_with_any_seed() {
        let samples = heaps();
        for seed in 0..20 {
            let options = KMeansOptions {
                seed,
                runs: 4,
                ..KMeansOptions::default()
            };
            let found = KMeans::fit(&samples, 3, &options).unwrap();
            let labels = found.labels(&samples).unwrap();
            assert!((0..60).all(|n| labels[n] == labels[n % 3]), "{labels:?}");
            assert_eq!(found, KMeans::fit(&samples, 3, &options).unwrap());
        }
    }

    #[test]
    fn a_cluster_without_samples_gets_one() {
        let samples = Samples::new(1, vec![0.0, 1.0, 10.0, 11.0]).unwrap();
        let first = vec![vec![0.0], vec![500.0], vec![600.0]];
        let found = KMeans::from_centres(&samples, first, 100).unwrap();
        let mut labels = found.labels(&samples).unwrap();
        labels.sort_unstable();
        labels.dedup();
        assert_eq!(labels.len(), 3, "{found:?}");
    }

    #[test]
    fn what_cannot_be_split() {
        let samples = Samples::new(1, vec![1.0, 2.0]).unwrap();
        let options = KMeansOptions::default();
        assert!(matches!(
            KMeans::fit(&samples, 3, &options),
            Err(HabitatError::TooFew { .. })
        ));
        for clusters in [0, 65] {
            assert!(matches!(
                KMeans::fit(&samples, clusters, &options),
                Err(HabitatError::BadCount { .. })
            ));
        }
        let one = KMeans::fit(&samples, 2, &options).unwrap();
        assert!(one.labels(&heaps()).is_err());
        // All samples equal: no division by nothing.
        let equal = Samples::new(1, vec![5.0; 9]).unwrap();
        assert_eq!(KMeans::fit(&equal, 2, &options).unwrap().inertia, 0.0);
    }
}
