//! Fuzzy c-means.

/// The result of [`fuzzy_c_means`].
#[derive(Clone, Debug, PartialEq)]
pub struct FuzzyClusters {
    /// Centres, one row of `dimensions` numbers each.
    pub centres: Vec<Vec<f64>>,
    /// Membership of each sample in each cluster, sample by sample; the memberships of a sample add up to 1.
    pub memberships: Vec<f64>,
    /// Steps that were taken.
    pub steps: usize,
}

/// Fuzzy c-means (Bezdek, Pattern Recognition with Fuzzy Objective Function Algorithms, 1981) from given first centres.
///
/// `samples` holds rows of as many numbers as a centre has. Centres are means weighted by membership to the power of `fuzzifier`;
/// memberships follow from squared distances to the power of `1 / (1 - fuzzifier)`. It stops when no centre moves by more than
/// `tolerance` or after `max_steps`. A sample that lies on centres is shared by them alone. No random numbers are used. scikit-fuzzy's
/// `cmeans` gives the same within 1e-6 from the same memberships (`tests/fuzzy.rs`).
///
/// Samples that are not finite make the result not finite: leave them out. Without centres or samples there is nothing to do.
pub fn fuzzy_c_means(
    samples: &[f64],
    first_centres: &[Vec<f64>],
    fuzzifier: f64,
    tolerance: f64,
    max_steps: usize,
) -> FuzzyClusters {
    let clusters = first_centres.len();
    let dimensions = first_centres.first().map_or(0, Vec::len);
    let mut centres = first_centres.to_vec();
    if dimensions == 0 || samples.len() < dimensions {
        return FuzzyClusters {
            centres,
            memberships: Vec::new(),
            steps: 0,
        };
    }
    let count = samples.len() / dimensions;
    let mut memberships = vec![0.0; count * clusters];
    let mut steps = 0;
    loop {
        for (sample, row) in samples
            .chunks_exact(dimensions)
            .zip(memberships.chunks_exact_mut(clusters))
        {
            share(sample, &centres, fuzzifier, row);
        }
        if steps >= max_steps {
            break;
        }
        steps += 1;
        let mut moved = 0f64;
        for (cluster, centre) in centres.iter_mut().enumerate() {
            let (mut sum, mut weights) = (vec![0.0; dimensions], 0.0);
            for (sample, row) in samples
                .chunks_exact(dimensions)
                .zip(memberships.chunks_exact(clusters))
            {
                let weight = row[cluster].powf(fuzzifier);
                weights += weight;
                for (s, v) in sum.iter_mut().zip(sample) {
                    *s += weight * v;
                }
            }
            if weights > 0.0 {
                for (c, s) in centre.iter_mut().zip(&sum) {
                    moved = moved.max((s / weights - *c).abs());
                    *c = s / weights;
                }
            }
        }
        if moved <= tolerance {
            break;
        }
    }
    FuzzyClusters {
        centres,
        memberships,
        steps,
    }
}

/// Memberships of one sample.
fn share(sample: &[f64], centres: &[Vec<f64>], fuzzifier: f64, row: &mut [f64]) {
    let power = 1.0 / (1.0 - fuzzifier);
    let squared = |centre: &[f64]| -> f64 {
        sample
            .iter()
            .zip(centre)
            .map(|(a, b)| (a - b).powi(2))
            .sum()
    };
    let mut nearest = f64::INFINITY;
    for (m, centre) in row.iter_mut().zip(centres) {
        *m = squared(centre);
        nearest = nearest.min(*m);
    }
    // Relative to the nearest, so that powers of tiny distances do not overflow.
    let mut total = 0.0;
    for m in row.iter_mut() {
        *m = if nearest > 0.0 {
            (*m / nearest).powf(power)
        } else {
            f64::from(u8::from(*m <= 0.0))
        };
        total += *m;
    }
    for m in row.iter_mut() {
        *m /= total;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sample_on_a_centre_belongs_to_it() {
        let found = fuzzy_c_means(&[0.0, 1.0, 10.0], &[vec![0.0], vec![10.0]], 2.0, 0.0, 0);
        assert_eq!(found.memberships[..2], [1.0, 0.0]);
        assert_eq!(found.memberships[4..], [0.0, 1.0]);
        assert!((found.memberships[2] - 81.0 / 82.0).abs() < 1e-12);
        let twice = fuzzy_c_means(&[3.0], &[vec![3.0], vec![3.0]], 2.0, 1e-9, 10);
        assert_eq!(twice.memberships, [0.5, 0.5]);
    }

    #[test]
    fn nothing_gives_nothing() {
        assert!(
            fuzzy_c_means(&[], &[vec![1.0]], 2.0, 1e-6, 9)
                .memberships
                .is_empty()
        );
        assert!(
            fuzzy_c_means(&[1.0], &[], 2.0, 1e-6, 9)
                .memberships
                .is_empty()
        );
    }
}
