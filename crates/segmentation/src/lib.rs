//! Lesion masks from DICOM SEG and RTSTRUCT, placed on the image grid.
