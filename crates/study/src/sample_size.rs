//! How many patients a study needs, before it begins.

use crate::StudyError;
use crate::manifest::write_json;
use serde::Serialize;
use std::path::Path;
use triher_stats::{
    MultinomialPlan, MultinomialSampleSize, StatsError, multinomial_sample_size,
    patients_for_auc_width,
};

/// What is expected of a study, and how sure it is to be.
#[derive(Clone, Debug, Serialize)]
pub struct SampleSizePlan {
    /// Classes with their expected shares, which sum to 1.
    pub prevalence: Vec<(String, f64)>,
    /// Candidate parameters of each equation, before any selection.
    pub parameters: usize,
    /// Expected Nagelkerke R2, used wherever no Cox-Snell R2 is given.
    pub nagelkerke: f64,
    /// Expected Cox-Snell R2 of the whole model.
    pub cox_snell: Option<f64>,
    /// Expected Cox-Snell R2 of the model of each pair of classes: (0, 1), (0, 2), .., (1, 2), ..
    pub pair_cox_snell: Option<Vec<f64>>,
    /// Wanted shrinkage of the pairs' models.
    pub shrinkage: f64,
    /// Allowed optimism of Nagelkerke's R2 and error of the overall risks.
    pub margin: f64,
    /// Expected AUC of a class against the rest.
    pub auc: f64,
    /// Wanted width of its interval.
    pub width: f64,
    /// Confidence of that interval.
    pub confidence: f64,
}

/// Patients that a study needs.
#[derive(Clone, Debug, Serialize)]
pub struct PatientsNeeded {
    /// Version of triher.
    pub version: &'static str,
    /// What was asked.
    pub plan: SampleSizePlan,
    /// Cox-Snell R2 of the whole model that was reckoned with.
    pub cox_snell: f64,
    /// Those of the pairs.
    pub pair_cox_snell: Vec<f64>,
    /// Patients by criterion.
    pub model: MultinomialSampleSize,
    /// The greatest of them: what developing the model needs; none when no number below 2^40 is enough.
    pub required: Option<u64>,
    /// By class: patients in all whose AUC of that class against the rest has the wanted interval; none when no number below 2^40 does.
    pub auc: Vec<(String, Option<u64>)>,
}

impl PatientsNeeded {
    /// Writes the answer as JSON.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), StudyError> {
        write_json(path, self)
    }
}

/// Answers the plan, by [`multinomial_sample_size`] and [`patients_for_auc_width`].
///
/// # Errors
/// A class that is named twice; as the two functions, told with the options of `triher sample-size`.
pub fn sample_size(plan: &SampleSizePlan) -> Result<PatientsNeeded, StudyError> {
    let classes = &plan.prevalence;
    for (at, (class, _)) in classes.iter().enumerate() {
        if classes[..at].iter().any(|(other, _)| other == class) {
            return Err(StudyError::Input(format!(
                "--prevalence names the class {class} twice: give every class one share"
            )));
        }
    }
    let refused = |error| refusal(error, plan);
    let shares: Vec<f64> = classes.iter().map(|(_, share)| *share).collect();
    let mut asked =
        MultinomialPlan::from_nagelkerke(shares.clone(), plan.parameters, plan.nagelkerke)
            .map_err(refused)?;
    if let Some(given) = plan.cox_snell {
        asked.cox_snell = given;
    }
    if let Some(given) = &plan.pair_cox_snell {
        asked.pair_cox_snell.clone_from(given);
    }
    (asked.shrinkage, asked.margin) = (plan.shrinkage, plan.margin);
    let model = multinomial_sample_size(&asked).map_err(refused)?;
    let mut auc = Vec::with_capacity(classes.len());
    for (class, share) in classes {
        let patients = patients_for_auc_width(plan.auc, *share, plan.width, plan.confidence);
        auc.push((class.clone(), patients.map_err(refused)?));
    }
    Ok(PatientsNeeded {
        version: crate::VERSION,
        plan: plan.clone(),
        cox_snell: asked.cox_snell,
        pair_cox_snell: asked.pair_cox_snell,
        required: model.required(),
        model,
        auc,
    })
}

