//! The names of features in words.

use crate::catalogue::Catalogue;

/// A feature of triher in words of the catalogue's language: "signal enhancement ratio, mean over the lesion" for `kin_ser_mean`.
///
/// Kinetics, sizes, first-order statistics and encoder components are known by their names' parts. Any other feature keeps its
/// technical name, and the words say that it is one.
pub fn feature_words(name: &str, words: &Catalogue) -> String {
    let known = kinetic(name, words)
        .or_else(|| size(name, words))
        .or_else(|| first_order(name, words))
        .or_else(|| embedding(name, words));
    known.unwrap_or_else(|| words.with("feature-other", &[("name", name)]))
}

fn kinetic(name: &str, words: &Catalogue) -> Option<String> {
    let name = name.strip_prefix("kin_")?;
    if let Some(pattern) = name.strip_prefix("pattern_") {
        let pattern = pattern.strip_suffix("_fraction")?.replace('_', " / ");
        return words.find("feature-pattern", &[("name", &pattern)]);
    }
    let without_unit = name.strip_suffix("_mm3").unwrap_or(name);
    if let Some(text) = words.find(&format!("feature-{without_unit}"), &[]) {
        return Some(text);
    }
    let (quantity, summary) = name.rsplit_once('_')?;
    let summary = words.find(&format!("summary-{summary}"), &[])?;
    let phase = quantity.strip_prefix("pe_").filter(|n| is_number(n));
    let quantity = match phase {
        Some(phase) => words.find("quantity-pe_phase", &[("phase", phase)])?,
        None => words.find(&format!("quantity-{quantity}"), &[])?,
    };
    words.find(
        "feature-kinetic",
        &[("quantity", &quantity), ("summary", &summary)],
    )
}

fn size(name: &str, words: &Catalogue) -> Option<String> {
    let name = name.strip_prefix("size_")?;
    let name = name
        .strip_suffix("_mm3")
        .or_else(|| name.strip_suffix("_mm"))?;
    words.find(&format!("feature-size_{name}"), &[])
}

fn first_order(name: &str, words: &Catalogue) -> Option<String> {
    let (source, statistic) = name.strip_prefix("fo_")?.split_once('_')?;
    let source = words.find(&format!("source-{source}"), &[])?;
    let statistic = words.find(&format!("statistic-{statistic}"), &[])?;
    words.find(
        "feature-first-order",
        &[("source", &source), ("statistic", &statistic)],
    )
}

fn embedding(name: &str, words: &Catalogue) -> Option<String> {
    let (input, component) = name.strip_prefix("emb_")?.rsplit_once('_')?;
    if !is_number(component) {
        return None;
    }
    words.find(
        "feature-embedding",
        &[("input", input), ("component", component)],
    )
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit())
}
