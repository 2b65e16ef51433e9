//! CSV and TSV.

use crate::TableError;
use crate::cell;
use crate::raw::{Cells, Column, Numbers, Role, Roles, check_names, check_size};
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

/// Longest first line that is looked at to tell the separator, in bytes.
const HEADER_BYTES: u64 = 16 << 20;

/// Reads a delimited text file whose separator (comma, tab or semicolon) its header tells.
pub(crate) fn read(
    path: &Path,
    file: File,
    roles: Roles<'_>,
) -> Result<(Vec<Column>, usize), TableError> {
    let failed = |source| TableError::Io {
        path: path.to_owned(),
        action: "read",
        source,
    };
    let mut reader = BufReader::with_capacity(1 << 16, file);
    let start = reader.fill_buf().map_err(failed)?;
    if start.starts_with(b"\xef\xbb\xbf") {
        reader.consume(3);
    }
    let mut header = Vec::new();
    let mut first = reader.by_ref().take(HEADER_BYTES);
    first.read_until(b'\n', &mut header).map_err(failed)?;
    let delimiter = delimiter_of(&header);
    let mut csv = csv::ReaderBuilder::new()
        .delimiter(delimiter)
        .flexible(true)
        .has_headers(false)
        .from_reader(std::io::Cursor::new(header).chain(reader));

    let mut record = csv::ByteRecord::new();
    let mut next = |record: &mut csv::ByteRecord| {
        csv.read_byte_record(record)
            .map_err(|e| failed(std::io::Error::other(e.to_string())))
    };
    if !next(&mut record)? {
        return Err(TableError::NoHeader {
            path: path.to_owned(),
        });
    }
    let mut names = Vec::with_capacity(record.len());
    for name in &record {
        names.push(utf8(path, name, 0)?.trim().to_owned());
    }
    check_names(path, &names)?;
    let roles = roles(&names)?;
    let numeric = roles.iter().filter(|r| **r == Role::Number).count();
    let mut columns: Vec<Column> = names
        .into_iter()
        .zip(&roles)
        .map(|(name, role)| Column {
            name,
            cells: match role {
                Role::Text => Cells::Text(Vec::new()),
                Role::Number => Cells::Numbers(Numbers::default()),
                Role::Skip => Cells::Skipped(None),
            },
        })
        .collect();

    let mut rows = 0;
    while next(&mut record)? {
        rows += 1;
        check_size(path, rows, numeric)?;
        if record.len() != columns.len() {
            return Err(TableError::Ragged {
                path: path.to_owned(),
                row: rows,
                expected: columns.len(),
                found: record.len(),
            });
        }
        for (field, column) in record.iter().zip(&mut columns) {
            match &mut column.cells {
                Cells::Skipped(_) => {}
                Cells::Numbers(numbers) => numbers.push_text(utf8(path, field, rows)?),
                Cells::Text(cells) if field.len() <= cell::LONGEST_TEXT => {
                    cells.push(cell::text(utf8(path, field, rows)?));
                }
                Cells::Text(_) => {
                    return Err(crate::raw::too_large(
                        path,
                        "bytes in one cell",
                        field.len() as u64,
                        cell::LONGEST_TEXT as u64,
                    ));
                }
            }
        }
    }
    Ok((columns, rows))
}

fn utf8<'a>(path: &Path, bytes: &'a [u8], row: usize) -> Result<&'a str, TableError> {
    std::str::from_utf8(bytes).map_err(|_| TableError::NotUtf8 {
        path: path.to_owned(),
        row,
    })
}

/// The separator that occurs most often outside of quotes; a comma when none does.
fn delimiter_of(header: &[u8]) -> u8 {
    let mut quoted = false;
    let mut counts = [(b',', 0), (b'\t', 0), (b';', 0)];
    for &byte in header {
        if byte == b'"' {
            quoted = !quoted;
        }
        for (delimiter, count) in &mut counts {
            if !quoted && byte == *delimiter {
                *count += 1;
            }
        }
    }
    // The first of equal counts: comma, then tab, then semicolon.
    let best = counts.iter().rev().max_by_key(|(_, count)| *count);
    best.map_or(b',', |(delimiter, _)| *delimiter)
}

#[cfg(test)]
mod tests {
    use super::delimiter_of;

    #[test]
    fn the_header_tells_the_separator() {
        assert_eq!(delimiter_of(b"id,a,b"), b',');
        assert_eq!(delimiter_of(b"id\ta (x, y)\tb"), b'\t');
        assert_eq!(delimiter_of(b"id;a;b"), b';');
        assert_eq!(delimiter_of(b"id;\"a,b,c,d\";b"), b';');
        assert_eq!(delimiter_of(b"id"), b',');
        assert_eq!(delimiter_of(b""), b',');
    }
}
