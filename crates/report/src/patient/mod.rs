//! The report on one patient.

mod content;
mod document;
mod feature_words;
mod html;
mod pdf;
mod pdf_page;
mod typeface;

pub(crate) use typeface::Typeface;

pub use feature_words::feature_words;

use crate::AlikeCase;
use crate::catalogue::{Catalogue, Language};
use crate::picture::{GreyImage, ReportError};
use crate::refusal::Refusal;

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
    /// Type of the curve in words, in the report's language: "plateau (type II)".
    pub curve_type: Option<String>,
}

/// A feature that moved the prediction.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Reason {
    /// The feature in words, see [`feature_words`].
    pub feature: String,
    /// Where its value stands among the training patients, in words; empty when not known.
    pub standing: String,
    /// What it adds to the log odds of the predicted class.
    pub contribution: f64,
}

/// Training cases near the patient.
#[derive(Debug, Clone, Default)]
pub struct SimilarCases {
    /// The cases, nearest first.
    pub cases: Vec<AlikeCase>,
    /// The patient's lesion and those of the cases that have a picture.
    pub pictures: Vec<LabelledPicture>,
    /// Whether they are of a table that the model was not trained on.
    pub other_table: bool,
}

/// Attribution over the lesion's planes and phases.
#[derive(Debug, Clone, Default)]
pub struct AttributionPictures {
    /// Name of the map.
    pub name: String,
    /// Slices with their heat ([`GreyImage::with_heat`]); empty when the map is zero throughout.
    pub planes: Vec<PhasePicture>,
    /// The slice of each phase with the heat on it.
    pub phases: Vec<PhasePicture>,
}

/// What goes into a patient report. `Default` is an empty one.
///
/// Headings and fixed sentences come from the [`Catalogue`]; all text that is given here is shown as it is (escaped) and should be
/// in the same language. Give no name, no birth date, no original UID.
#[derive(Debug, Clone, Default)]
pub struct PatientReport {
    /// Language of the report.
    pub language: Language,
    /// Heading; the catalogue's when empty.
    pub title: String,
    /// PatientID.
    pub patient_id: String,
    /// Why there is no prediction, when the input could not be used.
    pub refusal: Option<Refusal>,
    /// Every class (by the model's name) with its probability, in the model's order.
    pub probabilities: Vec<(String, f64)>,
    /// The class that the model calls, by the model's name.
    pub predicted: String,
    /// Prediction set, distribution of the training data, spread over views, calibration: a sentence each.
    pub uncertainty: Vec<String>,
    /// The model card: name and value.
    pub model: Vec<(String, String)>,
    /// A slice of every phase.
    pub study: Vec<PhasePicture>,
    /// The lesion in three planes.
    pub planes: Vec<PhasePicture>,
    /// Where the model looked, or another map over the lesion.
    pub attribution: Option<AttributionPictures>,
    /// Whether that map is a file of the reader's own: what it shows, the report cannot know.
    pub attribution_given: bool,
    /// Why there is no map although one was asked for; empty otherwise.
    pub no_attribution: String,
    /// What the encoder saw: the middle slices of its patch.
    pub patch: Vec<LabelledPicture>,
    /// The lesion's signal over the phases.
    pub curve: Option<KineticCurve>,
    /// Figures of the lesion: name and value with its unit.
    pub lesion: Vec<(String, String)>,
    /// Features that moved the prediction most.
    pub reasons: Vec<Reason>,
    /// Whether each reason is how far the score falls without the feature, and not a share of the score.
    pub reasons_alone: bool,
    /// What to know about the reasons, or why there are none.
    pub reasons_notes: Vec<String>,
    /// Training cases near the patient, when the training tables were given.
    pub similar: Option<SimilarCases>,
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
    let catalogue = Catalogue::new(report.language);
    let document = content::document(report, &catalogue);
    html::write(&document, &catalogue)
}

/// The report as a PDF file: A4, page numbers, bookmarks, text that can be selected and searched, fonts embedded. The same
/// content as [`patient_report`] and the same bytes for the same report.
///
/// Characters that the embedded fonts lack are shown as □, and a note at the end says so.
///
/// # Errors
/// [`ReportError::Pdf`] when a figure cannot be drawn or the file cannot be put together.
pub fn patient_pdf(report: &PatientReport) -> Result<Vec<u8>, ReportError> {
    let catalogue = Catalogue::new(report.language);
    let document = content::document(report, &catalogue);
    pdf::write(&document, &catalogue)
}
