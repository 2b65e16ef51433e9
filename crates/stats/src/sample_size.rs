//! How many patients a study needs.

use crate::StatsError;
use crate::interval::normal_quantile;
use serde::{Deserialize, Serialize};

/// More patients than this are no plan: 2^40.
const TOO_MANY: f64 = (1u64 << 40) as f64;

/// What is known before a multinomial model is developed.
#[derive(Debug, Clone, PartialEq)]
pub struct MultinomialPlan {
    /// Share of every class; they sum to 1.
    pub prevalence: Vec<f64>,
    /// Candidate parameters of each equation, `Q`.
    pub parameters: usize,
    /// Expected Cox-Snell R2 of the whole model, above 0.
    pub cox_snell: f64,
    /// Expected Cox-Snell R2 of the two-class model of each pair of classes, in the order of
    /// [`Self::pairs`].
    pub pair_cox_snell: Vec<f64>,
    /// Wanted shrinkage of the first criterion: 0.9.
    pub shrinkage: f64,
    /// Wanted bound on optimism of Nagelkerke's R2 and on the half width of the intervals of the
    /// overall risks: 0.05.
    pub margin: f64,
}

impl MultinomialPlan {
    /// A plan whose models are expected to reach a share of the R2 that the classes allow: Nagelkerke's R2, from which the Cox-Snell R2 of the
    /// whole and of each pair follow. Shrinkage 0.9, margin 0.05.
    ///
    /// # Errors
    /// A Nagelkerke R2 that does not lie between 0 and 1; shares as for [`multinomial_sample_size`].
    pub fn from_nagelkerke(
        prevalence: Vec<f64>,
        parameters: usize,
        nagelkerke: f64,
    ) -> Result<Self, StatsError> {
        check_shares(&prevalence)?;
        between_0_and_1("nagelkerke", nagelkerke)?;
        let pairs = Self::pairs(prevalence.len());
        Ok(Self {
            cox_snell: nagelkerke * greatest_cox_snell(&prevalence),
            pair_cox_snell: (pairs.into_iter())
                .map(|pair| nagelkerke * greatest_cox_snell(&within(&prevalence, pair)))
                .collect(),
            prevalence,
            parameters,
            shrinkage: 0.9,
            margin: 0.05,
        })
    }

    /// The pairs of so many classes, in the order (0, 1), (0, 2), .., (1, 2), ..
    pub fn pairs(classes: usize) -> Vec<(usize, usize)> {
        (0..classes)
            .flat_map(|a| (a + 1..classes).map(move |b| (a, b)))
            .collect()
    }
}

/// Patients that each criterion asks for, `None` above 2^40; the study needs the largest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct MultinomialSampleSize {
    /// Little overfitting: the shrinkage of every pair's model.
    pub shrinkage: Option<u64>,
    /// Little optimism of Nagelkerke's R2.
    pub optimism: Option<u64>,
    /// Precise overall risks, by simultaneous 95 % intervals.
    pub overall_risk: Option<u64>,
}

impl MultinomialSampleSize {
    /// The patients that meet all three; `None` when one of them cannot be met.
    pub fn required(&self) -> Option<u64> {
        Some(self.shrinkage?.max(self.optimism?).max(self.overall_risk?))
    }
}

/// The greatest Cox-Snell R2 that a model of classes with these shares can have; Nagelkerke's R2 is the Cox-Snell R2 over it. Source:
/// Nagelkerke, Biometrika 78:691 (1991), with the multinomial likelihood of the shares alone.
fn greatest_cox_snell(shares: &[f64]) -> f64 {
    1.0 - (2.0 * shares.iter().map(|p| p * p.ln()).sum::<f64>()).exp()
}

/// The shares of two classes among the patients of both.
fn within(shares: &[f64], (a, b): (usize, usize)) -> [f64; 2] {
    let both = shares[a] + shares[b];
    [shares[a] / both, shares[b] / both]
}

/// Whole patients; `None` above 2^40.
fn whole(patients: f64) -> Option<u64> {
    (patients <= TOO_MANY).then_some(patients.ceil() as u64)
}

fn between_0_and_1(option: &'static str, value: f64) -> Result<(), StatsError> {
    let inside = value > 0.0 && value < 1.0;
    inside.then_some(()).ok_or(StatsError::BadOption {
        option,
        value,
        remedy: "give a number between 0 and 1",
    })
}

/// At least two shares above 0 that sum to 1.
fn check_shares(prevalence: &[f64]) -> Result<(), StatsError> {
    let bad = |value, remedy| StatsError::BadOption {
        option: "prevalence",
        value,
        remedy,
    };
    if prevalence.len() < 2 {
        return Err(StatsError::TooFewClasses {
            found: prevalence.len(),
        });
    }
    if let Some(&value) = prevalence.iter().find(|p| !(**p > 0.0 && **p < 1.0)) {
        let remedy = "every class has a share above 0 and below 1";
        return Err(bad(value, remedy));
    }
    let sum: f64 = prevalence.iter().sum();
    if (sum - 1.0).abs() > 1e-6 {
        return Err(bad(sum, "the shares of the classes sum to 1"));
    }
    Ok(())
}

