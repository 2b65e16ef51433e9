//! Input that cannot be used: the exit code says so, and the files that were named say in both languages what is missing and what to do.

use crate::patient_report::model;
use crate::tables::table;
use crate::workspace::Workspace;
use triher_imagefile::{read_image, write_nifti_mask};
use triher_volume::Mask;

/// Predicts with all files named and expects exit code 1; gives the English and the Chinese page.
fn refused(w: &Workspace, words: &[&str], reason: &str) -> [String; 2] {
    ["en", "zh"].map(|language| {
        let named = [
            "--json",
            "r.json",
            "--html",
            "r.html",
            "--pdf",
            "r.pdf",
            "--language",
            language,
        ];
        for name in ["r.json", "r.html", "r.pdf"] {
            let _ = std::fs::remove_file(w.path(name));
        }
        let run = w.triher_words(&[words, &named].concat());
        assert_eq!(run.code(), 1, "{}", run.stderr());
        let json = w.json("r.json");
        assert_eq!(json["research_use_only"], true);
        assert_eq!(json["class"], serde_json::Value::Null);
        assert_eq!(json["refused"]["reason"], reason, "{json}");
        assert!(w.read("r.pdf").starts_with(b"%PDF-1."));
        let page = String::from_utf8(w.read("r.html")).unwrap();
        let heading = match language {
            "en" => "No prediction was made",
            _ => "没有作出预测",
        };
        assert!(page.contains(heading), "{page}");
        let folder = w.path("").to_str().unwrap().to_owned();
        assert!(!page.contains(folder.trim_end_matches('/')), "{page}");
        page
    })
}

#[test]
fn predictions_that_cannot_be_made_are_reports_that_say_why() {
    let w = Workspace::new();
    let words = model(&w);
    let words: Vec<&str> = words.iter().map(String::as_str).collect();
    let (images, mask) = (words[2], words[4]);

    // No lesion: a mask that marks nothing, and a seed where nothing takes up contrast.
    let file = std::fs::read_dir(images).unwrap().next().unwrap().unwrap();
    let grid = *read_image(&file.path()).unwrap().geometry();
    write_nifti_mask(&w.path("empty.nii.gz"), &Mask::filled(grid, false)).unwrap();
    let empty = [&words[..4], &["empty.nii.gz"]].concat();
    let [english, chinese] = refused(&w, &empty, "empty-mask");
    assert!(english.contains("the mask marks no voxel") && english.contains("triher find"));
    assert!(chinese.contains("掩膜没有标出任何体素"));
    // What was read is shown all the same.
    assert!(english.contains("C1, after contrast") && chinese.contains("增强前"));
    let seed = [&words[..3], &["--seed", "0,0,0"]].concat();
    let [english, _] = refused(&w, &seed, "nothing-found");
    assert!(english.contains("does not take up contrast"));

    // One phase only, and none before contrast.
    std::fs::create_dir_all(w.path("one")).unwrap();
    let mut phases: Vec<_> = std::fs::read_dir(images)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    phases.sort();
    phases.retain(|path| path.to_str() != Some(mask));
    let copy = |from: &std::path::Path| {
        let name = from.file_name().unwrap();
        std::fs::copy(from, w.path("one").join(name)).unwrap();
    };
    copy(&phases[0]);
    let one = ["predict", words[1], "one", "--mask", mask];
    let [english, chinese] = refused(&w, &one, "one-phase");
    assert!(english.contains("There is one phase only") && english.contains("triher scan"));
    assert!(chinese.contains("只有一个期相"));

    // Another grid, and nothing at all.
    w.nifti_patient("other", 80.0);
    let other = ["predict", words[1], images, "--mask", "other/P_mask.nii.gz"];
    let [english, _] = refused(&w, &other, "grid");
    assert!(english.contains("--resample-mask"));
    let nowhere = ["predict", words[1], "nowhere", "--mask", mask];
    refused(&w, &nowhere, "images");
}

