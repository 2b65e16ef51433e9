//! The pages that training writes beside its curves.

use crate::finetune::FinetunePlan;
use crate::manifest::Manifest;
use crate::pretrain::{MethodName, PretrainPlan};
use triher_report::{Catalogue, LearningFigure, LearningLine, TrainingReport, training_report};
use triher_training::{
    AugmentationSettings, ClassLoss, CrossValidated, Depth, EncoderSizes, EpochReport, HeadKind,
    OptimiserSettings,
};

/// The pages' words, and what all of them tell.
struct Telling<'a> {
    words: &'a Catalogue,
}

impl Telling<'_> {
    /// A row of facts: the key of its name, and its value.
    fn fact(&self, key: &str, value: impl ToString) -> (String, String) {
        (self.words.text(key), value.to_string())
    }

    /// A row of facts whose value is a sentence with numbers in it.
    fn sentence(
        &self,
        name: &str,
        key: &str,
        numbers: &[(&str, &dyn ToString)],
    ) -> (String, String) {
        self.fact(name, self.with(key, numbers))
    }

    /// A sentence with numbers in it.
    fn with(&self, key: &str, numbers: &[(&str, &dyn ToString)]) -> String {
        let numbers: Vec<(&str, String)> = (numbers.iter())
            .map(|(name, number)| (*name, number.to_string()))
            .collect();
        let numbers: Vec<(&str, &str)> = numbers.iter().map(|(n, v)| (*n, v.as_str())).collect();
        self.words.with(key, &numbers)
    }

    /// A number of the headline with a word on it.
    fn headline(&self, key: &str, number: String, word: String) -> [String; 3] {
        [self.words.text(key), number, word]
    }

    fn line(&self, key: &str, points: Vec<[f64; 2]>) -> LearningLine {
        LearningLine {
            name: self.words.text(key),
            points,
        }
    }

    fn network(&self, sizes: &EncoderSizes) -> Vec<(String, String)> {
        let EncoderSizes {
            side,
            channels,
            patch,
            width,
            depth,
            heads,
            hidden,
        } = sizes;
        let input: [(&str, &dyn ToString); 2] = [("side", side), ("channels", channels)];
        let tokens: [(&str, &dyn ToString); 2] = [("count", &sizes.patches()), ("side", patch)];
        let blocks: [(&str, &dyn ToString); 4] = [
            ("depth", depth),
            ("width", width),
            ("heads", heads),
            ("hidden", hidden),
        ];
        vec![
            self.sentence("training-input", "training-input-text", &input),
            self.sentence("training-tokens", "training-tokens-text", &tokens),
            self.sentence("training-blocks", "training-blocks-text", &blocks),
        ]
    }

    fn optimiser(&self, settings: &OptimiserSettings) -> (String, String) {
        let [b1, b2] = settings.betas;
        let clip = match settings.clip {
            clip if clip > 0.0 => self.with("training-clipped", &[("length", &clip)]),
            _ => self.words.text("training-not-clipped"),
        };
        let numbers: [(&str, &dyn ToString); 6] = [
            ("rate", &settings.learning_rate),
            ("steps", &settings.warm_up),
            ("decay", &settings.weight_decay),
            ("first", &b1),
            ("second", &b2),
            ("clip", &clip),
        ];
        self.sentence("training-optimiser", "training-optimiser-text", &numbers)
    }

    fn augmentation(&self, settings: &AugmentationSettings) -> (String, String) {
        if *settings == AugmentationSettings::NONE {
            let none = self.words.text("training-changes-none");
            return self.fact("training-changes", none);
        }
        let numbers: [(&str, &dyn ToString); 5] = [
            ("flip", &settings.flip),
            ("histogram", &settings.histogram_shift),
            ("smooth", &settings.smooth),
            ("noise", &settings.noise),
            ("shift", &settings.shift),
        ];
        self.sentence("training-changes", "training-changes-text", &numbers)
    }

    /// What the network saw, as the manifest tells it.
    fn data(&self, key: &str, manifest: &Manifest) -> Vec<(String, String)> {
        let notes = manifest.notes.iter();
        notes
            .map(|note| self.fact(key, self.words.said(note)))
            .collect()
    }

    fn provenance(&self, manifest: &Manifest) -> Vec<(String, String)> {
        let mut rows = vec![("triher".to_owned(), manifest.triher_version.clone())];
        let seeds = manifest.seeds.iter();
        rows.extend(seeds.map(|(what, seed)| {
            let name = self.with("page-seed", &[("what", &self.words.said(what))]);
            (name, seed.to_string())
        }));
        let files = manifest.inputs.iter().chain(&manifest.outputs);
        rows.extend(files.map(|file| (file.name.clone(), file.sha256.clone())));
        rows
    }
}

