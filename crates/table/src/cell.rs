//! Single cells: numbers, missing values, text.

/// Longest text that is kept from a cell, in bytes.
pub(crate) const LONGEST_TEXT: usize = 1 << 16;

/// What a cell of a numeric column holds.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Cell {
    Number(f64),
    Missing,
    Text,
}

/// Whether a text stands for a missing value: empty, `NA`, `N/A`, `NaN`, `null` or `none` in any case, `<NA>`, `#N/A`, `.`,
/// with or without blanks around it.
pub(crate) fn is_missing(text: &str) -> bool {
    const WORDS: [&str; 9] = ["", "na", "n/a", "nan", "null", "none", "<na>", "#n/a", "."];
    let text = text.trim();
    text.len() <= 4 && WORDS.iter().any(|word| text.eq_ignore_ascii_case(word))
}

/// Reads a cell of a column that may be numeric. Infinite numbers come out as such.
pub(crate) fn parse(text: &str) -> Cell {
    let text = text.trim();
    if is_missing(text) {
        return Cell::Missing;
    }
    match text.parse::<f64>() {
        Ok(value) if value.is_nan() => Cell::Missing,
        Ok(value) => Cell::Number(value),
        Err(_) => Cell::Text,
    }
}

/// A text cell; `None` when it is missing. The words `none` and `null` are texts here.
pub(crate) fn text(cell: &str) -> Option<String> {
    let cell = cell.trim();
    let word = ["none", "null", "."]
        .iter()
        .any(|w| cell.eq_ignore_ascii_case(w));
    (word || !is_missing(cell)).then(|| cell.to_owned())
}

/// A number as a label or an identifier: integers without decimals.
pub(crate) fn number_as_text(value: f64) -> Option<String> {
    if value.is_nan() {
        return None;
    }
    if value.fract() == 0.0 && value.abs() < 1e15 {
        return Some(format!("{}", value as i64));
    }
    Some(decimal(value))
}

/// The shortest decimal that reads back as the same number; scientific where plain digits would be long.
pub(crate) fn decimal(value: f64) -> String {
    let size = value.abs();
    if size == 0.0 || (1e-5..1e16).contains(&size) {
        format!("{value}")
    } else {
        format!("{value:e}")
    }
}

/// The first characters of a text, for a message.
pub(crate) fn shorten(text: &str) -> String {
    const LENGTH: usize = 40;
    let mut short: String = text.trim().chars().take(LENGTH).collect();
    if text.trim().chars().nth(LENGTH).is_some() {
        short.push_str("...");
    }
    short
}

/// The first few names, for a message.
pub(crate) fn list<'a>(names: impl IntoIterator<Item = &'a str>, count: usize) -> String {
    let mut names = names.into_iter();
    let mut text = names.by_ref().take(count).collect::<Vec<_>>().join(", ");
    match names.count() {
        0 => {}
        more => text.push_str(&format!(" and {more} more")),
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn cells_are_numbers_missing_or_text() {
        assert_eq!(parse(" 1.5e-3 "), Cell::Number(0.0015));
        assert_eq!(parse("inf"), Cell::Number(f64::INFINITY));
        for missing in [
            "", " ", "NA", "nan", "-NaN", "N/A", "#N/A", "<NA>", "NULL", "None", ".",
        ] {
            assert_eq!(parse(missing), Cell::Missing, "{missing:?}");
        }
        for words in ["1,5", "0x10", "1_000", "II", "3 mm"] {
            assert_eq!(parse(words), Cell::Text, "{words:?}");
        }
        assert_eq!(text(" none "), Some("none".to_owned()));
        assert_eq!(text("NA"), None);
        assert_eq!(number_as_text(2.0), Some("2".to_owned()));
        assert_eq!(number_as_text(0.5), Some("0.5".to_owned()));
        assert_eq!(list(["a", "b", "c"], 2), "a, b and 1 more");
    }

    proptest! {
        #[test]
        fn a_written_number_reads_back(value in proptest::num::f64::NORMAL | proptest::num::f64::SUBNORMAL | proptest::num::f64::ZERO) {
            prop_assert_eq!(parse(&decimal(value)), Cell::Number(value));
        }
    }
}
