//! A habitat model: scaling, clusters and their order, as it is stored.

use crate::{GaussianMixture, HabitatError, KMeans, KMeansOptions, MixtureOptions, Samples};
use serde::{Deserialize, Serialize};

/// Means and standard deviations of the features (z-score).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Scaling {
    /// Mean of each feature.
    pub mean: Vec<f64>,
    /// Standard deviation of each feature (of the population); 1 for a feature that does not vary.
    pub deviation: Vec<f64>,
}

impl Scaling {
    /// The scaling of samples.
    pub fn of(samples: &Samples) -> Self {
        let count = samples.len().max(1) as f64;
        let mut mean = vec![0.0; samples.width()];
        for row in samples.rows() {
            for (m, v) in mean.iter_mut().zip(row) {
                *m += v / count;
            }
        }
        let mut variance = vec![0.0; samples.width()];
        for row in samples.rows() {
            for ((s, v), m) in variance.iter_mut().zip(row).zip(&mean) {
                *s += (v - m).powi(2) / count;
            }
        }
        // Below this a feature varies by rounding alone.
        let deviation = variance.iter().zip(&mean).map(|(s, m)| {
            let deviation = s.sqrt();
            if deviation > 1e-12 * m.abs().max(1e-300) {
                deviation
            } else {
                1.0
            }
        });
        Self {
            deviation: deviation.collect(),
            mean,
        }
    }

    /// Samples in standard deviations from the mean.
    ///
    /// # Errors
    /// [`HabitatError::Width`], [`HabitatError::NotFinite`].
    pub fn apply(&self, samples: &Samples) -> Result<Samples, HabitatError> {
        if samples.width() != self.mean.len() {
            return Err(HabitatError::Width {
                what: "the model",
                expected: self.mean.len(),
                found: samples.width(),
            });
        }
        let rows = samples.rows().flat_map(|row| {
            let scaled = row.iter().zip(&self.mean).zip(&self.deviation);
            scaled.map(|((v, m), s)| (v - m) / s)
        });
        Samples::new(samples.width(), rows.collect())
    }
}

/// How samples are clustered.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "method")]
pub enum Method {
    /// K-means.
    KMeans(KMeansOptions),
    /// A Gaussian mixture.
    GaussianMixture(MixtureOptions),
}

/// Fitted clusters.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "method")]
pub enum Clusters {
    /// K-means.
    KMeans(KMeans),
    /// A Gaussian mixture.
    GaussianMixture(GaussianMixture),
}

/// A model that says which habitat a voxel belongs to. It is plain data (serde) and belongs into the file of the model that uses its habitats.
///
/// Fit it on one patient's lesion, or on a sample ([`Reservoir`](crate::Reservoir)) of the voxels of the **training** patients only: a model
/// that has seen the voxels of patients it is tested on leaks.
///
/// Habitats are numbered by the centre's first feature, the lowest first (with [`CURVE_FEATURES`](crate::CURVE_FEATURES): the one with the
/// weakest wash-in is habitat 0), then by the others, so that a number means the same in every fit.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct HabitatModel {
    /// Names of the features.
    pub features: Vec<String>,
    /// Scaling of the features.
    pub scaling: Scaling,
    /// Clusters of scaled samples.
    pub clusters: Clusters,
    /// Habitat of each cluster.
    pub order: Vec<usize>,
    /// Samples that the model was fitted on.
    pub fitted_on: usize,
}

impl HabitatModel {
    /// Fits a model of `habitats` habitats.
    ///
    /// # Errors
    /// As [`KMeans::fit`] and [`GaussianMixture::fit`]; [`HabitatError::Width`] when there are not as many names as features.
    pub fn fit(
        features: &[&str],
        samples: &Samples,
        habitats: usize,
        method: &Method,
    ) -> Result<Self, HabitatError> {
        if features.len() != samples.width() {
            return Err(HabitatError::Width {
                what: "the names of the features",
                expected: features.len(),
                found: samples.width(),
            });
        }
        let scaling = Scaling::of(samples);
        let scaled = scaling.apply(samples)?;
        let clusters = match method {
            Method::KMeans(options) => Clusters::KMeans(KMeans::fit(&scaled, habitats, options)?),
            Method::GaussianMixture(options) => {
                Clusters::GaussianMixture(GaussianMixture::fit(&scaled, habitats, options)?)
            }
        };
        let centres = match &clusters {
            Clusters::KMeans(model) => &model.centres,
            Clusters::GaussianMixture(model) => &model.means,
        };
        let order = ranks(centres);
        Ok(Self {
            features: features.iter().map(|&f| f.to_owned()).collect(),
            scaling,
            clusters,
            order,
            fitted_on: samples.len(),
        })
    }

