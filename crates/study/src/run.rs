//! A whole study from one file: extract, train, evaluate, report.

use crate::StudyError;
use crate::clinical::ClinicalPlan;
use crate::evaluation::{EvaluatePlan, Evaluated, evaluate};
use crate::extract::{ExtractPlan, ExtractSummary, extract};
use crate::frozen::{FROZEN, FrozenModel};
use crate::manifest::Manifest;
use crate::paper::{Paper, write_paper};
use crate::progress::Progress;
use crate::refusal::{RefusedPage, refuse_page};
use crate::split::{Part, PartOf};
use crate::stability::SelectionSettings;
use crate::study_file::{Role, StudyCohort, StudyFile};
use crate::tables::TableSource;
use crate::train::{TrainPlan, Trained, train};
use std::path::{Path, PathBuf};
use triher_report::{Catalogue, Language};

/// A study and where it stands.
#[derive(Clone, Debug)]
pub struct RunPlan {
    /// The study.
    pub study: StudyFile,
    /// The folder that its paths are relative to.
    pub folder: PathBuf,
    /// Folder to write to.
    pub out: PathBuf,
    /// Whether the cohorts are simulated: the reports then say so first.
    pub simulated: bool,
    /// Language of the reports.
    pub language: Language,
    /// Whether external cohorts may be evaluated although another model of this folder has seen them.
    pub look_again: bool,
}

/// What a study gave.
#[derive(Debug)]
pub struct StudyOutcome {
    /// Extractions, by cohort.
    pub extracted: Vec<(String, ExtractSummary)>,
    /// Training with its cross-validated figures.
    pub trained: Trained,
    /// The model file.
    pub model: PathBuf,
    /// External cohorts with their figures and reports.
    pub external: Vec<ExternalOutcome>,
    /// The report on the whole study.
    pub report: PathBuf,
}

/// The evaluation of one external cohort.
#[derive(Debug)]
pub struct ExternalOutcome {
    /// The cohort.
    pub name: String,
    /// Its figures.
    pub evaluated: Evaluated,
    /// Its report.
    pub report: PathBuf,
}

impl RunPlan {
    /// The plan of a study file; `out` overrides the file's folder.
    ///
    /// # Errors
    /// As [`StudyFile::read`].
    pub fn read(file: &Path, out: Option<PathBuf>) -> Result<Self, StudyError> {
        let study = StudyFile::read(file)?;
        let folder = file.parent().unwrap_or(Path::new("")).to_owned();
        let out = out.unwrap_or_else(|| folder.join(&study.output).components().collect());
        Ok(Self {
            study,
            folder,
            out,
            simulated: false,
            language: Language::English,
            look_again: false,
        })
    }

    /// The model file that training writes.
    pub fn model(&self) -> PathBuf {
        self.out.join("model.triher")
    }

    /// The feature table of a cohort, computed first when the study gives its images.
    fn table(
        &self,
        cohort: &StudyCohort,
        extracted: &mut Vec<(String, ExtractSummary)>,
        progress: &dyn Progress,
    ) -> Result<TableSource, StudyError> {
        let mut columns = cohort.columns.clone();
        let features = match (&cohort.extract, &cohort.features) {
            (Some(file), _) => {
                let table = self
                    .out
                    .join(format!("features-{}.parquet", slug(&cohort.name)));
                let plan = ExtractPlan {
                    cohort: self.folder.join(file),
                    out: Some(table.clone()),
                    fresh: false,
                };
                extracted.push((cohort.name.clone(), extract(&plan, progress)?));
                // The extraction joined the labels of the cohort file under this name.
                if cohort.labels.is_none() {
                    columns.label = crate::extract::LABEL_COLUMN.to_owned();
                }
                table
            }
            (None, Some(table)) => self.folder.join(table),
            (None, None) => {
                return Err(StudyError::Internal("a cohort without features".to_owned()));
            }
        };
        let labels = cohort.labels.as_ref().map(|l| self.folder.join(l));
        Ok(TableSource {
            features,
            labels,
            columns,
            part: None,
        })
    }

    /// What is looked at beside the figures of a cohort; nothing where it has no table of clinical findings.
    pub(crate) fn clinical(&self, cohort: &StudyCohort) -> ClinicalPlan {
        let Some(table) = &cohort.clinical else {
            return ClinicalPlan::default();
        };
        ClinicalPlan {
            table: Some(self.folder.join(table)),
            subgroups: self.study.subgroups.clone(),
            survival: self.study.survival.clone(),
        }
    }

