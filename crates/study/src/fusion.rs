//! Fusion of blocks of features, named by the dictionary of a table (`TABLE.features.csv`).

use crate::StudyError;
use crate::extract::with_suffix;
use crate::model_settings::{Method, ModelSettings};
use crate::tables::TableSource;
use serde::{Deserialize, Serialize};
use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use triher_learn::{ClassifierSpec, Combination, Ensemble, InnerFolds, Member, PcaSpec};

/// How blocks of features become one prediction, as the key `model.fusion` of a study file holds it.
///
/// ```toml
/// [model.fusion]
/// how = "gated"
///
/// [[model.fusion.blocks]]
/// name = "embedding"
/// family = ["Encoder embedding"]
/// pca = 16
///
/// [[model.fusion.blocks]]
/// name = "kinetics"
/// family = ["Contrast kinetics", "Size"]
/// region = ["lesion"]
/// method = "random_forest"
///
/// [[model.fusion.blocks]]
/// name = "clinical"
/// columns = ["age", "menopause"]
/// ```
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FusionSettings {
    /// How.
    #[serde(default)]
    pub how: Fusion,
    /// Inverse penalty of what combines the blocks' predictions (`stacked` and `gated`).
    #[serde(default = "one")]
    pub c: f64,
    /// Inner folds whose predictions the combination is fitted on (`stacked` and `gated`).
    #[serde(default)]
    pub inner: InnerFolds,
    /// The blocks, one or more. Columns in no block are not used.
    pub blocks: Vec<BlockSettings>,
}

fn one() -> f64 {
    1.0
}

/// Kinds of fusion.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Fusion {
    /// The blocks' columns side by side, one classifier: that of the model's `method`.
    Early,
    /// One classifier a block, the mean of their probabilities.
    #[default]
    Late,
    /// One classifier a block, logistic regression on their out-of-fold probabilities.
    Stacked,
    /// One classifier a block, weighed for each patient by how sure each is ([`Combination::Gate`]).
    Gated,
}

/// One block. A column belongs to it when the dictionary's `family`, `region` and `input` of the column are among those listed (a list that is
/// left out allows all), or when `columns` names it. A `*` at the end stands for any ending.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BlockSettings {
    /// Name of the block, as reports show it.
    pub name: String,
    /// Families of the dictionary.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub family: Vec<String>,
    /// Regions of the dictionary.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub region: Vec<String>,
    /// Inputs of the dictionary: phases and differences of two.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub input: Vec<String>,
    /// Columns by name.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub columns: Vec<String>,
    /// Principal components of the block, not with `early`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pca: Option<usize>,
    /// Classifier of the block; the model's when left out. Not with `early`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub method: Option<Method>,
}

/// A row of a dictionary; its further columns are of no concern here.
#[derive(Clone, Debug, Deserialize)]
struct Entry {
    name: String,
    #[serde(default)]
    input: String,
    #[serde(default)]
    region: String,
    #[serde(default)]
    family: String,
}

fn matches(wanted: &[String], text: &str) -> bool {
    wanted.iter().any(|w| match w.strip_suffix('*') {
        Some(beginning) => text.starts_with(beginning),
        None => text == w,
    })
}

impl BlockSettings {
    fn asks_dictionary(&self) -> bool {
        !(self.family.is_empty() && self.region.is_empty() && self.input.is_empty())
    }

    fn holds(&self, column: &str, entry: Option<&Entry>) -> bool {
        let allowed = |wanted: &[String], text: &str| wanted.is_empty() || matches(wanted, text);
        let described = entry.is_some_and(|e| {
            self.asks_dictionary()
                && allowed(&self.family, &e.family)
                && allowed(&self.region, &e.region)
                && allowed(&self.input, &e.input)
        });
        described || matches(&self.columns, column)
    }
}

