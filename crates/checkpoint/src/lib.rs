//! PyTorch checkpoints and safetensors read as data, never executed.
