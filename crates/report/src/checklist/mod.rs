//! Reporting guidelines as tables: what the software can answer, and what remains the author's.
//!
//! The items are data: `claim-2024.toml` (44 items) and `tripod-ai.toml` (27 items with their parts); what each asks for stands in our words in
//! the catalogue. The
//! numbering follows the publications from memory and should be compared with the journal's form before it is submitted.

use crate::catalogue::Catalogue;
use crate::page::table;
use maud::{Markup, html};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A reporting guideline.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checklist {
    id: String,
    /// Its name.
    pub name: String,
    /// Where it was published.
    pub source: String,
    items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    number: String,
    section: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    author: bool,
}

/// Who answers an item.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answered {
    /// The software, wholly.
    BySoftware,
    /// The software in part; the author has to add to it.
    InPart,
    /// The author.
    ByAuthor,
    /// The software could have, but this study did not do what is asked for.
    NotDone,
}

impl Answered {
    /// In words.
    pub fn in_words(self, words: &Catalogue) -> String {
        words.text(match self {
            Self::BySoftware => "checklist-answered",
            Self::InPart => "checklist-in-part",
            Self::ByAuthor => "checklist-by-author",
            Self::NotDone => "checklist-not-done",
        })
    }
}

/// An item with its answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FilledItem {
    /// Number in the guideline: `"12a"`.
    pub number: String,
    /// Section of the guideline.
    pub section: String,
    /// What is asked for.
    pub topic: String,
    /// Who answers.
    pub answered: Answered,
    /// The software's answer; empty without one.
    pub answer: String,
}

impl Checklist {
    /// CLAIM in its update of 2024.
    pub fn claim_2024() -> Self {
        Self::of(include_str!("claim-2024.toml"))
    }

    /// TRIPOD+AI.
    pub fn tripod_ai() -> Self {
        Self::of(include_str!("tripod-ai.toml"))
    }

    /// The file is part of the program and is read in a test: an empty list stands for what cannot happen.
    fn of(text: &str) -> Self {
        toml::from_str(text).unwrap_or_else(|_| Self {
            id: String::new(),
            name: String::new(),
            source: String::new(),
            items: Vec::new(),
        })
    }

    /// The keys that answers can be given for.
    pub fn keys(&self) -> Vec<&str> {
        let keys = self.items.iter().map(|item| item.key.as_str());
        keys.filter(|key| !key.is_empty()).collect()
    }

    /// The items in the catalogue's language, with the answers that are there.
    pub fn filled(&self, answers: &BTreeMap<String, String>, words: &Catalogue) -> Vec<FilledItem> {
        let fill = |item: &Item| {
            let answer = answers.get(&item.key).cloned().unwrap_or_default();
            FilledItem {
                number: item.number.clone(),
                section: words.text(&format!("guideline-section-{}", item.section)),
                topic: words.text(&format!("guideline-{}-{}", self.id, item.number)),
                answered: match (answer.is_empty(), item.author) {
                    (true, true) => Answered::ByAuthor,
                    (true, false) => Answered::NotDone,
                    (false, true) => Answered::InPart,
                    (false, false) => Answered::BySoftware,
                },
                answer,
            }
        };
        self.items.iter().map(fill).collect()
    }
}

/// Lines of a CSV: number, section, topic, who answers, answer.
pub fn checklist_lines(items: &[FilledItem], words: &Catalogue) -> Vec<[String; 5]> {
    let line = |item: &FilledItem| {
        [
            item.number.clone(),
            item.section.clone(),
            item.topic.clone(),
            item.answered.in_words(words),
            item.answer.clone(),
        ]
    };
    items.iter().map(line).collect()
}

/// A filled guideline as a section of a page.
pub(crate) fn section(checklist: &Checklist, items: &[FilledItem], words: &Catalogue) -> Markup {
    let rows: Vec<Vec<String>> = (items.iter())
        .map(|item| {
            vec![
                item.number.clone(),
                item.topic.clone(),
                item.answered.in_words(words),
                item.answer.clone(),
            ]
        })
        .collect();
    let count = |who: Answered| {
        let of = items.iter().filter(|i| i.answered == who);
        of.count().to_string()
    };
    let text = words.with(
        "checklist-text",
        &[
            ("source", &checklist.source),
            ("all", &items.len().to_string()),
            ("answered", &count(Answered::BySoftware)),
            ("part", &count(Answered::InPart)),
            ("author", &count(Answered::ByAuthor)),
            ("undone", &count(Answered::NotDone)),
        ],
    );
    let header = words.header(&[
        "checklist-item",
        "checklist-topic",
        "checklist-state",
        "checklist-say",
    ]);
    html! {
        h2 { (checklist.name) }
        p { (text) }
        (table("", &header, &rows))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Language;

    #[test]
    fn the_lists_are_whole_and_every_item_has_somebody() {
        let (claim, tripod) = (Checklist::claim_2024(), Checklist::tripod_ai());
        let numbers: Vec<String> = claim.items.iter().map(|i| i.number.clone()).collect();
        let all: Vec<String> = (1..=44).map(|n| n.to_string()).collect();
        assert_eq!(numbers, all);
        let mut mains: Vec<String> = (tripod.items.iter())
            .map(|i| i.number.trim_end_matches(char::is_alphabetic).to_owned())
            .collect();
        mains.dedup();
        assert_eq!(mains, all[..27]);
        for item in claim.items.iter().chain(&tripod.items) {
            assert!(item.author || !item.key.is_empty(), "{}", item.number);
        }
        for language in Language::ALL {
            let words = Catalogue::new(language);
            for item in claim
                .filled(&BTreeMap::new(), &words)
                .iter()
                .chain(&tripod.filled(&BTreeMap::new(), &words))
            {
                assert!(
                    !item.topic.starts_with('[') && !item.section.starts_with('['),
                    "{}",
                    item.number
                );
            }
        }
    }

    #[test]
    fn an_answer_makes_the_difference() {
        let claim = Checklist::claim_2024();
        let answers = BTreeMap::from([("missing".to_owned(), "medians".to_owned())]);
        let filled = claim.filled(&answers, &Catalogue::new(Language::English));
        assert_eq!(filled[11].answered, Answered::BySoftware);
        assert_eq!(filled[11].answer, "medians");
        assert_eq!(filled[1].answered, Answered::ByAuthor);
        assert_eq!(filled[31].answered, Answered::NotDone);
    }
}
