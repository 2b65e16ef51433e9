//! The named preprocessing profiles that turn a lesion into an encoder's input.