#[test]
fn a_model_without_coefficients_says_what_its_reasons_are() {
    let w = Workspace::new();
    let words = model(&w);
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    w.triher("train --features out/features-a.parquet --id patient_id --label label --method random_forest --folds 2 --out trees.triher")
        .done();
    words[1] = "trees.triher";
    let named = ["--html", "t.html", "--attribution", "relevance"];
    for (language, alone, map) in [
        (
            "en",
            "These are no Shapley values",
            "There is no attribution map",
        ),
        ("zh", "这些不是 Shapley 值", "没有归因图"),
    ] {
        let run = w.triher_words(&[&words, &named[..], &["--language", language]].concat());
        assert_eq!(run.code(), 1, "{}", run.stderr());
        let page = String::from_utf8(w.read("t.html")).unwrap();
        assert!(page.contains(alone), "{page}");
        // The prediction is there; the map is not, and the page says so.
        assert!(page.contains(map) && page.contains(" %"), "{page}");
    }
}

#[test]
fn evaluations_and_studies_that_cannot_be_done_are_reports_that_say_why() {
    let w = Workspace::new();
    w.write("train.csv", table(60, 1));
    w.triher("train --features train.csv --id case --label her2 --centre hospital --out m.triher")
        .done();
    w.write("few.csv", "case,her2,a\nt0,zero,1\nt1,low,2\n");
    for (language, heading, what) in [
        (
            "en",
            "No evaluation was made",
            "Features that the model needs are missing",
        ),
        ("zh", "没有进行评估", "缺少模型所需的特征"),
    ] {
        let line = format!(
            "evaluate m.triher --features few.csv --id case --label her2 --html e.html --json e.json --language {language}"
        );
        assert_eq!(w.triher(&line).code(), 1);
        let page = String::from_utf8(w.read("e.html")).unwrap();
        assert!(page.contains(heading) && page.contains(what), "{page}");
        assert_eq!(w.json("e.json")["refused"]["reason"], "features");
    }
    // A study whose rows are all of one class.
    let one: String = (table(60, 1).lines())
        .filter(|line| !line.contains(",low,") && !line.contains(",positive,"))
        .map(|line| format!("{line}\n"))
        .collect();
    w.write("one.csv", one);
    w.write(
        "study.toml",
        "name = 'One'\noutput = 'out'\n[[cohorts]]\nname = 'a'\nrole = 'training'\nfeatures = 'one.csv'\ncolumns = { id = 'case', label = 'her2', centre = 'hospital' }\n",
    );
    for (language, what) in [
        ("en", "All rows are of one class"),
        ("zh", "所有行都属于同一类别"),
    ] {
        let run = w.triher(&format!("run study.toml --language {language}"));
        assert_eq!(run.code(), 1, "{}", run.stderr());
        let page = String::from_utf8(w.read("out/report-study.html")).unwrap();
        assert!(page.contains(what), "{page}");
    }
}

#[test]
fn one_class_called_everywhere_and_one_class_alone_are_told() {
    let w = Workspace::new();
    // A hundred of one class against three of the other, and nothing to tell them by.
    let mut train = String::from("case,her2,a\n");
    for row in 0..100 {
        let class = if row % 33 == 1 { "zero" } else { "low" };
        train += &format!("r{row},{class},{}\n", row * 7 % 10);
    }
    w.write("train.csv", train);
    w.triher("train --features train.csv --id case --label her2 --folds 2 --out m.triher")
        .done();
    let mut test = String::from("case,her2,a\n");
    for row in 0..40 {
        let class = if row % 2 == 1 { "zero" } else { "low" };
        test += &format!("t{row},{class},{}\n", row * 3 % 10);
    }
    w.write("test.csv", &test);
    w.write("alone.csv", test.replace(",zero,", ",low,"));
    for (table, language, said) in [
        ("test.csv", "en", "The model calls every case low"),
        ("test.csv", "zh", "模型把全部病例都判为低表达"),
        ("alone.csv", "en", "All cases are of the class low"),
        ("alone.csv", "zh", "全部病例都属于低表达"),
    ] {
        w.triher(&format!(
            "evaluate m.triher --features {table} --id case --label her2 --bootstrap 50 --html e.html --language {language}"
        ))
        .done();
        let page = String::from_utf8(w.read("e.html")).unwrap();
        assert!(page.contains(said), "{table} {language}");
    }
    w.write(
        "study.toml",
        "name = 'Called'\noutput = 'out'\n[[cohorts]]\nname = 'a'\nrole = 'training'\nfeatures = 'train.csv'\ncolumns = { id = 'case', label = 'her2' }\n[validation]\nfolds = 2\nbootstrap = 50\n",
    );
    w.triher("run study.toml").done();
    let page = String::from_utf8(w.read("out/report-study.html")).unwrap();
    assert!(page.contains("The model calls every case low"));
}
