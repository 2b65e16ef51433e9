//! Rows unlike those of training.

use crate::classifier::nearest;
use crate::inner::{InnerFolds, assign};
use crate::pca::{Pca, PcaSpec};
use crate::{LearnError, Matrix, TrainingFold};
use faer::Side;
use faer::linalg::solvers::Llt;
use serde::{Deserialize, Serialize};

/// How rows unlike those of training are found.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct NoveltySpec {
    /// Principal components that distances are measured in when there are more columns than this.
    pub components: usize,
    /// The neighbour whose distance counts.
    pub neighbour: usize,
    /// Share of training rows, left out in turn, that lie within each limit; between 0 and 1.
    pub within: f64,
}

impl Default for NoveltySpec {
    fn default() -> Self {
        Self {
            components: 16,
            neighbour: 5,
            within: 0.99,
        }
    }
}

/// Distances of a row from those of training, both in the space of the prepared features.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Distances {
    /// Mahalanobis distance from the mean, with the covariance shrunk as Ledoit and Wolf do.
    pub mahalanobis: f64,
    /// Euclidean distance to the k-th nearest training row.
    pub neighbour: f64,
    /// Whether one of them is beyond its limit.
    pub out_of_distribution: bool,
}

/// The training rows' cloud, with the limits of the distances from it.
///
/// Limits are quantiles of the distances of training rows that were left out by patient. A flagged row is one that
/// the model was not made for; one that is not flagged may still be.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Novelty {
    spec: NoveltySpec,
    cloud: Cloud,
    mahalanobis_limit: f64,
    neighbour_limit: f64,
}

/// Rows in a space with a mean and a covariance.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Cloud {
    pca: Option<Pca>,
    mean: Vec<f64>,
    /// Inverse of the Cholesky factor of the covariance, so that distances are norms of its products.
    whitening: Matrix,
    shrinkage: f64,
    rows: Matrix,
}

/// The covariance shrunk towards a multiple of the identity (Ledoit and Wolf 2004), and how far: 0 not at all, 1 wholly.
///
/// As scikit-learn's `ledoit_wolf`, equal to it to 1e-12 (`tests/parity/make_probability.py`).
fn ledoit_wolf(x: &Matrix, mean: &[f64]) -> (Matrix, f64) {
    let (n, p) = (x.rows() as f64, x.columns());
    let mut covariance = Matrix::zeros(p, p);
    let mut fourth = 0.0;
    for row in x.iter_rows() {
        let centred: Vec<f64> = row.iter().zip(mean).map(|(x, m)| x - m).collect();
        for (i, a) in centred.iter().enumerate() {
            let out = covariance.row_mut(i);
            for (c, b) in out.iter_mut().zip(&centred) {
                *c += a * b / n;
            }
        }
        let squared: f64 = centred.iter().map(|v| v * v).sum();
        fourth += squared * squared / n;
    }
    let p = p as f64;
    let trace: f64 = (0..covariance.rows()).map(|i| covariance.row(i)[i]).sum();
    let mu = trace / p;
    let squares: f64 = covariance.values().iter().map(|v| v * v).sum();
    let delta = (squares - 2.0 * mu * trace + p * mu * mu) / p;
    let beta = ((fourth - squares) / (n * p)).min(delta);
    let shrinkage = if beta > 0.0 && delta > 0.0 {
        beta / delta
    } else {
        0.0
    };
    for i in 0..covariance.rows() {
        let row = covariance.row_mut(i);
        row.iter_mut().for_each(|v| *v *= 1.0 - shrinkage);
        row[i] += shrinkage * mu;
    }
    (covariance, shrinkage)
}

impl Cloud {
    fn fit(fold: &TrainingFold<'_>, components: usize) -> Result<Self, LearnError> {
        let mut space = fold.clone();
        let mut pca = None;
        let possible = fold.x().columns().min(fold.x().rows().saturating_sub(1));
        if fold.x().columns() > components {
            let step = Pca::fit(fold, PcaSpec::Components(components.min(possible)))?;
            space = step.transform_training(space)?;
            pca = Some(step);
        }
        let x = space.x();
        let mean = x.column_means();
        let (covariance, shrinkage) = ledoit_wolf(x, &mean);
        let failed = LearnError::Factorisation {
            what: "the covariance of the training rows",
        };
        let Ok(factor) = Llt::new(covariance.as_faer(), Side::Lower) else {
            return Err(failed);
        };
        let p = x.columns();
        // Forward substitution of the identity.
        let l = factor.L();
        let mut whitening = Matrix::zeros(p, p);
        for column in 0..p {
            for i in column..p {
                let known: f64 = (column..i)
                    .map(|j| l[(i, j)] * whitening.row(j)[column])
                    .sum();
                let one = if i == column { 1.0 } else { 0.0 };
                whitening.row_mut(i)[column] = (one - known) / l[(i, i)];
            }
        }
        if whitening.values().iter().any(|v| !v.is_finite()) {
            return Err(failed);
        }
        Ok(Self {
            pca,
            mean,
            whitening,
            shrinkage,
            rows: x.clone(),
        })
    }

