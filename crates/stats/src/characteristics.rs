//! Characteristics of patients, compared between groups: the first table of a paper.

use crate::drift::standardised_difference;
use crate::percentile;
use crate::ranks::{kruskal_wallis, upper_chi_squared};
use nalgebra::{DMatrix, DVector};
use rand::SeedableRng;
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use serde::{Deserialize, Serialize};
use statrs::function::factorial::ln_factorial;

/// Permutations where a table is too sparse for the chi-squared distribution.
const PERMUTATIONS: usize = 9_999;

/// One characteristic of every patient; `None` where it is not known.
#[derive(Debug, Clone, PartialEq)]
pub enum Characteristic {
    /// A number, such as the age.
    Number(Vec<Option<f64>>),
    /// One of a few levels, such as the vendor.
    Level(Vec<Option<String>>),
}

/// How a p-value was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CharacteristicTest {
    /// Kruskal and Wallis, corrected for ties; with two groups that of Mann and Whitney without continuity correction.
    KruskalWallis,
    /// Pearson's chi-squared, without continuity correction.
    ChiSquared,
    /// Fisher's exact test, two-sided, of two levels in two groups.
    FisherExact,
    /// Pearson's chi-squared against 9,999 permutations with a fixed seed, where more than a fifth of the cells expect fewer than five.
    ChiSquaredPermutation,
}

impl CharacteristicTest {
    /// Its name in a table's foot.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::KruskalWallis => "Kruskal-Wallis",
            Self::ChiSquared => "chi-squared",
            Self::FisherExact => "Fisher's exact",
            Self::ChiSquaredPermutation => "chi-squared by permutation",
        }
    }
}

/// What one group is like.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GroupSummary {
    /// Patients whose value is known.
    pub known: usize,
    /// Patients whose value is not.
    pub missing: usize,
    /// Median, first and third quartile of a number; `None` for levels or when nothing is known.
    pub quartiles: Option<[f64; 3]>,
    /// Patients of each level, in the order of [`Compared::levels`]; empty for a number.
    pub counts: Vec<usize>,
}

/// A characteristic compared between groups.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Compared {
    /// The levels in their order; empty for a number.
    pub levels: Vec<String>,
    /// Each group.
    pub groups: Vec<GroupSummary>,
    /// The test; `None` when it makes no sense: fewer than two groups with known values, or one value only.
    pub test: Option<CharacteristicTest>,
    /// Its p-value, not corrected for the number of characteristics.
    pub p_value: Option<f64>,
    /// The largest standardised mean difference between two groups; `None` where it is not defined.
    pub standardised_difference: Option<f64>,
}

impl Compared {
    /// With the levels that are named in this order first, the others after them as they were.
    pub fn in_order(mut self, order: &[String]) -> Self {
        let rank = |level: &String| order.iter().position(|o| o == level).unwrap_or(order.len());
        let mut places: Vec<usize> = (0..self.levels.len()).collect();
        places.sort_by_key(|&at| rank(&self.levels[at]));
        self.levels = places.iter().map(|&at| self.levels[at].clone()).collect();
        for group in &mut self.groups {
            group.counts = places
                .iter()
                .filter_map(|&at| group.counts.get(at).copied())
                .collect();
        }
        self
    }
}

/// Compares a characteristic between groups (`groups[i]` below `count` is that of patient `i`). Patients whose value is not known are counted
/// and left out.
///
/// The standardised difference is `|m1 - m2| / sqrt((s1^2 + s2^2) / 2)` for numbers and for levels the Mahalanobis distance of the shares by
/// the mean of their covariances (Yang and Dalton, SAS Global Forum 2012), as the package `tableone`. Checked against SciPy and `tableone` to 1e-9
/// (this module's tests name the calls).
///
/// Fewer values than groups count for the patients that have both.
pub fn compare_characteristic(
    characteristic: &Characteristic,
    groups: &[usize],
    count: usize,
    seed: u64,
) -> Compared {
    match characteristic {
        Characteristic::Number(values) => numbers(values, groups, count),
        Characteristic::Level(values) => levels(values, groups, count, seed),
    }
}

