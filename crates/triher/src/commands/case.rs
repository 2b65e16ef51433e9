//! The lesion that a model is asked about, from arguments.

use crate::arguments::CaseArguments;
use triher_study::case::CasePlan;
use triher_study::cohort::{LesionPlace, parse_times};

pub(crate) fn case_plan(arguments: CaseArguments) -> anyhow::Result<CasePlan> {
    let lesion = match (&arguments.mask, &arguments.seed, &arguments.bounds) {
        (Some(mask), _, _) => LesionPlace::Mask(mask.clone()),
        (_, Some(seed), _) => LesionPlace::Seed(seed.parse().map_err(anyhow::Error::msg)?),
        (_, _, Some(bounds)) => LesionPlace::parse_box(bounds).map_err(anyhow::Error::msg)?,
        (None, None, None) => anyhow::bail!(
            "a model is asked about one lesion: say where it is with --mask FILE, --seed X,Y,Z or --box I0,J0,K0,I1,J1,K1"
        ),
    };
    let times_s = arguments
        .times
        .as_deref()
        .map(|t| parse_times(t, ','))
        .transpose();
    Ok(CasePlan {
        model: arguments.model,
        images: arguments.path,
        lesion,
        rule: arguments.lesion.parse()?,
        resample_mask: arguments.resample_mask,
        patient: arguments.patient,
        times_s: times_s.map_err(anyhow::Error::msg)?,
        weights: arguments.weights,
        rules: arguments.rules,
    })
}
