//! Single figures from a confusion matrix of more than two classes.
//!
//! Rows are the truth, columns the calls. Checked against scikit-learn (`f1_score`,
//! `matthews_corrcoef`, `cohen_kappa_score`) to 1e-12 (`tests/parity/make_figures.py`).

/// Sums over rows, over columns, of the diagonal and of everything.
fn margins(confusion: &[Vec<u64>]) -> (Vec<f64>, Vec<f64>, f64, f64) {
    let classes = confusion.len();
    let cell = |i: usize, j: usize| confusion[i].get(j).copied().unwrap_or(0) as f64;
    let actual: Vec<f64> = (0..classes)
        .map(|i| (0..classes).map(|j| cell(i, j)).sum())
        .collect();
    let called = (0..classes)
        .map(|j| (0..classes).map(|i| cell(i, j)).sum())
        .collect();
    let hits = (0..classes).map(|i| cell(i, i)).sum();
    let total = actual.iter().sum();
    (actual, called, hits, total)
}

/// The mean of the classes' F1 scores, over the classes that occur among truths or calls; `None`
/// for an empty matrix.
pub fn macro_f1(confusion: &[Vec<u64>]) -> Option<f64> {
    let (actual, called, _, _) = margins(confusion);
    let (mut sum, mut occurring) = (0.0, 0u32);
    for (class, row) in confusion.iter().enumerate() {
        let both = actual[class] + called[class];
        if both > 0.0 {
            sum += 2.0 * row.get(class).copied().unwrap_or(0) as f64 / both;
            occurring += 1;
        }
    }
    (occurring > 0).then(|| sum / f64::from(occurring))
}

/// Matthews' correlation coefficient in its form for `K` classes, from -1 to 1; 0 when the truth or
/// the calls are all of one class, as in scikit-learn, and `None` for an empty matrix. Source:
/// Gorodkin, Comput. Biol. Chem. 28:367 (2004).
pub fn matthews_correlation(confusion: &[Vec<u64>]) -> Option<f64> {
    let (actual, called, hits, total) = margins(confusion);
    if total == 0.0 {
        return None;
    }
    let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(x, y)| x * y).sum::<f64>();
    let of_calls = total * total - product(&called, &called);
    let of_truth = total * total - product(&actual, &actual);
    if of_calls <= 0.0 || of_truth <= 0.0 {
        return Some(0.0);
    }
    Some((hits * total - product(&actual, &called)) / (of_calls * of_truth).sqrt())
}

/// Cohen's kappa with quadratic weights: agreement of ordered classes beyond chance, calls two
/// classes off counting four times as much as calls one off. `None` when truth and calls are all
/// of one class. Source: Cohen, Psychol. Bull. 70:213 (1968).
pub fn quadratic_kappa(confusion: &[Vec<u64>]) -> Option<f64> {
    let (actual, called, _, total) = margins(confusion);
    let (mut observed, mut expected) = (0.0, 0.0);
    for (i, row) in confusion.iter().enumerate() {
        for (j, of_calls) in called.iter().enumerate() {
            let weight = (i as f64 - j as f64).powi(2);
            observed += weight * row.get(j).copied().unwrap_or(0) as f64;
            expected += weight * actual[i] * of_calls;
        }
    }
    (expected > 0.0).then(|| 1.0 - observed * total / expected)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn matrices_worked_by_hand() {
        let none: [Vec<u64>; 0] = [];
        assert_eq!(macro_f1(&none), None);
        assert_eq!(matthews_correlation(&none), None);
        assert_eq!(quadratic_kappa(&none), None);
        let perfect = vec![vec![3, 0], vec![0, 5]];
        assert_eq!(macro_f1(&perfect), Some(1.0));
        assert_eq!(matthews_correlation(&perfect), Some(1.0));
        assert_eq!(quadratic_kappa(&perfect), Some(1.0));
        let blind = vec![vec![4, 0], vec![4, 0]];
        assert_eq!(matthews_correlation(&blind), Some(0.0));
        assert_eq!(quadratic_kappa(&blind), Some(0.0));
        assert_eq!(macro_f1(&blind), Some(1.0 / 3.0));
        assert_eq!(quadratic_kappa(&[vec![4, 0], vec![0, 0]]), None);
    }
}
