//! Filling polygons on a grid of points.

/// A closed polygon on two axes of a grid, in voxel indices.
pub(crate) type Polygon = Vec<[f64; 2]>;

/// Calls with every point `[u, v]` of a grid of `size` points that lies inside of the polygons by the even-odd rule.
///
/// A polygon covers the points from its border on towards lower indices and up to, not including, its border towards higher ones (a
/// half-open rule on both axes), so polygons that share a border share no point, and the two edges of a keyhole cancel. A polygon with a
/// coordinate that is no finite number covers nothing.
pub(crate) fn fill(size: [usize; 2], polygons: &[Polygon], mut call: impl FnMut([usize; 2])) {
    let [nu, nv] = size;
    // Every crossing turns the points from it on: the parity of turns so far says inside or outside.
    let mut turns = vec![false; nu * nv];
    let finite = |polygon: &&Polygon| polygon.iter().flatten().all(|c| c.is_finite());
    for polygon in polygons.iter().filter(finite) {
        let ends = polygon.iter().cycle().skip(1);
        for (a, b) in polygon.iter().zip(ends) {
            // In one direction, so that both edges of a keyhole give the same numbers.
            let (low, high) = if a[1] <= b[1] { (a, b) } else { (b, a) };
            // Rows from the lower end on, up to and without the higher: a vertex on a row counts once.
            for v in first_from(low[1], nv)..first_from(high[1], nv) {
                let share = (v as f64 - low[1]) / (high[1] - low[1]);
                let u = first_from(low[0] + share * (high[0] - low[0]), nu);
                if u < nu
                    && let Some(turn) = turns.get_mut(u + nu * v)
                {
                    *turn ^= true;
                }
            }
        }
    }
    for (v, row) in turns.chunks(nu.max(1)).enumerate() {
        let mut inside = false;
        for (u, turn) in row.iter().enumerate() {
            inside ^= turn;
            if inside {
                call([u, v]);
            }
        }
    }
}

/// The first index that is not below a coordinate, at most the size.
fn first_from(coordinate: f64, size: usize) -> usize {
    // Negative numbers become 0; large ones saturate.
    (coordinate.ceil() as usize).min(size)
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;

    fn filled(size: [usize; 2], polygons: &[Polygon]) -> BTreeSet<[usize; 2]> {
        let mut points = BTreeSet::new();
        fill(size, polygons, |point| assert!(points.insert(point)));
        points
    }

    fn rectangle(low: [f64; 2], high: [f64; 2]) -> Polygon {
        vec![low, [high[0], low[1]], high, [low[0], high[1]]]
    }

    #[test]
    fn neighbours_share_no_point_and_leave_none_out() {
        let left = filled([10, 10], &[rectangle([1.0, 2.0], [4.0, 6.0])]);
        let right = filled([10, 10], &[rectangle([4.0, 2.0], [8.0, 6.0])]);
        let both = filled([10, 10], &[rectangle([1.0, 2.0], [8.0, 6.0])]);
        assert_eq!((left.len(), right.len()), (12, 16));
        assert!(left.is_disjoint(&right));
        assert_eq!(&left | &right, both);
    }

    #[test]
    fn a_keyhole_is_the_hole_drawn_apart() {
        let keyhole = vec![
            [0.5, 0.5],
            [8.5, 0.5],
            [8.5, 8.5],
            [0.5, 8.5],
            // Through a diagonal cut to the hole and back.
            [0.5, 5.0],
            [3.5, 3.5],
            [3.5, 5.5],
            [5.5, 5.5],
            [5.5, 3.5],
            [3.5, 3.5],
            [0.5, 5.0],
        ];
        let apart = [
            rectangle([0.5, 0.5], [8.5, 8.5]),
            rectangle([3.5, 3.5], [5.5, 5.5]),
        ];
        let points = filled([10, 10], &[keyhole]);
        assert_eq!(points, filled([10, 10], &apart));
        assert_eq!(points.len(), 64 - 4);
    }

    #[test]
    fn what_is_no_polygon_covers_nothing() {
        for polygon in [
            vec![],
            vec![[1.0, 1.0]],
            vec![[1.0, 1.0], [5.0, 5.0]],
            vec![[f64::NAN, 1.0], [5.0, f64::NAN], [2.0, 2.0]],
        ] {
            assert!(filled([8, 8], std::slice::from_ref(&polygon)).is_empty());
        }
        let huge = rectangle([-1e300, -1e300], [1e300, 1e300]);
        assert_eq!(filled([4, 3], &[huge]).len(), 12);
    }

    /// The crossing-number test of a point, written a second time and without rows.
    fn inside(point: [f64; 2], polygon: &Polygon) -> bool {
        let mut inside = false;
        for n in 0..polygon.len() {
            let (a, b) = (polygon[n], polygon[(n + 1) % polygon.len()]);
            if (a[1] > point[1]) != (b[1] > point[1]) {
                let at = (b[0] - a[0]) * (point[1] - a[1]) / (b[1] - a[1]) + a[0];
                inside ^= point[0] < at;
            }
        }
        inside
    }

    proptest! {
        #[test]
        fn every_point_is_judged_as_by_itself(
            polygon in prop::collection::vec(prop::array::uniform2(-3.0f64..14.0), 3..12),
        ) {
            let points = filled([11, 9], std::slice::from_ref(&polygon));
            for u in 0..11 {
                for v in 0..9 {
                    let expected = inside([u as f64, v as f64], &polygon);
                    prop_assert_eq!(points.contains(&[u, v]), expected, "{} {}", u, v);
                }
            }
        }

        #[test]
        fn any_numbers_end(polygon: Vec<[f64; 2]>) {
            fill([7, 5], &[polygon], |_| ());
        }
    }
}
