//! What a cohort is to be.

use crate::SimulateError;
use serde::{Deserialize, Serialize};

/// A cohort: a seed and its centres.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CohortSpec {
    /// Seed of everything random.
    pub seed: u64,
    /// The centres.
    pub centres: Vec<CentreSpec>,
}

/// A centre: its patients, its scanner and its protocol.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CentreSpec {
    /// Name: letters, digits, `-` and `_`; it is part of patient ids and file names.
    pub name: String,
    /// Number of patients.
    pub patients: usize,
    /// Shares of the HER2 classes; the numbers of patients follow them as closely as whole numbers can.
    #[serde(default)]
    pub class_proportions: ClassProportions,
    /// What its lesions are drawn from.
    #[serde(default, skip_serializing_if = "Lesions::are_of_their_class")]
    pub lesions: Lesions,
    /// Magnetic field, tesla (0.2 to 7; relaxation is known for 1.5 and 3 and interpolated, or kept beyond).
    pub field_strength_t: f64,
    /// Voxels along the image axes.
    pub size: [usize; 3],
    /// Voxel spacing along the image axes, millimetres.
    pub spacing_mm: [f64; 3],
    /// How the grid lies in the patient.
    #[serde(default)]
    pub orientation: Orientation,
    /// Times at which the centre of k-space of each phase is acquired, seconds, increasing; the first is before contrast.
    pub phase_times_s: Vec<f64>,
    /// Seconds from the first phase to the arrival of the contrast agent in the breast's arteries (each patient's
    /// differs a little); after the first phase and before the second.
    pub bolus_arrival_s: f64,
    /// Repetition time, milliseconds.
    pub tr_ms: f64,
    /// Echo time, milliseconds.
    pub te_ms: f64,
    /// Flip angle, degrees.
    pub flip_deg: f64,
    /// What is left of the signal of fat: 1 without fat suppression, about 0.15 with it.
    pub fat_signal: f64,
    /// Standard deviation of the noise in each channel, relative to the gland before contrast.
    pub noise: f64,
    /// Strength of the receive field's variation: about the logarithm of its ratio between the middle and the edge of the images.
    pub bias: f64,
    /// Intensity of gland before contrast: scanners have no units.
    pub gain: f64,
    /// Standard deviation of the patient's movement in each phase, relative to the first phase after contrast: millimetres along
    /// each axis, and as much again at 60 mm by rotation.
    pub motion_mm: f64,
}

/// Shares of the HER2 classes; they need not add up to 1.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClassProportions {
    /// HER2-zero.
    pub zero: f64,
    /// HER2-low.
    pub low: f64,
    /// HER2-positive.
    pub positive: f64,
}

impl Default for ClassProportions {
    fn default() -> Self {
        Self {
            zero: 0.3,
            low: 0.4,
            positive: 0.3,
        }
    }
}

/// What lesions are drawn from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Lesions {
    /// The distributions of the patient's class ([`LesionDistribution::of`](crate::LesionDistribution::of)).
    #[default]
    OfTheirClass,
    /// One wide distribution for all ([`LesionDistribution::wide`](crate::LesionDistribution::wide)): the images tell nothing of the class.
    Wide,
}

impl Lesions {
    #[expect(
        clippy::trivially_copy_pass_by_ref,
        reason = "serde passes a reference"
    )]
    fn are_of_their_class(&self) -> bool {
        *self == Self::OfTheirClass
    }
}

/// How a grid lies in the patient.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Orientation {
    /// Axes to the patient's left, back and head (LPS).
    #[default]
    Axial,
    /// Axes to the back, the feet and the right (PIR).
    Sagittal,
    /// Axial, turned by 9 degrees about the left-right and 6 degrees about the head-foot axis.
    Oblique,
}

/// Most phases of a series.
const MAX_PHASES: usize = 100;
/// Most voxels of a phase.
const MAX_VOXELS: usize = 1 << 27;

