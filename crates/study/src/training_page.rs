//! The pages that training writes beside its curves.

use crate::finetune::FinetunePlan;
use crate::manifest::Manifest;
use crate::pretrain::{MethodName, PretrainPlan};
use triher_report::{LearningFigure, LearningLine, TrainingReport, training_report};
use triher_training::{
    AugmentationSettings, ClassLoss, CrossValidated, Depth, EncoderSizes, EpochReport, HeadKind,
    OptimiserSettings,
};

/// A row of facts.
fn fact(name: &str, value: impl ToString) -> (String, String) {
    (name.to_owned(), value.to_string())
}

fn network(sizes: &EncoderSizes) -> Vec<(String, String)> {
    let EncoderSizes {
        side,
        channels,
        patch,
        width,
        depth,
        heads,
        hidden,
    } = sizes;
    vec![
        fact(
            "Input",
            format!("{side} x {side} x {side} voxels, {channels} channel(s)"),
        ),
        fact(
            "Tokens",
            format!(
                "{} patches of {patch}^3 voxels and a class token",
                sizes.patches()
            ),
        ),
        fact(
            "Blocks",
            format!("{depth} of width {width}, {heads} attention heads, hidden layer {hidden}"),
        ),
    ]
}

fn optimiser(settings: &OptimiserSettings) -> (String, String) {
    let [b1, b2] = settings.betas;
    let clip = match settings.clip {
        clip if clip > 0.0 => format!("gradients shortened to {clip}"),
        _ => "gradients as they are".to_owned(),
    };
    let OptimiserSettings {
        learning_rate,
        warm_up,
        weight_decay,
        ..
    } = settings;
    fact(
        "Optimiser",
        format!(
            "AdamW, learning rate {learning_rate} after {warm_up} steps of warm-up, then a cosine; weight decay {weight_decay}, betas {b1} and {b2}, {clip}"
        ),
    )
}

fn augmentation(settings: &AugmentationSettings) -> (String, String) {
    let AugmentationSettings {
        flip,
        shift,
        histogram_shift,
        smooth,
        noise,
        ..
    } = settings;
    let text = match *settings == AugmentationSettings::NONE {
        true => "none".to_owned(),
        false => format!(
            "chance of a flip {flip}, of a histogram shift {histogram_shift}, of smoothing {smooth}, of noise {noise}; shifts up to {shift} voxels"
        ),
    };
    fact("Random changes", text)
}

fn provenance(manifest: &Manifest) -> Vec<(String, String)> {
    let mut rows = vec![fact("triher", &manifest.triher_version)];
    let seeds = manifest.seeds.iter();
    rows.extend(seeds.map(|(what, seed)| fact(&format!("Seed of the {what}"), seed)));
    let files = manifest.inputs.iter().chain(&manifest.outputs);
    rows.extend(files.map(|file| fact(&file.name, format!("SHA-256 {}", file.sha256))));
    rows
}

fn line(name: &str, points: Vec<[f64; 2]>) -> LearningLine {
    LearningLine {
        name: name.to_owned(),
        points,
    }
}