/// The three criteria of Pate et al., Stat. Methods Med. Res. 32:555 (2023), which extend those of
/// Riley et al., Stat. Med. 38:1276 (2019). With two classes they are Riley's, and tested against the
/// published example of R's pmsampsize (R2 0.288, 24 parameters, prevalence 0.174: 623, 662, 221); with five classes against the paper's worked example.
///
/// # Errors
/// Shares that are not above 0 or do not sum to 1, an R2 that is not above 0 or exceeds what the
/// classes allow, another number of pairs, or a shrinkage or margin outside of 0..1.
pub fn multinomial_sample_size(
    plan: &MultinomialPlan,
) -> Result<MultinomialSampleSize, StatsError> {
    check_shares(&plan.prevalence)?;
    let classes = plan.prevalence.len();
    if plan.parameters == 0 {
        return Err(StatsError::BadOption {
            option: "parameters",
            value: 0.0,
            remedy: "count at least one candidate parameter",
        });
    }
    between_0_and_1("shrinkage", plan.shrinkage)?;
    between_0_and_1("margin", plan.margin)?;
    let pairs = MultinomialPlan::pairs(classes);
    if pairs.len() != plan.pair_cox_snell.len() {
        return Err(StatsError::PairCount {
            classes,
            expected: pairs.len(),
            found: plan.pair_cox_snell.len(),
        });
    }
    let possible = |pair, value: f64, limit: f64| {
        let inside = value > 0.0 && value < limit;
        (inside.then_some(())).ok_or(StatsError::ImpossibleR2 { pair, value, limit })
    };
    let parameters = plan.parameters as f64;
    let patients = |parameters: f64, r_squared: f64, shrinkage: f64| {
        parameters / ((shrinkage - 1.0) * (1.0 - r_squared / shrinkage).ln())
    };
    let mut shrinkage: f64 = 0.0;
    for (&pair, &r_squared) in pairs.iter().zip(&plan.pair_cox_snell) {
        let greatest = greatest_cox_snell(&within(&plan.prevalence, pair));
        possible(Some(pair), r_squared, greatest.min(plan.shrinkage))?;
        let both = plan.prevalence[pair.0] + plan.prevalence[pair.1];
        shrinkage = shrinkage.max(patients(parameters, r_squared, plan.shrinkage) / both);
    }
    // An R2 of 1 - margin times the greatest leaves the criterion of optimism without an answer.
    let greatest = greatest_cox_snell(&plan.prevalence);
    let limit = greatest.min(1.0 - plan.margin * greatest);
    possible(None, plan.cox_snell, limit)?;
    let wanted = plan.cox_snell / (plan.cox_snell + plan.margin * greatest);
    let all = (classes - 1) as f64 * parameters;
    // Bonferroni over classes; two classes have one share to estimate.
    let intervals = if classes == 2 { 1.0 } else { classes as f64 };
    let z = normal_quantile(1.0 - 0.05 / intervals).unwrap_or(f64::INFINITY);
    let spread = plan
        .prevalence
        .iter()
        .map(|p| p * (1.0 - p))
        .fold(0.0, f64::max);
    Ok(MultinomialSampleSize {
        shrinkage: whole(shrinkage),
        optimism: whole(patients(all, plan.cox_snell, wanted)),
        overall_risk: whole((z / plan.margin).powi(2) * spread),
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
    for (option, value) in options {
        between_0_and_1(option, value)?;
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
        if high as f64 > TOO_MANY {
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
            cox_snell: 0.288,
            pair_cox_snell: vec![0.288],
            shrinkage: 0.9,
            margin: 0.05,
        }
    }

    #[test]
    fn two_classes_are_the_published_example() {
        let size = multinomial_sample_size(&two_classes()).unwrap();
        assert_eq!(
            (size.shrinkage, size.optimism, size.overall_risk),
            (Some(623), Some(662), Some(221))
        );
        assert_eq!(size.required(), Some(662));
    }

    fn three_classes() -> MultinomialPlan {
        MultinomialPlan {
            prevalence: vec![0.2, 0.5, 0.3],
            pair_cox_snell: vec![0.1, 0.1, 0.1],
            ..two_classes()
        }
    }

    /// The worked example of Pate et al. 2023 (types of ovarian tumours), as their R package multsampsize prints it: 13,136, 1,477 and 524 patients. The
    /// R2 of the pairs come from C-statistics by simulation there and are printed to three digits, which leaves half a percent to the first.
    #[test]
    fn five_classes_are_the_published_example() {
        let events = [2557.0, 186.0, 176.0, 467.0, 120.0];
        let all: f64 = events.iter().sum();
        let shares: Vec<f64> = events.iter().map(|e| e / all).collect();
        let plan = MultinomialPlan {
            pair_cox_snell: vec![
                0.116, 0.179, 0.497, 0.168, 0.185, 0.499, 0.372, 0.329, 0.128, 0.210,
            ],
            ..MultinomialPlan::from_nagelkerke(shares, 17, 0.15).unwrap()
        };
        let size = multinomial_sample_size(&plan).unwrap();
        let first = size.shrinkage.unwrap() as f64;
        assert!((first / 13_136.0 - 1.0).abs() < 0.005, "{first}");
        assert_eq!((size.optimism, size.overall_risk), (Some(1477), Some(524)));
    }

    /// The package's second example, three classes: 2,660 and 714 patients. Its third number is 664, with the interval's level still that of five
    /// classes; of three it is 574.
    #[test]
    fn three_classes_are_the_published_example() {
        let shares = [50.0, 100.0, 150.0].map(|e| e / 300.0).to_vec();
        let plan = MultinomialPlan::from_nagelkerke(shares, 17, 0.15).unwrap();
        let size = multinomial_sample_size(&plan).unwrap();
        assert_eq!((size.shrinkage, size.optimism), (Some(2660), Some(714)));
        assert_eq!(size.overall_risk, Some(574));
    }

    #[test]
    fn a_rare_pair_asks_for_more() {
        let size = multinomial_sample_size(&three_classes()).unwrap();
        // The pair (0, 2) has half of the patients: 24 / (0.1 ln(9 / 8)) / 0.5.
        let by_hand = (24.0 / (0.1 * (9.0f64 / 8.0).ln()) / 0.5).ceil() as u64;
        assert_eq!(size.shrinkage, Some(by_hand));
    }

    #[test]
    fn nagelkerke_fills_in_the_whole_and_the_pairs() {
        let plan = MultinomialPlan::from_nagelkerke(vec![0.2, 0.5, 0.3], 10, 0.15).unwrap();
        // The pair (0, 2) has shares of 0.4 and 0.6; the greatest R2 is 1 - exp(2 x the mean log likelihood of the shares).
        let pair: f64 = 0.4 * 0.4f64.ln() + 0.6 * 0.6f64.ln();
        let all: f64 = 0.2 * 0.2f64.ln() + 0.5 * 0.5f64.ln() + 0.3 * 0.3f64.ln();
        assert!((plan.pair_cox_snell[1] - 0.15 * (1.0 - (2.0 * pair).exp())).abs() < 1e-15);
        assert!((plan.cox_snell - 0.15 * (1.0 - (2.0 * all).exp())).abs() < 1e-15);
        assert!(multinomial_sample_size(&plan).unwrap().required() > Some(500));
        for (shares, nagelkerke) in [
            (vec![0.5, 0.5], 1.0),
            (vec![0.5, 0.5], f64::NAN),
            (vec![0.5, 0.4], 0.2),
            (vec![1.0], 0.2),
        ] {
            assert!(MultinomialPlan::from_nagelkerke(shares, 5, nagelkerke).is_err());
        }
    }

    #[test]
    fn broken_plans_are_refused_in_a_sentence() {
        let broken = [
            (
                MultinomialPlan {
                    prevalence: vec![0.1, 0.2],
                    ..two_classes()
                },
                "the option prevalence is 0.3: the shares of the classes sum to 1",
            ),
            (
                MultinomialPlan {
                    pair_cox_snell: vec![],
                    ..two_classes()
                },
                "the pairs of 2 classes need 1 R2, and 0 are given",
            ),
            (
                MultinomialPlan {
                    cox_snell: 0.7,
                    ..two_classes()
                },
                "0.7 is no Cox-Snell R2 that the model can have: it lies above 0 and below 0.603",
            ),
            (
                MultinomialPlan {
                    pair_cox_snell: vec![0.1, 0.8, 0.1],
                    ..three_classes()
                },
                "0.8 is no Cox-Snell R2 that the model of classes 0 and 2 can have: it lies above 0 and below 0.740",
            ),
            (
                MultinomialPlan {
                    parameters: 0,
                    ..two_classes()
                },
                "the option parameters is 0: count at least one candidate parameter",
            ),
            (
                MultinomialPlan {
                    margin: f64::NAN,
                    ..two_classes()
                },
                "the option margin is NaN: give a number between 0 and 1",
            ),
        ];
        for (plan, sentence) in broken {
            let error = multinomial_sample_size(&plan).unwrap_err().to_string();
            assert_eq!(error, sentence);
        }
    }

    #[test]
    fn what_no_cohort_can_have_is_no_number() {
        let plan = MultinomialPlan {
            margin: 1e-12,
            parameters: usize::MAX,
            ..two_classes()
        };
        let size = multinomial_sample_size(&plan).unwrap();
        assert_eq!((size.shrinkage, size.overall_risk), (None, None));
        assert_eq!(size.required(), None);
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
