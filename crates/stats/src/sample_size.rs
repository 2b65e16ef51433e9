//! How many patients a study needs.

use crate::StatsError;
use crate::interval::normal_quantile;
use serde::{Deserialize, Serialize};

/// What is known before a multinomial model is developed.
#[derive(Debug, Clone, PartialEq)]
pub struct MultinomialPlan {
    /// Share of every class; they sum to 1.
    pub prevalence: Vec<f64>,
    /// Candidate parameters of each equation, `Q`.
    pub parameters: usize,
    /// Expected Cox-Snell R2 of the whole model, above 0.
    pub r_squared: f64,
    /// Expected Cox-Snell R2 of the two-class model of each pair of classes, in the order (0, 1),
    /// (0, 2), .., (1, 2), ..
    pub pair_r_squared: Vec<f64>,
    /// Wanted shrinkage of the first criterion: 0.9.
    pub shrinkage: f64,
    /// Wanted bound on optimism of Nagelkerke's R2 and on the half width of the intervals of the
    /// overall risks: 0.05.
    pub margin: f64,
}

/// Patients that each criterion asks for; the study needs the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MultinomialSampleSize {
    /// Little overfitting: the shrinkage of every pair's model.
    pub shrinkage: u64,
    /// Little optimism of Nagelkerke's R2.
    pub optimism: u64,
    /// Precise overall risks, by simultaneous 95 % intervals.
    pub overall_risk: u64,
}

impl MultinomialSampleSize {
    /// The patients that meet all three.
    pub fn required(&self) -> u64 {
        self.shrinkage.max(self.optimism).max(self.overall_risk)
    }
}

/// The greatest Cox-Snell R2 that a model of classes with these shares can have; Nagelkerke's R2 is the Cox-Snell R2 over it. Shares that are not
/// above 0 give no number (NaN). Source: Nagelkerke, Biometrika 78:691 (1991), with the multinomial likelihood of the shares alone.
pub fn greatest_cox_snell(shares: &[f64]) -> f64 {
    1.0 - (2.0 * shares.iter().map(|p| p * p.ln()).sum::<f64>()).exp()
}

