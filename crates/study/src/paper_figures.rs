//! The figures of a study's report as files, and the numbers that each is drawn from.

use crate::StudyError;
use crate::cohort_map::map_figures;
use crate::explain::csv_of;
use crate::figure_files::FigureFiles;
use triher_report::{Catalogue, StudyReport, figure, patients_curve};
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

/// Every figure of the report with its numbers; `ids` are the training rows.
///
/// # Errors
/// None with numbers that can be written.
pub(crate) fn figures_of(
    report: &StudyReport<'_>,
    ids: &[String],
    words: &Catalogue,
) -> Result<Vec<FigureFiles>, StudyError> {
    let flow = figure::flow(&report.flow, words);
    let mut all = vec![FigureFiles::drawn("flow", flow, flow_csv(report)?)];
    for (name, e) in evaluations(report) {
        let mut add = |what: &str, svg: String, numbers: Vec<u8>| {
            all.push(FigureFiles::drawn(format!("{what}-{name}"), svg, numbers));
        };
        add("roc", figure::roc(e, words), roc_csv(e)?);
        let calibration = figure::calibration(e, words);
        add("calibration", calibration, calibration_csv(e)?);
        let confusion = figure::confusion(&e.classes, &e.confusion, words);
        add("confusion", confusion, confusion_csv(e)?);
        add(
            "net-benefit",
            figure::net_benefit(e, words),
            benefit_csv(e)?,
        );
        if !e.per_centre.is_empty() {
            let centres = e.per_centre.iter();
            let lines = centres.map(|(c, v)| forest_line(c.clone(), v.n, &v.auc.macro_average));
            let numbers = csv_of(&FOREST, lines)?;
            add("forest-centres", figure::forest(e, words), numbers);
        }
        if !e.subgroups.is_empty() {
            let levels = e.subgroups.iter();
            let levels = levels.flat_map(|v| v.levels.iter().map(move |l| (v, l)));
            let lines = levels.map(|(v, l)| {
                let group = format!("{}: {}", v.name, l.level);
                forest_line(group, l.n, &l.auc.macro_average)
            });
            let numbers = csv_of(&FOREST, lines)?;
            let svg = figure::subgroup_forest(e, words);
            add("forest-subgroups", svg, numbers);
        }
    }
    for (name, summary) in survivals(report) {
        all.push(survival_files(&name, summary, words)?);
    }
    if report.learning.len() > 1 {
        let learning = report.learning.iter().map(|p| p.map(|v| v.to_string()));
        let svg = patients_curve(&report.learning, words);
        let header = ["patients", "macro_auc"];
        all.push(FigureFiles::new("learning-curve", svg, &header, learning)?);
    }
    if let Some(explanation) = &report.explanation {
        all.extend(crate::explain_figures::figures(explanation, words)?);
    }
    if let Some((panels, colourings)) = &report.maps {
        all.extend(map_figures(panels, colourings, ids, words)?);
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

/// The bands around the curves.
///
/// # Errors
/// None with numbers that can be written.
pub(crate) fn bands_csv(e: &Evaluation) -> Result<Vec<u8>, StudyError> {
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

/// The curves of every group, with their steps.
fn survival_files(
    name: &str,
    summary: &SurvivalSummary,
    words: &Catalogue,
) -> Result<FigureFiles, StudyError> {
    let lines = summary.groups.iter().flat_map(|group| {
        group.curve.iter().map(move |p| {
            let bound = |k: usize| number(p.interval.map(|ci| ci[k]));
            [
                group.name.clone(),
                p.time.to_string(),
                p.at_risk.to_string(),
                p.events.to_string(),
                p.survival.to_string(),
                bound(0),
                bound(1),
            ]
        })
    });
    let header = [
        "called", "time", "at_risk", "events", "survival", "low", "high",
    ];
    let svg = figure::survival(summary, words);
    FigureFiles::new(format!("survival-{name}"), svg, &header, lines)
}
