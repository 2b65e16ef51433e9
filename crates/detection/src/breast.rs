//! Where the breast is: air, body, skin, chest wall, nipples.

use crate::{ChestWall, DetectionError, DetectionOptions};
use triher_region::{Connectivity, connected_components, dilate_mm, distance_mm, erode_mm};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Volume, anti_alias};

/// Details below this are smoothed away before a threshold, millimetres.
pub(crate) const SMOOTH_MM: f64 = 2.5;
/// Tissue is brighter than the air in front of it by this factor ...
const ABOVE_AIR: f64 = 1.5;
/// ... and than this fraction of Otsu's threshold, which lies between fat and gland where fat is suppressed.
const OF_OTSU: f64 = 0.2;
/// Bridges between the body and ghosts in the air are thinner than twice this, millimetres.
const BRIDGE_MM: f64 = 2.0;
/// The share of each column that is taken for air, from its front.
const AIR_SHARE: f64 = 0.03;
/// Columns with less tissue than this are not the body, millimetres.
const MIN_THICKNESS_MM: f64 = 10.0;
/// What lies this little behind the foremost skin is the nipple, too, millimetres.
const TIP_MM: f64 = 1.0;
/// A second nipple lies at least this far to the side of the first, millimetres, ...
const NIPPLES_APART_MM: f64 = 90.0;
/// ... and comes at least this share of the first one's way out of the chest.
const SECOND_NIPPLE: f64 = 0.5;

/// The breast in the images.
#[derive(Clone, Debug, PartialEq)]
pub struct BreastRegion {
    /// Everything behind the skin.
    pub body: Mask,
    /// What of the body lies in front of the chest wall.
    pub breast: Mask,
    /// Distance from the air in front of the body, millimetres; 0 in the air.
    pub depth_mm: Image,
    /// The chest wall.
    pub wall: ChestWall,
    /// The foremost skin, about the nipple: one place for each breast in the images, patient coordinates (LPS), millimetres.
    pub nipples_mm: Vec<[f64; 3]>,
}

/// Finds the breast.
///
/// The mean of all phases is smoothed. Tissue is what is brighter than 1.5 times the median of the air (the front of the images) and than a fifth of
/// Otsu's threshold (IEEE Trans Syst Man Cybern 1979;9:62); its largest part, once bridges of less than 4 mm to ghosts in
/// the air are cut, is the body, and everything behind its surface belongs to it: fat or lung need not be bright. "In front" is known from
/// the geometry (LPS), so that sagittal, axial and oblique images are treated alike. The chest wall is [`ChestWall`].
///
/// # Errors
/// [`DetectionError::NoBreast`], [`DetectionError::BadOption`], and [`DetectionError::Region`] for a sheared grid.
pub fn breast_region(
    series: &DynamicSeries,
    options: &DetectionOptions,
) -> Result<BreastRegion, DetectionError> {
    options.check()?;
    let geometry = *series.geometry();
    let columns = Columns::of(&geometry);
    let mean = anti_alias(&mean_of_phases(series)?, [SMOOTH_MM; 3]);
    let air = columns.front_median(&mean);
    let threshold = (ABOVE_AIR * air).max(OF_OTSU * otsu(mean.voxels()));
    if !(threshold.is_finite() && threshold > 0.0) {
        return Err(DetectionError::NoBreast);
    }
    let tissue = mean.map(|&v| f64::from(v) > threshold);
    let body = columns.filled_from_the_front(&largest_part(&tissue)?);
    let skin = columns.skin(&body);
    let points: Vec<[f64; 3]> = skin
        .iter()
        .map(|&index| geometry.index_to_world(index.map(|i| i as f64)))
        .collect();
    let wall = ChestWall::through_skin(&points).ok_or(DetectionError::NoBreast)?;
    let nipples_mm = nipples(&points, &wall);
    let wall = wall.deeper(options.wall_depth_mm);
    let depth_mm = distance_mm(&body.map(|inside| !inside))?;
    let mut breast = body.clone();
    for (offset, inside) in breast.voxels_mut().iter_mut().enumerate() {
        let index = geometry.index_at(offset).map(|i| i as f64);
        *inside = *inside && wall.in_front_mm(geometry.index_to_world(index)) > 0.0;
    }
    if breast.count() == 0 {
        return Err(DetectionError::NoBreast);
    }
    Ok(BreastRegion {
        body,
        breast,
        depth_mm,
        wall,
        nipples_mm,
    })
}

