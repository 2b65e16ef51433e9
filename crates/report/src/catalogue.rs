//! The text of reports in the languages that they are written in.

use crate::said::{Pattern, patterns};
use fluent_bundle::{FluentArgs, FluentBundle, FluentResource};
use std::fmt;
use std::str::FromStr;

/// A language of the reports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Language {
    /// English.
    #[default]
    English,
    /// Chinese in simplified characters.
    Chinese,
}

impl Language {
    /// Every language.
    pub const ALL: [Self; 2] = [Self::English, Self::Chinese];

    /// Its tag by BCP 47, as HTML and PDF name it: `en`, `zh-CN`.
    pub fn tag(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Chinese => "zh-CN",
        }
    }

    /// The catalogue's files, in the format of Project Fluent: the patient's report and the viewer; evaluations and studies;
    /// explanations and maps; training runs; the guidelines; sentences of the numeric crates.
    pub(crate) fn sources(self) -> [&'static str; 6] {
        match self {
            Self::English => [
                include_str!("../text/en.ftl"),
                include_str!("../text/en-study.ftl"),
                include_str!("../text/en-explain.ftl"),
                include_str!("../text/en-training.ftl"),
                include_str!("../text/en-guidelines.ftl"),
                include_str!("../text/en-said.ftl"),
            ],
            Self::Chinese => [
                include_str!("../text/zh.ftl"),
                include_str!("../text/zh-study.ftl"),
                include_str!("../text/zh-explain.ftl"),
                include_str!("../text/zh-training.ftl"),
                include_str!("../text/zh-guidelines.ftl"),
                include_str!("../text/zh-said.ftl"),
            ],
        }
    }

    /// All keys with their text, as they stand in the files.
    pub(crate) fn lines(self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let files = self.sources().into_iter();
        files.flat_map(|file| file.lines().filter_map(|line| line.split_once(" = ")))
    }
}

impl FromStr for Language {
    type Err = String;

    /// Reads `en` or `zh`.
    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "en" => Ok(Self::English),
            "zh" => Ok(Self::Chinese),
            other => Err(format!(
                "there are no reports in the language \"{other}\": choose en (English) or zh (Chinese)"
            )),
        }
    }
}

/// All sentences of the reports in one language.
///
/// The sentences stand in `text/en*.ftl` and `text/zh*.ftl`, in the syntax of Project Fluent
/// (<https://projectfluent.org>), and are compiled in. A test proves that both hold the same keys with the same placeholders.
pub struct Catalogue {
    language: Language,
    bundle: FluentBundle<FluentResource>,
    patterns: Vec<Pattern>,
}

impl fmt::Debug for Catalogue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Catalogue").field(&self.language).finish()
    }
}

impl Catalogue {
    /// The catalogue of a language.
    pub fn new(language: Language) -> Self {
        let tag = language.tag().parse().unwrap_or_default();
        let mut bundle = FluentBundle::new(vec![tag]);
        // Marks of direction around placeholders would show as boxes in PDF, and no language here runs right to left.
        bundle.set_use_isolating(false);
        for source in language.sources() {
            // What cannot be parsed is left out here and found by the test of the catalogues.
            let resource = match FluentResource::try_new(source.to_owned()) {
                Ok(resource) | Err((resource, _)) => resource,
            };
            bundle.add_resource_overriding(resource);
        }
        let patterns = match language {
            Language::English => Vec::new(),
            Language::Chinese => patterns(),
        };
        Self {
            language,
            bundle,
            patterns,
        }
    }

    /// Its language.
    pub fn language(&self) -> Language {
        self.language
    }

    /// The sentences of other crates that it can translate.
    pub(crate) fn patterns(&self) -> &[Pattern] {
        &self.patterns
    }

    /// A sentence without placeholders. For a key that is not there, the key in brackets.
    pub fn text(&self, key: &str) -> String {
        self.with(key, &[])
    }

    /// A sentence with its placeholders filled in. For a key that is not there, the key in brackets.
    pub fn with(&self, key: &str, placeholders: &[(&str, &str)]) -> String {
        self.find(key, placeholders)
            .unwrap_or_else(|| format!("[{key}]"))
    }

    /// A sentence with its placeholders filled in, if the catalogue has the key.
    pub fn find(&self, key: &str, placeholders: &[(&str, &str)]) -> Option<String> {
        let pattern = self.bundle.get_message(key)?.value()?;
        let mut arguments = FluentArgs::new();
        for (name, value) in placeholders {
            arguments.set(*name, *value);
        }
        // A placeholder that was not given stays visible as {$name}.
        let mut missing = Vec::new();
        let text = self
            .bundle
            .format_pattern(pattern, Some(&arguments), &mut missing);
        Some(text.into_owned())
    }

    /// All sentences whose keys begin with `prefix`, by their keys, for a page that fills in its placeholders (`{$name}`) itself.
    pub fn with_prefix(&self, prefix: &str) -> std::collections::BTreeMap<String, String> {
        let keys = self.language.lines().map(|(key, _)| key);
        keys.filter(|key| key.starts_with(prefix))
            .map(|key| (key.to_owned(), self.text(key)))
            .collect()
    }

    /// The name of a class in words: "HER2-low" for `low`. A class that the catalogue does not know keeps its name.
    pub fn class(&self, class: &str) -> String {
        // Keys hold letters and digits only, so that no class can reach another sentence or break the syntax.
        self.find(&format!("class-{}", word_of_class(class)), &[])
            .unwrap_or_else(|| class.to_owned())
    }

    /// A share as percent: "34.2 %".
    pub fn percent(&self, share: f64, digits: usize) -> String {
        if share.is_finite() {
            let value = format!("{:.digits$}", 100.0 * share);
            self.with("percent", &[("value", &value)])
        } else {
            self.text("not-available")
        }
    }

    /// A number with fixed digits, or words when there is none.
    pub fn number(&self, value: Option<f64>, digits: usize) -> String {
        match value {
            Some(value) if value.is_finite() => {
                let text = format!("{value:.digits$}");
                // What rounds to nothing has no sign.
                match text.strip_prefix('-') {
                    Some(size) if size.chars().all(|c| matches!(c, '0' | '.')) => size.to_owned(),
                    _ => text,
                }
            }
            _ => self.text("not-available"),
        }
    }

    /// Several names as alternatives: "zero or low", "zero, low or positive".
    pub fn alternatives(&self, names: &[String]) -> String {
        let Some((last, first)) = names.split_last() else {
            return self.text("not-available");
        };
        let joined = first
            .iter()
            .cloned()
            .reduce(|text, name| self.with("list-comma", &[("first", &text), ("second", &name)]));
        match joined {
            Some(text) => self.with("list-or", &[("first", &text), ("second", last)]),
            None => last.clone(),
        }
    }
}

/// A class as the keys have it: "low" for "HER2-low", "her2_low" and "Low"; a class that is not on the HER2 scale as it is.
pub(crate) fn word_of_class(class: &str) -> &str {
    triher_stats::her2_scale(class).map_or(class, |(_, word)| word)
}
