//! Conformal prediction sets.

use crate::inner::OutOfFold;
use crate::{LearnError, Matrix};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// How strange a class is for a row: the larger, the less it fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConformalScore {
    /// 1 minus the probability of the class (Sadinle, Lei and Wasserman 2019: least ambiguous sets).
    #[default]
    Lac,
    /// The sum of the probabilities down to and with that of the class, from the largest (Romano, Sesia and Candes 2020: adaptive
    /// sets), without their random tie-breaking, so that the same row always has the same set.
    Aps,
}

/// Which rows the thresholds come from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum SetRows {
    /// All training rows, by models that had not seen them (cross-conformal). Uses every row; its coverage is the promised
    /// one in practice, and proven only down to twice the error (Vovk 2015; Barber et al. 2021).
    #[default]
    OutOfFold,
    /// One inner fold, which the model is then not fitted on (split conformal). The coverage is proven for exchangeable rows; the model loses
    /// these rows.
    Split,
}

/// Prediction sets to be fitted.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ConformalSpec {
    /// Promised share of sets that hold the true class, between 0 and 1.
    pub coverage: f64,
    /// The score.
    pub score: ConformalScore,
    /// Whether the promise is kept within each class (Mondrian; Vovk 2003), or over all rows only.
    pub by_class: bool,
    /// Which rows the thresholds come from.
    pub rows: SetRows,
}

impl Default for ConformalSpec {
    fn default() -> Self {
        Self {
            coverage: 0.9,
            score: ConformalScore::Lac,
            by_class: true,
            rows: SetRows::OutOfFold,
        }
    }
}

/// Thresholds of scores: a class is in a row's set when its score is not above its threshold.
///
/// Checked against MAPIE (over all rows) and crepes (by class) on the same scores: the same sets
/// (`tests/parity/make_probability.py`).
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Conformal {
    spec: ConformalSpec,
    /// By class; `None` where there are too few rows for any threshold, so that the class is in every set.
    thresholds: Vec<Option<f64>>,
    /// Rows behind each threshold.
    rows: Vec<usize>,
}

/// Scores of all classes of one row.
fn scores(row: &[f64], score: ConformalScore) -> Vec<f64> {
    match score {
        ConformalScore::Lac => row.iter().map(|p| 1.0 - p).collect(),
        ConformalScore::Aps => {
            let mut order: Vec<usize> = (0..row.len()).collect();
            order.sort_by(|&a, &b| row[b].total_cmp(&row[a]));
            let mut sums = vec![0.0; row.len()];
            let mut sum = 0.0;
            for class in order {
                sum += row[class];
                sums[class] = sum;
            }
            sums
        }
    }
}

/// The `ceil((n + 1) coverage)`-th smallest score; `None` when there are not as many.
fn threshold(mut scores: Vec<f64>, coverage: f64) -> Option<f64> {
    scores.sort_by(f64::total_cmp);
    // Without the rounding that makes 10 * 0.9 slightly more than 9.
    let place = ((scores.len() + 1) as f64 * coverage - 1e-9).ceil().max(1.0) as usize;
    scores.get(place - 1).copied()
}

impl Conformal {
    /// Takes the thresholds from out-of-fold predictions.
    ///
    /// # Errors
    /// [`LearnError::BadSetting`] when the coverage is not between 0 and 1.
    pub fn fit(spec: ConformalSpec, out: &OutOfFold) -> Result<Self, LearnError> {
        if !(spec.coverage > 0.0 && spec.coverage < 1.0) {
            return Err(LearnError::BadSetting {
                name: "coverage of the prediction sets",
                value: spec.coverage,
                remedy: "use a number between 0 and 1, such as 0.9",
            });
        }
        let mut own: Vec<Vec<f64>> = vec![Vec::new(); out.classes()];
        for (row, &y) in out.probabilities.iter_rows().zip(&out.y) {
            own[y].push(scores(row, spec.score)[y]);
        }
        if !spec.by_class {
            let all = own.concat();
            let rows = vec![all.len(); own.len()];
            let one = threshold(all, spec.coverage);
            return Ok(Self {
                spec,
                thresholds: vec![one; rows.len()],
                rows,
            });
        }
        Ok(Self {
            spec,
            rows: own.iter().map(Vec::len).collect(),
            thresholds: own.into_iter().map(|s| threshold(s, spec.coverage)).collect(),
        })
    }

    /// What was asked for.
    pub fn spec(&self) -> &ConformalSpec {
        &self.spec
    }

    /// The threshold of each class; `None` where a class is in every set because there are too few rows of it.
    pub fn thresholds(&self) -> &[Option<f64>] {
        &self.thresholds
    }