fn numbers(values: &[Option<f64>], groups: &[usize], count: usize) -> Compared {
    let mut known: Vec<Vec<f64>> = vec![Vec::new(); count];
    let mut missing = vec![0; count];
    for (value, &group) in values.iter().zip(groups).filter(|&(_, &g)| g < count) {
        match value.filter(|v| v.is_finite()) {
            Some(value) => known[group].push(value),
            None => missing[group] += 1,
        }
    }
    let summary = |(values, missing): (&Vec<f64>, &usize)| {
        let mut sorted = values.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let at = |share| percentile(&sorted, share);
        GroupSummary {
            known: values.len(),
            missing: *missing,
            quartiles: (|| Some([at(0.5)?, at(0.25)?, at(0.75)?]))(),
            counts: Vec::new(),
        }
    };
    let of_known: Vec<usize> = (known.iter().enumerate())
        .flat_map(|(group, values)| std::iter::repeat_n(group, values.len()))
        .collect();
    let p_value = kruskal_wallis(&known.concat(), &of_known).map(|(_, p)| p);
    Compared {
        levels: Vec::new(),
        groups: known.iter().zip(&missing).map(summary).collect(),
        test: p_value.map(|_| CharacteristicTest::KruskalWallis),
        p_value,
        standardised_difference: largest(&known, |a, b| {
            standardised_difference(a, b).map(f64::abs)
        }),
    }
}

/// The largest of a difference over all pairs of groups.
fn largest<T>(groups: &[T], difference: impl Fn(&T, &T) -> Option<f64>) -> Option<f64> {
    let pairs = groups.iter().enumerate();
    let pairs = pairs.flat_map(|(at, a)| groups[at + 1..].iter().map(move |b| (a, b)));
    pairs.filter_map(|(a, b)| difference(a, b)).reduce(f64::max)
}

fn levels(values: &[Option<String>], groups: &[usize], count: usize, seed: u64) -> Compared {
    let mut levels: Vec<String> = values.iter().flatten().cloned().collect();
    levels.sort_unstable();
    levels.dedup();
    let mut table = vec![vec![0usize; levels.len()]; count];
    let mut missing = vec![0; count];
    // Level and group of each patient that has both.
    let mut pairs = Vec::new();
    for (value, &group) in values.iter().zip(groups).filter(|&(_, &g)| g < count) {
        match value.as_ref().and_then(|v| levels.binary_search(v).ok()) {
            Some(level) => {
                table[group][level] += 1;
                pairs.push((level, group));
            }
            None => missing[group] += 1,
        }
    }
    let tested = test_of(&table, &pairs, seed);
    let summary = |(counts, missing): (&Vec<usize>, &usize)| GroupSummary {
        known: counts.iter().sum(),
        missing: *missing,
        quartiles: None,
        counts: counts.clone(),
    };
    Compared {
        groups: table.iter().zip(&missing).map(summary).collect(),
        test: tested.map(|(test, _)| test),
        p_value: tested.map(|(_, p)| p),
        standardised_difference: largest(&table, |a, b| difference_of_levels(a, b)),
        levels,
    }
}

fn test_of(
    table: &[Vec<usize>],
    pairs: &[(usize, usize)],
    seed: u64,
) -> Option<(CharacteristicTest, f64)> {
    // Groups and levels that nobody has take no part.
    let rows: Vec<&Vec<usize>> = table
        .iter()
        .filter(|r| r.iter().sum::<usize>() > 0)
        .collect();
    let width = table.first().map_or(0, Vec::len);
    let there = |level: usize| rows.iter().any(|row| row[level] > 0);
    let columns: Vec<usize> = (0..width).filter(|&level| there(level)).collect();
    if rows.len() < 2 || columns.len() < 2 {
        return None;
    }
    let compact = |row: &Vec<usize>| -> Vec<usize> { columns.iter().map(|&c| row[c]).collect() };
    let compact: Vec<Vec<usize>> = rows.into_iter().map(compact).collect();
    let (statistic, sparse) = chi_squared(&compact);
    if !sparse {
        let freedom = (compact.len() - 1) * (columns.len() - 1);
        let p_value = upper_chi_squared(statistic, freedom);
        return Some((CharacteristicTest::ChiSquared, p_value));
    }
    if let ([a, b], 2) = (compact.as_slice(), columns.len()) {
        return Some((
            CharacteristicTest::FisherExact,
            fisher([a[0], a[1], b[0], b[1]]),
        ));
    }
    let mut rng = ChaCha8Rng::seed_from_u64(seed);
    let mut of_level: Vec<usize> = pairs.iter().map(|&(level, _)| level).collect();
    let mut as_extreme = 0;
    for _ in 0..PERMUTATIONS {
        of_level.shuffle(&mut rng);
        let mut shuffled = vec![vec![0usize; width]; table.len()];
        for (&level, &(_, group)) in of_level.iter().zip(pairs) {
            shuffled[group][level] += 1;
        }
        // Rounding must not make a table less extreme than itself.
        as_extreme += usize::from(chi_squared(&shuffled).0 >= statistic * (1.0 - 1e-12));
    }
    let p_value = (as_extreme + 1) as f64 / (PERMUTATIONS + 1) as f64;
    Some((CharacteristicTest::ChiSquaredPermutation, p_value))
}

