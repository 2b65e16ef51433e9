//! Phase arithmetic: which phases and differences the encoder sees.

use crate::{PatchError, Window};
use std::fmt;
use std::str::FromStr;
use triher_volume::{DynamicSeries, Image};

/// A phase, or the difference of two: `C2`, `C2-C0`, `C5-C2`. C0 is before contrast.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct PhaseInput {
    /// The phase, or what is subtracted from.
    pub phase: usize,
    /// What is subtracted.
    pub minus: Option<usize>,
}

impl FromStr for PhaseInput {
    type Err = PatchError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let bad = || PatchError::BadPhaseInput {
            text: text.to_owned(),
        };
        let number = |part: &str| -> Result<usize, PatchError> {
            let digits = part.trim().strip_prefix(['C', 'c']).ok_or_else(bad)?;
            digits.parse().ok().filter(|n| *n < 1000).ok_or_else(bad)
        };
        match text.split_once('-') {
            None => Ok(Self {
                phase: number(text)?,
                minus: None,
            }),
            Some((phase, minus)) => Ok(Self {
                phase: number(phase)?,
                minus: Some(number(minus)?),
            }),
        }
    }
}

impl fmt::Display for PhaseInput {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "C{}", self.phase)?;
        self.minus.map_or(Ok(()), |minus| write!(f, "-C{minus}"))
    }
}

/// The patch of an input: each phase cut and resized, then subtracted. Area averaging and linear resampling are
/// linear, so subtracting first, as BL4AS does, gives the same up to rounding.
///
/// # Errors
/// [`PatchError::MissingPhase`]; [`triher_volume::VolumeError::GridMismatch`].
pub fn phase_input(
    series: &DynamicSeries,
    input: &PhaseInput,
    window: &Window,
) -> Result<Image, PatchError> {
    let phase = |number: usize| {
        let phases = series.phases();
        phases
            .get(number)
            .map(|p| &p.image)
            .ok_or_else(|| PatchError::MissingPhase {
                input: input.to_string(),
                missing: number,
                last: phases.len() - 1,
            })
    };
    let mut patch = window.cut(phase(input.phase)?)?;
    if let Some(minus) = input.minus {
        let other = window.cut(phase(minus)?)?;
        for (value, subtracted) in patch.voxels_mut().iter_mut().zip(other.voxels()) {
            *value -= subtracted;
        }
    }
    let step = format!("the input {input}");
    let provenance = patch.provenance().clone().with_step(step);
    Ok(patch.with_provenance(provenance))
}
