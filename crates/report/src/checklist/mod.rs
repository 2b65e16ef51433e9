//! Reporting guidelines as tables: what the software can answer, and what remains the author's.
//!
//! The items are data: `claim-2024.toml` (44 items), `tripod-ai.toml` (27 items in 52 parts) and `metrics.toml` (30 items and 5 conditions); what each asks
//! for stands in our words in the catalogue. Each file says what its numbering was compared with; the journal's own form is what is submitted.

use crate::catalogue::Catalogue;
use crate::page::table_of;
use maud::{Markup, html};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A reporting guideline.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checklist {
    id: String,
    /// Its name.
    pub name: String,
    /// Where it was published.
    pub source: String,
    items: Vec<Item>,
}

#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
struct Item {
    number: String,
    section: String,
    #[serde(default)]
    key: String,
    #[serde(default)]
    author: bool,
    /// Of a guideline that scores.
    weight: Option<f64>,
    /// Number of the condition without which the item does not count.
    condition: Option<String>,
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
    /// Nobody: a condition of the item does not hold.
    NotApplicable,
}

impl Answered {
    /// In words.
    pub fn in_words(self, words: &Catalogue) -> String {
        words.text(match self {
            Self::BySoftware => "checklist-answered",
            Self::InPart => "checklist-in-part",
            Self::ByAuthor => "checklist-by-author",
            Self::NotDone => "checklist-not-done",
            Self::NotApplicable => "checklist-not-applicable",
        })
    }
}

/// An item with its answer.
#[derive(Debug, Clone, PartialEq)]
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
    /// Weight of the item, where the guideline has weights.
    pub weight: Option<f64>,
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

    /// METRICS, the methodological radiomics score.
    pub fn metrics() -> Self {
        Self::of(include_str!("metrics.toml"))
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

    /// The items in the catalogue's language, with the answers that are there. `unmet` are numbers of conditions that do not hold.
    pub fn filled(
        &self,
        answers: &BTreeMap<String, String>,
        unmet: &[&str],
        words: &Catalogue,
    ) -> Vec<FilledItem> {
        let fill = |item: &Item| {
            let key = item.number.to_lowercase().replace(' ', "-");
            let mut filled = FilledItem {
                number: number_in_words(&item.number, words),
                section: words.text(&format!("guideline-section-{}", item.section)),
                topic: words.text(&format!("guideline-{}-{key}", self.id)),
                answered: Answered::NotApplicable,
                answer: String::new(),
                weight: item.weight,
            };
            if unmet.contains(&item.number.as_str()) {
                filled.answered = Answered::BySoftware;
                filled.answer = words.text("checklist-no");
                return filled;
            }
            let condition = item.condition.as_deref();
            if let Some(condition) = condition.filter(|c| unmet.contains(c)) {
                let condition = number_in_words(condition, words);
                filled.answer = words.with("checklist-unmet", &[("condition", &condition)]);
                return filled;
            }
            let answer = answers.get(&item.key).cloned().unwrap_or_default();
            filled.answered = match (answer.is_empty(), item.author) {
                (true, true) => Answered::ByAuthor,
                (true, false) => Answered::NotDone,
                (false, true) => Answered::InPart,
                (false, false) => Answered::BySoftware,
            };
            filled.answer = answer;
            filled
        };
        self.items.iter().map(fill).collect()
    }
}

/// "12a" as it is, "Condition 1" in the catalogue's language.
fn number_in_words(number: &str, words: &Catalogue) -> String {
    match number.strip_prefix("Condition ") {
        Some(number) => words.with("checklist-condition", &[("number", number)]),
        None => number.to_owned(),
    }
}

/// Header of [`checklist_lines`].
pub const CHECKLIST_HEADER: [&str; 6] = ["item", "section", "topic", "state", "answer", "weight"];

/// Lines of a CSV; the weight is empty where the guideline has none.
pub fn checklist_lines(items: &[FilledItem], words: &Catalogue) -> Vec<[String; 6]> {
    let line = |item: &FilledItem| {
        [
            item.number.clone(),
            item.section.clone(),
            item.topic.clone(),
            item.answered.in_words(words),
            item.answer.clone(),
            weight_in_words(item),
        ]
    };
    items.iter().map(line).collect()
}

fn weight_in_words(item: &FilledItem) -> String {
    item.weight.map_or_else(String::new, |w| format!("{w:.4}"))
}

