//! Separable filters in one orientation or in all right-angle ones.

use crate::boundary::Boundary;
use crate::grid::{Grid, Kernel};
use serde::{Deserialize, Serialize};

/// How the responses of all orientations of a filter become one: what makes it nearly invariant to rotation
/// (IBSI reference manual for filters, section 2.5).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Pooling {
    /// The largest response of each voxel.
    Max,
    /// The mean response of each voxel.
    Mean,
}

impl Pooling {
    /// For names of filters.
    pub(crate) fn word(self) -> &'static str {
        match self {
            Self::Max => "max",
            Self::Mean => "mean",
        }
    }
}

/// Responses, pooled one after the other.
pub(crate) struct Pool {
    pooling: Pooling,
    sum: Option<Grid>,
    count: usize,
}

impl Pool {
    pub(crate) fn new(pooling: Pooling) -> Self {
        Self {
            pooling,
            sum: None,
            count: 0,
        }
    }

    pub(crate) fn add(&mut self, response: Grid) {
        self.count += 1;
        match &mut self.sum {
            None => self.sum = Some(response),
            Some(sum) => match self.pooling {
                Pooling::Max => sum.combine(&response, f64::max),
                Pooling::Mean => sum.combine(&response, |a, b| a + b),
            },
        }
    }

    /// The pooled response; nothing when nothing was added.
    pub(crate) fn finish(self) -> Option<Grid> {
        let mut sum = self.sum?;
        if self.pooling == Pooling::Mean {
            let share = 1.0 / self.count as f64;
            sum.apply(|v| v * share);
        }
        Some(sum)
    }
}

/// What is done along one axis: one kernel after the other.
pub(crate) type AxisFilter = Vec<Kernel>;

/// Which filter is applied along an axis, and whether it is flipped.
type Placed = (usize, bool);

/// Applies a filter for each axis, two axes for filters by slice.
///
/// Without pooling the first filter goes along the first axis. With it, all rotations by right angles are pooled: 24 in space, 4 in the plane.
pub(crate) fn separable(
    grid: &Grid,
    filters: &[AxisFilter],
    pooling: Option<Pooling>,
    boundary: Boundary,
) -> Grid {
    let Some(pooling) = pooling else {
        let first = along(grid, 0, &filters[0], false, boundary);
        let rest = filters.iter().enumerate().skip(1);
        return rest.fold(first, |g, (axis, f)| along(&g, axis, f, false, boundary));
    };
    let mut pool = Pool::new(pooling);
    // Neighbours in the sorted list share what was done along their first axes.
    let mut before: Vec<(Placed, Grid)> = Vec::new();
    for orientation in orientations(filters) {
        let shared = before
            .iter()
            .zip(&orientation)
            .take_while(|((done, _), wanted)| done == *wanted)
            .count();
        before.truncate(shared);
        for (axis, &(filter, flipped)) in orientation.iter().enumerate().skip(shared) {
            let from = before.last().map_or(grid, |(_, g)| g);
            let response = along(from, axis, &filters[filter], flipped, boundary);
            before.push(((filter, flipped), response));
        }
        if let Some((_, response)) = before.pop() {
            pool.add(response);
        }
    }
    pool.finish().unwrap_or_else(|| grid.clone())
}

/// The rotations by right angles of filters of two or three axes, sorted, each different one once. (Each comes equally
/// often, as rotations are a group, so leaving out the equal ones does not change a mean.)
fn orientations(filters: &[AxisFilter]) -> Vec<Vec<Placed>> {
    let axes = filters.len();
    let canonical = |filter: usize, flipped: bool| -> Placed {
        let same = (0..filter).find(|&f| filters[f] == filters[filter]);
        let symmetric = filters[filter].iter().all(Kernel::is_symmetric);
        (same.unwrap_or(filter), flipped && !symmetric)
    };
    let mut all = Vec::new();
    for (order, odd) in permutations(axes) {
        for flips in 0..1usize << axes {
            // A permutation and flips are a rotation when they do not mirror.
            if odd == (flips.count_ones() % 2 == 1) {
                let placed = order.iter().enumerate();
                all.push(
                    placed
                        .map(|(axis, &f)| canonical(f, flips >> axis & 1 == 1))
                        .collect::<Vec<_>>(),
                );
            }
        }
    }
    all.sort();
    all.dedup();
    all
}

/// Permutations of two or three things, and whether each is odd.
fn permutations(count: usize) -> Vec<(Vec<usize>, bool)> {
    let three = [
        ([0, 1, 2], false),
        ([1, 2, 0], false),
        ([2, 0, 1], false),
        ([1, 0, 2], true),
        ([0, 2, 1], true),
        ([2, 1, 0], true),
    ];
    three
        .into_iter()
        .filter(|(order, _)| {
            order[count..]
                .iter()
                .enumerate()
                .all(|(i, &o)| o == count + i)
        })
        .map(|(order, odd)| (order[..count].to_vec(), odd))
        .collect()
}

/// Applies the kernels of one axis.
fn along(grid: &Grid, axis: usize, filter: &AxisFilter, flipped: bool, boundary: Boundary) -> Grid {
    let mut response: Option<Grid> = None;
    for kernel in filter {
        let from = response.as_ref().unwrap_or(grid);
        response = Some(if flipped {
            from.convolve(axis, &kernel.flipped(), boundary)
        } else {
            from.convolve(axis, kernel, boundary)
        });
    }
    response.unwrap_or_else(|| grid.clone())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(taps: &[f64]) -> AxisFilter {
        vec![Kernel::centred(taps.to_vec())]
    }

    #[test]
    fn as_many_orientations_as_rotations() {
        let (a, b, c) = (
            filter(&[1.0, 2.0]),
            filter(&[1.0, 3.0]),
            filter(&[1.0, 4.0]),
        );
        assert_eq!(orientations(&[a.clone(), b.clone(), c]).len(), 24);
        assert_eq!(orientations(&[a.clone(), b.clone()]).len(), 4);
        // Three times the same symmetric filter has one orientation, three times the same unsymmetric one all eight flips.
        let s = filter(&[1.0, 2.0, 1.0]);
        assert_eq!(orientations(&[s.clone(), s.clone(), s]).len(), 1);
        assert_eq!(orientations(&[a.clone(), a.clone(), a]).len(), 8);
        assert_eq!(orientations(&[b.clone(), b]).len(), 4);
    }

    #[test]
    fn pooled_response_turns_with_the_image() {
        let size = [6, 6, 6];
        let value = |[i, j, k]: [usize; 3]| ((i * 31 + j * j * 17 + k * k * k * 7) % 23) as f64;
        let make = |at: &dyn Fn([usize; 3]) -> [usize; 3]| Grid {
            size,
            values: (0..216)
                .map(|o| value(at([o % 6, o / 6 % 6, o / 36])))
                .collect(),
        };
        // A quarter turn about the third axis.
        let turned = |[i, j, k]: [usize; 3]| [j, 5 - i, k];
        let filters = [
            filter(&[1.0, 2.0, -1.0]),
            filter(&[1.0, 3.0]),
            filter(&[4.0, 0.5, 1.0]),
        ];
        for pooling in [Pooling::Max, Pooling::Mean] {
            let pooled = |g: &Grid| separable(g, &filters, Some(pooling), Boundary::Mirror);
            let here = pooled(&make(&|x| x));
            let there = pooled(&make(&turned));
            for o in 0..216 {
                let [i, j, k] = turned([o % 6, o / 6 % 6, o / 36]);
                assert!((there.values[o] - here.values[i + 6 * j + 36 * k]).abs() < 1e-10);
            }
        }
    }
}
