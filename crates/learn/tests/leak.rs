//! A leak planted in every step: whatever happens to held-out rows, no fitted step moves by a bit.
//!
//! By construction a fit takes a [`TrainingFold`], which holds no other rows; these tests prove it from outside, for every step that a
//! [`PipelineSpec`] can name, by one harness. A step that is added to `StepSpec` and not to `steps` here fails `every_step_is_tested`.

#![allow(clippy::unwrap_used)]

mod prepare_table;

use prepare_table::Table;
use proptest::prelude::*;
use triher_learn::{
    Boruta, Calibration, ClassWeight, ClassifierSpec, Combat, CombatPrior, ConformalSpec,
    Correlation, CorrelationFilter, Dataset, DuplicateFilter, ElasticNetSelection, InnerFolds,
    Keep, LearnError, Matrix, MissingRule, Mrmr, MrmrCriterion, NoveltySpec, Penalty, Pipeline,
    PipelineSpec, Preparation, ProbabilitySpec, RobustnessFilter, Split, StabilitySelection,
    StepSpec, StrengthRule, TuningSpec, UnivariateSelection, UnivariateTest, UnknownRobustness,
    UnseenCentre, VarianceFilter,
};

/// Every step with settings that make it do something on the table, and its name.
fn steps() -> Vec<(&'static str, StepSpec)> {
    let univariate = |test, keep| {
        StepSpec::Univariate(UnivariateSelection {
            test,
            keep,
            neighbours: 3,
        })
    };
    let net = |alpha, rule| {
        StepSpec::ElasticNet(ElasticNetSelection {
            alpha,
            strengths: 20,
            rule,
            inner: InnerFolds { folds: 3, seed: 4 },
            ..ElasticNetSelection::default()
        })
    };
    let combat = |empirical_bayes, reference: Option<&str>, covariates: &[&str]| {
        StepSpec::Combat(Combat {
            empirical_bayes,
            reference: reference.map(str::to_owned),
            covariates: covariates.iter().map(|c| (*c).to_owned()).collect(),
            unseen_centre: UnseenCentre::Estimate,
            ..Combat::default()
        })
    };
    let correlation = |method| {
        StepSpec::Correlation(CorrelationFilter {
            method,
            threshold: 0.3,
            ..CorrelationFilter::default()
        })
    };
    vec![
        (
            "variance",
            StepSpec::Variance(VarianceFilter {
                frequency_ratio: 1.0,
                ..VarianceFilter::default()
            }),
        ),
        ("duplicates", StepSpec::Duplicates(DuplicateFilter {})),
        ("correlation", correlation(Correlation::Pearson)),
        ("correlation", correlation(Correlation::Spearman)),
        (
            "robustness",
            StepSpec::Robustness(RobustnessFilter {
                icc: [("1".to_owned(), 0.1)].into(),
                at_least: 0.75,
                unknown: UnknownRobustness::Keep,
            }),
        ),
        (
            "univariate",
            univariate(UnivariateTest::Anova, Keep::Best(5)),
        ),
        (
            "univariate",
            univariate(UnivariateTest::KruskalWallis, Keep::FalseDiscoveryRate(0.2)),
        ),
        (
            "univariate",
            univariate(UnivariateTest::MutualInformation, Keep::Best(6)),
        ),
        ("elastic_net", net(1.0, StrengthRule::Minimum)),
        ("elastic_net", net(0.5, StrengthRule::OneStandardError)),
        (
            "mrmr",
            StepSpec::Mrmr(Mrmr {
                keep: 7,
                criterion: MrmrCriterion::Quotient,
                bins: 4,
            }),
        ),
        (
            "stability",
            StepSpec::Stability(StabilitySelection {
                per_half: 8,
                pairs: 5,
                threshold: 0.7,
                ..StabilitySelection::default()
            }),
        ),
        (
            "boruta",
            StepSpec::Boruta(Boruta {
                trees: 10,
                rounds: 12,
                ..Boruta::default()
            }),
        ),
        (
            "combat",
            StepSpec::Combat(Combat {
                prior: CombatPrior::NonParametric,
                unseen_centre: UnseenCentre::Estimate,
                ..Combat::default()
            }),
        ),
        ("combat", combat(true, None, &[])),
        ("combat", combat(false, Some("B"), &["age"])),
    ]
}

