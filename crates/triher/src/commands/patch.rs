//! `triher crop` and `triher embed`.

use crate::Ending;
use crate::arguments::{CropArguments, EmbedArguments, PatchArguments, Token};
use crate::console::Console;
use triher_study::patch::{CropPlan, EmbedPlan, PatchPlan};
use triher_study::recipe::TokenChoice;

fn patch(arguments: PatchArguments) -> anyhow::Result<PatchPlan> {
    Ok(PatchPlan {
        profile: arguments.profile.parse()?,
        image: arguments.image,
        mask: arguments.mask,
        lesion: arguments.lesion.map(|rule| rule.parse()).transpose()?,
        resample_mask: arguments.resample_mask,
    })
}

pub(crate) fn crop(arguments: CropArguments, console: &Console) -> anyhow::Result<Ending> {
    let plan = CropPlan {
        patch: patch(arguments.patch)?,
        out_image: arguments.out_image,
        out_mask: arguments.out_mask,
    };
    for warning in triher_study::patch::crop(&plan)? {
        console.note(&format!("warning: {warning}"));
    }
    console.status(&format!(
        "Written to {} and {}",
        plan.out_image.display(),
        plan.out_mask.display()
    ));
    Ok(Ending::Done)
}

pub(crate) fn embed(arguments: EmbedArguments, console: &Console) -> anyhow::Result<Ending> {
    let plan = EmbedPlan {
        patch: patch(arguments.patch)?,
        weights: arguments.weights,
        variant: arguments.variant.parse()?,
        token: match arguments.token {
            Token::Class => TokenChoice::Class,
            Token::MaskPooled => TokenChoice::MaskPooled,
        },
        id: arguments.id,
        input: arguments.input,
        test_time: arguments.test_time.parse()?,
        spread: arguments.spread,
        out: arguments.out,
    };
    for warning in triher_study::patch::embed(&plan)? {
        console.note(&format!("warning: {warning}"));
    }
    console.status(&format!("Written to {}", plan.out.display()));
    Ok(Ending::Done)
}
