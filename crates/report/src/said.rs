//! Sentences of the numeric crates in the language of a report.
//!
//! Those crates know no language: their notes are English. The catalogue holds each of them as a pattern under a key that begins with
//! `said-`, and a note is translated by the pattern that it fits. A note that fits none stays English, and the report says so.

use crate::catalogue::{Catalogue, Language, word_of_class};

/// A piece of a pattern.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Piece<'a> {
    Text(&'a str),
    Placeholder(&'a str),
}

/// A sentence of the catalogue to be recognised.
#[derive(Debug, Clone)]
pub(crate) struct Pattern {
    key: &'static str,
    pieces: Vec<Piece<'static>>,
}

/// The patterns of the English catalogue, those with most text first: they say most about a sentence.
pub(crate) fn patterns() -> Vec<Pattern> {
    let lines = Language::English.lines();
    let said = lines.filter(|(key, _)| key.starts_with("said-"));
    let mut patterns: Vec<Pattern> = said
        .map(|(key, text)| Pattern {
            key,
            pieces: pieces(text),
        })
        .collect();
    patterns.sort_by_key(|pattern| std::cmp::Reverse(pattern.letters()));
    patterns
}

impl Pattern {
    /// Letters that are not placeholders.
    fn letters(&self) -> usize {
        let of = |piece: &Piece<'_>| match piece {
            Piece::Text(text) => text.chars().count(),
            Piece::Placeholder(_) => 0,
        };
        self.pieces.iter().map(of).sum()
    }
}

/// "Only { $n } rows" as its pieces.
fn pieces(pattern: &str) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = pattern;
    while let Some((text, after)) = rest.split_once("{ $") {
        let Some((name, after)) = after.split_once(" }") else {
            break;
        };
        if !text.is_empty() {
            pieces.push(Piece::Text(text));
        }
        pieces.push(Piece::Placeholder(name));
        rest = after;
    }
    if !rest.is_empty() {
        pieces.push(Piece::Text(rest));
    }
    pieces
}

/// What stands in a sentence where the pattern has its placeholders; `None` when it does not fit.
fn fit<'a>(pieces: &[Piece<'a>], sentence: &'a str) -> Option<Vec<(&'a str, &'a str)>> {
    match pieces {
        [] => sentence.is_empty().then(Vec::new),
        [Piece::Text(text), rest @ ..] => fit(rest, sentence.strip_prefix(text)?),
        [Piece::Placeholder(name)] => (!sentence.is_empty()).then(|| vec![(*name, sentence)]),
        [Piece::Placeholder(name), rest @ ..] => {
            let [Piece::Text(next), ..] = rest else {
                return None;
            };
            sentence.match_indices(next).find_map(|(at, _)| {
                let (value, after) = sentence.split_at(at);
                let mut found = fit(rest, after).filter(|_| !value.is_empty())?;
                found.push((*name, value));
                Some(found)
            })
        }
    }
}

impl Catalogue {
    /// A sentence of another crate in the catalogue's language; as it is when the catalogue does not know it.
    pub fn said(&self, sentence: &str) -> String {
        self.translated(sentence)
            .unwrap_or_else(|| sentence.to_owned())
    }

    /// Whether a sentence of another crate can be said in the catalogue's language.
    pub fn can_say(&self, sentence: &str) -> bool {
        self.translated(sentence).is_some()
    }

    fn translated(&self, sentence: &str) -> Option<String> {
        if self.language() == Language::English {
            return Some(sentence.to_owned());
        }
        let fitted = (self.patterns().iter())
            .find_map(|pattern| Some((pattern, fit(&pattern.pieces, sentence)?)));
        // A list whose parts all have sentences of their own is no sentence with a list in one of its places.
        let spans = (fitted.iter()).any(|(_, found)| found.iter().any(|(_, v)| v.contains(", ")));
        if let (true, Some(list)) = (spans, self.translated_list(sentence)) {
            return Some(list);
        }
        let whole = fitted.and_then(|(pattern, found)| {
            let said: Vec<(&str, String)> = (found.into_iter())
                .map(|(name, value)| (name, self.part(value)))
                .collect();
            let said: Vec<(&str, &str)> = said.iter().map(|(n, v)| (*n, v.as_str())).collect();
            self.find(pattern.key, &said)
        });
        // What holds Chinese marks has been said already.
        let said = || sentence.contains(['\u{3002}', '\u{ff0c}', '\u{ff1a}', '\u{ff08}']);
        let whole = whole.or_else(|| said().then(|| sentence.to_owned()));
        whole.or_else(|| self.translated_list(sentence))
    }

    /// A list whose every part can be said.
    fn translated_list(&self, sentence: &str) -> Option<String> {
        let said: Option<Vec<String>> = (parts(sentence)?.into_iter())
            .map(|part| self.translated(part))
            .collect();
        Some(self.joined("list-comma", said?.into_iter()))
    }

    /// What a placeholder or a legend holds: a class, a sentence itself, or a name that stays.
    pub(crate) fn part(&self, value: &str) -> String {
        let class = self.find(&format!("short-class-{}", word_of_class(value)), &[]);
        class.unwrap_or_else(|| self.said(value))
    }
}

/// The parts of a list with commas outside of brackets; `None` for fewer than two.
fn parts(text: &str) -> Option<Vec<&str>> {
    let mut depth = 0_i32;
    let mut parts = Vec::new();
    let mut start = 0;
    for (at, character) in text.char_indices() {
        match character {
            '(' => depth += 1,
            ')' => depth -= 1,
            ',' if depth == 0 && text[at..].starts_with(", ") => {
                parts.push(&text[start..at]);
                start = at + 2;
            }
            _ => {}
        }
    }
    parts.push(text.get(start..)?);
    (parts.len() > 1).then_some(parts)
}

/// Notes in the catalogue's language; the last one says so when some stay English.
pub(crate) fn said_notes<'a>(
    notes: impl IntoIterator<Item = &'a String>,
    words: &Catalogue,
) -> Vec<String> {
    let mut strange = false;
    let mut said: Vec<String> = (notes.into_iter())
        .map(|note| {
            strange |= !words.can_say(note);
            words.said(note)
        })
        .collect();
    if strange {
        said.push(words.text("untranslated"));
    }
    said
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_fits_its_pattern_and_no_other() {
        let pattern = pieces("{ $n } of { $all } rows: { $why }");
        let fitted = fit(&pattern, "3 of 10 rows: out of time").unwrap();
        assert_eq!(fitted, [("why", "out of time"), ("all", "10"), ("n", "3")]);
        assert!(fit(&pattern, "3 of 10 rows: ").is_none());
        assert!(fit(&pattern, "rows").is_none());
        assert!(fit(&pieces("whole"), "whole").is_some() && fit(&[], "x").is_none());
    }

    #[test]
    fn lists_part_outside_of_brackets() {
        assert_eq!(parts("a (b, c), d"), Some(vec!["a (b, c)", "d"]));
        assert_eq!(parts("a (b, c)"), None);
    }

    #[test]
    fn a_list_is_not_swallowed_by_the_place_of_a_sentence() {
        let words = Catalogue::new(Language::Chinese);
        let said = words.said("zero 6, low 8");
        assert!(
            !said.contains("low") && said.contains('6') && said.contains('8'),
            "{said}"
        );
    }

    #[test]
    fn what_is_not_known_stays() {
        for language in Language::ALL {
            let words = Catalogue::new(language);
            assert_eq!(words.said("Nobody says this."), "Nobody says this.");
        }
        assert!(!Catalogue::new(Language::Chinese).can_say("Nobody says this."));
    }
}
