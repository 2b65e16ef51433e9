//! Covariates and the least-squares fit of centres and covariates.

use crate::{LearnError, Matrix, TrainingFold};
use faer::linalg::solvers::{Qr, SolveLstsq};
use serde::{Deserialize, Serialize};

/// Smallest diagonal of the triangular factor, in shares of the largest, that still tells columns apart.
const SMALLEST_PIVOT: f64 = 1e-10;
/// Fewest rows of a class from which its separation by a covariate says something.
const FEWEST_ROWS: usize = 3;

/// Columns that enter the model as covariates.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Covariates {
    /// Columns with numbers, each with its training mean, which is taken off for accuracy.
    numbers: Vec<usize>,
    /// Columns with codes, each with its codes in training, rising; the first has no term.
    categories: Vec<(usize, Vec<f64>)>,
}

impl Covariates {
    /// Finds the columns by name and refuses those that give the class away.
    pub(super) fn of(
        fold: &TrainingFold<'_>,
        numbers: &[String],
        categories: &[String],
    ) -> Result<Self, LearnError> {
        let find = |name: &String| {
            let column = (0..fold.x().columns()).find(|&j| fold.feature_name(j) == *name);
            let column = column.ok_or_else(|| LearnError::NoCovariate { name: name.clone() })?;
            let values: Vec<f64> = fold.x().iter_rows().map(|row| row[column]).collect();
            if gives_class_away(&values, fold.y(), fold.classes().len()) {
                return Err(LearnError::OutcomeCovariate {
                    covariate: name.clone(),
                });
            }
            Ok((column, values))
        };
        let mut found = Self {
            numbers: Vec::new(),
            categories: Vec::new(),
        };
        for name in numbers {
            found.numbers.push(find(name)?.0);
        }
        for name in categories {
            let (column, mut codes) = find(name)?;
            codes.sort_unstable_by(f64::total_cmp);
            codes.dedup();
            found.categories.push((column, codes));
        }
        Ok(found)
    }

    /// Whether a column is a covariate.
    pub(super) fn uses(&self, column: usize) -> bool {
        self.numbers.contains(&column) || self.categories.iter().any(|(c, _)| *c == column)
    }

    /// Number of terms.
    pub(super) fn terms(&self) -> usize {
        let codes = self.categories.iter().map(|(_, codes)| codes.len() - 1);
        self.numbers.len() + codes.sum::<usize>()
    }

    /// The terms of a row: categories first, as neuroCombat orders them.
    pub(super) fn values(&self, row: &[f64]) -> Vec<f64> {
        let mut values = Vec::with_capacity(self.terms());
        for (column, codes) in &self.categories {
            let code = codes[1..].iter();
            values.extend(code.map(|code| f64::from(u8::from(row[*column] == *code))));
        }
        values.extend(self.numbers.iter().map(|&column| row[column]));
        values
    }

    /// Whether covariates read from a file fit `features` columns.
    pub(super) fn fits(&self, features: usize) -> bool {
        self.numbers.iter().all(|&j| j < features)
            && self
                .categories
                .iter()
                .all(|(j, codes)| *j < features && !codes.is_empty())
    }
}

/// Whether the class of every row can be read from the values: no value occurs in two classes, and sorted by value
/// the rows of each class follow each other without interruption. By chance this happens once in millions of tables
/// when each class has three rows or more, which the rule asks for.
fn gives_class_away(values: &[f64], y: &[usize], classes: usize) -> bool {
    let mut counts = vec![0_usize; classes];
    y.iter().for_each(|&class| counts[class] += 1);
    let present = counts.iter().filter(|n| **n > 0);
    if present.clone().count() < 2 || present.clone().any(|n| *n < FEWEST_ROWS) {
        return false;
    }
    let mut order: Vec<usize> = (0..values.len()).collect();
    order.sort_by(|&a, &b| values[a].total_cmp(&values[b]));
    let changes = order.windows(2).filter(|pair| y[pair[0]] != y[pair[1]]);
    let clean = changes
        .clone()
        .all(|pair| values[pair[0]] != values[pair[1]]);
    clean && changes.count() + 1 == present.count()
}

/// Centres and covariates as a least-squares problem, factorised once for all features.
pub(super) struct Design {
    qr: Qr<f64>,
    /// Terms of each row's covariates, row after row.
    terms: Matrix,
    /// Coefficient of the centre that a row has, for the residuals.
    centre_of: Vec<usize>,
    /// Rows of each centre.
    sizes: Vec<usize>,
    reference: Option<usize>,
    /// Rows x (centres + terms).
    columns: Matrix,
}

