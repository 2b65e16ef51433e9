//! `triher maps`: voxel maps, and their pictures over every phase.

use crate::workspace::Workspace;

#[test]
fn maps_are_written_and_drawn_over_the_phases() {
    let w = Workspace::new();
    w.nifti_patient("p", 60.0);
    let line = "maps p --mask p/P_mask.nii.gz --times 0,60,120,180,240,300 --out m";
    w.triher(line).done();
    let drawn = |folder: &str| -> Vec<String> {
        let files = std::fs::read_dir(w.path(folder)).unwrap();
        let names = files.map(|f| f.unwrap().file_name().into_string().unwrap());
        let mut names: Vec<String> = names.filter(|n| n.ends_with(".png")).collect();
        names.sort();
        names
    };
    assert!(drawn("m").is_empty());
    assert!(w.path("m/pe_1.nii.gz").exists());

    w.triher(&format!(
        "{} --pictures --model tofts",
        line.replace("--out m", "--out n")
    ))
    .done();
    let names = drawn("n");
    for name in ["over_pe_1.png", "over_pe_5.png", "over_ktrans_per_min.png"] {
        assert!(names.iter().any(|n| n == name), "{name}: {names:?}");
    }
    let first = w.read("n/over_pe_1.png");
    w.triher(&format!("{line} --overlay n/pe_1.nii.gz").replace("--out m", "--out o"))
        .done();
    assert_eq!(drawn("o"), ["over_pe_1.png"]);
    assert_eq!(w.read("o/over_pe_1.png"), first, "the same map from a file");
    let run = w.triher("maps p --pictures --out x");
    assert!(
        run.code() == 2 && run.stderr().contains("--mask"),
        "{}",
        run.stderr()
    );
}
