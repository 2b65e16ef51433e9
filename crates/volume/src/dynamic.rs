//! The phases of a contrast-enhanced study.

use crate::{Geometry, Image, SequenceParameters, VolumeError};

/// One contrast phase.
#[derive(Clone, Debug, PartialEq)]
pub struct Phase {
    /// The image.
    pub image: Image,
    /// Seconds after the pre-contrast phase (0 for that phase itself); `None` when the files
    /// carry no times.
    pub time_s: Option<f64>,
}

/// All phases of one study on one grid, in time order; phase 0 is before contrast.
///
/// Times are either known for every phase or for none.
#[derive(Clone, Debug, PartialEq)]
pub struct DynamicSeries {
    phases: Vec<Phase>,
    sequence: SequenceParameters,
}

impl DynamicSeries {
    /// A series from its phases in time order.
    ///
    /// Times are shifted so that phase 0 is at 0 s; when any phase lacks a time, all are dropped.
    ///
    /// # Errors
    /// [`VolumeError::TooFewPhases`] below two phases, [`VolumeError::GridMismatch`] when a phase
    /// lies on another grid than phase 0, [`VolumeError::TimesNotIncreasing`].
    pub fn new(mut phases: Vec<Phase>) -> Result<Self, VolumeError> {
        if phases.len() < 2 {
            return Err(VolumeError::TooFewPhases {
                found: phases.len(),
            });
        }
        for (index, phase) in phases.iter().enumerate().skip(1) {
            phases[0]
                .image
                .check_same_grid("phase 0", &phase.image, &format!("phase {index}"))?;
        }
        let times: Option<Vec<f64>> = phases.iter().map(|p| p.time_s).collect();
        if let Some(times) = &times {
            let increasing =
                times.windows(2).all(|w| w[1] > w[0]) && times.iter().all(|t| t.is_finite());
            if !increasing {
                return Err(VolumeError::TimesNotIncreasing {
                    times_s: times.clone(),
                });
            }
        }
        for (index, phase) in phases.iter_mut().enumerate() {
            phase.time_s = times.as_ref().map(|t| t[index] - t[0]);
        }
        Ok(Self {
            phases,
            sequence: SequenceParameters::default(),
        })
    }

    /// The same with what is known of the pulse sequence.
    #[must_use]
    pub fn with_sequence(self, sequence: SequenceParameters) -> Self {
        Self { sequence, ..self }
    }

    /// Other phases of the same scan: moved, resampled, corrected. What is known of the pulse sequence holds for them too.
    ///
    /// # Errors
    /// As [`Self::new`].
    pub fn with_phases(&self, phases: Vec<Phase>) -> Result<Self, VolumeError> {
        Ok(Self::new(phases)?.with_sequence(self.sequence))
    }

    /// What is known of the pulse sequence.
    pub fn sequence(&self) -> &SequenceParameters {
        &self.sequence
    }

    /// The phases; the first is before contrast.
    pub fn phases(&self) -> &[Phase] {
        &self.phases
    }

    /// The phase before contrast.
    pub fn pre(&self) -> &Image {
        &self.phases[0].image
    }

    /// The phases after contrast: at least one.
    pub fn post(&self) -> &[Phase] {
        &self.phases[1..]
    }

    /// The grid that all phases share.
    pub fn geometry(&self) -> &Geometry {
        self.phases[0].image.geometry()
    }

    /// Seconds after the pre-contrast phase for every phase, or `None` when unknown.
    pub fn times_s(&self) -> Option<Vec<f64>> {
        self.phases.iter().map(|p| p.time_s).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn phase(x_mm: f64, time_s: Option<f64>) -> Phase {
        let geometry = Geometry::axis_aligned([2, 2, 2], [1.0; 3], [x_mm, 0.0, 0.0]).unwrap();
        Phase {
            image: Image::filled(geometry, 1.0),
            time_s,
        }
    }

    #[test]
    fn times_begin_at_the_phase_before_contrast() {
        let phases = [30.0, 90.0, 151.5].map(|t| phase(0.0, Some(t)));
        let series = DynamicSeries::new(phases.into()).unwrap();
        assert_eq!(series.times_s(), Some(vec![0.0, 60.0, 121.5]));
        assert_eq!(series.post().len(), 2);
        let sequence = SequenceParameters {
            flip_angle_deg: Some(12.0),
            ..SequenceParameters::default()
        };
        let known = series.with_sequence(sequence);
        let moved = known.with_phases(known.phases().to_vec()).unwrap();
        assert_eq!(moved.sequence().flip_angle_deg, Some(12.0));
    }

    #[test]
    fn one_missing_time_drops_all() {
        let phases = [Some(0.0), None, Some(60.0)].map(|t| phase(0.0, t));
        let series = DynamicSeries::new(phases.into()).unwrap();
        assert_eq!(series.times_s(), None);
        assert!(series.phases().iter().all(|p| p.time_s.is_none()));
    }

    #[test]
    fn what_is_no_series() {
        for count in [0, 1] {
            let error = DynamicSeries::new(vec![phase(0.0, None); count]).unwrap_err();
            assert!(matches!(error, VolumeError::TooFewPhases { found } if found == count));
        }
        let moved = vec![phase(0.0, None), phase(0.0, None), phase(0.5, None)];
        let error = DynamicSeries::new(moved).unwrap_err();
        assert!(
            error
                .to_string()
                .starts_with("phase 0 and phase 2 do not share a grid"),
            "{error}"
        );
        for times in [
            [0.0, 0.0],
            [5.0, 1.0],
            [0.0, f64::NAN],
            [f64::NEG_INFINITY, 0.0],
        ] {
            let error = DynamicSeries::new(times.map(|t| phase(0.0, Some(t))).into()).unwrap_err();
            assert!(
                matches!(error, VolumeError::TimesNotIncreasing { .. }),
                "{times:?}"
            );
        }
    }
}
