//! The 3-D vision transformer of the pretrained encoder, on a CPU.
