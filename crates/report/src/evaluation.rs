//! The report on an evaluation.

use crate::page::{facts, figure, list, notice, page, provenance, simulated, table};
use crate::{figure as figures, text};
use maud::{Markup, html};
use triher_stats::{AucBlock, ClassCalibration, Evaluation, RocCurve};

/// What goes into an evaluation report. Make one with [`EvaluationReport::new`] and fill the rest.
///
/// All text is shown as it is given (escaped): give no names of patients and no original UIDs.
#[derive(Debug, Clone)]
pub struct EvaluationReport<'a> {
    /// Heading, such as "External evaluation".
    pub title: String,
    /// Line under the heading: the cohort, the date.
    pub subtitle: String,
    /// Key facts of the model: name and value.
    pub model: Vec<(String, String)>,
    /// Key facts of the data: name and value.
    pub data: Vec<(String, String)>,
    /// The evaluation that is reported.
    pub evaluation: &'a Evaluation,
    /// The same model's cross-validated figures on its training cohort, shown beside.
    pub cross_validated: Option<&'a Evaluation>,
    /// Sentences for the reader, beside those of the evaluation itself.
    pub notes: Vec<String>,
    /// What the evaluation cannot say.
    pub limits: Vec<String>,
    /// Provenance: versions, hashes, seeds, commands.
    pub manifest: Vec<(String, String)>,
    /// Whether the data were simulated: then a banner says so.
    pub simulated: bool,
}

impl<'a> EvaluationReport<'a> {
    /// A report with a heading and an evaluation, everything else empty.
    pub fn new(title: impl Into<String>, evaluation: &'a Evaluation) -> Self {
        Self {
            title: title.into(),
            subtitle: String::new(),
            model: Vec::new(),
            data: Vec::new(),
            evaluation,
            cross_validated: None,
            notes: Vec::new(),
            limits: Vec::new(),
            manifest: Vec::new(),
            simulated: false,
        }
    }
}

/// The report as one HTML document.
pub fn evaluation_report(report: &EvaluationReport<'_>) -> String {
    let evaluation = report.evaluation;
    let notes: Vec<String> = report
        .notes
        .iter()
        .chain(&evaluation.notes)
        .cloned()
        .collect();
    let body = html! {
        @if report.simulated { (simulated()) }
        (headline(evaluation))
        (notice("calm", "Please note", &notes))
        h2 { "Data" }
        (facts("", &report.data))
        (cohort(evaluation))
        h2 { "Model" }
        @if report.model.is_empty() { p { "No facts about the model were given." } }
        (facts("", &report.model))
        (discrimination(evaluation, report.cross_validated))
        (calibration(evaluation))
        (classification(evaluation))
        (centres(evaluation))
        h2 { "Limits" }
        @if report.limits.is_empty() { p { "None were stated by the authors of this evaluation." } }
        (list(&report.limits))
        (provenance(&report.manifest))
    };
    page(&report.title, &report.subtitle, &body)
}

fn headline(evaluation: &Evaluation) -> Markup {
    let level = text::level(evaluation.bootstrap.confidence);
    let card = |name: &str, value: Option<f64>, ci| {
        let interval = text::interval(ci, 3);
        html! {
            div {
                span { (name) }
                strong { (text::number(value, 3)) }
                span {
                    @match interval {
                        Some(ci) => { (level) " CI " (ci) }
                        None => { "no interval" }
                    }
                }
            }
        }
    };
    html! {
        div class="headline" {
            (card("Macro AUC", evaluation.auc.macro_average.value, evaluation.auc.macro_average.ci95))
            (card("Micro AUC", evaluation.auc.micro_average.value, evaluation.auc.micro_average.ci95))
            (card("Balanced accuracy", evaluation.balanced_accuracy.value, evaluation.balanced_accuracy.ci95))
            div {
                span { "Cases" }
                strong { (evaluation.n) }
                span { "of " (evaluation.patients) @if evaluation.patients == 1 { " patient" } @else { " patients" } }
            }
        }
    }
}

fn cohort(evaluation: &Evaluation) -> Markup {
    let rows: Vec<Vec<String>> = evaluation
        .classes
        .iter()
        .map(|class| {
            vec![
                class.clone(),
                evaluation
                    .counts
                    .get(class)
                    .map_or_else(String::new, u64::to_string),
                evaluation
                    .prevalence
                    .get(class)
                    .map_or_else(String::new, |p| text::percent(*p, 1)),
            ]
        })
        .collect();
    table(
        "Cases of every true class.",
        &["Class", "Cases", "Share"],
        &rows,
    )
}

