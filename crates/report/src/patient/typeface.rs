//! The fonts of PDF reports: what they hold, how wide text is, where lines break.

use crate::picture::ReportError;
use krilla::text::Font;
use std::sync::Arc;
use ttf_parser::Face;
use usvg::fontdb::Database;

const REGULAR: &[u8] = include_bytes!("../../fonts/NotoSansCJKsc-Regular-subset.otf");
const BOLD: &[u8] = include_bytes!("../../fonts/NotoSansCJKsc-Bold-subset.otf");
const FAMILY: &str = "Noto Sans CJK SC";

/// Stands for a character that the fonts lack.
const REPLACEMENT: char = '\u{25a1}';

/// Closing marks never begin a line of Chinese (GB/T 15834).
const NOT_FIRST: &str = "\u{3001}\u{3002}\u{ff0c}\u{ff1b}\u{ff1a}\u{ff09}\u{300b}\u{300d}\u{ff01}\u{ff1f}\u{ff05}%,.;:)";
/// Opening marks never end one.
const NOT_LAST: &str = "\u{ff08}\u{300a}\u{300c}(";

/// Regular and bold of one family.
pub(crate) struct Typeface {
    faces: [Face<'static>; 2],
    fonts: [Font; 2],
    database: Arc<Database>,
}

impl Typeface {
    pub(crate) fn new() -> Result<Self, ReportError> {
        let failed = |what: &str| ReportError::Pdf(format!("its {what} font cannot be read"));
        let face = |bytes, what| Face::parse(bytes, 0).map_err(|_| failed(what));
        let font = |bytes: &'static [u8], what| Font::new(bytes.into(), 0).ok_or(failed(what));
        let mut database = Database::new();
        for bytes in [REGULAR, BOLD] {
            database.load_font_data(bytes.to_vec());
        }
        database.set_sans_serif_family(FAMILY);
        database.set_serif_family(FAMILY);
        Ok(Self {
            faces: [face(REGULAR, "regular")?, face(BOLD, "bold")?],
            fonts: [font(REGULAR, "regular")?, font(BOLD, "bold")?],
            database: Arc::new(database),
        })
    }

    pub(crate) fn font(&self, bold: bool) -> Font {
        self.fonts[usize::from(bold)].clone()
    }

    /// A figure with its text in these fonts.
    pub(crate) fn figure(&self, svg: &str) -> Result<usvg::Tree, usvg::Error> {
        let options = usvg::Options {
            fontdb: Arc::clone(&self.database),
            font_family: FAMILY.to_owned(),
            ..usvg::Options::default()
        };
        usvg::Tree::from_str(svg, &options)
    }

    fn has(&self, character: char) -> bool {
        self.faces[0].glyph_index(character).is_some()
    }

    /// The text with a box for every character that cannot be shown. Control characters become blanks.
    pub(crate) fn shown(&self, text: &str) -> String {
        let known = |c: char| match c {
            c if c.is_control() => ' ',
            c if self.has(c) => c,
            _ => REPLACEMENT,
        };
        text.chars().map(known).collect()
    }

    /// Whether some character of the text cannot be shown.
    pub(crate) fn lacks(&self, text: &str) -> bool {
        text.chars().any(|c| !c.is_control() && !self.has(c))
    }

    /// Width of text in points, without kerning.
    pub(crate) fn width(&self, text: &str, size: f32, bold: bool) -> f32 {
        let face = &self.faces[usize::from(bold)];
        let advance = |c| {
            let glyph = face.glyph_index(c).unwrap_or_default();
            f32::from(face.glyph_hor_advance(glyph).unwrap_or_default())
        };
        let units: f32 = text.chars().map(advance).sum();
        units * size / f32::from(face.units_per_em())
    }

    /// The text in lines of at most `room` points: broken at blanks and between Chinese characters, and within a word only when the
    /// word alone is too long.
    pub(crate) fn lines(&self, text: &str, size: f32, bold: bool, room: f32) -> Vec<String> {
        let mut lines = Vec::new();
        let mut line = String::new();
        for piece in pieces(&self.shown(text)) {
            let longer = format!("{line}{piece}");
            if self.width(longer.trim_end(), size, bold) <= room {
                line = longer;
                continue;
            }
            if !line.trim().is_empty() {
                lines.push(line.trim_end().to_owned());
            }
            line = piece.trim_start().to_owned();
            while self.width(line.trim_end(), size, bold) > room {
                let Some(at) = self.fitting(&line, size, bold, room) else {
                    break;
                };
                let rest = line.split_off(at);
                lines.push(std::mem::replace(&mut line, rest));
            }
        }
        if !line.trim().is_empty() || lines.is_empty() {
            lines.push(line.trim_end().to_owned());
        }
        lines
    }

    /// How many bytes of a word fit, at least one character; `None` when there is no second one.
    fn fitting(&self, word: &str, size: f32, bold: bool, room: f32) -> Option<usize> {
        let ends = word.char_indices().skip(1).map(|(at, _)| at);
        let fits = ends
            .clone()
            .take_while(|&at| self.width(&word[..at], size, bold) <= room);
        fits.last().or_else(|| ends.into_iter().next())
    }
}

/// Pieces between which a line may break; together they are the text.
fn pieces(text: &str) -> Vec<String> {
    let mut pieces: Vec<String> = Vec::new();
    let mut last: Option<char> = None;
    for character in text.chars() {
        let breaks = last.is_some_and(|last| {
            let wide = last >= '\u{2e80}' || character >= '\u{2e80}';
            let after_blank = last == ' ' && character != ' ';
            (after_blank || wide && last != '\u{a0}' && character != '\u{a0}')
                && !NOT_FIRST.contains(character)
                && !NOT_LAST.contains(last)
                && character != ' '
        });
        match pieces.last_mut() {
            Some(piece) if !breaks => piece.push(character),
            _ => pieces.push(character.to_string()),
        }
        last = Some(character);
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalogue::Language;

    #[test]
    fn the_fonts_hold_every_character_of_the_catalogues() {
        let typeface = Typeface::new().unwrap();
        for language in Language::ALL {
            let missing: String = language
                .sources()
                .iter()
                .flat_map(|source| source.chars())
                .filter(|&c| c != '\n' && !typeface.has(c))
                .collect();
            assert_eq!(missing, "", "run fonts/make_fonts.py again");
        }
        assert!(typeface.has(REPLACEMENT));
        assert_eq!(typeface.shown("A\u{1f600}\tB"), "A\u{25a1} B");
    }

    #[test]
    fn lines_fit_and_keep_every_character() {
        let typeface = Typeface::new().unwrap();
        let text = "Volume of the lesion\u{ff0c}病灶内平均值（I 型）。averyveryverylongwordwithoutanyblank end";
        for room in [40.0, 60.0, 90.0, 200.0] {
            let lines = typeface.lines(text, 10.0, false, room);
            let blankless = |t: &str| t.replace(' ', "");
            assert_eq!(blankless(&lines.concat()), blankless(text), "{room}");
            for line in &lines {
                assert!(
                    typeface.width(line, 10.0, false) <= room,
                    "{line} at {room}"
                );
            }
            for line in &lines[1..] {
                assert!(
                    !line.starts_with(['\u{ff0c}', '\u{3002}', '\u{ff09}']),
                    "{line}"
                );
            }
        }
        assert_eq!(typeface.lines("", 10.0, false, 50.0), [""]);
    }
}
