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

#[test]
fn the_sequence_of_the_images_tells_how_signal_becomes_concentration() {
    let w = Workspace::new();
    w.triher("simulate --out s --patients 1 --seed 5").done();
    let tissue = "--t10-ms 1400 --relaxivity 4.5";
    // Every centre of the simulator writes DICOM of another layout, with its own repetition time and flip angle.
    for (centre, name, tr_ms, flip_deg) in [
        ("alpha", "SIM-ALPHA-001", 4.6, 10),
        ("beta", "SIM-BETA-001", 5.6, 14),
        ("gamma", "SIM-GAMMA-001", 5.0, 12),
    ] {
        let line = format!("maps s/images/{centre}/{name} --mask s/masks/{name}.dcm --model tofts");
        let map = |more: &str| -> (Vec<u8>, String) {
            let run = w.triher(&format!("{line} --out a {more}")).done();
            (w.read("a/ktrans_per_min.nii.gz"), run.stderr())
        };
        let (read, said) = map(tissue);
        assert!(!said.contains("the images say"), "{said}");
        let (given, _) = map(&format!("{tissue} --tr-ms {tr_ms} --flip-deg {flip_deg}"));
        assert!(read == given, "{centre}: the same numbers read and given");
        let (other, said) = map(&format!("{tissue} --tr-ms 9"));
        assert!(other != read);
        assert!(said.contains(&format!("the images say {tr_ms}")), "{said}");
        assert!(map("").0 != read, "relative enhancement is another scale");
    }

    w.nifti_patient("p", 60.0);
    let files = "maps p --mask p/P_mask.nii.gz --times 0,60,120,180,240,300 --model tofts --out e";
    w.triher(&format!("{files} {tissue}"))
        .fails_saying(&["repetition time", "tr_ms"]);
    w.triher(&format!("{files} {tissue} --tr-ms 5 --flip-deg 12"))
        .done();
}
