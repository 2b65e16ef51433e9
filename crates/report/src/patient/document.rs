//! What a report says, part after part, before it becomes HTML or PDF.

use crate::picture::GreyImage;

/// A report: what both writers put on paper.
pub(crate) struct Document<'a> {
    pub(crate) title: String,
    pub(crate) subtitle: String,
    pub(crate) parts: Vec<Part<'a>>,
}

/// A box's meaning, which decides its colour.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoticeKind {
    Warning,
    Simulated,
    Calm,
}

impl NoticeKind {
    /// Class of the style sheet.
    pub(crate) fn class(self) -> &'static str {
        match self {
            Self::Warning => "warning",
            Self::Simulated => "simulated",
            Self::Calm => "calm",
        }
    }
}

/// A picture with what is drawn over it.
pub(crate) struct Picture<'a> {
    pub(crate) image: &'a GreyImage,
    pub(crate) outlines: &'a [Vec<[f64; 2]>],
    pub(crate) crop: Option<[f64; 4]>,
    pub(crate) caption: String,
    pub(crate) sharp: bool,
}

/// A part of a report.
pub(crate) enum Part<'a> {
    /// A section's heading.
    Section(String),
    /// A heading below it.
    Subsection(String),
    Paragraph(String),
    /// Sentences one below the other, each with a bullet.
    List(Vec<String>),
    /// A box with a heading.
    Notice {
        kind: NoticeKind,
        heading: String,
        sentences: Vec<String>,
    },
    /// Two columns: what, and its value.
    Facts {
        caption: String,
        rows: Vec<(String, String)>,
    },
    Table {
        caption: String,
        header: Vec<String>,
        rows: Vec<Vec<String>>,
    },
    /// An SVG document.
    Figure {
        svg: String,
        caption: String,
    },
    /// What the lines on pictures mean: colour, dashes, text.
    Legend(Vec<(&'static str, &'static str, String)>),
    Pictures {
        small: bool,
        pictures: Vec<Picture<'a>>,
    },
}
