//! A table as it lies in the file: columns of text or numbers, before anything is joined or left out.

use crate::cell::{self, Cell};
use crate::{TableError, delimited, parquet_reader};
use sha2::{Digest, Sha256};
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::Path;

/// Largest file that is read, in bytes.
pub(crate) const MOST_BYTES: u64 = 4 << 30;
/// Most rows that are read.
pub(crate) const MOST_ROWS: usize = 1_000_000;
/// Most columns that are read.
pub(crate) const MOST_COLUMNS: usize = 100_000;
/// Most numbers that are read.
pub(crate) const MOST_CELLS: usize = 100_000_000;

/// What a column is wanted for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// Identifiers, labels, centres: kept as text.
    Text,
    /// Perhaps a feature.
    Number,
    /// Not read.
    Skip,
}

/// A column.
#[derive(Debug)]
pub(crate) struct Column {
    pub(crate) name: String,
    pub(crate) cells: Cells,
}

/// The cells of a column.
#[derive(Debug)]
pub(crate) enum Cells {
    Text(Vec<Option<String>>),
    Numbers(Numbers),
    /// Not read, or of a type that holds no numbers; the type when there is one.
    Skipped(Option<String>),
}

/// Cells of a column that may be a feature.
#[derive(Debug, Default)]
pub(crate) struct Numbers {
    /// `NaN` is missing or text.
    pub(crate) values: Vec<f64>,
    /// How many cells are numbers.
    pub(crate) numbers: usize,
    /// How many cells are text.
    pub(crate) texts: usize,
    /// Row (from 1) and content of the first text.
    pub(crate) first_text: Option<(usize, String)>,
    /// Row (from 1) of the first infinite number.
    pub(crate) first_infinite: Option<usize>,
}

impl Numbers {
    /// Adds a cell given as text.
    pub(crate) fn push_text(&mut self, text: &str) {
        match cell::parse(text) {
            Cell::Number(value) => self.push(value),
            Cell::Missing => self.push(f64::NAN),
            Cell::Text => {
                self.values.push(f64::NAN);
                self.texts += 1;
                if self.first_text.is_none() {
                    self.first_text = Some((self.values.len(), cell::shorten(text)));
                }
            }
        }
    }

    /// Adds a number; `NaN` is missing.
    pub(crate) fn push(&mut self, value: f64) {
        self.values.push(value);
        self.numbers += usize::from(!value.is_nan());
        if value.is_infinite() && self.first_infinite.is_none() {
            self.first_infinite = Some(self.values.len());
        }
    }
}

/// A table.
#[derive(Debug)]
pub(crate) struct RawTable {
    pub(crate) columns: Vec<Column>,
    pub(crate) rows: usize,
    /// SHA-256 of the file, in hexadecimal.
    pub(crate) sha256: String,
}

/// Decides from the names of the columns what each is for.
pub(crate) type Roles<'a> = &'a dyn Fn(&[String]) -> Result<Vec<Role>, TableError>;

impl RawTable {
    /// Reads CSV, TSV or Parquet, told by the first four bytes.
    pub(crate) fn read(path: &Path, roles: Roles<'_>) -> Result<Self, TableError> {
        let failed = |source| TableError::Io {
            path: path.to_owned(),
            action: "read",
            source,
        };
        let mut file = File::open(path).map_err(failed)?;
        let bytes = file.metadata().map_err(failed)?.len();
        if bytes > MOST_BYTES {
            return Err(too_large(path, "bytes", bytes, MOST_BYTES));
        }
        let sha256 = sha256_of(&mut file).map_err(failed)?;
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let mut magic = [0; 4];
        let parquet = bytes >= 4 && file.read_exact(&mut magic).is_ok() && &magic == b"PAR1";
        file.seek(SeekFrom::Start(0)).map_err(failed)?;
        let (columns, rows) = if parquet {
            parquet_reader::read(path, file, roles)?
        } else {
            delimited::read(path, file, roles)?
        };
        if rows == 0 {
            return Err(TableError::NoRows {
                path: path.to_owned(),
            });
        }
        Ok(Self {
            columns,
            rows,
            sha256,
        })
    }

    /// Takes the cells of a text column out.
    pub(crate) fn take_text(&mut self, name: &str) -> Option<Vec<Option<String>>> {
        let column = self.columns.iter_mut().find(|c| c.name == name)?;
        match &mut column.cells {
            Cells::Text(cells) => Some(std::mem::take(cells)),
            _ => None,
        }
    }
}

/// Refuses too many columns, and two of one name. Columns without a name may be several.
pub(crate) fn check_names(path: &Path, names: &[String]) -> Result<(), TableError> {
    if names.len() > MOST_COLUMNS {
        return Err(too_large(
            path,
            "columns",
            names.len() as u64,
            MOST_COLUMNS as u64,
        ));
    }
    let mut seen = std::collections::BTreeSet::new();
    let twice = names.iter().find(|n| !n.is_empty() && !seen.insert(*n));
    match twice {
        None => Ok(()),
        Some(name) => Err(TableError::DuplicateColumn {
            path: path.to_owned(),
            column: name.clone(),
        }),
    }
}

/// Refuses more rows or cells than fit.
pub(crate) fn check_size(
    path: &Path,
    rows: usize,
    numeric_columns: usize,
) -> Result<(), TableError> {
    if rows > MOST_ROWS {
        return Err(too_large(path, "rows", rows as u64, MOST_ROWS as u64));
    }
    match rows.saturating_mul(numeric_columns) {
        cells if cells > MOST_CELLS => {
            Err(too_large(path, "cells", cells as u64, MOST_CELLS as u64))
        }
        _ => Ok(()),
    }
}

pub(crate) fn too_large(path: &Path, what: &'static str, found: u64, limit: u64) -> TableError {
    TableError::TooLarge {
        path: path.to_owned(),
        what,
        found,
        limit,
    }
}

fn sha256_of(file: &mut File) -> std::io::Result<String> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; 1 << 16];
    loop {
        match file.read(&mut buffer)? {
            0 => break,
            read => hasher.update(&buffer[..read]),
        }
    }
    let digest = hasher.finalize();
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}
