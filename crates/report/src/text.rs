//! How numbers are written in reports.

use triher_stats::{Estimate, Proportion};

/// A number with fixed digits, or words when there is none.
pub(crate) fn number(value: Option<f64>, digits: usize) -> String {
    match value {
        Some(value) if value.is_finite() => format!("{value:.digits$}"),
        _ => "not available".into(),
    }
}

/// "0.795 to 0.846" that does not break over lines, or nothing.
pub(crate) fn interval(ci: Option<[f64; 2]>, digits: usize) -> Option<String> {
    ci.filter(|[low, high]| low.is_finite() && high.is_finite())
        .map(|[low, high]| format!("{low:.digits$}\u{a0}to\u{a0}{high:.digits$}"))
}

/// "0.821 (0.795 to 0.846)".
pub(crate) fn with_interval(value: Option<f64>, ci: Option<[f64; 2]>, digits: usize) -> String {
    match interval(ci, digits) {
        Some(ci) => format!("{} ({ci})", number(value, digits)),
        None => number(value, digits),
    }
}

/// An estimate with its interval, three digits.
pub(crate) fn estimate(estimate: &Estimate) -> String {
    with_interval(estimate.value, estimate.ci95, 3)
}

/// "0.80 (0.49 to 0.94), 8 of 10".
pub(crate) fn proportion(p: &Proportion) -> String {
    if p.value.is_none() {
        return "no cases".into();
    }
    format!(
        "{}, {}\u{a0}of\u{a0}{}",
        with_interval(p.value, p.ci95, 2),
        p.numerator,
        p.denominator
    )
}

/// "34.2 %".
pub(crate) fn percent(share: f64, digits: usize) -> String {
    if share.is_finite() {
        format!("{:.digits$}\u{a0}%", 100.0 * share)
    } else {
        "not available".into()
    }
}

/// The level of intervals: "95 %".
pub(crate) fn level(confidence: f64) -> String {
    let text = format!("{:.2}", 100.0 * confidence);
    format!(
        "{}\u{a0}%",
        text.trim_end_matches('0').trim_end_matches('.')
    )
}
