//! Fitted steps and classifiers that can only see their training fold, and the model file.
//!
//! A [`Dataset`] holds labelled rows with their patients and centres. [`Dataset::split`] turns it into a [`TrainingFold`] and
//! a [`HeldOut`] side. Everything that is fitted ([`MedianImputer`], [`Standardizer`], [`Pca`], [`LogisticRegression`], and the
//! [`Pipeline`] that strings them together) takes a [`TrainingFold`] and nothing else, so that nothing of the held-out rows
//! can reach a fit; and a split with one patient on both sides is refused. [`cross_validate`] does this for every fold of a
//! [`CrossValidation`]: by patient, with equal shares of classes and centres.
//!
//! Calibration, prediction sets, stacking and tuning need predictions of rows that a model had not seen: they take an [`OutOfFold`],
//! which is made within the training fold and in no other way. [`compare`] runs several pipelines on the same folds.
//!
//! A [`FittedPipeline`] goes into a [`ModelFile`], which aligns new rows by feature name and predicts them.
//!
//! Results depend on input and seed alone, not on the number of threads: a fit runs on one thread, and folds are put together
//! in their order. Linear algebra is faer's, which chooses its kernels by the processor; between processors with different
//! vector units the last digits may differ.
//!
//! ```
//! use triher_learn::{
//!     ClassWeight, ClassifierSpec, CrossValidation, Dataset, Matrix, Penalty, Pipeline, PipelineSpec,
//!     cross_validate,
//! };
//!
//! let n = 12;
//! let ids: Vec<String> = (0..n).map(|i| format!("patient {i}")).collect();
//! let y: Vec<usize> = (0..n).map(|i| i % 3).collect();
//! let x = Matrix::from_fn(n, 2, |i, j| ((i % 3) * (j + 1)) as f64 + 0.1 * (i as f64).sin());
//! let classes = ["zero", "low", "positive"].map(String::from).to_vec();
//! let features = vec!["volume_mm3".to_owned(), "wash_in".to_owned()];
//! let data = Dataset::new(ids.clone(), ids, None, features, x, y, classes)?;
//!
//! let logistic = ClassifierSpec::Logistic { penalty: Penalty::L2, c: 10.0, class_weight: ClassWeight::None };
//! let spec = PipelineSpec::new(logistic);
//! let honest = cross_validate(&data, &spec, &CrossValidation { folds: 3, repeats: 2, seed: 1 })?;
//! assert_eq!(honest.probabilities.rows(), n);
//!
//! let model = Pipeline::new(spec).fit(&data.whole())?;
//! let probabilities = model.predict_proba(&Matrix::new(1, 2, vec![2.0, 4.0])?)?;
//! assert!(probabilities.row(0)[2] > 0.8);
//! # Ok::<(), triher_learn::LearnError>(())
//! ```

mod classifier;
mod comparison;
mod contributions;
mod cross_validation;
mod dataset;
mod design;
mod error;
mod feature_quantiles;
mod fold;
mod impute;
mod inner;
mod logistic;
mod matrix;
mod minimise;
mod model_file;
mod newton;
mod pca;
mod pipeline;
mod prepare;
mod probability;
mod standardize;
mod tuning;

pub use classifier::{
    Activation, CandidateFeatures, ClassifierSpec, Combination, Ensemble, FittedBoosting,
    FittedClassifier, FittedElasticNet, FittedEnsemble, FittedForest, FittedNeighbours,
    FittedOrdinal, FittedPerceptron, FittedSupportVectors, FittedTwoStage, GradientBoosting,
    Kernel, Member, NearestNeighbours, NeighbourWeight, OrdinalModel, OrdinalRegression,
    Perceptron, RandomForest, SupportVectorMachine, Tree, TwoStage,
};
pub use comparison::{Compared, compare};
pub use cross_validation::{CrossValidated, CrossValidation, cross_validate, cross_validate_kept};
pub use dataset::{Dataset, SmallestClass, class_order, has_natural_order};
pub use design::{
    CentreRound, CentresLeftOut, LearningCurve, LearningCurveSpec, LearningPoint, NoStore,
    PermutationTest, RoundKeys, RoundPredictions, RoundStore, learning_curve, leave_one_centre_out,
    permutation_test,
};
pub use error::LearnError;
pub use feature_quantiles::FeatureQuantiles;
pub use fold::{HeldOut, Split, TrainingFold};
pub use impute::MedianImputer;
pub use inner::{InnerFolds, OutOfFold};
pub use logistic::{ClassWeight, FittedLogistic, LogisticRegression, Penalty};
pub use matrix::Matrix;
pub use model_file::{MODEL_FORMAT_VERSION, ModelFile, Predictions, TrainingProvenance};
pub use pca::{Pca, PcaSpec};
pub use pipeline::{FittedPipeline, Pipeline, PipelineSpec};
pub use prepare::{
    Boruta, BorutaDecision, BorutaResult, Combat, CombatPrior, Correlation, CorrelationFilter,
    DuplicateFilter, ElasticNetSelection, FittedCombat, FittedStep, Keep, MissingColumns,
    MissingRule, Mrmr, MrmrCriterion, PathPoint, Preparation, RobustnessFilter, Selection,
    StabilityResult, StabilitySelection, StepSpec, StrengthCurve, StrengthRule, Tentative,
    UnivariateResult, UnivariateSelection, UnivariateTest, UnknownRobustness, UnseenCentre,
    VarianceFilter, benjamini_hochberg,
};
pub use probability::{
    Calibration, Calibrator, ClassCoverage, Conformal, ConformalScore, ConformalSpec, Coverage,
    Distances, Isotonic, Novelty, NoveltySpec, ProbabilitySpec, SetRows, coverage,
};
pub use standardize::Standardizer;
pub use tuning::{Search, Trial, Tuned, TuningSpec};
