//! Phenotypes of a breast lesion as the quantitative workstation of the University of Chicago names them: kinetics (K1 to K7), variance of enhancement
//! (E1 to E4), size (S1 to S5) and shape (G1 to G3).
//!
//! Definitions are those of Chen, Giger, Bick and Newstead (Med Phys 2006;33:2878: characteristic curve of the most enhancing voxels by fuzzy c-means), Chen, Giger, Lan and Bick
//! (Med Phys 2004;31:1076: variance of enhancement) and Gilhuijs, Giger and Bick (Med Phys 1998;25:1647: shape), as Li et al. (Radiology 2016;281:382) list them. The identities
//! between them hold in all 91 published rows of TCGA-BRCA (`tests/published.rs`); how near the values come for a lesion is in `docs/phenotypes.md`.
//!
//! Not offered: margin (M1 to M3), whose normalisation and bins are not published; texture (T1 to T14) is Haralick's and is in `triher-radiomics`, with the IBSI's definitions.

mod enhancement;
mod error;
mod phenotypes;
mod shape;

pub use error::PhenotypeError;
pub use phenotypes::{Phenotype, PhenotypeOptions, phenotype_list, phenotypes};
