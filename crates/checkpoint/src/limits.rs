//! How much of a file from a stranger is believed.

/// Upper bounds while a checkpoint is read. A file that asks for more is refused with a sentence that says which bound it met.
///
/// The defaults hold for every network of the family with its optimiser, and keep the reading of a hostile file below about half a
/// gigabyte beyond the tensors themselves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the pickle (of the header, in a safetensors file), unpacked: it lists the tensors and holds none of their numbers.
    /// Default 64 MiB.
    pub max_pickle_bytes: u64,
    /// Values that the pickle may build, its memo included. A checkpoint of 300 tensors with its optimiser has about 20 000.
    /// Default 2 million.
    pub max_pickle_values: usize,
    /// Bytes of one storage as it lies in the file, unpacked. Default 4 GiB.
    pub max_storage_bytes: u64,
    /// Bytes of all tensors that are read together, as 32-bit numbers. Default 4 GiB.
    pub max_tensor_bytes: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_pickle_bytes: 64 << 20,
            max_pickle_values: 2_000_000,
            max_storage_bytes: 4 << 30,
            max_tensor_bytes: 4 << 30,
        }
    }
}
