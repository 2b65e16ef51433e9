//! The catalogues of the languages, and the same report in each of them as HTML and PDF.

#![expect(clippy::unwrap_used, reason = "a test may stop at the first surprise")]

use fluent_syntax::ast::{Entry, Expression, InlineExpression, PatternElement};
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use triher_report::{
    AttributionPictures, Catalogue, GreyImage, KineticCurve, Language, PatientReport, PhasePicture,
    Reason, feature_words, patient_pdf, patient_report,
};

/// The files of the catalogue in one language.
fn files(language: &str) -> Vec<String> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("text");
    let mut files: Vec<_> = std::fs::read_dir(folder)
        .unwrap()
        .map(|e| e.unwrap().path())
        .collect();
    files.sort();
    let named = |path: &&PathBuf| {
        path.file_name()
            .unwrap()
            .to_str()
            .unwrap()
            .starts_with(language)
    };
    let files = files.iter().filter(named);
    files
        .map(|path| std::fs::read_to_string(path).unwrap())
        .collect()
}

/// Keys of all files of a language with their placeholders.
fn keys(language: &str) -> BTreeMap<String, BTreeSet<String>> {
    let mut keys = BTreeMap::new();
    let parsed = files(language).into_iter();
    for entry in parsed.flat_map(|source| fluent_syntax::parser::parse(source).unwrap().body) {
        let Entry::Message(message) = entry else {
            assert!(!matches!(entry, Entry::Junk { .. }));
            continue;
        };
        let mut placeholders = BTreeSet::new();
        for element in message.value.unwrap().elements {
            if let PatternElement::Placeable { expression } = element {
                let Expression::Inline(InlineExpression::VariableReference { id }) = expression
                else {
                    panic!("{} has more than placeholders", message.id.name);
                };
                placeholders.insert(id.name.to_owned());
            }
        }
        let key = message.id.name.to_owned();
        assert!(
            keys.insert(key.clone(), placeholders).is_none(),
            "{key} is there twice"
        );
    }
    keys
}

#[test]
fn both_languages_have_the_same_keys_and_placeholders() {
    let (english, chinese) = (keys("en"), keys("zh"));
    assert!(english.len() > 800);
    assert_eq!(english, chinese);
}

/// Each sentence of another crate is recognised by its own pattern and not by one that is wider.
#[test]
fn sentences_of_other_crates_are_said_in_chinese() {
    let words = Catalogue::new(Language::Chinese);
    for (english, chinese) in [
        (
            "Only the class \"low\" occurs in this evaluation set: no AUC can be computed.",
            "\u{672c}\u{8bc4}\u{4f30}\u{96c6}\u{4e2d}\u{53ea}\u{6709}\u{201c}\u{4f4e}\u{8868}\u{8fbe}\u{201d}\u{4e00}\u{4e2a}\u{7c7b}\u{522b}\u{ff1a}\u{65e0}\u{6cd5}\u{8ba1}\u{7b97} AUC\u{3002}",
        ),
        (
            "medians for missing values, multinomial logistic regression (L2, C = 0.02)",
            "\u{7f3a}\u{5931}\u{503c}\u{4ee5}\u{4e2d}\u{4f4d}\u{6570}\u{586b}\u{8865}\u{3001}\u{591a}\u{9879}\u{903b}\u{8f91}\u{56de}\u{5f52}\u{ff08}L2\u{3001}C = 0.02\u{ff09}",
        ),
        ("the mask lesion.nii.gz", "\u{63a9}\u{819c} lesion.nii.gz"),
    ] {
        assert!(words.can_say(english), "{english}");
        assert_eq!(words.said(english), chinese);
        assert_eq!(Catalogue::new(Language::English).said(english), english);
    }
    assert!(!words.can_say("A sentence that nobody has translated."));
}

/// The sources under a folder.
fn sources(folder: &Path, ending: &str) -> String {
    let mut text = String::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            text += &sources(&path, ending);
        } else if path.to_str().unwrap().ends_with(ending) {
            let source = std::fs::read_to_string(path).unwrap();
            text += source.split("#[cfg(test)]").next().unwrap();
        }
    }
    text
}

/// Keys that stand in quotation marks in the sources are in the catalogue, and every key of the catalogue is named or made there.
#[test]
fn every_key_of_the_sources_exists_and_every_key_is_used() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut text = sources(&root.join("src"), ".rs");
    text += &sources(&root.join("../study/src"), ".rs");
    text += &sources(&root.join("../viewer/page"), ".js");
    text += &sources(&root.join("../viewer/page"), ".html");
    let english = keys("en");
    for caller in ["words.text(", "words.with(", "words.find("] {
        for part in text.split(caller).skip(1) {
            let part = part.trim_start();
            if let Some(key) = part.strip_prefix('"').and_then(|p| p.split('"').next()) {
                assert!(english.contains_key(key), "{key} is in no catalogue");
            }
        }
    }
    let made = [
        "class-",
        "short-class-",
        "quantity-",
        "summary-",
        "source-",
        "statistic-",
        "feature-",
        "standing-",
        "view-overlay-",
        "guideline-",
        "said-",
    ];
    for key in english.keys() {
        let used = text.contains(&format!("\"{key}\"")) || made.iter().any(|m| key.starts_with(m));
        assert!(used, "{key} is not used");
    }
}

