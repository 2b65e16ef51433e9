//! The classes of the HER2 scale, however a table writes them.

/// The scale's words in their order.
const WORDS: [&str; 4] = ["zero", "ultralow", "low", "positive"];

/// The word of a class of the HER2 scale and its place on it, whatever its case: `zero`, `ultralow`, `low` and `positive`, alone or behind "HER2"
/// (`HER2-low`, `her2_zero`, `HER2/neu ultra-low`, `HER2 0`, `HER2+`). `None` for any other class.
pub fn her2_scale(class: &str) -> Option<(usize, &'static str)> {
    let text = class.trim().to_ascii_lowercase();
    let (named, rest) = match text.strip_prefix("her2") {
        Some(rest) => (true, rest.strip_prefix("/neu").unwrap_or(rest)),
        None => (false, text.as_str()),
    };
    let word: String = rest
        .chars()
        .filter(|c| !matches!(c, '-' | '_' | ' '))
        .collect();
    let word = match (word.as_str(), named) {
        ("0", true) => "zero",
        ("+" | "pos", true) => "positive",
        (word, _) => word,
    };
    let place = WORDS.iter().position(|w| *w == word)?;
    Some((place, WORDS[place]))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_known_however_they_are_written() {
        for (class, place) in [
            ("zero", 0),
            ("Zero ", 0),
            ("HER2 0", 0),
            ("HER2-ultra-low", 1),
            ("her2_low", 2),
            ("HER2/neu positive", 3),
            ("HER2+", 3),
        ] {
            assert_eq!(her2_scale(class), Some((place, WORDS[place])), "{class}");
        }
        for class in ["", "HER2", "0", "+", "HER2-negative", "lowest", "Luminal"] {
            assert_eq!(her2_scale(class), None, "{class}");
        }
    }
}
