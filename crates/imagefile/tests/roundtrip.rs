//! What is written is read back: geometry, voxels and the same bytes each time.

#![expect(clippy::unwrap_used, reason = "helpers of tests may unwrap")]

use proptest::prelude::*;
use triher_imagefile::{
    PatientPhases, group_phases, load_phases, load_time_series, read_image, read_image_with,
    read_mask, write_nifti, write_nifti_mask,
};
use triher_volume::{Geometry, Image, Mask};

/// A turn about two axes, mirrored or not, with positive spacings.
fn grids() -> impl Strategy<Value = Geometry> {
    (
        proptest::array::uniform3(1usize..6),
        proptest::array::uniform3(0.2f64..5.0),
        proptest::array::uniform3(-300.0f64..300.0),
        -3.1f64..3.1,
        -3.1f64..3.1,
        any::<bool>(),
    )
        .prop_map(|(size, spacing_mm, origin_mm, a, b, mirrored)| {
            let (sa, ca) = a.sin_cos();
            let (sb, cb) = b.sin_cos();
            let flip = if mirrored { -1.0 } else { 1.0 };
            let directions = [
                [ca, sa, 0.0],
                [-sa * cb, ca * cb, sb],
                [flip * sa * sb, -flip * ca * sb, flip * cb],
            ];
            Geometry::from_parts(size, origin_mm, spacing_mm, directions).unwrap()
        })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn an_image_comes_back_as_it_was(grid in grids(), packed in any::<bool>(), seed in any::<u32>()) {
        let folder = tempfile::tempdir().unwrap();
        let name = if packed { "image.nii.gz" } else { "image.nii" };
        let path = folder.path().join(name);
        let image = Image::from_fn(grid, |[i, j, k]| {
            (seed % 1000) as f32 * 0.37 - (i + 7 * j + 31 * k) as f32
        });
        write_nifti(&path, &image).unwrap();
        let back = read_image_with(&path, &Default::default()).unwrap();
        prop_assert_eq!(back.image.voxels(), image.voxels());
        prop_assert!(back.image.geometry().same_grid(&grid), "{} {}", back.image.geometry(), grid);
        // The qform agrees with the sform.
        prop_assert!(back.warnings.is_empty(), "{:?}", back.warnings);
        let first = std::fs::read(&path).unwrap();
        write_nifti(&path, &image).unwrap();
        prop_assert_eq!(first, std::fs::read(&path).unwrap());
    }

    #[test]
    fn a_mask_comes_back_as_it_was(grid in grids()) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("mask.nii.gz");
        let mask = Mask::from_fn(grid, |[i, j, k]| (i + j + k) % 2 == 0);
        write_nifti_mask(&path, &mask).unwrap();
        let back = read_mask(&path).unwrap();
        prop_assert_eq!(back.voxels(), mask.voxels());
        prop_assert!(back.geometry().same_grid(&grid));
    }
}

#[test]
fn a_gzip_file_carries_no_time_stamp() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("image.nii.gz");
    let grid = Geometry::axis_aligned([2, 2, 2], [1.0; 3], [0.0; 3]).unwrap();
    write_nifti(&path, &Image::filled(grid, 1.0)).unwrap();
    assert_eq!(std::fs::read(&path).unwrap()[4..8], [0; 4]);
}

#[test]
fn an_axis_beyond_the_format_and_a_missing_folder_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let grid = Geometry::axis_aligned([40_000, 1, 1], [1.0; 3], [0.0; 3]).unwrap();
    let image = Image::filled(grid, 0.0);
    let error = write_nifti(&folder.path().join("long.nii"), &image).unwrap_err();
    assert!(error.to_string().contains("at most 32767"), "{error}");
    let grid = Geometry::axis_aligned([1, 1, 1], [1.0; 3], [0.0; 3]).unwrap();
    let error = write_nifti(&folder.path().join("a/b.nii"), &Image::filled(grid, 0.0)).unwrap_err();
    assert!(
        error.to_string().contains("Check that the folder exists"),
        "{error}"
    );
}

/// Writes images of one value each and returns the folder.
fn folder_of(files: &[(&str, f32)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let grid = Geometry::axis_aligned([3, 2, 2], [1.0; 3], [0.0; 3]).unwrap();
    for (name, value) in files {
        let path = folder.path().join(name);
        std::fs::create_dir_all(path.parent().unwrap()).unwrap();
        write_nifti(&path, &Image::filled(grid, *value)).unwrap();
    }
    folder
}

fn files_of(folder: &std::path::Path) -> Vec<std::path::PathBuf> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            files.extend(files_of(&path));
        } else {
            files.push(path);
        }
    }
    files
}

