//! HER2 classes from immunohistochemistry and in situ hybridisation, with the reason.
