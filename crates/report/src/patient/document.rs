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

impl Part<'_> {
    /// All that is written in it.
    pub(crate) fn text(&self) -> String {
        let lines = |texts: &[String]| texts.join("\n");
        match self {
            Self::Section(text) | Self::Subsection(text) | Self::Paragraph(text) => text.clone(),
            Self::List(sentences) => lines(sentences),
            Self::Notice {
                heading, sentences, ..
            } => format!("{heading}\n{}", lines(sentences)),
            Self::Facts { caption, rows } => {
                let rows = rows.iter().map(|(name, value)| format!("{name}\n{value}"));
                format!("{caption}\n{}", lines(&rows.collect::<Vec<_>>()))
            }
            Self::Table {
                caption,
                header,
                rows,
            } => {
                let rows = rows.iter().map(|row| lines(row));
                let rows = lines(&rows.collect::<Vec<_>>());
                format!("{caption}\n{}\n{rows}", lines(header))
            }
            Self::Figure { svg, caption } => format!("{svg}\n{caption}"),
            Self::Legend(entries) => {
                let entries = entries.iter().map(|(_, _, text)| text.clone());
                lines(&entries.collect::<Vec<_>>())
            }
            Self::Pictures { pictures, .. } => {
                let captions = pictures.iter().map(|p| p.caption.clone());
                lines(&captions.collect::<Vec<_>>())
            }
        }
    }
}
