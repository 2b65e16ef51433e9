//! What the report on a patient says, in the order in which it is read.

use super::document::{Document, NoticeKind, Part, Picture};
use super::{PatientReport, PhasePicture, SimilarCases};
use crate::abbreviations::abbreviations;
use crate::catalogue::Catalogue;
use crate::explanation::{similar_header, similar_rows};
use crate::figure as figures;
use crate::palette::{CROP, HEAT_SAMPLE, OUTLINE};

/// The keys of what is said of a map over the lesion.
struct MapKeys {
    heading: &'static str,
    text: &'static str,
    empty: &'static str,
    legend: &'static str,
}

const ATTRIBUTION: MapKeys = MapKeys {
    heading: "attribution-heading",
    text: "attribution-text",
    empty: "attribution-empty",
    legend: "legend-heat",
};

const GIVEN_MAP: MapKeys = MapKeys {
    heading: "given-map-heading",
    text: "given-map-text",
    empty: "given-map-empty",
    legend: "legend-given-map",
};

pub(crate) fn document<'a>(report: &'a PatientReport, words: &Catalogue) -> Document<'a> {
    let mut parts = Vec::new();
    if report.simulated {
        parts.push(Part::Notice {
            kind: NoticeKind::Simulated,
            heading: words.text("simulated-heading"),
            sentences: vec![words.text("simulated-text"), words.text("simulated-model")],
        });
    }
    if let Some(refusal) = &report.refusal {
        let rows = refusal.rows(words).into_iter();
        parts.push(Part::Notice {
            kind: NoticeKind::Warning,
            heading: words.text("refused-prediction"),
            sentences: rows
                .map(|(name, text)| words.with("named", &[("name", &name), ("text", &text)]))
                .collect(),
        });
    }
    let mut warnings = Vec::new();
    if report.refusal.is_none() && report.probabilities.is_empty() && report.lesion.is_empty() {
        warnings.push(words.text("warning-no-lesion"));
    }
    if report.curve.as_ref().is_some_and(|c| c.points.len() < 2) {
        warnings.push(words.text("warning-one-phase"));
    }
    warnings.extend(report.warnings.iter().cloned());
    notice(
        &mut parts,
        NoticeKind::Warning,
        words.text("warnings-heading"),
        &warnings,
    );
    result(&mut parts, report, words);
    images(&mut parts, report, words);
    if report.refusal.is_none() {
        lesion(&mut parts, report, words);
        reasons(&mut parts, report, words);
        if let Some(similar) = &report.similar {
            alike(&mut parts, similar, words);
        }
    }
    parts.push(Part::Section(words.text("series-heading")));
    if report.series_read.is_empty() {
        parts.push(Part::Paragraph(words.text("series-none")));
    }
    facts(&mut parts, words.text("series-read"), &report.series_read);
    facts(&mut parts, words.text("series-aside"), &report.set_aside);
    parts.push(Part::Section(words.text("model-heading")));
    if report.model.is_empty() {
        parts.push(Part::Paragraph(words.text("model-none")));
    }
    facts(&mut parts, String::new(), &report.model);
    notice(
        &mut parts,
        NoticeKind::Calm,
        words.text("not-checked-heading"),
        &report.not_checked,
    );
    if !report.manifest.is_empty() {
        parts.push(Part::Section(words.text("provenance-heading")));
        parts.push(Part::Paragraph(words.text("provenance-text")));
        facts(&mut parts, String::new(), &report.manifest);
    }
    explain(&mut parts, words);
    let patient = [("patient", report.patient_id.as_str())];
    let title = match report.title.as_str() {
        "" => words.with("title", &patient),
        title => title.to_owned(),
    };
    Document {
        title,
        subtitle: words.with("subtitle", &patient),
        parts,
    }
}

/// The abbreviations that the parts hold, at their end.
fn explain(parts: &mut Vec<Part<'_>>, words: &Catalogue) {
    let text = parts.iter().map(Part::text).collect::<Vec<_>>().join("\n");
    let used = abbreviations(&text, words);
    if !used.is_empty() {
        parts.push(Part::Section(words.text("abbreviations-heading")));
        facts(parts, String::new(), &used);
    }
}

fn notice(parts: &mut Vec<Part<'_>>, kind: NoticeKind, heading: String, sentences: &[String]) {
    if !sentences.is_empty() {
        let sentences = sentences.to_vec();
        parts.push(Part::Notice {
            kind,
            heading,
            sentences,
        });
    }
}