impl CohortSpec {
    /// The demonstration: three centres with 26, 26 and 20 patients, 72 x 72 x 36 voxels, 5 or 6 phases.
    pub fn demo(seed: u64) -> Self {
        let alpha = CentreSpec {
            name: "alpha".to_owned(),
            patients: 26,
            class_proportions: ClassProportions::default(),
            lesions: Lesions::OfTheirClass,
            field_strength_t: 3.0,
            size: [72, 72, 36],
            spacing_mm: [1.8, 1.8, 3.0],
            orientation: Orientation::Axial,
            phase_times_s: vec![0.0, 90.0, 180.0, 270.0, 360.0, 450.0],
            bolus_arrival_s: 30.0,
            tr_ms: 4.6,
            te_ms: 1.7,
            flip_deg: 10.0,
            fat_signal: 0.15,
            noise: 0.05,
            bias: 0.35,
            gain: 320.0,
            motion_mm: 0.4,
        };
        let beta = CentreSpec {
            name: "beta".to_owned(),
            field_strength_t: 1.5,
            spacing_mm: [1.75, 1.75, 3.2],
            orientation: Orientation::Sagittal,
            phase_times_s: vec![0.0, 75.0, 150.0, 225.0, 300.0],
            bolus_arrival_s: 22.0,
            tr_ms: 5.6,
            te_ms: 2.4,
            flip_deg: 14.0,
            fat_signal: 0.22,
            noise: 0.08,
            bias: 0.25,
            gain: 140.0,
            motion_mm: 0.7,
            ..alpha.clone()
        };
        let gamma = CentreSpec {
            name: "gamma".to_owned(),
            patients: 20,
            field_strength_t: 1.5,
            spacing_mm: [1.9, 1.9, 2.8],
            orientation: Orientation::Oblique,
            phase_times_s: vec![0.0, 80.0, 160.0, 240.0, 320.0, 400.0],
            bolus_arrival_s: 25.0,
            tr_ms: 5.0,
            te_ms: 2.0,
            flip_deg: 12.0,
            fat_signal: 0.9,
            noise: 0.065,
            bias: 0.3,
            gain: 900.0,
            motion_mm: 0.5,
            ..alpha.clone()
        };
        Self {
            seed,
            centres: vec![alpha, beta, gamma],
        }
    }

    /// A cohort for tests: two centres with 4 patients each, 32 x 32 x 20 voxels of 4 x 4 x 5 mm, 3 phases.
    pub fn small(seed: u64) -> Self {
        let mut spec = Self::demo(seed);
        spec.centres.truncate(2);
        for centre in &mut spec.centres {
            centre.patients = 4;
            centre.size = [32, 32, 20];
            centre.spacing_mm = [4.0, 4.0, 5.0];
            centre.phase_times_s.truncate(3);
        }
        spec
    }

    /// Checks that the cohort can be simulated; [`simulate_patient`](crate::simulate_patient) does so itself.
    ///
    /// # Errors
    /// [`SimulateError::BadSpec`] and [`SimulateError::SameName`].
    pub fn check(&self) -> Result<(), SimulateError> {
        for (index, centre) in self.centres.iter().enumerate() {
            centre.check()?;
            if self.centres[..index].iter().any(|c| c.name == centre.name) {
                return Err(SimulateError::SameName {
                    name: centre.name.clone(),
                });
            }
        }
        Ok(())
    }
}

/// Indices of centre and patient of all patients, centre by centre.
pub fn patients(spec: &CohortSpec) -> impl Iterator<Item = (usize, usize)> + '_ {
    let centres = spec.centres.iter().enumerate();
    centres.flat_map(|(centre, spec)| (0..spec.patients).map(move |patient| (centre, patient)))
}

