//! Tables, row after row over pages.

use super::sheets::{BOTTOM, ROOM, SMALL, Sheets};
use crate::palette::{GRID, INK, QUIET};
use crate::patient::pdf_page::MARGIN;

/// Size of a table's letters and distance of its lines.
const LETTERS: f32 = SMALL + 0.5;
const LEADING: f32 = 1.35;
/// Rows of a table that stay together with its head.
const TOGETHER: usize = 3;

/// A row: where each cell begins, its lines, and the height of the highest.
struct Row {
    cells: Vec<(f32, Vec<String>)>,
    height: f32,
}

impl Sheets<'_> {
    /// A table whose head is written again on each page. A last row is not left alone on a page.
    pub(super) fn table(
        &mut self,
        caption: &str,
        header: &[String],
        rows: &[Vec<String>],
        shares: &[f32],
    ) {
        let head = (!header.is_empty()).then(|| self.row_of(header, shares, true));
        let rows: Vec<Row> = (rows.iter())
            .map(|cells| self.row_of(cells, shares, false))
            .collect();
        let height_of = |rows: &[Row]| rows.iter().map(|r| r.height).sum::<f32>();
        let of_head = head.as_ref().map_or(0.0, |h| h.height);
        let first = height_of(&rows[..rows.len().min(TOGETHER)]);
        let of_caption = if caption.is_empty() { 0.0 } else { 18.0 };
        self.need(of_caption + of_head + first);
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
