//! A simulated multicentre DCE-MRI cohort from physics, with its truth.