impl CentreSpec {
    pub(crate) fn check(&self) -> Result<(), SimulateError> {
        let bad = |field, value: String, allowed| {
            Err(SimulateError::BadSpec {
                centre: self.name.clone(),
                field,
                value,
                allowed,
            })
        };
        let named = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
        if self.name.is_empty() || self.name.len() > 40 || !self.name.chars().all(named) {
            let value = format!("\"{}\"", self.name);
            return bad("name", value, "1 to 40 letters, digits, - or _");
        }
        let p = self.class_proportions;
        let shares = [p.zero, p.low, p.positive];
        if !shares.iter().all(|s| (0.0..=1e6).contains(s)) || shares.iter().sum::<f64>() <= 0.0 {
            let value = format!("{shares:?}");
            return bad(
                "class_proportions",
                value,
                "three shares that are not negative, one of them above 0",
            );
        }
        let voxels = self.size.iter().try_fold(1usize, |n, &s| n.checked_mul(s));
        if self.size.iter().any(|&s| s < 4) || voxels.is_none_or(|n| n > MAX_VOXELS) {
            return bad(
                "size",
                format!("{:?}", self.size),
                "at least 4 voxels an axis and at most 2^27 in all",
            );
        }
        // The breast needs room; a lesion of 8 mm needs a voxel.
        let extent = |axis: usize| self.size[axis] as f64 * self.spacing_mm[axis];
        if !self.spacing_mm.iter().all(|s| (0.1..=10.0).contains(s)) {
            return bad(
                "spacing_mm",
                format!("{:?}", self.spacing_mm),
                "0.1 to 10 mm an axis",
            );
        }
        if !(0..3).all(|axis| (60.0..=600.0).contains(&extent(axis))) {
            let value = format!("{:?} with {:?} voxels", self.spacing_mm, self.size);
            return bad(
                "spacing_mm",
                value,
                "a spacing with which every axis covers 60 to 600 mm",
            );
        }
        let times = &self.phase_times_s;
        let increasing = times.windows(2).all(|w| w[1] > w[0]);
        let sane = times.iter().all(|t| (0.0..=3600.0).contains(t));
        if !(2..=MAX_PHASES).contains(&times.len()) || !increasing || !sane {
            return bad(
                "phase_times_s",
                format!("{times:?}"),
                "2 to 100 increasing times from 0 to 3600 s",
            );
        }
        if !(self.bolus_arrival_s >= times[0] && self.bolus_arrival_s < times[1]) {
            let value = self.bolus_arrival_s.to_string();
            return bad(
                "bolus_arrival_s",
                value,
                "a time between the first and the second phase",
            );
        }
        let ranges: [(&'static str, f64, f64, f64, &'static str); 8] = [
            (
                "field_strength_t",
                self.field_strength_t,
                0.2,
                7.0,
                "0.2 to 7 T",
            ),
            ("tr_ms", self.tr_ms, 1.0, 100.0, "1 to 100 ms"),
            ("te_ms", self.te_ms, 0.1, 20.0, "0.1 to 20 ms"),
            ("flip_deg", self.flip_deg, 1.0, 90.0, "1 to 90 degrees"),
            ("fat_signal", self.fat_signal, 0.0, 1.0, "0 to 1"),
            ("noise", self.noise, 0.0, 1.0, "0 to 1"),
            ("bias", self.bias, 0.0, 2.0, "0 to 2"),
            ("motion_mm", self.motion_mm, 0.0, 10.0, "0 to 10 mm"),
        ];
        for (field, value, low, high, allowed) in ranges {
            if !(low..=high).contains(&value) {
                return bad(field, value.to_string(), allowed);
            }
        }
        if !(10.0..=4000.0).contains(&self.gain) {
            return bad(
                "gain",
                self.gain.to_string(),
                "10 to 4000: intensities must fit 16 bits",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_own_cohorts_are_fine_and_survive_toml() {
        for spec in [CohortSpec::demo(3), CohortSpec::small(4)] {
            spec.check().unwrap();
            let text = toml::to_string(&spec).unwrap();
            assert_eq!(toml::from_str::<CohortSpec>(&text).unwrap(), spec);
        }
        assert_eq!(patients(&CohortSpec::demo(3)).count(), 72);
        assert_eq!(patients(&CohortSpec::small(3)).nth(4), Some((1, 0)));
    }

    #[test]
    fn values_without_sense_are_named() {
        let change = |change: fn(&mut CentreSpec)| {
            let mut spec = CohortSpec::small(1);
            change(&mut spec.centres[0]);
            spec.check().unwrap_err().to_string()
        };
        assert!(change(|c| c.name = "a/b".to_owned()).contains("\"a/b\""));
        assert!(change(|c| c.noise = f64::NAN).contains("noise cannot be NaN"));
        assert!(change(|c| c.phase_times_s = vec![0.0]).contains("phase_times_s"));
        assert!(change(|c| c.bolus_arrival_s = 1000.0).contains("bolus_arrival_s"));
        assert!(change(|c| c.size = [usize::MAX; 3]).contains("size"));
        assert!(change(|c| c.spacing_mm = [0.2; 3]).contains("spacing_mm"));
        assert!(change(|c| c.class_proportions.low = -1.0).contains("class_proportions"));
        assert!(change(|c| c.name = "beta".to_owned()).contains("two centres"));
        assert!(change(|c| c.gain = 1e9).contains("gain"));
    }
}