fn pipeline(missing: MissingRule, steps: Vec<StepSpec>) -> Pipeline {
    Pipeline::new(PipelineSpec {
        prepare: Preparation { missing, steps },
        standardize: true,
        pca: Some(triher_learn::PcaSpec::VarianceShare(0.99)),
        classifier: ClassifierSpec::Logistic {
            penalty: Penalty::L2,
            c: 1.0,
            class_weight: ClassWeight::Balanced,
        },
        probability: ProbabilitySpec::default(),
        tuning: None,
    })
}

fn holes() -> MissingRule {
    MissingRule {
        drop_above: Some(0.5),
        indicators: true,
    }
}

/// The table with some values missing, and which rows are held out.
fn data() -> (Dataset, Split) {
    let mut data = Table::read().with_covariates();
    data.x = Matrix::from_fn(90, 32, |i, j| match (i * 31 + j * 7) % 43 {
        0 => f64::NAN,
        _ if j == 28 && i % 3 > 0 => f64::NAN,
        _ => data.x.row(i)[j],
    });
    let (train, test) = (0..90).partition(|i| i % 4 != 1);
    (data, Split { train, test })
}

/// The fitted pipeline as the model file holds it.
fn fitted(data: &Dataset, split: &Split, step: &StepSpec) -> String {
    let (train, _) = data.split(split).unwrap();
    let fitted = pipeline(holes(), vec![step.clone()]).fit(&train).unwrap();
    serde_json::to_string(&fitted).unwrap()
}

fn change(data: &mut Dataset, rows: &[usize], seed: u64) {
    let shape = (data.x.rows(), data.x.columns());
    let wild = |i: usize, j: usize| {
        let t = ((i * 91 + j * 57) as f64 + seed as f64 * 0.618).sin();
        if t > 0.9 { f64::NAN } else { 1e6 * t }
    };
    let old = data.x.clone();
    data.x = Matrix::from_fn(shape.0, shape.1, |i, j| match rows.contains(&i) {
        true => wild(i, j),
        false => old.row(i)[j],
    });
    let centres = data.centres.as_mut().unwrap();
    for (n, &row) in rows.iter().enumerate() {
        data.y[row] = (data.y[row] + 1 + n % 2) % 3;
        centres[row] = ["A", "Q", "C"].get((row + n) % 4).map(|c| (*c).to_owned());
    }
}

#[test]
fn held_out_rows_have_no_way_into_any_step() {
    let (data, split) = data();
    for (name, step) in steps() {
        let before = fitted(&data, &split, &step);
        let mut planted = data.clone();
        change(&mut planted, &split.test, 1);
        assert_eq!(
            fitted(&planted, &split, &step),
            before,
            "{name} saw held-out rows"
        );
        // The harness can fail: the same change in training rows is seen (at least by what stands around the step).
        let mut seen = data.clone();
        let x = seen.x.clone();
        seen.x = Matrix::from_fn(90, 32, |i, j| match i {
            0 => x.row(i)[j] + 3.0 * ((j % 5) as f64 - 2.0),
            _ => x.row(i)[j],
        });
        assert_ne!(
            fitted(&seen, &split, &step),
            before,
            "{name} does not see training rows"
        );
    }
}

