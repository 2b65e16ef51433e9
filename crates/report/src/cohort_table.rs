//! The first table of a paper: who the patients are, by class and by centre.

use crate::catalogue::Catalogue;
use crate::page::table;
use maud::{Markup, html};
use triher_stats::{Compared, GroupSummary};

/// Characteristics of patients by one grouping.
#[derive(Debug, Clone, PartialEq)]
pub struct CohortTable {
    /// What the columns are: "class", "centre".
    pub by: String,
    /// Name of each group and its patients.
    pub groups: Vec<(String, usize)>,
    /// Name of each characteristic, its unit where it has one, and its comparison.
    pub rows: Vec<(String, String, Compared)>,
}

impl CohortTable {
    /// The lines of a CSV file with the header [`CohortTable::HEADER`]: one for each group and number, or group and level.
    pub fn lines(&self) -> Vec<Vec<String>> {
        let mut lines = Vec::new();
        let optional = |v: Option<f64>| v.map_or_else(String::new, |v| v.to_string());
        for (name, unit, compared) in &self.rows {
            for ((group, _), summary) in self.groups.iter().zip(&compared.groups) {
                let mut add = |level: &str, count: Option<usize>| {
                    let quartiles = summary.quartiles.filter(|_| count.is_none());
                    let at = |k: usize| optional(quartiles.map(|q| q[k]));
                    lines.push(vec![
                        self.by.clone(),
                        group.clone(),
                        name.clone(),
                        unit.clone(),
                        level.to_owned(),
                        count.map_or_else(String::new, |c| c.to_string()),
                        summary.known.to_string(),
                        summary.missing.to_string(),
                        at(0),
                        at(1),
                        at(2),
                        compared.test.map_or("", |t| t.in_words()).to_owned(),
                        optional(compared.p_value),
                        optional(compared.standardised_difference),
                    ]);
                };
                if compared.levels.is_empty() {
                    add("", None);
                }
                for (level, &count) in compared.levels.iter().zip(&summary.counts) {
                    add(level, Some(count));
                }
            }
        }
        lines
    }

    /// Header of the CSV file.
    pub const HEADER: [&'static str; 14] = [
        "by",
        "group",
        "characteristic",
        "unit",
        "level",
        "count",
        "known",
        "not_known",
        "median",
        "first_quartile",
        "third_quartile",
        "test",
        "p_value",
        "largest_standardised_difference",
    ];
}

/// The table as a page shows it.
pub(crate) fn cohort_table(of: &CohortTable, words: &Catalogue) -> Markup {
    let mut header = vec![words.text("cohort-characteristic")];
    let group = |(name, count): &(String, usize)| {
        let name = words.short_class(name);
        words.with(
            "cohort-group",
            &[("name", &name), ("count", &count.to_string())],
        )
    };
    header.extend(of.groups.iter().map(group));
    header.extend(["p", "SMD"].map(str::to_owned));
    let mut tests: Vec<String> = Vec::new();
    let mut rows = Vec::new();
    for (name, unit, compared) in &of.rows {
        if let Some(test) = compared.test.map(|t| words.said(t.in_words()))
            && !tests.contains(&test)
        {
            tests.push(test);
        }
        rows.extend(rows_of(name, unit, compared, words));
    }
    let caption = words.with("cohort-caption", &[("by", &words.said(&of.by))]);
    let tests = words.joined("list-comma", tests.into_iter());
    html! {
        (table(&caption, &header, &rows))
        p.note { (words.with("cohort-note", &[("tests", &tests)])) }
    }
}

/// A line for a number; for levels a line each below that of their name; and one for values that are not known.
fn rows_of(name: &str, unit: &str, compared: &Compared, words: &Catalogue) -> Vec<Vec<String>> {
    let name = match unit {
        "" => words.said(name),
        unit => words.with(
            "cohort-unit",
            &[("name", &words.said(name)), ("unit", unit)],
        ),
    };
    let ends = [
        words.p_value(compared.p_value),
        words.number(compared.standardised_difference, 2),
    ];
    let line = |head: String, cells: Vec<String>, ends: [String; 2]| {
        let mut line = vec![head];
        line.extend(cells);
        line.extend(ends);
        line
    };
    let groups = &compared.groups;
    let mut rows = Vec::new();
    if compared.levels.is_empty() {
        let cell = |g: &GroupSummary| match g.quartiles {
            Some([median, low, high]) => {
                let [median, low, high] = [median, low, high].map(short);
                let numbers = [("median", median), ("low", low), ("high", high)];
                let numbers = numbers.each_ref().map(|(key, n)| (*key, n.as_str()));
                words.with("cohort-quartiles", &numbers)
            }
            None => "-".to_owned(),
        };
        rows.push(line(name, groups.iter().map(cell).collect(), ends));
    } else {
        rows.push(line(name, vec![String::new(); groups.len()], ends));
        for (at, level) in compared.levels.iter().enumerate() {
            let cell = |g: &GroupSummary| {
                let share = g.counts[at] as f64 / g.known.max(1) as f64;
                let (count, share) = (g.counts[at].to_string(), words.percent(share, 0));
                words.with("cohort-count", &[("count", &count), ("share", &share)])
            };
            let cells = groups.iter().map(cell).collect();
            let level = format!("\u{2003}{}", words.short_class(level));
            rows.push(line(level, cells, Default::default()));
        }
    }
    if groups.iter().any(|g| g.missing > 0) {
        let cells = groups.iter().map(|g| g.missing.to_string()).collect();
        let unknown = format!("\u{2003}{}", words.text("cohort-unknown"));
        rows.push(line(unknown, cells, Default::default()));
    }
    rows
}

/// A number with about three digits.
fn short(value: f64) -> String {
    let digits = match value.abs() {
        v if v >= 100.0 => 0,
        v if v >= 10.0 => 1,
        _ => 2,
    };
    format!("{value:.digits$}")
}
