//! Early enhancement in a part of a series, and how a region grows in it.

use crate::holes::fill_holes;
use crate::{IndexBox, RegionError, SeedOptions};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, crop};

/// Differences below this fraction of the bright voxels before contrast (their 99th percentile) are noise: in air,
/// a difference may be larger than the signal.
const NOISE_FRACTION: f64 = 0.05;

/// The part of a series in which a lesion is looked for.
pub(crate) struct Enhancement {
    bounds: IndexBox,
    geometry: Geometry,
    /// Signal before contrast.
    before: Vec<f32>,
    /// First phase after contrast minus the phase before it; what is not finite counts as no enhancement.
    enhancement: Vec<f32>,
    /// Differences below this are noise.
    noise: f64,
}

impl Enhancement {
    pub(crate) fn of(series: &DynamicSeries, bounds: IndexBox) -> Result<Self, RegionError> {
        let cut = |image: &Image| crop(image, bounds.start, bounds.size());
        let before = cut(series.pre())?;
        let after = cut(series.post().first().map_or(series.pre(), |p| &p.image))?;
        let difference = |(a, b): (&f32, &f32)| {
            let difference = a - b;
            if difference.is_finite() {
                difference
            } else {
                f32::MIN
            }
        };
        let enhancement = after.voxels().iter().zip(before.voxels()).map(difference);
        Ok(Self {
            bounds,
            geometry: *before.geometry(),
            enhancement: enhancement.collect(),
            noise: NOISE_FRACTION * percentile_99(series.pre().voxels()),
            before: before.into_voxels(),
        })
    }

    /// Enhancement at an offset in the part.
    pub(crate) fn at(&self, offset: usize) -> f32 {
        self.enhancement[offset]
    }

    /// Enhancement at every offset in the part.
    pub(crate) fn values(&self) -> &[f32] {
        &self.enhancement
    }

    /// Distance of every voxel of the part from a voxel of the series, in millimetres.
    pub(crate) fn distances_mm(&self, from: [usize; 3]) -> Vec<f64> {
        let middle = std::array::from_fn(|a| from[a] as f64 - self.bounds.start[a] as f64);
        let middle = self.geometry.index_to_world(middle);
        let distance = |offset: usize| {
            let index = self.geometry.index_at(offset).map(|i| i as f64);
            let p = self.geometry.index_to_world(index);
            (0..3)
                .map(|a| (p[a] - middle[a]).powi(2))
                .sum::<f64>()
                .sqrt()
        };
        (0..self.geometry.len()).map(distance).collect()
    }

    /// Offset in the part of a voxel of the series; 0 when it lies outside of the part.
    pub(crate) fn offset(&self, voxel: [usize; 3]) -> usize {
        let index = std::array::from_fn(|a| voxel[a].wrapping_sub(self.bounds.start[a]));
        self.geometry.offset(index).unwrap_or(0)
    }

    /// Voxel of the series at an offset in the part.
    pub(crate) fn voxel(&self, offset: usize) -> [usize; 3] {
        let index = self.geometry.index_at(offset);
        std::array::from_fn(|a| index[a] + self.bounds.start[a])
    }

    /// The 90th percentile of the positive enhancements, when it is an enhancement at all.
    pub(crate) fn peak(
        &self,
        offsets: &[usize],
        options: &SeedOptions,
        place: &str,
    ) -> Result<f64, RegionError> {
        let mut positive: Vec<f32> = offsets
            .iter()
            .map(|&o| self.enhancement[o])
            .filter(|&e| e > 0.0)
            .collect();
        positive.sort_by(f32::total_cmp);
        // The sample at nine tenths of the way, counted from 0 and rounded down.
        let peak = positive.get(positive.len() * 9 / 10).copied();
        let finite = offsets
            .iter()
            .map(|&o| f64::from(self.before[o]))
            .filter(|b| b.is_finite());
        let (sum, count) = finite.fold((0.0, 0.0), |(sum, count), b| (sum + b, count + 1.0));
        let least = self
            .noise
            .max(options.min_enhancement * sum / f64::max(count, 1.0));
        let peak = peak
            .map(f64::from)
            .filter(|&peak| peak > 0.0 && peak >= least);
        peak.ok_or_else(|| RegionError::NoEnhancement {
            place: place.to_owned(),
        })
    }

