//! `triher radiomics` on regions that are hardly any: a value, or a word in `flags` why there is none.

use crate::workspace::Workspace;
use triher_imagefile::{write_nifti, write_nifti_mask};
use triher_volume::{Geometry, Image, Mask};

/// Rows of a table by tag: value and flags.
struct Table(Vec<(String, String, String)>);

impl Table {
    fn row(&self, tag: &str) -> (&str, &str) {
        let found = self.0.iter().find(|r| r.0 == tag);
        let row = found.unwrap_or_else(|| panic!("no {tag}"));
        (&row.1, &row.2)
    }

    fn value(&self, tag: &str) -> f64 {
        let (value, flags) = self.row(tag);
        value.parse().unwrap_or_else(|_| panic!("{tag}: {flags}"))
    }

    /// There is no value, and the flags hold this text.
    fn missing(&self, tag: &str, why: &str) {
        let (value, flags) = self.row(tag);
        assert_eq!(value, "", "{tag}");
        assert!(flags.contains(why), "{tag}: {flags}");
    }
}

/// A grid of whole millimetres.
fn grid(size: [usize; 3]) -> Geometry {
    Geometry::axis_aligned(size, [1.0, 1.0, 2.0], [0.0; 3]).unwrap()
}

fn texture([i, j, k]: [usize; 3]) -> f32 {
    ((i * 31 + j * 17 + k * 7) % 23) as f32 + 1.0
}

/// The table of an image and a region of it, the same with one thread; every feature has a finite value or a word why not.
fn measured(image: &Image, mask: &Mask) -> Table {
    let w = Workspace::new();
    write_nifti(&w.path("i.nii"), image).unwrap();
    write_nifti_mask(&w.path("m.nii"), mask).unwrap();
    let command = "radiomics --profile ibsi --image i.nii --mask m.nii";
    let text = w.triher(command).done().stdout();
    let alone = w.triher(&format!("{command} --threads 1")).done().stdout();
    assert_eq!(text, alone);
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let rows = reader.records().map(|record| {
        let record = record.unwrap();
        let (tag, value, flags) = (&record[0], &record[2], &record[4]);
        match value.parse::<f64>() {
            Ok(value) => assert!(value.is_finite(), "{tag}: {value}"),
            Err(_) => assert!(value.is_empty() && !flags.is_empty(), "{tag}: {value}"),
        }
        (tag.to_owned(), value.to_owned(), flags.to_owned())
    });
    let rows: Vec<_> = rows.collect();
    assert_eq!(rows.len(), 215);
    Table(rows)
}

fn of(size: [usize; 3], inside: impl FnMut([usize; 3]) -> bool) -> Table {
    let grid = grid(size);
    measured(&Image::from_fn(grid, texture), &Mask::from_fn(grid, inside))
}

#[test]
fn a_constant_region_has_the_manuals_values() {
    let grid = grid([9, 8, 7]);
    let ball = Mask::from_fn(grid, |p| p[0] > 1 && p[1] > 1 && p[2] > 1);
    let table = measured(&Image::filled(grid, 7.5), &ball);
    assert_eq!(table.value("stat_mean"), 7.5);
    let (skewness, flags) = table.row("stat_skew");
    assert_eq!(skewness, "0");
    assert!(flags.contains("all intensities are equal"), "{flags}");
    let (area, flags) = table.row("ivh_auc");
    assert_eq!(area, "0");
    assert!(flags.contains("the area is set to 0"), "{flags}");
    assert_eq!(table.value("cm_contrast_3D_comb"), 0.0);
    let (coarseness, flags) = table.row("ngt_coarseness_3D");
    assert_eq!(coarseness, "1000000");
    assert!(flags.contains("one grey level"), "{flags}");
}

#[test]
fn one_voxel_has_no_neighbours_and_no_axes() {
    let table = of([9, 8, 7], |p| p == [4, 4, 3]);
    assert_eq!(table.value("morph_vol_approx"), 2.0);
    assert_eq!(table.value("rlm_r_perc_3D_comb"), 1.0);
    table.missing("cm_contrast_3D_avg", "no two neighbouring voxels");
    table.missing("ngt_contrast_3D", "no two neighbouring voxels");
    table.missing("morph_moran_i", "one voxel has no pairs");
    table.missing("morph_pca_elongation", "no extent");
    table.missing("morph_vol_dens_aee", "lie in one plane, line or point");
}

