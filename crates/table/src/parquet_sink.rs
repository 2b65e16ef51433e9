//! Rows on their way into a Parquet file.

use crate::FIXED_COLUMNS;
use crate::writer::{ColumnMetadata, FeatureRow, other};
use arrow_array::builder::{Float64Builder, StringBuilder};
use arrow_array::{ArrayRef, RecordBatch};
use arrow_schema::{DataType, Field, Schema};
use parquet::arrow::ArrowWriter;
use parquet::basic::Compression;
use parquet::file::properties::{EnabledStatistics, WriterProperties};
use std::fs::File;
use std::io::{BufWriter, Write};
use std::sync::Arc;

/// Numbers in one row group of a Parquet file: 8 MiB of them are held at a time.
const GROUP_CELLS: usize = 1 << 20;

/// Rows on their way into a Parquet file.
#[derive(Debug)]
pub(crate) struct ParquetSink {
    schema: Arc<Schema>,
    writer: Option<ArrowWriter<BufWriter<File>>>,
    texts: [StringBuilder; 4],
    columns: Vec<Float64Builder>,
    rows: usize,
    group: usize,
}

impl ParquetSink {
    pub(crate) fn new(
        file: BufWriter<File>,
        names: &[String],
        metadata: &[ColumnMetadata],
    ) -> std::io::Result<Self> {
        let texts = FIXED_COLUMNS.into_iter().enumerate();
        let texts = texts.map(|(i, name)| Field::new(name, DataType::Utf8, i >= 2));
        let numbers = names.iter().enumerate().map(|(column, name)| {
            let field = Field::new(name, DataType::Float64, true);
            match metadata.get(column) {
                Some(known) => field.with_metadata(known.clone()),
                None => field,
            }
        });
        let schema = Arc::new(Schema::new(texts.chain(numbers).collect::<Vec<_>>()));
        let group = (GROUP_CELLS / names.len().max(1)).clamp(1, 1 << 16);
        let properties = WriterProperties::builder()
            .set_created_by("triher".to_owned())
            .set_compression(Compression::SNAPPY)
            // Real-valued features hardly repeat: a dictionary would only be built and thrown away.
            .set_dictionary_enabled(false)
            .set_statistics_enabled(EnabledStatistics::None)
            // One page index entry for each column and group would be most of what stays in memory.
            .set_offset_index_disabled(true)
            .set_max_row_group_row_count(Some(group))
            .build();
        let writer = ArrowWriter::try_new(file, schema.clone(), Some(properties));
        Ok(Self {
            schema,
            writer: Some(writer.map_err(other)?),
            texts: Default::default(),
            columns: names.iter().map(|_| Float64Builder::new()).collect(),
            rows: 0,
            group,
        })
    }

    pub(crate) fn append(&mut self, row: &FeatureRow<'_>) -> std::io::Result<()> {
        let texts = [
            Some(row.patient_id),
            Some(row.lesion),
            row.centre,
            row.label,
        ];
        for (builder, text) in self.texts.iter_mut().zip(texts) {
            builder.append_option(text);
        }
        for (builder, &value) in self.columns.iter_mut().zip(row.values) {
            builder.append_option((!value.is_nan()).then_some(value));
        }
        self.rows += 1;
        if self.rows == self.group {
            self.flush()?;
        }
        Ok(())
    }

    /// Writes the rows that are held as one row group.
    fn flush(&mut self) -> std::io::Result<()> {
        if self.rows == 0 {
            return Ok(());
        }
        let texts = self
            .texts
            .iter_mut()
            .map(|b| Arc::new(b.finish()) as ArrayRef);
        let numbers = self
            .columns
            .iter_mut()
            .map(|b| Arc::new(b.finish()) as ArrayRef);
        let batch = RecordBatch::try_new(self.schema.clone(), texts.chain(numbers).collect());
        self.rows = 0;
        let Some(writer) = &mut self.writer else {
            return Ok(());
        };
        writer.write(&batch.map_err(other)?).map_err(other)?;
        writer.flush().map_err(other)
    }

    pub(crate) fn finish(&mut self) -> std::io::Result<()> {
        self.flush()?;
        let Some(writer) = self.writer.take() else {
            return Ok(());
        };
        let mut file = writer.into_inner().map_err(other)?;
        file.flush()?;
        file.get_ref().sync_all()
    }
}
