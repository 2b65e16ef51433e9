//! Maps of a cohort.

use super::short;
use crate::catalogue::{Catalogue, Language};
use crate::palette::{self, GRID, INK, QUIET};
use crate::svg::{Anchor, Svg};

/// Side of a panel where three stand side by side, and where two do.
const SIDE: f64 = 216.0;
const WIDE_SIDE: f64 = 330.0;
/// Most groups that are told apart; the smallest others are drawn as one.
const GROUPS: usize = 6;

/// One map.
#[derive(Debug, Clone, PartialEq)]
pub struct ScatterPanel {
    /// Its method: "UMAP".
    pub name: String,
    /// Line under the name: how far it can be trusted.
    pub note: String,
    /// Places of the points.
    pub places: Vec<[f64; 2]>,
}

/// Maps side by side, their points coloured and shaped by group. `groups` holds the number of each point's group in `names`, or `None`
/// where it is not known.
pub fn scatter(
    by: &str,
    panels: &[ScatterPanel],
    groups: &[Option<usize>],
    names: &[String],
) -> String {
    scatter_in(
        by,
        panels,
        groups,
        names,
        &Catalogue::new(Language::English),
    )
}

/// As [`scatter`], in a language.
pub fn scatter_in(
    by: &str,
    panels: &[ScatterPanel],
    groups: &[Option<usize>],
    names: &[String],
    words: &Catalogue,
) -> String {
    let by = words.said(by);
    let title = words.with("figure-maps", &[("by", &by)]);
    let line = words.with("figure-by", &[("by", &by)]);
    scatter_with((&title, &line, words), panels, groups, names, 0.0)
        .0
        .finish()
}

/// The same with a title and a line above the legend, and with so much room below the maps; tells where that room begins.
pub(super) fn scatter_with(
    (title, line, words): (&str, &str, &Catalogue),
    panels: &[ScatterPanel],
    groups: &[Option<usize>],
    names: &[String],
    room: f64,
) -> (Svg, f64) {
    let columns = panels.len().clamp(1, 3);
    let side = if columns == 2 { WIDE_SIDE } else { SIDE };
    let rows = panels.len().div_ceil(columns).max(1);
    let shown = names.len().min(GROUPS);
    let unknown = groups.iter().any(Option::is_none);
    let legend_rows = (shown + usize::from(unknown)).div_ceil(4).max(1);
    let top = 26.0 + 18.0 * legend_rows as f64;
    let bottom = top + rows as f64 * (side + 52.0);
    let mut svg = Svg::new(
        700.0,
        bottom + room,
        title,
        &words.with(
            "figure-maps-text",
            &[
                ("points", &groups.len().to_string()),
                ("groups", &names.len().to_string()),
            ],
        ),
    );
    svg.text([8.0, 16.0], Anchor::Start, 12.0, INK, true, line);
    for entry in 0..shown + usize::from(unknown) {
        let at = [
            20.0 + 170.0 * (entry % 4) as f64,
            34.0 + 18.0 * (entry / 4) as f64,
        ];
        let (colour, marker) = style(entry, shown);
        svg.marker([at[0], at[1] - 4.0], marker, 4.0, colour);
        let name = match names.get(entry).filter(|_| entry < shown) {
            Some(_) if entry == GROUPS - 1 && names.len() > GROUPS => {
                let others = (names.len() - GROUPS + 1).to_string();
                words.with("figure-others", &[("count", &others)])
            }
            Some(name) => short(&words.short_class(name), 22),
            None => words.text("figure-unknown"),
        };
        svg.text(
            [at[0] + 10.0, at[1]],
            Anchor::Start,
            11.5,
            INK,
            false,
            &name,
        );
    }
    for (index, panel) in panels.iter().enumerate() {
        let corner = [
            8.0 + (side + 14.0) * (index % columns) as f64,
            top + 30.0 + (side + 52.0) * (index / columns) as f64,
        ];
        let note = words.said(&panel.note);
        draw(&mut svg, (panel, &note), corner, side, groups, shown);
    }
    (svg, bottom)
}

fn style(group: usize, shown: usize) -> (&'static str, palette::Marker) {
    match group < shown {
        true => (palette::class(group).colour, palette::class(group).marker),
        false => (GRID, palette::Marker::Circle),
    }
}

fn draw(
    svg: &mut Svg,
    (panel, note): (&ScatterPanel, &str),
    corner: [f64; 2],
    side: f64,
    groups: &[Option<usize>],
    shown: usize,
) {
    svg.text(
        [corner[0], corner[1] - 16.0],
        Anchor::Start,
        12.0,
        INK,
        true,
        &panel.name,
    );
    svg.text(
        [corner[0], corner[1] - 4.0],
        Anchor::Start,
        10.0,
        QUIET,
        false,
        note,
    );
    let [x0, y0] = corner;
    let outline = [
        [x0, y0],
        [x0 + side, y0],
        [x0 + side, y0 + side],
        [x0, y0 + side],
        [x0, y0],
    ];
    svg.path(&outline, GRID, 1.0, "");
    let known = || {
        panel
            .places
            .iter()
            .filter(|p| p.iter().all(|v| v.is_finite()))
    };
    let bound = |k: usize| {
        known().fold((f64::MAX, f64::MIN), |(low, high), p| {
            (low.min(p[k]), high.max(p[k]))
        })
    };
    let bounds = [bound(0), bound(1)];
    // One scale for both axes: distances are what a map is about.
    let span = bounds
        .iter()
        .map(|(low, high)| high - low)
        .fold(1e-12, f64::max);
    let scale = (side - 16.0) / span;
    let size = if panel.places.len() > 300 { 2.2 } else { 3.0 };
    // Points without a group first, so that they lie under the others.
    for layer in [false, true] {
        for (place, group) in panel.places.iter().zip(groups) {
            if group.is_some() != layer || place.iter().any(|v| !v.is_finite()) {
                continue;
            }
            let along =
                |k: usize| (place[k] - (bounds[k].0 + bounds[k].1) / 2.0) * scale + side / 2.0;
            let (colour, marker) = style(group.map_or(usize::MAX, |g| g.min(GROUPS - 1)), shown);
            svg.marker([x0 + along(0), y0 + side - along(1)], marker, size, colour);
        }
    }
}
