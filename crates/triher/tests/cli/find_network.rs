//! `triher find --network`: a segmentation network in place of the built-in search.

use crate::workspace::Workspace;
use triher_imagefile::read_mask;

/// A patient, the network whose answer is known (`crates/onnx/tests/parity/make_threshold.py`), and its card.
fn patient() -> Workspace {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    let model =
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../onnx/tests/parity/bright3d.onnx");
    w.write("bright.onnx", std::fs::read(model).unwrap());
    w
}

fn card(w: &Workspace, channel: &str, more: &str) {
    let text = format!(
        "file = \"bright.onnx\"\nname = \"Bright\"\n[input]\nchannels = [\"{channel}\"]\nwindow = [16, 32, 32]\n{more}"
    );
    w.write("card.toml", text);
}

#[test]
fn a_network_finds_the_lesion_that_enhances() {
    let w = patient();
    let line = "find p --network card.toml --mask found.nii.gz --json found.json";
    let drawn = read_mask(&w.path("p/P_mask.nii.gz")).unwrap();
    let mut masks = Vec::new();
    for more in [
        "",
        "[windows]\noverlap = 0.25\nflips = \"zyx\"\n[output]\nthreshold = 0.5",
        "spacing_mm = [1.5, 1.5, 1.5]",
    ] {
        card(&w, "C1-C0", more);
        w.triher(line).done();
        let found = read_mask(&w.path("found.nii.gz")).unwrap();
        let both = found.voxels().iter().zip(drawn.voxels());
        let common = both.filter(|(a, b)| **a && **b).count() as f64;
        let dice = 2.0 * common / (found.count() + drawn.count()) as f64;
        println!("{more}: {dice:.3}");
        assert!(dice > 0.7, "{more}: {dice}");
        let json = w.json("found.json");
        assert_eq!(json[0]["rank"], 1);
        assert!(json[0]["confidence"].as_f64().unwrap() > 0.5);
        masks.push(w.read("found.nii.gz"));
    }
    // A network without memory of its window sees the same with flips and another overlap.
    assert!(masks[0] == masks[1]);
    card(&w, "C1-C0", "");
    w.triher(&format!("{line} --threads 1")).done();
    assert!(masks[0] == w.read("found.nii.gz"));
}

#[test]
fn what_does_not_fit_is_named() {
    let w = patient();
    let line = "find p --network card.toml --mask found.nii.gz";
    card(&w, "C9-C0", "");
    w.triher(line).fails_saying(&["C9"]);
    card(&w, "first", "");
    w.triher(line).fails_saying(&["first"]);
    card(&w, "C1", "[windows]\noverlap = 1.0");
    w.triher(line).fails_saying(&["card.toml", "overlap"]);
    w.write(
        "card.toml",
        "file = \"bright.onnx\"\nname = \"Bright\"\n[input]\nchannels = [\"C0\", \"C1\"]\nwindow = [16, 32, 32]\n",
    );
    w.triher(line).fails_saying(&["bright.onnx"]);
    w.write(
        "card.toml",
        "file = \"bright.onnx\"\nsha256 = \"00\"\nname = \"Bright\"\n[input]\nchannels = [\"C1\"]\nwindow = [16, 32, 32]\n",
    );
    w.triher(line).fails_saying(&["bright.onnx", "00"]);
}
