use super::*;

fn cohort(n: usize, rows_per_patient: usize) -> Predictions {
    let p = |i: usize| ((i * 7919 + 13) % 101) as f64 / 101.0;
    Predictions::new(
        (0..n).map(|i| format!("r{i}")).collect(),
        (0..n)
            .map(|i| format!("p{}", i / rows_per_patient))
            .collect(),
        vec!["zero".into(), "low".into(), "positive".into()],
        (0..n).map(|i| (i / rows_per_patient) % 3).collect(),
        (0..n)
            .flat_map(|i| {
                let a = p(i);
                let b = (1.0 - a) * p(i + 50);
                [a, b, 1.0 - a - b]
            })
            .collect(),
        None,
    )
    .unwrap()
}

#[test]
fn unit_weights_give_the_estimates_themselves() {
    let predictions = cohort(60, 2);
    let plan = Plan::new(&predictions).unwrap();
    let row = plan.estimates();
    let areas = crate::auc_one_vs_rest(&predictions);
    assert_eq!(
        row[..3],
        [areas[0].unwrap(), areas[1].unwrap(), areas[2].unwrap()]
    );
    assert_eq!(row[3], crate::auc_macro(&predictions).unwrap());
    assert_eq!(row[4], crate::auc_weighted(&predictions).unwrap());
    assert_eq!(row[5], crate::auc_micro(&predictions).unwrap());
    let matrix = crate::confusion(&predictions);
    assert_eq!(row[6], crate::accuracy(&matrix).unwrap());
    assert!((row[7] - crate::balanced_accuracy(&matrix).unwrap()).abs() < 1e-15);
    assert_eq!(row[8], crate::brier_score(&predictions));
    assert_eq!(row[9], crate::log_loss(&predictions));
    assert_eq!(row[10], crate::auc_hand_till(&predictions).unwrap());
    assert_eq!(
        row[11],
        crate::polytomous_discrimination_index(&predictions).unwrap()
    );
}

#[test]
fn draws_keep_the_strata_and_move_whole_patients() {
    let predictions = cohort(60, 2);
    let plan = Plan::new(&predictions).unwrap();
    assert_eq!(plan.resampling.patients, 30);
    let mut weights = vec![0; 30];
    for number in 0..50 {
        plan.resampling.draw(20_251, number, &mut weights);
        for stratum in &plan.resampling.strata {
            let drawn: u32 = stratum.iter().map(|&p| weights[p as usize]).sum();
            assert_eq!(drawn as usize, stratum.len());
        }
    }
}

#[test]
fn the_number_of_threads_and_replicates_does_not_change_a_replicate() {
    let predictions = cohort(90, 1);
    let run = |threads, replicates| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            bootstrap(
                &predictions,
                &BootstrapOptions {
                    replicates,
                    seed: 7,
                },
            )
            .unwrap()
        })
    };
    let one = run(1, 300);
    assert_eq!(one, run(3, 300));
    assert_eq!(one.rows[..100], run(2, 100).rows[..]);
    assert_ne!(one.rows[0], one.rows[1]);
    let other = bootstrap(
        &predictions,
        &BootstrapOptions {
            replicates: 300,
            seed: 8,
        },
    )
    .unwrap();
    assert_ne!(one, other);
}

#[test]
fn a_class_that_is_missing_or_rare_is_counted_not_guessed() {
    let predictions = cohort(3, 1).subset(&[0, 1]).unwrap();
    let result = bootstrap(
        &predictions,
        &BootstrapOptions {
            replicates: 50,
            seed: 1,
        },
    )
    .unwrap();
    assert_eq!(result.degenerate(Statistic::ClassAuc(2)), 50);
    assert_eq!(result.interval(Statistic::ClassAuc(2), 0.95), None);
    assert_eq!(result.interval(Statistic::ClassAuc(9), 0.95), None);
    assert_eq!(result.degenerate(Statistic::MacroAuc), 0);
    assert_eq!(result.interval(Statistic::MacroAuc, 1.5), None);

    // One patient with rows of two classes: some replicates lose one class, and say so.
    let name = |s: &str| s.to_string();
    let mixed = Predictions::new(
        ["a", "b", "c", "d"].map(name).to_vec(),
        ["p", "p", "q", "q"].map(name).to_vec(),
        vec![name("zero"), name("low")],
        vec![0, 1, 1, 1],
        vec![0.6, 0.4, 0.3, 0.7, 0.2, 0.8, 0.4, 0.6],
        None,
    )
    .unwrap();
    let result = bootstrap(
        &mixed,
        &BootstrapOptions {
            replicates: 400,
            seed: 1,
        },
    )
    .unwrap();
    let lost = result.degenerate(Statistic::MacroAuc);
    // Both patients are in one stratum; a quarter of the draws is q twice.
    assert!((60..140).contains(&lost), "{lost}");
    assert!(result.interval(Statistic::MacroAuc, 0.95).is_some());
}

#[test]
fn too_many_replicates_are_refused() {
    let options = BootstrapOptions {
        replicates: usize::MAX,
        seed: 0,
    };
    assert!(matches!(
        bootstrap(&cohort(6, 1), &options),
        Err(StatsError::BadOption {
            option: "bootstrap",
            ..
        })
    ));
}
