//! The classifier of a study, as files and commands name it.

use crate::StudyError;
use crate::fusion::FusionSettings;
use crate::study_file::configuration;
use serde::{Deserialize, Serialize};
use std::path::Path;
use triher_learn::{
    ClassWeight, ClassifierSpec, ElasticNetSelection, GradientBoosting, Kernel, NearestNeighbours,
    OrdinalModel, OrdinalRegression, PcaSpec, Penalty, Perceptron, PipelineSpec, Preparation,
    ProbabilitySpec, RandomForest, SupportVectorMachine, TuningSpec, TwoStage,
};

/// The classifier's settings, and what follows it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct ModelSettings {
    /// Features that are left out or changed before all else, fitted within the training fold.
    #[serde(skip_serializing_if = "Preparation::is_default")]
    pub prepare: Preparation,
    /// The method, with its usual settings.
    pub method: Method,
    /// The penalty of logistic regression.
    pub penalty: PenaltyName,
    /// Inverse strength of the penalty, as scikit-learn's `C`, of the methods that have one.
    pub c: f64,
    /// Whether features are standardised within the training fold.
    pub standardize: bool,
    /// Principal components, fitted within the training fold.
    pub pca: Option<usize>,
    /// Whether classes are weighed by the inverse of their frequency, for the methods that can.
    pub balanced: bool,
    /// The whole of a classifier, in place of `method`, `penalty`, `c` and `balanced`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub classifier: Option<ClassifierSpec>,
    /// Blocks of features, named by the table's dictionary, and how they are fused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub fusion: Option<FusionSettings>,
    /// Other methods that are cross-validated on the same folds.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub compare: Vec<Method>,
    /// Calibration, prediction sets, distances from the training rows.
    #[serde(skip_serializing_if = "is_nothing")]
    pub probability: ProbabilitySpec,
    /// Search for the classifier's settings within each training fold.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tuning: Option<TuningSpec>,
}

fn is_nothing(spec: &ProbabilitySpec) -> bool {
    *spec == ProbabilitySpec::default()
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self {
            prepare: Preparation::default(),
            method: Method::Logistic,
            penalty: PenaltyName::L2,
            c: 1.0,
            standardize: true,
            pca: None,
            balanced: false,
            classifier: None,
            fusion: None,
            compare: Vec::new(),
            probability: ProbabilitySpec::default(),
            tuning: None,
        }
    }
}

/// Classifiers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
#[non_exhaustive]
pub enum Method {
    /// Multinomial (three and more classes) or binary logistic regression.
    Logistic,
    /// Logistic regression with the lasso, its strength found by inner cross-validation along the path.
    ElasticNet,
    /// Ordinal regression by proportional odds.
    Ordinal,
    /// Ordinal regression by adjacent categories.
    AdjacentCategory,
    /// The first class against the rest, then the rest among themselves, by logistic regression.
    TwoStage,
    /// k nearest neighbours.
    NearestNeighbours,
    /// A random forest.
    RandomForest,
    /// A linear support vector machine.
    SupportVector,
    /// A support vector machine with a Gaussian kernel.
    SupportVectorRbf,
    /// Gradient-boosted trees.
    Boosting,
    /// A small multi-layer perceptron.
    Perceptron,
}

impl Method {
    /// All of them.
    pub const ALL: [Self; 11] = [
        Self::Logistic,
        Self::ElasticNet,
        Self::Ordinal,
        Self::AdjacentCategory,
        Self::TwoStage,
        Self::NearestNeighbours,
        Self::RandomForest,
        Self::SupportVector,
        Self::SupportVectorRbf,
        Self::Boosting,
        Self::Perceptron,
    ];