/// Pearson's statistic, and whether more than a fifth of the cells expect fewer than five (Cochran's rule). Empty rows and columns add nothing.
fn chi_squared(table: &[Vec<usize>]) -> (f64, bool) {
    let width = table.first().map_or(0, Vec::len);
    let of_row: Vec<usize> = table.iter().map(|row| row.iter().sum()).collect();
    let of_column: Vec<usize> = (0..width)
        .map(|c| table.iter().map(|r| r[c]).sum())
        .collect();
    let all: usize = of_row.iter().sum();
    let (mut statistic, mut few, mut cells) = (0.0, 0, 0);
    for (row, &row_sum) in table.iter().zip(&of_row) {
        for (&observed, &column_sum) in row.iter().zip(&of_column) {
            let expected = row_sum as f64 * column_sum as f64 / all as f64;
            if expected > 0.0 {
                statistic += (observed as f64 - expected).powi(2) / expected;
                few += usize::from(expected < 5.0);
                cells += 1;
            }
        }
    }
    (statistic, 5 * few > cells)
}

/// Fisher's exact test of `[a, b]` over `[c, d]`: the sum of all tables with these margins that are no likelier than the one that was seen.
fn fisher([a, b, c, d]: [usize; 4]) -> f64 {
    let (row, column, all) = (a + b, a + c, a + b + c + d);
    let ln_choose = |n: usize, k: usize| {
        ln_factorial(n as u64) - ln_factorial(k as u64) - ln_factorial((n - k) as u64)
    };
    let probability = |x: usize| {
        (ln_choose(column, x) + ln_choose(all - column, row - x) - ln_choose(all, row)).exp()
    };
    let seen = probability(a);
    let lowest = (row + column).saturating_sub(all);
    let possible = (lowest..=row.min(column)).map(probability);
    // Tables that are as likely as the one seen differ from it by rounding only.
    let sum: f64 = possible.filter(|p| *p <= seen * (1.0 + 1e-7)).sum();
    sum.min(1.0)
}