fn facts(parts: &mut Vec<Part<'_>>, caption: String, rows: &[(String, String)]) {
    if !rows.is_empty() {
        parts.push(Part::Facts {
            caption,
            rows: rows.to_vec(),
        });
    }
}

fn result(parts: &mut Vec<Part<'_>>, report: &PatientReport, words: &Catalogue) {
    parts.push(Part::Section(words.text("result-heading")));
    if report.probabilities.is_empty() {
        parts.push(Part::Paragraph(words.text("result-none")));
        return;
    }
    let class = words.class(&report.predicted);
    parts.push(Part::Paragraph(
        words.with("result-called", &[("class", &class)]),
    ));
    let named: Vec<(String, f64)> = report
        .probabilities
        .iter()
        .map(|(class, p)| (words.class(class), *p))
        .collect();
    parts.push(Part::Figure {
        svg: figures::probabilities(&named, words),
        caption: String::new(),
    });
    parts.push(Part::Table {
        caption: words.text("result-table"),
        header: vec![words.text("result-class"), words.text("result-probability")],
        rows: named
            .iter()
            .map(|(class, p)| vec![class.clone(), words.percent(*p, 1)])
            .collect(),
    });
    if !report.uncertainty.is_empty() {
        parts.push(Part::Subsection(words.text("uncertainty-heading")));
        parts.push(Part::List(report.uncertainty.clone()));
    }
}

fn images<'a>(parts: &mut Vec<Part<'a>>, report: &'a PatientReport, words: &Catalogue) {
    parts.push(Part::Section(words.text("images-heading")));
    if report.study.is_empty() && report.planes.is_empty() {
        parts.push(Part::Paragraph(words.text("images-none")));
    }
    let all = || report.study.iter().chain(&report.planes);
    let mut legend = Vec::new();
    if all().any(|p| !p.outlines.is_empty()) {
        legend.push((OUTLINE, "", words.text("legend-outline")));
    }
    if all().any(|p| p.crop.is_some()) {
        legend.push((CROP, "6 3", words.text("legend-crop")));
    }
    if !legend.is_empty() {
        parts.push(Part::Legend(legend));
    }
    pictures(parts, &report.study, words);
    if !report.planes.is_empty() {
        parts.push(Part::Subsection(words.text("planes-heading")));
        parts.push(Part::Paragraph(words.text("planes-text")));
        pictures(parts, &report.planes, words);
    }
    let map = match report.attribution_given {
        true => &GIVEN_MAP,
        false => &ATTRIBUTION,
    };
    if let Some(attribution) = &report.attribution {
        let name = [("name", attribution.name.as_str())];
        parts.push(Part::Subsection(words.text(map.heading)));
        if attribution.planes.is_empty() {
            parts.push(Part::Paragraph(words.with(map.empty, &name)));
        } else {
            parts.push(Part::Paragraph(words.with(map.text, &name)));
            let legend = words.text(map.legend);
            parts.push(Part::Legend(vec![(HEAT_SAMPLE, "", legend)]));
            pictures(parts, &attribution.planes, words);
            pictures(parts, &attribution.phases, words);
        }
    }
    if !report.no_attribution.is_empty() {
        parts.push(Part::Subsection(words.text(map.heading)));
        parts.push(Part::Paragraph(report.no_attribution.clone()));
    }
    if !report.patch.is_empty() {
        parts.push(Part::Subsection(words.text("patch-heading")));
        parts.push(labelled(&report.patch, true));
    }
}

/// Pictures with nothing drawn over them.
fn labelled<'a>(pictures: &'a [super::LabelledPicture], small: bool) -> Part<'a> {
    let picture = |p: &'a super::LabelledPicture| Picture {
        image: &p.image,
        outlines: &[],
        crop: None,
        caption: p.label.clone(),
        sharp: small,
    };
    Part::Pictures {
        small,
        pictures: pictures.iter().map(picture).collect(),
    }
}

/// Root mean square distance from which on the nearest case is called far. Two independent patients of the training cohort lie 1.4 standard deviations
/// apart.
const FAR: f64 = 3.0;

