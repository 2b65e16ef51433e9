//! How a cohort names its files.

use crate::ImageFileError;
use crate::names::{Named, phase_field};
use crate::read::extension;
use std::fmt;

/// A template of file names, such as `{centre}_{time}_{phase}_{patient}` (FM-BCMRI), `{patient}_{phase}`
/// (MAMA-MIA) or `{patient}/{phase}` (a folder for each patient). Fields: `centre`, `time`, `phase`, `patient`, and `any`
/// for what does not matter. An extension may be left out.
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
        let length = text.len() - extension(text).map_or(0, str::len);
        let mut rest = text.get(..length).unwrap_or(text);
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

    /// Folders above the file that the template names.
    pub(crate) fn folders(&self) -> usize {
        self.text.matches('/').count()
    }

    /// What a name without its extension says (with [`NamePattern::folders`] before it), or `None` when it does not fit.
    pub(crate) fn read(&self, stem: &str) -> Option<Named> {
        let mut named = Named::default();
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
                    if value.is_empty() || value.contains('/') {
                        return None;
                    }
                    match field {
                        Field::Patient => named.patient = value.to_owned(),
                        Field::Centre => named.centre = Some(value.to_owned()),
                        Field::Time => named.time = Some(value.to_owned()),
                        Field::Phase => named.phase = phase_field(value)?,
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

#[cfg(test)]
mod tests {
    use super::*;

    fn read(pattern: &str, stem: &str) -> Option<(String, Option<String>, Option<String>, usize)> {
        let named = NamePattern::parse(pattern).unwrap().read(stem)?;
        Some((named.patient, named.centre, named.time, named.phase))
    }

    #[test]
    fn the_cohorts_of_the_field_are_read() {
        let some = |s: &str| Some(s.to_owned());
        assert_eq!(
            read("{centre}_{time}_{phase}_{patient}", "SYSUCC_d0_c2_P_0017"),
            Some(("P_0017".to_owned(), some("SYSUCC"), some("d0"), 2))
        );
        assert_eq!(
            read("{patient}_{phase}.nii.gz", "DUKE_001_0003"),
            Some(("DUKE_001".to_owned(), None, None, 3))
        );
        assert_eq!(
            read("{patient}/{any}-{phase}", "TCGA-AO-A03M/dce-post2"),
            Some(("TCGA-AO-A03M".to_owned(), None, None, 2))
        );
        assert_eq!(
            read("{patient}_{phase}", "DUKE_001"),
            Some(("DUKE".to_owned(), None, None, 1))
        );
        assert_eq!(read("{patient}_{phase}", "DUKE_lesion"), None);
        assert_eq!(read("{patient}_{phase}", "_0001"), None);
    }

    #[test]
    fn templates_that_cannot_work_are_refused() {
        for (pattern, expected) in [
            ("{patient}{phase}", "separator"),
            ("{patient}_{fase}", "no field {fase}"),
            ("{patient}_x", "{phase}, once each"),
            ("{patient}_{phase}_{phase}", "once each"),
            ("{patient_{phase}", "no field"),
            ("{patient}_{phase", "not closed"),
        ] {
            let error = NamePattern::parse(pattern).unwrap_err().to_string();
            assert!(error.contains(expected), "{pattern}: {error}");
        }
    }
}
