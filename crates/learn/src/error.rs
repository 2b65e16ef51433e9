//! What can go wrong while learning.

use std::path::PathBuf;

/// Why a data set, a fit, a prediction or a model file was refused.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum LearnError {
    /// Two things that must have the same length do not.
    #[error("{found} {what} were given where {expected} are needed")]
    Length {
        /// What was counted ("labels", "values of the matrix").
        what: String,
        /// How many are needed.
        expected: usize,
        /// How many there are.
        found: usize,
    },
    /// There is nothing to learn from.
    #[error("there are no rows to learn from: give a table with at least one labelled row")]
    NoRows,
    /// There are no features.
    #[error("there are no features to learn from: give a table with at least one numeric column")]
    NoFeatures,
    /// A label outside of the classes.
    #[error("row {id} has class number {class}, but there are only {classes} classes")]
    UnknownClass {
        /// Identifier of the row.
        id: String,
        /// The number it carries.
        class: usize,
        /// Number of classes.
        classes: usize,
    },
    /// A name that must be unique occurs twice.
    #[error("the {what} \"{name}\" occurs twice: give each {what} a name of its own")]
    Duplicate {
        /// What occurs twice ("feature", "class", "row").
        what: String,
        /// Its name.
        name: String,
    },
    /// Only one class.
    #[error(
        "a classifier needs two classes or more, but all rows are {class}: add rows of another class"
    )]
    OneClass {
        /// The class there is.
        class: String,
    },
    /// A class has no row among those that are fitted on.
    #[error(
        "the class {class} has no row among the {rows} training rows: add patients of this class, use fewer folds, or leave the class out"
    )]
    ClassAbsent {
        /// The class.
        class: String,
        /// Number of training rows.
        rows: usize,
    },
    /// A class has fewer patients than there are folds.
    #[error(
        "the class {class} has {patients} patients that can be held out, fewer than the {folds} folds: use {patients} folds or fewer, or add patients of this class"
    )]
    FewPatients {
        /// The class.
        class: String,
        /// Patients that have it.
        patients: usize,
        /// Folds asked for.
        folds: usize,
    },
    /// Cross-validation with fewer than two folds or no repeat, or far too many.
    #[error(
        "{folds} folds and {repeats} repeats cannot be done: use 2 folds or more and between 1 and 1000 repeats"
    )]
    BadDesign {
        /// Folds asked for.
        folds: usize,
        /// Repeats asked for.
        repeats: usize,
    },
    /// Fewer than two centres where one is to be left out.
    #[error(
        "the rows come from {centres} centre(s): to leave one out there must be two or more. Name the column of centres with --centre, or use another design"
    )]
    FewCentres {
        /// Centres that are named.
        centres: usize,
    },
    /// Shares of a learning curve that do not ascend within 0..=1.
    #[error(
        "the shares of the learning curve are {shares:?}: give ascending numbers above 0 and up to 1, such as [0.25, 0.5, 1.0]"
    )]
    BadShares {
        /// The shares.
        shares: Vec<f64>,
    },
    /// Rows of one patient, or one row, on both sides of a split.
    #[error(
        "patient {group} is in the training rows and in the held-out rows: put all rows of a patient on one side"
    )]
    Leak {
        /// The patient.
        group: String,
    },
    /// A patient that features were fitted on among the held-out rows.
    #[error(
        "patient {group} cannot be held out: features of this table (habitats, or a selection by stability) were fitted on this patient among others. Keep the patient on the training side, or fit those features on other patients."
    )]
    FittedUpstream {
        /// The patient.
        group: String,
    },
    /// A row number outside of the data set.
    #[error("row number {row} does not exist: the data set has {rows} rows")]
    NoSuchRow {
        /// The number.
        row: usize,
        /// Rows there are.
        rows: usize,
    },
    /// A value that is infinite or too large to compute with.
    #[error(
        "the feature \"{feature}\" of row {row} is {value}: values must be finite and below 1e100 in size; leave the value empty when it is missing"
    )]
    NotFinite {
        /// The feature.
        feature: String,
        /// Identifier or number of the row.
        row: String,
        /// The value.
        value: f64,
    },
    /// A missing value where every value is needed.
    #[error(
        "the feature \"{feature}\" of row {row} is missing: impute missing values before this step"
    )]
    Missing {
        /// The feature.
        feature: String,
        /// Identifier or number of the row.
        row: String,
    },
    /// More components than the data have.
    #[error(
        "{asked} principal components were asked for, but {rows} training rows of {features} features have {possible} at most: ask for fewer"
    )]
    TooManyComponents {
        /// Components asked for.
        asked: usize,
        /// Training rows.
        rows: usize,
        /// Features.
        features: usize,
        /// The largest number possible.
        possible: usize,
    },
    /// A setting outside of its range.
    #[error("{name} = {value} is not possible: {remedy}")]
    BadSetting {
        /// Name of the setting.
        name: &'static str,
        /// Its value.
        value: f64,
        /// What to use instead.
        remedy: &'static str,
    },
    /// The optimiser did not reach its tolerance.
    #[error(
        "logistic regression did not converge in {iterations} Newton steps (gradient {gradient:e}): standardise the features or use a smaller C"
    )]
    NotConverged {
        /// Newton steps done.
        iterations: usize,
        /// Euclidean norm of the gradient reached.
        gradient: f64,
    },
    /// A classifier could not be fitted.
    #[error("the classifier \"{classifier}\" failed: {source}")]
    ClassifierFailed {
        /// Its name, as specifications write it.
        classifier: String,
        /// Why.
        source: Box<LearnError>,
    },
    /// A minimisation did not reach its tolerance.
    #[error(
        "{what} did not converge in {steps} steps (gradient {gradient:e}): standardise the features, use a smaller C or allow more steps"
    )]
    NoMinimum {
        /// What was fitted.
        what: &'static str,
        /// Steps done.
        steps: usize,
        /// Euclidean norm of the gradient reached.
        gradient: f64,
    },
    /// Too few patients of a class that can be held out for folds within a training fold.
    #[error(
        "folds within the training rows need two patients of every class that can be held out (no feature of the table was fitted on them), but the class {class} has {patients}: \
         add patients of this class, or leave out what is fitted on inner folds (calibration, prediction sets, stacking, tuning, elastic net)"
    )]
    FewInnerPatients {
        /// The class.
        class: String,
        /// Its patients among the training rows that can be held out.
        patients: usize,
    },
    /// A block of features that cannot be made up.
    #[error("the block \"{block}\" {problem}")]
    Block {
        /// The block.
        block: String,
        /// What is wrong and what to do.
        problem: &'static str,
    },
    /// A library that fits a model refused.
    #[error("{what} refused the data: {reason}")]
    Library {
        /// What was fitted.
        what: &'static str,
        /// The library's words.
        reason: String,
    },
    /// A matrix factorisation failed.
    #[error("{what} failed on these features: look for columns with extreme values")]
    Factorisation {
        /// Which one.
        what: &'static str,
    },
    /// A preparing step would leave nothing to learn from.
    #[error("{step} leaves no feature: {remedy}")]
    NothingLeft {
        /// The step.
        step: &'static str,
        /// Why, and what to do.
        remedy: &'static str,
    },
    /// A step that needs the centre of every row met one without.
    #[error(
        "row {row} has no centre, and ComBat needs the centre of every row: fill in the column of centres, or leave ComBat out"
    )]
    NoCentre {
        /// Identifier or number of the row.
        row: String,
    },
    /// ComBat with fewer than two centres.
    #[error(
        "ComBat needs two centres or more among the training rows, but all are of {centre}: leave ComBat out, or add a centre"
    )]
    OneCentre {
        /// The centre there is.
        centre: String,
    },
    /// A centre that ComBat's training rows do not have.
    #[error(
        "the centre {centre} is not among the {known} centres that ComBat was fitted on: fit with rows of it, or choose `unseen_centre` \"pass_through\" or \"estimate\""
    )]
    UnseenCentre {
        /// The centre; "(none)" for a row without.
        centre: String,
        /// Number of centres in training.
        known: usize,
    },
    /// A centre named as reference that is not in the training rows.
    #[error(
        "the reference centre {centre} has no row among the training rows: name a centre that is in every training fold"
    )]
    NoReference {
        /// The centre.
        centre: String,
    },
    /// A covariate that is no column.
    #[error(
        "the covariate \"{name}\" is no feature at this step: name a column of the table that no earlier step removes"
    )]
    NoCovariate {
        /// Its name.
        name: String,
    },
    /// The outcome as a covariate of ComBat.
    #[error(
        "the covariate \"{covariate}\" gives the class of every training row away, so it is the outcome or a copy of it: ComBat would then need the \
         outcome of the patients to be predicted, and harmonising with the outcome plants it in the features (leakage). Name covariates that are known before the outcome"
    )]
    OutcomeCovariate {
        /// Its name.
        covariate: String,
    },
    /// Centres and covariates that cannot be told apart.
    #[error(
        "the covariates cannot be told apart from the centres (or from each other) in the training rows: leave out a covariate that is constant, repeated, or the same for all patients of each centre"
    )]
    Confounded,
    /// Features that a model needs are not in the table.
    #[error(
        "{count} of the model's {needed} features are missing: {names}. Give a table with the columns the model was trained on."
    )]
    MissingFeatures {
        /// How many are missing.
        count: usize,
        /// How many the model has.
        needed: usize,
        /// The first few names.
        names: String,
    },
    /// A model file cannot be read or written.
    #[error("{} cannot be {action}: {source}", path.display())]
    Io {
        /// The file.
        path: PathBuf,
        /// "read" or "written".
        action: &'static str,
        /// Cause.
        source: std::io::Error,
    },
    /// Not a model file at all.
    #[error(
        "{} is not a model of triher: its first line is not \"TRIHER-MODEL\" with a version. Give a file that `triher train` wrote.",
        path.display()
    )]
    NotAModel {
        /// The file.
        path: PathBuf,
    },
    /// A model of a version that this program does not know.
    #[error(
        "{} is a model of format version {found}, and this triher knows versions up to {known}: use a newer triher",
        path.display()
    )]
    NewerModel {
        /// The file.
        path: PathBuf,
        /// Version of the file.
        found: u64,
        /// Newest version known.
        known: u64,
    },
    /// The checksum does not fit.
    #[error(
        "{} is damaged: its contents do not fit its checksum. Copy the file again or train the model again.",
        path.display()
    )]
    Checksum {
        /// The file.
        path: PathBuf,
    },
    /// A model file larger than any model.
    #[error(
        "{} has {bytes} bytes, and a model has at most {limit}: give a file that `triher train` wrote",
        path.display()
    )]
    TooLarge {
        /// The file.
        path: PathBuf,
        /// Its size.
        bytes: u64,
        /// The limit.
        limit: u64,
    },
    /// The checksum fits but the contents make no sense.
    #[error("{} is not a valid model: {problem}. Train the model again.", path.display())]
    BadModel {
        /// The file.
        path: PathBuf,
        /// What is wrong.
        problem: String,
    },
}
