//! Tables, row after row over pages.

use super::sheets::{BOTTOM, ROOM, SMALL, Sheets};
use crate::palette::{GRID, INK, QUIET};
use crate::patient::document::Part;
use crate::patient::pdf_page::MARGIN;

/// Size of a table's letters and distance of its lines.
const LETTERS: f32 = SMALL + 0.5;
const LEADING: f32 = 1.35;
/// Rows of a table that stay together with its head.
const TOGETHER: usize = 3;

/// What stands in a table.
pub(super) struct Cells<'a> {
    caption: &'a str,
    /// Empty where the first column names what the second holds.
    header: &'a [String],
    rows: Vec<Vec<String>>,
    /// Share of the width of each column; equal ones when empty.
    shares: &'static [f32],
}

impl<'a> Cells<'a> {
    /// The cells of facts and of tables; `None` for other parts.
    pub(super) fn of(part: &'a Part<'_>) -> Option<Self> {
        match part {
            Part::Facts { caption, rows } => Some(Self {
                caption,
                header: &[],
                rows: (rows.iter())
                    .map(|(name, value)| vec![name.clone(), value.clone()])
                    .collect(),
                shares: &[0.3, 0.7],
            }),
            Part::Table {
                caption,
                header,
                rows,
            } => Some(Self {
                caption,
                header,
                rows: rows.clone(),
                shares: match header.len() {
                    2 => &[0.5, 0.5],
                    3 => &[0.44, 0.4, 0.16],
                    _ => &[],
                },
            }),
            _ => None,
        }
    }
}

/// A row: where each cell begins, its lines, and the height of the highest.
struct Row {
    cells: Vec<(f32, Vec<String>)>,
    height: f32,
}

impl Sheets<'_> {
    /// Height of what stays together at the beginning of a table: caption, head and the first rows.
    pub(super) fn table_beginning(&mut self, table: &Cells<'_>) -> f32 {
        let (head, rows) = self.laid_out(table, TOGETHER);
        self.height_of_beginning(table.caption, head.as_ref(), &rows)
    }

    /// The head of a table, where it has one, and so many of its rows.
    fn laid_out(&mut self, table: &Cells<'_>, most: usize) -> (Option<Row>, Vec<Row>) {
        let (header, shares) = (table.header, table.shares);
        let head = (!header.is_empty()).then(|| self.row_of(header, shares, true));
        let rows = table.rows.iter().take(most);
        let rows = rows.map(|cells| self.row_of(cells, shares, false));
        (head, rows.collect())
    }

    /// Height of the caption, the head and the first rows.
    fn height_of_beginning(&mut self, caption: &str, head: Option<&Row>, rows: &[Row]) -> f32 {
        let mut height = 0.0;
        if !caption.is_empty() {
            let lines = self.lines(caption, LETTERS, false, ROOM).len() as f32;
            height += lines * LETTERS * 1.45 + 2.0;
        }
        for row in head.into_iter().chain(rows.iter().take(TOGETHER)) {
            height += row.height;
        }
        height
    }

    /// A table whose head is written again on each page. A last row is not left alone on a page.
    pub(super) fn table(&mut self, table: &Cells<'_>) {
        let (head, rows) = self.laid_out(table, usize::MAX);
        let Cells {
            caption, shares, ..
        } = table;
        let together = self.height_of_beginning(caption, head.as_ref(), &rows);
        self.need(together);
        let height_of = |rows: &[Row]| rows.iter().map(|r| r.height).sum::<f32>();
        if !caption.is_empty() {
            self.text(caption, LETTERS, false, QUIET, MARGIN, ROOM);
            self.y += 2.0;
        }
        let quiet = shares.len() == 2;
        if let Some(head) = &head {
            self.write_row(head, true, quiet);
        }
        for (number, row) in rows.iter().enumerate() {
            // The last two rows stay together.
            let until = if number + 2 == rows.len() { 2 } else { 1 };
            let room = height_of(&rows[number..number + until]);
            let before = self.pages.len();
            self.need(room);
            if self.pages.len() > before
                && let Some(head) = &head
                && self.y + head.height + row.height <= BOTTOM
            {
                self.write_row(head, true, quiet);
            }
            self.write_row(row, false, quiet);
        }
        self.y += 6.0;
    }

    fn row_of(&mut self, cells: &[String], shares: &[f32], head: bool) -> Row {
        let equal = 1.0 / cells.len().max(1) as f32;
        let mut x = MARGIN;
        let mut row = Row {
            cells: Vec::with_capacity(cells.len()),
            height: 0.0,
        };
        for (number, cell) in cells.iter().enumerate() {
            let width = ROOM * shares.get(number).copied().unwrap_or(equal);
            let lines = self.lines(cell, LETTERS, head, width - 8.0);
            let height = lines.len() as f32 * LETTERS * LEADING + 5.0;
            row.height = row.height.max(height);
            row.cells.push((x, lines));
            x += width;
        }
        row
    }

    fn write_row(&mut self, row: &Row, head: bool, quiet: bool) {
        for (column, (x, lines)) in row.cells.iter().enumerate() {
            let colour = match column == 0 && quiet && !head {
                true => QUIET,
                false => INK,
            };
            for (number, text) in lines.iter().enumerate() {
                let y = self.y + 2.0 + LETTERS * (1.0 + LEADING * number as f32);
                self.write([*x, y], LETTERS, head, colour, text.clone());
            }
        }
        self.y += row.height;
        let (colour, width) = if head { (INK, 0.9) } else { (GRID, 0.6) };
        self.across(colour, width);
    }
}
