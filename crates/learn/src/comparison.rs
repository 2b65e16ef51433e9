//! Several pipelines on the same folds.

use crate::{
    CrossValidated, CrossValidation, Dataset, LearnError, PipelineSpec, RoundStore,
    cross_validate_kept,
};

/// What one pipeline of a comparison gave.
#[derive(Debug)]
#[non_exhaustive]
pub struct Compared {
    /// Its name.
    pub name: String,
    /// Its out-of-fold predictions, or why there are none.
    pub result: Result<CrossValidated, LearnError>,
}

/// Cross-validates several pipelines on the same folds. One that fails says why, and the others go on.
///
/// # Errors
/// What concerns all of them: [`CrossValidation::assign`], and [`LearnError::Duplicate`] for two pipelines of one name.
pub fn compare(
    data: &Dataset,
    specs: &[(String, PipelineSpec)],
    design: &CrossValidation,
    store: &dyn RoundStore,
) -> Result<Vec<Compared>, LearnError> {
    let names: Vec<String> = specs.iter().map(|(name, _)| name.clone()).collect();
    crate::dataset::unique("classifier", &names)?;
    design.assign(data)?;
    let one = |(name, spec): &(String, PipelineSpec)| Compared {
        name: name.clone(),
        result: cross_validate_kept(data, spec, design, store),
    };
    Ok(specs.iter().map(one).collect())
}