/// The settings with `fusion` turned into a classifier whose members have columns by name, and what a reader must know; settings
/// without fusion as they are.
///
/// # Errors
/// [`StudyError::Input`] for a block without a name or without a column, a dictionary that is needed and not there, and settings that
/// contradict each other; [`StudyError::Read`] and [`StudyError::Input`] for a dictionary that cannot be read.
pub(crate) fn with_columns(
    model: &ModelSettings,
    tables: &[(String, TableSource)],
    columns: &[String],
) -> Result<(ModelSettings, Vec<String>), StudyError> {
    let Some(fusion) = &model.fusion else {
        return Ok((model.clone(), Vec::new()));
    };
    let refused = |text: String| Err(StudyError::Input(text));
    if model.classifier.is_some() {
        return refused(
            "the model has both `classifier` and `fusion`: leave one of them out".to_owned(),
        );
    }
    if model.pca.is_some() && fusion.how != Fusion::Early {
        return refused(
            "`model.pca` would mix the blocks: give each block of `model.fusion` its own `pca`, or use how = \"early\"".to_owned(),
        );
    }
    let mut entries: BTreeMap<String, Entry> = BTreeMap::new();
    for (_, table) in tables {
        let read = dictionary(&with_suffix(&table.features, ".features.csv"))?;
        entries.extend(read.into_iter().map(|e| (e.name.clone(), e)));
    }
    let mut blocks: Vec<(&BlockSettings, Vec<String>)> = Vec::new();
    for block in &fusion.blocks {
        let name = &block.name;
        if name.is_empty() || blocks.iter().any(|(b, _)| b.name == *name) {
            return refused(format!(
                "every block of `model.fusion` needs a name of its own; \"{name}\" is none"
            ));
        }
        if block.asks_dictionary() && entries.is_empty() {
            return refused(format!(
                "the block {name} is described by the table's dictionary, and there is none: put TABLE.features.csv beside the table, or name its `columns`"
            ));
        }
        if fusion.how == Fusion::Early && (block.pca.is_some() || block.method.is_some()) {
            return refused(format!(
                "early fusion has one classifier for all blocks: leave out `pca` and `method` of the block {name}, or use how = \"late\""
            ));
        }
        let own = columns.iter().filter(|c| block.holds(c, entries.get(*c)));
        let own: Vec<String> = own.cloned().collect();
        if own.is_empty() {
            let families: BTreeSet<&str> = entries.values().map(|e| e.family.as_str()).collect();
            let families: Vec<&str> = families.into_iter().filter(|f| !f.is_empty()).collect();
            return refused(format!(
                "the block {name} has no column of the table; its dictionary knows the families {}",
                if families.is_empty() {
                    "(none)".to_owned()
                } else {
                    families.join(", ")
                }
            ));
        }
        blocks.push((block, own));
    }
    if blocks.is_empty() {
        return refused("`model.fusion` has no block: add [[model.fusion.blocks]]".to_owned());
    }
    let used: BTreeSet<&String> = blocks.iter().flat_map(|(_, own)| own).collect();
    let mut notes: Vec<String> = blocks
        .iter()
        .map(|(block, own)| format!("block {}: {} columns", block.name, own.len()))
        .collect();
    let left = columns.iter().filter(|c| !used.contains(c)).count();
    if left > 0 {
        notes.push(format!("{left} columns are in no block and are not used"));
    }
    let members = match fusion.how {
        Fusion::Early => vec![Member {
            name: "all blocks".to_owned(),
            columns: columns
                .iter()
                .filter(|c| used.contains(c))
                .cloned()
                .collect(),
            pca: model.pca.map(PcaSpec::Components),
            classifier: model.method.classifier(model),
        }],
        _ => (blocks.into_iter())
            .map(|(block, own)| Member {
                name: block.name.clone(),
                columns: own,
                pca: block.pca.map(PcaSpec::Components),
                classifier: block.method.unwrap_or(model.method).classifier(model),
            })
            .collect(),
    };
    let c = fusion.c;
    let ensemble = Ensemble {
        members,
        combination: match fusion.how {
            Fusion::Early | Fusion::Late => Combination::Average,
            Fusion::Stacked => Combination::Stack { c },
            Fusion::Gated => Combination::Gate { c },
        },
        inner: fusion.inner,
    };
    let resolved = ModelSettings {
        classifier: Some(ClassifierSpec::Ensemble(ensemble)),
        fusion: None,
        pca: None,
        ..model.clone()
    };
    Ok((resolved, notes))
}

