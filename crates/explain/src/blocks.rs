//! Features by where they come from.

use crate::explanation::Explanation;
use indexmap::IndexMap;
use serde::{Deserialize, Serialize};

/// What a feature measures.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Block {
    /// A dimension of an encoder's embedding.
    Embedding,
    /// A feature of the IBSI, of a whole lesion, a ring or a habitat.
    Radiomics,
    /// A figure of the time-intensity curve, phenotypes and pharmacokinetic rates included.
    Kinetics,
    /// Sizes and shares of habitats.
    Habitats,
    /// Whatever else the table holds: clinical findings, features of other software.
    Other,
}

impl Block {
    /// In words.
    pub fn in_words(self) -> &'static str {
        match self {
            Self::Embedding => "embedding",
            Self::Radiomics => "radiomics",
            Self::Kinetics => "kinetics",
            Self::Habitats => "habitats",
            Self::Other => "clinical and other",
        }
    }
}

/// The block of a feature by its name, as `triher extract` names features.
pub fn block_of(name: &str) -> Block {
    const STARTS: [(&str, Block); 6] = [
        ("emb_", Block::Embedding),
        ("kin_", Block::Kinetics),
        ("curve", Block::Kinetics),
        ("phenotype_", Block::Kinetics),
        ("pk_", Block::Kinetics),
        ("fo_", Block::Kinetics),
    ];
    if name.starts_with("rad_") || name.contains("_rad_") {
        return Block::Radiomics;
    }
    // Of a ring the kinetics, of a habitat its size and curve.
    if name.contains("_kin_") {
        return Block::Kinetics;
    }
    if name.starts_with("habitat_") {
        return Block::Habitats;
    }
    let rule = STARTS.iter().find(|(start, _)| name.starts_with(start));
    rule.map_or(Block::Other, |(_, block)| *block)
}

/// Mean size of the summed values of each block, for each class: what all its features add together, with their signs.
/// Blocks in the order of their first feature.
pub fn by_block(explanation: &Explanation, blocks: &[Block]) -> IndexMap<Block, Vec<f64>> {
    let mut sizes: IndexMap<Block, Vec<f64>> = IndexMap::new();
    for &block in blocks {
        sizes.entry(block).or_insert_with(|| {
            (explanation.values.iter())
                .map(|class| {
                    let of_row = |row: &[f64]| {
                        let both = row.iter().zip(blocks);
                        let sum: f64 = both.filter(|(_, b)| **b == block).map(|(v, _)| v).sum();
                        sum.abs()
                    };
                    class.iter_rows().map(of_row).sum::<f64>() / class.rows().max(1) as f64
                })
                .collect()
        });
    }
    sizes
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_extracted_features_have_their_blocks() {
        for (name, block) in [
            ("emb_C1_17", Block::Embedding),
            ("rad_original_GAU9_cm", Block::Radiomics),
            ("habitat_2_rad_original_GAU9", Block::Radiomics),
            ("ring3mm_rad_C1_GAU9", Block::Radiomics),
            ("ring3mm_kin_ser_mean", Block::Kinetics),
            ("kin_ser_mean", Block::Kinetics),
            ("pk_ktrans_mean", Block::Kinetics),
            ("habitat_2_fraction", Block::Habitats),
            ("age", Block::Other),
        ] {
            assert_eq!(block_of(name), block, "{name}");
        }
    }
}
