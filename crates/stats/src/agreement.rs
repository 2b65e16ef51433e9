//! How repeatable a number is: the intraclass correlation.

use serde::Serialize;
use statrs::distribution::{ContinuousCDF, FisherSnedecor};

/// An intraclass correlation with its confidence interval.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct IntraclassCorrelation {
    /// The estimate; below zero when subjects differ less than repeats do.
    pub value: f64,
    /// Lower end of the 95 % interval.
    pub lower: f64,
    /// Upper end.
    pub upper: f64,
    /// Subjects that counted.
    pub subjects: usize,
    /// Repeats of each.
    pub repeats: usize,
}

/// ICC(1,1): one-way random effects, single measurement (Shrout and Fleiss, Psychological Bulletin 1979;86:420), with the 95 % interval of McGraw and
/// Wong (Psychological Methods 1996;1:30). Subjects with a value that is not finite are left out.
///
/// `None` with fewer than two subjects or repeats, when the repeats differ in number, or when all values are equal. Agrees with
/// pingouin's `intraclass_corr` to 1e-10 (test below; pingouin rounds the interval to two decimals).
pub fn intraclass_correlation(subjects: &[Vec<f64>]) -> Option<IntraclassCorrelation> {
    let repeats = subjects.first()?.len();
    let kept: Vec<&Vec<f64>> = (subjects.iter())
        .filter(|s| s.iter().all(|v| v.is_finite()))
        .collect();
    let n = kept.len();
    if n < 2 || repeats < 2 || kept.iter().any(|s| s.len() != repeats) {
        return None;
    }
    let (n, k) = (n as f64, repeats as f64);
    let mean_of = |values: &[f64]| values.iter().sum::<f64>() / values.len() as f64;
    let means: Vec<f64> = kept.iter().map(|s| mean_of(s)).collect();
    let grand = mean_of(&means);
    let between = k * means.iter().map(|m| (m - grand).powi(2)).sum::<f64>() / (n - 1.0);
    let within = (kept.iter().zip(&means))
        .flat_map(|(s, m)| s.iter().map(move |v| (v - m).powi(2)))
        .sum::<f64>()
        / (n * (k - 1.0));
    if !(between + within).is_finite() || between + within <= 0.0 {
        return None;
    }
    let of = |ratio: f64| {
        if ratio.is_finite() {
            (ratio - 1.0) / (ratio + k - 1.0)
        } else {
            1.0
        }
    };
    let ratio = between / within;
    let (between_df, within_df) = (n - 1.0, n * (k - 1.0));
    let quantile = |a: f64, b: f64| Some(FisherSnedecor::new(a, b).ok()?.inverse_cdf(0.975));
    Some(IntraclassCorrelation {
        value: of(ratio),
        lower: of(ratio / quantile(between_df, within_df)?),
        upper: of(ratio * quantile(within_df, between_df)?),
        subjects: kept.len(),
        repeats,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    /// The ratings of Shrout and Fleiss (1979): ICC(1,1) is 0.17 there; pingouin 0.7 gives it so, with -0.13 to 0.72; the
    /// interval's further digits are SciPy's.
    #[test]
    fn the_example_of_the_paper() {
        let ratings = [
            [9.0, 2.0, 5.0, 8.0],
            [6.0, 1.0, 3.0, 2.0],
            [8.0, 4.0, 6.0, 8.0],
            [7.0, 1.0, 2.0, 6.0],
            [10.0, 5.0, 6.0, 9.0],
            [6.0, 2.0, 4.0, 7.0],
        ];
        let ratings: Vec<Vec<f64>> = ratings.iter().map(|r| r.to_vec()).collect();
        let icc = intraclass_correlation(&ratings).unwrap();
        assert!((icc.value - 0.165_741_768_405_475).abs() < 1e-10, "{icc:?}");
        assert!((icc.lower + 0.132_932_324_9).abs() < 1e-6, "{icc:?}");
        assert!((icc.upper - 0.722_560_062_3).abs() < 1e-6, "{icc:?}");
    }

    #[test]
    fn what_has_no_correlation_is_none() {
        assert_eq!(intraclass_correlation(&[]), None);
        assert_eq!(intraclass_correlation(&[vec![1.0, 2.0]]), None);
        assert_eq!(
            intraclass_correlation(&[vec![1.0, 1.0], vec![1.0, 1.0]]),
            None
        );
        assert_eq!(
            intraclass_correlation(&[vec![1.0, f64::NAN], vec![1.0, 2.0]]),
            None
        );
        let perfect = intraclass_correlation(&[vec![1.0, 1.0], vec![2.0, 2.0]]).unwrap();
        assert_eq!(
            (perfect.value, perfect.lower, perfect.upper),
            (1.0, 1.0, 1.0)
        );
    }

    proptest! {
        #[test]
        fn the_interval_holds_the_estimate(values in prop::collection::vec(prop::array::uniform3(-1e3f64..1e3), 2..20)) {
            let subjects: Vec<Vec<f64>> = values.iter().map(|v| v.to_vec()).collect();
            if let Some(icc) = intraclass_correlation(&subjects) {
                prop_assert!(icc.lower <= icc.value && icc.value <= icc.upper);
                prop_assert!(icc.upper <= 1.0 + 1e-12);
            }
        }
    }
}
