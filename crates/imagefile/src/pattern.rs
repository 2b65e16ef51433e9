//! How a cohort names its files.

use crate::ImageFileError;
use crate::phases::{Named, phase_number};
use std::fmt;

/// A template of file names, such as `{centre}_{time}_{phase}_{patient}` (FM-BCMRI) or `{patient}_{phase}`
/// (MAMA-MIA). Fields: `centre`, `time`, `phase`, `patient`, and `any` for what does not matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamePattern {
    text: String,
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Literal(String),
    Field(Field),
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Field {
    Centre,
    Time,
    Phase,
    Patient,
    Any,
}

impl NamePattern {
    /// Reads a template.
    ///
    /// # Errors
    /// [`ImageFileError::BadPattern`]: unknown fields, no `{patient}` or `{phase}`, two fields without text between.
    pub fn parse(text: &str) -> Result<Self, ImageFileError> {
        let bad = |problem: String| ImageFileError::BadPattern {
            pattern: text.to_owned(),
            problem,
        };
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((literal, after)) = rest.split_once('{') {
            if !literal.is_empty() {
                parts.push(Part::Literal(literal.to_owned()));
            } else if matches!(parts.last(), Some(Part::Field(_))) {
                return Err(bad("two fields need a separator between them".to_owned()));
            }
            let (name, after) = after
                .split_once('}')
                .ok_or_else(|| bad("a { is not closed".to_owned()))?;
            let field = match name {
                "centre" | "center" => Field::Centre,
                "time" => Field::Time,
                "phase" => Field::Phase,
                "patient" => Field::Patient,
                "any" => Field::Any,
                other => {
                    return Err(bad(format!(
                        "there is no field {{{other}}}: use centre, time, phase, patient or any"
                    )));
                }
            };
            parts.push(Part::Field(field));
            rest = after;
        }
        if !rest.is_empty() {
            parts.push(Part::Literal(rest.to_owned()));
        }
        for needed in [Field::Patient, Field::Phase] {
            if parts.iter().filter(|p| **p == Part::Field(needed)).count() != 1 {
                return Err(bad("it needs {patient} and {phase}, once each".to_owned()));
            }
        }
        Ok(Self {
            text: text.to_owned(),
            parts,
        })
    }

    /// What a name without its extension says, or `None` when it does not fit.
    pub(crate) fn read(&self, stem: &str) -> Option<Named> {
        let mut named = Named {
            patient: String::new(),
            centre: None,
            time: None,
            phase: 0,
        };
        let mut rest = stem;
        for (at, part) in self.parts.iter().enumerate() {
            match part {
                Part::Literal(text) => rest = rest.strip_prefix(text.as_str())?,
                Part::Field(field) => {
                    let value = match self.parts.get(at + 1) {
                        // A patient's identifier may hold the separator itself (TCGA-AO-A03M): the
                        // last field takes all, a patient takes up to the last separator that fits.
                        None => std::mem::take(&mut rest),
                        Some(Part::Literal(next)) if *field == Field::Patient => {
                            let after = self.parts[at + 1..].iter();
                            let needed =
                                after.filter(|p| **p == Part::Literal(next.clone())).count();
                            let end = rest.rmatch_indices(next.as_str()).nth(needed - 1)?.0;
                            let value = &rest[..end];
                            rest = &rest[end..];
                            value
                        }
                        Some(Part::Literal(next)) => {
                            let end = rest.find(next.as_str())?;
                            let value = &rest[..end];
                            rest = &rest[end..];
                            value
                        }
                        Some(Part::Field(_)) => return None,
                    };
                    if value.is_empty() {
                        return None;
                    }
                    match field {
                        Field::Patient => named.patient = value.to_owned(),
                        Field::Centre => named.centre = Some(value.to_owned()),
                        Field::Time => named.time = Some(value.to_owned()),
                        Field::Phase => named.phase = phase_number(value)?,
                        Field::Any => {}
                    }
                }
            }
        }
        rest.is_empty().then_some(named)
    }
}

impl fmt::Display for NamePattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
