//! The made-up table that the checks of the preparing steps share (`tests/parity/make_table.py`).

// Each test takes what it needs.
#![allow(dead_code, clippy::unwrap_used)]

use serde::Deserialize;
use triher_learn::{Dataset, Matrix};

/// `tests/parity/table.json`.
#[derive(Deserialize)]
pub(crate) struct Table {
    pub rows: usize,
    pub columns: usize,
    pub x: Vec<f64>,
    pub y: Vec<usize>,
    pub centre: Vec<String>,
    pub age: Vec<f64>,
    pub menopause: Vec<f64>,
}

impl Table {
    pub(crate) fn read() -> Self {
        serde_json::from_str(include_str!("../parity/table.json")).unwrap()
    }

    pub(crate) fn matrix(&self) -> Matrix {
        Matrix::new(self.rows, self.columns, self.x.clone()).unwrap()
    }

    /// The table as a data set of one row a patient, the features named by their numbers.
    pub(crate) fn dataset(&self) -> Dataset {
        self.with(
            self.matrix(),
            (0..self.columns).map(|j| j.to_string()).collect(),
        )
    }

    /// The same with age and menopause as the last two columns.
    pub(crate) fn with_covariates(&self) -> Dataset {
        let x = self.matrix();
        let p = self.columns;
        let x = Matrix::from_fn(self.rows, p + 2, |i, j| match j.checked_sub(p) {
            None => x.row(i)[j],
            Some(0) => self.age[i],
            Some(_) => self.menopause[i],
        });
        let mut names: Vec<String> = (0..p).map(|j| j.to_string()).collect();
        names.extend(["age".to_owned(), "menopause".to_owned()]);
        self.with(x, names)
    }

    /// Other columns for the same rows.
    pub(crate) fn with(&self, x: Matrix, names: Vec<String>) -> Dataset {
        let ids: Vec<String> = (0..self.rows).map(|i| format!("p{i:02}")).collect();
        let centres = self.centre.iter().cloned().map(Some).collect();
        let classes = ["zero", "low", "positive"].map(String::from).to_vec();
        Dataset::new(
            ids.clone(),
            ids,
            Some(centres),
            names,
            x,
            self.y.clone(),
            classes,
        )
        .unwrap()
    }
}