fn mean_of_phases(series: &DynamicSeries) -> Result<Image, DetectionError> {
    let mut sum = vec![0f32; series.geometry().len()];
    for phase in series.phases() {
        for (sum, v) in sum.iter_mut().zip(phase.image.voxels()) {
            *sum += if v.is_finite() { v.max(0.0) } else { 0.0 };
        }
    }
    let count = series.phases().len() as f32;
    for value in &mut sum {
        *value /= count;
    }
    Ok(Volume::new(*series.geometry(), sum, Default::default())?)
}

/// Otsu's threshold over 256 bins: the split with the largest variance between its two classes. 0 when all values are equal.
pub(crate) fn otsu(values: &[f32]) -> f64 {
    const BINS: usize = 256;
    let (low, high) = values
        .iter()
        .fold((f32::INFINITY, f32::NEG_INFINITY), |(low, high), &v| {
            (low.min(v), high.max(v))
        });
    let width = f64::from(high - low) / BINS as f64;
    if !(width > 0.0 && width.is_finite()) {
        return 0.0;
    }
    let mut counts = [0f64; BINS];
    for &v in values {
        let bin = (f64::from(v - low) / width) as usize;
        counts[bin.min(BINS - 1)] += 1.0;
    }
    let total = values.len() as f64;
    let all: f64 = counts.iter().enumerate().map(|(b, c)| b as f64 * c).sum();
    let (mut below, mut sum, mut best) = (0.0, 0.0, (0, -1.0));
    for (bin, count) in counts.iter().enumerate().take(BINS - 1) {
        below += count;
        sum += bin as f64 * count;
        let above = total - below;
        if below > 0.0 && above > 0.0 {
            let between = below * above * (sum / below - (all - sum) / above).powi(2);
            if between > best.1 {
                best = (bin, between);
            }
        }
    }
    f64::from(low) + width * (best.0 + 1) as f64
}

fn largest_part(tissue: &Mask) -> Result<Mask, DetectionError> {
    let cut = erode_mm(tissue, BRIDGE_MM)?;
    let components = connected_components(&cut, Connectivity::Faces);
    let body = components
        .largest()
        .and_then(|label| components.region(label))
        .ok_or(DetectionError::NoBreast)?;
    let mut grown = dilate_mm(&body, BRIDGE_MM)?;
    for (voxel, &tissue) in grown.voxels_mut().iter_mut().zip(tissue.voxels()) {
        *voxel &= tissue;
    }
    Ok(grown)
}

/// The front of each breast: the foremost skin, and the foremost skin well to the side of it, when it comes out of the chest as well.
fn nipples(skin_mm: &[[f64; 3]], chest: &ChestWall) -> Vec<[f64; 3]> {
    // The mean of what lies as far in front, since a nipple is wider than a voxel.
    let foremost = |chosen: &dyn Fn(&[f64; 3]) -> bool| {
        let points = || skin_mm.iter().filter(|p| chosen(p));
        let tip = points().reduce(|best, next| if next[1] < best[1] { next } else { best })?;
        let near = points()
            .filter(|p| p[1] <= tip[1] + TIP_MM && (p[0] - tip[0]).abs() < NIPPLES_APART_MM / 2.0);
        let (sum, count) = near.fold(([0.0; 3], 0.0), |(sum, count), p| {
            (std::array::from_fn(|a| sum[a] + p[a]), count + 1.0)
        });
        Some(sum.map(|s: f64| s / count))
    };
    let Some(first) = foremost(&|_| true) else {
        return Vec::new();
    };
    let least = SECOND_NIPPLE * chest.in_front_mm(first);
    let second = foremost(&|p| (p[0] - first[0]).abs() > NIPPLES_APART_MM)
        .filter(|p| chest.in_front_mm(*p) > least);
    std::iter::once(first).chain(second).collect()
}

