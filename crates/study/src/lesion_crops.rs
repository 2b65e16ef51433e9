//! Small pictures of lesions beside a feature table, so that similar cases can be looked at.
//!
//! `<table>.crops/` holds a PNG file for each row and `crops.csv`, which says whose it is (`patient_id`, `lesion`, `file`), by the pseudonyms of
//! the table. File names are hashes: they carry no identifier.

use crate::StudyError;
use crate::explain::csv_of;
use crate::extract::with_suffix;
use crate::manifest::sha256_hex;
use crate::pictures::{fullest_slice, grey_window, map_on};
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use triher_region::bounding_box;
use triher_report::GreyImage;
use triher_volume::{DynamicSeries, Geometry, Image, Mask};

/// Pixels of a panel's side, and millimetres where the lesion leaves room.
const SIDE: usize = 48;
/// How much wider a panel is than a lesion that does not leave room.
const ROOM: f64 = 1.25;
/// Grey column between the panels.
const GAP: usize = 2;
const GAP_GREY: u8 = 128;
/// Bytes of a picture that is read; ours have some five thousand.
const MOST_BYTES: u64 = 1 << 20;

/// The name of the table in the folder that says whose picture is which.
const INDEX: &str = "crops.csv";

/// The folder beside a table.
pub(crate) fn folder(table: &Path) -> PathBuf {
    with_suffix(table, ".crops")
}

/// The file of a lesion in the folder.
pub(crate) fn file_of(patient: &str, lesion: &str) -> String {
    format!(
        "{}.png",
        &sha256_hex(format!("{patient}\n{lesion}").as_bytes())[..24]
    )
}

/// The table of the folder: header and a line a row.
///
/// # Errors
/// None that names can cause.
pub(crate) fn index<'a>(
    rows: impl Iterator<Item = (&'a str, &'a str)>,
) -> Result<(&'static str, Vec<u8>), StudyError> {
    let lines = rows.map(|(patient, lesion)| {
        [
            patient.to_owned(),
            lesion.to_owned(),
            file_of(patient, lesion),
        ]
    });
    Ok((INDEX, csv_of(&["patient_id", "lesion", "file"], lines)?))
}

/// The first phase after contrast, and less the phase before, on the axial plane through the slice on which the lesion is largest: 48 pixels
/// wide and high each, a millimetre a pixel or as much as a larger lesion needs; head up, the patient's left on the right. PNG.
///
/// # Errors
/// When the mask is empty.
pub(crate) fn draw(series: &DynamicSeries, lesion: &Mask) -> Result<Vec<u8>, StudyError> {
    let grid = plane(lesion)?;
    let on_plane = |image: &Image| map_on(image, &grid).into_voxels();
    let after = on_plane(&series.post()[0].image);
    let before = on_plane(series.pre());
    let difference: Vec<f32> = after.iter().zip(&before).map(|(a, b)| a - b).collect();
    let panels = [after, difference].map(|values| {
        let window = grey_window(values.iter().copied());
        GreyImage::from_slice(&values, SIDE, SIDE, window)
    });
    let [left, right] = panels;
    let (left, right) = (left?, right?);
    let rows = left.pixels().chunks(SIDE).zip(right.pixels().chunks(SIDE));
    let pixels = rows.flat_map(|(a, b)| [a, &[GAP_GREY; GAP], b].concat());
    Ok(GreyImage::new(2 * SIDE + GAP, SIDE, pixels.collect())?.png())
}

/// The pixels of a panel in the patient.
fn plane(lesion: &Mask) -> Result<Geometry, StudyError> {
    let stored = lesion.geometry();
    // The stored axis that runs nearest to head and feet.
    let axis = stored.orientation().find(['S', 'I']).unwrap_or(2);
    let index = fullest_slice(lesion, axis);
    let mut slice = lesion.clone();
    for (offset, inside) in slice.voxels_mut().iter_mut().enumerate() {
        *inside &= stored.index_at(offset)[axis] == index;
    }
    let bounds = bounding_box(&slice)
        .ok_or_else(|| StudyError::Input("the mask of the lesion is empty".to_owned()))?;
    let corner =
        |at: [usize; 3]| stored.index_to_world([0, 1, 2].map(|a| (at[a] as f64).max(0.0) - 0.5));
    let (from, to) = (corner(bounds.start), corner(bounds.end));
    let middle: [f64; 3] = std::array::from_fn(|a| (from[a] + to[a]) / 2.0);
    let longest = (0..2).map(|a| (to[a] - from[a]).abs()).fold(0.0, f64::max);
    let spacing_mm = (ROOM * longest).max(SIDE as f64) / SIDE as f64;
    let half = spacing_mm * (SIDE as f64 - 1.0) / 2.0;
    let identity = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]];
    Geometry::from_parts(
        [SIDE, SIDE, 1],
        [middle[0] - half, middle[1] - half, middle[2]],
        [spacing_mm; 3],
        identity,
    )
    .map_err(|e| StudyError::Internal(e.to_string()))
}

/// The pictures beside a table.
#[derive(Debug, Default)]
pub(crate) struct Crops {
    folder: PathBuf,
    /// File by identifier of the row: the patient's where there is one lesion, and patient and lesion.
    files: BTreeMap<String, String>,
}

