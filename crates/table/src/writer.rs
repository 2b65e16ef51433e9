//! Writing tables row by row, without holding them.

use crate::cell::decimal;
use crate::parquet_sink::ParquetSink;
use crate::{FIXED_COLUMNS, FeatureTable, TableError};
use std::collections::BTreeMap;
use std::fs::File;
use std::io::BufWriter;
use std::path::Path;
use triher_wholefile::WholeFile;

/// What is known of a column besides its name: `unit`, `ibsi_tag`, ... and their texts.
pub type ColumnMetadata = BTreeMap<String, String>;

/// One row of a feature table: a lesion of a patient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct FeatureRow<'a> {
    /// The patient.
    pub patient_id: &'a str,
    /// The lesion within the patient; empty when there is one only.
    pub lesion: &'a str,
    /// The centre, where known.
    pub centre: Option<&'a str>,
    /// The class, where known.
    pub label: Option<&'a str>,
    /// One value for each feature; `NaN` is missing.
    pub values: &'a [f64],
}

/// Writes a feature table row by row: CSV, TSV or Parquet, by the path's ending.
///
/// The columns are `patient_id, lesion, centre, label` and the features. Missing values are empty cells (CSV) or nulls (Parquet). The
/// same rows give the same bytes. Rows go to a neighbour, which [`finish`](Self::finish) renames; without it nothing
/// is left behind. A CSV is written line by line, a Parquet file in row
/// groups of about a million numbers; its footer keeps less than 1 kB for each column of each group.
///
/// ```
/// use triher_table::{FeatureRow, FeatureTable, FeatureWriter, TableSpec};
///
/// let folder = std::env::temp_dir();
/// let path = folder.join(format!("triher-table-example-{}.csv", std::process::id()));
/// let mut writer = FeatureWriter::create(&path, &["volume_mm3".to_owned()])?;
/// writer.append(&FeatureRow {
///     patient_id: "P1", lesion: "1", centre: Some("A"), label: Some("low"), values: &[3139.5],
/// })?;
/// writer.finish()?;
///
/// let spec = TableSpec { id: "patient_id".to_owned(), label: Some("label".to_owned()), ..TableSpec::default() };
/// let read = FeatureTable::read(&path, &spec)?;
/// assert_eq!(read.table.row(0), [3139.5]);
/// # std::fs::remove_file(&path).ok();
/// # Ok::<(), triher_table::TableError>(())
/// ```
#[derive(Debug)]
pub struct FeatureWriter {
    features: usize,
    sink: Sink,
    // After the sink, which then is closed before the file goes.
    file: WholeFile,
}

/// Writes Parquet whatever the path's ending; otherwise as [`FeatureWriter`].
#[derive(Debug)]
pub struct ParquetFeatureWriter(FeatureWriter);

#[derive(Debug)]
enum Sink {
    Delimited(Box<csv::Writer<BufWriter<File>>>),
    Parquet(Box<ParquetSink>),
}

impl FeatureWriter {
    /// Begins a table of the named features.
    ///
    /// # Errors
    /// [`TableError::UnknownFormat`], [`TableError::BadFeatureName`] and [`TableError::Io`].
    pub fn create(path: &Path, feature_names: &[String]) -> Result<Self, TableError> {
        Self::create_as(path, feature_names, Format::of(path)?, &[])
    }

    /// As [`create`](Self::create), with what is known of each feature (unit, tag, ...): in a Parquet file as metadata of the Arrow field of the column, which
    /// pyarrow gives as `schema.field(name).metadata`. CSV has no place for it.
    ///
    /// # Errors
    /// As [`create`](Self::create); [`TableError::RowLength`] when there is not one entry for each feature.
    pub fn create_described(
        path: &Path,
        feature_names: &[String],
        metadata: &[ColumnMetadata],
    ) -> Result<Self, TableError> {
        if metadata.len() != feature_names.len() {
            return Err(TableError::RowLength {
                expected: feature_names.len(),
                found: metadata.len(),
            });
        }
        Self::create_as(path, feature_names, Format::of(path)?, metadata)
    }

    fn create_as(
        path: &Path,
        feature_names: &[String],
        format: Format,
        metadata: &[ColumnMetadata],
    ) -> Result<Self, TableError> {
        let mut seen: std::collections::BTreeSet<&str> = FIXED_COLUMNS.into_iter().collect();
        let bad = feature_names
            .iter()
            .find(|n| n.is_empty() || !seen.insert(n));
        if let Some(name) = bad {
            return Err(TableError::BadFeatureName { name: name.clone() });
        }
        let failed = |source| failed(path, source);
        let whole = WholeFile::begin(path).map_err(failed)?;
        let file = File::create(whole.part()).map_err(failed)?;
        let file = BufWriter::new(file);
        let sink = match format {
            Format::Delimited(delimiter) => {
                let mut writer = csv::WriterBuilder::new()
                    .delimiter(delimiter)
                    .from_writer(file);
                let names = feature_names.iter().map(String::as_str);
                let header = writer.write_record(FIXED_COLUMNS.into_iter().chain(names));
                header
                    .map(|()| Sink::Delimited(Box::new(writer)))
                    .map_err(other)
            }
            Format::Parquet => ParquetSink::new(file, feature_names, metadata)
                .map(|sink| Sink::Parquet(Box::new(sink))),
        };
        Ok(Self {
            features: feature_names.len(),
            sink: sink.map_err(failed)?,
            file: whole,
        })
    }

