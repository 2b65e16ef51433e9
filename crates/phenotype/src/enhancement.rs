//! Curves of relative enhancement: the most enhancing ones, and how they vary.

use crate::PhenotypeError;
use triher_detection::fuzzy_c_means;
use triher_volume::{DynamicSeries, Mask};

/// Weight exponent of the fuzzy c-means, as published.
const FUZZIFIER: f64 = 2.0;
/// It ends when no centre moves further, in units of relative enhancement.
const TOLERANCE: f64 = 1e-6;
/// Or after so many steps.
const STEPS: usize = 500;

/// Relative enhancement `(S(t) - S(0)) / S(0)` of the lesion's usable voxels.
pub(crate) struct Curves {
    /// Phases after contrast.
    pub(crate) phases: usize,
    /// All phases of the first voxel, then of the next.
    values: Vec<f64>,
}

impl Curves {
    pub(crate) fn of(series: &DynamicSeries, lesion: &Mask) -> Result<Self, PhenotypeError> {
        series.pre().check_same_grid("image", lesion, "mask")?;
        let before = series.pre().voxels();
        let phases = series.post().len();
        let mut values = Vec::new();
        let inside = lesion.voxels().iter().enumerate().filter(|(_, m)| **m);
        for (offset, _) in inside {
            let signal = f64::from(before[offset]);
            let curve = series
                .post()
                .iter()
                .map(|p| f64::from(p.image.voxels()[offset]));
            if signal > 0.0 && signal.is_finite() && curve.clone().all(f64::is_finite) {
                values.extend(curve.map(|v| (v - signal) / signal));
            }
        }
        if values.is_empty() || phases == 0 {
            let voxels = lesion.count();
            return Err(PhenotypeError::NoUsableVoxels { voxels });
        }
        Ok(Self { phases, values })
    }

    fn count(&self) -> usize {
        self.values.len() / self.phases
    }

    /// The centre of the cluster of curves that enhances most, and how many voxels belong to it more than to any other.
    ///
    /// First centres are mean curves of equal shares of the voxels in the order of their largest enhancement, so no random numbers are needed.
    pub(crate) fn characteristic(&self, clusters: usize) -> (Vec<f64>, usize) {
        let mut order: Vec<&[f64]> = self.values.chunks_exact(self.phases).collect();
        let largest = |c: &[f64]| c.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        order.sort_by(|a, b| largest(a).total_cmp(&largest(b)));
        let clusters = clusters.min(order.len());
        let share = |n: usize| n * order.len() / clusters;
        let first: Vec<Vec<f64>> = (0..clusters)
            .map(|n| mean_curve(&order[share(n)..share(n + 1)], self.phases))
            .collect();
        let found = fuzzy_c_means(&self.values, &first, FUZZIFIER, TOLERANCE, STEPS);
        let peaks: Vec<f64> = found.centres.iter().map(|c| largest(c)).collect();
        let most = (0..clusters)
            .max_by(|&a, &b| peaks[a].total_cmp(&peaks[b]))
            .unwrap_or(0);
        let belongs = |row: &&[f64]| row.iter().all(|&m| m <= row[most]);
        let voxels = found
            .memberships
            .chunks_exact(clusters)
            .filter(belongs)
            .count();
        (found.centres[most].clone(), voxels)
    }

    /// Variance of the enhancement over the lesion's voxels, phase by phase (divided by the number of voxels).
    pub(crate) fn variances(&self) -> Vec<f64> {
        let count = self.count() as f64;
        let all: Vec<&[f64]> = self.values.chunks_exact(self.phases).collect();
        let means = mean_curve(&all, self.phases);
        (0..self.phases)
            .map(|p| all.iter().map(|c| (c[p] - means[p]).powi(2)).sum::<f64>() / count)
            .collect()
    }
}

fn mean_curve(curves: &[&[f64]], phases: usize) -> Vec<f64> {
    let count = curves.len().max(1) as f64;
    (0..phases)
        .map(|p| curves.iter().map(|c| c[p]).sum::<f64>() / count)
        .collect()
}
