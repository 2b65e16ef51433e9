//! How well the centre can be told, before and after it was taken out of the features.

use super::rows::{FOOT, LABELS, Rows, legend};
use super::scatter::{Frame, Groups, ScatterPanel, scatter_with};
use crate::catalogue::Catalogue;
use crate::cohort_map::Colouring;
use crate::palette::{self, INK, QUIET};
use crate::svg::Anchor;

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
/// Room of the legend between the maps and the measures.
const LEGEND: f64 = 34.0;

/// Principal components by centre in each state, and below them how well the centre can be told: a point a state, a bar at chance.
pub fn batch_effect(states: &[BatchState], centres: &Colouring, words: &Catalogue) -> String {
    let panels: Vec<ScatterPanel> = states.iter().map(|s| s.panel.clone()).collect();
    let measures = states.first().map_or(&[][..], |s| &s.measures);
    let by = words.with("figure-by", &[("by", &words.said(&centres.by))]);
    let frame = Frame {
        title: &words.text("figure-batch"),
        line: &by,
        room: LEGEND + ROW * measures.len() as f64 + FOOT,
    };
    let groups = Groups::new(centres, words);
    let (mut svg, top) = scatter_with(&frame, &panels, &groups, words);
    let names: Vec<String> = states.iter().map(|s| words.said(&s.name)).collect();
    let base = top + 20.0;
    let x = legend(&mut svg, [LABELS, base], 10.0, &names, |svg, [x, y], at| {
        let style = palette::class(at);
        svg.marker([x + 5.0, y], style.marker, 5.0, style.colour);
    });
    svg.line([x, top + 8.0], [x, top + 24.0], QUIET, 2.5, "");
    let chance = words.text("figure-by-chance");
    svg.text([x + 8.0, base], Anchor::Start, 11.5, INK, false, &chance);
    let rows = Rows::new(top + LEGEND, ROW, measures.len(), [0.0, 1.0], 5);
    rows.draw(&mut svg, &words.text("figure-batch-axis"));
    for (row, (name, ..)) in measures.iter().enumerate() {
        let middle = rows.middle(row);
        rows.name(&mut svg, row, &words.said(name));
        rows.guide(&mut svg, row);
        let found = states.iter().map(|state| state.measures.get(row));
        if let Some(chance) = found.clone().flatten().find_map(|m| m.2) {
            let x = rows.x(chance);
            svg.line([x, middle - 9.0], [x, middle + 9.0], QUIET, 2.5, "");
        }
        for (index, measure) in found.enumerate() {
            if let Some(value) = measure.and_then(|m| m.1) {
                let style = palette::class(index);
                svg.marker([rows.x(value), middle], style.marker, 5.0, style.colour);
            }
        }
    }
    svg.finish()
}
