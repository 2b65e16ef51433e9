//! The phantom of `make_rigid.py`: ellipsoids with soft edges.

use triher_volume::{Geometry, Image};

const SIZE: [usize; 3] = [44, 40, 24];
const SPACING_MM: [f64; 3] = [2.0, 2.0, 3.0];
/// Centre and half axes in millimetres from the middle, grey value.
const PARTS: [([f64; 3], [f64; 3], f64); 5] = [
    ([0.0, 0.0, 0.0], [36.0, 32.0, 28.0], 60.0),
    ([-10.0, 6.0, 4.0], [16.0, 10.0, 12.0], 55.0),
    ([12.0, -10.0, -6.0], [9.0, 14.0, 10.0], -35.0),
    ([14.0, 12.0, 8.0], [6.0, 6.0, 7.0], 70.0),
    ([-16.0, -12.0, -10.0], [8.0, 5.0, 6.0], 90.0),
];

pub(crate) fn geometry() -> Geometry {
    Geometry::axis_aligned(SIZE, SPACING_MM, [0.0; 3]).expect("a grid")
}

pub(crate) fn centre_mm() -> [f64; 3] {
    std::array::from_fn(|a| (SIZE[a] - 1) as f64 / 2.0 * SPACING_MM[a])
}

/// Grey value at a point, from the middle.
pub(crate) fn grey(point: [f64; 3]) -> f64 {
    PARTS.iter().fold(10.0, |total, (centre, axes, value)| {
        let squares: f64 = (0..3)
            .map(|a| ((point[a] - centre[a]) / axes[a]).powi(2))
            .sum();
        let least = axes.iter().copied().fold(f64::INFINITY, f64::min);
        total + value * 0.5 * (1.0 - ((squares.sqrt() - 1.0) * least / 2.5).tanh())
    })
}

/// Between -0.5 and 0.5.
fn noise([i, j, k]: [usize; 3], salt: usize) -> f64 {
    let mixed = i * 7919 + j * 104_729 + k * 1_299_709 + salt * 15_485_863;
    (mixed % 1009) as f64 / 1009.0 - 0.5
}

/// Points of the grid from the middle.
pub(crate) fn from_middle(index: [usize; 3]) -> [f64; 3] {
    std::array::from_fn(|a| (index[a] as f64 - (SIZE[a] - 1) as f64 / 2.0) * SPACING_MM[a])
}

pub(crate) fn reference() -> Image {
    Image::from_fn(geometry(), |index| {
        (grey(from_middle(index)) + 2.0 * noise(index, 1)) as f32
    })
}

/// A phase whose point `y` shows what the reference has at `back(y)` (both from the middle), in other contrast.
pub(crate) fn phase(back: impl Fn([f64; 3]) -> [f64; 3]) -> Image {
    Image::from_fn(geometry(), |index| {
        let plain = grey(back(from_middle(index)));
        (150.0 + 90.0 * (plain / 45.0).sin() + 4.0 * noise(index, 2)) as f32
    })
}
