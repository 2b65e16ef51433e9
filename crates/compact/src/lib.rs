#![doc = include_str!("../CARD.md")]

use std::path::Path;
use triher_checkpoint::{Checkpoint, Limits};
use triher_encoder::{Encoder, EncoderError};

/// What the encoder is called in reports.
pub const NAME: &str =
    "compact encoder that ships with triher (pretrained on simulated lesions only)";

/// The weights: safetensors in half precision, with the names of the family.
pub const WEIGHTS: &[u8] = include_bytes!("../weights/compact.safetensors");

/// The encoder, ready to use.
///
/// # Errors
/// None with the weights that ship.
pub fn encoder() -> Result<Encoder, EncoderError> {
    let checkpoint = Checkpoint::from_bytes(
        Path::new("compact.safetensors (built in)"),
        WEIGHTS,
        &Limits::default(),
    )?;
    Encoder::from_tensors(checkpoint.encoder_tensors()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_loads_is_small_and_tells_inputs_apart() {
        assert!(WEIGHTS.len() < 12_000_000, "{} bytes", WEIGHTS.len());
        let encoder = encoder().unwrap();
        let config = *encoder.config();
        assert_eq!((config.side, config.patch, config.width), (48, 8, 192));
        assert!(encoder.unused_tensors().is_empty());
        let wave = |period: f32| -> Vec<f32> {
            (0..config.input_len())
                .map(|i| (i as f32 / period).sin())
                .collect()
        };
        let (a, b) = (wave(7.0), wave(31.0));
        let embeddings = encoder.embed(&[&a, &b]).unwrap();
        assert_ne!(embeddings[0].class_token, embeddings[1].class_token);
    }

    /// The card names the very weights that ship.
    #[test]
    fn the_card_is_about_these_weights() {
        let sha256 = encoder().unwrap().sha256().to_owned();
        assert!(include_str!("../CARD.md").contains(&sha256), "{sha256}");
    }
}
