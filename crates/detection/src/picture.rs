//! What a picture for quality control shows, as plain arrays.

use crate::{Candidate, Detection};
use triher_region::outline;
use triher_volume::{Geometry, Mask};

/// A projection of the early enhancement along one axis of the grid with the outlines of breast, candidates and chest wall: whoever draws
/// it needs no volume.
#[derive(Clone, Debug, PartialEq)]
pub struct Picture {
    /// The grid's axis that was projected along.
    pub axis: usize,
    /// Columns and rows of the picture: voxels along the two other axes in rising order.
    pub size: [usize; 2],
    /// Millimetres between columns and between rows.
    pub spacing_mm: [f64; 2],
    /// Anatomical letters (L, R, A, P, S, I) of the directions in which columns and rows rise.
    pub directions: [char; 2],
    /// Largest early enhancement along each line, row by row, the column fastest.
    pub projection: Vec<f32>,
    /// Value of the projection at which the picture is to be white: its 99.5th percentile in the breast.
    pub white: f32,
    /// Outlines of the breast's projection, in columns and rows (centres of pixels are whole numbers).
    pub breast: Vec<Vec<[f64; 2]>>,
    /// For each candidate, in their order, the outlines of its projection.
    pub candidates: Vec<Vec<Vec<[f64; 2]>>>,
    /// The slice through the best candidate's centre across `axis`, with its own outlines.
    pub slice: Option<Slice>,
}

/// One slice of the early enhancement, of the same size as the picture.
#[derive(Clone, Debug, PartialEq)]
pub struct Slice {
    /// Number of the slice along the picture's axis.
    pub index: usize,
    /// Early enhancement, row by row.
    pub pixels: Vec<f32>,
    /// Outlines of the best candidate.
    pub outlines: Vec<Vec<[f64; 2]>>,
    /// Outlines of the breast in front of the chest wall: its back is the chest wall line.
    pub breast: Vec<Vec<[f64; 2]>>,
}

impl Detection {
    /// The picture along an axis of the grid; axes beyond the third are taken as the third. Along the axis with the largest spacing
    /// the slices are those that were acquired.
    pub fn picture(&self, axis: usize) -> Picture {
        let axis = axis.min(2);
        let geometry = self.early.geometry();
        let (u, v) = match axis {
            0 => (1, 2),
            1 => (0, 2),
            _ => (0, 1),
        };
        let (size, spacing) = (geometry.size(), geometry.spacing_mm());
        let letters: Vec<char> = geometry.orientation().chars().collect();
        let letter = |a: usize| letters.get(a).copied().unwrap_or('?');
        let pixel = |offset: usize| {
            let index = geometry.index_at(offset);
            index[u] + size[u] * index[v]
        };
        let mut projection = vec![f32::MIN; size[u] * size[v]];
        let mut shown = Vec::new();
        for (offset, &value) in self.early.voxels().iter().enumerate() {
            let inside = self.breast.breast.voxels()[offset];
            if inside {
                let at = pixel(offset);
                projection[at] = projection[at].max(value);
                shown.push(value);
            }
        }
        for value in &mut projection {
            *value = if *value == f32::MIN { 0.0 } else { *value };
        }
        let flat = |mask: &Mask| {
            let mut pixels = vec![false; size[u] * size[v]];
            for (offset, _) in mask.voxels().iter().enumerate().filter(|m| *m.1) {
                pixels[pixel(offset)] = true;
            }
            outlines_of(&pixels, [size[u], size[v]])
        };
        let white = crate::enhancement::quantile(&mut shown, 0.995) as f32;
        let slice = self.candidates.first().and_then(|best| {
            let index = slice_of(best, geometry, axis)?;
            let mut pixels = vec![0.0; size[u] * size[v]];
            for (offset, &value) in self.early.voxels().iter().enumerate() {
                if geometry.index_at(offset)[axis] == index {
                    pixels[pixel(offset)] = value;
                }
            }
            Some(Slice {
                index,
                pixels,
                outlines: outline(&best.mask, axis, index),
                breast: outline(&self.breast.breast, axis, index),
            })
        });
        Picture {
            axis,
            size: [size[u], size[v]],
            spacing_mm: [spacing[u], spacing[v]],
            directions: [letter(u), letter(v)],
            projection,
            white,
            breast: flat(&self.breast.breast),
            candidates: self.candidates.iter().map(|c| flat(&c.mask)).collect(),
            slice,
        }
    }
}

/// The slice that a candidate's centre lies in.
fn slice_of(candidate: &Candidate, geometry: &Geometry, axis: usize) -> Option<usize> {
    let index = geometry.nearest_voxel(geometry.world_to_index(candidate.centre_mm))?;
    Some(index[axis])
}

fn outlines_of(pixels: &[bool], size: [usize; 2]) -> Vec<Vec<[f64; 2]>> {
    let plane = Geometry::axis_aligned([size[0], size[1], 1], [1.0; 3], [0.0; 3]);
    let mask = plane.and_then(|plane| Mask::new(plane, pixels.to_vec(), Default::default()));
    mask.map_or_else(|_| Vec::new(), |mask| outline(&mask, 2, 0))
}
