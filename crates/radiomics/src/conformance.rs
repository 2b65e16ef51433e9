//! Comparison with the IBSI's reference values.

use crate::FeatureValue;

/// A row of the IBSI's tables of reference values.
#[derive(Clone, Debug, PartialEq)]
pub struct ReferenceRow {
    /// `digital_phantom`, or `config_A` to `config_E` of the CT phantom.
    pub dataset: String,
    /// Family with its aggregation.
    pub family: String,
    /// The IBSI's name of the feature.
    pub feature: String,
    /// How many teams agree: `>= 10`, `6-9`, `3-5`, `< 3`, `not standardized`.
    pub consensus: String,
    /// The value that they agree on, when they do.
    pub value: Option<f64>,
    /// How far from it a value may lie.
    pub tolerance: f64,
    /// The IBSI's tag.
    pub tag: String,
}

impl ReferenceRow {
    /// Whether six teams and more agree on a value, so that it binds.
    pub fn binds(&self) -> bool {
        self.value.is_some() && matches!(self.consensus.as_str(), ">= 10" | "6-9")
    }
}

/// What a row's comparison gives.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Outcome {
    /// Within tolerance.
    Within,
    /// Not within tolerance of a value that binds.
    Differs,
    /// Not within tolerance of a value that five teams or fewer agree on.
    DiffersFromWeak,
    /// The IBSI states no value.
    NoReference,
    /// No feature of this tag was computed.
    Absent,
}

/// Compares a feature with its reference as the IBSI does: rounded to three significant figures, then `|x - reference| <= tolerance`. Counts of
/// voxels and extreme intensities are stated in full, so a value that agrees without rounding agrees as well.
pub fn compare(feature: Option<&FeatureValue>, reference: &ReferenceRow) -> Outcome {
    let Some(expected) = reference.value else {
        return Outcome::NoReference;
    };
    let Some(feature) = feature else {
        return Outcome::Absent;
    };
    // The reference is rounded, too: a hair for the binary fractions of both.
    let reach = reference.tolerance + 1e-9 * expected.abs().max(1e-3);
    let agrees = |value: f64| (value - expected).abs() <= reach;
    if agrees(three_figures(feature.value)) || agrees(feature.value) {
        Outcome::Within
    } else if reference.binds() {
        Outcome::Differs
    } else {
        Outcome::DiffersFromWeak
    }
}

/// A number rounded to three significant figures.
pub fn three_figures(value: f64) -> f64 {
    if value == 0.0 || !value.is_finite() {
        return value;
    }
    let digits = 2 - value.abs().log10().floor() as i32;
    // Powers of ten are exact one way only.
    if digits >= 0 {
        let scale = 10f64.powi(digits);
        (value * scale).round() / scale
    } else {
        let scale = 10f64.powi(-digits);
        (value / scale).round() * scale
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn three_figures_are_kept() {
        for (value, rounded) in [
            (0.0, 0.0),
            (555.6, 556.0),
            (0.041_12, 0.0411),
            (-123_456.0, -123_000.0),
            (9.996, 10.0),
            (1.005e-7, 1.01e-7),
        ] {
            assert!(
                (three_figures(value) - rounded).abs() <= 1e-12 * f64::abs(rounded),
                "{value}"
            );
        }
    }

    #[test]
    fn only_six_teams_bind() {
        let mut row = ReferenceRow {
            dataset: "config_A".to_owned(),
            family: String::new(),
            feature: String::new(),
            consensus: "6-9".to_owned(),
            value: Some(1.0),
            tolerance: 0.0,
            tag: "x".to_owned(),
        };
        let feature = FeatureValue {
            tag: "x".to_owned(),
            family: String::new(),
            name: String::new(),
            value: 1.004,
            unit: String::new(),
            flags: String::new(),
        };
        assert_eq!(compare(Some(&feature), &row), Outcome::Within);
        row.value = Some(1.02);
        assert_eq!(compare(Some(&feature), &row), Outcome::Differs);
        row.consensus = "3-5".to_owned();
        assert_eq!(compare(Some(&feature), &row), Outcome::DiffersFromWeak);
        assert_eq!(compare(None, &row), Outcome::Absent);
    }
}
