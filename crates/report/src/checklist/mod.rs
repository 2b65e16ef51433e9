//! Reporting guidelines as tables: what the software can answer, and what remains the author's.
//!
//! The items are data: `claim-2024.toml` (44 items), `tripod-ai.toml` (27 items in 52 parts) and `metrics.toml` (30 items and 5 conditions), their topics in
//! our words. Each file says what its numbering was compared with; the journal's own form is what is submitted.

use crate::page::table;
use maud::{Markup, html};
use serde::Deserialize;
use std::collections::BTreeMap;

/// A reporting guideline.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Checklist {
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
    topic: String,
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
    pub fn in_words(self) -> &'static str {
        match self {
            Self::BySoftware => "answered",
            Self::InPart => "in part: add to it",
            Self::ByAuthor => "for the author",
            Self::NotDone => "not done in this study",
            Self::NotApplicable => "does not apply",
        }
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

    /// The items with the answers that are there. `unmet` are numbers of conditions that do not hold.
    pub fn filled(&self, answers: &BTreeMap<String, String>, unmet: &[&str]) -> Vec<FilledItem> {
        let fill = |item: &Item| {
            let condition = item.condition.as_deref();
            let mut filled = FilledItem {
                number: item.number.clone(),
                section: item.section.clone(),
                topic: item.topic.clone(),
                answered: Answered::NotApplicable,
                answer: String::new(),
                weight: item.weight,
            };
            if unmet.contains(&item.number.as_str()) {
                filled.answered = Answered::BySoftware;
                "No.".clone_into(&mut filled.answer);
                return filled;
            }
            if let Some(condition) = condition.filter(|c| unmet.contains(c)) {
                filled.answer = format!("{condition} does not hold.");
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

/// Header of [`checklist_lines`].
pub const CHECKLIST_HEADER: [&str; 6] = ["item", "section", "topic", "state", "answer", "weight"];

/// Lines of a CSV; the weight is empty where the guideline has none.
pub fn checklist_lines(items: &[FilledItem]) -> Vec<[String; 6]> {
    let line = |item: &FilledItem| {
        [
            item.number.clone(),
            item.section.clone(),
            item.topic.clone(),
            item.answered.in_words().to_owned(),
            item.answer.clone(),
            item.weight.map_or_else(String::new, |w| format!("{w:.4}")),
        ]
    };
    items.iter().map(line).collect()
}

/// A filled guideline as a section of a page.
pub(crate) fn section(checklist: &Checklist, items: &[FilledItem]) -> Markup {
    let weighted = items.iter().any(|i| i.weight.is_some());
    let rows: Vec<Vec<String>> = (items.iter())
        .map(|item| {
            let mut row = vec![
                item.number.clone(),
                item.topic.clone(),
                item.answered.in_words().to_owned(),
                item.answer.clone(),
            ];
            if weighted {
                row.insert(
                    2,
                    item.weight.map_or_else(String::new, |w| format!("{w:.4}")),
                );
            }
            row
        })
        .collect();
    let mut header = vec!["Item", "What is asked for", "State", "What triher can say"];
    if weighted {
        header.insert(2, "Weight");
    }
    let count = |who: Answered| items.iter().filter(|i| i.answered == who).count();
    html! {
        h2 { (checklist.name) }
        p { (checklist.source) ". Of " (items.len()) @if weighted { " items and conditions" } @else { " items" } " triher answers "
            (count(Answered::BySoftware)) ", " (count(Answered::InPart)) " in part; " (count(Answered::ByAuthor)) " are the author's, "
            (count(Answered::NotDone)) " were not done in this study"
            @if count(Answered::NotApplicable) > 0 { ", and " (count(Answered::NotApplicable)) " do not apply" } "." }
        @if weighted {
            p { (weights_in_words(items)) }
        }
        (table("", &header, &rows))
    }
}

/// What the weights come to, and that the score is not given here.
fn weights_in_words(items: &[FilledItem]) -> String {
    let sum = |states: &[Answered]| -> f64 {
        let of = items.iter().filter(|i| states.contains(&i.answered));
        100.0 * of.filter_map(|i| i.weight).sum::<f64>()
    };
    format!(
        "triher gives no score: whether an item is met is the author's to judge. The score is the weight of the items that are met over the weight of all \
         that apply. Of the weight of all items, {:.1} % is answered, {:.1} % answered in part, {:.1} % the author's, {:.1} % not done in this study and \
         {:.1} % does not apply.",
        sum(&[Answered::BySoftware]),
        sum(&[Answered::InPart]),
        sum(&[Answered::ByAuthor]),
        sum(&[Answered::NotDone]),
        sum(&[Answered::NotApplicable]),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

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
    }

    #[test]
    fn an_answer_makes_the_difference() {
        let claim = Checklist::claim_2024();
        let answers = BTreeMap::from([("missing".to_owned(), "medians".to_owned())]);
        let filled = claim.filled(&answers, &[]);
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
        assert_eq!(order[..2], ["Study design", "Imaging data"]);
        assert_eq!(
            order[4..],
            [
                "Testing",
                "Feature processing",
                "Preparation for modelling",
                "Segmentation",
                "Open science"
            ]
        );
        let named: Vec<&String> = conditions.iter().map(|c| &c.number).collect();
        let asked = items.iter().filter_map(|i| i.condition.as_ref());
        assert!(asked.into_iter().all(|c| named.contains(&c)));
    }

    #[test]
    fn an_item_whose_condition_does_not_hold_does_not_apply() {
        let metrics = Checklist::metrics();
        let filled = metrics.filled(&BTreeMap::new(), &["Condition 5"]);
        let of = |number: &str| filled.iter().find(|i| i.number == number).unwrap();
        assert_eq!(of("17").answered, Answered::NotApplicable);
        assert_eq!(of("Condition 5").answered, Answered::BySoftware);
        assert_eq!(of("Condition 5").answer, "No.");
        assert_eq!(of("15").answered, Answered::NotDone);
        assert!(weights_in_words(&filled).contains("2.0 % does not apply"));
    }
}
