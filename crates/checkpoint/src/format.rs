//! What kind of file lies before us, told by its first bytes.

use crate::error::{Parse, malformed};

/// Bytes that [`Format::tell`] wants to see.
pub(crate) const START: u64 = 512;

/// Formats that hold tensors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Format {
    /// The zip archive of `torch.save`, PyTorch 1.6 and newer.
    Archive,
    /// safetensors: a length of 8 bytes, then a JSON object.
    Flat,
}

/// How `torch.save` before PyTorch 1.6 begins: the pickled number 0x1950a86a20f9469cfc6c.
const LEGACY: &[u8] = &[0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20];

impl Format {
    /// Tells the format, or says what the file is instead and what to do.
    pub(crate) fn tell(start: &[u8]) -> Parse<Self> {
        if start.is_empty() {
            return malformed("the file is empty: copy it again from its source");
        }
        if start.starts_with(b"PK") {
            return Ok(Self::Archive);
        }
        if start.get(8) == Some(&b'{') {
            return Ok(Self::Flat);
        }
        let pickled = matches!(start, [0x80, 1..=5, ..]);
        if pickled && start.get(2..10) == Some(LEGACY) {
            return malformed(
                "this checkpoint was saved in the format of PyTorch before 1.6: load it where you trust it and save it anew with torch.save of PyTorch 1.6 or newer, or as safetensors",
            );
        }
        if pickled {
            return malformed(
                "this is a bare pickle, no archive of torch.save: save the tensors with torch.save or as safetensors",
            );
        }
        if start.get(257..262) == Some(b"ustar") {
            return malformed(
                "this is a tar archive; the ending .pth.tar is only a habit, and the checkpoint itself is no tar: unpack it and give the file inside",
            );
        }
        if start.starts_with(&[0x1f, 0x8b]) {
            return malformed("this file is packed with gzip: unpack it first");
        }
        if start.starts_with(b"\x89HDF") {
            return malformed(
                "this is an HDF5 file, as Keras writes it: the encoder's weights come as PyTorch checkpoint or safetensors",
            );
        }
        if start.starts_with(b"version https://git-lfs") {
            return malformed(
                "this is a pointer of Git LFS in place of the weights: fetch the file itself with `git lfs pull`",
            );
        }
        let text = start.trim_ascii_start();
        if text.first() == Some(&b'<') {
            return malformed(
                "this is a web page in place of the weights, as file-sharing sites give it out: download the file itself",
            );
        }
        malformed(
            "this is neither an archive of torch.save nor a safetensors file: it is damaged or something else; copy it again from its source",
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::Problem;

    #[test]
    fn files_are_told_by_their_first_bytes() {
        assert!(matches!(
            Format::tell(b"PK\x03\x04..."),
            Ok(Format::Archive)
        ));
        let flat = b"\x10\0\0\0\0\0\0\0{\"x\":1}";
        assert!(matches!(Format::tell(flat), Ok(Format::Flat)));
        let mut tar = [0u8; 512];
        tar[257..262].copy_from_slice(b"ustar");
        for (start, word) in [
            (&b""[..], "empty"),
            (
                b"\x80\x02\x8a\x0a\x6c\xfc\x9c\x46\xf9\x20\x6a\xa8\x50\x19.",
                "before 1.6",
            ),
            (b"\x80\x04\x95\0", "bare pickle"),
            (&tar, "tar archive"),
            (b"\x1f\x8b\x08", "gzip"),
            (b"\x89HDF\r\n", "HDF5"),
            (b"version https://git-lfs.github.com/spec/v1\n", "LFS"),
            (b"\n<!DOCTYPE html>", "web page"),
            (b"hello", "neither"),
        ] {
            match Format::tell(start) {
                Err(Problem::Malformed(told)) => assert!(told.contains(word), "{told}"),
                other => panic!("{word}: {other:?}"),
            }
        }
    }
}
