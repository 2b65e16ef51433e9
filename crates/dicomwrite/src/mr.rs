//! MR images out: the phases of a dynamic series in the ways that scanners lay them out.

use crate::modules::check_grid;
use crate::moment::Moment;
use crate::source::SourceImages;
use crate::stored::Scale;
use crate::{DicomWriteError, MrWriteOptions, PhaseLayout, classic, enhanced};
use std::path::{Path, PathBuf};
use triher_volume::DynamicSeries;

/// The images that were written.
#[derive(Clone, Debug, PartialEq)]
pub struct WrittenImages {
    /// Files, phase after phase, slice after slice; one for an enhanced object.
    pub files: Vec<PathBuf>,
    /// The slices of the pre-contrast phase, as a segmentation refers to them.
    pub source: SourceImages,
}

/// Writes the phases into a folder, which must exist, in explicit VR little endian.
///
/// Classic layouts give one MR Image Storage object a slice (`phase0-slice001.dcm`), the enhanced one a single Enhanced MR
/// Image Storage object (`enhanced.dcm`); files of these names are replaced. Any oblique, sagittal or left-handed grid with axes at right
/// angles keeps its voxels in place: slices are written in the grid's order with their own positions.
///
/// Whole numbers from 0 to 65,535 or from -32,768 to 32,767 are stored as they are; anything else over 65,535 steps of its range. RescaleSlope and
/// RescaleIntercept are the same for all phases; a classic object whose numbers are the values themselves has none, as the standard wants it. Identifiers are derived from
/// [`MrWriteOptions::uid_seed`] (SHA-256, under 2.25; PS3.5, B.2), and no clock is read: the same input gives the same bytes.
///
/// pydicom reads back every voxel, time and position (`tests/peers/check.py`, which also runs `dciodvfy`).
///
/// # Errors
/// [`DicomWriteError`]: voxels that are not finite, axes not at right angles, values that break the rules of their attribute, times that are
/// missing where the layout tells phases apart by them, files that cannot be written.
pub fn write_mr_phases(
    folder: &Path,
    options: &MrWriteOptions,
    series: &DynamicSeries,
) -> Result<WrittenImages, DicomWriteError> {
    let start = options.checked()?;
    check_grid(series.geometry())?;
    let scale = Scale::of(series)?;
    let moments = moments(options, start, series)?;
    match options.layout {
        PhaseLayout::EnhancedMultiFrame => {
            enhanced::write(folder, options, series, &scale, &moments)
        }
        _ => classic::write(folder, options, series, &scale, &moments),
    }
}

/// When a phase was acquired.
pub(crate) struct PhaseMoment {
    /// Seconds after the first phase.
    pub(crate) time_s: f64,
    pub(crate) moment: Moment,
}

/// When each phase was acquired; empty when the series has no times and the layout does without.
fn moments(
    options: &MrWriteOptions,
    start: Moment,
    series: &DynamicSeries,
) -> Result<Vec<PhaseMoment>, DicomWriteError> {
    match series.times_s() {
        Some(times) => times
            .into_iter()
            .map(|time_s| {
                let moment = start.later(time_s)?;
                Ok(PhaseMoment { time_s, moment })
            })
            .collect(),
        None if options.layout == PhaseLayout::OneSeriesTemporalPosition => Ok(Vec::new()),
        None => Err(DicomWriteError::NoTimes),
    }
}
