//! Embeddings by the content that they were computed from, so that no patch is embedded twice on one machine.

use crate::manifest::{sha256_hex, write_whole};
use etcetera::BaseStrategy;
use std::path::PathBuf;

/// A folder of embeddings. An entry's name is a hash of weights, patch and reading, so it holds no identity and never goes stale; the folder may be
/// deleted at any time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct EmbeddingCache {
    folder: PathBuf,
}

/// Hexadecimal digits of the checksum behind an entry's numbers.
const CHECKSUM: usize = 64;

impl EmbeddingCache {
    /// The cache that the environment names: `TRIHER_CACHE` is a folder, or `off`; without it, `triher/embeddings` in the user's folder for
    /// caches. `None` when it is switched off or there is no such folder.
    pub(crate) fn of_this_user() -> Option<Self> {
        match std::env::var_os("TRIHER_CACHE") {
            Some(value) if value == "off" => None,
            Some(value) if !value.is_empty() => Some(Self::new(value.into())),
            _ => {
                let folders = etcetera::choose_base_strategy().ok()?;
                Some(Self::new(folders.cache_dir().join("triher")))
            }
        }
    }

    /// A cache in `folder/embeddings`.
    pub(crate) fn new(folder: PathBuf) -> Self {
        Self {
            folder: folder.join("embeddings"),
        }
    }

    /// The key of a content's SHA-256.
    pub(crate) fn key(&self, content: &[u8; 32]) -> String {
        content.iter().map(|b| format!("{b:02x}")).collect()
    }

    fn path(&self, key: &str) -> PathBuf {
        let (folder, name) = key.split_at(key.len().min(2));
        self.folder.join(folder).join(name)
    }

    /// The embedding of a key: `None` when it is not known, has another length or was damaged.
    pub(crate) fn get(&self, key: &str, width: usize) -> Option<Vec<f32>> {
        let path = self.path(key);
        let length = width.checked_mul(4)?.checked_add(CHECKSUM)?;
        if std::fs::metadata(&path).ok()?.len() != length as u64 {
            return None;
        }
        let bytes = std::fs::read(&path).ok()?;
        let (numbers, checksum) = bytes.split_at_checked(width * 4)?;
        if sha256_hex(numbers).as_bytes() != checksum {
            return None;
        }
        let numbers = numbers.chunks_exact(4);
        Some(
            numbers
                .map(|b| f32::from_le_bytes([b[0], b[1], b[2], b[3]]))
                .collect(),
        )
    }

    /// Keeps an embedding. A folder that cannot be written to costs time later and nothing else, so that is no error.
    pub(crate) fn put(&self, key: &str, values: &[f32]) {
        let mut bytes: Vec<u8> = values.iter().flat_map(|v| v.to_le_bytes()).collect();
        let checksum = sha256_hex(&bytes);
        bytes.extend(checksum.as_bytes());
        let _ = write_whole(&self.path(key), &bytes);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_put_comes_back_and_damage_does_not() {
        let folder = tempfile::tempdir().unwrap();
        let cache = EmbeddingCache::new(folder.path().to_owned());
        let key = cache.key(&[7; 32]);
        let values = [1.5f32, -0.0, 1e-30];
        assert_eq!(cache.get(&key, 3), None);
        cache.put(&key, &values);
        assert_eq!(cache.get(&key, 3).unwrap(), values);
        assert_eq!(cache.get(&key, 4), None);
        let path = cache.path(&key);
        let mut bytes = std::fs::read(&path).unwrap();
        bytes[2] ^= 1;
        std::fs::write(&path, bytes).unwrap();
        assert_eq!(cache.get(&key, 3), None);
    }

    #[test]
    fn a_folder_that_cannot_be_written_to_is_no_error() {
        let file = tempfile::NamedTempFile::new().unwrap();
        let cache = EmbeddingCache::new(file.path().to_owned());
        cache.put(&cache.key(&[1; 32]), &[1.0]);
        assert_eq!(cache.get(&cache.key(&[1; 32]), 1), None);
    }
}