/// A filled guideline as a section of a page.
pub(crate) fn section(checklist: &Checklist, items: &[FilledItem], words: &Catalogue) -> Markup {
    let weighted = items.iter().any(|i| i.weight.is_some());
    let rows: Vec<Vec<String>> = (items.iter())
        .map(|item| {
            let mut row = vec![item.number.clone(), item.topic.clone()];
            row.extend(weighted.then(|| weight_in_words(item)));
            row.extend([item.answered.in_words(words), item.answer.clone()]);
            row
        })
        .collect();
    let count = |who: Answered| {
        let of = items.iter().filter(|i| i.answered == who);
        of.count().to_string()
    };
    let counts = [
        ("source", checklist.source.clone()),
        ("all", items.len().to_string()),
        ("answered", count(Answered::BySoftware)),
        ("part", count(Answered::InPart)),
        ("author", count(Answered::ByAuthor)),
        ("undone", count(Answered::NotDone)),
        ("none", count(Answered::NotApplicable)),
    ];
    let counts = counts.each_ref().map(|(key, text)| (*key, text.as_str()));
    let key = match weighted {
        true => "checklist-text-weighted",
        false => "checklist-text",
    };
    let mut header = vec!["checklist-item", "checklist-topic"];
    header.extend(weighted.then_some("checklist-weight"));
    header.extend(["checklist-state", "checklist-say"]);
    html! {
        h2 { (checklist.name) }
        p { (words.with(key, &counts)) }
        @if weighted { p { (weights_in_words(items, words)) } }
        (table_of("checklist", "", &words.header(&header), &rows))
    }
}

/// What the weights come to, and that the score is not given here.
fn weights_in_words(items: &[FilledItem], words: &Catalogue) -> String {
    let shares = [
        ("answered", Answered::BySoftware),
        ("part", Answered::InPart),
        ("author", Answered::ByAuthor),
        ("undone", Answered::NotDone),
        ("none", Answered::NotApplicable),
    ]
    .map(|(key, state)| {
        let of = items.iter().filter(|i| i.answered == state);
        let share: f64 = of.filter_map(|i| i.weight).sum();
        (key, words.percent(share, 1))
    });
    let shares = shares.each_ref().map(|(key, text)| (*key, text.as_str()));
    words.with("checklist-weights", &shares)
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
        assert_eq!(tripod.items.len(), 52);
        for item in claim.items.iter().chain(&tripod.items) {
            assert!(item.author || !item.key.is_empty(), "{}", item.number);
        }
        for language in Language::ALL {
            let words = Catalogue::new(language);
            let lists = [&claim, &tripod, &Checklist::metrics()];
            for item in lists
                .iter()
                .flat_map(|list| list.filled(&BTreeMap::new(), &[], &words))
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
        let filled = claim.filled(&answers, &[], &Catalogue::new(Language::English));
        assert_eq!(filled[11].answered, Answered::BySoftware);
        assert_eq!(filled[11].answer, "medians");
        assert_eq!(filled[1].answered, Answered::ByAuthor);
        assert_eq!(filled[31].answered, Answered::NotDone);
    }

    #[test]
    fn the_weights_are_the_published_ones() {
        let metrics = Checklist::metrics();
        let (conditions, items) = metrics.items.split_at(5);
        assert!(conditions.iter().all(|c| c.weight.is_none()));
        let numbers: Vec<String> = items.iter().map(|i| i.number.clone()).collect();
        assert_eq!(numbers, (1..=30).map(|n| n.to_string()).collect::<Vec<_>>());
        // The weights of the nine categories, as the article orders them by importance, and of all.
        let mut categories: Vec<(&str, f64)> = Vec::new();
        for item in items {
            let weight = item.weight.unwrap();
            match categories.last_mut() {
                Some((section, sum)) if *section == item.section => *sum += weight,
                _ => categories.push((&item.section, weight)),
            }
            assert!(item.author || !item.key.is_empty(), "{}", item.number);
        }
        let all: f64 = categories.iter().map(|c| c.1).sum();
        assert!((all - 1.0).abs() < 1e-9, "{all}");
        categories.sort_by(|a, b| b.1.total_cmp(&a.1));
        let order: Vec<&str> = categories.iter().map(|c| c.0).collect();
        assert_eq!(order[..2], ["study-design", "imaging-data"]);
        assert_eq!(
            order[4..],
            [
                "testing",
                "feature-processing",
                "preparation",
                "segmentation",
                "open-science"
            ]
        );
        let named: Vec<&String> = conditions.iter().map(|c| &c.number).collect();
        let asked = items.iter().filter_map(|i| i.condition.as_ref());
        assert!(asked.into_iter().all(|c| named.contains(&c)));
    }

    #[test]
    fn an_item_whose_condition_does_not_hold_does_not_apply() {
        let (metrics, words) = (Checklist::metrics(), &Catalogue::new(Language::English));
        let filled = metrics.filled(&BTreeMap::new(), &["Condition 5"], words);
        let of = |number: &str| filled.iter().find(|i| i.number == number).unwrap();
        assert_eq!(of("17").answered, Answered::NotApplicable);
        assert_eq!(of("Condition 5").answered, Answered::BySoftware);
        assert_eq!(of("Condition 5").answer, "No.");
        assert_eq!(of("15").answered, Answered::NotDone);
        let said = weights_in_words(&filled, words).replace('\u{a0}', " ");
        assert!(said.contains("2.0 % does not apply"), "{said}");
    }
}
