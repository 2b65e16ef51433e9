//! Tables, row after row over pages.

use super::sheets::{ROOM, SMALL, Sheets};
use crate::palette::{GRID, INK, QUIET};
use crate::patient::pdf_page::{MARGIN, Mark};

impl Sheets<'_> {
    pub(super) fn table(
        &mut self,
        caption: &str,
        header: &[String],
        rows: &[Vec<String>],
        shares: &[f32],
    ) {
        if !caption.is_empty() {
            self.need(50.0);
            self.text(caption, SMALL + 0.5, false, QUIET, MARGIN, ROOM);
            self.y += 2.0;
        }
        if !header.is_empty() {
            self.row(header, shares, true);
        }
        for row in rows {
            self.row(row, shares, false);
        }
        self.y += 6.0;
    }

    fn row(&mut self, cells: &[String], shares: &[f32], head: bool) {
        let equal = 1.0 / cells.len().max(1) as f32;
        let size = SMALL + 0.5;
        let mut x = MARGIN;
        let mut columns = Vec::new();
        for (number, cell) in cells.iter().enumerate() {
            let width = ROOM * shares.get(number).copied().unwrap_or(equal);
            columns.push((x, self.lines(cell, size, head, width - 8.0)));
            x += width;
        }
        let most = columns
            .iter()
            .map(|(_, lines)| lines.len())
            .max()
            .unwrap_or(0);
        let height = most as f32 * size * 1.35 + 5.0;
        self.need(height);
        for (column, (x, lines)) in columns.into_iter().enumerate() {
            let colour = if column == 0 && shares.len() == 2 && !head {
                QUIET
            } else {
                INK
            };
            for (number, text) in lines.into_iter().enumerate() {
                let y = self.y + 2.0 + size * (1.0 + 1.35 * number as f32);
                self.mark(Mark::Text {
                    at: [x, y],
                    size,
                    bold: head,
                    colour,
                    text,
                });
            }
        }
        self.y += height;
        let (colour, width) = if head { (INK, 0.9) } else { (GRID, 0.6) };
        let points = vec![[MARGIN, self.y], [MARGIN + ROOM, self.y]];
        self.mark(Mark::Line {
            points,
            closed: false,
            width,
            colour,
            dash: &[],
        });
    }
}