fn discrimination(evaluation: &Evaluation, cross_validated: Option<&Evaluation>) -> Markup {
    let level = text::level(evaluation.bootstrap.confidence);
    let mut header = vec!["AUC", "This evaluation"];
    if cross_validated.is_some() {
        header.push("Cross-validated on the training cohort");
    }
    let other = cross_validated.map(|c| &c.auc);
    let mut rows: Vec<Vec<String>> = Vec::new();
    let mut add = |name: String, pick: &dyn Fn(&AucBlock) -> String| {
        let mut row = vec![name, pick(&evaluation.auc)];
        if let Some(other) = other {
            row.push(pick(other));
        }
        rows.push(row);
    };
    add("Macro (mean of the classes)".into(), &|auc| {
        text::estimate(&auc.macro_average)
    });
    add("Weighted by prevalence".into(), &|auc| {
        text::estimate(&auc.weighted)
    });
    add("Micro (all probabilities)".into(), &|auc| {
        text::estimate(&auc.micro_average)
    });
    for class in &evaluation.classes {
        add(format!("{class} against the rest"), &|auc| {
            auc.per_class
                .get(class)
                .map_or_else(|| "not available".into(), text::estimate)
        });
    }
    let intervals = if evaluation.bootstrap.replicates == 0 {
        "No intervals were computed.".to_string()
    } else {
        format!(
            "In parentheses the {level} percentile interval of {} bootstrap replicates over {}.",
            evaluation.bootstrap.replicates, evaluation.bootstrap.unit
        )
    };
    html! {
        h2 { "Discrimination" }
        (figure(&figures::roc(evaluation), "ROC curve of every class against the rest. The micro average depends \
            on prevalence and calibration, the macro average does not."))
        (table(&intervals, &header, &rows))
        (operating(evaluation))
        h3 { "Spread of the probabilities" }
        (figure(&figures::spread(evaluation), "Each row holds the cases of one true class. The histograms are \
            scaled to their own largest bin; the bar spans the quartiles and the shape marks the median."))
        (spreads(evaluation))
    }
}

/// The largest sensitivity at a specificity of at least `least`.
fn sensitivity_at(curve: &RocCurve, least: f64) -> Option<f64> {
    let pairs = curve
        .false_positive_rate
        .iter()
        .zip(&curve.true_positive_rate);
    pairs
        .filter(|(x, _)| 1.0 - **x >= least - 1e-12)
        .map(|(_, y)| *y)
        .reduce(f64::max)
}

fn operating(evaluation: &Evaluation) -> Markup {
    let rows: Vec<Vec<String>> = evaluation
        .classes
        .iter()
        .map(|class| {
            let curve = evaluation.roc.per_class.get(class).and_then(Option::as_ref);
            let at = |least| text::number(curve.and_then(|c| sensitivity_at(c, least)), 2);
            vec![class.clone(), at(0.80), at(0.90), at(0.95)]
        })
        .collect();
    table(
        "Points of the curves: sensitivity where the specificity is at least as stated. They are read off \
         this very cohort, so they describe the curves and are no promise for a threshold.",
        &["Class", "at 80 %", "at 90 %", "at 95 %"],
        &rows,
    )
}

fn spreads(evaluation: &Evaluation) -> Markup {
    let mut rows = Vec::new();
    for truth in &evaluation.classes {
        let mut row = vec![truth.clone()];
        for class in &evaluation.classes {
            let quartiles = evaluation
                .spread
                .get(truth)
                .and_then(|s| s.get(class))
                .and_then(|s| s.quartiles);
            row.push(match quartiles {
                Some([_, lower, median, upper, _]) => {
                    format!("{median:.2} ({lower:.2} to {upper:.2})")
                }
                None => "no cases".into(),
            });
        }
        rows.push(row);
    }
    let names: Vec<String> = evaluation
        .classes
        .iter()
        .map(|class| format!("P({class})"))
        .collect();
    let mut header = vec!["True class"];
    header.extend(names.iter().map(String::as_str));
    table(
        "Median (quartiles) of the predicted probabilities.",
        &header,
        &rows,
    )
}

