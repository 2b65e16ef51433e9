//! Figures as files: SVG, the same as PNG for a page in print, and the numbers that were drawn as CSV.

use crate::StudyError;
use crate::explain::csv_of;
use triher_report::Rasters;

/// Pixels of a figure's width: 180 mm of a page at 300 to the inch.
const WIDTH_PX: u32 = 2126;

/// A figure and the numbers it was drawn from.
pub(crate) struct FigureFiles {
    name: String,
    svg: String,
    numbers: Vec<u8>,
}

impl FigureFiles {
    /// A figure by its name, with the header and the lines of its numbers.
    ///
    /// # Errors
    /// None that text can cause.
    pub(crate) fn new<L>(
        name: impl Into<String>,
        svg: String,
        header: &[&str],
        lines: impl Iterator<Item = L>,
    ) -> Result<Self, StudyError>
    where
        L: IntoIterator<Item = String>,
    {
        Ok(Self::drawn(name, svg, csv_of(header, lines)?))
    }

    /// A figure with its numbers as a CSV.
    pub(crate) fn drawn(name: impl Into<String>, svg: String, numbers: Vec<u8>) -> Self {
        Self {
            name: name.into(),
            svg,
            numbers,
        }
    }
}

/// What draws figures as PNG; its fonts are read once.
pub(crate) struct FigureWriter(Rasters);

impl FigureWriter {
    /// # Errors
    /// None with the fonts that ship.
    pub(crate) fn new() -> Result<Self, StudyError> {
        Ok(Self(Rasters::new()?))
    }

    /// Hands over `NAME.svg`, `NAME.png` and `NAME.csv` of each figure, with a folder (or nothing) before the name.
    ///
    /// # Errors
    /// When a figure cannot be drawn, and what `put` fails with.
    pub(crate) fn put(
        &self,
        folder: &str,
        figures: &[FigureFiles],
        mut put: impl FnMut(&str, &[u8]) -> Result<(), StudyError>,
    ) -> Result<(), StudyError> {
        for FigureFiles { name, svg, numbers } in figures {
            put(&format!("{folder}{name}.svg"), svg.as_bytes())?;
            put(&format!("{folder}{name}.png"), &self.0.png(svg, WIDTH_PX)?)?;
            put(&format!("{folder}{name}.csv"), numbers)?;
        }
        Ok(())
    }
}