    /// Adds a row.
    ///
    /// # Errors
    /// [`TableError::RowLength`] and [`TableError::Io`].
    pub fn append(&mut self, row: &FeatureRow<'_>) -> Result<(), TableError> {
        if row.values.len() != self.features {
            return Err(TableError::RowLength {
                expected: self.features,
                found: row.values.len(),
            });
        }
        let written = match &mut self.sink {
            Sink::Delimited(writer) => {
                let fixed = [
                    row.patient_id,
                    row.lesion,
                    row.centre.unwrap_or(""),
                    row.label.unwrap_or(""),
                ];
                let fields = fixed
                    .into_iter()
                    .try_for_each(|field| writer.write_field(field));
                let fields = fields.and_then(|()| {
                    row.values
                        .iter()
                        .try_for_each(|value| match value.is_nan() {
                            true => writer.write_field(""),
                            false => writer.write_field(decimal(*value)),
                        })
                });
                let end = fields.and_then(|()| writer.write_record(None::<&[u8]>));
                end.map_err(other)
            }
            Sink::Parquet(sink) => sink.append(row),
        };
        written.map_err(|source| failed(self.file.path(), source))
    }

    /// Ends the table and gives it its name.
    ///
    /// # Errors
    /// [`TableError::Io`].
    pub fn finish(mut self) -> Result<(), TableError> {
        let written = match &mut self.sink {
            Sink::Delimited(writer) => writer
                .flush()
                .and_then(|()| writer.get_ref().get_ref().sync_all()),
            Sink::Parquet(sink) => sink.finish(),
        };
        let path = self.file.path().to_owned();
        written
            .and_then(|()| self.file.finish())
            .map_err(|source| failed(&path, source))
    }
}

fn failed(path: &Path, source: std::io::Error) -> TableError {
    TableError::Io {
        path: path.to_owned(),
        action: "written",
        source,
    }
}

impl ParquetFeatureWriter {
    /// Begins a Parquet table of the named features.
    ///
    /// # Errors
    /// As [`FeatureWriter::create`].
    pub fn new(path: &Path, feature_names: &[String]) -> Result<Self, TableError> {
        FeatureWriter::create_as(path, feature_names, Format::Parquet, &[]).map(Self)
    }

    /// Adds rows.
    ///
    /// # Errors
    /// As [`FeatureWriter::append`].
    pub fn append(&mut self, rows: &[FeatureRow<'_>]) -> Result<(), TableError> {
        rows.iter().try_for_each(|row| self.0.append(row))
    }

    /// Ends the table and gives it its name.
    ///
    /// # Errors
    /// As [`FeatureWriter::finish`].
    pub fn finish(self) -> Result<(), TableError> {
        self.0.finish()
    }
}

enum Format {
    Delimited(u8),
    Parquet,
}

impl Format {
    /// The format that a path's ending names.
    fn of(path: &Path) -> Result<Self, TableError> {
        let ending = path.extension().and_then(|e| e.to_str());
        match ending.map(str::to_ascii_lowercase).as_deref() {
            Some("csv") => Ok(Self::Delimited(b',')),
            Some("tsv" | "tab") => Ok(Self::Delimited(b'\t')),
            Some("parquet" | "pq") => Ok(Self::Parquet),
            _ => Err(TableError::UnknownFormat {
                path: path.to_owned(),
            }),
        }
    }
}

pub(crate) fn other(error: impl std::fmt::Display) -> std::io::Error {
    std::io::Error::other(error.to_string())
}

impl FeatureTable {
    /// Writes the table as CSV (or TSV, when the path ends so), in the columns of [`FeatureWriter`].
    ///
    /// `patient_id` is the group, or the identifier when there are no groups. `lesion` is what the identifier adds to the group: the
    /// whole identifier when it does not begin with it, nothing when they are the same.
    ///
    /// # Errors
    /// As [`FeatureWriter`].
    pub fn write_csv(&self, path: &Path) -> Result<(), TableError> {
        let tabs = path.extension().is_some_and(|e| e == "tsv" || e == "tab");
        let delimiter = if tabs { b'\t' } else { b',' };
        self.write_as(path, Format::Delimited(delimiter))
    }

    /// Writes the table as Parquet, in the same columns as [`write_csv`](Self::write_csv).
    ///
    /// # Errors
    /// As [`FeatureWriter`].
    pub fn write_parquet(&self, path: &Path) -> Result<(), TableError> {
        self.write_as(path, Format::Parquet)
    }

    fn write_as(&self, path: &Path, format: Format) -> Result<(), TableError> {
        let mut writer = FeatureWriter::create_as(path, &self.feature_names, format, &[])?;
        let at = |cells: &Option<Vec<Option<String>>>, row: usize| {
            cells.as_ref().and_then(|c| c.get(row).cloned().flatten())
        };
        for (row, id) in self.ids.iter().enumerate() {
            let group = self.groups.as_ref().and_then(|g| g.get(row)).unwrap_or(id);
            let lesion = match id.strip_prefix(group.as_str()) {
                Some("") => "",
                Some(rest) => rest.strip_prefix('/').unwrap_or(id),
                None => id,
            };
            writer.append(&FeatureRow {
                patient_id: group,
                lesion,
                centre: at(&self.centres, row).as_deref(),
                label: at(&self.labels, row).as_deref(),
                values: self.row(row),
            })?;
        }
        writer.finish()
    }
}
