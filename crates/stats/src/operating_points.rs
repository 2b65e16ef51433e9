//! The operating points of a study: chosen together on validation, frozen with the model, applied to the test.

use crate::evaluation::ordered_cuts;
use crate::{
    BinarySplit, FrozenCutPoints, FrozenThreshold, Predictions, StatsError, ThresholdPerformance,
    ThresholdRule, ValidationScores,
};
use serde::{Deserialize, Serialize};

/// Target of the sensitive operating point: 95 % of those who belong to the upper classes are to be called so.
const SENSITIVITY: f64 = 0.95;

/// Thresholds at every cut between the ordered classes, and cut points for calling all classes.
///
/// It is made from [`ValidationScores`] only; nothing of it can be changed by the predictions that it is applied to.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperatingPoints {
    classes: Vec<String>,
    thresholds: Vec<NamedThreshold>,
    cut_points: Option<FrozenCutPoints>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct NamedThreshold {
    question: String,
    rule: String,
    threshold: FrozenThreshold,
}

/// What one frozen operating point does.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct OperatingPerformance {
    /// What is decided: `"low or positive against zero"`, or `"all classes"`.
    pub question: String,
    /// How the point was chosen on validation: `"Youden's index"`, `"sensitivity of at least 95 %"`.
    pub rule: String,
    /// The threshold on the summed probability; for all classes the cut points on the expected class.
    pub thresholds: Vec<f64>,
    /// Sensitivity, specificity and predictive values; `None` for all classes.
    pub performance: Option<ThresholdPerformance>,
    /// Confusion matrix of the calls, row = truth; `None` for one threshold.
    pub confusion: Option<Vec<Vec<u64>>>,
}

impl OperatingPoints {
    /// Chooses on validation: at every cut between the classes the threshold of Youden and the highest one with a
    /// sensitivity of 95 %, and the cut points of the multi-class index. What the data do not define is left out.
    ///
    /// # Errors
    /// As [`FrozenThreshold::choose`].
    pub fn choose(validation: ValidationScores<'_>) -> Result<Self, StatsError> {
        let predictions = validation.predictions();
        let rules = [
            (ThresholdRule::Youden, "Youden's index".to_owned()),
            (
                ThresholdRule::Sensitivity(SENSITIVITY),
                format!("sensitivity of at least {:.0} %", 100.0 * SENSITIVITY),
            ),
        ];
        let mut thresholds = Vec::new();
        for (question, treated) in ordered_cuts(predictions.classes()) {
            let split = BinarySplit::new(predictions, &treated)?;
            for (rule, words) in &rules {
                if let Some(threshold) = FrozenThreshold::choose(validation, &split, *rule)? {
                    thresholds.push(NamedThreshold {
                        question: question.clone(),
                        rule: words.clone(),
                        threshold,
                    });
                }
            }
        }
        // A class that is never called has an infinite cut, which no file of numbers holds.
        let cuts = FrozenCutPoints::choose(validation);
        let cuts = cuts.filter(|c| c.cuts().iter().all(|cut| cut.is_finite()));
        Ok(Self {
            classes: predictions.classes().to_vec(),
            thresholds,
            cut_points: cuts.filter(|_| predictions.class_count() > 2),
        })
    }

    /// What the points do on other predictions of the same classes.
    ///
    /// # Errors
    /// The predictions have other classes.
    pub fn apply(
        &self,
        test: &Predictions,
        confidence: f64,
    ) -> Result<Vec<OperatingPerformance>, StatsError> {
        if let Some(name) = (test.classes().iter()).find(|c| !self.classes.contains(c)) {
            return Err(StatsError::UnknownClass {
                name: name.clone(),
                classes: self.classes.join(", "),
            });
        }
        let mut performances = Vec::new();
        for named in &self.thresholds {
            performances.push(OperatingPerformance {
                question: named.question.clone(),
                rule: named.rule.clone(),
                thresholds: vec![named.threshold.threshold()],
                performance: Some(named.threshold.apply(test, confidence)?),
                confusion: None,
            });
        }
        if let Some(cuts) = &self.cut_points {
            performances.push(OperatingPerformance {
                question: "all classes".to_owned(),
                rule: "Youden's index for several classes".to_owned(),
                thresholds: cuts.cuts().to_vec(),
                performance: None,
                confusion: Some(cuts.apply(test)?),
            });
        }
        Ok(performances)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn predictions(shift: f64) -> Predictions {
        let names = |n: usize| (0..n).map(|i| i.to_string()).collect::<Vec<_>>();
        let truth: Vec<usize> = (0..60).map(|i| i % 3).collect();
        let rows = truth.iter().enumerate().flat_map(|(i, &t)| {
            let mut row = [0.2, 0.2, 0.2];
            row[t] += 0.3 + shift * ((i * 7) % 11) as f64 / 11.0;
            let sum: f64 = row.iter().sum();
            row.map(|p| p / sum)
        });
        let classes = ["zero", "low", "positive"].map(String::from).to_vec();
        let p = rows.collect();
        Predictions::new(names(60), names(60), classes, truth, p, None).unwrap()
    }

    #[test]
    fn points_survive_the_file_and_do_not_move_with_the_test() {
        let validation = predictions(-0.4);
        let points =
            OperatingPoints::choose(ValidationScores::from_validation(&validation)).unwrap();
        let text = serde_json::to_string(&points).unwrap();
        let read: OperatingPoints = serde_json::from_str(&text).unwrap();
        assert_eq!(points, read);
        let here = read.apply(&validation, 0.95).unwrap();
        let there = read.apply(&predictions(0.1), 0.95).unwrap();
        assert_eq!(
            here.len(),
            5,
            "two cuts with two rules each, and all classes"
        );
        for (a, b) in here.iter().zip(&there) {
            assert_eq!(a.thresholds, b.thresholds);
        }
        // Chosen for 95 %: on validation it is reached, by 38 of 40 or more.
        let sensitive = here[1].performance.as_ref().unwrap();
        assert!(
            sensitive.sensitivity.value.unwrap() >= 0.95,
            "{sensitive:?}"
        );
    }
}
