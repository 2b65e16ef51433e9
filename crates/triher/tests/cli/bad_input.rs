//! Bad input: a sentence that names the file and the remedy, exit code 1, never a panic.

use crate::tables::table;
use crate::workspace::{Workspace, grid};
use triher_imagefile::{read_image, write_nifti, write_nifti_mask};
use triher_volume::Mask;

const CROP: &str = "crop --profile bl4as --image p/P_0001.nii.gz --mask mask.nii.gz --out-image i.nii --out-mask m.nii";

#[test]
fn an_empty_mask() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    write_nifti_mask(&w.path("mask.nii.gz"), &Mask::filled(grid(), false)).unwrap();
    w.triher(CROP).fails_saying(&["mask", "empty"]);
}

#[test]
fn a_lesion_of_one_voxel() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    let mask = Mask::from_fn(grid(), |index| index == [12, 10, 6]);
    write_nifti_mask(&w.path("mask.nii.gz"), &mask).unwrap();
    w.triher(CROP).done();
    w.write("c.csv", "patient_id,images,mask\np,p,mask.nii.gz\n");
    w.write(
        "c.toml",
        "name = 'one'\npatients = 'c.csv'\noutput = 'f.csv'\n",
    );
    w.triher("extract c.toml").done();
}

#[test]
fn voxels_that_are_not_numbers() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    let path = w.path("p/P_0002.nii.gz");
    let mut image = read_image(&path).unwrap();
    let offset = grid().offset([12, 10, 6]).unwrap();
    image.voxels_mut()[offset] = f32::NAN;
    write_nifti(&path, &image).unwrap();
    w.write("c.csv", "patient_id,images,mask\np,p,p/P_mask.nii.gz\n");
    w.write(
        "c.toml",
        "name = 'nan'\npatients = 'c.csv'\noutput = 'f.csv'\n",
    );
    w.triher("extract c.toml").done();
    let manifest = String::from_utf8(w.read("f.csv.manifest.json")).unwrap();
    assert!(
        manifest.contains("P_0002.nii.gz") && manifest.contains("no finite numbers"),
        "{manifest}"
    );
    let table = String::from_utf8(w.read("f.csv")).unwrap();
    assert!(!table.contains("inf"), "{table}");
}

#[test]
fn a_file_that_declares_more_than_it_holds() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    let plain = read_image(&w.path("p/P_0001.nii.gz")).unwrap();
    write_nifti(&w.path("short.nii"), &plain).unwrap();
    let mut bytes = w.read("short.nii");
    // 32,767 voxels along each axis.
    for axis in 0..3 {
        bytes[42 + 2 * axis..44 + 2 * axis].copy_from_slice(&i16::MAX.to_le_bytes());
    }
    w.write("short.nii", bytes);
    w.triher("crop --profile bl4as --image short.nii --mask p/P_mask.nii.gz --out-image i.nii --out-mask m.nii")
        .fails_saying(&["short.nii"]);
}

#[test]
fn a_truncated_image() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    let bytes = w.read("p/P_0001.nii.gz");
    w.write("p/P_0001.nii.gz", &bytes[..bytes.len() - 100]);
    w.triher("crop --profile bl4as --image p/P_0001.nii.gz --mask p/P_mask.nii.gz --out-image i.nii --out-mask m.nii")
        .fails_saying(&["P_0001.nii.gz", "copy"]);
}

#[test]
fn no_phase_before_contrast_and_one_phase_only() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    w.write("c.csv", "patient_id,images,mask\np,p,p/P_mask.nii.gz\n");
    w.write(
        "c.toml",
        "name = 'c'\npatients = 'c.csv'\noutput = 'f.csv'\n",
    );
    std::fs::remove_file(w.path("p/P_0000.nii.gz")).unwrap();
    w.triher("extract c.toml")
        .fails_saying(&["patient p", "before contrast"]);
    for phase in 1..6 {
        std::fs::remove_file(w.path(&format!("p/P_{phase:04}.nii.gz"))).unwrap();
    }
    w.nifti_patient("q", 80.0);
    std::fs::copy(w.path("q/P_0000.nii.gz"), w.path("p/P_0000.nii.gz")).unwrap();
    w.triher("extract c.toml")
        .fails_saying(&["patient p", "one"]);
    w.triher("scan p").fails_saying(&["one phase only"]);
}

#[test]
fn a_mask_outside_of_the_image() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    let far = triher_volume::Geometry::axis_aligned([8; 3], [1.0; 3], [500.0; 3]).unwrap();
    write_nifti_mask(&w.path("mask.nii.gz"), &Mask::filled(far, true)).unwrap();
    w.triher(CROP).fails_saying(&["do not share a grid"]);
    w.triher(&format!("{CROP} --resample-mask"))
        .fails_saying(&["empty"]);
}