    /// Mahalanobis and neighbour distance of each row.
    fn distances(&self, x: &Matrix, neighbour: usize) -> Result<Vec<(f64, f64)>, LearnError> {
        let space = match &self.pca {
            Some(pca) => pca.transform(x)?,
            None => {
                crate::impute::same_columns(self.mean.len(), x)?;
                x.clone()
            }
        };
        let of_row = |row: &[f64]| {
            let centred: Vec<f64> = row.iter().zip(&self.mean).map(|(x, m)| x - m).collect();
            let squares = self.whitening.iter_rows().map(|w| {
                let product: f64 = w.iter().zip(&centred).map(|(w, c)| w * c).sum();
                product * product
            });
            let near = nearest(&self.rows, row, neighbour);
            let squared = near.last().map_or(0.0, |(squared, _)| *squared);
            (squares.sum::<f64>().sqrt(), squared.sqrt())
        };
        Ok(space.iter_rows().map(of_row).collect())
    }
}

/// The quantile between the two nearest values, as numpy's default.
fn quantile(mut values: Vec<f64>, share: f64) -> f64 {
    values.sort_by(f64::total_cmp);
    let place = share * (values.len() - 1) as f64;
    let (below, above) = (place.floor() as usize, place.ceil() as usize);
    values[below] + (values[above] - values[below]) * (place - place.floor())
}

impl Novelty {
    /// Fits the prepared fold; `prepare` repeats the preparation within a part of the raw fold and gives that part and the other rows
    /// in its coordinates.
    pub(crate) fn fit<'a>(
        spec: NoveltySpec,
        inner: InnerFolds,
        raw: &TrainingFold<'a>,
        prepared: &TrainingFold<'a>,
        prepare: impl Fn(
            &TrainingFold<'a>,
            &Matrix,
            &[Option<&str>],
        ) -> Result<(TrainingFold<'a>, Matrix), LearnError>,
    ) -> Result<Self, LearnError> {
        let refused = |name, value: f64, remedy| LearnError::BadSetting {
            name,
            value,
            remedy,
        };
        if !(spec.within > 0.0 && spec.within < 1.0) {
            let remedy = "use a number between 0 and 1, such as 0.99";
            return Err(refused("share within the limits", spec.within, remedy));
        }
        let dealt = assign(raw, inner)?;
        let folds = dealt.folds();
        let smallest = (0..folds).map(|held| dealt.sides(held).1.len()).min();
        let possible = smallest.unwrap_or(0);
        if spec.components == 0 || !(1..=possible).contains(&spec.neighbour) {
            let remedy = "use 1 or more, and fewer than there are training rows";
            return Err(refused("neighbour", spec.neighbour as f64, remedy));
        }
        let mut mahalanobis = Vec::with_capacity(raw.y().len());
        let mut neighbour = Vec::with_capacity(raw.y().len());
        for held in 0..folds {
            let (out, kept) = dealt.sides(held);
            let centres = raw.centres_of(&out);
            let (part, rows) = prepare(&raw.part(&kept), &raw.x().select_rows(&out), &centres)?;
            let cloud = Cloud::fit(&part, spec.components)?;
            for (m, d) in cloud.distances(&rows, spec.neighbour)? {
                mahalanobis.push(m);
                neighbour.push(d);
            }
        }
        Ok(Self {
            spec,
            cloud: Cloud::fit(prepared, spec.components)?,
            mahalanobis_limit: quantile(mahalanobis, spec.within),
            neighbour_limit: quantile(neighbour, spec.within),
        })
    }

