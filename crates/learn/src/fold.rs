//! The two sides of a split, as types: only one of them can be fitted on.

use crate::{Dataset, Matrix};

/// Row numbers of a data set, to fit on and to predict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Split {
    /// Rows to fit on.
    pub train: Vec<usize>,
    /// Rows to predict.
    pub test: Vec<usize>,
}

/// Rows that may be fitted on, with their classes. Every `fit` of this crate takes this type and no other.
///
/// It comes from [`Dataset::split`] and [`Dataset::whole`], and from fitted steps, which hand on the
/// fold that they were fitted on in their own coordinates.
#[derive(Clone, Debug)]
pub struct TrainingFold<'a> {
    x: Matrix,
    y: Vec<usize>,
    ids: Vec<&'a str>,
    groups: Vec<&'a str>,
    centres: Vec<Option<&'a str>>,
    /// Whether features were fitted on the row's patient before the data set was made.
    upstream: Vec<bool>,
    feature_names: Names<'a>,
    classes: &'a [String],
}

/// Names of the columns: those of the data set, some of them, or `component 1, component 2, ...`.
#[derive(Clone, Debug)]
enum Names<'a> {
    Features(&'a [String]),
    Chosen(Vec<String>),
    Components,
}

impl<'a> TrainingFold<'a> {
    /// The rows with these numbers; the caller has checked them.
    pub(crate) fn of(data: &'a Dataset, rows: &[usize]) -> Self {
        Self {
            x: data.x.select_rows(rows),
            y: rows.iter().map(|&r| data.y[r]).collect(),
            ids: rows.iter().map(|&r| data.ids[r].as_str()).collect(),
            groups: rows.iter().map(|&r| data.groups[r].as_str()).collect(),
            centres: centres_of(data, rows),
            upstream: rows
                .iter()
                .map(|&r| data.fitted_upstream().contains(&data.groups[r]))
                .collect(),
            feature_names: Names::Features(&data.feature_names),
            classes: &data.classes,
        }
    }

    /// Features, rows x features.
    pub fn x(&self) -> &Matrix {
        &self.x
    }

    /// Class of each row, a position in [`classes`](Self::classes).
    pub fn y(&self) -> &[usize] {
        &self.y
    }

    /// Identifier of each row.
    pub fn ids(&self) -> &[&'a str] {
        &self.ids
    }

    /// Patient of each row.
    pub fn groups(&self) -> &[&'a str] {
        &self.groups
    }

    /// Centre of each row, where known.
    pub fn centres(&self) -> &[Option<&'a str>] {
        &self.centres
    }