/// No sentence stands in the sources of the reports in two languages: string literals there have no blank between words.
#[test]
fn the_sources_hold_no_sentences() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut text = sources(&root.join("evaluation"), ".rs");
    text += &sources(&root.join("patient/pdf"), ".rs");
    for name in [
        "evaluation.rs",
        "study.rs",
        "refusal.rs",
        "explanation.rs",
        "cohort_map.rs",
        "training.rs",
        "text.rs",
        "patient/content.rs",
        "patient/html.rs",
        "patient/feature_words.rs",
        "patient/pdf.rs",
        "figure/batch.rs",
        "figure/benefit.rs",
        "figure/calibration.rs",
        "figure/confusion.rs",
        "figure/decision.rs",
        "figure/effect.rs",
        "figure/effect_folds.rs",
        "figure/discrimination.rs",
        "figure/flow.rs",
        "figure/learning.rs",
        "figure/scatter.rs",
        "figure/spread.rs",
        "figure/subgroup.rs",
        "figure/survival.rs",
    ] {
        let source = std::fs::read_to_string(root.join(name)).unwrap();
        text += source.split("#[cfg(test)]").next().unwrap();
    }
    let code = |line: &&str| !line.starts_with("//") && !line.starts_with("#[");
    for line in text.lines().map(str::trim).filter(code) {
        for literal in line.split('"').skip(1).step_by(2) {
            let words = literal
                .split(' ')
                .filter(|w| w.len() > 2 && w.chars().all(char::is_alphabetic));
            assert!(words.count() < 3, "{literal}");
        }
    }
}

fn report(language: Language) -> PatientReport {
    let image = GreyImage::new(40, 30, (0..1200u32).map(|i| (i % 251) as u8).collect()).unwrap();
    let heat: Vec<f32> = (0..1200).map(|i| i as f32 / 1200.0).collect();
    let words = Catalogue::new(language);
    let picture = |slice: GreyImage| PhasePicture {
        label: words.with("phase-after", &[("number", "1")]),
        time_s: Some(90.0),
        slice,
        outlines: vec![vec![[5.0, 5.0], [15.0, 5.0], [15.0, 15.0]]],
        crop: Some([2.0, 2.0, 20.0, 20.0]),
    };
    PatientReport {
        language,
        patient_id: "P-17 \u{97e9}\u{1f600}".into(),
        probabilities: vec![
            ("zero".into(), 0.2),
            ("low".into(), 0.5),
            ("other".into(), 0.3),
        ],
        predicted: "low".into(),
        uncertainty: vec![words.text("set-none")],
        study: vec![picture(image.clone()); 5],
        planes: vec![picture(image.clone()); 3],
        attribution: Some(AttributionPictures {
            name: "map.nii.gz".into(),
            planes: vec![picture(image.clone().with_heat(&heat)); 3],
            phases: vec![picture(image.with_heat(&heat)); 5],
        }),
        curve: Some(KineticCurve::default()),
        reasons: ["kin_ser_mean", "emb_C2_17", "C1_glcm_contrast"]
            .map(|name| Reason {
                feature: feature_words(name, &words),
                standing: words.with("standing-higher", &[("share", "83 %"), ("class", "x")]),
                contribution: 0.25,
            })
            .to_vec(),
        series_read: (0..90)
            .map(|i| (format!("C{i}"), "series ".repeat(20)))
            .collect(),
        warnings: vec!["A long warning. ".repeat(12)],
        not_checked: vec![words.text("not-checked-motion")],
        ..PatientReport::default()
    }
}

#[test]
fn html_is_in_its_language() {
    let english = patient_report(&report(Language::English));
    assert!(
        english.contains("lang=\"en\"")
            && english.contains("signal enhancement ratio, mean over the lesion")
    );
    let chinese = patient_report(&report(Language::Chinese));
    for text in [
        "lang=\"zh-CN\"",
        "HER2 低表达",
        "信号增强率，病灶内平均值",
        "仅供科研使用",
    ] {
        assert!(chinese.contains(text), "{text}");
    }
    assert!(!chinese.contains("Research use") && !chinese.contains('['));
}

#[test]
fn the_dictionary_knows_every_part_and_says_so_of_others() {
    let words = Catalogue::new(Language::English);
    for (name, expected) in [
        (
            "kin_pe_2_p90",
            "percent enhancement, phase C2, 90th percentile in the lesion",
        ),
        (
            "kin_functional_volume_mm3",
            "functional tumour volume (voxels that enhance)",
        ),
        (
            "kin_fraction_washout",
            "share of the lesion with wash-out (type III)",
        ),
        ("size_longest_diameter_mm", "longest diameter of the lesion"),
        (
            "fo_sub1_iqr",
            "signal gained in the first phase after contrast, interquartile range",
        ),
        (
            "emb_C4-C2_7",
            "encoder, input C4-C2, component 7 (no meaning by itself)",
        ),
        (
            "kin_unheard_of",
            "kin_unheard_of (technical name; see the dictionary of the feature table)",
        ),
    ] {
        assert_eq!(feature_words(name, &words), expected);
    }
}

#[test]
fn pdf_is_whole_and_the_same_each_time() {
    for language in Language::ALL {
        let report = report(language);
        let pdf = patient_pdf(&report).unwrap();
        assert!(
            pdf.starts_with(b"%PDF-1.") && pdf.len() < 400_000,
            "{}",
            pdf.len()
        );
        assert!(pdf == patient_pdf(&report).unwrap());
        let count = |needle: &[u8]| pdf.windows(needle.len()).filter(|w| *w == needle).count();
        // The catalogue and the outline itself both name it.
        assert!(count(b"/MediaBox") >= 2 && count(b"/Outlines") >= 1);
        assert!(count(b"/ToUnicode") >= 2 && count(b"CreationDate") == 0);
    }
    // Nothing to show is a report too.
    let empty = patient_pdf(&PatientReport::default()).unwrap();
    assert!(empty.starts_with(b"%PDF-1."));
}
