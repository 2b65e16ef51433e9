//! The lesion that a model is asked about, from arguments.

use crate::arguments::{CaseArguments, ImageArguments};
use triher_study::case::CasePlan;
use triher_study::cohort::{LesionPlace, parse_times};

pub(crate) fn case_plan(arguments: CaseArguments) -> anyhow::Result<CasePlan> {
    let Some(lesion) = place(&arguments.images)? else {
        anyhow::bail!(
            "a model is asked about one lesion: say where it is with --mask FILE, --seed X,Y,Z or --box I0,J0,K0,I1,J1,K1"
        )
    };
    let images = arguments.images;
    Ok(CasePlan {
        model: arguments.model,
        times_s: times(&images)?,
        images: images.path,
        lesion,
        rule: images.lesion.parse()?,
        resample_mask: images.resample_mask,
        patient: images.patient,
        weights: images.weights,
        rules: images.rules,
    })
}

/// Where the lesion is said to be.
pub(crate) fn place(arguments: &ImageArguments) -> anyhow::Result<Option<LesionPlace>> {
    Ok(
        match (&arguments.mask, &arguments.seed, &arguments.bounds) {
            (Some(mask), _, _) => Some(LesionPlace::Mask(mask.clone())),
            (_, Some(seed), _) => {
                Some(LesionPlace::Seed(seed.parse().map_err(anyhow::Error::msg)?))
            }
            (_, _, Some(bounds)) => {
                Some(LesionPlace::parse_box(bounds).map_err(anyhow::Error::msg)?)
            }
            (None, None, None) => None,
        },
    )
}

/// Seconds of the phases, when they are given.
pub(crate) fn times(arguments: &ImageArguments) -> anyhow::Result<Option<Vec<f64>>> {
    let times = arguments.times.as_deref().map(|t| parse_times(t, ','));
    times.transpose().map_err(anyhow::Error::msg)
}
