//! The report on one predicted patient: a prediction in the words of a language.

use crate::StudyError;
use crate::case::Case;
use crate::manifest::FileHash;
use crate::patient_model_card::model_card;
use crate::pictures;
use crate::prediction::{AttributionSource, Contribution, PredictPlan, Prediction};
use crate::progress::Progress;
use crate::refusal::message_of;
use crate::similar_cases::{Similar, shown};
use crate::source::PatientStudy;
use triher_kinetics::CurveType;
use triher_learn::FittedClassifier;
use triher_report::{
    AttributionPictures, Catalogue, CurvePoint, KineticCurve, PatientReport, Reason, feature_words,
};

/// Change between first and last phase after contrast that still counts as a plateau, percent (BI-RADS).
const CURVE_TOLERANCE_PERCENT: f64 = 10.0;

/// A probability above which the report asks whether the model knows more than one class.
const ONE_CLASS: f64 = 0.999;

/// What the report is made from.
pub(crate) struct PatientPage<'a> {
    pub(crate) plan: &'a PredictPlan,
    pub(crate) case: &'a Case,
    pub(crate) prediction: &'a Prediction,
    /// The predicted class's place among the model's.
    pub(crate) class: usize,
    pub(crate) progress: &'a dyn Progress,
    /// Names of what was fitted on this patient among others.
    pub(crate) fitted_on_patient: &'a [String],
    /// Training cases nearby.
    pub(crate) similar: &'a Similar,
    /// Notes of reading, outlining and feature extraction, in English.
    pub(crate) notes: &'a [String],
}