    /// A part of the study's fixed split; `None` where it has none.
    fn part(&self, part: Part) -> Option<PartOf> {
        let file = self.study.validation.split.as_ref()?;
        Some(PartOf {
            file: self.folder.join(file),
            part,
        })
    }

    /// The tables that have rows of another part of the split.
    fn tables_with(
        &self,
        part: PartOf,
        tables: &[(String, TableSource)],
    ) -> Result<Vec<TableSource>, StudyError> {
        let mut with = Vec::new();
        for (_, table) in tables {
            let table = TableSource {
                part: Some(part.clone()),
                ..table.clone()
            };
            if !table.read()?.table.ids.is_empty() {
                with.push(table);
            }
        }
        Ok(with)
    }

    fn cohorts(&self, role: Role) -> impl Iterator<Item = &StudyCohort> {
        self.study.cohorts.iter().filter(move |c| c.role == role)
    }

    /// Extracts the training cohorts where needed, and trains.
    ///
    /// # Errors
    /// As [`extract`] and [`train`].
    pub fn train(
        &self,
        model: &Path,
        extracted: &mut Vec<(String, ExtractSummary)>,
        progress: &dyn Progress,
    ) -> Result<Trained, StudyError> {
        let mut tables = Vec::new();
        let mut clinical = Vec::new();
        for cohort in self.cohorts(Role::Training) {
            clinical.push((cohort.columns.id.clone(), self.clinical(cohort)));
            let mut table = self.table(cohort, extracted, progress)?;
            table.part = self.part(Part::Training);
            tables.push((cohort.name.clone(), table));
        }
        let validation_tables = match self.part(Part::Validation) {
            Some(part) => self.tables_with(part, &tables)?,
            None => Vec::new(),
        };
        let plan = TrainPlan {
            tables,
            clinical,
            selection: SelectionSettings {
                stability: (self.study.selection.stability.as_ref()).map(|p| self.folder.join(p)),
                ..self.study.selection.clone()
            },
            model: self.study.model.clone(),
            validation: self.study.validation.clone(),
            seed: self.study.seed,
            out: model.to_owned(),
            json: Some(self.out.join("cross-validation.json")),
            validation_tables,
            validation_json: Some(self.out.join("validation.json")),
            out_of_fold: Some(self.out.join("predictions-out-of-fold.csv")),
            rounds: Some(self.out.join("rounds")),
        };
        train(&plan, progress)
    }
}

/// Carries out a study. Extractions of an earlier run are taken up where nothing has changed.
///
/// Written into the plan's folder: `features-COHORT.parquet`, `model.triher`, `cross-validation.json`, and for each external
/// cohort `evaluation-COHORT.json`, `report-COHORT.html` and `predictions-COHORT.csv`, each with its manifest; `report-study.html` with the
/// folder `figures` and the guidelines' tables; and `manifest.json` of the whole. Where the input cannot be used, `report-study.html` says
/// what is missing and what to do.
///
/// # Errors
/// As [`extract`], [`train`] and [`evaluate`].
pub fn run(plan: &RunPlan, progress: &dyn Progress) -> Result<StudyOutcome, StudyError> {
    carry_out(plan, progress).or_else(|problem| {
        let page = RefusedPage {
            heading: "refused-study",
            title: plan.study.name.clone(),
            language: plan.language,
            simulated: plan.simulated,
            html: Some(plan.out.join("report-study.html")),
            json: None,
            paths: vec![&plan.out, &plan.folder],
        };
        refuse_page(&page, &problem)?;
        Err(problem)
    })
}

