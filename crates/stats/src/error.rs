//! What can be wrong with predictions and options.

/// Why predictions could not be accepted or evaluated.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[non_exhaustive]
pub enum StatsError {
    /// There are no rows.
    #[error(
        "there are no predictions to evaluate: check that the labels and the features share ids"
    )]
    Empty,
    /// Fewer than two classes.
    #[error("predictions need at least two classes, and {found} was given")]
    TooFewClasses {
        /// Classes that were given.
        found: usize,
    },
    /// Two classes have one name.
    #[error("the class name \"{name}\" occurs twice: give every class a name of its own")]
    RepeatedClass {
        /// The name.
        name: String,
    },
    /// A column has another length than the ids.
    #[error(
        "the column \"{column}\" has {found} values, but {expected} are needed for {rows} rows"
    )]
    Length {
        /// Which column.
        column: &'static str,
        /// Values that are needed.
        expected: usize,
        /// Values that were given.
        found: usize,
        /// Rows of the predictions.
        rows: usize,
    },
    /// A probability is NaN, infinite, below zero or above one.
    #[error(
        "row {row} (\"{id}\") has the probability {value} for the class \"{class}\": a probability lies between 0 and 1"
    )]
    BadProbability {
        /// Row, from 0.
        row: usize,
        /// The row's id.
        id: String,
        /// The class.
        class: String,
        /// The value.
        value: f64,
    },
    /// The probabilities of a row do not sum to one.
    #[error(
        "the probabilities of row {row} (\"{id}\") sum to {sum}, not to 1: hand over probabilities, not scores"
    )]
    BadSum {
        /// Row, from 0.
        row: usize,
        /// The row's id.
        id: String,
        /// The sum.
        sum: f64,
    },
    /// The truth is not the number of a class.
    #[error(
        "row {row} (\"{id}\") has the class number {truth}, but there are {classes} classes (0 is the first)"
    )]
    BadTruth {
        /// Row, from 0.
        row: usize,
        /// The row's id.
        id: String,
        /// The class number.
        truth: usize,
        /// How many classes there are.
        classes: usize,
    },
    /// A score that is to be ranked is NaN.
    #[error("score {row} is not a number, and cannot be ranked")]
    NotRankable {
        /// Position of the score, from 0.
        row: usize,
    },
    /// More rows than the exact integer ranks can hold.
    #[error("{rows} rows are too many: at most {limit} are evaluated at once")]
    TooLarge {
        /// Rows, classes and repeats together.
        rows: u64,
        /// The limit.
        limit: u64,
    },
    /// An option is out of its range.
    #[error("the option {option} is {}: {remedy}", six_digits(*value))]
    BadOption {
        /// The option's name.
        option: &'static str,
        /// Its value.
        value: f64,
        /// What is allowed.
        remedy: &'static str,
    },
    /// A number of R2 that is not that of the pairs of classes.
    #[error("the pairs of {classes} classes need {expected} R2, and {found} are given")]
    PairCount {
        /// Classes.
        classes: usize,
        /// Their pairs.
        expected: usize,
        /// Numbers that were given.
        found: usize,
    },
    /// An R2 that a model of such classes cannot have.
    #[error(
        "{} is no Cox-Snell R2 that the model{} can have: it lies above 0 and below {limit:.3}", six_digits(*value), of_pair(*pair)
    )]
    ImpossibleR2 {
        /// Two classes by number, or all.
        pair: Option<(usize, usize)>,
        /// The R2.
        value: f64,
        /// What it has to be below, for the shares of the classes and what is asked of the model.
        limit: f64,
    },
    /// Two models that are to be compared were not read on the same rows.
    #[error(
        "the two models have not the same patients, truths and classes in the same order: join their predictions by id before comparing them"
    )]
    NotPaired,
    /// A split names a class that is not there.
    #[error("there is no class \"{name}\": the classes are {classes}")]
    UnknownClass {
        /// The name.
        name: String,
        /// The classes that are there.
        classes: String,
    },
    /// A split leaves one side without classes.
    #[error(
        "a split needs a class on either side: name some of the classes as positive, not none and not all"
    )]
    OneSidedSplit,
}

/// A number without the last digits, in which sums show how they were rounded.
fn six_digits(value: f64) -> f64 {
    format!("{value:.5e}").parse().unwrap_or(value)
}

fn of_pair(pair: Option<(usize, usize)>) -> String {
    pair.map_or_else(String::new, |(a, b)| format!(" of classes {a} and {b}"))
}
