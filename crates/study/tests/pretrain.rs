//! Pretraining from a configuration file on a folder of patches.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::fs;
use std::path::Path;
use triher_study::Silent;
use triher_study::pretrain::{PretrainPlan, pretrain};

/// Patches of 16 x 16 x 16 voxels as NumPy writes them.
fn patches(folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    for number in 0..6u32 {
        let header = "{'descr': '<f4', 'fortran_order': False, 'shape': (16, 16, 16), }\n";
        let mut bytes = b"\x93NUMPY\x01\x00".to_vec();
        bytes.extend(u16::try_from(header.len()).unwrap().to_le_bytes());
        bytes.extend(header.as_bytes());
        for i in 0..16 * 16 * 16u32 {
            let value = ((i * (number + 3)) % 101) as f32;
            bytes.extend(value.to_le_bytes());
        }
        fs::write(folder.join(format!("{number}.npy")), bytes).unwrap();
    }
}

fn configuration(method: &str, more: &str) -> String {
    format!(
        "method = \"{method}\"\nout = \"out/encoder.safetensors\"\nsteps = 4\nbatch = 3\nsave_every = 2\n{more}\n\
         [source]\nfolder = \"patches\"\n\
         [encoder]\nside = 16\nwidth = 24\ndepth = 1\nhidden = 48\n\
         [mae]\ndecoder_width = 12\n[moco]\nhidden = 32\ndimension = 8\n"
    )
}

#[test]
fn a_run_writes_weights_curve_and_manifest_and_a_second_one_changes_nothing() {
    for method in ["mae", "moco"] {
        let folder = tempfile::tempdir().unwrap();
        patches(&folder.path().join("patches"));
        let file = folder.path().join("pretrain.toml");
        fs::write(&file, configuration(method, "threads = 2")).unwrap();
        let plan = PretrainPlan::read(&file).unwrap();
        let written = pretrain(&plan, &Silent).unwrap();
        let read =
            || [&written.weights, &written.curve, &written.manifest].map(|p| fs::read(p).unwrap());
        let first = read();
        assert_eq!(
            fs::read_to_string(&written.curve).unwrap().lines().count(),
            5
        );
        let encoder = triher_encoder::Encoder::load(&written.weights).unwrap();
        assert_eq!((encoder.config().side, encoder.config().width), (16, 24));
        // All steps are done: the same files come out.
        pretrain(&plan, &Silent).unwrap();
        assert_eq!(read(), first);
        let manifest = String::from_utf8(first[2].clone()).unwrap();
        assert!(!manifest.contains(&*folder.path().to_string_lossy()));

        // Other patches: the resume file is refused, in a sentence.
        fs::remove_file(folder.path().join("patches/5.npy")).unwrap();
        let refused = pretrain(&plan, &Silent).unwrap_err().to_string();
        assert!(refused.contains("other patches"), "{refused}");
    }
}

#[test]
fn configurations_of_no_use_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("pretrain.toml");
    let refused = |text: &str| {
        fs::write(&file, text).unwrap();
        PretrainPlan::read(&file).unwrap_err().to_string()
    };
    let good = configuration("mae", "");
    assert!(refused(&good.replace("side = 16", "side = 17")).contains("patch"));
    assert!(refused(&good.replace("folder = \"patches\"", "")).contains("simulated"));
    assert!(refused(&good.replace("steps = 4", "steps = 0")).contains("steps"));
    assert!(refused(&good.replace("hidden = 48", "hiden = 48")).contains("hiden"));
    assert!(refused(&good.replace("folder = \"patches\"", "simulated = {}")).contains("48 voxels"));
}
