//! The figures of a study's report as files, and the numbers that each is drawn from.

use crate::StudyError;
use crate::explain::csv_of;
use triher_report::figure::{self, ScatterPanel};
use triher_report::{Catalogue, Colouring, ExplanationReport, StudyReport, patients_curve};
use triher_stats::{Estimate, Evaluation};
use triher_survival::SurvivalSummary;

/// Every evaluation of the study by a name for files.
pub(crate) fn evaluations<'a>(report: &'a StudyReport<'_>) -> Vec<(String, &'a Evaluation)> {
    let internal = report.internal.map(|e| ("internal".to_owned(), e));
    let left_out = (report.left_out.as_ref()).map(|l| ("centres-left-out".to_owned(), l.0));
    let external = report.external.iter();
    let external = external.map(|e| (crate::run::slug(&e.name), e.evaluation));
    internal
        .into_iter()
        .chain(left_out)
        .chain(external)
        .collect()
}

/// Every survival of the study by a name for files.
fn survivals<'a>(report: &'a StudyReport<'_>) -> Vec<(String, &'a SurvivalSummary)> {
    let internal = report.survival.map(|s| ("internal".to_owned(), s));
    let external = report.external.iter();
    let external = external.filter_map(|e| Some((crate::run::slug(&e.name), e.survival?)));
    internal.into_iter().chain(external).collect()
}

/// Every figure of the report by a name for files.
pub(crate) fn figures_of(report: &StudyReport<'_>, words: &Catalogue) -> Vec<(String, String)> {
    let mut all = vec![("flow".to_owned(), figure::flow(&report.flow, words))];
    for (name, evaluation) in evaluations(report) {
        let mut add = |what: &str, svg: String| all.push((format!("{what}-{name}"), svg));
        add("roc", figure::roc(evaluation, words));
        add("calibration", figure::calibration(evaluation, words));
        add(
            "confusion",
            figure::confusion(&evaluation.classes, &evaluation.confusion, words),
        );
        add("net-benefit", figure::net_benefit(evaluation, words));
        if !evaluation.per_centre.is_empty() {
            add("forest-centres", figure::forest(evaluation, words));
        }
        if !evaluation.subgroups.is_empty() {
            add(
                "forest-subgroups",
                figure::subgroup_forest(evaluation, words),
            );
        }
    }
    for (name, summary) in survivals(report) {
        all.push((format!("survival-{name}"), figure::survival(summary, words)));
    }
    if report.learning.len() > 1 {
        all.push((
            "learning-curve".to_owned(),
            patients_curve(&report.learning, words),
        ));
    }
    let explanation = report.explanation.iter();
    all.extend(explanation.flat_map(|e| explanation_figures(e, words)));
    if let Some((panels, colourings)) = &report.maps {
        for c in colourings {
            let svg = figure::scatter_in(&c.by, panels, &c.groups, &c.names, words);
            all.push((format!("map-{}", crate::run::slug(&c.by)), svg));
        }
    }
    all
}

/// Bars, a bee swarm for each class, and blocks.
fn explanation_figures(of: &ExplanationReport, words: &Catalogue) -> Vec<(String, String)> {
    let rows =
        |all: &[(String, Vec<f64>)]| figure::effect_bars_in(&of.classes, all, &of.unit, words);
    let features: Vec<(String, Vec<f64>)> = (of.features.iter())
        .map(|f| (f.name.clone(), f.mean_size.clone()))
        .collect();
    let mut all = vec![("shap-bars".to_owned(), rows(&features))];
    for (class, name) in of.classes.iter().enumerate() {
        let svg = figure::beeswarm_in(name, class, &of.features, &of.unit, words);
        all.push((format!("shap-{}", crate::run::slug(name)), svg));
    }
    if of.blocks.len() > 1 {
        let blocks: Vec<(String, Vec<f64>)> = (of.blocks.iter())
            .map(|(name, sizes)| (words.said(name), sizes.clone()))
            .collect();
        all.push(("shap-blocks".to_owned(), rows(&blocks)));
    }
    all
}

