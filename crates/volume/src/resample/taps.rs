//! Which voxels of a line a point between them takes, and with what weights.

use super::Interpolation;

/// Rounding of affines must not push a point on the border out of the image, nor make a point on a voxel depend
/// on that voxel's neighbour: positions this close to a border or a centre are taken to lie on it.
const SLACK: f64 = 1e-6;

/// Up to four voxels of a line with their weights.
#[derive(Clone, Copy, Debug)]
pub(super) struct Taps {
    pub(super) index: [usize; 4],
    pub(super) weight: [f32; 4],
    /// How many of them count; at least 1.
    pub(super) count: usize,
}

impl Taps {
    /// The voxels and weights at a continuous index of a line of `n` voxels, `None` outside.
    #[inline]
    pub(super) fn at(position: f64, n: usize, interpolation: Interpolation) -> Option<Self> {
        let last = n - 1;
        if !(position >= -0.5 - SLACK && position <= last as f64 + 0.5 + SLACK) {
            return None;
        }
        if interpolation == Interpolation::Nearest {
            return Some(Self::single(nearest(position, n)));
        }
        let whole = position.round();
        if (position - whole).abs() <= SLACK && interpolation == Interpolation::Linear {
            return Some(Self::single((whole.max(0.0) as usize).min(last)));
        }
        if interpolation == Interpolation::Linear {
            let x = position.clamp(0.0, last as f64);
            let low = (x as usize).min(last);
            let t = (x - low as f64) as f32;
            if t == 0.0 {
                return Some(Self::single(low));
            }
            return Some(Self {
                index: [low, (low + 1).min(last), 0, 0],
                weight: [1.0 - t, t, 0.0, 0.0],
                count: 2,
            });
        }
        let low = position.floor();
        let t = position - low;
        let first = low as isize - 1;
        let inside = first >= 0 && first + 3 <= last as isize;
        let index = std::array::from_fn(|d| {
            let index = first + d as isize;
            if inside {
                index as usize
            } else {
                mirror(index, n)
            }
        });
        Some(Self {
            index,
            weight: cubic_weights(t as f32),
            count: 4,
        })
    }

    fn single(index: usize) -> Self {
        Self {
            index: [index, 0, 0, 0],
            weight: [1.0, 0.0, 0.0, 0.0],
            count: 1,
        }
    }

    /// The voxels with their weights.
    #[inline]
    pub(super) fn iter(&self) -> impl Iterator<Item = (usize, f32)> + '_ {
        let pairs = self.index.iter().copied().zip(self.weight.iter().copied());
        pairs.take(self.count)
    }
}

/// The nearest voxel of a line of `n` to a position inside of it; halves go up.
#[inline]
pub(super) fn nearest(position: f64, n: usize) -> usize {
    // A little more than a half keeps exact halves, which rounding may have moved, on one side.
    ((position + 0.5 + 1e-9).max(0.0) as usize).min(n - 1)
}

/// Whether a position lies inside of a line of `n` voxels.
#[inline]
pub(super) fn is_inside(position: f64, n: usize) -> bool {
    position >= -0.5 - SLACK && position <= n as f64 - 0.5 + SLACK
}

/// The cubic B-spline at the distances `1 + t`, `t`, `1 - t`, `2 - t`.
#[inline]
pub(super) fn cubic_weights(t: f32) -> [f32; 4] {
    let u = 1.0 - t;
    [
        u * u * u / 6.0,
        (4.0 - 6.0 * t * t + 3.0 * t * t * t) / 6.0,
        (4.0 - 6.0 * u * u + 3.0 * u * u * u) / 6.0,
        t * t * t / 6.0,
    ]
}

/// Index mirrored about the outermost centres (whole-sample symmetry).
fn mirror(index: isize, n: usize) -> usize {
    if n == 1 {
        return 0;
    }
    let period = 2 * (n as isize - 1);
    let folded = index.rem_euclid(period);
    folded.min(period - folded) as usize
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_sum_to_one() {
        for interpolation in [
            Interpolation::Nearest,
            Interpolation::Linear,
            Interpolation::CubicBSpline,
        ] {
            for n in [1usize, 2, 3, 9] {
                for step in 0..=40 {
                    let position = -0.5 + n as f64 * f64::from(step) / 40.0;
                    let taps = Taps::at(position, n, interpolation).unwrap();
                    let sum: f32 = taps.iter().map(|(_, w)| w).sum();
                    assert!((sum - 1.0).abs() < 1e-6, "{interpolation} {n} {position}");
                    assert!(taps.iter().all(|(i, _)| i < n));
                }
                assert!(Taps::at(-0.51, n, interpolation).is_none());
                assert!(Taps::at(n as f64 - 0.49, n, interpolation).is_none());
                assert!(Taps::at(f64::NAN, n, interpolation).is_none());
            }
        }
    }

    #[test]
    fn halves_go_up_and_the_border_mirrors() {
        assert_eq!(nearest(1.5, 4), 2);
        assert_eq!(nearest(-0.5, 4), 0);
        assert_eq!(nearest(3.5, 4), 3);
        let mirrored: Vec<usize> = (-4..8).map(|i| mirror(i, 4)).collect();
        assert_eq!(mirrored, [2, 3, 2, 1, 0, 1, 2, 3, 2, 1, 0, 1]);
    }
}
