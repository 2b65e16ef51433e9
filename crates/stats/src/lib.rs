//! Discrimination, calibration and confidence intervals for the classes of a model.
//!
//! [`Predictions`] are what a model said about a set of lesions, together with the truth, the
//! patient that each lesion belongs to and, where known, the centre. [`evaluate`] turns them into
//! an [`Evaluation`]: one-vs-rest, macro, weighted and micro AUC with confidence intervals from a
//! bootstrap over patients, the confusion matrix, sensitivity, specificity and predictive values
//! with Wilson intervals, Brier score, log loss, calibration and the same AUCs per centre. An
//! `Evaluation` serialises to the JSON that `triher evaluate` writes, and is what the report draws.
//!
//! The parts are public on their own: [`auc`], [`auc_one_vs_rest`], [`auc_macro`],
//! [`auc_weighted`], [`auc_micro`], [`roc_curve`], [`confusion`], [`wilson_interval`],
//! [`brier_score`], [`log_loss`], [`calibration_curve`], [`bootstrap`].
//!
//! For a study: [`delong`] and [`holm`] compare models, [`bootstrap`] and [`bootstrap_difference`] give
//! percentile and accelerated intervals of every figure in one pass, [`FrozenThreshold`] is chosen on
//! validation only, [`decision_curve`] weighs calls, [`label_noise`] flips doubtful labels,
//! [`multinomial_recalibration`] and [`brier_parts`] judge probabilities, [`random_effects`] joins
//! centres, [`drift`] compares cohorts, [`multinomial_sample_size`] plans them.
//!
//! A number that the data do not define (the AUC of a class nobody has, the sensitivity of zero
//! cases) is `None`, `null` in JSON, with the reason in the notes; it is never an error and never
//! a NaN. Hostile input (NaN, rows that do not sum to one, a truth outside of the classes) is a
//! [`StatsError`].
//!
//! Every result is a pure function of its input and the seed: replicate `b` of the bootstrap draws
//! from stream `b` of a ChaCha generator, so the number of threads does not matter.
//!
//! ```
//! use triher_stats::{EvaluationOptions, Predictions, evaluate};
//!
//! let names = |list: &[&str]| list.iter().map(|s| s.to_string()).collect::<Vec<_>>();
//! let predictions = Predictions::new(
//!     names(&["a", "b", "c", "d"]),
//!     names(&["a", "b", "c", "d"]),
//!     names(&["zero", "low"]),
//!     vec![0, 0, 1, 1],
//!     vec![0.9, 0.1, 0.4, 0.6, 0.6, 0.4, 0.2, 0.8],
//!     None,
//! )?;
//! let evaluation = evaluate(&predictions, &EvaluationOptions { bootstrap: 200, ..Default::default() })?;
//! assert_eq!(evaluation.auc.macro_average.value, Some(0.75));
//! assert_eq!(evaluation.confusion, vec![vec![1, 1], vec![1, 1]]);
//! # Ok::<(), triher_stats::StatsError>(())
//! ```

mod agreement;
mod auc;
mod bca;
mod bootstrap;
mod brier_parts;
mod calibration;
mod characteristics;
mod classification;
mod decision;
mod delong;
mod drift;
mod error;
mod evaluation;
mod few_centres;
mod her2_scale;
mod interval;
mod label_noise;
mod meta;
mod multiclass;
mod operating;
mod operating_points;
mod paired;
mod polytomous;
mod predictions;
mod ranks;
mod recalibration;
mod resampled;
mod resampling;
mod roc;
mod roc_band;
mod sample_size;
mod scores;
mod spread;
mod subgroup;
mod weighted_chi_squared;

pub use agreement::{IntraclassCorrelation, intraclass_correlation};
pub use auc::{auc, auc_macro, auc_micro, auc_one_vs_rest, auc_weighted};
pub use bca::{acceleration, bca_interval};
pub use bootstrap::{
    BootstrapOptions, BootstrapResult, Statistic, bootstrap, bootstrap_difference,
};
pub use brier_parts::{BrierParts, brier_parts, top_label_ece};
pub use calibration::{
    Calibration, CalibrationBin, ClassCalibration, calibration_bins, calibration_curve,
    recalibration_line,
};
pub use characteristics::{
    Characteristic, CharacteristicTest, Compared, GroupSummary, compare_characteristic,
};
pub use classification::{
    ClassPerformance, Proportion, accuracy, balanced_accuracy, confusion, per_class,
};
pub use decision::{DecisionPoint, decision_curve};
pub use delong::{AucComparison, DelongAuc, delong, delong_paired, delong_unpaired, holm};
pub use drift::{Drift, drift};
pub use error::StatsError;
pub use evaluation::{
    AucBlock, BootstrapSummary, CentreEvaluation, CentreSummary, ClassDelong, Estimate, Evaluation,
    EvaluationOptions, LabelNoise, Multiclass, NetBenefit, NoisyFigure, ProbabilityQuality, RocSet,
    evaluate,
};
pub use few_centres::{FewCentres, few_centres};
pub use her2_scale::her2_scale;
pub use interval::{percentile, wilson_interval};
pub use label_noise::{LabelDoubt, ZERO_READ_AS_LOW, label_noise};
pub use meta::{BetweenVariance, RandomEffects, SubgroupTest, random_effects, subgroup_test};
pub use multiclass::{macro_f1, matthews_correlation, quadratic_kappa};
pub use operating::{
    BinarySplit, FrozenCutPoints, FrozenThreshold, ThresholdPerformance, ThresholdRule,
    ValidationScores,
};
pub use operating_points::{OperatingPerformance, OperatingPoints};
pub use paired::{PairedDifference, paired_difference};
pub use polytomous::{auc_hand_till, polytomous_discrimination_index};
pub use predictions::Predictions;
pub use ranks::{kruskal_wallis, mid_ranks, rank_correlation};
pub use recalibration::{MultinomialRecalibration, multinomial_recalibration};
pub use resampled::{ResampledMean, resampled_mean};
pub use roc::{RocCurve, roc_curve};
pub use roc_band::{RocBand, roc_band};
pub use sample_size::{
    MultinomialPlan, MultinomialSampleSize, hanley_mcneil_error, multinomial_sample_size,
    patients_for_auc_width,
};
pub use scores::{brier_reference, brier_score, log_loss};
pub use spread::{HISTOGRAM_BINS, Spread, spread};
pub use subgroup::{SubgroupColumn, SubgroupLevel, SubgroupOptions, SubgroupVariable, subgroups};
