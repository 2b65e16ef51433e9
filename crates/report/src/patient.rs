//! The report on one patient.

use crate::page::{facts, figure, notice, page, provenance, simulated, table};
use crate::palette::{CROP, OUTLINE};
use crate::picture::{GreyImage, draw};
use crate::{figure as figures, text};
use maud::{Markup, PreEscaped, html};

/// A slice of one phase.
#[derive(Debug, Clone)]
pub struct PhasePicture {
    /// What it is: "C0, before contrast".
    pub label: String,
    /// Seconds after the pre-contrast phase, where known.
    pub time_s: Option<f64>,
    /// The slice.
    pub slice: GreyImage,
    /// Outlines of the lesion, each a closed line of `[x, y]` in pixels: the centre of the first pixel is
    /// (0, 0), the picture spans -0.5 to `width - 0.5`.
    pub outlines: Vec<Vec<[f64; 2]>>,
    /// The crop that the encoder saw, `[x0, y0, x1, y1]` in the same coordinates. A crop of the pixels
    /// `a` to `b` runs from `a - 0.5` to `b + 0.5`.
    pub crop: Option<[f64; 4]>,
}

/// A picture with a name and nothing drawn over it.
#[derive(Debug, Clone)]
pub struct LabelledPicture {
    /// What it is.
    pub label: String,
    /// The picture.
    pub image: GreyImage,
}

/// A point of the lesion's curve.
#[derive(Debug, Clone, PartialEq)]
pub struct CurvePoint {
    /// The phase: "C0".
    pub phase: String,
    /// Seconds after the pre-contrast phase, where known.
    pub time_s: Option<f64>,
    /// Mean over the lesion.
    pub mean: f64,
}

/// The lesion's mean over the phases.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct KineticCurve {
    /// What is averaged, with its unit: "Enhancement over C0 (%)".
    pub quantity: String,
    /// The points in the order of the phases.
    pub points: Vec<CurvePoint>,
    /// Type of the curve: "plateau (type II)".
    pub curve_type: Option<String>,
}

/// What goes into a patient report. `Default` is an empty one.
///
/// All text is shown as it is given (escaped): give no name, no birth date, no original UID.
#[derive(Debug, Clone, Default)]
pub struct PatientReport {
    /// Heading.
    pub title: String,
    /// PatientID.
    pub patient_id: String,
    /// Every class with its probability, in the model's order.
    pub probabilities: Vec<(String, f64)>,
    /// The class that the model calls.
    pub predicted: String,
    /// Key facts of the model: name and value.
    pub model: Vec<(String, String)>,
    /// A slice of every phase.
    pub study: Vec<PhasePicture>,
    /// Further slices, such as the three planes through the lesion.
    pub planes: Vec<PhasePicture>,
    /// What the encoder saw: the middle slices of its patch.
    pub patch: Vec<LabelledPicture>,
    /// The lesion's enhancement over the phases.
    pub curve: Option<KineticCurve>,
    /// Figures of the lesion: name and value with its unit.
    pub lesion: Vec<(String, String)>,
    /// Features that moved the prediction most: name and signed contribution to the predicted class.
    pub top_reasons: Vec<(String, f64)>,
    /// What the contributions are measured in ("log odds of the predicted class").
    pub reasons_unit: String,
    /// Series that were read: name and what it was used as.
    pub series_read: Vec<(String, String)>,
    /// Series that were set aside: name and reason.
    pub set_aside: Vec<(String, String)>,
    /// What the reader must know first.
    pub warnings: Vec<String>,
    /// What nobody has checked: inputs outside of what the model was trained on, a mask drawn automatically.
    pub not_checked: Vec<String>,
    /// Provenance: versions, hashes, seeds.
    pub manifest: Vec<(String, String)>,
    /// Whether the images were simulated: then a banner says so.
    pub simulated: bool,
}

/// The report as one HTML document.
pub fn patient_report(report: &PatientReport) -> String {
    let title = if report.title.is_empty() {
        "HER2 status from DCE-MRI"
    } else {
        &report.title
    };
    let body = html! {
        @if report.simulated { (simulated()) }
        (notice("warning", "Warnings", &report.warnings))
        (result(report))
        (images(report))
        (lesion(report))
        (reasons(report))
        h2 { "Series" }
        @if report.series_read.is_empty() { p { "No series were listed as read." } }
        (facts("Read.", &report.series_read))
        (facts("Set aside, with the reason.", &report.set_aside))
        h2 { "Model" }
        @if report.model.is_empty() { p { "No facts about the model were given." } }
        (facts("", &report.model))
        (notice("calm", "Not checked", &report.not_checked))
        (provenance(&report.manifest))
    };
    page(title, &format!("Patient {}", report.patient_id), &body)
}

