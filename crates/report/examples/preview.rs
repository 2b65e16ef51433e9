//! Writes both reports with made-up data, to look at them in a browser:
//!
//! ```text
//! cargo run -p triher-report --example preview -- FOLDER
//! ```

use std::error::Error;
use std::path::PathBuf;
use triher_report::{
    Catalogue, CurvePoint, EvaluationReport, GreyImage, KineticCurve, LabelledPicture, Language,
    LearningFigure, LearningLine, PatientReport, PhasePicture, Reason, TrainingReport,
    evaluation_report, figure, patient_pdf, patient_report, training_report,
};
use triher_stats::{Evaluation, EvaluationOptions, Predictions, evaluate};

fn main() -> Result<(), Box<dyn Error>> {
    let folder = PathBuf::from(std::env::args().nth(1).unwrap_or_else(|| ".".into()));
    std::fs::create_dir_all(&folder)?;
    let external = cohort(312, 0.42, 7)?;
    let training = cohort(540, 0.5, 3)?;
    let mut report = EvaluationReport::new("External evaluation of triher-demo 3", &external);
    report.subtitle = "Three simulated centres, 312 lesions".into();
    report.cross_validated = Some(&training);
    report.simulated = true;
    report.data = rows(&[
        ("Cohort", "simulate --seed 41, centres A to C"),
        (
            "Labels",
            "ASCO/CAP 2023, from IHC and ISH columns; 6 rows indeterminate and left out",
        ),
        ("Images", "DCE-MRI, 5 to 7 phases, 1.5 T and 3 T"),
        ("Regions", "DICOM SEG of the simulator"),
    ]);
    report.model = rows(&[
        ("Classifier", "multinomial logistic regression, L2, C = 1"),
        (
            "Inputs",
            "41 features: kinetics and first order (no encoder weights were given)",
        ),
        ("Preprocessing", "standardised in the training fold"),
        ("Trained on", "540 lesions of centres D and E"),
    ]);
    report.limits = vec![
        "The cohort is simulated.".into(),
        "All lesions had a mask that is right by construction; drawn masks differ between readers."
            .into(),
    ];
    report.manifest = rows(&[
        ("triher", "0.1.0"),
        (
            "Model file",
            "sha256 9f2c41d07b1e55c0a8d2f0a4f6b3c9be6f4d1f0c2b7a98e3d5c6b7a809f1e2d3",
        ),
        ("Seed", "20251"),
    ]);
    std::fs::write(folder.join("evaluation.html"), evaluation_report(&report))?;
    for (language, name) in [
        (Language::English, "patient"),
        (Language::Chinese, "patient-zh"),
    ] {
        let report = PatientReport {
            language,
            ..patient()?
        };
        std::fs::write(folder.join(format!("{name}.html")), patient_report(&report))?;
        std::fs::write(folder.join(format!("{name}.pdf")), patient_pdf(&report)?)?;
    }

    std::fs::write(
        folder.join("training.html"),
        training_report(&training_page(), &Catalogue::new(Language::English)),
    )?;

    // The least that can be reported: one class, one centre, nothing computed.
    let poor = one_class()?;
    let report = EvaluationReport::new("Evaluation with one class", &poor);
    std::fs::write(folder.join("poor.html"), evaluation_report(&report))?;
    std::fs::write(
        folder.join("empty_patient.html"),
        patient_report(&PatientReport::default()),
    )?;

    let words = Catalogue::new(Language::English);
    for (name, svg) in [
        ("roc", figure::roc(&external, &words)),
        ("forest", figure::forest(&external, &words)),
        ("calibration", figure::calibration(&external, &words)),
        ("spread", figure::spread(&external, &words)),
        (
            "confusion",
            figure::confusion(&external.classes, &external.confusion, &words),
        ),
    ] {
        std::fs::write(folder.join(format!("{name}.svg")), svg)?;
    }
    Ok(())
}

fn rows(rows: &[(&str, &str)]) -> Vec<(String, String)> {
    rows.iter()
        .map(|(name, value)| (name.to_string(), value.to_string()))
        .collect()
}

/// Numbers in 0..1 that are spread, from a linear congruential generator.
fn numbers(seed: u64) -> impl FnMut() -> f64 {
    let mut state = seed.wrapping_mul(0x9E37_79B9_7F4A_7C15);
    move || {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        (state >> 11) as f64 / (1u64 << 53) as f64
    }
}

fn classes() -> Vec<String> {
    ["zero", "low", "positive"].map(String::from).to_vec()
}