/// The lines of voxels that run from front to back.
struct Columns {
    axis: usize,
    /// Whether the first voxel of a column is its front.
    from_front: bool,
    size: [usize; 3],
    spacing_mm: f64,
}

impl Columns {
    fn of(geometry: &Geometry) -> Self {
        let axes = geometry.orientation();
        let axis = axes.find(['A', 'P']).unwrap_or(1);
        Self {
            axis,
            from_front: !axes.contains('A'),
            size: geometry.size(),
            spacing_mm: geometry.spacing_mm()[axis],
        }
    }

    /// The offsets of every column, front first.
    fn offsets(&self) -> impl Iterator<Item = impl Iterator<Item = usize> + Clone> {
        let [ni, nj, nk] = self.size;
        let stride = [1, ni, ni * nj];
        let (u, v) = match self.axis {
            0 => (1, 2),
            1 => (0, 2),
            _ => (0, 1),
        };
        let (axis, length, from_front) = (self.axis, self.size[self.axis], self.from_front);
        let size = [ni, nj, nk];
        (0..size[v]).flat_map(move |b| {
            (0..size[u]).map(move |a| {
                let base = a * stride[u] + b * stride[v];
                (0..length).map(move |n| {
                    let n = if from_front { n } else { length - 1 - n };
                    base + n * stride[axis]
                })
            })
        })
    }

    /// Median of the front of the images.
    fn front_median(&self, image: &Image) -> f64 {
        let depth = ((self.size[self.axis] as f64 * AIR_SHARE) as usize).max(1);
        let mut air: Vec<f32> = self
            .offsets()
            .flat_map(|column| column.take(depth))
            .map(|offset| image.voxels()[offset])
            .collect();
        let middle = air.len() / 2;
        f64::from(*air.select_nth_unstable_by(middle, f32::total_cmp).1)
    }

    /// A region with everything behind its front.
    fn filled_from_the_front(&self, region: &Mask) -> Mask {
        let mut filled = region.clone();
        for column in self.offsets() {
            let thickness = column.clone().filter(|&o| region.voxels()[o]).count();
            let thick = thickness as f64 * self.spacing_mm >= MIN_THICKNESS_MM;
            let mut inside = false;
            for offset in column {
                inside |= region.voxels()[offset] && thick;
                filled.voxels_mut()[offset] = inside;
            }
        }
        filled
    }

    /// The first voxel of the body in every column that has one.
    fn skin(&self, body: &Mask) -> Vec<[usize; 3]> {
        self.offsets()
            .filter_map(|mut column| column.find(|&o| body.voxels()[o]))
            .map(|offset| body.geometry().index_at(offset))
            .collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn otsu_splits_two_heaps() {
        let values: Vec<f32> = (0..300)
            .map(|n| if n % 3 == 0 { 80.0 } else { 10.0 } + (n % 7) as f32)
            .collect();
        let threshold = otsu(&values);
        assert!((16.0..80.0).contains(&threshold), "{threshold}");
        assert_eq!(otsu(&[3.0; 9]), 0.0);
        assert_eq!(otsu(&[]), 0.0);
    }

    #[test]
    fn columns_run_from_the_front() {
        let directions = [[0.0, -1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0]];
        let geometry =
            Geometry::from_parts([5, 2, 3], [0.0; 3], [4.0, 1.0, 1.0], directions).unwrap();
        let columns = Columns::of(&geometry);
        assert!(!columns.from_front && columns.axis == 0);
        let region = Mask::from_fn(geometry, |[i, j, k]| {
            (i == 3 || i == 1 || i == 0) && j == 1 && k == 2
        });
        let filled = columns.filled_from_the_front(&region);
        assert_eq!(filled.count(), 4);
        assert_eq!(columns.skin(&filled), [[3, 1, 2]]);
    }
}
