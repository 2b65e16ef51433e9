//! `triher scan`.

use crate::workspace::Workspace;

#[test]
fn a_folder_of_nifti_phases() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    let run = w.triher("scan p").done();
    insta::assert_snapshot!(run.stdout());
    let json: serde_json::Value =
        serde_json::from_str(&w.triher("scan p --json").done().stdout()).unwrap();
    let study = &json["patients"][0]["studies"][0];
    assert_eq!(study["phases"].as_array().unwrap().len(), 6);
    assert_eq!(study["phases"][5]["index"], 5);
    assert_eq!(study["set_aside"][0]["series"], "P_mask.nii.gz");
}

#[test]
fn simulated_dicom_of_every_layout() {
    let w = Workspace::new();
    w.triher("simulate --out s --patients 1 --seed 5").done();
    for patient in std::fs::read_dir(w.path("s/images")).unwrap() {
        let centre = patient.unwrap().path();
        let json = w
            .triher_words(&["scan", centre.to_str().unwrap(), "--json"])
            .done()
            .stdout();
        let json: serde_json::Value = serde_json::from_str(&json).unwrap();
        let phases = json["patients"][0]["studies"][0]["phases"]
            .as_array()
            .unwrap()
            .clone();
        assert!(phases.len() >= 4, "{json}");
        let seconds: Vec<f64> = phases
            .iter()
            .map(|p| p["seconds"].as_f64().unwrap())
            .collect();
        assert_eq!(seconds[0], 0.0);
        assert!(seconds.windows(2).all(|w| w[1] > w[0]), "{seconds:?}");
    }
}

#[test]
fn nothing_usable_says_so() {
    let w = Workspace::new();
    w.write("d/readme.txt", "no image");
    w.triher("scan d").fails_saying(&["No images were found"]);
}
