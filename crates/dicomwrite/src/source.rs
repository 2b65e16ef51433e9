//! What a segmentation says of the images that it was drawn on.

use crate::DicomWriteError;
use crate::modules::PatientStudy;
use triher_volume::Geometry;

/// The images that a segmentation was drawn on: those that [`write_mr_phases`](crate::write_mr_phases) wrote, or others, whose
/// identifiers the caller has read.
///
/// The segmentation becomes part of their study, so that an archive files it with them and a viewer can lay it over them.
#[derive(Clone, Debug, PartialEq)]
pub struct SourceImages {
    /// Patient and study of the images.
    pub patient: PatientStudy,
    /// Their grid.
    pub geometry: Geometry,
    /// FrameOfReferenceUID.
    pub frame_of_reference_uid: String,
    /// SOPClassUID.
    pub sop_class_uid: String,
    /// SeriesInstanceUID.
    pub series_instance_uid: String,
    /// The image of each slice `k` of the grid, in order.
    pub slices: Vec<SourceSlice>,
}

/// The image of one slice.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SourceSlice {
    /// SOPInstanceUID.
    pub sop_instance_uid: String,
    /// Number of the frame, from 1, where the object has several.
    pub frame: Option<u32>,
}

impl SourceImages {
    /// Checks that there is one image for each slice.
    pub(crate) fn check(&self) -> Result<(), DicomWriteError> {
        let expected = self.geometry.size()[2];
        if self.slices.len() != expected {
            return Err(DicomWriteError::SourceSlices {
                slices: self.slices.len(),
                expected,
            });
        }
        Ok(())
    }

    /// Instances, each once, in the order of slices.
    pub(crate) fn instances(&self) -> impl Iterator<Item = &str> {
        let uids = self.slices.iter().map(|s| s.sop_instance_uid.as_str());
        let before = std::iter::once(None).chain(uids.clone().map(Some));
        // Frames of one object follow each other.
        uids.zip(before)
            .filter(|(uid, before)| Some(*uid) != *before)
            .map(|(uid, _)| uid)
    }
}
