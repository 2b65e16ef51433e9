//! `triher attribute`.

use crate::Ending;
use crate::arguments::{AttributeArguments, AttributionMethod};
use crate::commands::case::case_plan;
use crate::console::Console;
use triher_study::attribution::{Attribution, AttributionPlan, Curve, Method};

pub(crate) fn attribute(
    arguments: AttributeArguments,
    console: &Console,
) -> anyhow::Result<Ending> {
    let outputs = [&arguments.map, &arguments.patch_map, &arguments.json];
    let outputs: Vec<_> = outputs.into_iter().flatten().cloned().collect();
    let method = method(&arguments);
    let plan = AttributionPlan {
        case: case_plan(arguments.case)?,
        method,
        class: arguments.class,
        regions: arguments.regions,
        check: arguments.check,
        seed: arguments.check_seed,
        map: arguments.map,
        patch_map: arguments.patch_map,
        json: arguments.json,
    };
    let found = triher_study::attribution::attribute(&plan, console)?;
    for warning in &found.warnings {
        console.note(&format!("warning: {warning}"));
    }
    if outputs.is_empty() {
        console.result(&serde_json::to_string_pretty(&found)?)?;
    } else {
        console.result(&in_words(&found))?;
    }
    for written in outputs {
        console.status(&format!("Written to {}", written.display()));
    }
    Ok(Ending::Done)
}

fn method(arguments: &AttributeArguments) -> Method {
    match arguments.method {
        AttributionMethod::Rollout => Method::Rollout,
        AttributionMethod::Relevance => Method::Relevance,
        AttributionMethod::IntegratedGradients => Method::IntegratedGradients {
            steps: arguments.steps,
        },
        AttributionMethod::Occlusion => Method::Occlusion {
            edge: arguments.cube,
            stride: arguments.stride.unwrap_or(arguments.cube),
        },
    }
}

fn in_words(found: &Attribution) -> String {
    let place = &found.place;
    let mut text = format!(
        "Patient {}: {} for HER2-{} (probability {:.1} %)",
        found.patient_id,
        found.method.in_words(),
        found.class,
        100.0 * found.probability
    );
    text += &format!(
        "\n  its largest value lies {} the lesion; {:.0} % of what speaks for the class lies in it, which has {:.1} % of the voxels",
        if place.peak_in_lesion {
            "in"
        } else {
            "outside of"
        },
        100.0 * place.share_in_lesion,
        100.0 * place.lesion_share_of_voxels
    );
    for region in &found.regions {
        text += &format!(
            "\n  region {}: {:.1} % of what speaks for the class, {:.1} % of the voxels; the largest value lies {}",
            region.name,
            100.0 * region.share_in_region,
            100.0 * region.region_share_of_voxels,
            if region.peak_in_region {
                "in it"
            } else {
                "outside of it"
            }
        );
    }
    let all: f64 = found.inputs.iter().map(|input| input.sum).sum();
    for input in &found.inputs {
        match found.method {
            Method::IntegratedGradients { .. } => {
                text += &format!("\n  {}: {:+.3}", input.input, input.sum);
            }
            Method::Relevance => {
                text += &format!("\n  {}: {:.0} %", input.input, 100.0 * input.sum / all);
            }
            Method::Rollout | Method::Occlusion { .. } => {}
        }
    }
    if let Some(sum) = &found.completeness {
        text += &format!(
            "\n  the parts add up to {:+.3}, from {:.3} for a patch without structure to {:.3} (gap {:+.4})",
            found.score - sum.baseline_score + sum.gap,
            sum.baseline_score,
            found.score,
            sum.gap
        );
    }
    if let Some(checks) = &found.checks {
        for random in &checks.randomised {
            text += &format!(
                "\n  weights of the last {} block{} shuffled: rank correlation with the map {:.2}",
                random.blocks,
                if random.blocks == 1 { "" } else { "s" },
                random.rank_correlation
            );
        }
        let curve = |name: &str, curve: &Curve| {
            format!(
                "\n  {name}: area {:.3} against {:.3} of random orders, beats {:.0} of {}",
                curve.area,
                curve.random_area,
                curve.beats * curve.random_orders as f64,
                curve.random_orders
            )
        };
        text += &curve("deletion (lower is better)", &checks.deletion);
        text += &curve("insertion (higher is better)", &checks.insertion);
    }
    text + "\nThe map describes the model, not the disease. Research use only; not for diagnosis."
}