#[test]
fn a_class_with_one_patient_and_a_centre_with_one() {
    let w = Workspace::new();
    let mut text = table(30, 1);
    text.push_str("lone,C,other,1,2,3,4\n");
    w.write("train.csv", text);
    let run = w
        .triher("train --features train.csv --id case --label her2 --centre hospital --method logistic --penalty l2 --c 1.0 --standardize true --out m.triher")
        .done();
    assert!(
        run.stderr().contains("other has 1 patient"),
        "{}",
        run.stderr()
    );
    w.write("test.csv", table(30, 2) + "lone,C,low,1,2,3,4\n");
    w.triher("evaluate m.triher --features test.csv --id case --label her2 --centre hospital --json e.json --html e.html").done();
}

#[test]
fn a_single_class_and_a_class_that_the_model_does_not_know() {
    let w = Workspace::new();
    w.write("one.csv", "patient_id,class,x\na,low,1\nb,low,2\nc,low,3\n");
    w.triher("train --features one.csv")
        .fails_saying(&["class"]);
    w.write(
        "two.csv",
        "patient_id,class,x\na,low,1\nb,zero,2\nc,low,3\nd,zero,1\n",
    );
    w.triher("train --features two.csv --out m.triher").done();
    w.write("three.csv", "patient_id,class,x\na,low,1\nb,positive,2\n");
    w.triher("evaluate m.triher --features three.csv")
        .fails_saying(&["positive", "zero, low"]);
}

#[test]
fn a_table_without_the_models_features() {
    let w = Workspace::new();
    w.write("train.csv", table(30, 1));
    w.triher("train --features train.csv --id case --label her2 --ignore hospital --out m.triher")
        .done();
    w.write(
        "test.csv",
        "case,her2,a\nr0,zero,1\nr1,low,2\nr2,positive,0\n",
    );
    w.triher("evaluate m.triher --features test.csv --id case --label her2")
        .fails_saying(&["b"]);
}

#[test]
fn a_damaged_model_and_one_of_the_future() {
    let w = Workspace::new();
    w.write("train.csv", table(30, 1));
    w.triher("train --features train.csv --id case --label her2 --ignore hospital --out m.triher")
        .done();
    let mut bytes = w.read("m.triher");
    let last = bytes.len() - 10;
    bytes[last] ^= 1;
    w.write("bad.triher", bytes);
    w.triher("model bad.triher").fails_saying(&["bad.triher"]);
    let future = String::from_utf8(w.read("m.triher")).unwrap().replacen(
        "TRIHER-MODEL 1",
        "TRIHER-MODEL 99",
        1,
    );
    w.write("future.triher", future);
    w.triher("model future.triher").fails_saying(&["99"]);
}

#[test]
fn a_model_of_a_foreign_table_cannot_predict_images() {
    let w = Workspace::new();
    w.write("train.csv", table(30, 1));
    w.triher("train --features train.csv --id case --label her2 --ignore hospital --out m.triher")
        .done();
    w.nifti_patient("p", 80.0);
    w.triher("predict m.triher p --seed 12,10,6")
        .fails_saying(&["m.triher", "triher extract"]);
}

#[test]
fn weights_that_run_code_are_refused_and_nothing_runs() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    // A pickle that calls os.system, inside the zip that torch.save writes.
    let pickle = b"\x80\x02cposix\nsystem\nX\x0e\x00\x00\x00touch hacked.ok\x85R.".to_vec();
    let pickle = [&pickle[..17], b"X\x0f\x00\x00\x00touch hacked.ok\x85R."].concat();
    let mut zip = zip::ZipWriter::new(std::io::Cursor::new(Vec::new()));
    zip.start_file("archive/data.pkl", zip::write::SimpleFileOptions::default())
        .unwrap();
    std::io::Write::write_all(&mut zip, &pickle).unwrap();
    w.write("evil.pth.tar", zip.finish().unwrap().into_inner());
    w.triher("embed --weights evil.pth.tar --profile bl4as --image p/P_0001.nii.gz --mask p/P_mask.nii.gz --out e.csv")
        .fails_saying(&["evil.pth.tar", "system"]);
    assert!(!w.path("hacked.ok").exists());
}

#[test]
fn wrong_usage_ends_with_two() {
    let w = Workspace::new();
    assert_eq!(w.triher("scan").code(), 2);
    assert_eq!(w.triher("nonsense").code(), 2);
    w.triher("scan nowhere").fails_saying(&["nowhere"]);
    w.triher("predict m.triher p")
        .fails_saying(&["--mask", "--seed"]);
}