fn result(report: &PatientReport) -> Markup {
    let rows: Vec<Vec<String>> = report
        .probabilities
        .iter()
        .map(|(class, p)| vec![class.clone(), text::percent(*p, 1)])
        .collect();
    html! {
        h2 { "Result" }
        @if report.probabilities.is_empty() {
            p { "There is no prediction for this patient." }
        } @else {
            p { "Called " strong { (report.predicted) } ". The probabilities are those of the model; they are as good as \
                its calibration on patients like this one." }
            (figure(&figures::probabilities(&report.probabilities), ""))
            (table("Probability of every class.", &["Class", "Probability"], &rows))
        }
    }
}

fn images(report: &PatientReport) -> Markup {
    let all = || report.study.iter().chain(&report.planes);
    let outlined = all().any(|p| !p.outlines.is_empty());
    let cropped = all().any(|p| p.crop.is_some());
    html! {
        h2 { "What was read" }
        @if report.study.is_empty() && report.planes.is_empty() {
            p { "There are no pictures of the images." }
        }
        @if outlined || cropped {
            p class="legend" {
                @if outlined { span { (sample(OUTLINE, "")) "outline of the lesion" } }
                @if cropped { span { (sample(CROP, "6 3")) "crop that the encoder saw" } }
            }
        }
        (pictures("pictures", &report.study))
        @if !report.planes.is_empty() { h3 { "Planes through the lesion" } }
        (pictures("pictures", &report.planes))
        @if !report.patch.is_empty() {
            h3 { "What the encoder saw" }
            div class="pictures small" {
                @for picture in &report.patch {
                    figure {
                        (PreEscaped(draw(&picture.image, &[], None, &picture.label, true)))
                        figcaption { (picture.label) }
                    }
                }
            }
        }
    }
}

/// A short line of the legend, on black as in the pictures.
fn sample(colour: &str, dash: &str) -> Markup {
    html! {
        svg xmlns="http://www.w3.org/2000/svg" width="30" height="12" aria-hidden="true" {
            rect width="30" height="12" fill="#000" {}
            line x1="2" y1="6" x2="28" y2="6" stroke=(colour) stroke-width="2" stroke-dasharray=(dash) {}
        }
    }
}

fn pictures(class: &str, pictures: &[PhasePicture]) -> Markup {
    html! {
        @if !pictures.is_empty() {
            div class=(class) {
                @for picture in pictures {
                    @let label = caption(picture);
                    figure {
                        (PreEscaped(draw(&picture.slice, &picture.outlines, picture.crop, &label, false)))
                        figcaption { (label) }
                    }
                }
            }
        }
    }
}

/// "C2, second after contrast, 182 s".
fn caption(picture: &PhasePicture) -> String {
    match picture.time_s.filter(|t| t.is_finite()) {
        Some(time_s) => format!("{}, {time_s:.0}\u{a0}s", picture.label),
        None => picture.label.clone(),
    }
}

fn lesion(report: &PatientReport) -> Markup {
    html! {
        h2 { "Lesion" }
        @if report.lesion.is_empty() && report.curve.is_none() {
            p { "No figures of the lesion were computed." }
        }
        (facts("", &report.lesion))
        @if let Some(curve) = &report.curve {
            @let kind = curve.curve_type.as_deref().unwrap_or("not determined");
            (figure(&figures::kinetic_curve(curve), &format!("Mean over the lesion. Curve type: {kind}.")))
            (table("The points of the curve.", &["Phase", "Seconds", &curve.quantity], &curve.points.iter().map(|p| vec![
                p.phase.clone(),
                p.time_s.map_or_else(|| "not known".into(), |t| text::number(Some(t), 1)),
                text::number(Some(p.mean), 2),
            ]).collect::<Vec<_>>()))
        }
    }
}

fn reasons(report: &PatientReport) -> Markup {
    let rows: Vec<Vec<String>> = report
        .top_reasons
        .iter()
        .map(|(feature, value)| vec![feature.clone(), text::number(Some(*value), 3)])
        .collect();
    let unit = match report.reasons_unit.as_str() {
        "" => "Contributions to the predicted class.".to_string(),
        unit => format!("Contributions in {unit}."),
    };
    html! {
        h2 { "Why" }
        @if rows.is_empty() { p { "This model gives no reasons for a single patient." } }
        @else {
            (figure(&figures::contributions(&report.top_reasons), &format!("{unit} They describe the model, not the \
                biology.")))
            (table("", &["Feature", "Contribution"], &rows))
        }
    }
}
