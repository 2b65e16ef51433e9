//! Conformal prediction sets.

use crate::inner::OutOfFold;
use crate::{LearnError, Matrix};
use serde::{Deserialize, Serialize};

/// How strange a class is for a row: the larger, the less it fits.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum ConformalScore {
    /// 1 minus the probability of the class (Sadinle, Lei and Wasserman 2019: least ambiguous sets).
    #[default]
    Lac,
    /// The sum of the probabilities of all classes that are more probable (adaptive sets of Romano, Sesia and Candes 2020 with
    /// their random number put at 0, so that the same row always has the same set and no set is empty).
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
/// Least ambiguous sets are checked against MAPIE (over all rows) and crepes (by class) on the same scores, adaptive ones
/// against numpy: the same sets (`tests/parity/make_probability.py`).
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
                sums[class] = sum;
                sum += row[class];
            }
            sums
        }
    }
}

/// The `ceil((n + 1) coverage)`-th smallest score; `None` when there are not as many.
fn threshold(mut scores: Vec<f64>, coverage: f64) -> Option<f64> {
    scores.sort_by(f64::total_cmp);
    // Without the rounding that makes 10 * 0.9 slightly more than 9.
    let place = ((scores.len() + 1) as f64 * coverage - 1e-9)
        .ceil()
        .max(1.0) as usize;
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
            thresholds: own
                .into_iter()
                .map(|s| threshold(s, spec.coverage))
                .collect(),
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

    /// For each row, which classes its set holds. A LAC set may be empty: then every class is
    /// stranger than the promise allows.
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
        let kind = if self.spec.by_class {
            "within each class"
        } else {
            "over all rows"
        };
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::classifier::softmax;
    use crate::probability::coverage;
    use rand::{RngExt, SeedableRng};
    use rand_chacha::ChaCha8Rng;

    #[derive(Deserialize)]
    struct Reference {
        probabilities: Vec<f64>,
        y: Vec<usize>,
        new: Vec<f64>,
        conformal: Vec<Case>,
    }

    #[derive(Deserialize)]
    struct Case {
        score: ConformalScore,
        by_class: bool,
        coverage: f64,
        source: String,
        sets: Vec<u8>,
    }

    fn out_of_fold(probabilities: Matrix, y: Vec<usize>) -> OutOfFold {
        OutOfFold {
            fold_of: vec![0; y.len()],
            probabilities,
            y,
        }
    }

    #[test]
    fn sets_are_mapies_and_crepes() {
        let text = include_str!("../../tests/parity/probability.json");
        let r: Reference = serde_json::from_str(text).unwrap();
        let by_class = |v: &[f64]| Matrix::new(v.len() / 3, 3, v.to_vec()).unwrap();
        let out = out_of_fold(by_class(&r.probabilities), r.y);
        assert_eq!(r.conformal.len(), 6);
        for case in r.conformal {
            let spec = ConformalSpec {
                coverage: case.coverage,
                score: case.score,
                by_class: case.by_class,
                rows: SetRows::Split,
            };
            let fitted = Conformal::fit(spec, &out).unwrap();
            let found: Vec<u8> = fitted
                .sets(&by_class(&r.new))
                .unwrap()
                .concat()
                .iter()
                .map(|s| u8::from(*s))
                .collect();
            assert_eq!(
                found, case.sets,
                "{} {:?} {}",
                case.source, case.score, case.coverage
            );
        }
    }

    /// Rows of a classifier that is badly calibrated and worse for the rare class.
    fn simulated(n: usize, random: &mut ChaCha8Rng) -> OutOfFold {
        let mut y = Vec::with_capacity(n);
        let mut values = Vec::with_capacity(3 * n);
        for _ in 0..n {
            let class = match random.random_range(0.0..1.0) {
                u if u < 0.2 => 0,
                u if u < 0.7 => 1,
                _ => 2,
            };
            let mut row =
                [0.0_f64, 1.0, 0.3].map(|bias| bias + 3.0 * random.random_range(-1.0..1.0));
            row[class] += 0.5 + class as f64;
            softmax(&mut row);
            values.extend(row);
            y.push(class);
        }
        out_of_fold(Matrix::new(n, 3, values).unwrap(), y)
    }

    /// 400 pairs of calibration and new rows: the coverage within each class (or over all rows) is what the theorem says, `ceil((n + 1) c) /
    /// (n + 1)`, within 4 standard errors.
    #[test]
    fn coverage_is_as_promised() {
        let classes = ["zero", "low", "positive"].map(String::from);
        for (score, by_class) in [
            (ConformalScore::Lac, true),
            (ConformalScore::Lac, false),
            (ConformalScore::Aps, true),
        ] {
            let spec = ConformalSpec {
                coverage: 0.9,
                score,
                by_class,
                rows: SetRows::Split,
            };
            let mut random = ChaCha8Rng::seed_from_u64(77);
            // Of each class: coverage of each repetition less what is promised for its number of rows.
            let mut off: Vec<Vec<f64>> = vec![Vec::new(); 4];
            let mut shares: Vec<Vec<f64>> = vec![Vec::new(); 4];
            for _ in 0..400 {
                let seen = simulated(160, &mut random);
                let new = simulated(300, &mut random);
                let fitted = Conformal::fit(spec, &seen).unwrap();
                let sets = fitted.sets(&new.probabilities).unwrap();
                let found = coverage(&sets, &new.y, &classes, None).unwrap();
                for (at, group) in found.classes.iter().chain([&found.all]).enumerate() {
                    let n = match at {
                        3 => seen.y.len(),
                        _ => seen.y.iter().filter(|y| **y == at).count(),
                    };
                    let promised = ((n + 1) as f64 * 0.9 - 1e-9).ceil() / (n + 1) as f64;
                    let share = group.covered as f64 / group.rows as f64;
                    off[at].push(share - promised);
                    shares[at].push(share);
                }
            }
            let wanted = if by_class { 0..3 } else { 3..4 };
            for at in wanted {
                let count = off[at].len() as f64;
                let mean = off[at].iter().sum::<f64>() / count;
                let variance =
                    off[at].iter().map(|v| (v - mean).powi(2)).sum::<f64>() / (count - 1.0);
                let error = (variance / count).sqrt();
                let share = shares[at].iter().sum::<f64>() / count;
                println!(
                    "{score:?} by class {by_class}, group {at}: coverage {share:.4}, {:.2} standard errors from the theorem",
                    mean / error
                );
                // Adaptive scores have ties at 0, which can only cover more.
                let above = if score == ConformalScore::Aps {
                    0.05
                } else {
                    4.0 * error
                };
                assert!(mean > -4.0 * error && mean < above);
            }
        }
    }

    #[test]
    fn classes_with_too_few_rows_are_in_every_set() {
        let p = Matrix::from_fn(12, 2, |i, k| {
            if k == 0 {
                0.3 + 0.01 * i as f64
            } else {
                0.7 - 0.01 * i as f64
            }
        });
        let y = (0..12).map(|i| usize::from(i > 2)).collect();
        let fitted = Conformal::fit(ConformalSpec::default(), &out_of_fold(p, y)).unwrap();
        // Three rows cannot promise 90 %; nine can.
        assert!(fitted.thresholds()[0].is_none() && fitted.thresholds()[1].is_some());
        let sure = Matrix::new(1, 2, vec![0.0, 1.0]).unwrap();
        assert_eq!(fitted.sets(&sure).unwrap(), [[true, true]]);
    }
}
