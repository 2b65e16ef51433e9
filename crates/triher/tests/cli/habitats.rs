//! `triher habitats fit`, and that what it fits cannot leak.

use crate::workspace::Workspace;
use std::fmt::Write as _;

const HEADER: &str = "patient_id,images,mask,centre,class,times_s\n";

fn row(number: usize) -> String {
    let class = ["zero", "low", "positive"][number % 3];
    let centre = if number < 6 { "A" } else { "B" };
    format!(
        "p{number},images/p{number},images/p{number}/P_mask.nii.gz,{centre},{class},0;60;120;180;240;300\n"
    )
}

/// Twelve patients of two centres, each with a lesion of its own brightness.
fn cohort(w: &Workspace) {
    let mut table = HEADER.to_owned();
    for number in 0..12 {
        let brightness = 40.0 + 30.0 * (number % 3) as f32 + 5.0 * (number as f32).sin();
        w.nifti_patient(&format!("images/p{number}"), brightness);
        let _ = write!(table, "{}", row(number));
    }
    w.write("patients.csv", table);
    w.write(
        "cohort.toml",
        "name = 'twelve'\npatients = 'patients.csv'\noutput = 'features.parquet'\n\n[features]\nfirst_order = false\n\n\
         [features.habitats]\ncount = 3\nmodel = 'habitats.json'\n",
    );
}

/// The same patients get the same habitats with any number of threads and in any order, and others' images are not even opened.
#[test]
fn habitats_come_from_the_training_patients_alone() {
    let w = Workspace::new();
    cohort(&w);
    let told = w
        .triher("habitats fit cohort.toml --training-centre A")
        .done()
        .stdout();
    assert!(
        told.contains("3 habitats from") && told.contains("of 6 training patients (6 others"),
        "{told}"
    );
    let first = w.read("habitats.json");
    let text = String::from_utf8(first.clone()).unwrap();
    assert!(
        !text.contains("\"p0\"") && !text.contains("P_0000"),
        "no identifiers: {text}"
    );
    assert_eq!(
        w.json("habitats.json")["patients"]
            .as_array()
            .unwrap()
            .len(),
        6
    );

    let mut backwards = HEADER.to_owned();
    (0..12).rev().for_each(|n| backwards.push_str(&row(n)));
    w.write("patients.csv", backwards);
    for number in 6..12 {
        w.write(&format!("images/p{number}/P_0001.nii.gz"), "no image");
    }
    let list: String = (0..6).map(|n| format!("p{n}\n")).collect();
    w.write("training.csv", format!("patient_id\n{list}"));
    w.triher(
        "habitats fit cohort.toml --training-patients training.csv --threads 1 --out again.json",
    )
    .done();
    assert!(first == w.read("again.json"));
    let seed = "habitats fit cohort.toml --training-centre A --voxels 50 --out few.json";
    w.triher(seed).done();
    assert_eq!(w.json("few.json")["model"]["fitted_on"], 300);

    w.triher("habitats fit cohort.toml --training-centre C")
        .fails_saying(&["centre C", "A, B"]);
    w.write("training.csv", "patient_id\np1\nq7\n");
    w.triher("habitats fit cohort.toml --training-patients training.csv")
        .fails_saying(&["q7", "correct the list"]);
    // Whoever fits must say on whom.
    assert_eq!(w.triher("habitats fit cohort.toml").code(), 2);
}

/// Figures are of patients that the habitats have not seen, or there are none.
#[test]
fn patients_of_the_habitats_are_never_tested_on() {
    let w = Workspace::new();
    cohort(&w);
    w.triher("extract cohort.toml")
        .fails_saying(&["habitats.json", "cannot be read"]);
    w.triher("habitats fit cohort.toml --training-centre A")
        .done();
    w.triher("extract cohort.toml").done();
    let dictionary = String::from_utf8(w.read("features.parquet.features.csv")).unwrap();
    let fitted = dictionary.lines().filter(|l| l.contains("6 patients of"));
    assert_eq!(fitted.count(), 3 * 8 + 2, "{dictionary}");
    let manifest = w.json("features.parquet.manifest.json").to_string();
    assert!(
        manifest.contains("habitats fitted on 6 patients of") && manifest.contains("habitats.json")
    );

    let train = "train --features features.parquet --label label --out m.triher --json cv.json --bootstrap 100";
    let told = w.triher(train).done().stderr();
    assert!(
        told.contains("6 patients are in the training rows of every fold"),
        "{told}"
    );
    assert!(told.contains("2 folds instead of 5"), "{told}");
    assert_eq!(w.json("cv.json")["n"], 6);
    w.triher("evaluate m.triher --features features.parquet --label label")
        .fails_saying(&[
            "fitted on 6 of these patients",
            "p0",
            "Leave these patients out",
        ]);

    // Other patients may be evaluated, with these habitats and no others.
    let mut table = HEADER.to_owned();
    (6..12).for_each(|n| table.push_str(&row(n)));
    w.write("b.csv", table);
    let text = |habitats: &str| {
        format!(
            "name = 'b'\npatients = 'b.csv'\noutput = 'b.parquet'\n\n[features]\nfirst_order = false\n\n[features.habitats]\ncount = 3\n{habitats}"
        )
    };
    w.write("b.toml", text("model = 'habitats.json'"));
    w.triher("extract b.toml").done();
    w.triher("evaluate m.triher --features b.parquet --label label --bootstrap 100")
        .done();
    w.write("b.toml", text(""));
    w.triher("extract b.toml").done();
    w.triher("evaluate m.triher --features b.parquet --label label")
        .fails_saying(&["habitats are not those", "[features.habitats]"]);

    // The model brings its habitats with it, and says when the patient is one of theirs.
    std::fs::remove_file(w.path("habitats.json")).unwrap();
    let predict = |n: usize| {
        format!(
            "predict m.triher images/p{n} --mask images/p{n}/P_mask.nii.gz --times 0,60,120,180,240,300 --json p{n}.json"
        )
    };
    w.triher(&predict(1)).done();
    w.triher(&predict(8)).done();
    let warned = |n: usize| {
        w.json(&format!("p{n}.json"))
            .to_string()
            .contains("the prediction flatters")
    };
    assert!(warned(1) && !warned(8));

    // With everybody fitted on, nobody is left to test on.
    w.triher("habitats fit cohort.toml --all-training").done();
    w.triher("extract cohort.toml").done();
    let told = w.triher(train).done().stderr();
    assert!(
        told.contains("no cross-validation: features were fitted on 12 of the patients"),
        "{told}"
    );
}

#[test]
fn habitats_of_other_phases_or_none_at_all_are_refused() {
    let w = Workspace::new();
    cohort(&w);
    w.triher("habitats fit cohort.toml --training-centre A")
        .done();
    let text = String::from_utf8(w.read("cohort.toml")).unwrap();
    w.write(
        "n4.toml",
        text.replace(
            "first_order = false",
            "first_order = false\nbias_field = 'n4'",
        ),
    );
    w.triher("extract n4.toml")
        .fails_saying(&["prepared in another way", "fit the habitats again"]);
    let stored = String::from_utf8(w.read("habitats.json")).unwrap();
    for (from, to) in [
        ("\"format\": 1", "\"format\": 9"),
        ("wash_in_fraction", "wash_in"),
        ("\"order\": [", "\"order\": [5,"),
        ("\"patients\": [", "\"patients\": [], \"them\": ["),
    ] {
        assert!(stored.contains(from));
        w.write("habitats.json", stored.replacen(from, to, 1));
        w.triher("extract cohort.toml")
            .fails_saying(&["habitats.json"]);
    }
}
