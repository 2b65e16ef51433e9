//! Samples: rows of numbers, and a random part of very many.

use crate::HabitatError;
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// Rows of equally many finite numbers.
#[derive(Clone, Debug, PartialEq)]
pub struct Samples {
    width: usize,
    values: Vec<f64>,
}

impl Samples {
    /// Samples from rows one after the other.
    ///
    /// # Errors
    /// [`HabitatError::Width`] when the numbers do not make whole rows, [`HabitatError::NotFinite`].
    pub fn new(width: usize, values: Vec<f64>) -> Result<Self, HabitatError> {
        if width == 0 || !values.len().is_multiple_of(width) {
            return Err(HabitatError::Width {
                what: "whole rows",
                expected: width,
                found: if width == 0 { 0 } else { values.len() % width },
            });
        }
        if let Some(at) = values.iter().position(|v| !v.is_finite()) {
            return Err(HabitatError::NotFinite {
                row: at / width,
                value: values[at],
            });
        }
        Ok(Self { width, values })
    }

    /// Numbers of a row.
    pub fn width(&self) -> usize {
        self.width
    }

    /// Number of rows.
    pub fn len(&self) -> usize {
        self.values.len() / self.width
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// One row; panics never: rows beyond the last are empty.
    pub fn row(&self, row: usize) -> &[f64] {
        let start = row.saturating_mul(self.width);
        let end = start.saturating_add(self.width);
        self.values.get(start..end).unwrap_or(&[])
    }

    /// All rows in order.
    pub fn rows(&self) -> std::slice::ChunksExact<'_, f64> {
        self.values.chunks_exact(self.width)
    }

    /// All numbers, row by row.
    pub fn values(&self) -> &[f64] {
        &self.values
    }
}

/// A random sample of a fixed size from rows that come one after the other, each with the same chance (Vitter's algorithm R, ACM Trans
/// Math Softw 1985;11:37): a cohort's voxels need not be in memory together. The same seed and the same order give the same sample.
#[derive(Clone, Debug)]
pub struct Reservoir {
    width: usize,
    capacity: usize,
    seen: u64,
    values: Vec<f64>,
    rng: ChaCha8Rng,
}

impl Reservoir {
    /// An empty reservoir for at most `capacity` rows of `width` numbers.
    pub fn new(width: usize, capacity: usize, seed: u64) -> Self {
        Self {
            width,
            capacity,
            seen: 0,
            values: Vec::new(),
            rng: ChaCha8Rng::seed_from_u64(seed),
        }
    }

    /// Offers the rows of samples in their order.
    ///
    /// # Errors
    /// [`HabitatError::Width`] when rows have another length.
    pub fn offer(&mut self, samples: &Samples) -> Result<(), HabitatError> {
        if samples.width() != self.width {
            return Err(HabitatError::Width {
                what: "the reservoir",
                expected: self.width,
                found: samples.width(),
            });
        }
        for row in samples.rows() {
            self.seen += 1;
            if self.values.len() < self.capacity.saturating_mul(self.width) {
                self.values.extend_from_slice(row);
                continue;
            }
            let place = self.rng.random_range(0..self.seen);
            if let Some(start) = usize::try_from(place)
                .ok()
                .filter(|&place| place < self.capacity)
                .map(|place| place * self.width)
            {
                self.values[start..start + self.width].copy_from_slice(row);
            }
        }
        Ok(())
    }

    /// Rows that were offered.
    pub fn seen(&self) -> u64 {
        self.seen
    }

    /// The sample.
    ///
    /// # Errors
    /// As [`Samples::new`].
    pub fn into_samples(self) -> Result<Samples, HabitatError> {
        Samples::new(self.width, self.values)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_the_same_chance() {
        let rows = Samples::new(1, (0..40).map(f64::from).collect()).unwrap();
        let mut counts = [0usize; 40];
        for seed in 0..2000 {
            let mut reservoir = Reservoir::new(1, 10, seed);
            reservoir.offer(&rows).unwrap();
            assert_eq!(reservoir.seen(), 40);
            let sample = reservoir.into_samples().unwrap();
            assert_eq!(sample.len(), 10);
            for v in sample.values() {
                counts[*v as usize] += 1;
            }
        }
        // 500 are expected with a standard deviation of 19.
        assert!(counts.iter().all(|c| (400..600).contains(c)), "{counts:?}");
    }

    #[test]
    fn parts_make_the_same_sample_as_the_whole() {
        let rows: Vec<f64> = (0..90).map(f64::from).collect();
        let whole = Samples::new(3, rows.clone()).unwrap();
        let mut one = Reservoir::new(3, 7, 1);
        one.offer(&whole).unwrap();
        let mut two = Reservoir::new(3, 7, 1);
        for part in rows.chunks(9) {
            two.offer(&Samples::new(3, part.to_vec()).unwrap()).unwrap();
        }
        assert_eq!(one.into_samples().unwrap(), two.into_samples().unwrap());
    }

    #[test]
    fn what_is_no_sample() {
        assert!(Samples::new(0, vec![]).is_err());
        assert!(Samples::new(2, vec![1.0]).is_err());
        let error = Samples::new(2, vec![1.0, 2.0, 3.0, f64::NAN]).unwrap_err();
        assert!(error.to_string().contains("sample 1 holds NaN"), "{error}");
        assert!(Samples::new(2, vec![1.0, 2.0]).unwrap().row(9).is_empty());
        let mut reservoir = Reservoir::new(2, 3, 1);
        assert!(
            reservoir
                .offer(&Samples::new(1, vec![1.0]).unwrap())
                .is_err()
        );
    }
}
