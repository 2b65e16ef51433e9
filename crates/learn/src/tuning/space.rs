//! What can be tuned of each classifier, and within which bounds.

use crate::classifier::{ClassifierSpec, Kernel};

/// A setting with its bounds.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Parameter {
    /// Its name in the specification.
    pub name: String,
    low: f64,
    high: f64,
    scale: Scale,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Scale {
    /// Evenly by the logarithm.
    Log,
    /// Whole numbers, evenly by the logarithm.
    LogWhole,
    /// Whole numbers, evenly.
    Whole,
}

impl Parameter {
    fn new(name: &str, low: f64, high: f64, scale: Scale) -> Self {
        Self {
            name: name.to_owned(),
            low,
            high: high.max(low),
            scale,
        }
    }

    /// The value at a place between 0 and 1.
    pub(crate) fn at(&self, place: f64) -> f64 {
        let by_log = |place: f64| (self.low.ln() + place * (self.high.ln() - self.low.ln())).exp();
        match self.scale {
            Scale::Log => by_log(place).clamp(self.low, self.high),
            Scale::LogWhole => by_log(place).round().clamp(self.low, self.high),
            Scale::Whole => {
                let width = self.high - self.low + 1.0;
                (self.low + (place * width).floor()).clamp(self.low, self.high)
            }
        }
    }
}

/// The settings that are tuned; `rows` is the size of the smallest training part.
pub(crate) fn parameters(spec: &ClassifierSpec, rows: usize) -> Vec<Parameter> {
    let c = || Parameter::new("c", 1e-4, 1e3, Scale::Log);
    match spec {
        ClassifierSpec::ElasticNet(_) => vec![Parameter::new("alpha", 0.05, 1.0, Scale::Log)],
        ClassifierSpec::Logistic { .. } | ClassifierSpec::Ordinal(_) => vec![c()],
        ClassifierSpec::TwoStage(stages) => {
            let stage = |prefix: &str, spec| {
                let own = parameters(spec, rows / 2);
                let renamed = own.into_iter().map(|p| Parameter {
                    name: format!("{prefix}.{}", p.name),
                    ..p
                });
                renamed.collect::<Vec<_>>()
            };
            [stage("first", &stages.first), stage("rest", &stages.rest)].concat()
        }
        ClassifierSpec::NearestNeighbours(_) => {
            let most = (rows / 2).clamp(1, 50) as f64;
            vec![Parameter::new("neighbours", 1.0, most, Scale::LogWhole)]
        }
        ClassifierSpec::RandomForest(_) => vec![
            Parameter::new(
                "min_leaf",
                1.0,
                (rows / 10).clamp(1, 30) as f64,
                Scale::LogWhole,
            ),
            Parameter::new("max_depth", 1.0, 12.0, Scale::Whole),
        ],
        ClassifierSpec::SupportVector(settings) => {
            let mut all = vec![Parameter::new("c", 1e-3, 1e3, Scale::Log)];
            if matches!(settings.kernel, Kernel::Rbf { .. }) {
                all.push(Parameter::new("kernel.rbf.gamma", 1e-5, 10.0, Scale::Log));
            }
            all
        }
        ClassifierSpec::Boosting(_) => vec![
            Parameter::new("learning_rate", 0.01, 0.3, Scale::Log),
            Parameter::new("rounds", 20.0, 300.0, Scale::LogWhole),
            Parameter::new("max_depth", 1.0, 6.0, Scale::Whole),
            Parameter::new("l2", 0.1, 100.0, Scale::Log),
        ],
        ClassifierSpec::Perceptron(_) => {
            vec![Parameter::new("alpha", 1e-3, 1e2, Scale::Log)]
        }
        // All members at once: each candidate of a search fits the whole ensemble.
        ClassifierSpec::Ensemble(ensemble) => {
            let members = ensemble.members.iter().enumerate();
            let renamed = members.flat_map(|(at, member)| {
                let own = parameters(&member.classifier, rows);
                own.into_iter().map(move |p| Parameter {
                    name: format!("members.{at}.{}", p.name),
                    ..p
                })
            });
            renamed.collect()
        }
    }
}

