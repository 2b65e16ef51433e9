//! Geometry and moves of voxels, for random grids.

use nalgebra::{Matrix4, Rotation3, Vector3};
use proptest::prelude::*;
use triher_volume::{Geometry, Volume, VolumeError, crop, place_on_lattice, reorient};

/// Oblique, flipped and permuted grids of a few voxels.
fn geometries() -> impl Strategy<Value = Geometry> {
    let parts = (
        prop::array::uniform3(1usize..6),
        prop::array::uniform3(0.2f64..6.0),
        prop::array::uniform3(-400f64..400.0),
        prop::array::uniform3(-3.1f64..3.1),
        prop::bool::ANY,
    );
    parts.prop_map(|(size, spacing, origin, angles, mirrored)| {
        let turn = Rotation3::from_euler_angles(angles[0], angles[1], angles[2]);
        let directions = std::array::from_fn(|a| {
            let mut unit = Vector3::zeros();
            unit[a] = if mirrored && a == 2 { -1.0 } else { 1.0 };
            (turn * unit).into()
        });
        Geometry::from_parts(size, origin, spacing, directions).expect("a turned grid is one")
    })
}

fn orientations() -> impl Strategy<Value = String> {
    let order = Just(vec![['L', 'R'], ['P', 'A'], ['S', 'I']]).prop_shuffle();
    (order, prop::array::uniform3(0usize..2))
        .prop_map(|(axes, ends)| (0..3).map(|a| axes[a][ends[a]]).collect())
}

/// A volume whose voxels tell where they were made.
fn places(geometry: Geometry) -> Volume<[f64; 3]> {
    Volume::from_fn(geometry, |index| {
        geometry.index_to_world(index.map(|i| i as f64))
    })
}

fn all_in_place(volume: &Volume<[f64; 3]>) -> bool {
    volume.voxels().iter().enumerate().all(|(offset, made)| {
        let geometry = volume.geometry();
        let now = geometry.index_to_world(geometry.index_at(offset).map(|i| i as f64));
        (0..3).all(|a| (now[a] - made[a]).abs() < 1e-8)
    })
}

proptest! {
    #[test]
    fn index_and_world_are_inverse(g in geometries(), p in prop::array::uniform3(-50f64..50.0)) {
        let back = g.world_to_index(g.index_to_world(p));
        for a in 0..3 {
            prop_assert!((back[a] - p[a]).abs() < 1e-8);
        }
    }

    #[test]
    fn offsets_and_indices_are_inverse(g in geometries()) {
        for offset in 0..g.len() {
            prop_assert_eq!(g.offset(g.index_at(offset)), Some(offset));
        }
        prop_assert_eq!(g.offset(g.size()), None);
    }

    #[test]
    fn spacing_and_directions_make_the_affine(g in geometries()) {
        let again = Geometry::from_parts(g.size(), g.origin_mm(), g.spacing_mm(), g.directions()).unwrap();
        prop_assert!(g.same_grid(&again));
        let [x, y, z] = g.spacing_mm();
        prop_assert!((g.voxel_volume_mm3() - x * y * z).abs() < 1e-9 * x * y * z);
    }

    #[test]
    fn a_tenth_of_a_voxel_is_another_grid(g in geometries(), axis in 0usize..3) {
        let shift = |by: f64| {
            let mut to = Matrix4::identity();
            to[(axis, 3)] = by * g.spacing_mm().into_iter().fold(f64::INFINITY, f64::min) / g.spacing_mm()[axis];
            Geometry::new(g.size(), g.affine() * to).unwrap()
        };
        prop_assert!(g.same_grid(&shift(0.005)));
        prop_assert!(!g.same_grid(&shift(0.1)));
    }

    #[test]
    fn reorienting_moves_no_voxel(g in geometries(), code in orientations()) {
        let volume = places(g);
        let turned = reorient(&volume, &code).unwrap();
        prop_assert_eq!(turned.geometry().orientation(), code);
        prop_assert_eq!(turned.geometry().len(), g.len());
        prop_assert!(all_in_place(&turned));
        let back = reorient(&turned, &g.orientation()).unwrap();
        prop_assert_eq!(back.voxels(), volume.voxels());
        prop_assert!(back.geometry().same_grid(&g));
    }

    #[test]
    fn cropping_moves_no_voxel(g in geometries(), a in prop::array::uniform3(0usize..6), b in prop::array::uniform3(0usize..6)) {
        match crop(&places(g), a, b) {
            Ok(cut) => {
                prop_assert_eq!(cut.geometry().size(), b);
                prop_assert!(all_in_place(&cut));
            }
            Err(error) => {
                prop_assert!((0..3).any(|x| b[x] == 0 || a[x] + b[x] > g.size()[x]), "{}", error);
            }
        }
    }

    #[test]
    fn a_part_turned_returns_to_its_place(g in geometries(), code in orientations(), seed in 0usize..1000) {
        let volume = Volume::from_fn(g, |[i, j, k]| 1 + i + 10 * (j + 10 * k));
        let start = g.size().map(|n| seed % n);
        let size = std::array::from_fn(|a| 1 + seed / 7 % (g.size()[a] - start[a]));
        let part = reorient(&crop(&volume, start, size).unwrap(), &code).unwrap();
        let placed = place_on_lattice(&part, &g).unwrap();
        prop_assert!(placed.geometry().same_grid(&g));
        for (offset, value) in placed.voxels().iter().enumerate() {
            let index = g.index_at(offset);
            let inside = (0..3).all(|a| (start[a]..start[a] + size[a]).contains(&index[a]));
            prop_assert_eq!(*value, if inside { volume.voxels()[offset] } else { 0 });
        }
    }

    #[test]
    fn another_lattice_is_refused(g in geometries(), axis in 0usize..3, by in 0.05f64..0.95) {
        let mut to = Matrix4::identity();
        to[(axis, 3)] = by;
        let shifted = Geometry::new(g.size(), g.affine() * to).unwrap();
        prop_assert!(place_on_lattice(&places(g), &shifted).is_none());
        let mut to = Matrix4::identity();
        to[(axis, axis)] = 2.0;
        let wider = Geometry::new([4, 4, 4], g.affine() * to).unwrap();
        prop_assert!(place_on_lattice(&places(g), &wider).is_none());
    }

    #[test]
    fn no_numbers_make_it_panic(size in prop::array::uniform3(prop::num::usize::ANY), values in prop::collection::vec(prop::num::f64::ANY, 12)) {
        let affine = Matrix4::from_fn(|r, c| if r < 3 { values[4 * r + c] } else { f64::from(u8::from(c == 3)) });
        for size in [size, [2, 3, 4]] {
            if let Ok(g) = Geometry::new(size, affine) {
                let _ = (g.to_string(), g.orientation(), g.same_grid(&g));
                let _ = g.nearest_voxel(g.world_to_index([1.0, 2.0, 3.0]));
            }
        }
    }
}

