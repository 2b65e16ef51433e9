//! `triher predict`.

use crate::Ending;
use crate::arguments::PredictArguments;
use crate::commands::case::case_plan;
use crate::console::Console;
use triher_study::prediction::{AttributionSource, PredictPlan, Prediction, TrainingTables};

pub(crate) fn predict(arguments: PredictArguments, console: &Console) -> anyhow::Result<Ending> {
    let to_standard_output = arguments.json.is_none()
        && arguments.report.html.is_none()
        && arguments.report.pdf.is_none();
    let plan = plan(arguments)?;
    let prediction = triher_study::prediction::predict(&plan, console)?;
    for warning in &prediction.warnings {
        console.note(&format!("warning: {warning}"));
    }
    if to_standard_output {
        console.result(&serde_json::to_string_pretty(&prediction)?)?;
    } else {
        console.result(&in_words(&prediction))?;
    }
    for written in [&plan.json, &plan.html, &plan.pdf].into_iter().flatten() {
        console.status(&format!("Written to {}", written.display()));
    }
    Ok(Ending::Done)
}

fn plan(arguments: PredictArguments) -> anyhow::Result<PredictPlan> {
    let attribution = arguments.report.attribution.as_deref();
    let attribution = attribution.map(AttributionSource::parse);
    Ok(PredictPlan {
        case: case_plan(arguments.case)?,
        json: arguments.json,
        html: arguments.report.html,
        pdf: arguments.report.pdf,
        language: arguments.report.language.language()?,
        attribution,
        training: TrainingTables {
            features: arguments.report.training_features,
            labels: arguments.report.training_labels,
        },
        simulated: false,
    })
}

fn in_words(prediction: &Prediction) -> String {
    let mut text = format!(
        "Patient {}: HER2-{}",
        prediction.patient_id, prediction.class
    );
    for (class, probability) in &prediction.probabilities {
        let percent = 100.0 * probability.as_f64().unwrap_or(f64::NAN);
        text += &format!("\n  {class}: {percent:.1} %");
    }
    if let Some(set) = &prediction.prediction_set {
        let classes = match set.as_slice() {
            [] => "no class fits".to_owned(),
            classes => classes.join(" or "),
        };
        text += &format!("\n  prediction set: {classes}");
    }
    if let Some(strange) = prediction.out_of_distribution {
        let words = if strange { "yes" } else { "no" };
        text += &format!("\n  out of distribution: {words}");
        for (name, distance) in [
            ("Mahalanobis distance", prediction.mahalanobis_distance),
            ("neighbour distance", prediction.neighbour_distance),
        ] {
            if let Some(distance) = distance {
                text += &format!(", {name} {distance:.2}");
            }
        }
    }
    for case in &prediction.similar_cases {
        text += &format!(
            "\n  near: {}, {}, distance {:.2}",
            case.id, case.class, case.distance
        );
    }
    text + "\nResearch use only; not for diagnosis."
}