fn difference_of_levels(a: &[usize], b: &[usize]) -> Option<f64> {
    let shares = |counts: &[usize]| {
        let all = counts.iter().sum::<usize>() as f64;
        let of = |&c: &usize| c as f64 / all;
        (all > 0.0).then(|| DVector::from_iterator(counts.len(), counts.iter().map(of)))
    };
    let (p, q) = (shares(a)?, shares(b)?);
    let covariance = |p: &DVector<f64>| DMatrix::from_diagonal(p) - p * p.transpose();
    let mean = (covariance(&p) + covariance(&q)) / 2.0;
    let difference = p - q;
    // All levels with a generalised inverse say the same as all but one with an inverse, whichever is left out.
    let inverse = mean.pseudo_inverse(1e-12).ok()?;
    let square = (difference.transpose() * inverse * &difference)[(0, 0)];
    // Groups that share no level have no variance along what sets them apart.
    let explained = square > 0.0 || difference.norm() == 0.0;
    explained.then(|| square.max(0.0).sqrt())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn close(found: Option<f64>, expected: f64) {
        let found = found.unwrap();
        assert!(
            (found - expected).abs() < 1e-9 * expected.max(1.0),
            "{found} {expected}"
        );
    }

    fn of_table(table: &[&[usize]]) -> (Characteristic, Vec<usize>) {
        let (mut values, mut groups) = (Vec::new(), Vec::new());
        for (group, row) in table.iter().enumerate() {
            for (level, &count) in row.iter().enumerate() {
                values.extend(std::iter::repeat_n(Some(format!("level {level}")), count));
                groups.extend(std::iter::repeat_n(group, count));
            }
        }
        (Characteristic::Level(values), groups)
    }

    /// `scipy.stats.kruskal` and the formula above in NumPy, on numbers with ties.
    #[test]
    fn numbers_are_compared_as_by_scipy() {
        let groups: [&[f64]; 3] = [
            &[2.0, -2.6, 0.4, -0.6, -0.5, -0.2, -2.0, -0.2, -0.9],
            &[
                3.9, 0.8, 0.2, 0.3, -0.1, -0.5, 0.2, 1.1, 0.4, 1.6, 0.4, 0.6, 2.1, 1.1,
            ],
            &[0.7, 1.0, 1.7, 3.1, 0.9, 1.0, 2.2],
        ];
        let mut values: Vec<Option<f64>> = groups.concat().into_iter().map(Some).collect();
        let mut of: Vec<usize> = (0..3).flat_map(|g| vec![g; groups[g].len()]).collect();
        values.extend([None, Some(f64::NAN)]);
        of.extend([1, 1]);
        let found = compare_characteristic(&Characteristic::Number(values), &of, 3, 0);
        assert_eq!(found.test, Some(CharacteristicTest::KruskalWallis));
        close(found.p_value, 0.002650619023525818);
        close(found.standardised_difference, 1.8031605428960915);
        assert_eq!((found.groups[1].known, found.groups[1].missing), (14, 2));
        let quartiles = found.groups[2].quartiles.unwrap();
        for (found, expected) in quartiles.into_iter().zip([1.0, 0.95, 1.95]) {
            close(Some(found), expected);
        }
    }

    /// `scipy.stats.chi2_contingency(correction=False)`, `fisher_exact`, and the SMD of `tableone`.
    #[test]
    fn levels_are_compared_as_by_scipy_and_tableone() {
        let (values, groups) = of_table(&[&[12, 30, 8], &[22, 25, 14]]);
        let found = compare_characteristic(&values, &groups, 2, 0);
        assert_eq!(found.test, Some(CharacteristicTest::ChiSquared));
        close(found.p_value, 0.1366207888200942);
        close(found.standardised_difference, 0.3877463486928508);
        assert_eq!(found.groups[0].counts, [12, 30, 8]);
        let turned = found.in_order(&["level 2".to_owned(), "level 0".to_owned()]);
        assert_eq!(turned.levels, ["level 2", "level 0", "level 1"]);
        assert_eq!(turned.groups[1].counts, [14, 22, 25]);
        let (values, groups) = of_table(&[&[10, 20], &[10, 20]]);
        close(compare_characteristic(&values, &groups, 2, 0).p_value, 1.0);
        for (table, p) in [
            ([[2, 9], [7, 3]], 0.02997312285237982),
            ([[0, 5], [4, 1]], 0.04761904761904762),
        ] {
            let (values, groups) = of_table(&[&table[0], &table[1]]);
            let found = compare_characteristic(&values, &groups, 2, 0);
            assert_eq!(found.test, Some(CharacteristicTest::FisherExact));
            close(found.p_value, p);
        }
    }

    /// Permutations of a sparse 2 x 2 table find Fisher's p-value up to their number: here both tests order tables alike.
    #[test]
    fn sparse_tables_are_permuted() {
        let (values, groups) = of_table(&[&[6, 0, 0], &[0, 5, 1], &[1, 1, 4]]);
        let found = compare_characteristic(&values, &groups, 3, 7);
        assert_eq!(found.test, Some(CharacteristicTest::ChiSquaredPermutation));
        assert!(found.p_value.unwrap() < 0.005);
        assert_eq!(found, compare_characteristic(&values, &groups, 3, 7));
        let (values, groups) = of_table(&[&[2, 2, 1], &[2, 1, 2], &[1, 2, 2]]);
        let found = compare_characteristic(&values, &groups, 3, 7);
        assert!(found.p_value.unwrap() > 0.8);
    }

    #[test]
    fn what_cannot_be_compared_has_no_number() {
        let one = Characteristic::Number(vec![Some(3.0), Some(3.0), None]);
        let found = compare_characteristic(&one, &[0, 1, 1], 2, 0);
        assert_eq!(
            (found.test, found.p_value, found.standardised_difference),
            (None, None, None)
        );
        let (values, groups) = of_table(&[&[4], &[5]]);
        let found = compare_characteristic(&values, &groups, 2, 0);
        assert_eq!((found.test, found.p_value), (None, None));
        assert_eq!(found.standardised_difference, Some(0.0));
        let empty = compare_characteristic(&Characteristic::Level(Vec::new()), &[], 2, 0);
        assert_eq!(
            (empty.levels.len(), empty.groups.len(), empty.p_value),
            (0, 2, None)
        );
    }
}