    /// For each row, which classes its set holds. A set may be empty: then every class is stranger than the promise allows.
    ///
    /// # Errors
    /// [`LearnError::Length`] when the number of classes is another than in training.
    pub fn sets(&self, probabilities: &Matrix) -> Result<Vec<Vec<bool>>, LearnError> {
        crate::impute::same_columns(self.thresholds.len(), probabilities)?;
        let of_row = |row: &[f64]| {
            let scores = scores(row, self.spec.score);
            let both = scores.iter().zip(&self.thresholds);
            both.map(|(s, t)| t.is_none_or(|t| *s <= t)).collect()
        };
        Ok(probabilities.iter_rows().map(of_row).collect())
    }

    /// In words, with the classes that are in every set.
    pub fn describe(&self) -> String {
        let score = match self.spec.score {
            ConformalScore::Lac => "LAC",
            ConformalScore::Aps => "APS",
        };
        let kind = if self.spec.by_class { "within each class" } else { "over all rows" };
        let how = match self.spec.rows {
            SetRows::OutOfFold => "cross-conformal",
            SetRows::Split => "split conformal",
        };
        let percent = 100.0 * self.spec.coverage;
        format!("{how} sets ({score}, {percent:.0} % {kind})")
    }

    /// What is wrong with parameters read from a file.
    pub(crate) fn problem(&self, classes: usize) -> Option<&'static str> {
        let fits = self.thresholds.len() == classes && self.rows.len() == classes;
        let sane = self.thresholds.iter().flatten().all(|t| t.is_finite());
        (!fits || !sane).then_some("the prediction sets do not fit the classes")
    }
}

/// How often sets of one group of rows hold the true class.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassCoverage {
    /// The class or centre; "all" for all rows.
    pub name: String,
    /// Rows of it.
    pub rows: usize,
    /// Sets that hold the true class.
    pub covered: usize,
    /// Mean number of classes in a set.
    pub mean_size: f64,
    /// Sets without any class.
    pub empty: usize,
}

/// How often sets hold the true class, over all rows, by class and by centre.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Over all rows.
    pub all: ClassCoverage,
    /// By true class, in the order of the classes.
    pub classes: Vec<ClassCoverage>,
    /// By centre, by name; rows without a centre are left out.
    pub centres: Vec<ClassCoverage>,
}

/// Counts how often sets hold the true class.
///
/// `sets` and `truth` are by row, `centres` too where known.
///
/// # Errors
/// [`LearnError::Length`] when there are not as many of each, and [`LearnError::UnknownClass`] for a truth that is none of the classes.
pub fn coverage(
    sets: &[Vec<bool>],
    truth: &[usize],
    classes: &[String],
    centres: Option<&[Option<String>]>,
) -> Result<Coverage, LearnError> {
    let rows = sets.len();
    let found_centres = centres.map_or(rows, <[Option<String>]>::len);
    for (what, found) in [("classes of rows", truth.len()), ("centres of rows", found_centres)] {
        if found != rows {
            return Err(LearnError::Length {
                what: what.to_owned(),
                expected: rows,
                found,
            });
        }
    }
    if let Some(row) = truth.iter().position(|&y| y >= classes.len()) {
        return Err(LearnError::UnknownClass {
            id: (row + 1).to_string(),
            class: truth[row],
            classes: classes.len(),
        });
    }
    let group = |name: &str, wanted: &dyn Fn(usize) -> bool| {
        let of_group: Vec<usize> = (0..rows).filter(|&row| wanted(row)).collect();
        let size = |row: usize| sets[row].iter().filter(|s| **s).count();
        let holds = |row: &&usize| sets[**row].get(truth[**row]) == Some(&true);
        let total: usize = of_group.iter().map(|&row| size(row)).sum();
        ClassCoverage {
            name: name.to_owned(),
            rows: of_group.len(),
            covered: of_group.iter().filter(holds).count(),
            mean_size: total as f64 / of_group.len().max(1) as f64,
            empty: of_group.iter().filter(|&&row| size(row) == 0).count(),
        }
    };
    let mut by_centre: BTreeMap<&str, ()> = BTreeMap::new();
    for name in centres.into_iter().flatten().flatten() {
        by_centre.insert(name, ());
    }
    let of_centre = |name: &str, row: usize| {
        centres.is_some_and(|centres| centres[row].as_deref() == Some(name))
    };
    Ok(Coverage {
        all: group("all", &|_| true),
        classes: classes
            .iter()
            .enumerate()
            .map(|(class, name)| group(name, &|row| truth[row] == class))
            .collect(),
        centres: by_centre
            .keys()
            .map(|name| group(name, &|row| of_centre(name, row)))
            .collect(),
    })
}