/// The three criteria of Pate et al., Stat. Methods Med. Res. 32:555 (2023), which extend those of
/// Riley et al., Stat. Med. 38:1276 (2019). With two classes they are Riley's, and tested against the
/// published example of R's pmsampsize (R2 0.288, 24 parameters, prevalence 0.174: 623, 662, 221).
///
/// # Errors
/// Shares that are not above 0 or do not sum to 1, an R2 that is not above 0 or exceeds what the
/// classes allow, another number of pairs, or a shrinkage or margin outside of 0..1.
pub fn multinomial_sample_size(
    plan: &MultinomialPlan,
) -> Result<MultinomialSampleSize, StatsError> {
    let bad = |option, value, remedy| {
        Err(StatsError::BadOption {
            option,
            value,
            remedy,
        })
    };
    let inside = |value: f64| value > 0.0 && value < 1.0;
    let classes = plan.prevalence.len();
    if classes < 2 {
        return Err(StatsError::TooFewClasses { found: classes });
    }
    if let Some(&value) = plan.prevalence.iter().find(|p| !inside(**p)) {
        return bad(
            "prevalence",
            value,
            "every class has a share above 0 and below 1",
        );
    }
    let sum: f64 = plan.prevalence.iter().sum();
    if (sum - 1.0).abs() > 1e-6 {
        return bad("prevalence", sum, "the shares of the classes sum to 1");
    }
    if plan.parameters == 0 {
        return bad("parameters", 0.0, "count at least one candidate parameter");
    }
    for (option, value) in [("shrinkage", plan.shrinkage), ("margin", plan.margin)] {
        if !inside(value) {
            return bad(option, value, "give a number between 0 and 1");
        }
    }
    let pairs: Vec<(usize, usize)> = (0..classes)
        .flat_map(|a| (a + 1..classes).map(move |b| (a, b)))
        .collect();
    if pairs.len() != plan.pair_r_squared.len() {
        return Err(StatsError::Length {
            column: "pair_r_squared",
            expected: pairs.len(),
            found: plan.pair_r_squared.len(),
            rows: classes,
        });
    }
    let patients = |parameters: f64, r_squared: f64, shrinkage: f64| {
        parameters / ((shrinkage - 1.0) * (1.0 - r_squared / shrinkage).ln())
    };
    let mut shrinkage: f64 = 0.0;
    for (&(a, b), &r_squared) in pairs.iter().zip(&plan.pair_r_squared) {
        let both = plan.prevalence[a] + plan.prevalence[b];
        let greatest = greatest_cox_snell(&[plan.prevalence[a] / both, plan.prevalence[b] / both]);
        if !(r_squared > 0.0 && r_squared <= greatest && r_squared < plan.shrinkage) {
            let remedy = "the R2 of a pair lies above 0, within what its classes allow and below the shrinkage";
            return bad("pair_r_squared", r_squared, remedy);
        }
        let n = patients(plan.parameters as f64, r_squared, plan.shrinkage) / both;
        shrinkage = shrinkage.max(n);
    }
    let greatest = greatest_cox_snell(&plan.prevalence);
    if !(plan.r_squared > 0.0 && plan.r_squared <= greatest) {
        let remedy = "the R2 lies above 0 and within what the classes' shares allow";
        return bad("r_squared", plan.r_squared, remedy);
    }
    let wanted = plan.r_squared / (plan.r_squared + plan.margin * greatest);
    if plan.r_squared >= wanted {
        let remedy = "so high an R2 leaves the criterion of optimism without an answer";
        return bad("r_squared", plan.r_squared, remedy);
    }
    let all = ((classes - 1) * plan.parameters) as f64;
    // Bonferroni over classes; two classes have one share to estimate.
    let intervals = if classes == 2 { 1.0 } else { classes as f64 };
    let z = normal_quantile(1.0 - 0.05 / intervals).unwrap_or(f64::INFINITY);
    let spread = plan
        .prevalence
        .iter()
        .map(|p| p * (1.0 - p))
        .fold(0.0, f64::max);
    Ok(MultinomialSampleSize {
        shrinkage: shrinkage.ceil() as u64,
        optimism: patients(all, plan.r_squared, wanted).ceil() as u64,
        overall_risk: ((z / plan.margin).powi(2) * spread).ceil() as u64,
    })
}

/// The standard error of an AUC of `positives` and `negatives`, before there are scores. `None`
/// unless `0 < auc < 1` and both are there. Source: Hanley and McNeil, Radiology 143:29 (1982), exact for
/// exponential scores, of which the test simulates 4,000 samples (5 %).
pub fn hanley_mcneil_error(auc: f64, positives: u64, negatives: u64) -> Option<f64> {
    if !(auc > 0.0 && auc < 1.0) || positives == 0 || negatives == 0 {
        return None;
    }
    Some(error_of(auc, positives as f64, negatives as f64))
}

/// The formula, for numbers of patients that need not be whole.
fn error_of(auc: f64, m: f64, n: f64) -> f64 {
    let (q1, q2) = (auc / (2.0 - auc), 2.0 * auc * auc / (1.0 + auc));
    let square = auc * auc;
    let sum = auc * (1.0 - auc) + (m - 1.0) * (q1 - square) + (n - 1.0) * (q2 - square);
    (sum / (m * n)).sqrt()
}

