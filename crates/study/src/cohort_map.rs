//! Maps of a cohort: principal components, t-SNE and UMAP, coloured by what is known of the patients.

use crate::StudyError;
pub use crate::centre_effect::CentreTold;
use crate::centre_effect::{centres_told, effect_figure, standard};
use crate::clinical::{Clinical, ClinicalPlan};
use crate::explain::csv_of;
use crate::figure_files::{FigureFiles, FigureWriter};
use crate::manifest::{Manifest, make_folder_of, write_json, write_whole};
use crate::progress::Progress;
use crate::tables::TableSource;
use crate::train::predictions_of;
use serde::Serialize;
use std::path::PathBuf;
use triher_learn::{Dataset, ModelFile};
use triher_projection::{BatchEffect, Points, continuity, trustworthiness, tsne, umap};
pub use triher_projection::{TsneSettings, UmapSettings};
use triher_report::figure::{ScatterPanel, scatter};
use triher_report::{Catalogue, CohortMapReport, Colouring, Language, Tones, cohort_map_report};

/// Neighbours of trustworthiness and of the batch effect.
pub(crate) const NEIGHBOURS: usize = 10;

/// What to map and where to write.
#[derive(Clone, Debug)]
pub struct CohortMapPlan {
    /// The table.
    pub table: TableSource,
    /// A model whose calls colour the maps.
    pub model: Option<PathBuf>,
    /// Clinical columns that colour the maps.
    pub clinical: ClinicalPlan,
    /// Only features whose name begins with this.
    pub features_from: Option<String>,
    /// Settings of t-SNE.
    pub tsne: TsneSettings,
    /// Settings of UMAP.
    pub umap: UmapSettings,
    /// Language of the page and its figures.
    pub language: Language,
    /// Folder to write to.
    pub out: PathBuf,
}

/// What mapping gave, as `map.json` holds it.
#[derive(Debug, Serialize)]
pub struct CohortMap {
    /// Rows.
    pub rows: usize,
    /// Features that were used.
    pub features: usize,
    /// Each method with its trustworthiness and continuity.
    pub maps: Vec<MapQuality>,
    /// How well centres can be told, before and after ComBat; empty with fewer than two centres.
    pub batch: Vec<CentreTold>,
    /// What the reader must know.
    pub notes: Vec<String>,
}

/// How far one map can be trusted.
#[derive(Debug, Serialize)]
pub struct MapQuality {
    /// The method.
    pub method: String,
    /// Its settings as used.
    pub settings: String,
    /// Share of what looks near and is near.
    pub trustworthiness: f64,
    /// Share of what is near and looks near.
    pub continuity: f64,
}

#[derive(Serialize)]
struct Configuration<'a> {
    columns: &'a crate::study_file::Columns,
    features_from: Option<&'a str>,
    tsne: TsneSettings,
    umap: UmapSettings,
}

/// Maps a cohort and writes `map.csv`, `map.json`, a figure for each colouring and one of the batch effect (SVG, PNG and their numbers as CSV), `map.html` and `manifest.json`.
///
/// Missing values are imputed and features standardised on the rows themselves: a map is a look at a table, and nothing that is fitted
/// for it goes into a model.
///
/// # Errors
/// When a table cannot be read, no feature is left, or there are too few or too many rows.
pub fn cohort_map(plan: &CohortMapPlan, progress: &dyn Progress) -> Result<CohortMap, StudyError> {
    let mut labelled = plan.table.read()?;
    if let Some(start) = &plan.features_from {
        let names = labelled.table.feature_names.iter();
        let keep: Vec<bool> = names.map(|n| n.starts_with(start.as_str())).collect();
        if !keep.contains(&true) {
            return Err(StudyError::Input(format!(
                "no feature of the table begins with \"{start}\""
            )));
        }
        labelled.keep_columns(&keep);
    }
    let data = labelled.dataset()?;
    let (points, panels, quality) = maps_of(&data, &plan.tsne, &plan.umap, progress)?;
    progress.begin("Centres", 1);
    let (batch, more) = centres_told(&data, &points)?;
    progress.step("done");
    progress.end();
    let mut notes = labelled.notes.clone();
    notes.extend(more);
    let colourings = colourings(plan, &data)?;
    let found = CohortMap {
        rows: data.rows(),
        features: data.feature_names.len(),
        maps: quality,
        batch,
        notes,
    };
    write(plan, &data, found, panels, colourings)
}