fn calibration(evaluation: &Evaluation) -> Markup {
    let level = text::level(evaluation.bootstrap.confidence);
    let calibration = &evaluation.calibration;
    let summary: Vec<Vec<String>> = calibration
        .per_class
        .iter()
        .map(|(class, c)| {
            vec![
                class.clone(),
                text::number(Some(c.ece), 3),
                text::number(c.in_the_large, 2),
                text::number(c.slope, 2),
                text::number(c.intercept, 2),
            ]
        })
        .collect();
    // One row per bin, one column per class.
    let most = calibration
        .per_class
        .values()
        .map(|c| c.bins.len())
        .max()
        .unwrap_or(0);
    let bins: Vec<Vec<String>> = (0..most)
        .map(|bin| {
            let cell = |c: &ClassCalibration| match c.bins.get(bin) {
                Some(b) => format!(
                    "{:.3}: {}, {}\u{a0}of\u{a0}{}",
                    b.predicted,
                    text::with_interval(Some(b.observed), b.ci95, 2),
                    b.events,
                    b.n
                ),
                None => String::new(),
            };
            let cells = calibration.per_class.values().map(cell);
            std::iter::once((bin + 1).to_string())
                .chain(cells)
                .collect()
        })
        .collect();
    let mut header = vec!["Bin"];
    header.extend(calibration.per_class.keys().map(String::as_str));
    let skill = (evaluation.brier_reference > 0.0)
        .then(|| {
            evaluation
                .brier
                .value
                .map(|b| 1.0 - b / evaluation.brier_reference)
        })
        .flatten();
    let scores = [
        (
            "Brier score (0 is perfect, 2 the worst)",
            text::estimate(&evaluation.brier),
        ),
        (
            "Brier score of this cohort's class shares",
            text::number(Some(evaluation.brier_reference), 3),
        ),
        (
            "Brier skill (above 0 is better than the shares)",
            text::number(skill, 3),
        ),
        ("Log loss", text::estimate(&evaluation.log_loss)),
        (
            "Mean class-wise calibration error",
            text::number(Some(calibration.ece), 3),
        ),
    ]
    .map(|(name, value)| (name.to_string(), value));
    html! {
        h2 { "Calibration" }
        @if bins.is_empty() { p { "There are no calibration curves." } }
        @else {
            (figure(&figures::calibration(evaluation), &format!("Observed share against predicted probability in \
                bins of equal mass (at most {}), with {level} Wilson intervals. On the dashed line predictions \
                come true.", calibration.bins)))
        }
        (facts("", &scores))
        @if !summary.is_empty() {
            (table("Ideal are an error of 0, an intercept in the large of 0, a slope of 1. A slope below 1 \
                means that the probabilities are too extreme, above 1 that they are too timid.",
                &["Class", "Calibration error", "In the large", "Slope", "Intercept"], &summary))
            (table("The points of the calibration curves: mean predicted probability, observed share, cases of \
                the class in the bin.", &header, &bins))
        }
    }
}

fn classification(evaluation: &Evaluation) -> Markup {
    let level = text::level(evaluation.bootstrap.confidence);
    let rows: Vec<Vec<String>> = evaluation
        .per_class
        .iter()
        .map(|(class, p)| {
            vec![
                class.clone(),
                text::proportion(&p.sensitivity),
                text::proportion(&p.specificity),
                text::proportion(&p.ppv),
                text::proportion(&p.npv),
            ]
        })
        .collect();
    let names: Vec<String> = evaluation
        .classes
        .iter()
        .map(|c| format!("called {c}"))
        .collect();
    let mut header = vec!["True class"];
    header.extend(names.iter().map(String::as_str));
    let matrix: Vec<Vec<String>> = evaluation
        .classes
        .iter()
        .zip(&evaluation.confusion)
        .map(|(class, row)| {
            std::iter::once(class.clone())
                .chain(row.iter().map(u64::to_string))
                .collect()
        })
        .collect();
    html! {
        h2 { "Classification" }
        p { "Every case is called by its most probable class." }
        (figure(&figures::confusion(&evaluation.classes, &evaluation.confusion),
            "Counts, and the share of their row. Framed cells are right."))
        (table("Confusion matrix.", &header, &matrix))
        (facts("", &[
            ("Accuracy".to_string(), text::estimate(&evaluation.accuracy)),
            ("Balanced accuracy (mean sensitivity)".to_string(), text::estimate(&evaluation.balanced_accuracy)),
        ]))
        (table(&format!("Each class against the rest, with {level} Wilson intervals. The predictive values hold \
            for this cohort's prevalence."),
            &["Class", "Sensitivity", "Specificity", "Positive predictive value", "Negative predictive value"],
            &rows))
    }
}

fn centres(evaluation: &Evaluation) -> Markup {
    let mut header = vec!["Centre", "Cases", "Patients", "Macro AUC"];
    header.extend(evaluation.classes.iter().map(String::as_str));
    header.push("Accuracy");
    let rows: Vec<Vec<String>> = evaluation
        .per_centre
        .iter()
        .map(|(name, centre)| {
            let counts: Vec<String> = centre.counts.values().map(u64::to_string).collect();
            let mut row = vec![
                name.clone(),
                format!("{} ({})", centre.n, counts.join(" / ")),
                centre.patients.to_string(),
                text::estimate(&centre.auc.macro_average),
            ];
            row.extend(evaluation.classes.iter().map(|class| {
                centre
                    .auc
                    .per_class
                    .get(class)
                    .map_or_else(String::new, text::estimate)
            }));
            row.push(text::with_interval(
                centre.accuracy.value,
                centre.accuracy.ci95,
                2,
            ));
            row
        })
        .collect();
    let notes: Vec<String> = evaluation
        .per_centre
        .iter()
        .flat_map(|(name, centre)| {
            centre
                .notes
                .iter()
                .map(move |note| format!("{name}: {note}"))
        })
        .collect();
    html! {
        h2 { "Centres" }
        @if rows.is_empty() {
            p { "The data name no centres, so there are no figures per centre." }
        } @else {
            @if rows.len() == 1 { p { "All cases come from one centre: nothing can be said about how the \
                model carries over to others." } }
            (figure(&figures::forest(evaluation), "Squares are macro AUCs with their intervals, the shapes under them \
                the classes' AUCs. The dashed line is chance."))
            (table(&format!("AUC of every centre, overall and of each class against the rest. In the second column the \
                cases of {}.", evaluation.classes.join(" / ")), &header, &rows))
            (list(&notes))
        }
    }
}