impl PatientPage<'_> {
    /// The report in the plan's language, and why it has no attribution map although one was asked for.
    ///
    /// # Errors
    /// When the model file cannot be read.
    pub(crate) fn report(&self) -> Result<(PatientReport, Option<StudyError>), StudyError> {
        let words = Catalogue::new(self.plan.language);
        let prediction = self.prediction;
        let (series, mask) = (&self.case.study.series, &self.case.lesion.mask);
        let probabilities = prediction.probabilities.iter();
        let probabilities =
            probabilities.map(|(class, p)| (class.clone(), p.as_f64().unwrap_or(f64::NAN)));
        let window = self.case.extractor.window(mask)?;
        let patches = self.case.extractor.patches(series, mask)?;
        let inputs = prediction.manifest.inputs.iter();
        let mut manifest = vec![(
            words.text("provenance-version"),
            prediction.manifest.triher_version.clone(),
        )];
        manifest.extend(inputs.map(|FileHash { name, sha256 }| (words.said(name), sha256.clone())));
        let (attribution, no_map) = match self.attribution(&words) {
            Ok(pictures) => (pictures, None),
            Err(problem) => (None, Some(problem)),
        };
        let logistic = matches!(
            self.case.model.pipeline.classifier(),
            FittedClassifier::Logistic(_)
        );
        let report = PatientReport {
            language: self.plan.language,
            refusal: None,
            title: String::new(),
            patient_id: prediction.patient_id.clone(),
            probabilities: probabilities.collect(),
            predicted: prediction.class.clone(),
            uncertainty: self.uncertainty(&words),
            model: model_card(&self.case.model, &self.plan.case.model, &words)?,
            study: pictures::phases(series, mask, window.as_ref(), None, &words)?,
            planes: pictures::planes(series, mask, None, [0; 3], &words)?,
            attribution,
            attribution_given: self.is_given(),
            no_attribution: (no_map.as_ref())
                .map_or_else(String::new, |why| self.no_map(why, &words)),
            patch: pictures::patches(&patches)?,
            curve: Some(self.curve(&words)?),
            lesion: self.lesion_facts(&words),
            reasons: self.reasons(&words),
            reasons_alone: !logistic,
            reasons_notes: self.reasons_notes(&words),
            similar: match self.plan.training.features.is_empty() {
                true => None,
                false => Some(shown(self.similar, self.plan, (series, mask), &words)?),
            },
            series_read: series_read(&self.case.study, &words),
            set_aside: prediction
                .study
                .set_aside
                .iter()
                .map(|s| (words.said(&s.series), words.said(&s.reason)))
                .collect(),
            warnings: self.warnings(&words),
            not_checked: [
                "not-checked-carcinoma",
                "not-checked-motion",
                "not-checked-scanner",
            ]
            .map(|key| words.text(key))
            .to_vec(),
            manifest,
            simulated: self.plan.simulated,
        };
        Ok((report, no_map))
    }

    /// Why there is no map, in the report's language as far as it is known.
    fn no_map(&self, problem: &StudyError, words: &Catalogue) -> String {
        let mut paths = vec![self.plan.case.model.as_path()];
        if let Some(AttributionSource::File(path)) = &self.plan.attribution {
            paths.push(path);
        }
        let message = message_of(problem, &paths);
        let message = [("message", message.as_str())];
        if self.is_given() {
            return words.with("given-map-none", &message);
        }
        let why = match self.case.extractor.embedding() {
            None => words.text("attribution-no-encoder"),
            Some(_) => words.with("attribution-not-possible", &message),
        };
        words.with("attribution-none", &[("why", &why)])
    }

    /// Whether the map that was asked for is a file.
    fn is_given(&self) -> bool {
        (self.plan.attribution.as_ref()).is_some_and(AttributionSource::is_given)
    }

    fn warnings(&self, words: &Catalogue) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.prediction.out_of_distribution == Some(true) {
            warnings.push(words.text("warning-strange"));
        }
        for what in self.fitted_on_patient {
            warnings.push(words.with("warning-upstream", &[("what", what)]));
        }
        let certain = |p: &serde_json::Value| p.as_f64().is_some_and(|p| p > ONE_CLASS);
        if self.prediction.probabilities.values().any(certain) {
            warnings.push(words.text("warning-one-class"));
        }
        let notes = gathered(self.notes, words);
        if !self
            .notes
            .iter()
            .all(|note| words.can_say(note) || reason_of(note).is_some())
        {
            warnings.push(words.text("untranslated"));
        }
        warnings.extend(notes);
        warnings
    }

    fn uncertainty(&self, words: &Catalogue) -> Vec<String> {
        let prediction = self.prediction;
        let mut sentences = Vec::new();
        match &prediction.prediction_set {
            None => sentences.push(words.text("set-none")),
            Some(set) => {
                let names: Vec<String> = set.iter().map(|class| words.class(class)).collect();
                let classes = words.alternatives(&names);
                sentences.push(match names.as_slice() {
                    [] => words.text("set-empty"),
                    [class] => words.with("set-one", &[("class", class)]),
                    all if all.len() == self.case.model.classes.len() => {
                        words.with("set-all", &[("classes", &classes)])
                    }
                    _ => words.with("set-several", &[("classes", &classes)]),
                });
            }
        }
        if let Some(conformal) = self.case.model.pipeline.conformal() {
            let coverage = words.percent(conformal.spec().coverage, 0);
            sentences.push(words.with("set-coverage", &[("coverage", &coverage)]));
        }
        sentences.push(match self.case.model.pipeline.calibrator() {
            Some(method) => words.with(
                "calibration-done",
                &[("method", &words.said(&method.describe()))],
            ),
            None => words.text("calibration-none"),
        });
        if let Some(spread) = &prediction.test_time {
            let of = |value: &serde_json::Value| words.number(value.as_f64(), 2);
            let class = &prediction.class;
            let range = spread.range.get(class);
            let end = |at: usize| range.and_then(|r| r.get(at)).map_or_else(String::new, of);
            let deviation = spread.standard_deviation.get(class);
            sentences.push(words.with(
                "spread-views",
                &[
                    ("views", &spread.views.to_string()),
                    ("class", &words.class(class)),
                    ("low", &end(0)),
                    ("high", &end(1)),
                    (
                        "deviation",
                        &words.number(deviation.and_then(|d| d.as_f64()), 3),
                    ),
                    ("agreement", &words.percent(spread.agreement, 0)),
                ],
            ));
        }
        let distances = [
            (
                "mahalanobis",
                words.number(prediction.mahalanobis_distance, 2),
            ),
            ("neighbour", words.number(prediction.neighbour_distance, 2)),
        ];
        let distances = distances
            .each_ref()
            .map(|(name, text)| (*name, text.as_str()));
        sentences.push(match prediction.out_of_distribution {
            None => words.text("novelty-none"),
            Some(false) => words.with("novelty-inside", &distances),
            Some(true) => words.with("novelty-outside", &distances),
        });
        sentences
    }

    fn attribution(&self, words: &Catalogue) -> Result<Option<AttributionPictures>, StudyError> {
        let Some(source) = &self.plan.attribution else {
            return Ok(None);
        };
        let (name, map) = source.map(self.case, self.class, words, self.progress)?;
        let (series, lesion) = (&self.case.study.series, &self.case.lesion.mask);
        let heat = pictures::heat_on(&map, series.geometry());
        let (planes, phases) = match &heat {
            Some(heat) => {
                let pictures::Close {
                    series,
                    lesion,
                    heat,
                    start,
                } = pictures::close_to(series, lesion, heat)?;
                (
                    pictures::planes(&series, &lesion, Some(&heat), start, words)?,
                    pictures::phases(&series, &lesion, None, Some(&heat), words)?,
                )
            }
            None => Default::default(),
        };
        Ok(Some(AttributionPictures {
            name,
            planes,
            phases,
        }))
    }

    fn curve(&self, words: &Catalogue) -> Result<KineticCurve, StudyError> {
        let series = &self.case.study.series;
        let curve = triher_kinetics::curve(series, &self.case.lesion.mask)?;
        let times = series.times_s();
        let points = curve.iter().enumerate().map(|(phase, &mean)| CurvePoint {
            phase: format!("C{phase}"),
            time_s: times.as_ref().map(|t| t[phase]),
            mean,
        });
        let kind = triher_kinetics::curve_type(&curve, CURVE_TOLERANCE_PERCENT);
        let kind = kind.map(|kind| match kind {
            CurveType::Persistent => words.text("curve-persistent"),
            CurveType::Plateau => words.text("curve-plateau"),
            CurveType::WashOut => words.text("curve-wash-out"),
        });
        Ok(KineticCurve {
            quantity: words.text("curve-quantity"),
            points: points.collect(),
            curve_type: kind,
        })
    }

    fn lesion_facts(&self, words: &Catalogue) -> Vec<(String, String)> {
        let lesion = &self.prediction.lesion;
        let size = &lesion.size;
        let millimetres = |value: f64| format!("{value:.1} mm");
        let facts = [
            ("lesion-found-by", words.said(&lesion.found_by)),
            (
                "lesion-volume",
                format!("{:.2} ml", size.volume_mm3 / 1000.0),
            ),
            (
                "lesion-effective-diameter",
                millimetres(size.effective_diameter_mm),
            ),
            (
                "lesion-longest-diameter",
                millimetres(size.longest_diameter_mm),
            ),
            ("lesion-voxels", lesion.voxels.to_string()),
        ];
        facts.map(|(key, value)| (words.text(key), value)).to_vec()
    }

    fn reasons(&self, words: &Catalogue) -> Vec<Reason> {
        let class = words.class(&self.prediction.class);
        self.leading()
            .map(|c| Reason {
                feature: feature_words(&c.feature, words),
                standing: self.standing(&c.feature, c.log_odds < 0.0, &class, words),
                contribution: c.log_odds,
            })
            .collect()
    }

    /// The features that move the score at all.
    fn leading(&self) -> impl Iterator<Item = &Contribution> {
        let top = self.prediction.top_features.iter();
        top.filter(|c| c.log_odds != 0.0)
    }

    /// Where a feature's value stands among the training patients, and for or against which class it speaks.
    fn standing(&self, feature: &str, against: bool, class: &str, words: &Catalogue) -> String {
        let place = self
            .case
            .model
            .feature_names
            .iter()
            .position(|n| n == feature);
        let value = self.prediction.features.get(feature);
        let value = value.and_then(serde_json::Value::as_f64);
        let quantiles = &self.case.model.training.feature_quantiles;
        let below = place
            .zip(value)
            .and_then(|(p, v)| quantiles.share_below(p, v));
        let (key, share) = match below {
            Some(below) if below >= 0.5 => ("standing-higher", below),
            Some(below) => ("standing-lower", 1.0 - below),
            None => ("standing-none", f64::NAN),
        };
        let key = if against {
            format!("{key}-against")
        } else {
            key.to_owned()
        };
        let share = words.percent(share, 0);
        words.with(&key, &[("share", &share), ("class", class)])
    }

    /// What to know about the reasons: whether they add up, and where the patient stands.
    fn reasons_notes(&self, words: &Catalogue) -> Vec<String> {
        let model = &self.case.model;
        let classifier = words.said(&model.pipeline.classifier().describe());
        let classifier = [("classifier", classifier.as_str())];
        if self.leading().next().is_none() {
            return vec![words.with("reasons-still", &classifier)];
        }
        let mut notes = Vec::new();
        if !matches!(model.pipeline.classifier(), FittedClassifier::Logistic(_)) {
            notes.push(words.with("reasons-alone", &classifier));
        }
        if model.training.feature_quantiles.is_empty() {
            notes.push(words.text("reasons-no-quantiles"));
        }
        notes
    }
}