/// The numbers of the figures, as tables of the same name.
///
/// # Errors
/// None with numbers that can be written.
pub(crate) fn numbers_of(report: &StudyReport<'_>) -> Result<Vec<(String, Vec<u8>)>, StudyError> {
    let mut all = vec![("flow".to_owned(), flow_csv(report)?)];
    for (name, e) in evaluations(report) {
        let mut add = |what: &str, bytes: Vec<u8>| all.push((format!("{what}-{name}"), bytes));
        add("roc", roc_csv(e)?);
        add("roc-bands", bands_csv(e)?);
        add("calibration", calibration_csv(e)?);
        add("confusion", confusion_csv(e)?);
        add("net-benefit", benefit_csv(e)?);
        if !e.per_centre.is_empty() {
            let centres = e.per_centre.iter();
            let lines = centres.map(|(c, v)| forest_line(c.clone(), v.n, &v.auc.macro_average));
            add("forest-centres", csv_of(&FOREST, lines)?);
        }
        if !e.subgroups.is_empty() {
            let levels = e.subgroups.iter();
            let levels = levels.flat_map(|v| v.levels.iter().map(move |l| (v, l)));
            let lines = levels.map(|(v, l)| {
                let group = format!("{}: {}", v.name, l.level);
                forest_line(group, l.n, &l.auc.macro_average)
            });
            add("forest-subgroups", csv_of(&FOREST, lines)?);
        }
    }
    for (name, summary) in survivals(report) {
        all.push((format!("survival-{name}"), survival_csv(summary)?));
    }
    if report.learning.len() > 1 {
        let learning = report.learning.iter().map(|p| p.map(|v| v.to_string()));
        let bytes = csv_of(&["patients", "macro_auc"], learning)?;
        all.push(("learning-curve".to_owned(), bytes));
    }
    if let Some(explanation) = &report.explanation {
        all.extend(explanation_csvs(explanation)?);
    }
    if let Some((panels, colourings)) = &report.maps {
        for colouring in colourings {
            let name = format!("map-{}", crate::run::slug(&colouring.by));
            all.push((name, map_csv(panels, colouring)?));
        }
    }
    Ok(all)
}

/// Columns of a forest plot's table.
const FOREST: [&str; 5] = ["group", "cases", "macro_auc", "low", "high"];

fn number(value: Option<f64>) -> String {
    value.map_or_else(String::new, |v| v.to_string())
}

fn forest_line(group: String, cases: usize, auc: &Estimate) -> [String; 5] {
    let bound = |k: usize| number(auc.ci95.map(|ci| ci[k]));
    [
        group,
        cases.to_string(),
        number(auc.value),
        bound(0),
        bound(1),
    ]
}

/// Found, used, each class and each reason of every cohort; reasons hold their own number.
fn flow_csv(report: &StudyReport<'_>) -> Result<Vec<u8>, StudyError> {
    let lines = report.flow.iter().flat_map(|cohort| {
        let mut lines = vec![
            ["found", "", &cohort.found.to_string()].map(str::to_owned),
            ["used", "", &cohort.used.to_string()].map(str::to_owned),
        ];
        let classes = cohort.classes.iter();
        lines.extend(classes.map(|(c, n)| ["class", c, &n.to_string()].map(str::to_owned)));
        let out = cohort.left_out.iter();
        lines.extend(out.map(|why| ["left out", why, ""].map(str::to_owned)));
        let of_cohort =
            move |[what, name, count]: [String; 3]| [cohort.name.clone(), what, name, count];
        lines.into_iter().map(of_cohort)
    });
    csv_of(&["cohort", "what", "name", "count"], lines)
}

fn roc_csv(e: &Evaluation) -> Result<Vec<u8>, StudyError> {
    let lines = e.roc.per_class.iter().flat_map(|(class, curve)| {
        curve.iter().flat_map(move |c| {
            let points = c.false_positive_rate.iter().zip(&c.true_positive_rate);
            points.map(move |(x, y)| [class.clone(), x.to_string(), y.to_string()])
        })
    });
    csv_of(
        &["class", "false_positive_rate", "true_positive_rate"],
        lines,
    )
}

fn bands_csv(e: &Evaluation) -> Result<Vec<u8>, StudyError> {
    let lines = e.roc.bands.iter().flat_map(|(class, band)| {
        let bounds = band.low.iter().zip(&band.high);
        let points = band.false_positive_rate.iter().zip(bounds);
        points.map(move |(x, (low, high))| {
            let [x, low, high] = [x, low, high].map(|v| v.to_string());
            [class.clone(), x, low, high]
        })
    });
    let header = ["class", "false_positive_rate", "low", "high"];
    csv_of(&header, lines)
}

