//! The abbreviations that a report uses, explained at its end.

use crate::catalogue::Catalogue;
use crate::page::facts;
use maud::{Markup, html};

/// Abbreviations and where the catalogue explains each.
const KNOWN: [(&str, &str); 34] = [
    ("AdamW", "abbreviation-adamw"),
    ("ASCO/CAP", "abbreviation-asco-cap"),
    ("AUC", "abbreviation-auc"),
    ("BCa", "abbreviation-bca"),
    ("C0", "abbreviation-c0"),
    ("CLAIM", "abbreviation-claim"),
    ("ComBat", "abbreviation-combat"),
    ("CSV", "abbreviation-csv"),
    ("DCE-MRI", "abbreviation-dce-mri"),
    ("emb_", "abbreviation-emb"),
    ("F1", "abbreviation-f1"),
    ("fo_", "abbreviation-fo"),
    ("GELU", "abbreviation-gelu"),
    ("HER2", "abbreviation-her2"),
    ("I\u{b2}", "abbreviation-i2"),
    ("I2", "abbreviation-i2"),
    ("IHC", "abbreviation-ihc"),
    ("ISH", "abbreviation-ish"),
    ("kin_", "abbreviation-kin"),
    ("L2", "abbreviation-l2"),
    ("LPS", "abbreviation-lps"),
    ("log-odds", "abbreviation-log-odds"),
    ("MRI", "abbreviation-mri"),
    ("PCA", "abbreviation-pca"),
    ("PE", "abbreviation-pe"),
    ("REML", "abbreviation-reml"),
    ("rad_", "abbreviation-rad"),
    ("ROC", "abbreviation-roc"),
    ("SER", "abbreviation-ser"),
    ("SHA-256", "abbreviation-sha256"),
    ("SMD", "abbreviation-smd"),
    ("t-SNE", "abbreviation-tsne"),
    ("TRIPOD+AI", "abbreviation-tripod"),
    ("UMAP", "abbreviation-umap"),
];

/// The abbreviations that stand in a text as words of their own, with what they mean.
pub(crate) fn abbreviations(text: &str, words: &Catalogue) -> Vec<(String, String)> {
    let used = KNOWN.iter().filter(|(short, _)| stands_in(text, short));
    used.map(|(short, key)| ((*short).to_owned(), words.text(key)))
        .collect()
}

/// Whether a word stands in a text with no letter or digit of Latin script beside it.
fn stands_in(text: &str, word: &str) -> bool {
    let open = word.ends_with('_');
    text.match_indices(word).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + word.len()..]);
        let free = |c: Option<char>| !c.is_some_and(|c| c.is_ascii_alphanumeric());
        free(before.chars().next_back()) && (open || free(after.chars().next()))
    })
}

/// A page's body with the abbreviations in it explained below.
pub(crate) fn with_abbreviations(body: &Markup, words: &Catalogue) -> Markup {
    // Pictures are text here too, in which any letters can stand.
    let pieces = body.0.split("data:image/png;base64,").enumerate();
    let text: String = pieces
        .map(|(number, piece)| match number {
            0 => piece,
            _ => piece.split_once('"').map_or("", |(_, after)| after),
        })
        .collect();
    let used = abbreviations(&text, words);
    html! {
        (body)
        @if !used.is_empty() {
            h2 { (words.text("abbreviations-heading")) }
            (facts("", &used))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Language;

    #[test]
    fn whole_words_are_explained() {
        let words = Catalogue::new(Language::English);
        let of = |text: &str| -> Vec<String> {
            let found = abbreviations(text, &words).into_iter();
            found.map(|(short, _)| short).collect()
        };
        assert_eq!(of("the macro AUC, by SERVER"), ["AUC"]);
        assert_eq!(of("emb_C2_7\u{7684}SER"), ["emb_", "SER"]);
        assert!(of("remb_C2 C00").is_empty());
        let picture = html! { img src="data:image/png;base64,a/PE+a" alt="ROC"; };
        let page = with_abbreviations(&picture, &words).0;
        assert!(page.contains(&words.text("abbreviation-roc")));
        assert!(!page.contains(&words.text("abbreviation-pe")));
        for (_, key) in KNOWN {
            assert!(words.find(key, &[]).is_some(), "{key}");
        }
    }
}
