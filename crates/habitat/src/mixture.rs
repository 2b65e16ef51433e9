//! Gaussian mixtures.

use crate::kmeans::{KMeans, KMeansOptions, check_count};
use crate::{HabitatError, Samples};
use nalgebra::{DMatrix, DVector};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};

/// Rows that one task takes at least.
const MIN_ROWS_PER_TASK: usize = 1024;

/// The form of the components' covariances.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Covariance {
    /// Each component has a matrix of its own.
    #[default]
    Full,
    /// Each component has variances of its own and no correlations.
    Diagonal,
}

/// How a mixture is fitted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct MixtureOptions {
    /// The form of the covariances.
    pub covariance: Covariance,
    /// Added to the variances, so that matrices can be inverted.
    pub regularisation: f64,
    /// The fit ends when the mean logarithm of the likelihood of a sample rises by less than this.
    pub tolerance: f64,
    /// Steps at most.
    pub max_steps: usize,
    /// The first components are clusters of k-means.
    pub start: KMeansOptions,
}

impl Default for MixtureOptions {
    fn default() -> Self {
        Self {
            covariance: Covariance::Full,
            regularisation: 1e-6,
            tolerance: 1e-5,
            max_steps: 500,
            start: KMeansOptions::default(),
        }
    }
}

/// A fitted mixture.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct GaussianMixture {
    /// The form of the covariances.
    pub covariance: Covariance,
    /// Shares of the components; they add up to 1.
    pub weights: Vec<f64>,
    /// One row for each component.
    pub means: Vec<Vec<f64>>,
    /// For each component the matrix row by row (also for diagonal covariances).
    pub covariances: Vec<Vec<f64>>,
    /// Mean logarithm of the likelihood of the fitted samples.
    pub log_likelihood: f64,
    /// Steps of the fit.
    pub steps: usize,
    /// Whether the tolerance was reached.
    pub converged: bool,
}

impl GaussianMixture {
    /// Fits a mixture by expectation and maximisation (Dempster, Laird and Rubin, J R Stat Soc B 1977;39:1), from the clusters of k-means.
    ///
    /// Our own, because the crate at hand (linfa-clustering) has no diagonal covariances, no information criterion and no given start, which parity
    /// with scikit-learn needs (`tests/parity.rs`).
    ///
    /// # Errors
    /// As [`KMeans::fit`]; [`HabitatError::Singular`].
    pub fn fit(
        samples: &Samples,
        components: usize,
        options: &MixtureOptions,
    ) -> Result<Self, HabitatError> {
        let clusters = KMeans::fit(samples, components, &options.start)?;
        let labels = clusters.labels(samples)?;
        Self::from_labels(samples, &labels, components, options)
    }

    /// Fits a mixture whose first components are given clusters. A component without a sample gets those of all.
    ///
    /// # Errors
    /// As [`GaussianMixture::fit`]; [`HabitatError::Width`] when there are not as many labels as samples.
    pub fn from_labels(
        samples: &Samples,
        labels: &[usize],
        components: usize,
        options: &MixtureOptions,
    ) -> Result<Self, HabitatError> {
        check_count(samples, components)?;
        if labels.len() != samples.len() {
            return Err(HabitatError::Width {
                what: "labels, one a sample",
                expected: samples.len(),
                found: labels.len(),
            });
        }
        let mut shares = vec![0.0; samples.len() * components];
        for (row, &label) in shares.chunks_exact_mut(components).zip(labels) {
            match row.get_mut(label) {
                Some(share) => *share = 1.0,
                None => row.fill(1.0 / components as f64),
            }
        }
        let mut model = Self::maximised(samples, &shares, components, options);
        let mut before = f64::NEG_INFINITY;
        while model.steps < options.max_steps {
            let (shares, likelihood) = model.expectation(samples)?;
            let steps = model.steps + 1;
            model = Self::maximised(samples, &shares, components, options);
            model.steps = steps;
            if (likelihood - before).abs() < options.tolerance {
                model.converged = true;
                break;
            }
            before = likelihood;
        }
        model.log_likelihood = model.expectation(samples)?.1;
        Ok(model)
    }

    /// The likeliest component of each sample, the first of equals.
    ///
    /// # Errors
    /// [`HabitatError::Width`], [`HabitatError::Singular`].
    pub fn labels(&self, samples: &Samples) -> Result<Vec<usize>, HabitatError> {
        let (shares, _) = self.expectation(samples)?;
        let likeliest = |row: &[f64]| {
            (1..row.len()).fold(0, |best, n| if row[n] > row[best] { n } else { best })
        };
        Ok(shares
            .chunks_exact(self.weights.len().max(1))
            .map(likeliest)
            .collect())
    }

