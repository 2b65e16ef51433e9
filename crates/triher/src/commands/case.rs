//! The lesion that a model is asked about, from arguments.

use crate::arguments::{CaseArguments, ImageArguments};
use triher_study::case::{CasePlan, ImagePlan};
use triher_study::cohort::{LesionPlace, parse_times};

pub(crate) fn case_plan(arguments: CaseArguments) -> anyhow::Result<CasePlan> {
    let Some(lesion) = place(&arguments.images)? else {
        anyhow::bail!(
            "a model is asked about one lesion: say where it is with --mask FILE, --seed X,Y,Z or --box I0,J0,K0,I1,J1,K1"
        )
    };
    Ok(CasePlan {
        model: arguments.model,
        images: image_plan(arguments.images)?,
        lesion,
    })
}

pub(crate) fn image_plan(arguments: ImageArguments) -> anyhow::Result<ImagePlan> {
    let times = arguments.times.as_deref().map(|t| parse_times(t, ','));
    Ok(ImagePlan {
        path: arguments.path,
        rule: arguments.lesion.parse()?,
        resample_mask: arguments.resample_mask,
        patient: arguments.patient,
        times_s: times.transpose().map_err(anyhow::Error::msg)?,
        weights: arguments.weights,
        rules: arguments.rules,
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
