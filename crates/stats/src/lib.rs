//! Discrimination, calibration and confidence intervals for three classes.
