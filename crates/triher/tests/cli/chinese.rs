//! Reports in Chinese: no sentence of them stays English.

use crate::patient_report::model;
use crate::tables::table;
use crate::workspace::Workspace;
use std::fmt::Write as _;

/// What a page shows as text, in pieces: no style sheet, no picture, no code.
pub(crate) fn pieces(page: &str) -> Vec<String> {
    let body = page.split_once("</style>").unwrap().1;
    let mut pieces = Vec::new();
    for part in body.split('<').skip(1) {
        if let Some((_, text)) = part.split_once('>') {
            let text = text
                .replace("&quot;", "\"")
                .replace("&lt;", "<")
                .replace("&amp;", "&");
            if !text.trim().is_empty() {
                pieces.push(text.trim().to_owned());
            }
        }
    }
    pieces
}

/// Words of Latin letters that stand one after the other, names of commands in backquotes left out.
fn longest_english(text: &str) -> Vec<String> {
    let plain: String = text.split('`').step_by(2).collect::<Vec<_>>().join(" | ");
    let (mut best, mut run) = (Vec::new(), Vec::new());
    for word in plain.split_whitespace() {
        let bare = word.trim_matches(|c: char| !c.is_alphanumeric());
        let english = bare.len() > 1 && bare.chars().all(|c| c.is_ascii_lowercase());
        match english {
            true => run.push(bare.to_owned()),
            false => run.clear(),
        }
        if run.len() > best.len() {
            best.clone_from(&run);
        }
    }
    best
}

/// Fails when three English words stand together outside of what is a name.
pub(crate) fn is_chinese(page: &str, names: &[&str]) {
    assert!(page.contains("lang=\"zh-CN\""));
    for piece in pieces(page) {
        let words = longest_english(&piece);
        let named = names.iter().any(|name| piece.contains(name));
        assert!(words.len() < 3 || named, "{words:?} in {piece}");
        // A sentence that the catalogue lacks would stand in brackets.
        assert!(!piece.starts_with('[') || !piece.ends_with(']'), "{piece}");
    }
}

#[test]
fn english_is_found_where_it_stands() {
    assert_eq!(
        longest_english("模型 was not calibrated AUC"),
        ["was", "not", "calibrated"]
    );
    assert!(longest_english("请使用 `triher explain model file table`").is_empty());
}

#[test]
fn an_evaluation_and_a_study_have_no_english_sentence() {
    let w = Workspace::new();
    w.write("train.csv", table(120, 1));
    w.write("test.csv", table(90, 2).replace("\nr", "\nt"));
    let mut clinical = String::from("case,age,vendor,os_months,os_event\n");
    for row in 0..120 {
        let id = if row < 85 { 't' } else { 'r' };
        let vendor = ["GE", "Philips", "Siemens"][row % 7 % 3];
        let _ = writeln!(
            clinical,
            "{id}{row},{},{vendor},{},{}",
            35 + row * 11 % 40,
            60 - (row % 3) * 12 + row * 5 % 17,
            usize::from(row % 4 != 0)
        );
    }
    w.write("clinical.csv", clinical);
    w.write(
        "study.toml",
        "name = '研究'\noutput = 'out'\n[[subgroups]]\ncolumn = 'vendor'\n[[subgroups]]\ncolumn = 'age'\ncuts = [50]\n\
         [[cohorts]]\nname = '甲'\nrole = 'training'\nfeatures = 'train.csv'\nclinical = 'clinical.csv'\ncolumns = { id = 'case', label = 'her2', centre = 'hospital' }\n\
         [[cohorts]]\nname = '乙'\nrole = 'external'\nfeatures = 'test.csv'\nclinical = 'clinical.csv'\ncolumns = { id = 'case', label = 'her2', centre = 'hospital' }\n\
         [model]\ncompare = ['random_forest', 'nearest_neighbours']\n\
         [model.probability]\ncalibration = { method = 'temperature' }\n\
         [validation]\nfolds = 3\nbootstrap = 100\nleave_one_centre_out = true\npermutations = 3\nlearning_curve = { shares = [0.5, 1.0], folds = 3, repeats = 1 }\n",
    );
    let run = w.triher("run study.toml --language zh");
    assert_eq!(run.code(), 0, "{}", run.stderr());
    let study = String::from_utf8(w.read("out/report-study.html")).unwrap();
    for part in [
        "研究报告",
        "学习曲线",
        "置换检验",
        "Shapley",
        "患者流程图",
        "决策曲线",
        "亚组",
        "缩写",
    ] {
        assert!(study.contains(part), "{part}");
    }
    is_chinese(&study, &[]);
    let flow = String::from_utf8(w.read("out/figures/flow.svg")).unwrap();
    assert!(flow.contains("患者流程图"));
    let list = std::fs::read_dir(w.path("out"))
        .unwrap()
        .map(|e| e.unwrap().path());
    let lists: Vec<_> = list
        .filter(|p| p.to_str().unwrap().contains("checklist-"))
        .collect();
    assert_eq!(lists.len(), 3);
    // Every figure is there as SVG, as PNG and with its numbers.
    for figure in std::fs::read_dir(w.path("out/figures")).unwrap() {
        let path = figure.unwrap().path();
        if path.extension().unwrap() == "svg" {
            for ending in ["png", "csv"] {
                assert!(path.with_extension(ending).exists(), "{}", path.display());
            }
        }
    }

    w.triher("evaluate out/model.triher --features test.csv --id case --label her2 --centre hospital --bootstrap 100 --html e.html \
              --clinical clinical.csv --subgroup vendor --survival os_months os_event --language zh")
        .done();
    let page = String::from_utf8(w.read("e.html")).unwrap();
    for part in [
        "区分度",
        "校准",
        "混淆矩阵",
        "净获益",
        "中心",
        "亚组",
        "生存",
        "局限性",
    ] {
        assert!(page.contains(part), "{part}");
    }
    is_chinese(&page, &[]);

    // What moves the model, and the maps, with their figures.
    let columns = "--id case --label her2 --centre hospital --language zh";
    w.triher(&format!(
        "explain out/model.triher --features test.csv {columns} --background-features train.csv --patient t3 --folds 3 --out why"
    ))
    .done();
    w.triher(&format!(
        "map --features test.csv {columns} --model out/model.triher --clinical clinical.csv --subgroup vendor --out maps"
    ))
    .done();
    for (page, parts) in [
        (
            "why/explanation.html",
            ["影响模型的因素", "得分的形成过程", "本页不能说明什么"],
        ),
        (
            "maps/map.html",
            ["按模型判定是否正确", "识别中心", "如何阅读分布图"],
        ),
    ] {
        let text = String::from_utf8(w.read(page)).unwrap();
        for part in parts {
            assert!(text.contains(part), "{part}");
        }
        is_chinese(&text, &[]);
    }
    for figure in ["why/shap-decision-low.svg", "maps/batch-effect.svg"] {
        let svg = String::from_utf8(w.read(figure)).unwrap();
        assert!(svg.contains("得分") || svg.contains("批次效应"), "{figure}");
    }
}

#[test]
fn a_patients_report_has_no_english_sentence() {
    let w = Workspace::new();
    let words = model(&w);
    let mut words: Vec<&str> = words.iter().map(String::as_str).collect();
    words.extend(["--html", "zh.html", "--language", "zh"]);
    w.triher_words(&words).done();
    let page = String::from_utf8(w.read("zh.html")).unwrap();
    is_chinese(&page, &["grid of"]);
}
