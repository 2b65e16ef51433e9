//! Summaries over a few centres: their mean, and a further centre.

use crate::differences::{generator, inside, normal};
use triher_stats::{BetweenVariance, few_centres, random_effects};

/// True mean of the centres, a logit of an AUC of 0.77, and what they differ by.
const MEAN: f64 = 1.2;
const SPREAD: f64 = 0.3;

/// How often the mean and a further centre are covered: by [`few_centres`], and by the intervals of Hartung and Knapp and of metafor.
#[derive(Default)]
struct Covered {
    mean: f64,
    further: f64,
    usual_mean: f64,
    usual_further: f64,
}

/// Centres of some 60 to 300 patients each, on the scale of logits.
fn covered(repetitions: u64, centres: usize) -> Covered {
    let variances: Vec<f64> = (0..centres)
        .map(|c| 0.02 + 0.08 * (c % 4) as f64 / 3.0)
        .collect();
    let mut covered = Covered::default();
    let each = 1.0 / repetitions as f64;
    for repetition in 0..repetitions {
        let mut generator = generator(81 + centres as u64, repetition);
        let mut at_a_centre = |within: f64| {
            let own = MEAN + SPREAD * normal(&mut generator);
            own + within.sqrt() * normal(&mut generator)
        };
        let estimates: Vec<f64> = variances.iter().map(|v| at_a_centre(*v)).collect();
        let further = at_a_centre(0.0);
        let usual = random_effects(&estimates, &variances, BetweenVariance::Reml, 0.95).unwrap();
        let usual = usual.unwrap();
        let few = few_centres(&estimates, &variances, 0.95).unwrap().unwrap();
        let add = |interval, truth| each * f64::from(u8::from(inside(Some(interval), truth)));
        covered.mean += add(few.interval, MEAN);
        covered.further += add(few.prediction, further);
        covered.usual_mean += add(usual.interval, MEAN);
        covered.usual_further += add(usual.prediction, further);
    }
    covered
}

fn prove(repetitions: u64, allowed: std::ops::RangeInclusive<f64>) {
    let mut wrong = Vec::new();
    for centres in [3, 4, 6, 8, 12] {
        let found = covered(repetitions, centres);
        let [mean, further, usual_mean, usual_further] = [
            found.mean,
            found.further,
            found.usual_mean,
            found.usual_further,
        ]
        .map(|c| 100.0 * c);
        println!(
            "| {centres} | {mean:.1} % | {further:.1} % | {usual_mean:.1} % | {usual_further:.1} % |"
        );
        for share in [found.mean, found.further] {
            if !allowed.contains(&share) {
                wrong.push((centres, share));
            }
        }
    }
    assert!(wrong.is_empty(), "{wrong:?}");
}

#[test]
fn a_few_centres_and_a_further_one_are_covered() {
    prove(200, 0.90..=0.995);
}

#[test]
#[ignore = "minutes on two cores: the table of docs/statistics.md"]
fn a_few_centres_and_a_further_one_are_covered_in_thousands_of_repetitions() {
    prove(4000, 0.93..=0.97);
}
