//! The names that a pickle may import, and what becomes of each.

use super::value::StorageKind;
use crate::error::{Parse, Problem};
use std::rc::Rc;

/// A name that the pickle imports: never looked up, only told apart.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Global {
    RebuildTensor,
    RebuildParameter,
    /// A tensor with Python attributes: the first argument says how it is rebuilt.
    RebuildFromType,
    OrderedDict,
    StorageType(StorageKind),
    /// Calling it makes a container or value that does not matter to tensors.
    Harmless,
    /// Not on the list. It may be mentioned, and objects of it may stand in the file (they become opaque), but a
    /// pickle that calls it is refused.
    Foreign(Rc<str>),
}

/// Modules that are refused as soon as they are named: nothing in them has a place in a checkpoint.
const REFUSED: &[&str] = &[
    "os",
    "posix",
    "nt",
    "posixpath",
    "ntpath",
    "subprocess",
    "sys",
    "shutil",
    "socket",
    "ssl",
    "http",
    "urllib",
    "requests",
    "ftplib",
    "smtplib",
    "webbrowser",
    "importlib",
    "imp",
    "runpy",
    "pkgutil",
    "pip",
    "pty",
    "commands",
    "ctypes",
    "cffi",
    "code",
    "codeop",
    "marshal",
    "pickle",
    "_pickle",
    "dill",
    "cloudpickle",
    "operator",
    "_operator",
    "multiprocessing",
    "asyncio",
    "threading",
    "_thread",
    "signal",
    "pdb",
    "bdb",
    "timeit",
    "profile",
    "cProfile",
    "trace",
    "builtins",
    "__builtin__",
    "io",
    "_io",
    "tempfile",
    "glob",
];

/// Sorts an imported name.
///
/// # Errors
/// [`Problem::Code`] for modules that run programs, reach the network or evaluate text.
pub(super) fn global(module: &str, name: &str) -> Parse<Global> {
    if let Some(known) = known(module, name) {
        return Ok(known);
    }
    let whole = format!("{module}.{name}");
    let root = module.split('.').next().unwrap_or(module);
    if REFUSED.contains(&root) {
        return Err(Problem::Code(whole));
    }
    Ok(Global::Foreign(whole.into()))
}

fn known(module: &str, name: &str) -> Option<Global> {
    use StorageKind::{Bf16, F16, F32, F64, Other};
    Some(match (module, name) {
        (
            "torch._utils",
            "_rebuild_tensor" | "_rebuild_tensor_v2" | "_rebuild_tensor_v3",
        ) => Global::RebuildTensor,
        ("torch._utils", "_rebuild_parameter" | "_rebuild_parameter_with_state") => {
            Global::RebuildParameter
        }
        ("torch._tensor", "_rebuild_from_type_v2") => Global::RebuildFromType,
        ("collections", "OrderedDict") => Global::OrderedDict,
        ("torch" | "torch.storage", storage) if storage.ends_with("Storage") => {
            Global::StorageType(match storage {
                "DoubleStorage" => F64,
                "FloatStorage" => F32,
                "HalfStorage" => F16,
                "BFloat16Storage" => Bf16,
                _ => Other,
            })
        }
        // Containers, and the kinds of tensors that no encoder has.
        ("collections", "defaultdict" | "Counter" | "deque")
        | ("torch", "Size" | "device" | "dtype" | "Generator" | "Tensor")
        | (
            "torch._utils",
            "_rebuild_sparse_tensor" | "_rebuild_qtensor" | "_rebuild_device_tensor_from_numpy"
            | "_rebuild_meta_tensor_no_storage" | "_rebuild_nested_tensor",
        )
        | ("torch.nn.parameter", "Parameter")
        | ("torch.serialization", "_get_layout")
        // Values that Python itself writes into training arguments.
        | (
            "builtins" | "__builtin__",
            "set" | "frozenset" | "dict" | "list" | "tuple" | "int" | "float" | "bool" | "str"
            | "bytes" | "bytearray" | "complex" | "slice" | "range" | "object",
        )
        | ("copyreg" | "copy_reg", "_reconstructor")
        | ("argparse", "Namespace")
        | ("types", "SimpleNamespace")
        | ("_codecs", "encode")
        | (
            "pathlib" | "pathlib._local",
            "Path" | "PurePath" | "PosixPath" | "PurePosixPath" | "WindowsPath" | "PureWindowsPath",
        )
        | ("datetime", "datetime" | "timedelta" | "date" | "time" | "timezone")
        | ("decimal", "Decimal")
        | ("fractions", "Fraction")
        | ("uuid", "UUID")
        // numpy's scalars, arrays and random states.
        | ("numpy", "dtype" | "ndarray")
        | (
            "numpy.core.multiarray" | "numpy._core.multiarray",
            "scalar" | "_reconstruct",
        )
        | ("numpy.core.numeric" | "numpy._core.numeric", "_frombuffer")
        | (
            "numpy.random._pickle",
            "__randomstate_ctor" | "__generator_ctor" | "__bit_generator_ctor",
        ) => Global::Harmless,
        ("torch", dtype) if is_dtype(dtype) => Global::Harmless,
        ("numpy", scalar) if is_dtype(scalar) => Global::Harmless,
        _ => return None,
    })
}

/// Names of element types, which PyTorch and numpy share.
fn is_dtype(name: &str) -> bool {
    let name = name.trim_end_matches('_');
    let digits = name.trim_start_matches(|c: char| c.is_ascii_lowercase());
    let stem = &name[..name.len() - digits.len()];
    matches!(
        stem,
        "float" | "bfloat" | "int" | "uint" | "complex" | "bool" | "str" | "bytes"
    ) && digits.chars().all(|c| c.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_sorted() {
        let tensor = global("torch._utils", "_rebuild_tensor_v2");
        assert!(matches!(tensor, Ok(Global::RebuildTensor)));
        for (module, name) in [
            ("os", "system"),
            ("os.path", "join"),
            ("builtins", "eval"),
            ("__builtin__", "getattr"),
            ("subprocess", "Popen"),
            ("importlib", "import_module"),
        ] {
            assert!(matches!(global(module, name), Err(Problem::Code(_))));
        }
        assert!(matches!(
            global("omegaconf.dictconfig", "DictConfig"),
            Ok(Global::Foreign(_))
        ));
        for name in ["float32", "bfloat16", "int64", "str_", "bool"] {
            assert!(matches!(global("numpy", name), Ok(Global::Harmless)));
        }
        for name in ["load", "fromfile", "floatpower", "savetxt"] {
            assert!(matches!(global("numpy", name), Ok(Global::Foreign(_))));
        }
    }
}
