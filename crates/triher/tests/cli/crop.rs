//! `triher crop`.

use crate::workspace::{Workspace, grid, reference};
use triher_imagefile::{read_image, read_mask, write_nifti_mask};
use triher_volume::Mask;

#[test]
fn every_profile_gives_a_cube_of_48() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    for profile in ["fm-bcmri", "bl4as", "isotropic"] {
        w.triher(&format!(
            "crop --profile {profile} --image p/P_0001.nii.gz --mask p/P_mask.nii.gz --out-image i.nii.gz --out-mask m.nii.gz"
        ))
        .done();
        let image = read_image(&w.path("i.nii.gz")).unwrap();
        let mask = read_mask(&w.path("m.nii.gz")).unwrap();
        assert_eq!(image.geometry().size(), [48; 3]);
        image.check_same_grid("image", &mask, "mask").unwrap();
        assert!(mask.count() > 0);
    }
}

#[test]
fn the_published_masks_come_out_voxel_for_voxel() {
    for patient in ["P1", "P2", "P3"] {
        let Some(folder) = reference(&format!("bl4as/{patient}")) else {
            return;
        };
        let w = Workspace::new();
        let full = folder.join("lesion_mask_full.nii.gz");
        let full = full.to_str().unwrap();
        w.triher_words(&[
            "crop",
            "--profile",
            "bl4as",
            "--image",
            full,
            "--mask",
            full,
            "--out-image",
            "i.nii.gz",
            "--out-mask",
            "m.nii.gz",
        ])
        .done();
        let ours = read_mask(&w.path("m.nii.gz")).unwrap();
        let published = read_mask(&folder.join("roi48_mask.nii.gz")).unwrap();
        assert_eq!(ours.voxels(), published.voxels(), "{patient}");
    }
}

#[test]
fn a_mask_on_another_grid_is_an_error_that_prints_both() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    let other = inner_grid();
    write_nifti_mask(&w.path("other.nii.gz"), &Mask::filled(other, true)).unwrap();
    let crop = "crop --profile bl4as --image p/P_0001.nii.gz --mask other.nii.gz --out-image i.nii --out-mask m.nii";
    w.triher(crop).fails_saying(&[
        "do not share a grid",
        "24 x 20 x 12",
        "10 x 10 x 10",
        "resampled",
    ]);
    w.triher(&format!("{crop} --resample-mask")).done();
}

/// A grid inside of the images', with other voxels.
fn inner_grid() -> triher_volume::Geometry {
    let middle = grid().index_to_world([12.0, 10.0, 6.0]);
    let origin = [middle[0] - 4.5, middle[1] - 4.5, middle[2] - 4.5];
    triher_volume::Geometry::axis_aligned([10; 3], [1.0; 3], origin).unwrap()
}