#[test]
fn a_folder_of_mama_mia_gives_patients_in_order_and_sets_masks_and_doubles_aside() {
    let folder = folder_of(&[
        ("DUKE_002_0001.nii.gz", 21.0),
        ("DUKE_002_0000.nii.gz", 20.0),
        ("DUKE_001_0000.nii.gz", 10.0),
        ("DUKE_001_0002.nii.gz", 12.0),
        ("DUKE_001_0002.nii", 12.0),
        ("DUKE_001_mask.nii.gz", 1.0),
        ("DUKE_001_C1-C0.nii.gz", 1.0),
        ("notes.nii.gz", 1.0),
    ]);
    let grouping = group_phases(&files_of(folder.path()), None);
    let patients: Vec<_> = grouping
        .patients
        .iter()
        .map(|p| {
            (
                p.patient.as_str(),
                p.phases.iter().map(|f| f.0).collect::<Vec<_>>(),
            )
        })
        .collect();
    assert_eq!(
        patients,
        [("DUKE_001", vec![0, 2]), ("DUKE_002", vec![0, 1])]
    );
    let aside: Vec<(String, &str)> = grouping
        .set_aside
        .iter()
        .map(|(file, reason)| {
            (
                file.file_name().unwrap().to_string_lossy().into_owned(),
                reason.as_str(),
            )
        })
        .collect();
    for (found, (name, part)) in aside.iter().zip([
        ("DUKE_001_0002.nii.gz", "already found in DUKE_001_0002.nii"),
        ("DUKE_001_C1-C0.nii.gz", "derived"),
        ("DUKE_001_mask.nii.gz", "mask"),
        ("notes.nii.gz", "tells no phase"),
    ]) {
        assert_eq!(found.0, name);
        assert!(found.1.contains(part), "{found:?}");
    }
    assert_eq!(aside.len(), 4);
    let loaded = load_phases(&grouping.patients[0], Some(&[30.0, 150.0])).unwrap();
    assert_eq!(loaded.series.times_s(), Some(vec![0.0, 120.0]));
    assert_eq!(loaded.phase_numbers, [0, 2]);
    assert!(
        loaded.warnings[0].contains("phase 1 is missing"),
        "{:?}",
        loaded.warnings
    );
    assert_eq!(loaded.inputs.len(), 2);
    let error = load_phases(&grouping.patients[1], Some(&[0.0])).unwrap_err();
    assert!(
        error.to_string().contains("2 phases and 1 times"),
        "{error}"
    );
    let error = load_phases(&grouping.patients[1], Some(&[60.0, 0.0])).unwrap_err();
    assert!(error.to_string().contains("do not increase"), "{error}");
}

#[test]
fn folders_name_patients_when_files_do_not() {
    let folder = folder_of(&[
        ("A/dce/pre.nii", 0.0),
        ("A/dce/post1.nii", 1.0),
        ("B/dce/pre.nii", 0.0),
        ("B/dce/post1.nii", 1.0),
        ("C/dce_0.nii", 0.0),
        ("C/dce_1.nii", 1.0),
    ]);
    let grouping = group_phases(&files_of(folder.path()), None);
    let patients: Vec<&str> = grouping
        .patients
        .iter()
        .map(|p| p.patient.as_str())
        .collect();
    assert_eq!(patients, ["C", "A/dce", "B/dce"]);
    assert!(grouping.patients.iter().all(|p| p.phases.len() == 2));
}

#[test]
fn a_series_needs_its_first_phase_and_one_grid() {
    let folder = folder_of(&[("post1.nii", 1.0), ("post2.nii", 2.0)]);
    let grouping = group_phases(&files_of(folder.path()), None);
    let error = load_phases(&grouping.patients[0], None).unwrap_err();
    assert!(
        error.to_string().contains("post1.nii is phase 1"),
        "{error}"
    );
    assert!(
        error
            .to_string()
            .contains("phase 0 (before contrast) is missing"),
        "{error}"
    );

    let grid = Geometry::axis_aligned([3, 2, 2], [1.0; 3], [5.0, 0.0, 0.0]).unwrap();
    write_nifti(&folder.path().join("pre.nii"), &Image::filled(grid, 0.0)).unwrap();
    let grouping = group_phases(&files_of(folder.path()), None);
    let error = load_phases(&grouping.patients[0], None).unwrap_err();
    assert!(error.to_string().contains("do not share a grid"), "{error}");
    assert!(
        error.to_string().contains("pre.nii, post1.nii, post2.nii"),
        "{error}"
    );

    let nobody = PatientPhases {
        patient: "P1".to_owned(),
        centre: None,
        time: None,
        phases: Vec::new(),
    };
    let error = load_phases(&nobody, None).unwrap_err();
    assert!(
        error
            .to_string()
            .contains("patient P1: there is no phase file"),
        "{error}"
    );
}

#[test]
fn a_file_of_four_dimensions_is_a_series_with_the_seconds_of_its_header() {
    let fixture =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/dynamic.nii.gz");
    let loaded = load_time_series(&fixture).unwrap();
    assert_eq!(loaded.series.times_s(), Some(vec![0.0, 90.5, 181.0]));
    let grouping = group_phases(std::slice::from_ref(&fixture), None);
    assert_eq!(grouping.patients[0].patient, "dynamic");
    let times = [0.0, 100.0, 200.0];
    let loaded = load_phases(&grouping.patients[0], Some(&times)).unwrap();
    assert_eq!(loaded.series.times_s(), Some(times.to_vec()));
    let single = fixture.with_file_name("one_volume_4d.nii");
    assert!(read_image(&single).is_ok());
    let error = load_time_series(&single).unwrap_err();
    assert!(error.to_string().contains("at least two phases"), "{error}");
}
