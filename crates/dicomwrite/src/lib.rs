//! DICOM out: MR images, enhanced MR and segmentations.
