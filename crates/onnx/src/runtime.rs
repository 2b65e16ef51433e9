//! What runs a model.

use crate::OnnxError;
use crate::card::OutputCard;
use crate::reduce::Tensor;
use std::path::Path;

/// The engine that runs models.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Runtime {
    /// tract: pure Rust, part of the program when it was built with the feature `tract`.
    #[default]
    Tract,
    /// ONNX Runtime, from its shared library (`libonnxruntime.so`, `onnxruntime.dll`), with the feature `onnxruntime`.
    OnnxRuntime {
        /// The library; `ORT_DYLIB_PATH` when `None`.
        library: Option<std::path::PathBuf>,
    },
}

/// A loaded model.
pub(crate) trait Model: Send + Sync {
    /// The chosen output for one input of the model's shape.
    fn run(&self, input: Vec<f32>) -> Result<Tensor, OnnxError>;
}

/// A model as the runtimes take it.
#[cfg_attr(
    not(any(feature = "tract", feature = "onnxruntime")),
    expect(dead_code, reason = "no runtime is built in")
)]
pub(crate) struct Source<'a> {
    pub(crate) path: &'a Path,
    pub(crate) bytes: &'a [u8],
    pub(crate) shape: Vec<usize>,
    pub(crate) output: &'a OutputCard,
}

impl Source<'_> {
    /// The number of the card's output among the names of those that are there.
    #[cfg(any(feature = "tract", feature = "onnxruntime"))]
    pub(crate) fn output_index(&self, present: &[String]) -> Result<usize, OnnxError> {
        let found = match (&self.output.name, self.output.index) {
            (Some(name), _) => present.iter().position(|p| p == name),
            (None, index) => Some(index.unwrap_or(0)).filter(|&i| i < present.len()),
        };
        found.ok_or_else(|| OnnxError::Output {
            path: self.path.to_owned(),
            wanted: match &self.output.name {
                Some(name) => format!("\"{name}\""),
                None => format!("number {}", self.output.index.unwrap_or(0)),
            },
            present: present.to_vec(),
        })
    }

    /// Something is wrong with the file.
    #[cfg(any(feature = "tract", feature = "onnxruntime"))]
    pub(crate) fn wrong(&self, problem: String) -> OnnxError {
        OnnxError::Model {
            path: self.path.to_owned(),
            problem,
        }
    }
}

/// Loads a model into a runtime.
pub(crate) fn load(runtime: &Runtime, source: &Source<'_>) -> Result<Box<dyn Model>, OnnxError> {
    match runtime {
        #[cfg(feature = "tract")]
        Runtime::Tract => crate::by_tract::load(source),
        #[cfg(not(feature = "tract"))]
        Runtime::Tract => Err(OnnxError::Runtime {
            problem: format!(
                "{} is an ONNX model, and this program was built without a runtime for it: build it with `--features tract`",
                source.path.display()
            ),
        }),
        #[cfg(feature = "onnxruntime")]
        Runtime::OnnxRuntime { library } => crate::by_onnxruntime::load(source, library.as_deref()),
        #[cfg(not(feature = "onnxruntime"))]
        Runtime::OnnxRuntime { .. } => Err(OnnxError::Runtime {
            problem: format!(
                "{} is to run in ONNX Runtime, and this program was built without it: build it with `--features onnxruntime`",
                source.path.display()
            ),
        }),
    }
}

/// Runs a third party's decoder; a panic in it becomes a message.
#[cfg(any(feature = "tract", feature = "onnxruntime"))]
pub(crate) fn guarded<T>(work: impl FnOnce() -> Result<T, String>) -> Result<T, String> {
    std::panic::catch_unwind(std::panic::AssertUnwindSafe(work)).unwrap_or_else(|panic| {
        let told = panic
            .downcast_ref::<String>()
            .map(String::as_str)
            .or_else(|| panic.downcast_ref::<&str>().copied());
        Err(format!(
            "the runtime gave up ({})",
            told.unwrap_or("without a reason")
        ))
    })
}