/// The classifier with values put in.
pub(crate) fn apply(spec: &ClassifierSpec, space: &[Parameter], values: &[f64]) -> ClassifierSpec {
    let mut spec = spec.clone();
    for (parameter, value) in space.iter().zip(values) {
        put(&mut spec, &parameter.name, *value);
    }
    spec
}

fn put(spec: &mut ClassifierSpec, name: &str, value: f64) {
    let whole = value as usize;
    match (spec, name) {
        (ClassifierSpec::Logistic { c, .. }, "c") => *c = value,
        (ClassifierSpec::ElasticNet(s), "alpha") => s.alpha = value,
        (ClassifierSpec::Ensemble(s), name) => {
            let place = name
                .strip_prefix("members.")
                .and_then(|n| n.split_once('.'));
            if let Some((at, rest)) = place
                && let Some(member) = at.parse().ok().and_then(|at: usize| s.members.get_mut(at))
            {
                put(&mut member.classifier, rest, value);
            }
        }
        (ClassifierSpec::Ordinal(s), "c") => s.c = value,
        (ClassifierSpec::TwoStage(s), name) => {
            if let Some(rest) = name.strip_prefix("first.") {
                put(&mut s.first, rest, value);
            } else if let Some(rest) = name.strip_prefix("rest.") {
                put(&mut s.rest, rest, value);
            }
        }
        (ClassifierSpec::NearestNeighbours(s), "neighbours") => s.neighbours = whole,
        (ClassifierSpec::RandomForest(s), "min_leaf") => s.min_leaf = whole,
        (ClassifierSpec::RandomForest(s), "max_depth") => s.max_depth = Some(whole),
        (ClassifierSpec::SupportVector(s), "c") => s.c = value,
        (ClassifierSpec::SupportVector(s), "kernel.rbf.gamma") => {
            s.kernel = Kernel::Rbf { gamma: Some(value) };
        }
        (ClassifierSpec::Boosting(s), "learning_rate") => s.learning_rate = value,
        (ClassifierSpec::Boosting(s), "rounds") => s.rounds = whole,
        (ClassifierSpec::Boosting(s), "max_depth") => s.max_depth = whole,
        (ClassifierSpec::Boosting(s), "l2") => s.l2 = value,
        (ClassifierSpec::Perceptron(s), "alpha") => s.alpha = value,
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every setting that is offered arrives in the specification.
    #[test]
    fn every_parameter_is_put_in_its_place() {
        let specs = [
            r#"{"method": "logistic", "c": 7.0}"#,
            r#"{"method": "ordinal"}"#,
            r#"{"method": "two_stage"}"#,
            r#"{"method": "nearest_neighbours"}"#,
            r#"{"method": "random_forest"}"#,
            r#"{"method": "support_vector"}"#,
            r#"{"method": "support_vector", "kernel": {"rbf": {}}}"#,
            r#"{"method": "boosting"}"#,
            r#"{"method": "perceptron"}"#,
            r#"{"method": "elastic_net"}"#,
            r#"{"method": "ensemble", "members": [{"name": "a", "classifier": {"method": "random_forest"}},
                {"name": "b", "classifier": {"method": "logistic", "c": 1.0}}]}"#,
        ];
        for text in specs {
            let Ok(spec) = serde_json::from_str::<ClassifierSpec>(text) else {
                panic!("{text}")
            };
            let space = parameters(&spec, 100);
            assert!(!space.is_empty(), "{text}");
            for parameter in &space {
                for place in [0.0, 0.37, 1.0] {
                    let value = parameter.at(place);
                    assert!(value >= parameter.low && value <= parameter.high);
                }
                let one = std::slice::from_ref(parameter);
                let (a, b) = (
                    apply(&spec, one, &[parameter.low]),
                    apply(&spec, one, &[parameter.high]),
                );
                assert_ne!(a, b, "{text} {}", parameter.name);
            }
        }
    }
}