fn carry_out(plan: &RunPlan, progress: &dyn Progress) -> Result<StudyOutcome, StudyError> {
    let mut extracted = Vec::new();
    let model = plan.model();
    let trained = plan.train(&model, &mut extracted, progress)?;
    let mut manifest = Manifest::new("run", &plan.study);
    manifest.seeds = vec![("folds and bootstrap".to_owned(), plan.study.seed)];
    manifest.add_output(&model)?;
    let mut external = Vec::new();
    let mut words = None;
    let cohorts = plan.external(&mut extracted, progress)?;
    if !cohorts.is_empty() {
        let frozen = FrozenModel::freeze(&model, &plan.out, plan.look_again)?;
        manifest.add_output(&plan.out.join(FROZEN))?;
        manifest.notes.push(frozen.in_words());
        words = Some(frozen.in_words());
        for cohort in cohorts {
            external.push(plan.evaluate(&frozen, cohort, &mut manifest, progress)?);
        }
    }
    for (cohort, summary) in &extracted {
        manifest.add_output(&summary.table)?;
        for skipped in &summary.skipped {
            manifest.notes.push(format!(
                "{cohort}: skipped {}: {}",
                skipped.patient, skipped.reason
            ));
        }
    }
    let skipped = extracted.iter().map(|(cohort, summary)| {
        let reasons = summary.skipped.iter().map(|s| s.reason.clone());
        (cohort.clone(), summary.skipped.len(), reasons.collect())
    });
    let skipped: Vec<(String, usize, Vec<String>)> = skipped.collect();
    let paper = Paper {
        plan,
        trained: &trained,
        external: &external,
        skipped: &skipped,
        frozen: words,
    };
    let report = write_paper(&paper, &mut manifest, progress)?;
    manifest.write(&plan.out.join("manifest.json"))?;
    Ok(StudyOutcome {
        report,
        extracted,
        trained,
        model,
        external,
    })
}

/// A cohort that the model has not seen.
struct External {
    name: String,
    table: TableSource,
    clinical: ClinicalPlan,
}

impl RunPlan {
    /// The external cohorts and the external part of a fixed split; no table of them is read here but for the split's own file.
    fn external(
        &self,
        extracted: &mut Vec<(String, ExtractSummary)>,
        progress: &dyn Progress,
    ) -> Result<Vec<External>, StudyError> {
        let mut cohorts = Vec::new();
        if let Some(part) = self.part(Part::External) {
            for cohort in self.cohorts(Role::Training) {
                if !PartOf::any(&part.file, &cohort.columns.id, Part::External)? {
                    continue;
                }
                cohorts.push(External {
                    name: Catalogue::new(self.language)
                        .with("study-external-part", &[("name", &cohort.name)]),
                    table: TableSource {
                        part: Some(part.clone()),
                        ..self.table(cohort, extracted, progress)?
                    },
                    clinical: self.clinical(cohort),
                });
            }
        }
        for cohort in self.cohorts(Role::External) {
            cohorts.push(External {
                name: cohort.name.clone(),
                table: self.table(cohort, extracted, progress)?,
                clinical: self.clinical(cohort),
            });
        }
        Ok(cohorts)
    }

    /// Evaluates the frozen model on one external cohort.
    fn evaluate(
        &self,
        frozen: &FrozenModel,
        cohort: External,
        manifest: &mut Manifest,
        progress: &dyn Progress,
    ) -> Result<ExternalOutcome, StudyError> {
        let name = slug(&cohort.name);
        let report = self.out.join(format!("report-{name}.html"));
        let json = self.out.join(format!("evaluation-{name}.json"));
        let predictions = self.out.join(format!("predictions-{name}.csv"));
        let evaluated = evaluate(
            &EvaluatePlan {
                model: frozen.path()?.to_owned(),
                table: cohort.table,
                clinical: cohort.clinical,
                bootstrap: self.study.validation.bootstrap,
                seed: self.study.seed,
                title: Catalogue::new(self.language).with(
                    "evaluation-title-cohort",
                    &[("study", &self.study.name), ("cohort", &cohort.name)],
                ),
                language: self.language,
                simulated: self.simulated,
                json: Some(json.clone()),
                html: Some(report.clone()),
                predictions: Some(predictions.clone()),
            },
            progress,
        )?;
        for output in [&json, &report, &predictions] {
            manifest.add_output(output)?;
        }
        Ok(ExternalOutcome {
            name: cohort.name,
            evaluated,
            report,
        })
    }
}

/// A name that is safe in a file name: letters and digits in lower case, dashes between.
pub(crate) fn slug(name: &str) -> String {
    let mut slug = String::new();
    for letter in name.chars() {
        if letter.is_alphanumeric() {
            slug.extend(letter.to_lowercase());
        } else if !slug.is_empty() && !slug.ends_with('-') {
            slug.push('-');
        }
    }
    slug.trim_end_matches('-').to_owned()
}
