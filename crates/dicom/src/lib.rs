//! DICOM studies in and out: series choice, phases, volumes, segmentations.
