//! `triher attribute`, and its maps in the patient's report; the methods themselves are tested in `triher-attribution`.

use crate::embed::weights;
use crate::workspace::{Run, Workspace};
use std::path::Path;
use triher_volume::Image;

/// Simulated patients with embeddings by a small network, a logistic model and a forest.
pub(crate) struct Cohort {
    pub(crate) w: Workspace,
    pub(crate) images: String,
    pub(crate) mask: String,
}

impl Cohort {
    pub(crate) fn new() -> Self {
        let w = Workspace::new();
        w.triher("simulate --out s --patients 6 --seed 5 --format nifti")
            .done();
        w.triher("label s/clinical.csv --columns s/columns.toml --out s/labels.csv")
            .done();
        w.write("s/small.safetensors", weights(""));
        let mut study = "name = 'p'\noutput = 'out'\n".to_owned();
        for centre in ["alpha", "beta", "gamma"] {
            let file = format!("s/{centre}.toml");
            let text = String::from_utf8(w.read(&file)).unwrap();
            let embedding = "[features.embedding]\nweights = 'small.safetensors'\nprofile = 'bl4as'\ninputs = ['C2', 'C2-C0']\n";
            w.write(&file, format!("{text}\n{embedding}"));
            study +=
                &format!("[[cohorts]]\nname = '{centre}'\nrole = 'training'\nextract = '{file}'\n");
        }
        w.write("study.toml", &study);
        w.triher("train study.toml").done();
        let forest = "\n[model.classifier]\nmethod = 'random_forest'\ntrees = 10\n";
        let study = study.replace("'out'", "'forest'");
        w.write("forest.toml", study + forest);
        w.triher("train forest.toml").done();
        let patients = String::from_utf8(w.read("s/patients-gamma.csv")).unwrap();
        let row: Vec<&str> = patients.lines().nth(1).unwrap().split(',').collect();
        let of = |name: &str| w.path("s").join(name).to_str().unwrap().to_owned();
        let (images, mask) = (of(row[1]), of(row[2]));
        Self { w, images, mask }
    }

    pub(crate) fn run(&self, command: &str, model: &str, more: &str) -> Run {
        let weights = self.w.path("s/small.safetensors");
        let weights = weights.to_str().unwrap();
        let mut words = vec![command, model, &self.images, "--mask", &self.mask];
        words.extend(["--weights", weights]);
        words.extend(more.split_whitespace());
        self.w.triher_words(&words)
    }

    fn image(&self, path: impl AsRef<Path>) -> Image {
        let path = self.w.path(path.as_ref().to_str().unwrap());
        triher_imagefile::read_image(&path).unwrap()
    }
}

