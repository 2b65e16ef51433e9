//! Maps of a cohort.

use super::rows::WIDTH;
use super::short;
use crate::catalogue::Catalogue;
use crate::cohort_map::{Colouring, Tones};
use crate::palette::{self, GRID, INK, QUIET, Style};
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

/// Maps side by side, their points coloured and shaped by group.
pub fn scatter(colouring: &Colouring, panels: &[ScatterPanel], words: &Catalogue) -> String {
    let by = words.said(&colouring.by);
    let frame = Frame {
        title: &words.with("figure-maps", &[("by", &by)]),
        line: &words.with("figure-by", &[("by", &by)]),
        room: 0.0,
    };
    let groups = Groups::new(colouring, words);
    scatter_with(&frame, panels, &groups, words).0.finish()
}

/// What stands around the maps.
pub(super) struct Frame<'a> {
    pub(super) title: &'a str,
    /// Line above the legend.
    pub(super) line: &'a str,
    /// Room below the maps.
    pub(super) room: f64,
}

/// The groups of a colouring as they are drawn.
pub(super) struct Groups<'a> {
    of: &'a [Option<usize>],
    count: usize,
    tones: Tones,
    /// Each group that is told apart, the others as one, and those that are not known.
    legend: Vec<String>,
}

impl<'a> Groups<'a> {
    pub(super) fn new(colouring: &'a Colouring, words: &Catalogue) -> Self {
        let names = &colouring.names;
        let mut legend: Vec<String> = names.iter().map(|n| words.part(n)).collect();
        if names.len() > GROUPS {
            let others = (names.len() - GROUPS + 1).to_string();
            legend.truncate(GROUPS - 1);
            legend.push(words.with("figure-others", &[("count", &others)]));
        }
        if colouring.groups.iter().any(Option::is_none) {
            legend.push(words.text("figure-unknown"));
        }
        Self {
            of: &colouring.groups,
            count: names.len(),
            tones: colouring.tones,
            legend,
        }
    }

    fn style(&self, group: Option<usize>) -> Style {
        match (group, self.tones) {
            (None, _) => palette::UNKNOWN,
            (Some(0), Tones::Calls) => palette::RIGHT,
            (Some(_), Tones::Calls) => palette::WRONG,
            (Some(group), Tones::Groups) => palette::class(group.min(GROUPS - 1)),
        }
    }

    /// How a line of the legend is drawn.
    fn style_of_entry(&self, entry: usize) -> Style {
        self.style((entry < self.count.min(GROUPS)).then_some(entry))
    }

    /// Points of a higher layer lie over those of a lower one: what is not known at the bottom, wrong calls on top.
    fn layer(&self, group: Option<usize>) -> usize {
        match (group, self.tones) {
            (None, _) => 0,
            (Some(0), _) | (_, Tones::Groups) => 1,
            (Some(_), Tones::Calls) => 2,
        }
    }
}

/// The maps with their legend; tells where the room below them begins.
pub(super) fn scatter_with(
    frame: &Frame<'_>,
    panels: &[ScatterPanel],
    groups: &Groups<'_>,
    words: &Catalogue,
) -> (Svg, f64) {
    let columns = panels.len().clamp(1, 3);
    let side = if columns == 2 { WIDE_SIDE } else { SIDE };
    let rows = panels.len().div_ceil(columns).max(1);
    let legend_rows = groups.legend.len().div_ceil(4).max(1);
    let top = 26.0 + 18.0 * legend_rows as f64;
    let bottom = top + rows as f64 * (side + 52.0);
    let counts = [
        ("points", &*groups.of.len().to_string()),
        ("groups", &groups.count.to_string()),
    ];
    let description = words.with("figure-maps-text", &counts);
    let mut svg = Svg::new(WIDTH, bottom + frame.room, frame.title, &description);
    svg.text([8.0, 16.0], Anchor::Start, 12.0, INK, true, frame.line);
    for (entry, name) in groups.legend.iter().enumerate() {
        let at = [
            20.0 + 170.0 * (entry % 4) as f64,
            34.0 + 18.0 * (entry / 4) as f64,
        ];
        let style = groups.style_of_entry(entry);
        svg.marker([at[0], at[1] - 4.0], style.marker, 4.0, style.colour);
        let name = short(name, 22);
        let at = [at[0] + 10.0, at[1]];
        svg.text(at, Anchor::Start, 11.5, INK, false, &name);
    }
    for (index, panel) in panels.iter().enumerate() {
        let corner = [
            8.0 + (side + 14.0) * (index % columns) as f64,
            top + 30.0 + (side + 52.0) * (index / columns) as f64,
        ];
        draw(&mut svg, panel, corner, side, groups, words);
    }
    (svg, bottom)
}

fn draw(
    svg: &mut Svg,
    panel: &ScatterPanel,
    corner: [f64; 2],
    side: f64,
    groups: &Groups<'_>,
    words: &Catalogue,
) {
    let [x0, y0] = corner;
    let (name, note) = (words.said(&panel.name), words.said(&panel.note));
    svg.text([x0, y0 - 16.0], Anchor::Start, 12.0, INK, true, &name);
    svg.text([x0, y0 - 4.0], Anchor::Start, 10.0, QUIET, false, &note);
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
    for layer in 0..3 {
        for (place, group) in panel.places.iter().zip(groups.of) {
            if groups.layer(*group) != layer || place.iter().any(|v| !v.is_finite()) {
                continue;
            }
            let along =
                |k: usize| (place[k] - (bounds[k].0 + bounds[k].1) / 2.0) * scale + side / 2.0;
            let style = groups.style(*group);
            let at = [x0 + along(0), y0 + side - along(1)];
            svg.marker(at, style.marker, size, style.colour);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Language;

    /// The wrong calls have a colour and a shape of their own and lie over the right ones.
    #[test]
    fn wrong_calls_stand_out() {
        let colouring = Colouring {
            by: "correctness of the model's call".to_owned(),
            tones: Tones::Calls,
            names: ["right", "wrong"].map(str::to_owned).to_vec(),
            groups: vec![Some(1), Some(0), Some(1), None],
        };
        let panel = ScatterPanel {
            name: "PCA".to_owned(),
            note: String::new(),
            places: vec![[0.0, 0.0], [1.0, 1.0], [2.0, 0.0], [1.0, 2.0]],
        };
        let words = Catalogue::new(Language::English);
        let svg = scatter(&colouring, &[panel], &words);
        // What follows the last label.
        let marks = svg.rsplit_once("</text>").unwrap().1;
        let lines =
            |text: &str, colour: &str| text.matches(&format!("stroke=\"{colour}\"")).count();
        // Two strokes a cross.
        assert_eq!(lines(marks, palette::WRONG.colour), 4);
        let last_right = marks.rfind(palette::RIGHT.colour).unwrap();
        let first_wrong = marks.find(palette::WRONG.colour).unwrap();
        assert!(last_right < first_wrong);
        assert_ne!(palette::RIGHT.marker, palette::WRONG.marker);
        assert!(svg.contains("wrong") && svg.contains("not known"));
    }
}