/// Labels of held-out rows permuted; and the steps that use labels do use those of training rows.
#[test]
fn held_out_labels_have_no_way_into_any_step() {
    let (data, split) = data();
    for (name, step) in steps() {
        let only = |data: &Dataset| {
            let (train, _) = data.split(&split).unwrap();
            let imputer = triher_learn::MedianImputer::fit(&train).unwrap();
            let filled = imputer.transform_training(train).unwrap();
            serde_json::to_string(&step.fit(&filled).unwrap()).unwrap()
        };
        let before = only(&data);
        let mut planted = data.clone();
        let labels: Vec<usize> = split.test.iter().map(|&i| data.y[i]).collect();
        for (n, &row) in split.test.iter().enumerate() {
            planted.y[row] = labels[(n + 7) % labels.len()];
        }
        assert_ne!(planted.y, data.y);
        assert_eq!(only(&planted), before, "{name} saw held-out labels");
        let mut turned = data.clone();
        for &row in &split.train {
            turned.y[row] = (row * 7 + row / 3) % 3;
        }
        let uses_labels = matches!(
            step,
            StepSpec::Univariate(_)
                | StepSpec::ElasticNet(_)
                | StepSpec::Mrmr(_)
                | StepSpec::Stability(_)
                | StepSpec::Boruta(_)
        );
        assert_eq!(only(&turned) != before, uses_labels, "{name}");
    }
}

/// Predictions of a held-out row do not depend on the rows that come with it, except where ComBat's policy says so.
#[test]
fn rows_are_prepared_one_by_one() {
    let (data, split) = data();
    let (train, held_out) = data.split(&split).unwrap();
    for (name, step) in steps() {
        let fitted = pipeline(holes(), vec![step]).fit(&train).unwrap();
        let all = fitted
            .predict_proba_at(held_out.x(), held_out.centres())
            .unwrap();
        for i in 0..held_out.x().rows() {
            let row = Matrix::new(1, 32, held_out.x().row(i).to_vec()).unwrap();
            let one = fitted
                .predict_proba_at(&row, &held_out.centres()[i..=i])
                .unwrap();
            for (a, b) in one.row(0).iter().zip(all.row(i)) {
                assert!((a - b).abs() < 1e-12, "{name} row {i}");
            }
        }
    }
}

/// Inner folds repeat the steps from the first on, with the centres of their rows: calibration, prediction sets, distances and tuning work
/// behind ComBat and a selection, and see no held-out row either.
#[test]
fn inner_folds_repeat_the_steps() {
    let (data, split) = data();
    let combat = StepSpec::Combat(Combat::default());
    let best = StepSpec::Univariate(UnivariateSelection {
        test: UnivariateTest::Anova,
        keep: Keep::Best(8),
        neighbours: 3,
    });
    let mut spec = pipeline(holes(), vec![combat, best]).spec().clone();
    spec.pca = None;
    spec.probability = ProbabilitySpec {
        calibration: Some(Calibration::Temperature),
        conformal: Some(ConformalSpec::default()),
        novelty: Some(NoveltySpec::default()),
        ..ProbabilitySpec::default()
    };
    spec.tuning = Some(TuningSpec {
        budget: 20,
        ..TuningSpec::default()
    });
    let fit = |data: &Dataset| {
        let (train, _) = data.split(&split).unwrap();
        Pipeline::new(spec.clone()).fit(&train).unwrap()
    };
    let fitted = fit(&data);
    let mut planted = data.clone();
    change(&mut planted, &split.test, 3);
    assert_eq!(fit(&planted), fitted);
    let (_, held_out) = data.split(&split).unwrap();
    let distances = fitted
        .distances_at(held_out.x(), held_out.centres())
        .unwrap()
        .unwrap();
    assert_eq!(distances.len(), split.test.len());
    // Without centres ComBat refuses, in every way in.
    assert!(matches!(
        fitted.predict_proba(held_out.x()),
        Err(LearnError::UnseenCentre { .. })
    ));
    assert!(matches!(
        fitted.distances(held_out.x()),
        Err(LearnError::UnseenCentre { .. })
    ));
}

