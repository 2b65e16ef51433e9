//! The files that are built in.

/// A file of the page.
pub(crate) struct File {
    pub(crate) content_type: &'static str,
    pub(crate) packed: bool,
    pub(crate) bytes: &'static [u8],
}

/// NiiVue, packed with gzip.
pub(crate) const NIIVUE: &[u8] = include_bytes!("../vendor/niivue.umd.js.gz");

/// The file at an address.
pub(crate) fn file(path: &str) -> Option<File> {
    const HTML: &str = "text/html; charset=utf-8";
    const SCRIPT: &str = "text/javascript; charset=utf-8";
    let (content_type, packed, bytes): (_, _, &[u8]) = match path {
        "/" => (HTML, false, include_bytes!("../page/index.html")),
        "/viewer.js" => (SCRIPT, false, include_bytes!("../page/viewer.js")),
        "/curve.js" => (SCRIPT, false, include_bytes!("../page/curve.js")),
        "/viewer.css" => (
            "text/css; charset=utf-8",
            false,
            include_bytes!("../page/viewer.css"),
        ),
        "/niivue.js" => (SCRIPT, true, NIIVUE),
        _ => return None,
    };
    Some(File {
        content_type,
        packed,
        bytes,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use sha2::{Digest, Sha256};
    use std::io::Read;

    /// The bundle is the one that `vendor/update.sh` wrote the checksum of.
    #[test]
    fn the_bundle_has_its_checksum() {
        let mut bundle = Vec::new();
        flate2::read::GzDecoder::new(NIIVUE)
            .read_to_end(&mut bundle)
            .unwrap();
        let digest = Sha256::digest(&bundle);
        let found: String = digest.iter().map(|b| format!("{b:02x}")).collect();
        let expected = include_str!("../vendor/niivue.umd.js.sha256");
        assert_eq!(expected.split_whitespace().next(), Some(found.as_str()));
    }
}
