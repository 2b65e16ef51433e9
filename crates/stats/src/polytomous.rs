//! Discrimination among more than two classes at once: Hand and Till's M and the polytomous
//! discrimination index, from one walk through the sorted probabilities of each class.
//!
//! A [`ClassRanking`] holds the probabilities of one class in ascending order with each row's true
//! class. One weighted walk counts, for every other class `j`, the pairs of a row of the class
//! and a row of `j` in right order, and the tuples with one row of each class in which the row of
//! the class has the highest probability. The one-vs-rest AUC is the sum of the pair counts.
//!
//! Sources: Hand and Till, Mach. Learn. 45:171 (2001); Van Calster et al., Eur. J. Epidemiol.
//! 27:761 (2012). M is checked against scikit-learn `roc_auc_score(multi_class="ovo")` and the
//! index against all tuples counted one by one (`tests/parity/make_figures.py`), both to 1e-12.

use crate::Predictions;

/// One probability in the order of its size.
#[derive(Debug, Clone, Copy)]
struct Entry {
    /// Whose weight counts.
    item: u32,
    /// True class.
    class: u16,
    /// Last of a run of equal values.
    last: bool,
    /// The only one of its run.
    single: bool,
}

/// The probabilities of one class, sorted once.
#[derive(Debug, Clone)]
pub(crate) struct ClassRanking {
    class: usize,
    classes: usize,
    entries: Vec<Entry>,
}

/// What one walk counts for a class.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct ClassCounts {
    /// Rows of every class, weighted.
    pub(crate) totals: Vec<u64>,
    /// Twice the pairs in right order, of the class against each other class.
    pub(crate) doubled: Vec<u64>,
    /// Tuples in which the class's own row is highest, ties shared.
    tuples: f64,
}

impl ClassRanking {
    pub(crate) fn new(predictions: &Predictions, class: usize, item: &[u32]) -> Self {
        let scores = predictions.column(class);
        let mut order: Vec<u32> = (0..scores.len() as u32).collect();
        order.sort_unstable_by(|&a, &b| {
            let (left, right) = (scores[a as usize], scores[b as usize]);
            (left + 0.0).total_cmp(&(right + 0.0)).then(a.cmp(&b))
        });
        let mut entries = Vec::with_capacity(order.len());
        for run in order.chunk_by(|&a, &b| scores[a as usize] == scores[b as usize]) {
            for (place, &row) in run.iter().enumerate() {
                entries.push(Entry {
                    item: item[row as usize],
                    class: predictions.truth()[row as usize] as u16,
                    last: place + 1 == run.len(),
                    single: run.len() == 1,
                });
            }
        }
        Self {
            class,
            classes: predictions.class_count(),
            entries,
        }
    }

    /// Walks once, item `i` counting `weights[i]` times.
    pub(crate) fn count(&self, weights: &[u32]) -> ClassCounts {
        let own = self.class;
        let mut below = vec![0u64; self.classes];
        let mut run = vec![0u64; self.classes];
        let mut doubled = vec![0u64; self.classes];
        let mut shares: Vec<f64> = Vec::with_capacity(self.classes + 1);
        let mut tuples = 0.0;
        for entry in &self.entries {
            let weight = u64::from(weights[entry.item as usize]);
            if entry.single {
                let class = usize::from(entry.class);
                if class == own && weight > 0 {
                    let mut product = weight as f64;
                    for (other, count) in below.iter().enumerate().filter(|(j, _)| *j != own) {
                        doubled[other] += 2 * weight * count;
                        product *= *count as f64;
                    }
                    tuples += product;
                }
                below[class] += weight;
                continue;
            }
            run[usize::from(entry.class)] += weight;
            if !entry.last {
                continue;
            }
            if run[own] > 0 {
                // The product over the other classes of (below + equal t), a polynomial in t: its
                // integral over 0..1 gives a tie of m others the share 1 / (m + 1).
                shares.clear();
                shares.push(1.0);
                for other in (0..self.classes).filter(|j| *j != own) {
                    doubled[other] += run[own] * (2 * below[other] + run[other]);
                    shares.push(0.0);
                    for degree in (0..shares.len()).rev() {
                        let lower = if degree > 0 { shares[degree - 1] } else { 0.0 };
                        shares[degree] =
                            shares[degree] * below[other] as f64 + lower * run[other] as f64;
                    }
                }
                let integral: f64 = shares
                    .iter()
                    .enumerate()
                    .map(|(degree, c)| c / (degree as f64 + 1.0))
                    .sum();
                tuples += run[own] as f64 * integral;
            }
            for (count, added) in below.iter_mut().zip(&mut run) {
                *count += *added;
                *added = 0;
            }
        }
        ClassCounts {
            totals: below,
            doubled,
            tuples,
        }
    }
}

/// One-vs-rest AUC of the class; `None` without a row of it or of another.
pub(crate) fn one_vs_rest(counts: &ClassCounts, class: usize) -> Option<f64> {
    let own = counts.totals[class];
    let rest = counts.totals.iter().sum::<u64>() - own;
    let doubled: u64 = counts.doubled.iter().sum();
    (own > 0 && rest > 0).then(|| doubled as f64 / (2 * own * rest) as f64)
}

/// Hand and Till's M from the counts of all classes, over the pairs of classes that are present.
pub(crate) fn m_of(counts: &[ClassCounts]) -> Option<f64> {
    let (mut sum, mut pairs) = (0.0, 0u32);
    for (j, of_j) in counts.iter().enumerate() {
        for (k, of_k) in counts.iter().enumerate().skip(j + 1) {
            let product = 2 * of_j.totals[j] * of_j.totals[k];
            if product > 0 {
                sum += (of_j.doubled[k] + of_k.doubled[j]) as f64 / product as f64 / 2.0;
                pairs += 1;
            }
        }
    }
    (pairs > 0).then(|| sum / f64::from(pairs))
}

/// The index from the counts of all classes; `None` when one has no rows.
pub(crate) fn index_of(counts: &[ClassCounts]) -> Option<f64> {
    let tuples: f64 = counts.first()?.totals.iter().map(|n| *n as f64).product();
    (tuples > 0.0)
        .then(|| counts.iter().map(|c| c.tuples / tuples).sum::<f64>() / counts.len() as f64)
}

fn count_all(predictions: &Predictions) -> Vec<ClassCounts> {
    let item: Vec<u32> = (0..predictions.len() as u32).collect();
    let ones = vec![1; predictions.len()];
    (0..predictions.class_count())
        .map(|class| ClassRanking::new(predictions, class, &item).count(&ones))
        .collect()
}

/// Hand and Till's M: the mean over pairs of classes of the chance that a row of one is told from
/// a row of the other, by the probability of either class. 0.5 is chance; unlike the
/// one-vs-rest averages it does not depend on prevalence. Pairs of which a class has no rows are
/// left out; `None` when no pair remains.
pub fn auc_hand_till(predictions: &Predictions) -> Option<f64> {
    m_of(&count_all(predictions))
}

/// The polytomous discrimination index: given one row of each class, the chance that the row of a
/// class drawn at random has the highest probability of that class, ties shared. `1 / K` is
/// chance. Exact for any `K`, in the time of sorting. `None` when a class has no rows.
pub fn polytomous_discrimination_index(predictions: &Predictions) -> Option<f64> {
    index_of(&count_all(predictions))
}