fn cohort(n: usize, signal: f64, seed: u64) -> Result<Evaluation, Box<dyn Error>> {
    let mut next = numbers(seed);
    let (mut truth, mut probabilities, mut centres) = (vec![], vec![], vec![]);
    for _ in 0..n {
        let draw = next();
        let class = if draw < 0.3 {
            0
        } else if draw < 0.75 {
            1
        } else {
            2
        };
        let mut score: Vec<f64> = (0..3).map(|_| next() + next() + next()).collect();
        score[class] += signal;
        let sum: f64 = score.iter().map(|s| (1.1 * s).exp()).sum();
        probabilities.extend(score.iter().map(|s| (1.1 * s).exp() / sum));
        truth.push(class);
        let centre = next();
        centres.push(Some(match centre {
            c if c < 0.5 => "Centre A".to_string(),
            c if c < 0.8 => "Centre B".to_string(),
            c if c < 0.99 => "Centre C, University Hospital".to_string(),
            _ => "Centre D".to_string(),
        }));
    }
    let ids: Vec<String> = (0..n).map(|i| format!("p{i:04}")).collect();
    let predictions = Predictions::new(
        ids.clone(),
        ids,
        classes(),
        truth,
        probabilities,
        Some(centres),
    )?;
    Ok(evaluate(&predictions, &EvaluationOptions::default())?)
}

fn one_class() -> Result<Evaluation, Box<dyn Error>> {
    let ids: Vec<String> = (0..3).map(|i| format!("p{i}")).collect();
    let centres = Some(vec![Some("Centre A".to_string()); 3]);
    let p = [0.2, 0.5, 0.3].repeat(3);
    let predictions = Predictions::new(ids.clone(), ids, classes(), vec![1; 3], p, centres)?;
    Ok(evaluate(
        &predictions,
        &EvaluationOptions {
            bootstrap: 100,
            ..Default::default()
        },
    )?)
}

const SIDE: usize = 160;

/// A slice with breast, gland, a lesion that enhances by `level`, and noise.
fn slice(level: f64, seed: u64, aspect: f64) -> Result<GreyImage, Box<dyn Error>> {
    let mut next = numbers(seed);
    let height = (SIDE as f64 / aspect) as usize;
    let mut values = Vec::with_capacity(SIDE * height);
    for row in 0..height {
        for column in 0..SIDE {
            let (x, y) = (column as f64, row as f64 * aspect);
            let breast = ((x - 80.0) / 70.0).powi(2) + ((y - 85.0) / 72.0).powi(2) < 1.0;
            let gland = (x / 9.0).sin() * (y / 13.0).cos() > 0.25 && breast;
            let r = (((x - 98.0) / 15.0).powi(2) + ((y - 70.0) / 12.0).powi(2)).sqrt();
            let mut value = if breast { 120.0 } else { 8.0 };
            if gland {
                value += 60.0 + 30.0 * level;
            }
            if r < 1.0 {
                value = 190.0 + 260.0 * level * (0.6 + 0.4 * r);
            }
            values.push((value + 30.0 * (next() + next() - 1.0)) as f32);
        }
    }
    Ok(GreyImage::from_slice(&values, SIDE, height, (0.0, 480.0))?.with_pixel_aspect(aspect))
}

fn ellipse(aspect: f64) -> Vec<[f64; 2]> {
    (0..48)
        .map(|step| {
            let angle = std::f64::consts::TAU * f64::from(step) / 48.0;
            [
                98.0 + 15.0 * angle.cos(),
                (70.0 + 12.0 * angle.sin()) / aspect,
            ]
        })
        .collect()
}

fn phase(
    label: &str,
    time_s: f64,
    level: f64,
    aspect: f64,
) -> Result<PhasePicture, Box<dyn Error>> {
    Ok(PhasePicture {
        label: label.into(),
        time_s: Some(time_s),
        slice: slice(level, time_s as u64 + 1, aspect)?,
        outlines: vec![ellipse(aspect)],
        crop: Some([80.5, 52.5 / aspect, 115.5, 87.5 / aspect]),
    })
}

fn training_page() -> TrainingReport {
    let mut next = numbers(5);
    let mut line = |name: &str, steps: usize, low: f64, noise: f64, rise: f64| LearningLine {
        name: name.into(),
        points: (1..=steps)
            .map(|step| {
                let done = step as f64 / steps as f64;
                let loss = low + (1.1 - low) * (-4.0 * done).exp() + rise * done * done;
                [step as f64, loss + noise * (next() - 0.5)]
            })
            .collect(),
    };
    let figure = |title: &str, x_name: &str, lines| LearningFigure {
        title: title.into(),
        x_name: x_name.into(),
        y_name: "Loss".into(),
        lines,
        chosen: None,
        from_zero: true,
        caption: "Made up for this preview.".into(),
    };
    let mut losses = figure(
        "Loss",
        "Epoch",
        vec![
            line("Training loss", 28, 0.2, 0.05, 0.0),
            line("Validation loss", 28, 0.5, 0.08, 0.4),
        ],
    );
    losses.chosen = Some((14.0, "epoch 14 was kept".into()));
    TrainingReport {
        title: "Fine-tuning of an encoder".into(),
        subtitle: "Learned: everything. Classes: zero, low, positive.".into(),
        headline: vec![["Validation loss", "0.6012", "patients held out"].map(String::from)],
        data: rows(&[("Samples", "312 patches")]),
        network: rows(&[("Input", "48 x 48 x 48 voxels, 1 channel")]),
        settings: rows(&[("Seed", "1")]),
        figures: vec![
            losses,
            figure(
                "Many steps",
                "Step",
                vec![line("Loss", 5000, 0.4, 0.3, 0.0)],
            ),
        ],
        manifest: rows(&[("triher", "0.1.0")]),
        ..TrainingReport::default()
    }
}

