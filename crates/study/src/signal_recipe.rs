//! From signal to concentration: what the recipe says, and what the images say of their sequence.

use crate::StudyError;
use serde::{Deserialize, Serialize};
use triher_pharmacokinetic::SignalModel;
use triher_volume::SequenceParameters;

/// How signal depends on concentration. What a spoiled gradient echo leaves out is taken from the images.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "kebab-case", deny_unknown_fields)]
pub enum SignalRecipe {
    /// [`SignalModel::SpoiledGradientEcho`].
    SpoiledGradientEcho {
        /// Repetition time, ms; that of the images when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        tr_ms: Option<f64>,
        /// Flip angle, degrees; that of the images when left out.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        flip_deg: Option<f64>,
        /// T1 of the tissue before contrast, ms.
        t10_ms: f64,
        /// Relaxivity of the agent, 1/(mM s).
        relaxivity_per_mm_s: f64,
    },
    /// [`SignalModel::RelativeEnhancement`].
    RelativeEnhancement {
        /// Relative enhancement of one millimolar.
        per_mm: f64,
    },
}

/// Two numbers of a sequence that differ by more than this share are told: rounding in headers is less.
const SAME: f64 = 0.01;

impl SignalRecipe {
    /// The model for one study's sequence, and where the recipe says something else than the images.
    ///
    /// # Errors
    /// When neither the recipe nor the images say the repetition time or the flip angle.
    pub fn model(
        &self,
        sequence: &SequenceParameters,
    ) -> Result<(SignalModel, Vec<String>), StudyError> {
        let mut notes = Vec::new();
        let mut take = |what: &str,
                        key: &str,
                        unit: &str,
                        given: Option<f64>,
                        read: Option<f64>| {
            if let (Some(given), Some(read)) = (given, read)
                && (given - read).abs() > SAME * read
            {
                notes.push(format!(
                    "the {what} is taken as {given} {unit}, as the recipe says; the images say {read}"
                ));
            }
            given.or(read).ok_or_else(|| {
                StudyError::Input(format!(
                    "the images do not say their {what}: give {key} in the signal of [features.pharmacokinetic]"
                ))
            })
        };
        let model = match *self {
            Self::RelativeEnhancement { per_mm } => SignalModel::RelativeEnhancement { per_mm },
            Self::SpoiledGradientEcho {
                tr_ms,
                flip_deg,
                t10_ms,
                relaxivity_per_mm_s,
            } => SignalModel::SpoiledGradientEcho {
                tr_ms: take(
                    "repetition time",
                    "tr_ms",
                    "ms",
                    tr_ms,
                    sequence.repetition_time_ms,
                )?,
                flip_deg: take(
                    "flip angle",
                    "flip_deg",
                    "degrees",
                    flip_deg,
                    sequence.flip_angle_deg,
                )?,
                t10_ms,
                relaxivity_per_mm_s,
            },
        };
        Ok((model, notes))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn recipe(tr_ms: Option<f64>) -> SignalRecipe {
        SignalRecipe::SpoiledGradientEcho {
            tr_ms,
            flip_deg: None,
            t10_ms: 1400.0,
            relaxivity_per_mm_s: 4.5,
        }
    }

    #[test]
    fn the_recipe_goes_before_the_images_and_a_difference_is_told() {
        let read = SequenceParameters {
            repetition_time_ms: Some(5.6),
            flip_angle_deg: Some(14.0),
            ..SequenceParameters::default()
        };
        let of = |tr_ms| recipe(tr_ms).model(&read).unwrap();
        let tr_of = |model| match model {
            SignalModel::SpoiledGradientEcho { tr_ms, .. } => tr_ms,
            SignalModel::RelativeEnhancement { .. } => f64::NAN,
        };
        let (model, notes) = of(None);
        assert_eq!((tr_of(model), notes.len()), (5.6, 0));
        let (model, notes) = of(Some(5.601));
        assert_eq!((tr_of(model), notes.len()), (5.601, 0));
        let (model, notes) = of(Some(4.0));
        assert_eq!(tr_of(model), 4.0);
        assert!(notes[0].contains("the images say 5.6"), "{notes:?}");
        let none = recipe(Some(4.0)).model(&SequenceParameters::default());
        assert!(none.unwrap_err().to_string().contains("flip_deg"));
    }
}