/// The rows of a dictionary; none when there is no such file.
fn dictionary(path: &Path) -> Result<Vec<Entry>, StudyError> {
    let text = match std::fs::read(path) {
        Ok(text) => text,
        Err(e) if e.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(e) => return Err(StudyError::read(path)(e)),
    };
    let mut reader = csv::Reader::from_reader(text.as_slice());
    let rows: Result<Vec<Entry>, csv::Error> = reader.deserialize().collect();
    rows.map_err(|e| {
        StudyError::Input(format!(
            "{} is no dictionary of features: {e}. Let `triher extract` write it again.",
            path.display()
        ))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feature_definition::FeatureDefinition;
    use triher_learn::{ClassifierSpec, Dataset, Matrix, Pipeline};

    const COLUMNS: [&str; 7] = [
        "emb_000",
        "emb_001",
        "kin_wash_in",
        "ring_kin_wash_in",
        "size_volume_mm3",
        "age",
        "scanner",
    ];

    /// A folder with a table's dictionary as `triher extract` writes it, and that table.
    fn folder() -> (tempfile::TempDir, Vec<(String, TableSource)>, Vec<String>) {
        let folder = tempfile::tempdir().unwrap();
        let definitions: Vec<FeatureDefinition> = COLUMNS[..5]
            .iter()
            .map(|name| {
                let mut own = FeatureDefinition::of_own(name.trim_start_matches("ring_"));
                own.name = (*name).to_owned();
                if name.starts_with("ring_") {
                    own.region = "ring of 3 mm".to_owned();
                }
                own
            })
            .collect();
        let text = crate::feature_definition::dictionary(&definitions).unwrap();
        std::fs::write(folder.path().join("t.csv.features.csv"), text).unwrap();
        let table = TableSource {
            features: folder.path().join("t.csv"),
            labels: None,
            columns: toml::from_str("label = \"class\"").unwrap(),
            part: None,
        };
        let columns = COLUMNS.map(str::to_owned).to_vec();
        (folder, vec![("cohort".to_owned(), table)], columns)
    }

    fn settings(text: &str) -> ModelSettings {
        toml::from_str(text).unwrap_or_else(|e| panic!("{e}"))
    }

    const BLOCKS: &str = r#"
        [[fusion.blocks]]
        name = "embedding"
        family = ["Encoder embedding"]

        [[fusion.blocks]]
        name = "kinetics"
        family = ["Contrast *", "Size"]
        region = ["lesion"]

        [[fusion.blocks]]
        name = "clinical"
        columns = ["age"]
    "#;

    fn members(model: &ModelSettings) -> Vec<(String, Vec<String>)> {
        let Some(ClassifierSpec::Ensemble(ensemble)) = &model.classifier else {
            panic!("no ensemble")
        };
        let members = ensemble.members.iter();
        members
            .map(|m| (m.name.clone(), m.columns.clone()))
            .collect()
    }

    #[test]
    fn blocks_get_the_columns_that_the_dictionary_describes() {
        let (_folder, tables, columns) = folder();
        let model = settings(&format!("fusion.how = \"gated\"\n{BLOCKS}"));
        let (resolved, notes) = with_columns(&model, &tables, &columns).unwrap();
        let of = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
        assert_eq!(
            members(&resolved),
            [
                ("embedding".to_owned(), of(&["emb_000", "emb_001"])),
                // The ring is another region.
                (
                    "kinetics".to_owned(),
                    of(&["kin_wash_in", "size_volume_mm3"])
                ),
                ("clinical".to_owned(), of(&["age"])),
            ]
        );
        assert_eq!(
            notes.last().unwrap(),
            "2 columns are in no block and are not used"
        );
        // What is written is what was asked for, and reads the same.
        let text = toml::to_string(&model).unwrap();
        assert_eq!(settings(&text), model);
    }

    #[test]
    fn every_kind_of_fusion_is_fitted_and_predicts() {
        let (_folder, tables, columns) = folder();
        let noise = |i: usize, j: usize| (12.9898 * (i * 7 + j * 31 + 1) as f64).sin();
        let n = 45;
        let ids: Vec<String> = (0..n).map(|i| format!("p{i}")).collect();
        let data = Dataset::new(
            ids.clone(),
            ids,
            None,
            columns.clone(),
            Matrix::from_fn(n, 7, |i, j| {
                (i % 3) as f64 * f64::from(u8::from(j % 2 == 0)) + noise(i, j)
            }),
            (0..n).map(|i| i % 3).collect(),
            ["zero", "low", "positive"].map(str::to_owned).to_vec(),
        )
        .unwrap();
        for (how, count, words) in [
            ("early", 1, "averaged"),
            ("late", 3, "averaged"),
            ("stacked", 3, "stacked"),
            ("gated", 3, "gated"),
        ] {
            let model = settings(&format!("fusion.how = \"{how}\"\n{BLOCKS}"));
            let (resolved, _) = with_columns(&model, &tables, &columns).unwrap();
            assert_eq!(members(&resolved).len(), count, "{how}");
            let fitted = Pipeline::new(resolved.pipeline())
                .fit(&data.whole())
                .unwrap();
            assert!(fitted.describe().contains(words), "{}", fitted.describe());
            let p = fitted.predict_proba(&data.x).unwrap();
            let right = (0..n).filter(|&i| p.row(i).iter().all(|v| *v <= p.row(i)[i % 3]));
            assert!(right.count() > 25, "{how}");
        }
    }

    #[test]
    fn what_cannot_be_fused_is_said() {
        let (folder, tables, columns) = folder();
        for (text, says) in [
            (format!("pca = 3\nfusion.how = \"late\"\n{BLOCKS}"), "its own `pca`"),
            (
                format!("classifier = {{ method = \"ordinal\" }}\nfusion.how = \"late\"\n{BLOCKS}"),
                "leave one of them out",
            ),
            ("fusion.blocks = []".to_owned(), "has no block"),
            (
                "fusion.blocks = [{ name = \"a\", family = [\"Texture\"] }]".to_owned(),
                "knows the families Contrast kinetics, Encoder embedding, Size",
            ),
            (
                "fusion = { how = \"early\", blocks = [{ name = \"a\", columns = [\"age\"], pca = 1 }] }"
                    .to_owned(),
                "one classifier for all blocks",
            ),
            (
                "fusion.blocks = [{ columns = [\"age\"] }]".to_owned(),
                "a name of its own",
            ),
        ] {
            let error = with_columns(&settings(&text), &tables, &columns).unwrap_err();
            assert!(error.to_string().contains(says), "{text}: {error}");
        }
        std::fs::remove_file(folder.path().join("t.csv.features.csv")).unwrap();
        let model = settings(BLOCKS);
        let error = with_columns(&model, &tables, &columns).unwrap_err();
        assert!(error.to_string().contains("there is none"), "{error}");
        std::fs::write(folder.path().join("t.csv.features.csv"), "a,b\n1,2\n").unwrap();
        let error = with_columns(&model, &tables, &columns).unwrap_err();
        assert!(
            error.to_string().contains("no dictionary of features"),
            "{error}"
        );
    }
}
