//! How numbers are written in reports.

use crate::catalogue::{Catalogue, word_of_class};
use triher_stats::{Estimate, Proportion};

impl Catalogue {
    /// "0.795 to 0.846" that does not break over lines, or nothing.
    pub(crate) fn interval(&self, ci: Option<[f64; 2]>, digits: usize) -> Option<String> {
        let [low, high] = ci.filter(|bounds| bounds.iter().all(|b| b.is_finite()))?;
        let [low, high] = [low, high].map(|bound| format!("{bound:.digits$}"));
        Some(self.with("interval", &[("low", &low), ("high", &high)]))
    }

    /// An interval, or words when there is none.
    pub(crate) fn interval_or_none(&self, ci: Option<[f64; 2]>, digits: usize) -> String {
        self.interval(ci, digits)
            .unwrap_or_else(|| self.text("not-available"))
    }

    /// "0.821 (0.795 to 0.846)".
    pub(crate) fn with_interval(
        &self,
        value: Option<f64>,
        ci: Option<[f64; 2]>,
        digits: usize,
    ) -> String {
        let value = self.number(value, digits);
        match self.interval(ci, digits) {
            Some(interval) => self.with(
                "with-interval",
                &[("value", &value), ("interval", &interval)],
            ),
            None => value,
        }
    }

    /// An estimate with its interval, three digits.
    pub fn estimate(&self, estimate: &Estimate) -> String {
        self.with_interval(estimate.value, estimate.ci95, 3)
    }

    /// "0.80 (0.49 to 0.94), 8 of 10".
    pub(crate) fn proportion(&self, p: &Proportion) -> String {
        if p.value.is_none() {
            return self.text("no-cases");
        }
        self.with(
            "share-of",
            &[
                ("value", &self.with_interval(p.value, p.ci95, 2)),
                ("part", &p.numerator.to_string()),
                ("whole", &p.denominator.to_string()),
            ],
        )
    }

    /// The level of intervals: "95 %".
    pub(crate) fn level(&self, confidence: f64) -> String {
        let text = format!("{:.2}", 100.0 * confidence);
        let value = text.trim_end_matches('0').trim_end_matches('.');
        self.with("percent", &[("value", value)])
    }

    /// "0.031", "< 0.001".
    pub(crate) fn p_value(&self, p: Option<f64>) -> String {
        match p {
            Some(p) if p < 0.001 => "< 0.001".into(),
            p => self.number(p, 3),
        }
    }

    /// A class as figures and tables name it: its own name, or a short one in the catalogue's language.
    pub fn short_class(&self, class: &str) -> String {
        self.find(&format!("short-class-{}", word_of_class(class)), &[])
            .unwrap_or_else(|| class.to_owned())
    }

    /// "low against the rest".
    pub(crate) fn against_rest(&self, class: &str) -> String {
        self.with("against-rest", &[("class", &self.short_class(class))])
    }

    /// The classes by their short names, one after the other: "zero / low / positive".
    pub(crate) fn classes(&self, classes: &[String]) -> String {
        let names = classes.iter().map(|class| self.short_class(class));
        names.collect::<Vec<_>>().join(" / ")
    }

    /// A level of a variable: a name, or a range of numbers as the numeric crates write it, "50 to 65".
    pub(crate) fn subgroup_level(&self, level: &str) -> String {
        let number = |text: &str| text.parse::<f64>().is_ok();
        match level.split_once(" to ") {
            Some((low, high)) if number(low) && number(high) => {
                self.with("interval", &[("low", low), ("high", high)])
            }
            _ => self.said(level),
        }
    }

    /// A cut between ordered classes, as the statistics name it in English: "low or positive against zero".
    pub(crate) fn decision(&self, question: &str) -> String {
        let Some((above, below)) = question.split_once(" against ") else {
            return question.to_owned();
        };
        let side = |names: &str| {
            let names = names.split(" or ").map(|name| self.short_class(name));
            self.joined("list-or", names)
        };
        self.with(
            "decision",
            &[("above", &side(above)), ("below", &side(below))],
        )
    }

    /// Names joined two by two with a sentence of the catalogue.
    pub fn joined(&self, key: &str, names: impl Iterator<Item = String>) -> String {
        let pair = |first: String, second: String| {
            self.with(key, &[("first", &first), ("second", &second)])
        };
        names.reduce(pair).unwrap_or_default()
    }

    /// The sentences of several keys, for the head of a table.
    pub(crate) fn header(&self, keys: &[&str]) -> Vec<String> {
        keys.iter().map(|key| self.text(key)).collect()
    }
}