    /// Checks that the parts of a stored model fit together; a model from [`HabitatModel::fit`] always passes.
    ///
    /// # Errors
    /// [`HabitatError::BadModel`].
    pub fn check(&self) -> Result<(), HabitatError> {
        let width = self.features.len();
        let bad = |problem| Err(HabitatError::BadModel { problem });
        let finite = |values: &[f64]| values.iter().all(|v| v.is_finite());
        if width == 0
            || self.scaling.mean.len() != width
            || self.scaling.deviation.len() != width
            || !finite(&self.scaling.mean)
            || !self
                .scaling
                .deviation
                .iter()
                .all(|d| *d > 0.0 && d.is_finite())
        {
            return bad("its scaling is not that of its features");
        }
        let centres = match &self.clusters {
            Clusters::KMeans(model) => &model.centres,
            Clusters::GaussianMixture(model) => &model.means,
        };
        if centres.is_empty() || centres.iter().any(|c| c.len() != width || !finite(c)) {
            return bad("its centres are not those of its features");
        }
        if let Clusters::GaussianMixture(model) = &self.clusters
            && (model.weights.len() != centres.len()
                || model.covariances.len() != centres.len()
                || model
                    .covariances
                    .iter()
                    .any(|c| c.len() != width * width || !finite(c))
                || !model.weights.iter().all(|w| (0.0..=1.0).contains(w)))
        {
            return bad("its shares and covariances are not those of its components");
        }
        let mut order = self.order.clone();
        order.sort_unstable();
        if order.len() != centres.len() || order.iter().enumerate().any(|(at, o)| at != *o) {
            return bad("its order does not name each of its clusters once");
        }
        Ok(())
    }

    /// Number of habitats.
    pub fn habitats(&self) -> usize {
        self.order.len()
    }

    /// The habitat of each sample, from 0.
    ///
    /// # Errors
    /// [`HabitatError::Width`], [`HabitatError::Singular`], [`HabitatError::BadModel`].
    pub fn labels(&self, samples: &Samples) -> Result<Vec<usize>, HabitatError> {
        self.check()?;
        let scaled = self.scaling.apply(samples)?;
        let clusters = match &self.clusters {
            Clusters::KMeans(model) => model.labels(&scaled)?,
            Clusters::GaussianMixture(model) => model.labels(&scaled)?,
        };
        Ok(clusters
            .into_iter()
            .map(|cluster| self.order[cluster])
            .collect())
    }

    /// Centres of the habitats in the features' own units, habitat 0 first.
    pub fn centres(&self) -> Vec<Vec<f64>> {
        let scaled = match &self.clusters {
            Clusters::KMeans(model) => &model.centres,
            Clusters::GaussianMixture(model) => &model.means,
        };
        let mut ranked: Vec<(usize, Vec<f64>)> = self
            .order
            .iter()
            .zip(scaled)
            .map(|(&habitat, centre)| {
                let own = centre
                    .iter()
                    .zip(&self.scaling.mean)
                    .zip(&self.scaling.deviation);
                (habitat, own.map(|((c, m), s)| c * s + m).collect())
            })
            .collect();
        ranked.sort_by_key(|r| r.0);
        ranked.into_iter().map(|r| r.1).collect()
    }
}

/// The place of each centre in their order.
fn ranks(centres: &[Vec<f64>]) -> Vec<usize> {
    let mut by_value: Vec<usize> = (0..centres.len()).collect();
    by_value.sort_by(|&a, &b| {
        let pairs = centres[a].iter().zip(&centres[b]);
        let mut orders = pairs.map(|(x, y)| x.total_cmp(y));
        orders
            .find(|o| o.is_ne())
            .unwrap_or(std::cmp::Ordering::Equal)
    });
    let mut ranks = vec![0; centres.len()];
    for (rank, cluster) in by_value.into_iter().enumerate() {
        ranks[cluster] = rank;
    }
    ranks
}