/// The fewest patients whose AUC has an interval no wider than `width` (upper minus lower bound),
/// when `prevalence` of them are positive, by [`hanley_mcneil_error`]. `None` above 2^40 patients.
///
/// # Errors
/// An area, prevalence, width or confidence that does not lie between 0 and 1.
pub fn patients_for_auc_width(
    auc: f64,
    prevalence: f64,
    width: f64,
    confidence: f64,
) -> Result<Option<u64>, StatsError> {
    let options = [
        ("auc", auc),
        ("prevalence", prevalence),
        ("width", width),
        ("confidence", confidence),
    ];
    if let Some(&(option, value)) = options.iter().find(|(_, v)| !(*v > 0.0 && *v < 1.0)) {
        return Err(StatsError::BadOption {
            option,
            value,
            remedy: "give a number between 0 and 1",
        });
    }
    let Some(z) = normal_quantile(confidence) else {
        return Ok(None);
    };
    // The expected numbers of either side, not rounded: so the width falls with every patient.
    let enough = |patients: u64| {
        let positives = patients as f64 * prevalence;
        let negatives = patients as f64 - positives;
        positives >= 1.0
            && negatives >= 1.0
            && 2.0 * z * error_of(auc, positives, negatives) <= width
    };
    let mut high = 2;
    while !enough(high) {
        high *= 2;
        if high > 1 << 40 {
            return Ok(None);
        }
    }
    let mut low = high / 2;
    while low + 1 < high {
        let middle = low + (high - low) / 2;
        if enough(middle) {
            high = middle;
        } else {
            low = middle;
        }
    }
    Ok(Some(high))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn two_classes() -> MultinomialPlan {
        MultinomialPlan {
            prevalence: vec![0.174, 0.826],
            parameters: 24,
            r_squared: 0.288,
            pair_r_squared: vec![0.288],
            shrinkage: 0.9,
            margin: 0.05,
        }
    }

    #[test]
    fn two_classes_are_the_published_example() {
        let size = multinomial_sample_size(&two_classes()).unwrap();
        assert_eq!(
            (size.shrinkage, size.optimism, size.overall_risk),
            (623, 662, 221)
        );
        assert_eq!(size.required(), 662);
    }

    #[test]
    fn a_rare_pair_asks_for_more_and_broken_plans_are_refused() {
        let plan = MultinomialPlan {
            prevalence: vec![0.2, 0.5, 0.3],
            pair_r_squared: vec![0.1, 0.1, 0.1],
            ..two_classes()
        };
        let size = multinomial_sample_size(&plan).unwrap();
        // The pair (0, 2) has half of the patients: 24 / (0.1 ln(9 / 8)) / 0.5.
        let by_hand = (24.0 / (0.1 * (9.0f64 / 8.0).ln()) / 0.5).ceil() as u64;
        assert_eq!(size.shrinkage, by_hand);
        let broken = [
            MultinomialPlan {
                prevalence: vec![0.5, 0.4],
                ..two_classes()
            },
            MultinomialPlan {
                pair_r_squared: vec![],
                ..two_classes()
            },
            MultinomialPlan {
                r_squared: 0.7,
                ..two_classes()
            },
            MultinomialPlan {
                parameters: 0,
                ..two_classes()
            },
            MultinomialPlan {
                margin: f64::NAN,
                ..two_classes()
            },
        ];
        for plan in broken {
            assert!(multinomial_sample_size(&plan).is_err(), "{plan:?}");
        }
    }

    #[test]
    fn exponential_scores_have_the_error_that_is_foretold() {
        use rand::{RngExt, SeedableRng};
        let mut generator = rand_chacha::ChaCha8Rng::seed_from_u64(5);
        let positive: Vec<bool> = (0..50).map(|i| i < 20).collect();
        // Negatives of rate 1 and positives of rate 1/4: an area of 1 / (1 + 1/4).
        let areas: Vec<f64> = (0..4000)
            .map(|_| {
                let score = |p: &bool| {
                    let u: f64 = generator.random();
                    -(1.0 - u).ln() * if *p { 4.0 } else { 1.0 }
                };
                let scores: Vec<f64> = positive.iter().map(score).collect();
                crate::auc(&scores, &positive).unwrap().unwrap()
            })
            .collect();
        let mean = areas.iter().sum::<f64>() / 4000.0;
        let error = (areas.iter().map(|a| (a - mean).powi(2)).sum::<f64>() / 3999.0).sqrt();
        let foretold = hanley_mcneil_error(0.8, 20, 30).unwrap();
        assert!((mean - 0.8).abs() < 0.005, "{mean}");
        assert!((error / foretold - 1.0).abs() < 0.05, "{error} {foretold}");
    }

    #[test]
    fn the_width_is_reached_and_not_by_one_patient_fewer() {
        let n = patients_for_auc_width(0.8, 0.5, 0.1, 0.95)
            .unwrap()
            .unwrap();
        let width = |n: u64| 2.0 * 1.959964 * error_of(0.8, n as f64 / 2.0, n as f64 / 2.0);
        assert!(width(n) <= 0.1 && width(n - 1) > 0.1, "{n}");
        assert!(patients_for_auc_width(1.0, 0.5, 0.1, 0.95).is_err());
        assert_eq!(hanley_mcneil_error(0.8, 0, 5), None);
    }
}