    /// The Bayesian information criterion of samples, the lower the better: `p ln n - 2 ln L` with `p` free numbers of the model.
    ///
    /// # Errors
    /// As [`GaussianMixture::labels`].
    pub fn bic(&self, samples: &Samples) -> Result<f64, HabitatError> {
        let (k, d) = (self.weights.len() as f64, samples.width() as f64);
        let covariances = match self.covariance {
            Covariance::Full => k * d * (d + 1.0) / 2.0,
            Covariance::Diagonal => k * d,
        };
        let free = covariances + k * d + k - 1.0;
        let count = samples.len() as f64;
        Ok(free * count.ln() - 2.0 * count * self.expectation(samples)?.1)
    }

    /// Shares of the components in each sample, and the mean logarithm of the likelihood.
    fn expectation(&self, samples: &Samples) -> Result<(Vec<f64>, f64), HabitatError> {
        let width = self.means.first().map_or(0, Vec::len);
        if samples.width() != width {
            return Err(HabitatError::Width {
                what: "the model",
                expected: width,
                found: samples.width(),
            });
        }
        let densities = self.densities()?;
        let rows: Vec<(Vec<f64>, f64)> = samples
            .values()
            .par_chunks(width)
            .with_min_len(MIN_ROWS_PER_TASK)
            .map(|row| {
                let mut logs: Vec<f64> = densities.iter().map(|d| d.log_at(row)).collect();
                let largest = logs.iter().copied().fold(f64::NEG_INFINITY, f64::max);
                let sum: f64 = logs.iter().map(|l| (l - largest).exp()).sum();
                let total = largest + sum.ln();
                for l in &mut logs {
                    *l = (*l - total).exp();
                }
                (logs, total)
            })
            .collect();
        let total: f64 = rows.iter().map(|r| r.1).sum();
        let shares = rows.into_iter().flat_map(|r| r.0).collect();
        Ok((shares, total / samples.len().max(1) as f64))
    }

    fn densities(&self) -> Result<Vec<Density>, HabitatError> {
        let components = self.weights.iter().zip(&self.means).zip(&self.covariances);
        components
            .enumerate()
            .map(|(component, ((&weight, mean), covariance))| {
                let d = mean.len();
                let matrix = DMatrix::from_row_slice(d, d, covariance);
                let cholesky = matrix
                    .cholesky()
                    .ok_or(HabitatError::Singular { component })?;
                let lower = cholesky.l();
                let determinant: f64 = (0..d).map(|n| lower[(n, n)].ln()).sum();
                let constant =
                    weight.ln() - 0.5 * d as f64 * std::f64::consts::TAU.ln() - determinant;
                Ok(Density {
                    mean: mean.clone(),
                    lower,
                    constant,
                })
            })
            .collect()
    }

    /// The mixture that fits samples with given shares best.
    fn maximised(
        samples: &Samples,
        shares: &[f64],
        components: usize,
        options: &MixtureOptions,
    ) -> Self {
        let d = samples.width();
        let mut totals = vec![0.0; components];
        let mut means = vec![vec![0.0; d]; components];
        for (row, shares) in samples.rows().zip(shares.chunks_exact(components)) {
            for ((total, mean), share) in totals.iter_mut().zip(&mut means).zip(shares) {
                *total += share;
                for (m, v) in mean.iter_mut().zip(row) {
                    *m += share * v;
                }
            }
        }
        // As scikit-learn does, ten times the smallest step keeps an empty component from dividing by nothing.
        for (total, mean) in totals.iter_mut().zip(&mut means) {
            *total += 10.0 * f64::EPSILON;
            for m in mean {
                *m /= *total;
            }
        }
        let mut covariances = vec![vec![0.0; d * d]; components];
        for (row, shares) in samples.rows().zip(shares.chunks_exact(components)) {
            for ((covariance, mean), share) in covariances.iter_mut().zip(&means).zip(shares) {
                for a in 0..d {
                    let left = share * (row[a] - mean[a]);
                    for b in 0..d {
                        if options.covariance == Covariance::Full || a == b {
                            covariance[a * d + b] += left * (row[b] - mean[b]);
                        }
                    }
                }
            }
        }
        for (covariance, total) in covariances.iter_mut().zip(&totals) {
            for v in covariance.iter_mut() {
                *v /= total;
            }
            for a in 0..d {
                covariance[a * d + a] += options.regularisation;
            }
        }
        let all: f64 = totals.iter().sum();
        Self {
            covariance: options.covariance,
            weights: totals.iter().map(|t| t / all).collect(),
            means,
            covariances,
            log_likelihood: f64::NEG_INFINITY,
            steps: 0,
            converged: false,
        }
    }
}

/// One component, ready to be evaluated.
struct Density {
    mean: Vec<f64>,
    /// Lower triangle whose product with its transpose is the covariance.
    lower: DMatrix<f64>,
    /// Logarithm of the weight and of what does not depend on the sample.
    constant: f64,
}

impl Density {
    fn log_at(&self, row: &[f64]) -> f64 {
        let apart =
            DVector::from_iterator(row.len(), row.iter().zip(&self.mean).map(|(v, m)| v - m));
        let solved = self.lower.solve_lower_triangular(&apart);
        let squared = solved.map_or(f64::INFINITY, |s| s.norm_squared());
        self.constant - 0.5 * squared
    }
}