/// The phases that were read, what told them apart and their grid.
pub(crate) fn series_read(study: &PatientStudy, words: &Catalogue) -> Vec<(String, String)> {
    let read = study.phases.iter().map(|phase| {
        let time = match phase.seconds {
            Some(s) => words.with("seconds", &[("value", &format!("{s:.0}"))]),
            None => words.text("time-unknown"),
        };
        let source = words.said(&phase.source);
        let placeholders = [
            ("source", source.as_str()),
            ("slices", &phase.slices.to_string()),
            ("time", &time),
        ];
        (
            format!("C{}", phase.index),
            words.with("series-phase", &placeholders),
        )
    });
    let mut read: Vec<(String, String)> = read.collect();
    read.push((words.text("told-apart"), words.said(&study.evidence)));
    let geometry = study.series.geometry().to_string();
    read.push((words.text("grid"), words.said(&geometry)));
    read
}

/// The reason of a note that says why one feature has no value: "kin_auc_mean: the phases have no times".
fn reason_of(note: &str) -> Option<&str> {
    let (feature, reason) = note.split_once(": ")?;
    let measured = feature.starts_with("kin_") || feature.starts_with("fo_");
    measured.then_some(reason)
}

/// Notes in the catalogue's language; features that lack a value for the same reason are counted in one sentence.
fn gathered(notes: &[String], words: &Catalogue) -> Vec<String> {
    let mut counts: Vec<(&str, usize)> = Vec::new();
    let mut said = Vec::new();
    for note in notes {
        let Some(reason) = reason_of(note) else {
            said.push(words.said(note));
            continue;
        };
        match counts.iter_mut().find(|(known, _)| *known == reason) {
            Some((_, count)) => *count += 1,
            None => counts.push((reason, 1)),
        }
    }
    said.extend(counts.into_iter().map(|(reason, count)| {
        let (count, why) = (count.to_string(), words.said(reason));
        words.with(
            "features-without-value",
            &[("count", &count), ("why", &why)],
        )
    }));
    said
}