/// The page on a pretraining run; `rows` is the curve's file.
pub(crate) fn pretraining_page(
    plan: &PretrainPlan,
    rows: &str,
    (all, encoder): (usize, usize),
    manifest: &Manifest,
) -> String {
    let table: Vec<Vec<f64>> = rows
        .lines()
        .skip(1)
        .map(|row| row.split(',').filter_map(|v| v.parse().ok()).collect())
        .filter(|row: &Vec<f64>| row.len() == 4)
        .collect();
    let column = |k: usize| table.iter().map(|row| [row[0], row[k]]).collect();
    let figure = |title: &str, y: &str, k: usize, from_zero, caption: &str| LearningFigure {
        title: title.to_owned(),
        x_name: "Step".to_owned(),
        y_name: y.to_owned(),
        lines: vec![line(y, column(k))],
        chosen: None,
        from_zero,
        caption: caption.to_owned(),
    };
    let tail = table.len().div_ceil(20).max(1);
    let last = table.iter().rev().take(tail).map(|row| row[1]).sum::<f64>() / tail as f64;
    let (method, loss) = match plan.method {
        MethodName::Mae => (
            format!(
                "masked autoencoder, {:.0} % of the patches hidden",
                100.0 * plan.mae.mask_ratio
            ),
            "Mean squared error of the voxels of hidden patches.",
        ),
        MethodName::Moco => (
            "MoCo v3".to_owned(),
            "Contrastive loss of both views, scaled by twice the temperature.",
        ),
    };
    let mut settings = vec![
        fact("Method", &method),
        fact("Steps", format!("{} of {} patches", plan.steps, plan.batch)),
        optimiser(&plan.optimiser),
        augmentation(&plan.augmentation),
    ];
    settings.push(fact("Seed", plan.seed));
    let mut network = network(&plan.encoder);
    network.push(fact(
        "Weights",
        format!("{encoder} in the encoder, {all} in all that was trained"),
    ));
    training_report(&TrainingReport {
        title: "Pretraining of an encoder".to_owned(),
        subtitle: method,
        headline: vec![
            [
                "Loss at the end",
                &format!("{last:.4}"),
                &format!("mean of the last {tail} steps"),
            ]
            .map(str::to_owned),
            [
                "Steps",
                &table.len().to_string(),
                &format!("of {} patches each", plan.batch),
            ]
            .map(str::to_owned),
            [
                "Encoder",
                &format!("{:.1} million", encoder as f64 / 1e6),
                "weights",
            ]
            .map(str::to_owned),
        ],
        notes: Vec::new(),
        data: manifest
            .notes
            .iter()
            .map(|note| fact("Patches", note))
            .collect(),
        network,
        settings,
        figures: vec![
            figure("Loss", "Loss", 1, false, loss),
            figure(
                "Learning rate",
                "Learning rate",
                2,
                true,
                "As it was set for each step.",
            ),
            figure(
                "Length of the gradient",
                "Gradient",
                3,
                true,
                "Euclidean, all weights together, before it is shortened.",
            ),
        ],
        manifest: provenance(manifest),
        simulated: plan.source.simulated.is_some(),
    })
}

