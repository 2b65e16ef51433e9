//! How lesions depend on the HER2 class. The table of the documentation is `effects.md`; a test keeps both the same.

use crate::Her2Class;
use crate::stream::normal;
use rand_chacha::ChaCha8Rng;

/// A distribution: normal, or normal in the logarithm, clamped to a range.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Spread {
    /// Mean, or median when `relative`.
    pub centre: f64,
    /// Standard deviation, or that of the logarithm when `relative`.
    pub deviation: f64,
    /// Whether it is the logarithm that is normal.
    pub relative: bool,
    /// Least and greatest value: draws beyond are set to them.
    pub range: [f64; 2],
}

impl Spread {
    const fn normal(centre: f64, deviation: f64, range: [f64; 2]) -> Self {
        Self {
            centre,
            deviation,
            relative: false,
            range,
        }
    }

    const fn log_normal(centre: f64, deviation: f64, range: [f64; 2]) -> Self {
        Self {
            centre,
            deviation,
            relative: true,
            range,
        }
    }

    /// A value in deviations from the centre, as a normal number has it.
    pub fn standardised(&self, value: f64) -> f64 {
        if self.relative {
            (value / self.centre).ln() / self.deviation
        } else {
            (value - self.centre) / self.deviation
        }
    }

    pub(crate) fn draw(&self, rng: &mut ChaCha8Rng) -> f64 {
        let z = normal(rng);
        let value = if self.relative {
            self.centre * (self.deviation * z).exp()
        } else {
            self.centre + self.deviation * z
        };
        value.clamp(self.range[0], self.range[1])
    }
}

/// What the lesions of a class are drawn from.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct LesionDistribution {
    /// Diameter, millimetres.
    pub diameter_mm: Spread,
    /// Transfer constant of the rim, per minute.
    pub ktrans_per_min: Spread,
    /// Volume fraction of the extravascular extracellular space.
    pub ve: Spread,
    /// Volume fraction of plasma.
    pub vp: Spread,
    /// By which fraction the core takes up less than the rim.
    pub rim_fraction: Spread,
    /// Standard deviation of the logarithm of Ktrans within the lesion.
    pub heterogeneity: Spread,
    /// Length of spicules as a fraction of the radius.
    pub spiculation: Spread,
}

impl LesionDistribution {
    /// The distributions of a class.
    pub const fn of(class: Her2Class) -> Self {
        // Rows of the table: zero, low, positive.
        let (diameter, ktrans, ve, vp, rim, heterogeneity, spiculation) = match class {
            Her2Class::Zero => (19.5, 0.17, 0.48, 0.030, 0.50, 0.28, 0.10),
            Her2Class::Low => (18.0, 0.20, 0.45, 0.035, 0.20, 0.24, 0.22),
            Her2Class::Positive => (22.5, 0.30, 0.38, 0.045, 0.32, 0.37, 0.17),
        };
        Self {
            diameter_mm: Spread::log_normal(diameter, 0.27, [9.0, 42.0]),
            ktrans_per_min: Spread::log_normal(ktrans, 0.35, [0.03, 1.2]),
            ve: Spread::normal(ve, 0.08, [0.15, 0.8]),
            vp: Spread::normal(vp, 0.012, [0.005, 0.1]),
            rim_fraction: Spread::normal(rim, 0.20, [0.0, 0.9]),
            heterogeneity: Spread::normal(heterogeneity, 0.09, [0.05, 0.8]),
            spiculation: Spread::normal(spiculation, 0.12, [0.0, 0.6]),
        }
    }

    /// Lesions of every kind, without regard to the class: the same ranges, far wider spreads. For pretraining, which is to know lesions and
    /// not what sets the simulator's classes apart.
    pub const fn wide() -> Self {
        Self {
            diameter_mm: Spread::log_normal(19.0, 0.45, [9.0, 42.0]),
            ktrans_per_min: Spread::log_normal(0.2, 0.8, [0.03, 1.2]),
            ve: Spread::normal(0.43, 0.16, [0.15, 0.8]),
            vp: Spread::normal(0.04, 0.025, [0.005, 0.1]),
            rim_fraction: Spread::normal(0.35, 0.35, [0.0, 0.9]),
            heterogeneity: Spread::normal(0.32, 0.2, [0.05, 0.8]),
            spiculation: Spread::normal(0.2, 0.2, [0.0, 0.6]),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_table_is_the_one_used() {
        let table = include_str!("effects.md");
        let columns: [fn(&LesionDistribution) -> Spread; 7] = [
            |d| d.diameter_mm,
            |d| d.ktrans_per_min,
            |d| d.ve,
            |d| d.vp,
            |d| d.rim_fraction,
            |d| d.heterogeneity,
            |d| d.spiculation,
        ];
        let rows: Vec<Vec<&str>> = table
            .lines()
            .filter(|line| line.starts_with('|'))
            .skip(2)
            .map(|line| line.trim_matches('|').split('|').map(str::trim).collect())
            .collect();
        assert_eq!(rows.len(), columns.len());
        for (row, column) in rows.iter().zip(columns) {
            for (at, class) in Her2Class::ALL.into_iter().enumerate() {
                let spread = column(&LesionDistribution::of(class));
                assert_eq!(
                    row[at + 1].parse::<f64>().unwrap(),
                    spread.centre,
                    "{row:?}"
                );
                assert!(row[4].starts_with(&spread.deviation.to_string()), "{row:?}");
                assert_eq!(row[4].contains("logarithm"), spread.relative, "{row:?}");
            }
        }
    }
}