fn calibration_csv(e: &Evaluation) -> Result<Vec<u8>, StudyError> {
    let lines = e.calibration.per_class.iter().flat_map(|(class, c)| {
        c.bins.iter().map(move |b| {
            let [predicted, observed] = [b.predicted, b.observed].map(|v| v.to_string());
            let bound = |k: usize| number(b.ci95.map(|ci| ci[k]));
            let counts = [b.events.to_string(), b.n.to_string()];
            let [events, cases] = counts;
            [
                class.clone(),
                predicted,
                observed,
                bound(0),
                bound(1),
                events,
                cases,
            ]
        })
    });
    let header = [
        "class",
        "predicted",
        "observed",
        "low",
        "high",
        "events",
        "cases",
    ];
    csv_of(&header, lines)
}

fn confusion_csv(e: &Evaluation) -> Result<Vec<u8>, StudyError> {
    let mut header = vec!["truth"];
    header.extend(e.classes.iter().map(String::as_str));
    let lines = e.classes.iter().zip(&e.confusion).map(|(class, row)| {
        let cells = row.iter().map(u64::to_string);
        let line = std::iter::once(class.clone()).chain(cells);
        line.collect::<Vec<_>>()
    });
    csv_of(&header, lines)
}

fn benefit_csv(e: &Evaluation) -> Result<Vec<u8>, StudyError> {
    let lines = e.net_benefit.iter().flat_map(|curve| {
        curve.points.iter().map(move |p| {
            let [t, m, a] = [p.threshold, p.model, p.treat_all].map(|v| v.to_string());
            let bound = |k: usize| number(p.band.map(|b| b[k]));
            [curve.question.clone(), t, m, bound(0), bound(1), a]
        })
    });
    let header = ["decision", "threshold", "model", "low", "high", "treat_all"];
    csv_of(&header, lines)
}

/// The steps of every group's curve.
fn survival_csv(summary: &SurvivalSummary) -> Result<Vec<u8>, StudyError> {
    let lines = summary.groups.iter().flat_map(|group| {
        group.curve.iter().map(move |p| {
            let bound = |k: usize| number(p.interval.map(|ci| ci[k]));
            let counts = [p.at_risk, p.events].map(|v| v.to_string());
            let [at_risk, events] = counts;
            let [time, survival] = [p.time, p.survival].map(|v| v.to_string());
            [
                group.name.clone(),
                time,
                at_risk,
                events,
                survival,
                bound(0),
                bound(1),
            ]
        })
    });
    let header = [
        "called", "time", "at_risk", "events", "survival", "low", "high",
    ];
    csv_of(&header, lines)
}

/// The bars, and for each class the points of its bee swarm: the rank of the patient's value and what it adds.
fn explanation_csvs(of: &ExplanationReport) -> Result<Vec<(String, Vec<u8>)>, StudyError> {
    let bars = |name: &'static str, rows: Vec<(&String, &Vec<f64>)>| {
        let mut header = vec![name];
        header.extend(of.classes.iter().map(String::as_str));
        let lines = rows.into_iter().map(|(name, sizes)| {
            let sizes = sizes.iter().map(ToString::to_string);
            let line = std::iter::once(name.clone()).chain(sizes);
            line.collect::<Vec<_>>()
        });
        csv_of(&header, lines)
    };
    let features = of
        .features
        .iter()
        .map(|f| (&f.name, &f.mean_size))
        .collect();
    let mut all = vec![("shap-bars".to_owned(), bars("feature", features)?)];
    for (class, name) in of.classes.iter().enumerate() {
        let lines = of.features.iter().flat_map(move |f| {
            let values = f.contributions.get(class).into_iter().flatten();
            let points = values.zip(&f.value_rank);
            points.map(move |(v, rank)| [f.name.clone(), number(*rank), v.to_string()])
        });
        let bytes = csv_of(&["feature", "rank_of_value", "contribution"], lines)?;
        all.push((format!("shap-{}", crate::run::slug(name)), bytes));
    }
    if of.blocks.len() > 1 {
        let blocks = of
            .blocks
            .iter()
            .map(|(name, sizes)| (name, sizes))
            .collect();
        all.push(("shap-blocks".to_owned(), bars("block", blocks)?));
    }
    Ok(all)
}

fn map_csv(panels: &[ScatterPanel], colouring: &Colouring) -> Result<Vec<u8>, StudyError> {
    let lines = panels.iter().flat_map(|panel| {
        let points = panel.places.iter().zip(&colouring.groups);
        points.map(move |([x, y], group)| {
            let name = group.and_then(|g| colouring.names.get(g)).cloned();
            [
                panel.name.clone(),
                x.to_string(),
                y.to_string(),
                name.unwrap_or_default(),
            ]
        })
    });
    csv_of(&["map", "x", "y", "group"], lines)
}