/// The page on a fine-tuning run.
pub(crate) fn finetuning_page(
    plan: &FinetunePlan,
    sizes: &EncoderSizes,
    (curve, best_epoch, weights): (&[EpochReport], usize, usize),
    folds: Option<&CrossValidated>,
    manifest: &Manifest,
) -> String {
    let training = &plan.training;
    let of = |value: fn(&EpochReport) -> Option<f64>, curve: &[EpochReport]| -> Vec<[f64; 2]> {
        let points = curve.iter().map(|e| (e.epoch as f64, value(e)));
        points.filter_map(|(x, y)| Some([x, y?])).collect()
    };
    let mut losses = vec![line("Training loss", of(|e| Some(e.loss), curve))];
    let validation = of(|e| e.validation_loss, curve);
    let best = curve.iter().find(|e| e.epoch == best_epoch);
    let stopped = !validation.is_empty();
    if stopped {
        losses.push(line("Validation loss", validation));
    }
    let chosen = stopped.then(|| (best_epoch as f64, format!("epoch {best_epoch} was kept")));
    let caption = match stopped {
        true => {
            "The validation loss is that of patients who were held out to tell when to stop; the weights of its smallest value were kept."
        }
        false => "No patients were held out; the weights are those after the last epoch.",
    };
    let figure = |title: &str, y: &str, lines, chosen, caption: &str| LearningFigure {
        title: title.to_owned(),
        x_name: "Epoch".to_owned(),
        y_name: y.to_owned(),
        lines,
        chosen,
        from_zero: true,
        caption: caption.to_owned(),
    };
    let rates = vec![line("Learning rate", of(|e| Some(e.learning_rate), curve))];
    let mut figures = vec![
        figure("Loss", "Loss", losses, chosen, caption),
        figure(
            "Learning rate",
            "Learning rate",
            rates,
            None,
            "That of the head at the end of each epoch.",
        ),
    ];
    let mut notes = Vec::new();
    if let Some(folds) = folds {
        let lines = folds.curves.iter().enumerate().map(|(fold, of_fold)| {
            let points = match stopped {
                true => of(|e| e.validation_loss, &of_fold.curve),
                false => of(|e| Some(e.loss), &of_fold.curve),
            };
            line(
                &format!("Fold {}, epoch {}", fold + 1, of_fold.best_epoch),
                points,
            )
        });
        figures.push(figure(
            "Folds",
            if stopped { "Validation loss" } else { "Training loss" },
            lines.collect(),
            None,
            "Each fold was trained by itself; the legend names the epoch whose weights predicted its patients. They had no part in choosing it.",
        ));
        notes.push(format!("Figures of the {} folds together, from predictions of patients that a network had not seen, are on the page of the cross-validation. The weights that were written were trained on all patients.", folds.curves.len()));
    }
    let head = match training.head {
        HeadKind::Linear => "linear, on the class token".to_owned(),
        HeadKind::Mlp(hidden) => format!("hidden layer of {hidden} with GELU, on the class token"),
        HeadKind::MaskedTwoBranch => format!(
            "two branches behind a bottleneck ({} to {}): the class token, and the tokens that touch the lesion",
            training.two_branch.hidden, training.two_branch.bottleneck
        ),
    };
    let mut network = network(sizes);
    network.push(fact("Head", head));
    if training.fusion {
        network.push(fact(
            "Before the encoder",
            "a convolution that fuses C2-C0, C2 and C5-C2",
        ));
    }
    network.push(fact("Weights", weights));
    let what = match training.depth {
        Depth::HeadOnly => "the head alone".to_owned(),
        Depth::LastBlocks(count) => format!("the head and the last {count} block(s)"),
        Depth::All => "everything".to_owned(),
    };
    let mut headline = Vec::new();
    if let Some(best) = best {
        if let Some(loss) = best.validation_loss {
            headline.push(
                [
                    "Validation loss",
                    &format!("{loss:.4}"),
                    "patients held out",
                ]
                .map(str::to_owned),
            );
        }
        headline.push(
            [
                "Training loss",
                &format!("{:.4}", best.loss),
                "in the same epoch",
            ]
            .map(str::to_owned),
        );
    }
    let epochs = format!("of {} that were done", curve.len());
    headline.push(["Epoch kept", &best_epoch.to_string(), &epochs].map(str::to_owned));
    training_report(&TrainingReport {
        title: "Fine-tuning of an encoder".to_owned(),
        subtitle: format!("Learned: {what}. Classes: {}.", plan.classes.join(", ")),
        headline,
        notes,
        data: manifest
            .notes
            .iter()
            .map(|note| fact("Samples", note))
            .collect(),
        network,
        settings: vec![
            fact("What learned", what),
            fact(
                "Loss",
                format!(
                    "{}{}",
                    match training.loss {
                        ClassLoss::CrossEntropy => "cross-entropy",
                        ClassLoss::Ordinal => "ordinal: cross-entropies of \"above this class\"",
                    },
                    if training.balanced {
                        ", classes weighed by the inverse of their frequency"
                    } else {
                        ""
                    }
                ),
            ),
            fact(
                "Epochs",
                format!(
                    "at most {} of steps of {} samples; stopped after {} without a better validation loss",
                    training.epochs, training.batch, training.patience
                ),
            ),
            optimiser(&training.optimiser),
            fact(
                "Layer decay, stochastic depth",
                format!("{}, {}", training.layer_decay, training.stochastic_depth),
            ),
            augmentation(&training.augmentation),
            fact("Seed", training.seed),
        ],
        figures,
        manifest: provenance(manifest),
        simulated: false,
    })
}
