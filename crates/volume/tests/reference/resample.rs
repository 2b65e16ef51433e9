//! Resampling against SimpleITK (`generate.py`), and on its own.

use crate::{Grid, image, range};
use serde::Deserialize;
use triher_volume::{
    Geometry, Image, Interpolation, Mask, VolumeError, reorient, resample_mask_onto, resample_onto,
    resample_to_spacing,
};

#[derive(Deserialize)]
struct Reference {
    source: Grid,
    values: Vec<f32>,
    cases: Vec<Case>,
}

#[derive(Deserialize)]
struct Case {
    name: String,
    interpolation: Interpolation,
    target: Grid,
    expected: Vec<f32>,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("resample.json")).expect("the committed reference reads")
}

/// On an oblique grid and on parallel ones, points outside of the image included.
#[test]
fn agrees_with_simpleitk() {
    let reference = reference();
    let source = image(reference.source.geometry(), &reference.values);
    let tolerance = 2e-6 * range(&reference.values);
    assert_eq!(reference.cases.len(), 9);
    for case in &reference.cases {
        let grid = case.target.geometry();
        let ours = resample_onto(&source, &grid, case.interpolation, -1000.0);
        let differences = ours.voxels().iter().zip(&case.expected);
        let worst = differences.map(|(a, b)| (a - b).abs()).fold(0f32, f32::max);
        println!("{} {}: {worst}", case.name, case.interpolation);
        assert!(
            worst <= tolerance,
            "{} {}: {worst}",
            case.name,
            case.interpolation
        );
        if case.interpolation == Interpolation::Nearest {
            assert_eq!(worst, 0.0);
        }
    }
}

/// The two ways, axis by axis and point by point, give the same: the second is forced by a
/// rotation too small to matter, but too large to count as parallel.
#[test]
fn the_two_ways_agree() {
    let reference = reference();
    let source = image(reference.source.geometry(), &reference.values);
    let tolerance = 2e-3 * range(&reference.values);
    for case in reference.cases.iter().filter(|c| c.name != "oblique") {
        let grid = case.target.geometry();
        let mut affine = *grid.affine();
        affine[(0, 1)] += 1e-5;
        affine[(1, 2)] -= 1e-5;
        let turned = Geometry::new(grid.size(), affine).unwrap();
        let a = resample_onto(&source, &grid, case.interpolation, 0.0);
        let b = resample_onto(&source, &turned, case.interpolation, 0.0);
        for (a, b) in a.voxels().iter().zip(b.voxels()) {
            assert!(
                (a - b).abs() < tolerance,
                "{} {}",
                case.name,
                case.interpolation
            );
        }
    }
}

#[test]
fn the_own_grid_gives_the_same_voxels() {
    let reference = reference();
    let source = image(reference.source.geometry(), &reference.values);
    for interpolation in [Interpolation::Nearest, Interpolation::Linear] {
        let same = resample_onto(&source, source.geometry(), interpolation, 0.0);
        assert_eq!(same.voxels(), source.voxels());
        let turned = reorient(&source, "RSA").unwrap();
        let moved = resample_onto(&source, turned.geometry(), interpolation, 0.0);
        assert_eq!(moved.voxels(), turned.voxels());
    }
    let spline = resample_onto(&source, source.geometry(), Interpolation::CubicBSpline, 0.0);
    for (a, b) in spline.voxels().iter().zip(source.voxels()) {
        assert!((a - b).abs() < 2e-6 * range(&reference.values));
    }
}

#[test]
fn a_mask_moves_as_its_nearest_voxels() {
    let reference = reference();
    let source = image(reference.source.geometry(), &reference.values);
    let mask: Mask = source.map(|&v| v > 450.0);
    for case in &reference.cases {
        let grid = case.target.geometry();
        let image = resample_onto(&source, &grid, Interpolation::Nearest, 0.0);
        let moved = resample_mask_onto(&mask, &grid);
        assert_eq!(moved.voxels(), image.map(|&v| v > 450.0).voxels());
    }
}

