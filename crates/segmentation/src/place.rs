//! Where frames lie, in the patient and on a grid.

use crate::SegmentationError;
use crate::data::Object;
use triher_volume::{Geometry, VolumeError};

/// How far a voxel may lie from the grid's, in voxels.
const ON_LATTICE: f64 = 0.01;
/// Positions along the normal that are the same, in millimetres.
const SAME_POSITION_MM: f64 = 1e-3;

/// A frame: its segment and place.
#[derive(Clone, Debug)]
pub(crate) struct FramePlace {
    pub(crate) segment: Option<u32>,
    pub(crate) plane: Plane,
    /// SpacingBetweenSlices.
    pub(crate) spacing_mm: Option<f64>,
    /// SliceThickness.
    pub(crate) thickness_mm: Option<f64>,
}

/// A plane of pixels in the patient.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Plane {
    /// Centre of the first pixel.
    pub(crate) position_mm: [f64; 3],
    /// Direction along a row, then along a column.
    pub(crate) orientation: [f64; 6],
    /// Between rows, then between columns.
    pub(crate) spacing_mm: [f64; 2],
}

impl Plane {
    fn row_direction(&self) -> [f64; 3] {
        let o = &self.orientation;
        [o[0], o[1], o[2]]
    }

    fn column_direction(&self) -> [f64; 3] {
        let o = &self.orientation;
        [o[3], o[4], o[5]]
    }

    /// Right-handed normal of rows and columns.
    fn normal(&self) -> [f64; 3] {
        let [a, b, c, d, e, f] = self.orientation;
        [b * f - c * e, c * d - a * f, a * e - b * d]
    }

    /// Position along a direction, in millimetres.
    fn along(&self, direction: &[f64; 3]) -> f64 {
        (0..3).map(|a| self.position_mm[a] * direction[a]).sum()
    }

    /// Centre of a pixel.
    fn pixel(&self, column: f64, row: f64) -> [f64; 3] {
        let (i, j) = (self.row_direction(), self.column_direction());
        std::array::from_fn(|a| {
            self.position_mm[a]
                + i[a] * self.spacing_mm[1] * column
                + j[a] * self.spacing_mm[0] * row
        })
    }

    /// A grid of `slices` from this plane on, along its normal; `size` is columns and rows.
    pub(crate) fn grid(
        &self,
        size: &[usize; 2],
        distance_mm: Option<f64>,
        slices: usize,
    ) -> Result<Geometry, VolumeError> {
        Geometry::from_parts(
            [size[0], size[1], slices],
            self.position_mm,
            [
                self.spacing_mm[1],
                self.spacing_mm[0],
                distance_mm.unwrap_or(1.0),
            ],
            [self.row_direction(), self.column_direction(), self.normal()],
        )
    }
}

/// How pixels of a plane become voxels of a grid: each lies on one, and neighbours on neighbours.
pub(crate) struct Lattice {
    grid: Geometry,
    origin: [i64; 3],
    column_step: [i64; 3],
    row_step: [i64; 3],
    slice_axis: usize,
}

