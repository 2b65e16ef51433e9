//! ONNX Runtime, from its shared library.

use crate::OnnxError;
use crate::reduce::Tensor;
use crate::runtime::{Model, Source, guarded};
use ort::session::Session;
use ort::value::Tensor as Value;
use rayon::prelude::*;
use std::path::{Path, PathBuf};
use std::sync::{Condvar, Mutex, PoisonError};

struct ByOnnxRuntime {
    path: PathBuf,
    shape: Vec<usize>,
    input: String,
    output: String,
    /// A run needs a session for itself: those that are idle.
    idle: Mutex<Vec<Session>>,
    /// Told when one is put back.
    back: Condvar,
}

/// Sessions at most: each holds the weights anew.
const MOST_SESSIONS: usize = 4;

impl ByOnnxRuntime {
    /// Does something with an idle session, when there is one.
    fn with_session<T>(
        &self,
        work: impl FnOnce(&mut Session) -> Result<T, String>,
    ) -> Result<T, String> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        let mut session = loop {
            match idle.pop() {
                Some(session) => break session,
                None => idle = self.back.wait(idle).unwrap_or_else(PoisonError::into_inner),
            }
        };
        drop(idle);
        // Put back whatever happens: a session that is lost would let others wait for ever.
        let done = guarded(|| work(&mut session));
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.push(session);
        self.back.notify_one();
        done
    }
}

/// Finds the library and loads it; the first one that is loaded stays for the whole run.
fn library(named: Option<&Path>) -> Result<(), OnnxError> {
    let missing = |problem: String| OnnxError::Runtime {
        problem: format!(
            "ONNX Runtime cannot be used: {problem}; name its library in ORT_DYLIB_PATH, such as the libonnxruntime.so within the Python package onnxruntime"
        ),
    };
    let path = match named {
        Some(path) => path.to_owned(),
        None => std::env::var_os("ORT_DYLIB_PATH")
            .filter(|path| !path.is_empty())
            .map(PathBuf::from)
            .ok_or_else(|| missing("no library is named".to_owned()))?,
    };
    if !path.is_file() {
        return Err(missing(format!("{} is no file", path.display())));
    }
    guarded(|| {
        let builder = ort::init_from(&path).map_err(|e| e.to_string())?;
        builder.commit();
        Ok(())
    })
    .map_err(missing)
}

pub(crate) fn load(source: &Source<'_>, named: Option<&Path>) -> Result<Box<dyn Model>, OnnxError> {
    library(named)?;
    let open = || {
        guarded(|| {
            Session::builder()
                .map_err(|e| e.to_string())?
                // The same order of sums whatever the machine has: patches are shared out instead.
                .with_intra_threads(1)
                .map_err(|e| e.to_string())?
                .commit_from_memory(source.bytes)
                .map_err(|e| e.to_string())
        })
        .map_err(|problem| {
            source.wrong(format!(
                "ONNX Runtime cannot load it ({problem}); export it anew, or get it again from its source"
            ))
        })
    };
    let session = open()?;
    let others = rayon::current_num_threads().clamp(1, MOST_SESSIONS) - 1;
    let others = (0..others).into_par_iter().map(|_| open());
    let mut idle = others.collect::<Result<Vec<Session>, OnnxError>>()?;
    let names = |outlets: &[ort::value::Outlet]| -> Vec<String> {
        outlets.iter().map(|o| o.name().to_owned()).collect()
    };
    let outputs = names(session.outputs());
    let output = outputs[source.output_index(&outputs)?].clone();
    let input = names(session.inputs())
        .into_iter()
        .next()
        .ok_or_else(|| source.wrong("it has no input".to_owned()))?;
    idle.push(session);
    Ok(Box::new(ByOnnxRuntime {
        path: source.path.to_owned(),
        shape: source.shape.clone(),
        input,
        output,
        idle: Mutex::new(idle),
        back: Condvar::new(),
    }))
}

impl Model for ByOnnxRuntime {
    fn run(&self, input: Vec<f32>) -> Result<Tensor, OnnxError> {
        self.with_session(|session| {
            let value = Value::from_array((self.shape.clone(), input)).map_err(|e| e.to_string())?;
            let outputs = session
                .run(ort::inputs![self.input.as_str() => value])
                .map_err(|e| e.to_string())?;
            let output = outputs
                .get(&self.output)
                .ok_or("the output is gone")?
                .try_extract_tensor::<f32>()
                .map_err(|e| e.to_string())?;
            let (shape, data) = output;
            Ok(Tensor {
                shape: shape.iter().map(|&s| usize::try_from(s).unwrap_or(0)).collect(),
                data: data.to_vec(),
            })
        })
        .map_err(|problem| OnnxError::Model {
            path: self.path.clone(),
            problem: format!(
                "it does not take an input of the shape {:?} that its card gives ({problem}); correct axes, size or channels in the card",
                self.shape
            ),
        })
    }
}