#[test]
fn another_spacing_covers_the_same_extent() {
    let geometry = Geometry::axis_aligned([10, 7, 1], [1.0, 2.0, 5.0], [3.0, 4.0, 5.0]).unwrap();
    let ramp = Image::from_fn(geometry, |[i, j, _]| (i + 10 * j) as f32);
    let finer = resample_to_spacing(&ramp, [0.5, 1.0, 2.5], Interpolation::Linear).unwrap();
    assert_eq!(finer.geometry().size(), [20, 14, 2]);
    assert_eq!(finer.geometry().origin_mm(), [2.75, 3.5, 3.75]);
    // Inside of the outermost centres a ramp is reproduced; index 3 lies at 2.75 + 1.5 = 4.25 mm, which is i = 1.25.
    assert!((finer.get([3, 3, 0]).unwrap() - (1.25 + 12.5)).abs() < 1e-5);
    let coarser = resample_to_spacing(&ramp, [100.0; 3], Interpolation::Linear).unwrap();
    assert_eq!(coarser.geometry().size(), [1, 1, 1]);
    assert_eq!(coarser.voxels(), [34.5]);
    for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
        let error = resample_to_spacing(&ramp, [1.0, bad, 1.0], Interpolation::Linear).unwrap_err();
        assert!(matches!(error, VolumeError::BadSpacing { .. }));
    }
    for fine in [1e-300, 1e-4] {
        let error = resample_to_spacing(&ramp, [fine; 3], Interpolation::Linear).unwrap_err();
        assert!(matches!(error, VolumeError::TooFine { .. }), "{error}");
    }
}

/// A NaN reaches only the points between it and its neighbours.
#[test]
fn a_nan_does_not_spread_over_voxels_beside_it() {
    let geometry = Geometry::axis_aligned([5, 5, 5], [1.0; 3], [0.0; 3]).unwrap();
    let mut holed = Image::filled(geometry, 2.0);
    holed.voxels_mut()[2 + 5 * (2 + 5 * 2)] = f32::NAN;
    let finer = Geometry::axis_aligned([9, 9, 9], [0.5; 3], [0.0; 3]).unwrap();
    let sampled = resample_onto(&holed, &finer, Interpolation::Linear, 0.0);
    for (offset, value) in sampled.voxels().iter().enumerate() {
        let near = finer.index_at(offset).iter().all(|&i| (3..=5).contains(&i));
        assert_eq!(value.is_nan(), near, "{offset}");
    }
    let spline = resample_onto(&holed, &finer, Interpolation::CubicBSpline, 0.0);
    assert!(spline.voxels().iter().all(|v| v.is_nan()));
}

#[test]
fn threads_do_not_matter() {
    let geometry = Geometry::axis_aligned([40, 30, 20], [1.0, 1.1, 2.0], [0.0; 3]).unwrap();
    let source = Image::from_fn(geometry, |[i, j, k]| {
        ((i * 31 + j * 17 + k * 7) % 101) as f32 / 7.0
    });
    let targets = [
        Geometry::axis_aligned([33, 33, 33], [0.9; 3], [1.0; 3]).unwrap(),
        Geometry::from_parts(
            [20, 30, 25],
            [5.0, 1.0, 2.0],
            [1.3, 0.9, 1.1],
            [[0.8, 0.6, 0.0], [-0.6, 0.8, 0.0], [0.0, 0.0, 1.0]],
        )
        .unwrap(),
    ];
    let with_threads = |threads: usize| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| {
            targets
                .map(|t| resample_onto(&source, &t, Interpolation::CubicBSpline, 0.0).into_voxels())
        })
    };
    let bits = |v: &Vec<f32>| v.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
    let (one, three) = (with_threads(1), with_threads(3));
    assert_eq!(bits(&one[0]), bits(&three[0]));
    assert_eq!(bits(&one[1]), bits(&three[1]));
}
