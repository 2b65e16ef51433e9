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
            // `parse` alone would take a sign.
            let plain = digits.bytes().all(|b| b.is_ascii_digit());
            let number = digits.parse().ok().filter(|n| plain && *n < 1000);
            number.ok_or_else(bad)
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

/// A phase of an input.
fn phase_of<'s>(
    series: &'s DynamicSeries,
    input: &PhaseInput,
    number: usize,
) -> Result<&'s Image, PatchError> {
    let phases = series.phases();
    let missing = || PatchError::MissingPhase {
        input: input.to_string(),
        missing: number,
        last: phases.len().saturating_sub(1),
    };
    phases.get(number).map(|p| &p.image).ok_or_else(missing)
}

/// The whole image of an input, a phase or a difference of two, as it is.
///
/// # Errors
/// [`PatchError::MissingPhase`].
pub fn whole_input(series: &DynamicSeries, input: &PhaseInput) -> Result<Image, PatchError> {
    let mut image = phase_of(series, input, input.phase)?.clone();
    if let Some(minus) = input.minus {
        let other = phase_of(series, input, minus)?;
        for (value, minus) in image.voxels_mut().iter_mut().zip(other.voxels()) {
            *value -= minus;
        }
    }
    let provenance = image.provenance().clone();
    Ok(image.with_provenance(provenance.with_step(format!("the input {input}"))))
}

/// The patch of an input, a phase or a difference of two (see [`Window::cut_difference`]), not normalised.
///
/// # Errors
/// [`PatchError::MissingPhase`]; [`triher_volume::VolumeError::GridMismatch`].
pub fn phase_input(
    series: &DynamicSeries,
    input: &PhaseInput,
    window: &Window,
) -> Result<Image, PatchError> {
    let phase = |number| phase_of(series, input, number);
    let patch = match input.minus {
        None => window.cut(phase(input.phase)?)?,
        Some(minus) => window.cut_difference(phase(input.phase)?, phase(minus)?)?,
    };
    let step = format!("the input {input}");
    let provenance = patch.provenance().clone().with_step(step);
    Ok(patch.with_provenance(provenance))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Profile;
    use triher_volume::{Geometry, Mask, Phase};

    fn parse(text: &str) -> Result<PhaseInput, PatchError> {
        text.parse()
    }

    #[test]
    fn inputs_read_as_they_are_written() {
        for text in ["C2", "C0", "C2-C0", "C5-C2", "C12-C3"] {
            assert_eq!(parse(text).unwrap().to_string(), text);
        }
        assert_eq!(
            parse("c2 - c0").unwrap(),
            PhaseInput {
                phase: 2,
                minus: Some(0)
            }
        );
        for bad in [
            "",
            "C",
            "2",
            "C2-",
            "-C2",
            "C2-C0-C1",
            "C-1",
            "C2+C0",
            "C1000",
            "C+2",
            "C99999999999999999999",
        ] {
            assert!(
                matches!(parse(bad), Err(PatchError::BadPhaseInput { .. })),
                "{bad}"
            );
        }
    }

    #[test]
    fn phases_are_subtracted() {
        let geometry = Geometry::axis_aligned([6, 6, 6], [1.0; 3], [0.0; 3]).unwrap();
        let phase = |scale: f32| Phase {
            image: Image::from_fn(geometry, |[i, j, k]| scale * (i + 7 * j + 31 * k) as f32),
            time_s: None,
        };
        let series = DynamicSeries::new([1.0, 2.0, 5.0].map(phase).into()).unwrap();
        let mask = Mask::from_fn(geometry, |[i, ..]| (2..4).contains(&i));
        for profile in Profile::ALL {
            let window = Window::of(&mask, &profile).unwrap();
            let patch = |text: &str| phase_input(&series, &parse(text).unwrap(), &window);
            let (c0, difference) = (patch("C0").unwrap(), patch("C2-C0").unwrap());
            for (a, b) in c0.voxels().iter().zip(difference.voxels()) {
                assert!((4.0 * a - b).abs() < 1e-3, "{profile}: {a} {b}");
            }
            assert_eq!(
                patch("C5-C2").unwrap_err().to_string(),
                "the input C5-C2 needs phase C5, but the study has the phases C0 to C2: choose inputs among these"
            );
            assert!(matches!(
                patch("C1-C3"),
                Err(PatchError::MissingPhase { missing: 3, .. })
            ));
        }
    }
}