/// The training cases near the patient.
fn alike<'a>(parts: &mut Vec<Part<'a>>, similar: &'a SimilarCases, words: &Catalogue) {
    parts.push(Part::Section(words.text("similar-heading")));
    if similar.other_table {
        parts.push(Part::Paragraph(words.text("similar-other-table")));
    }
    if similar.cases.is_empty() {
        parts.push(Part::Paragraph(words.text("similar-none")));
        return;
    }
    parts.push(Part::Table {
        caption: words.text("similar-text"),
        header: similar_header(words),
        rows: similar_rows(&similar.cases, words),
    });
    if similar.cases[0].distance > FAR {
        let limit = [("limit", &*words.number(Some(FAR), 0))];
        parts.push(Part::Paragraph(words.with("similar-far", &limit)));
    }
    if !similar.pictures.is_empty() {
        parts.push(labelled(&similar.pictures, false));
        parts.push(Part::Paragraph(words.text("similar-pictures")));
    }
    parts.push(Part::Paragraph(words.text("similar-caution")));
}

fn pictures<'a>(parts: &mut Vec<Part<'a>>, pictures: &'a [PhasePicture], words: &Catalogue) {
    if pictures.is_empty() {
        return;
    }
    let picture = |p: &'a PhasePicture| Picture {
        image: &p.slice,
        outlines: &p.outlines,
        crop: p.crop,
        caption: caption(p, words),
        sharp: false,
    };
    let pictures = pictures.iter().map(picture).collect();
    parts.push(Part::Pictures {
        small: false,
        pictures,
    });
}

/// "C2, after contrast, 182 s".
fn caption(picture: &PhasePicture, words: &Catalogue) -> String {
    match picture.time_s.filter(|t| t.is_finite()) {
        Some(time_s) => {
            let time = words.with("seconds", &[("value", &format!("{time_s:.0}"))]);
            words.with(
                "list-comma",
                &[("first", &picture.label), ("second", &time)],
            )
        }
        None => picture.label.clone(),
    }
}

fn lesion(parts: &mut Vec<Part<'_>>, report: &PatientReport, words: &Catalogue) {
    parts.push(Part::Section(words.text("lesion-heading")));
    if report.lesion.is_empty() && report.curve.is_none() {
        parts.push(Part::Paragraph(words.text("lesion-none")));
    }
    facts(parts, String::new(), &report.lesion);
    let Some(curve) = &report.curve else {
        return;
    };
    let undetermined = words.text("curve-undetermined");
    let kind = curve.curve_type.as_deref().unwrap_or(&undetermined);
    parts.push(Part::Figure {
        svg: figures::kinetic_curve(curve, words),
        caption: words.with("curve-caption", &[("kind", kind)]),
    });
    let time = |time_s: Option<f64>| match time_s {
        None => words.text("time-unknown"),
        known => words.number(known, 1),
    };
    let row = |p: &super::CurvePoint| {
        vec![
            p.phase.clone(),
            time(p.time_s),
            words.number(Some(p.mean), 2),
        ]
    };
    parts.push(Part::Table {
        caption: words.text("curve-table"),
        header: vec![
            words.text("curve-phase"),
            words.text("curve-seconds"),
            curve.quantity.clone(),
        ],
        rows: curve.points.iter().map(row).collect(),
    });
}

fn reasons(parts: &mut Vec<Part<'_>>, report: &PatientReport, words: &Catalogue) {
    parts.push(Part::Section(words.text("reasons-heading")));
    let notes = || report.reasons_notes.iter().cloned().map(Part::Paragraph);
    if report.reasons.is_empty() {
        if report.reasons_notes.is_empty() {
            parts.push(Part::Paragraph(words.text("reasons-none")));
        }
        parts.extend(notes());
        return;
    }
    let bars: Vec<(String, f64)> = report
        .reasons
        .iter()
        .map(|r| (r.feature.clone(), r.contribution))
        .collect();
    let class = words.class(&report.predicted);
    let caption = match report.reasons_alone {
        true => "reasons-alone-caption",
        false => "reasons-caption",
    };
    parts.push(Part::Figure {
        svg: figures::contributions(&bars, words),
        caption: words.with(caption, &[("class", &class)]),
    });
    let row = |r: &super::Reason| {
        let contribution = if r.contribution.is_finite() {
            format!("{:+.3}", r.contribution)
        } else {
            words.text("not-available")
        };
        vec![r.feature.clone(), r.standing.clone(), contribution]
    };
    parts.push(Part::Table {
        caption: words.text("reasons-table"),
        header: [
            "reasons-feature",
            "reasons-standing",
            "reasons-contribution",
        ]
        .map(|key| words.text(key))
        .to_vec(),
        rows: report.reasons.iter().map(row).collect(),
    });
    parts.extend(notes());
}
