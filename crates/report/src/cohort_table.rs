//! The first table of a paper: who the patients are, by class and by centre.

use crate::page::table;
use crate::text;
use maud::{Markup, html};
use triher_stats::Compared;

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
pub(crate) fn cohort_table(of: &CohortTable) -> Markup {
    let mut header = vec!["Characteristic".to_owned()];
    let groups = of.groups.iter();
    header.extend(groups.map(|(name, count)| format!("{name} (n = {count})")));
    header.extend(["p".to_owned(), "SMD".to_owned()]);
    let mut tests: Vec<&str> = Vec::new();
    let mut rows = Vec::new();
    for (name, unit, compared) in &of.rows {
        if let Some(test) = compared.test.map(|t| t.in_words())
            && !tests.contains(&test)
        {
            tests.push(test);
        }
        let name = match unit.as_str() {
            "" => name.clone(),
            unit => format!("{name}, {unit}"),
        };
        let ends = [
            p_in_words(compared.p_value),
            text::number(compared.standardised_difference, 2),
        ];
        let line = |head: String, cells: Vec<String>, ends: [String; 2]| {
            let mut line = vec![head];
            line.extend(cells);
            line.extend(ends);
            line
        };
        let groups = &compared.groups;
        if compared.levels.is_empty() {
            let cell = |g: &triher_stats::GroupSummary| match g.quartiles {
                Some([median, low, high]) => {
                    format!("{} ({} to {})", short(median), short(low), short(high))
                }
                None => "-".to_owned(),
            };
            rows.push(line(name, groups.iter().map(cell).collect(), ends));
        } else {
            rows.push(line(name, vec![String::new(); groups.len()], ends));
            for (at, level) in compared.levels.iter().enumerate() {
                let cell = |g: &triher_stats::GroupSummary| {
                    let share = g.counts[at] as f64 / g.known.max(1) as f64;
                    format!("{} ({})", g.counts[at], text::percent(share, 0))
                };
                let cells = groups.iter().map(cell).collect();
                rows.push(line(format!("\u{2003}{level}"), cells, Default::default()));
            }
        }
        if groups.iter().any(|g| g.missing > 0) {
            let cells = groups.iter().map(|g| g.missing.to_string()).collect();
            rows.push(line(
                "\u{2003}not known".to_owned(),
                cells,
                Default::default(),
            ));
        }
    }
    let header: Vec<&str> = header.iter().map(String::as_str).collect();
    let caption = format!("Patients by {}.", of.by);
    html! {
        (table(&caption, &header, &rows))
        p.note { "Numbers: median (quartiles). p: " (tests.join(", ")) ", not corrected for the number of rows. SMD: largest standardised mean \
                 difference between two columns; above 0.1 it is usually looked at." }
    }
}

/// "<0.001", or three digits.
fn p_in_words(p: Option<f64>) -> String {
    match p {
        Some(p) if p < 0.001 => "<0.001".to_owned(),
        p => text::number(p, 3),
    }
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
