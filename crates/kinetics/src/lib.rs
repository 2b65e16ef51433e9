//! Contrast kinetics and first-order features of a lesion.