/// The three maps of a data set's features.
pub(crate) fn maps_of(
    data: &Dataset,
    of_tsne: &TsneSettings,
    of_umap: &UmapSettings,
    progress: &dyn Progress,
) -> Result<(Points, Vec<ScatterPanel>, Vec<MapQuality>), StudyError> {
    let wrong = |e: triher_projection::ProjectionError| StudyError::Input(e.to_string());
    let points = Points::new(&standard(data)?).map_err(wrong)?;
    progress.begin("Maps", 3);
    let first = points.principal().to_vec();
    progress.step("principal components");
    let by_tsne = tsne(&points, of_tsne).map_err(wrong)?;
    progress.step("t-SNE");
    let by_umap = umap(&points, of_umap).map_err(wrong)?;
    progress.step("UMAP");
    progress.end();
    let maps = [
        ("PCA", "first two components".to_owned(), first),
        (
            "t-SNE",
            format!("perplexity {:.0}", by_tsne.perplexity),
            by_tsne.places,
        ),
        (
            "UMAP",
            format!("{} neighbours", by_umap.neighbours),
            by_umap.places,
        ),
    ];
    let mut panels = Vec::new();
    let mut quality = Vec::new();
    for (method, settings, places) in maps {
        let trust = trustworthiness(&points, &places, NEIGHBOURS);
        let continuous = continuity(&points, &places, NEIGHBOURS);
        panels.push(ScatterPanel {
            name: method.to_owned(),
            note: format!("{settings}; trust {trust:.2}, continuity {continuous:.2}"),
            places,
        });
        quality.push(MapQuality {
            method: method.to_owned(),
            settings,
            trustworthiness: trust,
            continuity: continuous,
        });
    }
    Ok((points, panels, quality))
}

/// Colours by class and, where they are known, by centre.
pub(crate) fn by_class_and_centre(data: &Dataset) -> Vec<Colouring> {
    let mut all = vec![Colouring {
        by: "class".to_owned(),
        tones: Tones::Groups,
        names: data.classes.clone(),
        groups: data.y.iter().map(|&y| Some(y)).collect(),
    }];
    all.extend(
        data.centres
            .iter()
            .map(|centres| by_words("centre", centres)),
    );
    all
}

fn colourings(plan: &CohortMapPlan, data: &Dataset) -> Result<Vec<Colouring>, StudyError> {
    let mut all = by_class_and_centre(data);
    if let Some(path) = &plan.model {
        let model = ModelFile::read(path)?;
        // The table as the model needs it: with all features, and classes in its order.
        let whole = plan.table.read()?.dataset_of(&model.classes)?;
        let called = predictions_of(&model, &whole)?.1.predicted();
        let right = called
            .iter()
            .zip(&whole.y)
            .map(|(c, y)| usize::from(c != y));
        all.push(Colouring {
            by: "correctness of the model's call".to_owned(),
            tones: Tones::Calls,
            names: ["right", "wrong"].map(str::to_owned).to_vec(),
            groups: right.map(Some).collect(),
        });
        all.push(Colouring {
            by: "call of the model".to_owned(),
            tones: Tones::Groups,
            names: model.classes.clone(),
            groups: called.into_iter().map(Some).collect(),
        });
    }
    let clinical = Clinical::read(&plan.clinical, &plan.table.columns.id, data)?;
    all.extend(
        clinical
            .subgroups
            .iter()
            .map(|c| by_words(&c.name, &c.levels)),
    );
    Ok(all)
}

/// Groups by word, the largest first.
fn by_words(by: &str, words: &[Option<String>]) -> Colouring {
    let mut counts: std::collections::BTreeMap<&String, usize> = std::collections::BTreeMap::new();
    words
        .iter()
        .flatten()
        .for_each(|w| *counts.entry(w).or_default() += 1);
    let mut names: Vec<&String> = counts.keys().copied().collect();
    names.sort_by_key(|name| std::cmp::Reverse(counts[name]));
    let place = |word: &String| names.iter().position(|n| *n == word);
    Colouring {
        by: by.to_owned(),
        tones: Tones::Groups,
        groups: words.iter().map(|w| w.as_ref().and_then(place)).collect(),
        names: names.into_iter().cloned().collect(),
    }
}

