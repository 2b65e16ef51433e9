//! Tests of one column at a time against the classes.

use crate::impute::complete;
use crate::prepare::Selection;
use crate::prepare::information::nearest_neighbour_information;
use crate::prepare::variance::constant;
use crate::{LearnError, TrainingFold};
use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use statrs::function::beta::checked_beta_reg;
use triher_stats::kruskal_wallis;

/// Which test.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum UnivariateTest {
    /// One-way analysis of variance, as `scipy.stats.f_oneway` and scikit-learn's `f_classif`.
    #[default]
    Anova,
    /// Kruskal and Wallis' test with the correction for ties, as `scipy.stats.kruskal`.
    KruskalWallis,
    /// Mutual information by nearest neighbours, see [`UnivariateSelection::neighbours`]. It has no p-value.
    MutualInformation,
}

/// How many columns stay.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Keep {
    /// The best this many, or all when there are fewer.
    Best(usize),
    /// Those that Benjamini and Hochberg's procedure finds at this false discovery rate (0 to 1); when it finds none, the best one.
    FalseDiscoveryRate(f64),
}

/// Keeps the columns that differ most between the classes.
///
/// Columns are put in order by the statistic (within one table its order is that of the p-values, and it does not underflow); of
/// equal ones the first in the table is the better one. A constant column is the worst. Classes without a row in the fold take no part.
/// Statistics and p-values agree with SciPy's and scikit-learn's to 1e-8 (`tests/parity/make_univariate.py`).
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnivariateSelection {
    /// The test.
    #[serde(default)]
    pub test: UnivariateTest,
    /// How many columns stay.
    pub keep: Keep,
    /// Neighbours of the mutual information: Ross's estimator (2014, PLoS ONE 9(2):e87357), as scikit-learn's
    /// `mutual_info_classif`, with 3 by default. scikit-learn adds random noise of 1e-10 to break ties; here equal values stay equal.
    #[serde(default = "default_neighbours")]
    pub neighbours: usize,
}

fn default_neighbours() -> usize {
    3
}

/// What a test says of one column.
#[derive(Clone, Copy, Debug, PartialEq)]
#[non_exhaustive]
pub struct UnivariateResult {
    /// F, H, or the mutual information in nats; `NaN` for a constant column in the first two.
    pub statistic: f64,
    /// p-value; 1 for a constant column, `NaN` for the mutual information.
    pub p_value: f64,
}

impl UnivariateSelection {
    /// Tests every column of the fold.
    ///
    /// # Errors
    /// [`LearnError::Missing`], [`LearnError::OneClass`], and [`LearnError::BadSetting`] when a setting or the number of rows makes no test.
    pub fn test(&self, fold: &TrainingFold<'_>) -> Result<Vec<UnivariateResult>, LearnError> {
        complete(fold)?;
        let groups = Groups::of(fold)?;
        if self.neighbours == 0 {
            return Err(LearnError::BadSetting {
                name: "number of neighbours",
                value: 0.0,
                remedy: "use 1 or more; scikit-learn's default is 3",
            });
        }
        if groups.rows <= groups.sizes.len() {
            return Err(LearnError::BadSetting {
                name: "number of training rows",
                value: groups.rows as f64,
                remedy: "a test needs more rows than classes",
            });
        }
        let columns = fold.x().transposed();
        Ok((0..columns.rows())
            .into_par_iter()
            .map(|j| match self.test {
                UnivariateTest::Anova => groups.anova(columns.row(j)),
                UnivariateTest::KruskalWallis => groups.kruskal_wallis(columns.row(j)),
                UnivariateTest::MutualInformation => UnivariateResult {
                    statistic: nearest_neighbour_information(
                        columns.row(j),
                        &groups.of_row,
                        &groups.sizes,
                        self.neighbours,
                    ),
                    p_value: f64::NAN,
                },
            })
            .collect())
    }

    /// Finds the columns of the fold that stay.
    ///
    /// # Errors
    /// As [`test`](Self::test), and [`LearnError::BadSetting`] for a number of columns or a rate that cannot be.
    pub fn fit(&self, fold: &TrainingFold<'_>) -> Result<Selection, LearnError> {
        let results = self.test(fold)?;
        let order = descending(results.iter().map(|r| r.statistic));
        let kept = match self.keep {
            Keep::Best(0) => {
                return Err(LearnError::BadSetting {
                    name: "number of features to keep",
                    value: 0.0,
                    remedy: "use 1 or more",
                });
            }
            Keep::Best(count) => order[..count.min(order.len())].to_vec(),
            Keep::FalseDiscoveryRate(rate) if !(rate > 0.0 && rate < 1.0) => {
                return Err(LearnError::BadSetting {
                    name: "false discovery rate",
                    value: rate,
                    remedy: "use a number between 0 and 1, such as 0.05",
                });
            }
            Keep::FalseDiscoveryRate(rate) if self.test == UnivariateTest::MutualInformation => {
                return Err(LearnError::BadSetting {
                    name: "false discovery rate",
                    value: rate,
                    remedy: "mutual information has no p-value; keep the best few, or use another test",
                });
            }
            Keep::FalseDiscoveryRate(rate) => {
                let p_values: Vec<f64> = results.iter().map(|r| r.p_value).collect();
                let adjusted = benjamini_hochberg(&p_values);
                let found: Vec<usize> = (0..adjusted.len())
                    .filter(|&j| adjusted[j] <= rate)
                    .collect();
                if found.is_empty() {
                    order[..1].to_vec()
                } else {
                    found
                }
            }
        };
        Ok(Selection::new("univariate test", results.len(), kept))
    }
}