/// The page on a pretraining run; `rows` is the curve's file.
pub(crate) fn pretraining_page(
    plan: &PretrainPlan,
    rows: &str,
    (all, encoder): (usize, usize),
    manifest: &Manifest,
) -> String {
    let words = &Catalogue::new(plan.language);
    let tell = Telling { words };
    let table: Vec<Vec<f64>> = rows
        .lines()
        .skip(1)
        .map(|row| row.split(',').filter_map(|v| v.parse().ok()).collect())
        .filter(|row: &Vec<f64>| row.len() == 4)
        .collect();
    let column = |k: usize| table.iter().map(|row| [row[0], row[k]]).collect();
    let figure = |title: &str, y: &str, k: usize, from_zero, caption: &str| LearningFigure {
        title: words.text(title),
        x_name: words.text("training-step"),
        y_name: words.text(y),
        lines: vec![tell.line(y, column(k))],
        chosen: None,
        from_zero,
        caption: words.text(caption),
    };
    let tail = table.len().div_ceil(20).max(1);
    let last = table.iter().rev().take(tail).map(|row| row[1]).sum::<f64>() / tail as f64;
    let (method, loss) = match plan.method {
        MethodName::Mae => {
            let share = words.percent(plan.mae.mask_ratio, 0);
            let method = tell.with("training-mae", &[("share", &share)]);
            (method, "training-loss-mae")
        }
        MethodName::Moco => (words.text("training-moco"), "training-loss-moco"),
    };
    let steps: [(&str, &dyn ToString); 2] = [("steps", &plan.steps), ("patches", &plan.batch)];
    let settings = vec![
        tell.fact("training-method", &method),
        tell.sentence("training-steps", "training-steps-text", &steps),
        tell.optimiser(&plan.optimiser),
        tell.augmentation(&plan.augmentation),
        tell.fact("fact-seed", plan.seed),
    ];
    let mut network = tell.network(&plan.encoder);
    let weights: [(&str, &dyn ToString); 2] = [("encoder", &encoder), ("all", &all)];
    network.push(tell.sentence("training-weights", "training-weights-text", &weights));
    let headline = vec![
        tell.headline(
            "training-loss-end",
            format!("{last:.4}"),
            tell.with("training-loss-end-word", &[("steps", &tail)]),
        ),
        tell.headline(
            "training-steps",
            table.len().to_string(),
            tell.with("training-steps-word", &[("patches", &plan.batch)]),
        ),
        tell.headline(
            "training-encoder",
            match encoder < 1_000_000 {
                true => encoder.to_string(),
                false => {
                    let count = format!("{:.1}", encoder as f64 / 1e6);
                    tell.with("training-million", &[("count", &count)])
                }
            },
            words.text("training-encoder-word"),
        ),
    ];
    let report = TrainingReport {
        title: words.text("training-pretraining"),
        subtitle: method,
        headline,
        notes: Vec::new(),
        data: tell.data("training-patches", manifest),
        network,
        settings,
        figures: vec![
            figure("training-loss", "training-loss", 1, false, loss),
            figure(
                "training-rate",
                "training-rate",
                2,
                true,
                "training-rate-text",
            ),
            figure(
                "training-gradient-length",
                "training-gradient",
                3,
                true,
                "training-gradient-text",
            ),
        ],
        manifest: tell.provenance(manifest),
        simulated: plan.source.simulated.is_some(),
    };
    training_report(&report, words)
}

