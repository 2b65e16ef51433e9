//! How well the centre can be told, before and after it was taken out of the features.

use super::scatter::{ScatterPanel, scatter_with};
use crate::catalogue::{Catalogue, Language};
use crate::palette::{self, INK, QUIET};
use crate::svg::{Anchor, Axes};

/// Features in one state: as they are, or after ComBat.
#[derive(Debug, Clone, PartialEq)]
pub struct BatchState {
    /// The state: "after ComBat".
    pub name: String,
    /// Principal components of the features in this state.
    pub panel: ScatterPanel,
    /// Measures between 0 and 1 by name, each with what chance alone gives; the same in all states.
    pub measures: Vec<(String, Option<f64>, Option<f64>)>,
}

const ROW: f64 = 30.0;
const LABELS: f64 = 250.0;

/// Principal components by centre in each state, and below them how well the centre can be told: a point a state, a bar at chance.
pub fn batch_effect(states: &[BatchState], groups: &[Option<usize>], names: &[String]) -> String {
    let panels: Vec<ScatterPanel> = states.iter().map(|s| s.panel.clone()).collect();
    let measures = states.first().map_or(&[][..], |s| &s.measures);
    let below = 46.0 + ROW * measures.len() as f64 + 48.0;
    let words = Catalogue::new(Language::English);
    let title = ("Batch effect", "by centre", &words);
    let (mut svg, top) = scatter_with(title, &panels, groups, names, below);
    let mut x = LABELS;
    for (index, state) in states.iter().enumerate() {
        let style = palette::class(index);
        svg.marker([x, top + 16.0], style.marker, 5.0, style.colour);
        let name = super::short(&state.name, 24);
        svg.text(
            [x + 10.0, top + 20.0],
            Anchor::Start,
            11.5,
            INK,
            false,
            &name,
        );
        x += 40.0 + 7.0 * name.chars().count() as f64;
    }
    svg.line([x, top + 8.0], [x, top + 24.0], QUIET, 2.5, "");
    svg.text(
        [x + 8.0, top + 20.0],
        Anchor::Start,
        11.5,
        INK,
        false,
        "by chance",
    );
    let axes = Axes {
        frame: [LABELS, top + 34.0, 420.0, ROW * measures.len() as f64],
        x: [0.0, 1.0],
        y: [0.0, 1.0],
    };
    let ticks = [0.0, 0.2, 0.4, 0.6, 0.8, 1.0];
    axes.draw(
        &mut svg,
        [&ticks, &[]],
        ["Share, or area under the curve", ""],
    );
    for (row, (name, ..)) in measures.iter().enumerate() {
        let middle = top + 34.0 + ROW * (row as f64 + 0.5);
        svg.text(
            [LABELS - 8.0, middle + 4.0],
            Anchor::End,
            11.5,
            INK,
            false,
            name,
        );
        let of = |state: &BatchState| state.measures.get(row).cloned();
        let found: Vec<_> = states.iter().map(of).collect();
        if let Some(chance) = found.iter().flatten().find_map(|m| m.2) {
            let x = axes.at(chance, 0.0)[0];
            svg.line([x, middle - 9.0], [x, middle + 9.0], QUIET, 2.5, "");
        }
        for (index, value) in found.iter().enumerate() {
            if let Some(value) = value.as_ref().and_then(|m| m.1) {
                let style = palette::class(index);
                svg.marker(
                    [axes.at(value, 0.0)[0], middle],
                    style.marker,
                    5.0,
                    style.colour,
                );
            }
        }
    }
    svg.finish()
}