/// What the model says of one feature.
pub(super) struct FittedFeature {
    pub(super) grand_mean: f64,
    pub(super) deviation: f64,
    pub(super) slopes: Vec<f64>,
    /// Distance of each row from the grand mean and the covariates, in deviations.
    pub(super) standardised: Vec<f64>,
}

impl Design {
    pub(super) fn of(
        x: &Matrix,
        covariates: &Covariates,
        centre_of: &[usize],
        centres: usize,
        reference: Option<usize>,
    ) -> Result<Self, LearnError> {
        let mut sizes = vec![0_usize; centres];
        centre_of.iter().for_each(|&c| sizes[c] += 1);
        let count = covariates.terms();
        let terms: Vec<f64> = x
            .iter_rows()
            .flat_map(|row| covariates.values(row))
            .collect();
        let terms = Matrix::new(x.rows(), count, terms)?;
        let columns = Matrix::from_fn(x.rows(), centres + count, |i, c| {
            if c < centres {
                f64::from(u8::from(centre_of[i] == c))
            } else {
                terms.row(i)[c - centres]
            }
        });
        if x.rows() <= columns.columns() {
            return Err(LearnError::Confounded);
        }
        // Columns of length 1, so that the diagonal of the factor measures angles and not units.
        let lengths: Vec<f64> = (0..columns.columns())
            .map(|c| {
                columns
                    .iter_rows()
                    .map(|row| row[c] * row[c])
                    .sum::<f64>()
                    .sqrt()
            })
            .collect();
        let unit = faer::Mat::from_fn(x.rows(), columns.columns(), |i, c| {
            columns.row(i)[c] / lengths[c]
        });
        let factor = Qr::new(unit.as_ref());
        let r = factor.thin_R();
        let apart = (0..columns.columns()).all(|c| r[(c, c)].abs() > SMALLEST_PIVOT);
        if !apart {
            return Err(LearnError::Confounded);
        }
        Ok(Self {
            qr: Qr::new(columns.as_faer()),
            terms,
            centre_of: centre_of.to_vec(),
            sizes,
            reference,
            columns,
        })
    }

    /// Fits one feature; `None` when it does not vary within centres (those of the reference, when there is one).
    pub(super) fn fit(&self, column: &[f64]) -> Option<FittedFeature> {
        let n = column.len();
        let centres = self.sizes.len();
        // Far from 0 the least-squares fit would lose digits.
        let shift = column.iter().sum::<f64>() / n as f64;
        let right = faer::Mat::from_fn(n, 1, |i, _| column[i] - shift);
        let solved = self.qr.solve_lstsq(right.as_ref());
        let coefficient = |c: usize| solved[(c, 0)];
        let grand_mean = shift
            + match self.reference {
                Some(reference) => coefficient(reference),
                None => {
                    let weighted = self.sizes.iter().enumerate();
                    weighted
                        .map(|(c, &size)| size as f64 * coefficient(c))
                        .sum::<f64>()
                        / n as f64
                }
            };
        let fitted = |i: usize| -> f64 {
            let row = self.columns.row(i).iter().enumerate();
            shift + row.map(|(c, v)| v * coefficient(c)).sum::<f64>()
        };
        let counts = |i: &usize| self.reference.is_none_or(|r| self.centre_of[*i] == r);
        let rows = (0..n).filter(counts);
        let number = rows.clone().count() as f64;
        let variance = rows.map(|i| (column[i] - fitted(i)).powi(2)).sum::<f64>() / number;
        let size = column.iter().fold(0.0_f64, |m, v| m.max(v.abs()));
        let rounding = number * size * f64::EPSILON;
        if variance <= rounding * rounding {
            return None;
        }
        let deviation = variance.sqrt();
        let slopes: Vec<f64> = (centres..self.columns.columns()).map(coefficient).collect();
        let expected = |i: usize| {
            let terms = self.terms.row(i).iter().zip(&slopes);
            grand_mean + terms.map(|(v, b)| v * b).sum::<f64>()
        };
        let standardised = (0..n)
            .map(|i| (column[i] - expected(i)) / deviation)
            .collect();
        Some(FittedFeature {
            grand_mean,
            deviation,
            slopes,
            standardised,
        })
    }
}
