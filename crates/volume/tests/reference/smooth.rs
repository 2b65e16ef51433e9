//! Smoothing against SciPy (`generate.py`).

use serde::Deserialize;
use triher_volume::{Geometry, Image, anti_alias, anti_alias_reach, crop};

#[derive(Deserialize)]
struct Reference {
    size: [usize; 3],
    spacing_mm: [f64; 3],
    target_spacing_mm: [f64; 3],
    values: Vec<f32>,
    expected: Vec<f32>,
}

#[test]
fn agrees_with_scipy() {
    let reference: Reference = serde_json::from_str(include_str!("smooth.json")).unwrap();
    let geometry = Geometry::axis_aligned(reference.size, reference.spacing_mm, [0.0; 3]).unwrap();
    let image = crate::image(geometry, &reference.values);
    let smoothed = anti_alias(&image, reference.target_spacing_mm);
    let differences = smoothed.voxels().iter().zip(&reference.expected);
    let worst = differences.map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
    println!("largest difference {worst}");
    assert!(worst <= 1e-6 * crate::range(&reference.values), "{worst}");
}

#[test]
fn finer_grids_need_no_smoothing() {
    let geometry = Geometry::axis_aligned([4, 5, 6], [1.0; 3], [0.0; 3]).unwrap();
    let image = Image::from_fn(geometry, |[i, j, k]| (i * j + k) as f32);
    for target in [[1.0; 3], [0.2; 3], [f64::NAN; 3], [f64::INFINITY; 3]] {
        assert_eq!(anti_alias(&image, target).voxels(), image.voxels());
    }
}

/// A cut with the stated margin smooths to the very same numbers.
#[test]
fn the_reach_is_enough() {
    let geometry = Geometry::axis_aligned([40, 41, 42], [1.0, 0.8, 2.0], [0.0; 3]).unwrap();
    let image = Image::from_fn(geometry, |[i, j, k]| {
        ((i * 31 + j * 17 + k * 7) % 101) as f32 / 7.0
    });
    let target = [2.5, 1.7, 3.1];
    let reach = anti_alias_reach(geometry.spacing_mm(), target);
    let (start, size) = ([15, 16, 18], [6, 5, 4]);
    let wide_start = std::array::from_fn(|a| start[a] - reach[a]);
    let wide_size = std::array::from_fn(|a| size[a] + 2 * reach[a]);
    let cut = anti_alias(&crop(&image, wide_start, wide_size).unwrap(), target);
    let cut = crop(&cut, reach, size).unwrap();
    let whole = crop(&anti_alias(&image, target), start, size).unwrap();
    assert_eq!(cut.voxels(), whole.voxels());
}