    /// Its name, as files and commands write it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Logistic => "logistic",
            Self::ElasticNet => "elastic_net",
            Self::Ordinal => "ordinal",
            Self::AdjacentCategory => "adjacent_category",
            Self::TwoStage => "two_stage",
            Self::NearestNeighbours => "nearest_neighbours",
            Self::RandomForest => "random_forest",
            Self::SupportVector => "support_vector",
            Self::SupportVectorRbf => "support_vector_rbf",
            Self::Boosting => "boosting",
            Self::Perceptron => "perceptron",
        }
    }

    /// The method of a name.
    pub fn of_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|method| method.name() == name)
    }

    /// The classifier with its usual settings and the `C` and the weights of these settings.
    pub(crate) fn classifier(self, settings: &ModelSettings) -> ClassifierSpec {
        let c = settings.c;
        let class_weight = match settings.balanced {
            true => ClassWeight::Balanced,
            false => ClassWeight::None,
        };
        let PenaltyName::L2 = settings.penalty;
        let logistic = ClassifierSpec::Logistic {
            penalty: Penalty::L2,
            c,
            class_weight,
        };
        let ordinal = |model| {
            ClassifierSpec::Ordinal(OrdinalRegression {
                model,
                c,
                class_weight,
            })
        };
        let support_vector = |kernel| {
            ClassifierSpec::SupportVector(SupportVectorMachine {
                kernel,
                c,
                class_weight,
                ..SupportVectorMachine::default()
            })
        };
        match self {
            Self::Logistic => logistic,
            Self::ElasticNet => ClassifierSpec::ElasticNet(ElasticNetSelection {
                class_weight,
                ..ElasticNetSelection::default()
            }),
            Self::Ordinal => ordinal(OrdinalModel::ProportionalOdds),
            Self::AdjacentCategory => ordinal(OrdinalModel::AdjacentCategory),
            Self::TwoStage => ClassifierSpec::TwoStage(TwoStage {
                first: Box::new(logistic.clone()),
                rest: Box::new(logistic),
            }),
            Self::NearestNeighbours => {
                ClassifierSpec::NearestNeighbours(NearestNeighbours::default())
            }
            Self::RandomForest => ClassifierSpec::RandomForest(RandomForest {
                class_weight,
                ..RandomForest::default()
            }),
            Self::SupportVector => support_vector(Kernel::Linear),
            Self::SupportVectorRbf => support_vector(Kernel::Rbf { gamma: None }),
            Self::Boosting => ClassifierSpec::Boosting(GradientBoosting {
                class_weight,
                ..GradientBoosting::default()
            }),
            Self::Perceptron => ClassifierSpec::Perceptron(Perceptron {
                class_weight,
                ..Perceptron::default()
            }),
        }
    }
}

/// Reads a classifier in full, as the key `classifier` of a study file holds it, from a TOML file of its own.
///
/// # Errors
/// [`StudyError::Read`], and [`StudyError::Configuration`] when the file holds no classifier.
pub fn read_classifier(path: &Path) -> Result<ClassifierSpec, StudyError> {
    let text = std::fs::read_to_string(path).map_err(StudyError::read(path))?;
    toml::from_str(&text).map_err(|e| configuration(path, e.to_string()))
}

/// Reads how features are prepared, as the key `prepare` of a study file holds it, from a TOML file of its own.
///
/// # Errors
/// [`StudyError::Read`], and [`StudyError::Configuration`] when the file holds no preparation.
pub fn read_preparation(path: &Path) -> Result<Preparation, StudyError> {
    let text = std::fs::read_to_string(path).map_err(StudyError::read(path))?;
    toml::from_str(&text).map_err(|e| configuration(path, e.to_string()))
}

/// Penalties of logistic regression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum PenaltyName {
    /// Half the squared norm of the coefficients.
    L2,
}

impl ModelSettings {
    /// The pipeline that is trained; blocks of a fusion must have their columns (`triher_study::fusion`), which training sees to.
    pub fn pipeline(&self) -> PipelineSpec {
        let classifier = self.classifier.clone();
        self.around(classifier.unwrap_or_else(|| self.method.classifier(self)))
    }

