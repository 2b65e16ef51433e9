//! Parquet.

use crate::TableError;
use crate::cell;
use crate::raw::{Cells, Column, Numbers, Role, Roles, check_names, check_size};
use arrow_array::cast::AsArray;
use arrow_array::{Array, types};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ProjectionMask;
use parquet::arrow::arrow_reader::{
    ArrowReaderMetadata, ArrowReaderOptions, ParquetRecordBatchReaderBuilder,
};
use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;

/// Numbers that are decoded at a time.
const BATCH_CELLS: usize = 1 << 20;

/// Reads a Parquet file.
pub(crate) fn read(
    path: &Path,
    file: File,
    roles: Roles<'_>,
) -> Result<(Vec<Column>, usize), TableError> {
    // The decoder has checks of its own, but a damaged file may still trip an assertion in it.
    catch_unwind(AssertUnwindSafe(|| decode(path, file, roles)))
        .unwrap_or_else(|_| Err(bad(path, "its contents contradict themselves")))
}

fn decode(path: &Path, file: File, roles: Roles<'_>) -> Result<(Vec<Column>, usize), TableError> {
    let options = ArrowReaderOptions::new();
    let metadata = ArrowReaderMetadata::load(&file, options).map_err(|e| bad(path, e))?;
    let fields = metadata.schema().fields().clone();
    let names: Vec<String> = fields.iter().map(|f| f.name().clone()).collect();
    check_names(path, &names)?;
    let roles = roles(&names)?;
    let declared: i64 = metadata.metadata().file_metadata().num_rows();
    let declared =
        usize::try_from(declared).map_err(|_| bad(path, "its number of rows is negative"))?;

    let mut columns = Vec::with_capacity(names.len());
    let mut chosen = Vec::new();
    for (index, ((name, field), role)) in
        names.into_iter().zip(fields.iter()).zip(&roles).enumerate()
    {
        let readable = is_text(field.data_type()) || is_number(field.data_type());
        let cells = match role {
            Role::Skip => Cells::Skipped(None),
            _ if !readable => Cells::Skipped(Some(field.data_type().to_string())),
            Role::Text => Cells::Text(Vec::new()),
            Role::Number => Cells::Numbers(Numbers::default()),
        };
        if !matches!(cells, Cells::Skipped(_)) {
            chosen.push(index);
        }
        columns.push(Column { name, cells });
    }
    check_size(path, declared, chosen.len())?;

    // Text is read as views into the pages: a long text that a dictionary repeats is not copied for every row.
    let viewed: Vec<Field> = fields
        .iter()
        .map(|field| match is_text(field.data_type()) {
            true => field.as_ref().clone().with_data_type(DataType::Utf8View),
            false => field.as_ref().clone(),
        })
        .collect();
    let options = ArrowReaderOptions::new().with_schema(Arc::new(Schema::new(viewed)));
    let metadata = ArrowReaderMetadata::try_new(metadata.metadata().clone(), options)
        .map_err(|e| bad(path, e))?;
    let mask = ProjectionMask::roots(metadata.parquet_schema(), chosen.iter().copied());
    let batch = (BATCH_CELLS / chosen.len().max(1)).clamp(16, 8192);
    let batches = ParquetRecordBatchReaderBuilder::new_with_metadata(file, metadata)
        .with_projection(mask)
        .with_batch_size(batch)
        .build()
        .map_err(|e| bad(path, e))?;
    let mut rows = 0_usize;
    for batch in batches {
        let batch = batch.map_err(|e| bad(path, e))?;
        rows = rows.saturating_add(batch.num_rows());
        check_size(path, rows, chosen.len())?;
        for (&index, array) in chosen.iter().zip(batch.columns()) {
            append(path, array.as_ref(), &mut columns[index].cells)?;
        }
    }
    if chosen.is_empty() {
        rows = declared;
    }
    Ok((columns, rows))
}

fn bad(path: &Path, problem: impl std::fmt::Display) -> TableError {
    let mut problem = problem.to_string();
    if problem.contains("Disabled feature") {
        problem.push_str("; write it with snappy compression or none");
    }
    TableError::Parquet {
        path: path.to_owned(),
        problem,
    }
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

fn is_number(kind: &DataType) -> bool {
    kind.is_integer()
        || matches!(
            kind,
            DataType::Float32 | DataType::Float64 | DataType::Boolean | DataType::Null
        )
}

/// Adds the cells of one batch.
fn append(path: &Path, array: &dyn Array, cells: &mut Cells) -> Result<(), TableError> {
    if let Some(texts) = array.as_string_view_opt() {
        for text in texts {
            let text = text.unwrap_or_default();
            if text.len() > cell::LONGEST_TEXT {
                return Err(crate::raw::too_large(
                    path,
                    "bytes in one cell",
                    text.len() as u64,
                    cell::LONGEST_TEXT as u64,
                ));
            }
            match cells {
                Cells::Text(cells) => cells.push(cell::text(text)),
                Cells::Numbers(numbers) => numbers.push_text(text),
                Cells::Skipped(_) => {}
            }
        }
        return Ok(());
    }
    let mut push = |value: Option<f64>| match cells {
        Cells::Text(cells) => cells.push(value.and_then(cell::number_as_text)),
        Cells::Numbers(numbers) => numbers.push(value.unwrap_or(f64::NAN)),
        Cells::Skipped(_) => {}
    };
    macro_rules! each {
        ($kind:ty) => {
            array
                .as_primitive::<$kind>()
                .iter()
                .for_each(|value| push(value.map(|v| v as f64)))
        };
    }
    match array.data_type() {
        DataType::Int8 => each!(types::Int8Type),
        DataType::Int16 => each!(types::Int16Type),
        DataType::Int32 => each!(types::Int32Type),
        DataType::Int64 => each!(types::Int64Type),
        DataType::UInt8 => each!(types::UInt8Type),
        DataType::UInt16 => each!(types::UInt16Type),
        DataType::UInt32 => each!(types::UInt32Type),
        DataType::UInt64 => each!(types::UInt64Type),
        DataType::Float32 => each!(types::Float32Type),
        DataType::Float64 => each!(types::Float64Type),
        DataType::Boolean => {
            let flags = array.as_boolean().iter();
            flags.for_each(|flag| push(flag.map(f64::from)));
        }
        DataType::Null => (0..array.len()).for_each(|_| push(None)),
        other => return Err(bad(path, format!("a column has the type {other}"))),
    }
    Ok(())
}
