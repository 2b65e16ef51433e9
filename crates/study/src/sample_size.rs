//! How many patients a study needs, before it begins.

use crate::StudyError;
use crate::manifest::write_json;
use serde::Serialize;
use std::path::PathBuf;
use triher_stats::{
    MultinomialPlan, MultinomialSampleSize, greatest_cox_snell, multinomial_sample_size,
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
    /// Where to write the answer as JSON.
    #[serde(skip)]
    pub json: Option<PathBuf>,
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
    /// The greatest of them: what developing the model needs.
    pub required: u64,
    /// By class: patients in all whose AUC of that class against the rest has the wanted interval; none when no number below 2^40 does.
    pub auc: Vec<(String, Option<u64>)>,
}

/// Answers the plan, by [`multinomial_sample_size`] and [`patients_for_auc_width`].
///
/// # Errors
/// A class that is named twice, a Nagelkerke R2 outside of 0..1; as the two functions; when the JSON cannot be written.
pub fn sample_size(plan: &SampleSizePlan) -> Result<PatientsNeeded, StudyError> {
    let classes = &plan.prevalence;
    for (at, (class, _)) in classes.iter().enumerate() {
        if classes[..at].iter().any(|(other, _)| other == class) {
            return Err(StudyError::Input(format!(
                "the class {class} is named twice in the prevalence: give every class one share"
            )));
        }
    }
    if !(plan.nagelkerke > 0.0 && plan.nagelkerke < 1.0) {
        return Err(StudyError::Input(format!(
            "a Nagelkerke R2 of {} cannot be expected: give a number between 0 and 1, such as 0.15",
            plan.nagelkerke
        )));
    }
    let shares: Vec<f64> = classes.iter().map(|(_, share)| *share).collect();
    let cox_snell = |shares: &[f64]| plan.nagelkerke * greatest_cox_snell(shares);
    let pair = |a: usize, b: usize| {
        let both = shares[a] + shares[b];
        cox_snell(&[shares[a] / both, shares[b] / both])
    };
    let pairs = (0..shares.len()).flat_map(|a| (a + 1..shares.len()).map(move |b| (a, b)));
    let asked = MultinomialPlan {
        parameters: plan.parameters,
        r_squared: plan.cox_snell.unwrap_or_else(|| cox_snell(&shares)),
        pair_r_squared: match &plan.pair_cox_snell {
            Some(given) => given.clone(),
            None => pairs.map(|(a, b)| pair(a, b)).collect(),
        },
        shrinkage: plan.shrinkage,
        margin: plan.margin,
        prevalence: shares,
    };
    let model = multinomial_sample_size(&asked)?;
    let mut auc = Vec::with_capacity(classes.len());
    for (class, share) in classes {
        let patients = patients_for_auc_width(plan.auc, *share, plan.width, plan.confidence)?;
        auc.push((class.clone(), patients));
    }
    let needed = PatientsNeeded {
        version: crate::VERSION,
        plan: plan.clone(),
        cox_snell: asked.r_squared,
        pair_cox_snell: asked.pair_r_squared,
        required: model.required(),
        model,
        auc,
    };
    if let Some(path) = &plan.json {
        write_json(path, &needed)?;
    }
    Ok(needed)
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
            json: None,
        }
    }

    #[test]
    fn what_is_not_given_follows_from_nagelkerke() {
        let needed = sample_size(&plan()).unwrap();
        // Of classes of equal size the greatest Cox-Snell R2 is 1 - exp(2 ln 0.5) = 0.75, of shares 0.4 and 0.6 a little less.
        let entropy: f64 = 0.4 * 0.4f64.ln() + 0.6 * 0.6f64.ln();
        let pair = 0.15 * (1.0 - (2.0 * entropy).exp());
        assert!((needed.pair_cox_snell[1] - pair).abs() < 1e-12);
        let given = sample_size(&SampleSizePlan {
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
    fn plans_that_cannot_be_are_refused() {
        let mut twice = plan();
        twice.prevalence[1].0 = "zero".to_owned();
        let mut zero = plan();
        zero.prevalence[0].1 = 0.0;
        let broken = [
            (twice, "named twice"),
            (zero, "prevalence"),
            (
                SampleSizePlan {
                    nagelkerke: f64::NAN,
                    ..plan()
                },
                "Nagelkerke",
            ),
            (
                SampleSizePlan {
                    pair_cox_snell: Some(vec![0.1]),
                    ..plan()
                },
                "pair_r_squared",
            ),
            (
                SampleSizePlan {
                    prevalence: Vec::new(),
                    ..plan()
                },
                "class",
            ),
        ];
        for (plan, word) in broken {
            let error = sample_size(&plan).unwrap_err().to_string();
            assert!(error.contains(word), "{error}");
        }
    }
}
