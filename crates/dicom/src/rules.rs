//! Which series count, as data.

use crate::DicomError;
use serde::Deserialize;

/// What a series is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Dynamic,
    Derived,
    Localizer,
    Segmentation,
    Other,
}

/// Rules for the choice of series; see `rules/default.toml` for their form.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeriesRules {
    /// Whether phase 0 is taken for pre-contrast even when every phase names a contrast agent.
    #[serde(default)]
    pub assume_first_is_pre_contrast: bool,
    #[serde(default, rename = "rule")]
    rules: Vec<Rule>,
}

#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Rule {
    kind: Kind,
    reason: String,
    #[serde(default)]
    modality: Vec<String>,
    #[serde(default)]
    modality_not: Vec<String>,
    #[serde(default)]
    image_type: Vec<String>,
    #[serde(default)]
    description: Vec<String>,
    #[serde(default)]
    protocol: Vec<String>,
    #[serde(default)]
    sequence_name: Vec<String>,
    #[serde(default)]
    scanning_sequence: Vec<String>,
    #[serde(default)]
    contrast_agent: Vec<String>,
}

/// What rules look at.
#[derive(Clone, Debug, Default, PartialEq)]
pub(crate) struct SeriesFacts {
    pub(crate) modality: String,
    pub(crate) image_type: Vec<String>,
    pub(crate) description: String,
    pub(crate) protocol: String,
    pub(crate) sequence_name: String,
    pub(crate) scanning_sequence: Vec<String>,
    pub(crate) contrast_agent: String,
}

impl Default for SeriesRules {
    fn default() -> Self {
        parse(include_str!("../rules/default.toml"))
            .unwrap_or_else(|_| unreachable!("the built-in rules are tested"))
    }
}

fn parse(text: &str) -> Result<SeriesRules, DicomError> {
    toml::from_str(text).map_err(|e| DicomError::Rules(e.to_string()))
}

impl SeriesRules {
    /// Rules that are tried before the built-in ones.
    ///
    /// # Errors
    /// [`DicomError::Rules`].
    pub fn from_toml(text: &str) -> Result<Self, DicomError> {
        let mut own = parse(text)?;
        own.rules.extend(Self::default().rules);
        Ok(own)
    }

    /// What a series is, and why; a series that no rule knows may be dynamic.
    pub(crate) fn decide(&self, facts: &SeriesFacts) -> (Kind, String) {
        let rule = self.rules.iter().find(|rule| rule.matches(facts));
        rule.map_or((Kind::Dynamic, "no rule sets it aside".to_owned()), |r| {
            (r.kind, r.reason.clone())
        })
    }
}

impl Rule {
    fn matches(&self, facts: &SeriesFacts) -> bool {
        let one = |patterns: &[String], text: &str| {
            patterns.is_empty() || patterns.iter().any(|p| like(p, text))
        };
        let some = |patterns: &[String], texts: &[String]| {
            patterns.is_empty() || texts.iter().any(|t| patterns.iter().any(|p| like(p, t)))
        };
        let anything = [
            &self.modality,
            &self.modality_not,
            &self.image_type,
            &self.description,
            &self.protocol,
            &self.sequence_name,
            &self.scanning_sequence,
            &self.contrast_agent,
        ];
        anything.iter().any(|c| !c.is_empty())
            && one(&self.modality, &facts.modality)
            && (self.modality_not.is_empty()
                || !self.modality_not.iter().any(|p| like(p, &facts.modality)))
            && some(&self.image_type, &facts.image_type)
            && one(&self.description, &facts.description)
            && one(&self.protocol, &facts.protocol)
            && one(&self.sequence_name, &facts.sequence_name)
            && some(&self.scanning_sequence, &facts.scanning_sequence)
            && one(&self.contrast_agent, &facts.contrast_agent)
    }
}

/// Whether a text fits a pattern with `*` for any text, without regard to case.
fn like(pattern: &str, text: &str) -> bool {
    let (pattern, text) = (pattern.to_lowercase(), text.trim().to_lowercase());
    let mut parts = pattern.split('*');
    let first = parts.next().unwrap_or_default();
    let Some(mut rest) = text.strip_prefix(first) else {
        return false;
    };
    let parts: Vec<&str> = parts.collect();
    let Some((last, middle)) = parts.split_last() else {
        return rest.is_empty();
    };
    for part in middle {
        match rest.find(part) {
            Some(at) => rest = &rest[at + part.len()..],
            None => return false,
        }
    }
    rest.ends_with(last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_match_as_a_user_expects() {
        assert!(
            like("*sub*", "T1 Sub dyn")
                && like("ser", "SER")
                && like("a*b*c", "aXXbYYc")
                && like("*", "")
        );
        assert!(!like("ser", "series 3") && !like("a*b", "ab c") && !like("* sub", "sub"));
    }

    #[test]
    fn own_rules_come_before_the_built_in_ones() {
        let facts = SeriesFacts {
            modality: "MR".to_owned(),
            description: "T2 dyn".to_owned(),
            ..SeriesFacts::default()
        };
        assert_eq!(SeriesRules::default().decide(&facts).0, Kind::Other);
        let own = "[[rule]]\nkind = 'dynamic'\nreason = 'our protocol'\ndescription = ['t2 dyn']\n";
        assert_eq!(
            SeriesRules::from_toml(own).unwrap().decide(&facts),
            (Kind::Dynamic, "our protocol".to_owned())
        );
        assert!(SeriesRules::from_toml("[[rule]]\nkind = 'x'\n").is_err());
    }
}
