//! The flow of patients into a study.

use crate::catalogue::Catalogue;
use crate::palette::{GRID, INK, QUIET};
use crate::svg::{Anchor, Svg};

/// Letters of a line in a box.
const LETTERS: usize = 44;
const LINE: f64 = 15.0;
const LEFT: f64 = 8.0;
const WIDE: f64 = 320.0;
const OUT: f64 = 372.0;

/// One cohort on its way into the study.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct FlowCohort {
    /// Its name and role: "A and B (training)".
    pub name: String,
    /// Rows that were found.
    pub found: usize,
    /// Why rows were left out, with their number where it is known.
    pub left_out: Vec<String>,
    /// Rows that were used.
    pub used: usize,
    /// Rows of each class among them.
    pub classes: Vec<(String, usize)>,
}

/// Boxes from what was found to what was used, with what was left out beside, one row a cohort.
pub fn flow(cohorts: &[FlowCohort], words: &Catalogue) -> String {
    let rows: Vec<[Vec<String>; 3]> = cohorts.iter().map(|c| texts(c, words)).collect();
    let height_of = |row: &[Vec<String>; 3]| {
        box_height(row[0].len()) + gap_beside(row[1].len()) + box_height(row[2].len()) + 28.0
    };
    let height: f64 = rows.iter().map(height_of).sum();
    let mut svg = Svg::new(
        700.0,
        height.max(40.0),
        &words.text("figure-flow"),
        &words.with("figure-flow-text", &[("count", &cohorts.len().to_string())]),
    );
    let mut top = 4.0;
    for row in &rows {
        let first = boxed(&mut svg, [LEFT, top], WIDE, &row[0]);
        let gap = gap_beside(row[1].len());
        let middle = LEFT + WIDE / 2.0;
        svg.line([middle, first], [middle, first + gap], INK, 1.2, "");
        arrow(&mut svg, [middle, first + gap], true);
        if !row[1].is_empty() {
            let at = first + gap / 2.0;
            svg.line([middle, at], [OUT, at], INK, 1.2, "");
            arrow(&mut svg, [OUT, at], false);
            let top = at - box_height(row[1].len()) / 2.0;
            boxed(&mut svg, [OUT, top], WIDE, &row[1]);
        }
        boxed(&mut svg, [LEFT, first + gap], WIDE, &row[2]);
        top += height_of(row);
    }
    svg.finish()
}

fn box_height(lines: usize) -> f64 {
    lines as f64 * LINE + 12.0
}

/// Between what was found and what was used, so that the box of what was left out has its place beside.
fn gap_beside(left_out: usize) -> f64 {
    match left_out {
        0 => 26.0,
        lines => box_height(lines) + 18.0,
    }
}

fn texts(cohort: &FlowCohort, words: &Catalogue) -> [Vec<String>; 3] {
    let counted = |key: &str, count: usize| words.with(key, &[("count", &count.to_string())]);
    let found = vec![cohort.name.clone(), counted("figure-found", cohort.found)];
    let classes = cohort.classes.iter().map(|(class, count)| {
        let (name, text) = (words.short_class(class), count.to_string());
        words.with("named", &[("name", &name), ("text", &text)])
    });
    let used = vec![
        counted("figure-used", cohort.used),
        words.joined("list-comma", classes),
    ];
    let left_out = cohort.left_out.iter().map(|why| words.said(why)).collect();
    [found, left_out, used].map(|lines| {
        let wrapped = lines.iter().flat_map(|line| wrap(line));
        wrapped.collect()
    })
}

/// Words in lines that fit into a box.
fn wrap(text: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in text.split_whitespace() {
        let line = lines.last_mut().map_or(0, |l| l.chars().count());
        if line > 0 && line + 1 + word.chars().count() > LETTERS {
            lines.push(String::new());
        }
        if let Some(line) = lines.last_mut() {
            if !line.is_empty() {
                line.push(' ');
            }
            line.push_str(&super::short(word, LETTERS));
        }
    }
    lines
}

/// Draws a box and gives the height of its lower edge.
fn boxed(svg: &mut Svg, [x, y]: [f64; 2], width: f64, lines: &[String]) -> f64 {
    let height = box_height(lines.len());
    svg.rectangle([x, y], [width, height], "#ffffff");
    let outline = [
        [x, y],
        [x + width, y],
        [x + width, y + height],
        [x, y + height],
        [x, y],
    ];
    svg.path(&outline, QUIET, 1.2, "");
    svg.line([x, y + height], [x + width, y + height], GRID, 0.5, "");
    for (index, line) in lines.iter().enumerate() {
        let at = [x + 10.0, y + 16.0 + LINE * index as f64];
        svg.text(at, Anchor::Start, 11.5, INK, index == 0, line);
    }
    y + height
}

fn arrow(svg: &mut Svg, [x, y]: [f64; 2], down: bool) {
    let points = match down {
        true => [[x - 4.0, y - 7.0], [x + 4.0, y - 7.0], [x, y]],
        false => [[x - 7.0, y - 4.0], [x - 7.0, y + 4.0], [x, y]],
    };
    svg.polygon(&points, INK, 1.0);
}

#[cfg(test)]
mod tests {
    use super::{FlowCohort, flow};
    use crate::catalogue::{Catalogue, Language};

    /// Lower edges of all rectangles, and the height of the drawing.
    fn edges(svg: &str) -> (Vec<f64>, f64) {
        let number = |element: &str, name: &str| -> Option<f64> {
            let start = element.find(&format!(" {name}=\""))? + name.len() + 3;
            element[start..].split('"').next()?.parse().ok()
        };
        let boxes = svg.split("<rect").skip(1);
        let edges = boxes.filter_map(|b| Some(number(b, "y")? + number(b, "height")?));
        let height = svg
            .split("viewBox=\"")
            .nth(1)
            .and_then(|v| v.split('"').next()?.split_whitespace().nth(3)?.parse().ok());
        (edges.collect(), height.unwrap_or(f64::NAN))
    }

    #[test]
    fn every_box_is_inside_of_the_drawing() {
        let words = Catalogue::new(Language::English);
        for reasons in 0..6 {
            let cohort = FlowCohort {
                name: "A (training)".to_owned(),
                left_out: vec![
                    "31 of 91 rows are left out: 31 are indeterminate, and the rest"
                        .to_owned();
                    reasons
                ],
                classes: vec![("zero".to_owned(), 5)],
                ..FlowCohort::default()
            };
            let (edges, height) = edges(&flow(&[cohort.clone(), cohort], &words));
            assert!(edges.len() >= 4 + 2 * usize::from(reasons > 0), "{edges:?}");
            assert!(
                edges.iter().all(|e| *e <= height),
                "{reasons}: {edges:?} {height}"
            );
        }
    }

    #[test]
    fn lines_fit_and_lose_no_word() {
        let text =
            "a sentence that is longer than one line of the box can be and has to go on in another";
        let lines = super::wrap(text);
        assert!(lines.iter().all(|l| l.chars().count() <= super::LETTERS));
        assert_eq!(lines.join(" "), text);
    }
}