#[test]
fn maps_are_made_tested_and_shown() {
    let c = Cohort::new();
    for method in ["relevance", "rollout", "integrated-gradients", "occlusion"] {
        let more = format!(
            "--method {method} --cube 16 --map {method}.nii --patch-map p.nii --json {method}.json"
        );
        c.run("attribute", "out/model.triher", &more).done();
        let json = c.w.json(&format!("{method}.json"));
        let share = json["place"]["share_in_lesion"].as_f64().unwrap();
        assert!((0.0..=1.0).contains(&share), "{method}: {share}");
        let patch = c.image("p.nii");
        assert_eq!(patch.geometry().size(), [48; 3]);
        let on_phases = c.image(format!("{method}.nii"));
        let peak = |image: &Image| image.voxels().iter().copied().fold(f32::MIN, f32::max);
        // Interpolation cannot find more than there is.
        assert!(peak(&on_phases) > 0.0 && peak(&on_phases) <= peak(&patch));
        let outputs = json["manifest"]["outputs"].as_array().unwrap();
        assert_eq!(outputs.len(), 2);
    }
    let shares = c.w.json("integrated-gradients.json");
    let number = |value: &serde_json::Value| value.as_f64().unwrap();
    let sums = shares["inputs"].as_array().unwrap();
    let sum: f64 = sums.iter().map(|i| number(&i["sum"])).sum();
    let complete = &shares["completeness"];
    let whole = number(&shares["score"]) - number(&complete["baseline_score"]);
    // The map is kept in single precision.
    assert!((sum - whole - number(&complete["gap"])).abs() < 1e-4 * (1.0 + whole.abs()));
    assert!(number(&complete["gap"]).abs() < 0.05 * (1.0 + whole.abs()));

    // Of a simulated lesion it is known what is rim and what core: together they are the lesion, but for its border.
    let part = |name: &str| {
        let id = std::path::Path::new(&c.mask)
            .file_name()
            .unwrap()
            .to_str()
            .unwrap();
        let id = id.strip_suffix(".nii.gz").unwrap();
        format!(
            "--region {name}={}",
            c.w.path(&format!("s/truth/{id}-{name}.nii.gz")).display()
        )
    };
    let more = format!("{} {} --json parts.json", part("rim"), part("core"));
    let said = c.run("attribute", "out/model.triher", &more).done();
    assert!(said.stdout().contains("region rim: "), "{}", said.stdout());
    let json = c.w.json("parts.json");
    let of = |at: usize, name: &str| number(&json["regions"][at][name]);
    let voxels = [0, 1].map(|at| of(at, "region_share_of_voxels"));
    let lesion = number(&json["place"]["lesion_share_of_voxels"]);
    let both = voxels[0] + voxels[1];
    assert!(
        voxels[1] > 0.0 && both <= lesion && both > 0.5 * lesion,
        "{voxels:?} {lesion}"
    );
    let shares = of(0, "share_in_region") + of(1, "share_in_region");
    assert!(shares <= number(&json["place"]["share_in_lesion"]) + 1e-9);
    let wrong = c.run("attribute", "out/model.triher", "--region rim");
    assert!(
        wrong.code() == 2 && wrong.stderr().contains("NAME=FILE"),
        "{}",
        wrong.stderr()
    );

    // Another class has another map; rollout does not know of classes.
    for (method, same) in [("relevance", false), ("rollout", true)] {
        let predicted = c.w.json(&format!("{method}.json"))["class"].clone();
        let other = ["zero", "low", "positive"]
            .into_iter()
            .find(|c| predicted != *c);
        let more = format!(
            "--method {method} --class {} --map other.nii",
            other.unwrap()
        );
        c.run("attribute", "out/model.triher", &more).done();
        let maps = [format!("{method}.nii"), "other.nii".to_owned()].map(|f| c.image(f));
        assert_eq!(maps[0].voxels() == maps[1].voxels(), same, "{method}");
    }

    // The test gives the same numbers each time, and says them in words.
    let check = "--check --json check.json";
    let words = c.run("attribute", "out/model.triher", check).done();
    for text in [
        "shuffled: rank correlation",
        "deletion",
        "insertion",
        "not the disease",
    ] {
        assert!(words.stdout().contains(text), "{}", words.stdout());
    }
    let first = c.w.read("check.json");
    c.run("attribute", "out/model.triher", check).done();
    assert_eq!(c.w.read("check.json"), first);

    c.run(
        "predict",
        "out/model.triher",
        "--attribution relevance --html why.html",
    )
    .done();
    let page = String::from_utf8(c.w.read("why.html")).unwrap();
    assert!(page.contains("gradient times attention"));

    // What cannot be answered is refused with what can.
    c.run("attribute", "out/model.triher", "--class amplified")
        .fails_saying(&["amplified", "zero, low, positive"]);
    c.run("attribute", "forest/model.triher", "--method relevance")
        .fails_saying(&["change in steps", "--method occlusion"]);
    c.run(
        "attribute",
        "forest/model.triher",
        "--method occlusion --cube 24 --map f.nii",
    )
    .done();
    c.run(
        "attribute",
        "out/model.triher",
        "--method occlusion --cube 60",
    )
    .fails_saying(&["cubes of 60"]);
}

#[test]
fn a_model_without_an_encoder_says_so() {
    let w = Workspace::new();
    let mut words = crate::patient_report::model(&w);
    words[0] = "attribute".to_owned();
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    w.triher_words(&words)
        .fails_saying(&["no encoder", "triher explain"]);
}