impl Lattice {
    /// `None` when a corner of the plane lies more than a hundredth of a voxel off the grid's lattice, or its axes are not those of the grid.
    pub(crate) fn new(plane: &Plane, size: &[usize; 2], grid: &Geometry) -> Option<Self> {
        let index = |column: f64, row: f64| grid.world_to_index(plane.pixel(column, row));
        let whole = |v: [f64; 3]| {
            let near = |x: &f64| (x - x.round()).abs() <= ON_LATTICE && x.abs() < 1e9;
            v.iter().all(near).then(|| v.map(|x| x.round() as i64))
        };
        let origin = whole(index(0.0, 0.0))?;
        let step = |to: [i64; 3]| -> [i64; 3] { std::array::from_fn(|a| to[a] - origin[a]) };
        let column_step = step(whole(index(1.0, 0.0))?);
        let row_step = step(whole(index(0.0, 1.0))?);
        // All pixels lie within the tolerance when the corners do.
        let last = size.map(|n| n.saturating_sub(1));
        for (column, row) in [(last[0], 0), (0, last[1]), (last[0], last[1])] {
            let corner = whole(index(column as f64, row as f64))?;
            let expected: [i64; 3] = std::array::from_fn(|a| {
                origin[a] + column_step[a] * column as i64 + row_step[a] * row as i64
            });
            if corner != expected {
                return None;
            }
        }
        let axis = |step: [i64; 3]| {
            let unit = step.iter().map(|s| s.abs()).sum::<i64>() == 1;
            unit.then(|| step.iter().position(|s| *s != 0))?
        };
        let (i, j) = (axis(column_step)?, axis(row_step)?);
        let slice_axis = (0..3).find(|a| *a != i && *a != j).filter(|_| i != j)?;
        Some(Self {
            grid: *grid,
            origin,
            column_step,
            row_step,
            slice_axis,
        })
    }

    /// The axis of the grid that no pixel of the plane moves along.
    pub(crate) fn slice_axis(&self) -> usize {
        self.slice_axis
    }

    /// Place in memory of a pixel's voxel, or `None` outside of the grid.
    pub(crate) fn offset(&self, column: usize, row: usize) -> Option<usize> {
        let mut index = [0; 3];
        for (a, value) in index.iter_mut().enumerate() {
            let at = self.origin[a]
                + self.column_step[a] * column as i64
                + self.row_step[a] * row as i64;
            *value = usize::try_from(at).ok()?;
        }
        self.grid.offset(index)
    }
}

/// The grid that the frames themselves make: from the lowest to the highest position along the normal.
///
/// The distance of slices is what the frames declare, where every gap is a multiple of it (frames in between may be left out), else the
/// smallest gap.
pub(crate) fn own_grid(
    object: &Object,
    size: &[usize; 2],
    frames: &[FramePlace],
    max_voxels: usize,
) -> Result<Geometry, SegmentationError> {
    let Some(first) = frames.first() else {
        return Err(object.damaged("it has no frames"));
    };
    let normal = first.plane.normal();
    let mut order: Vec<(f64, &FramePlace)> =
        frames.iter().map(|f| (f.plane.along(&normal), f)).collect();
    order.sort_by(|a, b| a.0.total_cmp(&b.0));
    let (lowest, highest) = match order.as_slice() {
        [first, .., last] => (*first, *last),
        _ => ((0.0, first), (0.0, first)),
    };
    let gaps = order.windows(2).map(|w| w[1].0 - w[0].0);
    let gaps: Vec<f64> = gaps.filter(|gap| *gap > SAME_POSITION_MM).collect();
    let smallest = gaps.iter().copied().fold(f64::INFINITY, f64::min);
    let multiple = |step: &f64| {
        let off = |gap: &f64| (gap / step - (gap / step).round()).abs();
        smallest >= 0.99 * step && gaps.iter().all(|gap| off(gap) <= ON_LATTICE)
    };
    let declared = first.spacing_mm;
    let step = match declared.filter(multiple) {
        // Found from the positions, which hold more digits over their whole length.
        Some(step) if smallest.is_finite() => {
            (highest.0 - lowest.0) / ((highest.0 - lowest.0) / step).round()
        }
        _ if smallest.is_finite() => smallest,
        _ => declared.or(first.thickness_mm).unwrap_or(1.0),
    };
    let slices = ((highest.0 - lowest.0) / step).round();
    // A float that is too large saturates.
    let slices = (slices as usize).saturating_add(1);
    let voxels = [size[0], size[1], slices]
        .into_iter()
        .fold(1usize, usize::saturating_mul);
    if voxels > max_voxels {
        return Err(object.too_large("the voxels of each region are", voxels, max_voxels));
    }
    let grid = lowest.1.plane.grid(size, Some(step), slices);
    grid.map_err(|e| object.damaged(e.to_string()))
}