    /// Names of the classes.
    pub fn classes(&self) -> &'a [String] {
        self.classes
    }

    /// Whether features were fitted on each row's patient before the data set was made
    /// ([`Dataset::with_fitted_upstream`]): such a row is in every inner training part and is never held out.
    pub fn fitted_upstream(&self) -> &[bool] {
        &self.upstream
    }

    /// Name of a column.
    pub fn feature_name(&self, column: usize) -> String {
        match self.feature_names {
            Names::Features(names) => names.get(column).cloned().unwrap_or_default(),
            Names::Chosen(ref names) => names.get(column).cloned().unwrap_or_default(),
            Names::Components => format!("component {}", column + 1),
        }
    }

    /// The same rows with values computed from them by a step with the same columns.
    pub(crate) fn with_values(self, x: Matrix) -> Self {
        Self { x, ..self }
    }

    /// The values, for a step with the same columns that changes them where they are: no second table.
    pub(crate) fn values_mut(&mut self) -> &mut Matrix {
        &mut self.x
    }

    /// Centres of some of the rows. The caller has checked the numbers.
    pub(crate) fn centres_of(&self, rows: &[usize]) -> Vec<Option<&'a str>> {
        rows.iter().map(|&row| self.centres[row]).collect()
    }

    /// Some of the rows. The caller has checked the numbers.
    pub(crate) fn part(&self, rows: &[usize]) -> Self {
        Self {
            x: self.x.select_rows(rows),
            y: rows.iter().map(|&r| self.y[r]).collect(),
            ids: rows.iter().map(|&r| self.ids[r]).collect(),
            groups: rows.iter().map(|&r| self.groups[r]).collect(),
            centres: self.centres_of(rows),
            upstream: rows.iter().map(|&r| self.upstream[r]).collect(),
            feature_names: self.feature_names.clone(),
            classes: self.classes,
        }
    }

    /// Some of the columns, with their names. The caller has checked the numbers.
    pub(crate) fn with_columns(&self, columns: &[usize]) -> Self {
        Self {
            x: self.x.select_columns(columns),
            feature_names: Names::Chosen(columns.iter().map(|&j| self.feature_name(j)).collect()),
            ..self.clone()
        }
    }

    /// The same rows with other columns, which have these names. The caller has checked their number.
    pub(crate) fn with_named_columns(self, x: Matrix, names: Vec<String>) -> Self {
        Self {
            x,
            feature_names: Names::Chosen(names),
            ..self
        }
    }

    /// The same rows with other classes, as a stage of several takes them. The caller has checked the numbers.
    pub(crate) fn relabelled<'b>(&self, y: Vec<usize>, classes: &'b [String]) -> TrainingFold<'b>
    where
        'a: 'b,
    {
        TrainingFold {
            y,
            classes,
            ..self.clone()
        }
    }

    /// Whether the columns still are features of the table, with their names.
    pub(crate) fn has_feature_names(&self) -> bool {
        !matches!(self.feature_names, Names::Components)
    }

    /// The same rows in the coordinates of principal components.
    pub(crate) fn with_components(self, x: Matrix) -> Self {
        Self {
            x,
            feature_names: Names::Components,
            ..self
        }
    }
}

/// Rows that were kept out of the fit. They can be transformed and predicted, and their classes can be compared
/// with the predictions; nothing can be fitted on them:
///
/// ```compile_fail,E0308
/// use triher_learn::{Dataset, LearnError, Split, Standardizer};
///
/// fn leak(data: &Dataset, split: &Split) -> Result<Standardizer, LearnError> {
///     let (train, held_out) = data.split(split)?;
///     Standardizer::fit(&held_out)
/// }
/// ```
///
/// while the training side can:
///
/// ```
/// use triher_learn::{Dataset, LearnError, Split, Standardizer};
///
/// fn fit(data: &Dataset, split: &Split) -> Result<Standardizer, LearnError> {
///     let (train, held_out) = data.split(split)?;
///     Standardizer::fit(&train)
/// }
/// ```
#[derive(Clone, Debug)]
pub struct HeldOut<'a> {
    x: Matrix,
    y: Vec<usize>,
    ids: Vec<&'a str>,
    centres: Vec<Option<&'a str>>,
}

impl<'a> HeldOut<'a> {
    /// The rows with these numbers; the caller has checked them.
    pub(crate) fn of(data: &'a Dataset, rows: &[usize]) -> Self {
        Self {
            x: data.x.select_rows(rows),
            y: rows.iter().map(|&r| data.y[r]).collect(),
            ids: rows.iter().map(|&r| data.ids[r].as_str()).collect(),
            centres: centres_of(data, rows),
        }
    }

    /// Features, rows x features.
    pub fn x(&self) -> &Matrix {
        &self.x
    }

    /// Class of each row, to compare predictions with.
    pub fn truth(&self) -> &[usize] {
        &self.y
    }

    /// Identifier of each row.
    pub fn ids(&self) -> &[&'a str] {
        &self.ids
    }

    /// Centre of each row, where known.
    pub fn centres(&self) -> &[Option<&'a str>] {
        &self.centres
    }
}

/// Centres of the rows with these numbers.
fn centres_of<'a>(data: &'a Dataset, rows: &[usize]) -> Vec<Option<&'a str>> {
    let centre = |&row: &usize| data.centres.as_ref()?.get(row)?.as_deref();
    rows.iter().map(centre).collect()
}
