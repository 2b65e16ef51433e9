//! tract, pure Rust.

use crate::OnnxError;
use crate::reduce::Tensor;
use crate::runtime::{Model, Source, guarded};
use std::path::PathBuf;
use std::sync::Arc;
use tract_onnx::prelude::*;

type Plan = TypedSimplePlan<TypedModel>;

struct ByTract {
    path: PathBuf,
    shape: Vec<usize>,
    plan: Arc<Plan>,
}

/// Name of the runtime in messages.
const NAME: &str = "tract";

pub(crate) fn load(source: &Source<'_>) -> Result<Box<dyn Model>, OnnxError> {
    let mut model = guarded(|| {
        tract_onnx::onnx()
            .model_for_read(&mut &*source.bytes)
            .map_err(|e| format!("{e:#}"))
    })
    .map_err(|problem| {
        source.wrong(format!(
            "it is no ONNX model that {NAME} can read ({problem}); export it anew, or get it again from its source"
        ))
    })?;
    let mut operators: Vec<String> = model
        .nodes()
        .iter()
        .filter_map(|node| {
            let name = node.op.name();
            let name = name.strip_prefix("Unimplemented(")?;
            Some(name.trim_end_matches(')').to_owned())
        })
        .collect();
    operators.sort();
    operators.dedup();
    if !operators.is_empty() {
        return Err(OnnxError::Operators {
            path: source.path.to_owned(),
            runtime: NAME,
            operators,
        });
    }
    let names: Vec<String> = model
        .outputs
        .iter()
        .map(|outlet| match model.outlet_label(*outlet) {
            Some(label) => label.to_owned(),
            None => model.node(outlet.node).name.clone(),
        })
        .collect();
    let index = source.output_index(&names)?;
    let outlet = model.outputs[index];
    let shape = source.shape.clone();
    let plan = guarded(|| {
        model.set_output_outlets(&[outlet]).map_err(|e| format!("{e:#}"))?;
        model
            .set_input_fact(0, f32::fact(&shape).into())
            .map_err(|e| format!("{e:#}"))?;
        let optimised = model.into_optimized().map_err(|e| format!("{e:#}"))?;
        optimised.into_runnable().map_err(|e| format!("{e:#}"))
    })
    .map_err(|problem| {
        source.wrong(format!(
            "it does not take an input of the shape {shape:?} that its card gives ({problem}); correct axes, size or channels in the card"
        ))
    })?;
    Ok(Box::new(ByTract {
        path: source.path.to_owned(),
        shape,
        plan: Arc::new(plan),
    }))
}

impl Model for ByTract {
    fn run(&self, input: Vec<f32>) -> Result<Tensor, OnnxError> {
        guarded(|| {
            let input = tract_onnx::prelude::Tensor::from_shape(&self.shape, &input)
                .map_err(|e| format!("{e:#}"))?;
            let outputs = self
                .plan
                .run(tvec!(input.into()))
                .map_err(|e| format!("{e:#}"))?;
            let output = outputs.first().ok_or("it gave no output")?;
            let output = output
                .cast_to::<f32>()
                .map_err(|e| format!("its output is no numbers: {e:#}"))?;
            let view = output
                .to_array_view::<f32>()
                .map_err(|e| format!("{e:#}"))?;
            Ok(Tensor {
                shape: view.shape().to_vec(),
                data: view.iter().copied().collect(),
            })
        })
        .map_err(|problem| OnnxError::Model {
            path: self.path.clone(),
            problem: format!(
                "it fails on an input of the shape {:?}: {problem}",
                self.shape
            ),
        })
    }
}
