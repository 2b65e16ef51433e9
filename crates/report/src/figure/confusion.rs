//! The confusion matrix as a heat map.

use super::short;
use crate::catalogue::Catalogue;
use crate::palette::{GRID, HEAT, INK, QUIET};
use crate::svg::{Anchor, Svg};

/// Counts and row shares, truth downwards and the most probable class across; darker cells hold a
/// larger share of their row. Classes without cases have empty rows.
pub fn confusion(classes: &[String], matrix: &[Vec<u64>], words: &Catalogue) -> String {
    let cell = if classes.len() <= 4 { 96.0 } else { 72.0 };
    let (left, top) = (130.0, 58.0);
    let side = cell * classes.len() as f64;
    let mut svg = Svg::new(
        left + side + 20.0,
        top + side + 14.0,
        &words.text("figure-confusion"),
        &words.text("figure-confusion-text"),
    );
    let middle = left + side / 2.0;
    svg.text(
        [middle, 18.0],
        Anchor::Middle,
        12.0,
        QUIET,
        false,
        &words.text("figure-most-probable"),
    );
    svg.text_upwards([16.0, top + side / 2.0], &words.text("classes-true"));
    for (index, class) in classes.iter().enumerate() {
        let along = (index as f64 + 0.5) * cell;
        let name = short(&words.short_class(class), 13);
        svg.text(
            [left + along, top - 10.0],
            Anchor::Middle,
            12.0,
            INK,
            true,
            &name,
        );
        svg.text(
            [left - 10.0, top + along + 4.0],
            Anchor::End,
            12.0,
            INK,
            true,
            &name,
        );
    }
    for (row, counts) in matrix.iter().enumerate().take(classes.len()) {
        let total: u64 = counts.iter().sum();
        for (column, &count) in counts.iter().enumerate().take(classes.len()) {
            let share = if total > 0 {
                count as f64 / total as f64
            } else {
                0.0
            };
            let corner = [left + column as f64 * cell, top + row as f64 * cell];
            svg.rectangle(
                [corner[0] + 1.0, corner[1] + 1.0],
                [cell - 2.0, cell - 2.0],
                &heat(share),
            );
            let ink = if share > 0.6 { "#ffffff" } else { INK };
            let centre = [corner[0] + cell / 2.0, corner[1] + cell / 2.0];
            let label = if total > 0 {
                words.percent(share, 1)
            } else {
                words.text("no-cases")
            };
            svg.text(
                [centre[0], centre[1] - 2.0],
                Anchor::Middle,
                18.0,
                ink,
                true,
                &count.to_string(),
            );
            svg.text(
                [centre[0], centre[1] + 17.0],
                Anchor::Middle,
                11.0,
                ink,
                false,
                &label,
            );
        }
    }
    let frame = [
        [left, top],
        [left + side, top],
        [left + side, top + side],
        [left, top + side],
        [left, top],
    ];
    svg.path(&frame, GRID, 1.0, "");
    // A frame around the diagonal: where truth and prediction agree, without relying on colour.
    for index in 0..classes.len() {
        let (x, y) = (left + index as f64 * cell, top + index as f64 * cell);
        svg.path(
            &[
                [x, y],
                [x + cell, y],
                [x + cell, y + cell],
                [x, y + cell],
                [x, y],
            ],
            INK,
            1.6,
            "",
        );
    }
    svg.finish()
}

/// From almost white to the palette's blue.
fn heat(share: f64) -> String {
    let share = share.clamp(0.0, 1.0);
    let mix = |dark: u8| (247.0 + (f64::from(dark) - 247.0) * share).round() as u8;
    format!(
        "#{:02x}{:02x}{:02x}",
        mix(HEAT[0]),
        mix(HEAT[1]),
        mix(HEAT[2])
    )
}
