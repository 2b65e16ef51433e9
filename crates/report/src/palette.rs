//! Colours, dashes and shapes of the classes.
//!
//! Source: Okabe and Ito, Color Universal Design (2008). Yellow is left out of the classes because it is
//! faint on white; it serves as the outline on dark pictures.

/// How one class is drawn everywhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Style {
    pub(crate) colour: &'static str,
    /// `stroke-dasharray`; empty for a solid line.
    pub(crate) dash: &'static str,
    pub(crate) marker: Marker,
}

/// Shape of a point.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Marker {
    Circle,
    Square,
    Triangle,
    Diamond,
    Cross,
}

const STYLES: [Style; 6] = [
    Style {
        colour: "#0072B2",
        dash: "",
        marker: Marker::Circle,
    },
    Style {
        colour: "#009E73",
        dash: "7 3",
        marker: Marker::Square,
    },
    Style {
        colour: "#D55E00",
        dash: "2 2",
        marker: Marker::Triangle,
    },
    Style {
        colour: "#CC79A7",
        dash: "9 3 2 3",
        marker: Marker::Diamond,
    },
    Style {
        colour: "#E69F00",
        dash: "12 3",
        marker: Marker::Circle,
    },
    Style {
        colour: "#56B4E9",
        dash: "4 4",
        marker: Marker::Square,
    },
];

/// A call that is right, and one that is wrong: a pale circle, and a dark cross in the colour that the eye goes to first. They differ in hue,
/// lightness and shape.
pub(crate) const RIGHT: Style = Style {
    colour: "#56B4E9",
    dash: "",
    marker: Marker::Circle,
};
pub(crate) const WRONG: Style = Style {
    colour: "#D55E00",
    dash: "2 2",
    marker: Marker::Cross,
};
/// A point whose group is not known.
pub(crate) const UNKNOWN: Style = Style {
    colour: "#b4bcc4",
    dash: "",
    marker: Marker::Circle,
};

/// The style of class `index`; beyond six classes they repeat.
pub(crate) fn class(index: usize) -> Style {
    STYLES[index % STYLES.len()]
}

/// Text and axes.
pub(crate) const INK: &str = "#1f2328";
/// Secondary text.
pub(crate) const QUIET: &str = "#57606a";
/// Grid lines.
pub(crate) const GRID: &str = "#d8dee4";
/// Outline of the lesion on a picture.
pub(crate) const OUTLINE: &str = "#F0E442";
/// Crop that the encoder saw, on a picture.
pub(crate) const CROP: &str = "#56B4E9";
/// The largest attribution on a picture, and the colour its legend shows.
pub(crate) const HEAT_SAMPLE: &str = "#D53200";
/// Fill of the confusion matrix at its darkest: Okabe-Ito blue, darkened for white letters.
pub(crate) const HEAT: [u8; 3] = [0, 78, 128];