    /// The voxel with the highest mean enhancement of the 3 x 3 x 3 voxels around it, the first of equals.
    pub(crate) fn brightest_neighbourhood(&self) -> usize {
        let size = self.geometry.size();
        let mut best = (0, f64::MIN);
        for offset in 0..self.enhancement.len() {
            let index = self.geometry.index_at(offset);
            let low = index.map(|i| i.saturating_sub(1));
            let high: [usize; 3] = std::array::from_fn(|a| (index[a] + 2).min(size[a]));
            let (mut sum, mut count) = (0.0, 0.0);
            for k in low[2]..high[2] {
                for j in low[1]..high[1] {
                    let row = size[0] * (j + size[1] * k);
                    for value in &self.enhancement[row + low[0]..row + high[0]] {
                        sum += f64::from(*value);
                        count += 1.0;
                    }
                }
            }
            if sum / count > best.1 {
                best = (offset, sum / count);
            }
        }
        best.0
    }

    /// The voxels before and after a voxel along each axis.
    fn neighbours(&self, offset: usize) -> impl Iterator<Item = usize> + use<> {
        let size = self.geometry.size();
        let index = self.geometry.index_at(offset);
        let stride = [1, size[0], size[0] * size[1]];
        (0..3).flat_map(move |a| {
            let before = (index[a] > 0).then(|| offset - stride[a]);
            let after = (index[a] + 1 < size[a]).then(|| offset + stride[a]);
            before.into_iter().chain(after)
        })
    }

    /// The face-connected part of the voxels that `belongs` which holds `start`.
    pub(crate) fn connected(&self, start: usize, belongs: impl Fn(usize) -> bool) -> Vec<bool> {
        let mut region = vec![false; self.enhancement.len()];
        region[start] = true;
        let mut open = vec![start];
        while let Some(offset) = open.pop() {
            for next in self.neighbours(offset) {
                if !region[next] && belongs(next) {
                    region[next] = true;
                    open.push(next);
                }
            }
        }
        region
    }

    pub(crate) fn has_neighbour(&self, region: &[bool], wanted: impl Fn(usize) -> bool) -> bool {
        let mut inside = region.iter().enumerate().filter(|&(_, &inside)| inside);
        inside.any(|(offset, _)| self.neighbours(offset).any(&wanted))
    }

    pub(crate) fn mask(&self, voxels: Vec<bool>) -> Result<Mask, RegionError> {
        Ok(Mask::new(self.geometry, voxels, Default::default())?)
    }

    /// A region of this part with its holes filled, as a region of the series.
    pub(crate) fn finish(
        &self,
        series: &DynamicSeries,
        region: &[bool],
        step: String,
    ) -> Result<Mask, RegionError> {
        let filled = fill_holes(&self.mask(region.to_vec())?);
        let geometry = series.geometry();
        let mut mask = Mask::filled(*geometry, false);
        for (offset, _) in filled.voxels().iter().enumerate().filter(|&(_, &v)| v) {
            if let Some(offset) = geometry.offset(self.voxel(offset)) {
                mask.voxels_mut()[offset] = true;
            }
        }
        Ok(mask.with_provenance(series.pre().provenance().clone().with_step(step)))
    }
}

/// 99th percentile of the finite values, 0 without any.
fn percentile_99(values: &[f32]) -> f64 {
    let mut finite: Vec<f32> = values.iter().copied().filter(|v| v.is_finite()).collect();
    if finite.is_empty() {
        return 0.0;
    }
    let rank = (finite.len() - 1) / 100 * 99 + (finite.len() - 1) % 100 * 99 / 100;
    f64::from(*finite.select_nth_unstable_by(rank, f32::total_cmp).1)
}