/// Positions from the largest value to the smallest; `NaN` comes last, equal values stay in order.
pub(crate) fn descending(values: impl Iterator<Item = f64>) -> Vec<usize> {
    let values: Vec<f64> = values
        .map(|v| {
            if v.is_nan() {
                f64::NEG_INFINITY
            } else {
                v + 0.0
            }
        })
        .collect();
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[b].total_cmp(&values[a]));
    order
}

/// Adjusted p-values of Benjamini and Hochberg (1995, JRSS B 57:289): those at or below `q` are found at the false discovery rate `q`.
///
/// As `scipy.stats.false_discovery_control`; `p_values` must not be `NaN`.
pub fn benjamini_hochberg(p_values: &[f64]) -> Vec<f64> {
    let mut order: Vec<usize> = (0..p_values.len()).collect();
    order.sort_by(|&a, &b| p_values[b].total_cmp(&p_values[a]));
    let m = p_values.len() as f64;
    let mut adjusted = vec![1.0; p_values.len()];
    let mut least = 1.0_f64;
    for (above, &j) in order.iter().enumerate() {
        least = least.min(p_values[j] * m / (m - above as f64));
        adjusted[j] = least;
    }
    adjusted
}

/// The rows by class, only classes that have rows.
struct Groups {
    /// Group of each row.
    of_row: Vec<usize>,
    /// Rows of each group.
    sizes: Vec<usize>,
    rows: usize,
}

impl Groups {
    fn of(fold: &TrainingFold<'_>) -> Result<Self, LearnError> {
        let mut counts = vec![0_usize; fold.classes().len()];
        fold.y().iter().for_each(|&y| counts[y] += 1);
        let present: Vec<usize> = (0..counts.len()).filter(|&k| counts[k] > 0).collect();
        if let [only] = present[..] {
            return Err(LearnError::OneClass {
                class: fold.classes()[only].clone(),
            });
        }
        let mut group_of = vec![0; counts.len()];
        for (group, &class) in present.iter().enumerate() {
            group_of[class] = group;
        }
        Ok(Self {
            of_row: fold.y().iter().map(|&y| group_of[y]).collect(),
            sizes: present.iter().map(|&k| counts[k]).collect(),
            rows: fold.y().len(),
        })
    }

    fn sums(&self, values: impl Iterator<Item = f64>) -> Vec<f64> {
        let mut sums = vec![0.0; self.sizes.len()];
        for (value, &group) in values.zip(&self.of_row) {
            sums[group] += value;
        }
        sums
    }

    fn anova(&self, column: &[f64]) -> UnivariateResult {
        if constant(column) {
            return UnivariateResult {
                statistic: f64::NAN,
                p_value: 1.0,
            };
        }
        let (n, k) = (self.rows as f64, self.sizes.len() as f64);
        let mean = column.iter().sum::<f64>() / n;
        let means: Vec<f64> = self
            .sums(column.iter().map(|v| v - mean))
            .iter()
            .zip(&self.sizes)
            .map(|(sum, &size)| sum / size as f64)
            .collect();
        let between: f64 = means
            .iter()
            .zip(&self.sizes)
            .map(|(m, &s)| s as f64 * m * m)
            .sum();
        let within: f64 = column
            .iter()
            .zip(&self.of_row)
            .map(|(v, &group)| (v - mean - means[group]).powi(2))
            .sum();
        let (d1, d2) = (k - 1.0, n - k);
        let statistic = (between / d1) / (within / d2);
        // P(F > f) by the incomplete beta function, Abramowitz and Stegun 26.6.2; exact also where 1 - P would be 0.
        let tail = d2 / (d2 + d1 * statistic);
        let p_value = if statistic.is_infinite() {
            0.0
        } else {
            checked_beta_reg(d2 / 2.0, d1 / 2.0, tail).unwrap_or(1.0)
        };
        UnivariateResult { statistic, p_value }
    }

    fn kruskal_wallis(&self, column: &[f64]) -> UnivariateResult {
        let found = (!constant(column))
            .then(|| kruskal_wallis(column, &self.of_row))
            .flatten();
        let (statistic, p_value) = found.unwrap_or((f64::NAN, 1.0));
        UnivariateResult { statistic, p_value }
    }
}