    /// Distances of prepared rows.
    pub(crate) fn distances(&self, prepared: &Matrix) -> Result<Vec<Distances>, LearnError> {
        let distances = self.cloud.distances(prepared, self.spec.neighbour)?;
        let judged = distances
            .into_iter()
            .map(|(mahalanobis, neighbour)| Distances {
                mahalanobis,
                neighbour,
                out_of_distribution: mahalanobis > self.mahalanobis_limit
                    || neighbour > self.neighbour_limit,
            });
        Ok(judged.collect())
    }

    /// Limit of the Mahalanobis distance.
    pub fn mahalanobis_limit(&self) -> f64 {
        self.mahalanobis_limit
    }

    /// Limit of the distance to the neighbour.
    pub fn neighbour_limit(&self) -> f64 {
        self.neighbour_limit
    }

    /// How far the covariance was shrunk, 0 to 1.
    pub fn shrinkage(&self) -> f64 {
        self.cloud.shrinkage
    }

    /// What is wrong with parameters read from a file.
    pub(crate) fn problem(&self, features: usize) -> Option<&'static str> {
        let cloud = &self.cloud;
        let p = cloud.mean.len();
        let inputs = cloud
            .pca
            .as_ref()
            .map_or(p, |pca| pca.components().columns());
        let outputs = cloud.pca.as_ref().map_or(p, |pca| pca.components().rows());
        let fits = inputs == features
            && outputs == p
            && cloud
                .pca
                .as_ref()
                .is_none_or(|pca| pca.problem(features).is_none())
            && [
                cloud.whitening.rows(),
                cloud.whitening.columns(),
                cloud.rows.columns(),
            ] == [p; 3]
            && (1..=cloud.rows.rows()).contains(&self.spec.neighbour);
        let all = cloud.whitening.values().iter().chain(cloud.rows.values());
        let mut all = all
            .chain(&cloud.mean)
            .chain([&self.mahalanobis_limit, &self.neighbour_limit]);
        let sane = fits && all.all(|v| v.is_finite());
        (!sane).then_some("the distances from the training rows do not fit the features")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Deserialize)]
    struct Reference {
        novelty: Case,
    }

    #[derive(Deserialize)]
    struct Case {
        rows: usize,
        x: Vec<f64>,
        new: Vec<f64>,
        covariance: Vec<f64>,
        shrinkage: f64,
        mahalanobis: Vec<f64>,
        fifth_neighbour: Vec<f64>,
    }

    fn close(found: &[f64], expected: &[f64], bound: f64) {
        assert_eq!(found.len(), expected.len());
        for (a, b) in found.iter().zip(expected) {
            assert!((a - b).abs() < bound * b.abs().max(1.0), "{a} {b}");
        }
    }

    /// scikit-learn's shrunk covariance and numpy's distances, to 1e-12 and 1e-10.
    #[test]
    fn distances_are_those_of_scikit_learns_covariance() {
        let text = include_str!("../../tests/parity/probability.json");
        let case = serde_json::from_str::<Reference>(text).unwrap().novelty;
        let p = case.x.len() / case.rows;
        let x = Matrix::new(case.rows, p, case.x).unwrap();
        let (covariance, shrinkage) = ledoit_wolf(&x, &x.column_means());
        close(covariance.values(), &case.covariance, 1e-12);
        close(&[shrinkage], &[case.shrinkage], 1e-12);
        let names: Vec<String> = (0..case.rows).map(|i| format!("{i}")).collect();
        let features: Vec<String> = (0..p).map(|j| format!("f{j}")).collect();
        let y = (0..case.rows).map(|i| i % 2).collect();
        let classes = ["a", "b"].map(String::from).to_vec();
        let data =
            crate::Dataset::new(names.clone(), names, None, features, x, y, classes).unwrap();
        let cloud = Cloud::fit(&data.whole(), 16).unwrap();
        let new = Matrix::new(case.new.len() / p, p, case.new).unwrap();
        let (mahalanobis, neighbour): (Vec<f64>, Vec<f64>) =
            cloud.distances(&new, 5).unwrap().into_iter().unzip();
        close(&mahalanobis, &case.mahalanobis, 1e-10);
        close(&neighbour, &case.fifth_neighbour, 1e-12);
    }

    #[test]
    fn quantiles_are_numpys() {
        assert_eq!(quantile(vec![3.0, 1.0, 2.0, 4.0], 0.5), 2.5);
        assert!((quantile(vec![3.0, 1.0, 2.0, 4.0], 0.9) - 3.7).abs() < 1e-12);
    }
}