fn patient() -> Result<PatientReport, Box<dyn Error>> {
    let mut plane = phase("Sagittal plane, C2", 182.0, 0.95, 3.0)?;
    plane.time_s = None;
    let patch = (0..5)
        .map(|k| {
            let mut next = numbers(k + 50);
            let pixels = (0..48 * 48)
                .map(|i| {
                    let (x, y) = ((i % 48) as f64 - 23.5, (i / 48) as f64 - 23.5);
                    let inside = (x * x + y * y).sqrt() < 21.0 - (k as f64 - 2.0).abs() * 2.0;
                    ((if inside { 150.0 } else { 60.0 }) + 50.0 * next()) as u8
                })
                .collect();
            let image = GreyImage::new(48, 48, pixels)?;
            Ok(LabelledPicture {
                label: format!("Slice {} of 48", 16 + 4 * k),
                image,
            })
        })
        .collect::<Result<Vec<_>, Box<dyn Error>>>()?;
    let point = |phase: &str, time_s, mean| CurvePoint {
        phase: phase.into(),
        time_s: Some(time_s),
        mean,
    };
    Ok(PatientReport {
        refusal: None,
        attribution_given: false,
        similar: None,
        no_attribution: String::new(),
        reasons_alone: false,
        language: Language::English,
        attribution: None,
        reasons_notes: Vec::new(),
        title: "HER2 status from DCE-MRI".into(),
        patient_id: "TCGA-XX-0000".into(),
        probabilities: vec![("zero".into(), 0.214), ("low".into(), 0.583), ("positive".into(), 0.203)],
        predicted: "low".into(),
        model: rows(&[("Model", "triher-demo 3"), ("External macro AUC", "0.731 (0.69 to 0.77)")]),
        study: vec![
            phase("C0, before contrast", 0.0, 0.0, 1.0)?,
            phase("C1, first after contrast", 91.0, 0.8, 1.0)?,
            phase("C2, second after contrast", 182.0, 0.95, 1.0)?,
            phase("C5, last phase", 455.0, 0.8, 1.0)?,
        ],
        planes: vec![phase("Axial plane, C2", 182.0, 0.95, 1.0)?, plane],
        patch,
        curve: Some(KineticCurve {
            quantity: "Enhancement over C0 (%)".into(),
            points: vec![
                point("C0", 0.0, 0.0),
                point("C1", 91.0, 118.0),
                point("C2", 182.0, 137.0),
                point("C3", 273.0, 131.0),
                point("C4", 364.0, 124.0),
                point("C5", 455.0, 119.0),
            ],
            curve_type: Some("plateau (type II)".into()),
        }),
        lesion: rows(&[
            ("Volume", "3139.7 mm\u{b3}"),
            ("Longest diameter", "27.6 mm"),
            ("Effective diameter", "18.2 mm"),
            ("Signal enhancement ratio", "1.11"),
        ]),
        reasons: [
            ("wash-out fraction".into(), 0.412),
            ("signal enhancement ratio, 90th percentile".into(), -0.305),
            ("longest diameter (mm)".into(), 0.188),
            ("C2-C0, entropy".into(), 0.101),
            ("effective diameter (mm)".into(), -0.064),
        ]
        .map(|(feature, contribution)| Reason {
            feature,
            standing: "higher than in 83 % of them; speaks for HER2-low".into(),
            contribution,
        })
        .to_vec(),
        uncertainty: vec!["Prediction set: HER2-zero or HER2-low: not separable for this patient.".into()],
        series_read: rows(&[("Series 4, \"SAG 3D FGRE DYN\"", "6 phases of 60 slices, told by TriggerTime")]),
        set_aside: rows(&[
            ("Series 1, \"3-PLANE LOC\"", "localiser"),
            ("Series 104, \"SUB\"", "derived: subtraction (ImageType says DERIVED)"),
        ]),
        warnings: vec!["The first phase after contrast lies 91 s after injection; the model was trained on 60 to 75 s.".into()],
        not_checked: vec![
            "The outline was grown from a seed and no reader has confirmed it.".into(),
            "Motion between the phases was not corrected.".into(),
        ],
        manifest: rows(&[("triher", "0.1.0"), ("Model file", "sha256 9f2c41d0")]),
        simulated: true,
    })
}