/// What the statistics refuse, in the words of the command line.
fn refusal(error: StatsError, plan: &SampleSizePlan) -> StudyError {
    let class = |number: usize| plan.prevalence[number].0.as_str();
    let names = |pair: (usize, usize)| format!("{} and {}", class(pair.0), class(pair.1));
    let message = match error {
        StatsError::BadOption { option, .. } => {
            let told = error.to_string();
            let told = told.trim_start_matches("the option ");
            format!("--{}", told.replacen(option, &option.replace('_', "-"), 1))
        }
        StatsError::TooFewClasses { .. } => {
            "--prevalence needs at least two classes, such as zero=0.2,rest=0.8".to_owned()
        }
        StatsError::PairCount {
            classes,
            expected,
            found,
        } => {
            let pairs = MultinomialPlan::pairs(classes).into_iter().map(names);
            format!(
                "--pair-cox-snell has {found} {}, but {classes} classes have {expected} {}: give one each, in this order: {}",
                plural(found, "number"),
                plural(expected, "pair"),
                pairs.collect::<Vec<_>>().join("; ")
            )
        }
        StatsError::ImpossibleR2 { pair, value, limit } => {
            let (option, given) = match pair {
                None => ("--cox-snell", plan.cox_snell.is_some()),
                Some(_) => ("--pair-cox-snell", plan.pair_cox_snell.is_some()),
            };
            let (of, rest) = match pair {
                None => (String::new(), "--margin"),
                Some(pair) => (format!(" of {}", names(pair)), "--shrinkage"),
            };
            let told = match given {
                true => format!("{option}: an R2 of {value}{of} is not possible"),
                false => format!(
                    "--nagelkerke {}: the Cox-Snell R2{of} would be {value:.3}, which is not possible",
                    plan.nagelkerke
                ),
            };
            format!(
                "{told}. It lies above 0 and below {limit:.3}, by the shares in --prevalence and by {rest}"
            )
        }
        other => return other.into(),
    };
    StudyError::Input(message)
}

fn plural(count: usize, word: &str) -> String {
    match count {
        1 => word.to_owned(),
        _ => format!("{word}s"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn plan() -> SampleSizePlan {
        let prevalence = [("zero", 0.2), ("low", 0.5), ("positive", 0.3)];
        SampleSizePlan {
            prevalence: prevalence.map(|(c, s)| (c.to_owned(), s)).to_vec(),
            parameters: 10,
            nagelkerke: 0.15,
            cox_snell: None,
            pair_cox_snell: None,
            shrinkage: 0.9,
            margin: 0.05,
            auc: 0.75,
            width: 0.1,
            confidence: 0.95,
        }
    }

    #[test]
    fn what_is_not_given_follows_from_nagelkerke() {
        let needed = sample_size(&plan()).unwrap();
        let given = sample_size(&SampleSizePlan {
            nagelkerke: 0.9,
            cox_snell: Some(needed.cox_snell),
            pair_cox_snell: Some(needed.pair_cox_snell.clone()),
            ..plan()
        });
        assert_eq!(given.unwrap().required, needed.required);
        // The rarest class has the widest interval.
        let patients: Vec<u64> = needed.auc.iter().map(|(_, n)| n.unwrap()).collect();
        assert!(patients[0] > patients[2] && patients[2] > patients[1]);
    }

    #[test]
    fn refusals_name_the_options_as_they_are_typed() {
        let mut twice = plan();
        twice.prevalence[1].0 = "zero".to_owned();
        let mut zero = plan();
        zero.prevalence[0].1 = 0.0;
        let mut one = plan();
        one.prevalence.truncate(1);
        let mut tenths = plan();
        tenths.prevalence = [("zero", 0.1), ("low", 0.2)]
            .map(|(c, s)| (c.to_owned(), s))
            .to_vec();
        let with = |change: &dyn Fn(&mut SampleSizePlan)| {
            let mut plan = plan();
            change(&mut plan);
            plan
        };
        let broken = [
            (
                twice,
                "--prevalence names the class zero twice: give every class one share",
            ),
            (
                zero,
                "--prevalence is 0: every class has a share above 0 and below 1",
            ),
            (
                one,
                "--prevalence needs at least two classes, such as zero=0.2,rest=0.8",
            ),
            (
                tenths,
                "--prevalence is 0.3: the shares of the classes sum to 1",
            ),
            (
                with(&|p| p.nagelkerke = f64::NAN),
                "--nagelkerke is NaN: give a number between 0 and 1",
            ),
            (
                with(&|p| p.pair_cox_snell = Some(vec![0.1])),
                "--pair-cox-snell has 1 number, but 3 classes have 3 pairs: give one each, in this order: zero and low; zero and positive; low and positive",
            ),
            (
                with(&|p| p.cox_snell = Some(0.9)),
                "--cox-snell: an R2 of 0.9 is not possible. It lies above 0 and below 0.872, by the shares in --prevalence and by --margin",
            ),
            (
                with(&|p| p.pair_cox_snell = Some(vec![0.1, 0.8, 0.1])),
                "--pair-cox-snell: an R2 of 0.8 of zero and positive is not possible. It lies above 0 and below 0.740, by the shares in --prevalence and by --shrinkage",
            ),
            (
                with(&|p| (p.nagelkerke, p.shrinkage) = (0.9, 0.5)),
                "--nagelkerke 0.9: the Cox-Snell R2 of zero and low would be 0.628, which is not possible. It lies above 0 and below 0.500, by the shares in --prevalence and by --shrinkage",
            ),
            (
                with(&|p| p.width = 1.5),
                "--width is 1.5: give a number between 0 and 1",
            ),
        ];
        for (plan, sentence) in broken {
            assert_eq!(sample_size(&plan).unwrap_err().to_string(), sentence);
        }
    }
}