#[test]
fn orientation_codes() {
    let directions = |a: [f64; 3], b: [f64; 3], c: [f64; 3]| {
        Geometry::from_parts([2, 2, 2], [0.0; 3], [1.0; 3], [a, b, c])
            .unwrap()
            .orientation()
    };
    let (x, y, z) = ([1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]);
    let minus = |v: [f64; 3]| v.map(|c| -c);
    assert_eq!(directions(x, y, z), "LPS");
    assert_eq!(directions(minus(x), minus(y), z), "RAS");
    assert_eq!(directions(y, minus(z), minus(x)), "PIR");
    assert_eq!(directions(x, minus(z), y), "LIP");
}

#[test]
fn what_is_no_orientation() {
    let geometry = Geometry::axis_aligned([2, 2, 2], [1.0; 3], [0.0; 3]).unwrap();
    let volume = Volume::filled(geometry, 0u8);
    for code in ["", "LP", "LPSS", "LPL", "LRS", "XYZ", "LPŠ", "ßPS"] {
        let error = reorient(&volume, code).unwrap_err();
        assert!(
            matches!(error, VolumeError::BadOrientation { .. }),
            "{code}"
        );
        assert!(error.to_string().contains("LPS"));
    }
    assert_eq!(reorient(&volume, "lps").unwrap().voxels(), volume.voxels());
}

#[test]
fn what_is_no_grid() {
    let ok = Matrix4::identity();
    for size in [[0, 1, 1], [usize::MAX, 2, 2], [1 << 20, 1 << 20, 2]] {
        assert!(matches!(
            Geometry::new(size, ok),
            Err(VolumeError::BadSize { .. })
        ));
    }
    let mut singular = ok;
    singular[(2, 2)] = 0.0;
    let mut flat = ok;
    flat.set_column(1, &ok.column(0).into_owned());
    let mut infinite = ok;
    infinite[(0, 3)] = f64::INFINITY;
    let mut projective = ok;
    projective[(3, 0)] = 0.5;
    for affine in [singular, flat, infinite, projective, ok * f64::NAN] {
        assert!(matches!(
            Geometry::new([2, 2, 2], affine),
            Err(VolumeError::BadAffine { .. })
        ));
    }
}

#[test]
fn the_mismatch_names_both_grids_and_the_remedy() {
    let geometry =
        |x: f64| Geometry::axis_aligned([4, 4, 2], [1.0, 1.0, 3.0], [x, 0.0, 0.0]).unwrap();
    let (image, mask) = (
        Volume::filled(geometry(0.0), 0f32),
        Volume::filled(geometry(9.0), false),
    );
    let error = image.check_same_grid("image", &mask, "mask").unwrap_err();
    assert_eq!(
        error.to_string(),
        "image and mask do not share a grid.\n  image: 4 x 4 x 2 voxels of 1.0000 x 1.0000 x 3.0000 mm, axes to LPS, first voxel at (0.00, 0.00, 0.00) mm LPS\n  \
         mask: 4 x 4 x 2 voxels of 1.0000 x 1.0000 x 3.0000 mm, axes to LPS, first voxel at (9.00, 0.00, 0.00) mm LPS\n\
         Give a mask drawn on this image, or ask for it to be resampled onto it."
    );
}