#[test]
fn a_line_and_one_slice_are_told() {
    let line = of([9, 8, 7], |p| p[1] == 4 && p[2] == 3);
    assert_eq!(line.value("morph_pca_flatness"), 0.0);
    line.missing("morph_area_dens_aee", "lie in one plane, line or point");
    assert!(line.value("morph_volume") > 0.0);
    let slice = of([9, 8, 7], |p| p[2] == 3);
    let (contrast, flags) = slice.row("cm_contrast_3D_comb");
    assert!(contrast.parse::<f64>().unwrap() > 0.0);
    assert!(flags.contains("one slice"), "{flags}");
    // An image of one slice, for features in space.
    let flat = of([9, 8, 1], |p| p[0] > 1);
    let (size, flags) = flat.row("szm_z_perc_3D");
    assert!(size.parse::<f64>().unwrap() > 0.0);
    assert!(flags.contains("one slice"), "{flags}");
    flat.missing("morph_vol_dens_aee", "lie in one plane, line or point");
}

#[test]
fn voxels_without_a_number_belong_to_the_shape_only() {
    let grid = grid([6, 6, 4]);
    let mask = Mask::filled(grid, true);
    let mut image = Image::from_fn(grid, texture);
    let whole = measured(&image, &mask);
    image.voxels_mut()[40] = f32::NAN;
    image.voxels_mut()[50] = f32::INFINITY;
    let holes = measured(&image, &mask);
    assert_eq!(holes.value("morph_vol_approx"), 288.0);
    assert_eq!(holes.value("morph_volume"), whole.value("morph_volume"));
    assert_ne!(holes.value("stat_energy"), whole.value("stat_energy"));
    let w = Workspace::new();
    write_nifti(&w.path("i.nii"), &Image::filled(grid, f32::NAN)).unwrap();
    write_nifti_mask(&w.path("m.nii"), &mask).unwrap();
    w.triher("radiomics --image i.nii --mask m.nii")
        .fails_saying(&["144 voxels"]);
}

#[test]
fn the_images_border_changes_nothing_and_parts_add_up() {
    // The same corner of the same texture, at the border and with one voxel of other tissue beyond it.
    let inside = |p: [usize; 3]| p[0] < 5 && p[1] < 4 && p[2] < 3;
    let at_border = of([9, 8, 7], inside);
    let shifted = grid([10, 9, 8]);
    let back = |p: [usize; 3]| -> Option<[usize; 3]> {
        let moved: Option<Vec<usize>> = p.iter().map(|v| v.checked_sub(1)).collect();
        moved.map(|m| [m[0], m[1], m[2]])
    };
    let image = Image::from_fn(shifted, |p| back(p).map_or(99.0, texture));
    let mask = Mask::from_fn(shifted, |p| back(p).is_some_and(inside));
    let within = measured(&image, &mask);
    for (tag, value, _) in &at_border.0 {
        // Peaks look beyond the region.
        if !tag.starts_with("loc_") && !value.is_empty() {
            let (a, b) = (at_border.value(tag), within.value(tag));
            assert!((a - b).abs() <= 1e-9 * a.abs().max(1.0), "{tag}: {a} {b}");
        }
    }
    let parts = of([9, 8, 7], |p| {
        (p[0] < 2 && p[1] < 2 && p[2] < 2) || (p[0] > 6 && p[1] > 5 && p[2] > 4)
    });
    let one = of([9, 8, 7], |p| p[0] < 2 && p[1] < 2 && p[2] < 2);
    assert_eq!(parts.value("morph_vol_approx"), 32.0);
    let volume = 2.0 * one.value("morph_volume");
    assert!((parts.value("morph_volume") - volume).abs() < 1e-9);
    assert!(parts.value("cm_contrast_3D_comb") > 0.0);
}
