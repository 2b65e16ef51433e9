//! Fitted steps and classifiers that can only see their training fold, and the model file.
