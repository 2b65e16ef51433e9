//! Research image files in and out: NIfTI-1, NIfTI-2, Analyze pairs and NRRD.
