use super::*;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Three classes whose scores tell much at level "a" and nothing at level "b".
fn cohort(n: usize) -> (Predictions, SubgroupColumn) {
    let mut generator = ChaCha8Rng::seed_from_u64(4);
    let names: Vec<String> = (0..n).map(|i| i.to_string()).collect();
    let truth: Vec<usize> = (0..n).map(|i| i % 3).collect();
    let levels: Vec<Option<String>> = (0..n)
        .map(|i| match i % 10 {
            0 => None,
            k if k < 5 => Some("a".to_owned()),
            _ => Some("b".to_owned()),
        })
        .collect();
    let mut p = Vec::new();
    for (row, &class) in truth.iter().enumerate() {
        let mut weights = [0; 3].map(|_| 0.2 + generator.random::<f64>());
        if levels[row].as_deref() == Some("a") {
            weights[class] += 0.5;
        }
        let sum: f64 = weights.iter().sum();
        p.extend(weights.map(|w| w / sum));
    }
    let classes = ["zero", "low", "positive"].map(String::from).to_vec();
    let predictions = Predictions::new(names.clone(), names, classes, truth, p, None).unwrap();
    let name = "vendor".to_owned();
    (predictions, SubgroupColumn { name, levels })
}

fn options() -> SubgroupOptions {
    SubgroupOptions {
        bootstrap: 400,
        ..SubgroupOptions::default()
    }
}

#[test]
fn a_planted_difference_is_found_and_differences_mirror() {
    let (predictions, column) = cohort(300);
    let columns = [column.clone(), column];
    let found = subgroups(&predictions, &columns, &options()).unwrap();
    let vendor = &found[0];
    assert_eq!((vendor.missing, vendor.levels.len()), (30, 2));
    let [a, b] = [&vendor.levels[0], &vendor.levels[1]];
    assert_eq!((a.n, b.n), (120, 150));
    let [difference, other] = [a, b].map(|l| l.auc_difference.value.unwrap());
    assert!(
        (difference + other).abs() < 1e-12,
        "one is the other's mirror"
    );
    let here = a.auc.macro_average.value.unwrap() - b.auc.macro_average.value.unwrap();
    assert!((difference - here).abs() < 1e-12);
    assert!(a.auc_difference.ci95.unwrap()[0] > 0.0, "{a:?}");
    assert!(vendor.p_value.unwrap() < 1e-4);
    // Two variables: Holm doubles the smaller p-value.
    let p = vendor.p_value.unwrap();
    assert!((vendor.p_value_holm.unwrap() - (2.0 * p).min(1.0)).abs() < 1e-15);
}

#[test]
fn small_levels_and_single_classes_are_named_instead_of_judged() {
    let (predictions, mut column) = cohort(60);
    // Level "ihc 1+" holds low only; "rare" is below the minimum.
    for (row, level) in column.levels.iter_mut().enumerate() {
        let name = match (row % 3, row) {
            (_, 0..4) => "rare",
            (1, _) => "ihc 1+",
            _ => "other",
        };
        *level = Some(name.to_owned());
    }
    let found = subgroups(&predictions, &[column], &options()).unwrap();
    let levels = &found[0].levels;
    let of = |name: &str| levels.iter().find(|l| l.level == name).unwrap();
    assert_eq!(of("rare").accuracy.value, None);
    assert!(of("rare").notes[0].contains("fewer than the minimum"));
    let one = of("ihc 1+");
    assert_eq!(one.auc.macro_average.value, None);
    assert!(one.accuracy_difference.value.is_some());
    assert_eq!(of("other").auc_difference.value, None);
    assert!(of("other").notes[0].contains("not the same"));
    assert_eq!(found[0].p_value, None);
}

#[test]
fn a_column_of_another_length_is_refused() {
    let (predictions, mut column) = cohort(30);
    column.levels.pop();
    assert!(subgroups(&predictions, &[column], &options()).is_err());
}
