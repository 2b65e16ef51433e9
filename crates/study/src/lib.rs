//! Whole studies: cohorts, extraction, training, evaluation and prediction with their manifests.
