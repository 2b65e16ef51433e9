//! The numbers behind a picture of before and after.

use crate::RegistrationError;
use triher_volume::Image;

/// Absolute differences between the reference and a phase on one slice, before and after the correction.
#[derive(Clone, Debug, PartialEq, serde::Serialize)]
pub struct DifferenceSlice {
    /// Voxels along a row and number of rows.
    pub size: [usize; 2],
    /// Spacing along a row and between rows, in millimetres.
    pub spacing_mm: [f64; 2],
    /// The reference's intensities, row by row.
    pub reference: Vec<f32>,
    /// `|phase - reference|` of the phase as it was.
    pub before: Vec<f32>,
    /// `|phase - reference|` of the corrected phase.
    pub after: Vec<f32>,
}

/// One slice across axis `axis` (0, 1 or 2) of the grid at voxel `slice`, its other two axes in their order; an axis or a slice beyond the
/// last is taken for the last.
///
/// # Errors
/// [`RegistrationError::Volume`] when the images do not share a grid.
pub fn difference_slice(
    reference: &Image,
    phase: &Image,
    corrected: &Image,
    axis: usize,
    slice: usize,
) -> Result<DifferenceSlice, RegistrationError> {
    reference.check_same_grid("reference", phase, "phase")?;
    reference.check_same_grid("reference", corrected, "corrected phase")?;
    let grid = reference.geometry();
    let (size, spacing) = (grid.size(), grid.spacing_mm());
    let axis = axis.min(2);
    let slice = slice.min(size[axis] - 1);
    let [across, down] = match axis {
        0 => [1, 2],
        1 => [0, 2],
        _ => [0, 1],
    };
    let offsets = (0..size[down]).flat_map(|row| {
        (0..size[across]).map(move |column| {
            let mut index = [slice; 3];
            index[across] = column;
            index[down] = row;
            index[0] + size[0] * (index[1] + size[1] * index[2])
        })
    });
    let offsets: Vec<usize> = offsets.collect();
    let fixed = reference.voxels();
    let difference = |image: &Image| {
        let values = offsets
            .iter()
            .map(|&at| (image.voxels()[at] - fixed[at]).abs());
        values.collect()
    };
    Ok(DifferenceSlice {
        size: [size[across], size[down]],
        spacing_mm: [spacing[across], spacing[down]],
        reference: offsets.iter().map(|&at| fixed[at]).collect(),
        before: difference(phase),
        after: difference(corrected),
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use triher_volume::Geometry;

    #[test]
    fn rows_and_columns_are_the_other_axes() {
        let grid = Geometry::axis_aligned([4, 3, 2], [1.0, 2.0, 3.0], [0.0; 3]).unwrap();
        let image = Image::from_fn(grid, |[i, j, k]| (i + 10 * j + 100 * k) as f32);
        let zero = Image::filled(grid, 0.0);
        let slice = difference_slice(&zero, &image, &zero, 1, 2).unwrap();
        assert_eq!((slice.size, slice.spacing_mm), ([4, 2], [1.0, 3.0]));
        let rows = [20.0, 21.0, 22.0, 23.0, 120.0, 121.0, 122.0, 123.0];
        assert_eq!(slice.before, rows);
        assert_eq!(slice.after, [0.0; 8]);
        let last = difference_slice(&image, &zero, &image, 9, 9).unwrap();
        assert_eq!(last.size, [4, 3]);
        assert_eq!(last.reference[0], 100.0);
    }
}
