//! The phases of a contrast-enhanced study.

use crate::{Geometry, Image, VolumeError};

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
        Ok(Self { phases })
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