/// The maps in each colouring as files, with a line for each row and map.
///
/// # Errors
/// None that numbers can cause.
pub(crate) fn map_figures(
    panels: &[ScatterPanel],
    colourings: &[Colouring],
    ids: &[String],
    words: &Catalogue,
) -> Result<Vec<FigureFiles>, StudyError> {
    let figure = |c: &Colouring| {
        let lines = panels.iter().flat_map(|panel| {
            let rows = ids.iter().zip(&panel.places).zip(&c.groups);
            rows.map(|((id, [x, y]), group)| {
                let group = group.and_then(|g| c.names.get(g)).cloned();
                [
                    id.clone(),
                    panel.name.clone(),
                    group.unwrap_or_default(),
                    x.to_string(),
                    y.to_string(),
                ]
            })
        });
        let svg = scatter(c, panels, words);
        let name = format!("map-{}", crate::run::slug(&c.by));
        FigureFiles::new(name, svg, &["id", "map", "group", "x", "y"], lines)
    };
    colourings.iter().map(figure).collect()
}

fn write(
    plan: &CohortMapPlan,
    data: &Dataset,
    found: CohortMap,
    panels: Vec<ScatterPanel>,
    colourings: Vec<Colouring>,
) -> Result<CohortMap, StudyError> {
    let mut manifest = Manifest::new(
        "map",
        &Configuration {
            columns: &plan.table.columns,
            features_from: plan.features_from.as_deref(),
            tsne: plan.tsne,
            umap: plan.umap,
        },
    );
    manifest.seeds = vec![("UMAP".to_owned(), plan.umap.seed)];
    manifest.add_input(&plan.table.features)?;
    for path in plan.model.iter().chain(&plan.clinical.table) {
        manifest.add_input(path)?;
    }
    manifest.notes.clone_from(&found.notes);
    let words = &Catalogue::new(plan.language);
    let mut put = |name: &str, bytes: &[u8]| -> Result<(), StudyError> {
        let path = plan.out.join(name);
        make_folder_of(&path)?;
        write_whole(&path, bytes)?;
        manifest.add_output(&path)
    };
    let header = [
        "id", "class", "pca_1", "pca_2", "tsne_1", "tsne_2", "umap_1", "umap_2",
    ];
    let lines = (0..data.rows()).map(|row| {
        let places = panels.iter().flat_map(|p| p.places[row]);
        let mut line = vec![data.ids[row].clone(), data.classes[data.y[row]].clone()];
        line.extend(places.map(|v| v.to_string()));
        line
    });
    put("map.csv", &csv_of(&header, lines)?)?;
    let mut figures = map_figures(&panels, &colourings, &data.ids, words)?;
    let states: Vec<_> = found.batch.iter().map(CentreTold::state).collect();
    let by_centre = colourings.iter().find(|c| c.by == "centre").cloned();
    if let (Some(centres), false) = (&by_centre, states.is_empty()) {
        figures.push(effect_figure(&states, centres, &data.ids, words)?);
    }
    FigureWriter::new()?.put("", &figures, &mut put)?;
    let number =
        |v: Option<f64>| v.map_or_else(|| "not available".to_owned(), |v| format!("{v:.3}"));
    let batch = found.batch.iter().map(|b| {
        let effect = |of: fn(&BatchEffect) -> f64| number(b.effect.as_ref().map(of));
        vec![
            b.features.clone(),
            number(b.accuracy),
            number(Some(b.by_chance)),
            number(b.macro_auc),
            effect(|e| e.silhouette),
            effect(|e| e.own_neighbours),
            effect(|e| e.expected_neighbours),
        ]
    });
    let report = CohortMapReport {
        batch: batch.collect(),
        batch_states: states,
        by_centre,
        panels,
        colourings,
        facts: vec![
            ("Rows".to_owned(), found.rows.to_string()),
            ("Features".to_owned(), found.features.to_string()),
        ],
        notes: found.notes.clone(),
        manifest: manifest_inputs(plan)?,
    };
    put("map.html", cohort_map_report(&report, words).as_bytes())?;
    let json = plan.out.join("map.json");
    write_json(&json, &found)?;
    manifest.add_output(&json)?;
    manifest.write(&plan.out.join("manifest.json"))?;
    Ok(found)
}

fn manifest_inputs(plan: &CohortMapPlan) -> Result<Vec<(String, String)>, StudyError> {
    let file = crate::manifest::FileHash::of(&plan.table.features)?;
    Ok(vec![(file.name, file.sha256)])
}