    /// The pipelines that are compared with it, by name.
    pub fn compared(&self) -> Vec<(String, PipelineSpec)> {
        let pipeline = |method: &Method| {
            let spec = self.around(method.classifier(self));
            (method.name().to_owned(), spec)
        };
        self.compare.iter().map(pipeline).collect()
    }

    /// A classifier with the steps before and after it.
    fn around(&self, classifier: ClassifierSpec) -> PipelineSpec {
        PipelineSpec {
            prepare: self.prepare.clone(),
            standardize: self.standardize,
            pca: self.pca.map(PcaSpec::Components),
            probability: self.probability,
            tuning: self.tuning,
            ..PipelineSpec::new(classifier)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_that_files_use() {
        for method in Method::ALL {
            assert_eq!(Method::of_name(method.name()), Some(method));
            let written = serde_json::to_value(method);
            assert_eq!(written.ok(), Some(method.name().into()));
        }
        assert_eq!(Method::of_name("forest"), None);
    }

    #[test]
    fn steps_of_preparing_are_named_in_order() {
        let text = r#"
            prepare.missing = { drop_above = 0.5, indicators = true }

            [[prepare.steps]]
            step = "variance"

            [[prepare.steps]]
            step = "combat"
            covariates = ["age"]
            unseen_centre = "pass_through"

            [[prepare.steps]]
            step = "univariate"
            keep = { false_discovery_rate = 0.1 }

            [[prepare.steps]]
            step = "elastic_net"
            rule = "one_standard_error"
        "#;
        let Ok(settings) = toml::from_str::<ModelSettings>(text) else {
            panic!("{:?}", toml::from_str::<ModelSettings>(text))
        };
        let pipeline = settings.pipeline();
        assert_eq!(pipeline.prepare.steps.len(), 4);
        assert_eq!(pipeline.prepare.missing.drop_above, Some(0.5));
        let written = toml::to_string(&settings).unwrap_or_default();
        assert_eq!(
            toml::from_str::<ModelSettings>(&written).ok(),
            Some(settings)
        );
        for wrong in ["step = \"pca\"", "step = \"combat\"\noutcome = true"] {
            assert!(
                toml::from_str::<ModelSettings>(&format!("[[prepare.steps]]\n{wrong}")).is_err()
            );
        }
        // Without the key nothing is written, so that older programs read the file.
        let plain = toml::to_string(&ModelSettings::default()).unwrap_or_default();
        assert!(!plain.contains("prepare"), "{plain}");
    }

    #[test]
    fn a_whole_classifier_takes_the_methods_place() {
        let text = r#"
            method = "ordinal"
            c = 0.1
            compare = ["random_forest", "two_stage"]
            tuning = { search = "parzen", budget = 20 }
            probability = { calibration = { method = "temperature" }, conformal = { coverage = 0.8 }, novelty = {} }
            classifier = { method = "ensemble", combination = { stack = { c = 1.0 } }, members = [
                { name = "embedding", columns = ["emb_*"], pca = { components = 8 }, classifier = { method = "logistic", c = 0.1 } },
                { name = "kinetics", columns = ["wash_in", "wash_out"], classifier = { method = "random_forest", trees = 100 } },
            ] }
        "#;
        let Ok(settings) = toml::from_str::<ModelSettings>(text) else {
            panic!("{:?}", toml::from_str::<ModelSettings>(text))
        };
        let ClassifierSpec::Ensemble(ensemble) = settings.pipeline().classifier else {
            panic!("no ensemble")
        };
        assert_eq!(ensemble.members.len(), 2);
        assert_eq!(settings.compared().len(), 2);
        assert_eq!(
            settings
                .pipeline()
                .probability
                .conformal
                .map(|c| c.coverage),
            Some(0.8)
        );
        assert!(toml::from_str::<ModelSettings>("method = \"ordinals\"").is_err());
    }
}
