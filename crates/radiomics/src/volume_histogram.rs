//! The intensity-volume histogram: which share of the region has an intensity or more (IBSI reference manual, section 3.5).

use crate::feature::{Entry, entry};
use crate::settings::Discretisation;

/// More steps than this are no histogram.
const MOST_STEPS: f64 = 1e6;

/// The intensities at which the histogram is read.
struct Steps {
    first: f64,
    step: f64,
    count: usize,
    /// From how far below a step on an intensity belongs to it.
    reach: f64,
}

impl Steps {
    fn at(&self, i: usize) -> f64 {
        self.first + self.step * i as f64
    }
}

/// The 7 features of intensities in ascending order.
///
/// Intensities of a definite unit are read at each whole number of the range (of the region's intensities without one); with bins of a fixed width at their
/// centres; with a fixed number of bins, intensities become the numbers of their bins.
pub(crate) fn features(
    sorted: &[f64],
    range: Option<[f64; 2]>,
    discretisation: Discretisation,
) -> Vec<Entry> {
    let (Some(&low), Some(&high)) = (sorted.first(), sorted.last()) else {
        return Vec::new();
    };
    let finite = |value: f64, instead: f64| if value.is_finite() { value } else { instead };
    let (from, to) = range.map_or((low, high), |r| (finite(r[0], low), finite(r[1], high)));
    let binned: Vec<f64>;
    let (values, steps) = match discretisation {
        Discretisation::None => {
            let count = ((to - from).floor() + 1.0).min(MOST_STEPS);
            (
                sorted,
                Steps {
                    first: from,
                    step: 1.0,
                    count: count as usize,
                    reach: 0.0,
                },
            )
        }
        Discretisation::BinWidth { width } => {
            let count = ((to - from) / width).ceil().clamp(1.0, MOST_STEPS);
            (
                sorted,
                Steps {
                    first: from + 0.5 * width,
                    step: width,
                    count: count as usize,
                    reach: 0.5 * width,
                },
            )
        }
        Discretisation::BinNumber { bins } => {
            let n = f64::from(bins);
            let scale = if high > low { n / (high - low) } else { 0.0 };
            binned = (sorted.iter())
                .map(|v| ((v - low) * scale).floor().min(n - 1.0) + 1.0)
                .collect();
            (
                &binned[..],
                Steps {
                    first: 1.0,
                    step: 1.0,
                    count: bins as usize,
                    reach: 0.0,
                },
            )
        }
    };
    let n = values.len() as f64;
    let share = |i: usize| {
        let below = values.partition_point(|v| *v < steps.at(i) - steps.reach);
        (n - below as f64) / n
    };
    let last = steps.count - 1;
    // Share of the volume at a share of the intensities, and the lowest intensity that at most a share of the volume has.
    let volume = |fraction: f64| {
        let i = (fraction * last as f64 - 1e-9).ceil().max(0.0) as usize;
        share(i.min(last))
    };
    let intensity = |fraction: f64| {
        let (mut a, mut b) = (0, last);
        // Shares fall with the intensity.
        while a < b {
            let middle = a.midpoint(b);
            if share(middle) <= fraction {
                b = middle;
            } else {
                a = middle + 1;
            }
        }
        steps.at(a)
    };
    let (v10, v90) = (volume(0.1), volume(0.9));
    let (i10, i90) = (intensity(0.1), intensity(0.9));
    // The manual (3.5.7) sets the area of a single grey level.
    let area = if last == 0 || low == high {
        0.0
    } else {
        let inner: f64 = (1..last).map(share).sum();
        (inner + 0.5 * (share(0) + share(last))) / last as f64
    };
    let unit = match discretisation {
        Discretisation::BinNumber { .. } => "grey level",
        _ => "intensity",
    };
    let one = "all intensities are equal: the area is set to 0";
    vec![
        entry("ivh_v10", "Volume fraction at 10% intensity", "1", v10),
        entry("ivh_v90", "Volume fraction at 90% intensity", "1", v90),
        entry("ivh_i10", "Intensity at 10% volume", unit, i10),
        entry("ivh_i90", "Intensity at 90% volume", unit, i90),
        entry(
            "ivh_diff_v10_v90",
            "Volume fraction difference between 10% and 90% intensity",
            "1",
            v10 - v90,
        ),
        entry(
            "ivh_diff_i10_i90",
            "Intensity difference between 10% and 90% volume",
            unit,
            i10 - i90,
        ),
        entry("ivh_auc", "Area under the IVH curve", "1", area)
            .flagged(last == 0 || low == high, one),
    ]
}