impl Crops {
    /// Those beside a table; none when it has none.
    pub(crate) fn beside(table: &Path) -> Self {
        let folder = folder(table);
        let mut files = BTreeMap::new();
        let rows = csv::Reader::from_path(folder.join(INDEX));
        for row in rows
            .into_iter()
            .flat_map(csv::Reader::into_records)
            .flatten()
        {
            if let (Some(patient), Some(lesion)) = (row.get(0), row.get(1)) {
                // The name is made again, not read: the table cannot point elsewhere.
                let file = file_of(patient, lesion);
                files.insert(format!("{patient}/{lesion}"), file.clone());
                files.entry(patient.to_owned()).or_insert(file);
            }
        }
        Self { folder, files }
    }

    /// The picture of a row of the table, by the row's identifier; `None` when there is none.
    ///
    /// # Errors
    /// When it is there and cannot be read, or is no picture.
    pub(crate) fn of(&self, id: &str) -> Result<Option<Vec<u8>>, StudyError> {
        let Some(file) = self.files.get(id) else {
            return Ok(None);
        };
        let path = self.folder.join(file);
        let Ok(facts) = std::fs::metadata(&path) else {
            return Ok(None);
        };
        let bytes = match facts.len() <= MOST_BYTES {
            true => std::fs::read(&path).map_err(StudyError::read(&path))?,
            false => Vec::new(),
        };
        match bytes.starts_with(b"\x89PNG\r\n\x1a\n") {
            true => Ok(Some(bytes)),
            false => Err(StudyError::Input(format!(
                "{} is no picture of a lesion: run `triher extract --fresh` again",
                path.display()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use triher_volume::Phase;

    /// A lesion right and in front of the middle lies at its place in the picture, however the grid is stored.
    #[test]
    fn the_lesion_is_in_the_middle_and_its_right_is_left() {
        // Sagittal: columns to the back, rows to the feet, slices to the right.
        let directions = [[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]];
        let grid = Geometry::from_parts(
            [60, 40, 40],
            [50.0, -30.0, 20.0],
            [1.0, 1.0, 2.0],
            directions,
        )
        .unwrap();
        let at = |index: [usize; 3]| grid.index_to_world(index.map(|i| i as f64));
        let ball = |index: [usize; 3], centre: [f64; 3]| {
            let away: f64 = (0..3).map(|a| (at(index)[a] - centre[a]).powi(2)).sum();
            away <= 36.0
        };
        // A bright spot 10 mm to the patient's right of the lesion, and 5 mm behind.
        let (centre, spot) = ([10.0, 0.0, 0.0], [0.0, 5.0, 0.0]);
        let lesion = Mask::from_fn(grid, |index| ball(index, centre));
        let phase = |gain: f32| Phase {
            image: Image::from_fn(grid, |index| {
                let near: f64 = (0..3).map(|a| (at(index)[a] - spot[a]).powi(2)).sum();
                100.0 + gain * f32::from(u8::from(near <= 4.0))
            }),
            time_s: None,
        };
        let series = DynamicSeries::new(vec![phase(0.0), phase(50.0)]).unwrap();
        let png = draw(&series, &lesion).unwrap();
        let mut reader = png::Decoder::new(std::io::Cursor::new(png))
            .read_info()
            .unwrap();
        let mut pixels = vec![0; reader.output_buffer_size().unwrap()];
        let info = reader.next_frame(&mut pixels).unwrap();
        assert_eq!((info.width, info.height), (98, 48));
        // The middle of the panel is the lesion's; the spot lies left of it and below.
        for panel in [0, 50] {
            let bright: Vec<[usize; 2]> = (0..48 * 48)
                .map(|i| [i % 48, i / 48])
                .filter(|[x, y]| pixels[panel + x + 98 * y] > 200)
                .collect();
            let mean =
                |a: usize| bright.iter().map(|p| p[a] as f64).sum::<f64>() / bright.len() as f64;
            assert!((mean(0) - 13.5).abs() < 1.0, "{}", mean(0));
            assert!((mean(1) - 28.5).abs() < 1.0, "{}", mean(1));
        }
    }

    #[test]
    fn rows_are_found_by_patient_and_lesion_and_other_files_are_refused() {
        let folder = tempfile::tempdir().unwrap();
        let table = folder.path().join("t.csv");
        let crops = super::folder(&table);
        std::fs::create_dir(&crops).unwrap();
        let (name, bytes) = index([("p1", "a"), ("p1", "b"), ("p2", "a")].into_iter()).unwrap();
        std::fs::write(crops.join(name), bytes).unwrap();
        std::fs::write(crops.join(file_of("p1", "b")), b"\x89PNG\r\n\x1a\n1").unwrap();
        std::fs::write(crops.join(file_of("p2", "a")), b"<svg>").unwrap();
        let found = Crops::beside(&table);
        assert!(found.of("p1/b").unwrap().is_some());
        assert!(found.of("p1").unwrap().is_none() && found.of("p3").unwrap().is_none());
        assert!(found.of("p2").unwrap_err().to_string().contains("--fresh"));
        assert!(
            Crops::beside(Path::new("nowhere.csv"))
                .of("p1")
                .unwrap()
                .is_none()
        );
    }
}