/// The page on a fine-tuning run.
pub(crate) fn finetuning_page(
    plan: &FinetunePlan,
    sizes: &EncoderSizes,
    (curve, best_epoch, weights): (&[EpochReport], usize, usize),
    folds: Option<&CrossValidated>,
    manifest: &Manifest,
) -> String {
    let words = &Catalogue::new(plan.language);
    let tell = Telling { words };
    let training = &plan.training;
    let of = |value: fn(&EpochReport) -> Option<f64>, curve: &[EpochReport]| -> Vec<[f64; 2]> {
        let points = curve.iter().map(|e| (e.epoch as f64, value(e)));
        points.filter_map(|(x, y)| Some([x, y?])).collect()
    };
    let mut losses = vec![tell.line("training-loss-training", of(|e| Some(e.loss), curve))];
    let validation = of(|e| e.validation_loss, curve);
    let best = curve.iter().find(|e| e.epoch == best_epoch);
    let stopped = !validation.is_empty();
    if stopped {
        losses.push(tell.line("training-loss-validation", validation));
    }
    let kept = || tell.with("training-kept", &[("epoch", &best_epoch)]);
    let chosen = stopped.then(|| (best_epoch as f64, kept()));
    let caption = match stopped {
        true => "training-loss-stopped",
        false => "training-loss-not-stopped",
    };
    let figure = |title: &str, y: &str, lines, chosen, caption: &str| LearningFigure {
        title: words.text(title),
        x_name: words.text("training-epoch"),
        y_name: words.text(y),
        lines,
        chosen,
        from_zero: true,
        caption: words.text(caption),
    };
    let rates = vec![tell.line("training-rate", of(|e| Some(e.learning_rate), curve))];
    let mut figures = vec![
        figure("training-loss", "training-loss", losses, chosen, caption),
        figure(
            "training-rate",
            "training-rate",
            rates,
            None,
            "training-rate-head",
        ),
    ];
    let mut notes = Vec::new();
    if let Some(folds) = folds {
        let lines = folds.curves.iter().enumerate().map(|(fold, of_fold)| {
            let points = match stopped {
                true => of(|e| e.validation_loss, &of_fold.curve),
                false => of(|e| Some(e.loss), &of_fold.curve),
            };
            let numbers: [(&str, &dyn ToString); 2] =
                [("fold", &(fold + 1)), ("epoch", &of_fold.best_epoch)];
            LearningLine {
                name: tell.with("training-fold", &numbers),
                points,
            }
        });
        let loss = match stopped {
            true => "training-loss-validation",
            false => "training-loss-training",
        };
        let caption = "training-folds-text";
        figures.push(figure(
            "training-folds",
            loss,
            lines.collect(),
            None,
            caption,
        ));
        notes.push(tell.with("training-folds-note", &[("count", &folds.curves.len())]));
    }
    let head = match training.head {
        HeadKind::Linear => words.text("training-head-linear"),
        HeadKind::Mlp(hidden) => tell.with("training-head-mlp", &[("hidden", &hidden)]),
        HeadKind::MaskedTwoBranch => {
            let sizes: [(&str, &dyn ToString); 2] = [
                ("hidden", &training.two_branch.hidden),
                ("bottleneck", &training.two_branch.bottleneck),
            ];
            tell.with("training-head-two", &sizes)
        }
    };
    let mut network = tell.network(sizes);
    network.push(tell.fact("training-head", head));
    if training.fusion {
        let fusion = words.text("training-fusion-text");
        network.push(tell.fact("training-fusion", fusion));
    }
    network.push(tell.fact("training-weights", weights));
    let what = match training.depth {
        Depth::HeadOnly => words.text("training-depth-head"),
        Depth::LastBlocks(count) => tell.with("training-depth-last", &[("count", &count)]),
        Depth::All => words.text("training-depth-all"),
    };
    let mut headline = Vec::new();
    if let Some(best) = best {
        if let Some(loss) = best.validation_loss {
            headline.push(tell.headline(
                "training-loss-validation",
                format!("{loss:.4}"),
                words.text("training-held-out"),
            ));
        }
        headline.push(tell.headline(
            "training-loss-training",
            format!("{:.4}", best.loss),
            words.text("training-same-epoch"),
        ));
    }
    headline.push(tell.headline(
        "training-epoch-kept",
        best_epoch.to_string(),
        tell.with("training-epochs-done", &[("count", &curve.len())]),
    ));
    let loss = words.text(match training.loss {
        ClassLoss::CrossEntropy => "training-cross-entropy",
        ClassLoss::Ordinal => "training-ordinal",
    });
    let loss = match training.balanced {
        true => tell.with("training-balanced", &[("loss", &loss)]),
        false => loss,
    };
    let epochs: [(&str, &dyn ToString); 3] = [
        ("epochs", &training.epochs),
        ("samples", &training.batch),
        ("patience", &training.patience),
    ];
    let decay = format!("{} / {}", training.layer_decay, training.stochastic_depth);
    let classes: Vec<String> = plan.classes.iter().map(|c| words.short_class(c)).collect();
    let learned: [(&str, &dyn ToString); 2] = [("what", &what), ("classes", &classes.join(" / "))];
    let report = TrainingReport {
        title: words.text("training-finetuning"),
        subtitle: tell.with("training-learned", &learned),
        headline,
        notes,
        data: tell.data("training-samples", manifest),
        network,
        settings: vec![
            tell.fact("training-what", what),
            tell.fact("training-loss", loss),
            tell.sentence("training-epochs", "training-epochs-text", &epochs),
            tell.optimiser(&training.optimiser),
            tell.fact("training-decay", decay),
            tell.augmentation(&training.augmentation),
            tell.fact("fact-seed", training.seed),
        ],
        figures,
        manifest: tell.provenance(manifest),
        simulated: false,
    };
    training_report(&report, words)
}