/// One and several threads give the same bytes.
#[test]
fn threads_change_nothing() {
    let (data, split) = data();
    for (name, step) in steps() {
        let with = |threads| {
            let pool = rayon::ThreadPoolBuilder::new()
                .num_threads(threads)
                .build()
                .unwrap();
            pool.install(|| fitted(&data, &split, &step))
        };
        assert_eq!(with(1), with(3), "{name}");
    }
}

/// Contributions and the baseline add up to the logarithms of the odds behind every step, and what a model file holds comes back.
#[test]
fn contributions_add_up_behind_every_step() {
    let (data, split) = data();
    let (train, held_out) = data.split(&split).unwrap();
    for (name, step) in steps() {
        let fitted = pipeline(holes(), vec![step]).fit(&train).unwrap();
        let (row, centre) = (held_out.x().row(3), held_out.centres()[3]);
        let x = Matrix::new(1, 32, row.to_vec()).unwrap();
        let p = fitted.predict_proba_at(&x, &[centre]).unwrap();
        let contributions = fitted.contributions_at(row, centre).unwrap();
        let scores: Vec<f64> = (0..3)
            .map(|k| fitted.baseline().unwrap()[k] + contributions.row(k).iter().sum::<f64>())
            .collect();
        let total: f64 = scores.iter().map(|s| s.exp()).sum();
        for (score, expected) in scores.iter().zip(p.row(0)) {
            assert!((score.exp() / total - expected).abs() < 1e-9, "{name}");
        }
        let text = serde_json::to_string(&fitted).unwrap();
        let back: triher_learn::FittedPipeline = serde_json::from_str(&text).unwrap();
        assert_eq!(back, fitted, "{name}");
        assert_eq!(
            fitted.origins().len(),
            fitted.standardizer().unwrap().means().len()
        );
    }
}

/// The names of all steps, from the message about an unknown one, are those tested here.
#[test]
fn every_step_is_tested() {
    let error = serde_json::from_str::<StepSpec>(r#"{"step": "none"}"#)
        .unwrap_err()
        .to_string();
    let mut names: Vec<&str> = error.split('`').skip(3).step_by(2).collect();
    names.sort_unstable();
    let mut tested: Vec<&str> = steps().iter().map(|(name, _)| *name).collect();
    tested.sort_unstable();
    tested.dedup();
    assert_eq!(names, tested, "{error}");
    for (name, step) in steps() {
        let text = serde_json::to_string(&step).unwrap();
        assert!(text.starts_with(&format!(r#"{{"step":"{name}""#)), "{text}");
        assert_eq!(serde_json::from_str::<StepSpec>(&text).unwrap(), step);
        let unknown = text.replacen('{', r#"{"no_such_setting":1,"#, 1);
        assert!(
            serde_json::from_str::<StepSpec>(&unknown).is_err(),
            "{unknown}"
        );
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Any two or three steps in any order and any split: wild held-out rows change no byte.
    #[test]
    fn no_chain_of_steps_leaks(a in 0..16_usize, b in 0..16_usize, c in 0..16_usize, third in 2..5_usize, seed in 0..1000_u64) {
        let (data, _) = data();
        let (train, test): (Vec<usize>, Vec<usize>) = (0..90).partition(|i| i % third != 0);
        let split = Split { train, test };
        let all = steps();
        let chain: Vec<StepSpec> = [a, b, c].iter().map(|&s| all[s].1.clone()).collect();
        let fit = |data: &Dataset| {
            let (train, _) = data.split(&split).unwrap();
            match pipeline(holes(), chain.clone()).fit(&train) {
                Ok(fitted) => serde_json::to_string(&fitted).unwrap(),
                // An earlier step may take away what a later one needs (age); the refusal must not depend on held-out rows either.
                Err(error) => error.to_string(),
            }
        };
        let mut planted = data.clone();
        change(&mut planted, &split.test, seed);
        prop_assert_eq!(fit(&planted), fit(&data));
    }
}
