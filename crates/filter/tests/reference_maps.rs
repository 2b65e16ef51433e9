//! The IBSI's reference response maps: 100 voxels of each, and whole maps where `TRIHER_IBSI2_DATA` names the folder `reference_response_maps` of
//! github.com/theibsi/ibsi_2_reference_data. The IBSI's tolerance is 1 % of the map's range.
#![expect(
    clippy::unwrap_used,
    reason = "a test that tells what it measures and skips"
)]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use triher_filter::Filter;
use triher_volume::Image;

/// Name of the reference map, phantom, settings, and what is reached of the range (the IBSI asks for 0.01).
const TESTS: [(&str, &str, &str, f64); 33] = [
    (
        "1_a_1",
        "checkerboard",
        "kind='mean'\nsupport=15\nboundary='zero'",
        1e-6,
    ),
    (
        "1_a_2",
        "checkerboard",
        "kind='mean'\nsupport=15\nboundary='nearest'",
        1e-6,
    ),
    (
        "1_a_3",
        "checkerboard",
        "kind='mean'\nsupport=15\nboundary='periodic'",
        1e-5,
    ),
    (
        "1_a_4",
        "checkerboard",
        "kind='mean'\nsupport=15\nboundary='mirror'",
        1e-6,
    ),
    (
        "1_b_1",
        "impulse",
        "kind='mean'\nsupport=15\nboundary='zero'\nby-slice=true",
        1e-6,
    ),
    (
        "2_a",
        "impulse",
        "kind='log'\nsigma-mm=3.0\nboundary='zero'",
        1e-4,
    ),
    (
        "2_b",
        "checkerboard",
        "kind='log'\nsigma-mm=5.0\nboundary='mirror'",
        1e-3,
    ),
    (
        "2_c",
        "checkerboard",
        "kind='log'\nsigma-mm=5.0\nboundary='mirror'\nby-slice=true",
        1e-3,
    ),
    (
        "3_a_1",
        "impulse",
        "kind='laws'\nkernels='E5L5S5'\nboundary='zero'",
        1e-6,
    ),
    (
        "3_a_2",
        "impulse",
        "kind='laws'\nkernels='E5L5S5'\nboundary='zero'\npooling='max'",
        1e-6,
    ),
    (
        "3_a_3",
        "impulse",
        "kind='laws'\nkernels='E5L5S5'\nboundary='zero'\npooling='max'\nenergy-distance=7",
        1e-6,
    ),
    (
        "3_b_1",
        "checkerboard",
        "kind='laws'\nkernels='E3W5R5'",
        1e-6,
    ),
    (
        "3_b_2",
        "checkerboard",
        "kind='laws'\nkernels='E3W5R5'\npooling='max'",
        1e-6,
    ),
    (
        "3_b_3",
        "checkerboard",
        "kind='laws'\nkernels='E3W5R5'\npooling='max'\nenergy-distance=7",
        1e-6,
    ),
    ("3_c_1", "checkerboard", "kind='laws'\nkernels='L5S5'", 1e-6),
    (
        "3_c_2",
        "checkerboard",
        "kind='laws'\nkernels='L5S5'\npooling='max'",
        1e-6,
    ),
    (
        "3_c_3",
        "checkerboard",
        "kind='laws'\nkernels='L5S5'\npooling='max'\nenergy-distance=7",
        1e-6,
    ),
    (
        "4_a_1",
        "impulse",
        "kind='gabor'\nsigma-mm=10.0\nlambda-mm=4.0\ngamma=0.5\nangle-deg=60.0\nboundary='zero'",
        1e-3,
    ),
    (
        "4_a_2",
        "impulse",
        "kind='gabor'\nsigma-mm=10.0\nlambda-mm=4.0\ngamma=0.5\nstep-deg=45.0\northogonal-planes=true\nboundary='zero'",
        1e-3,
    ),
    (
        "4_b_1",
        "sphere",
        "kind='gabor'\nsigma-mm=20.0\nlambda-mm=8.0\ngamma=2.5\nangle-deg=225.0",
        1e-3,
    ),
    (
        "4_b_2",
        "sphere",
        "kind='gabor'\nsigma-mm=20.0\nlambda-mm=8.0\ngamma=2.5\nstep-deg=22.5\northogonal-planes=true",
        5e-3,
    ),
    (
        "5_a_1",
        "impulse",
        "kind='wavelet'\nfamily='db2'\nband='LHL'\nboundary='zero'",
        1e-6,
    ),
    (
        "5_a_2",
        "impulse",
        "kind='wavelet'\nfamily='db2'\nband='LHL'\nboundary='zero'\npooling='mean'",
        1e-6,
    ),
    (
        "6_a_1",
        "sphere",
        "kind='wavelet'\nfamily='coif1'\nband='HHL'\nboundary='periodic'",
        1e-6,
    ),
    (
        "6_a_2",
        "sphere",
        "kind='wavelet'\nfamily='coif1'\nband='HHL'\nboundary='periodic'\npooling='mean'",
        1e-6,
    ),
    (
        "7_a_1",
        "checkerboard",
        "kind='wavelet'\nfamily='haar'\nband='LLL'\nlevel=2\npooling='mean'",
        1e-6,
    ),
    (
        "7_a_2",
        "checkerboard",
        "kind='wavelet'\nfamily='haar'\nband='HHH'\nlevel=2\npooling='mean'",
        1e-6,
    ),
    (
        "8_a_1",
        "checkerboard",
        "kind='isotropic-wavelet'\nlevel=1",
        5e-3,
    ),
    (
        "8_a_2",
        "checkerboard",
        "kind='isotropic-wavelet'\nlevel=2",
        1e-3,
    ),
    (
        "8_a_3",
        "checkerboard",
        "kind='isotropic-wavelet'\nlevel=3",
        1e-3,
    ),
    (
        "9_a",
        "impulse",
        "kind='log'\nsigma-mm=3.0\nboundary='zero'\nriesz=[1,0,0]",
        1e-2,
    ),
    (
        "9_b_1",
        "sphere",
        "kind='log'\nsigma-mm=3.0\nboundary='zero'\nriesz=[0,2,0]",
        1e-2,
    ),
    (
        "10_b_1",
        "pattern_1",
        "kind='isotropic-wavelet'\nlevel=1\nriesz=[0,2,0]",
        1e-2,
    ),
];

/// A map's range, and offset and value of some of its voxels.
#[derive(serde::Deserialize)]
struct Sampled {
    range: f64,
    voxels: Vec<(usize, f64)>,
}

fn reference() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference")
}

fn phantom(name: &str) -> Image {
    triher_imagefile::read_image(&reference().join(format!("{name}.nii.gz"))).unwrap()
}

fn response(phantom: &Image, settings: &str) -> Image {
    let filter: Filter = toml::from_str(settings).unwrap();
    filter.apply(phantom).unwrap()
}

#[test]
fn sampled_voxels_of_all_maps() {
    let text = std::fs::read_to_string(reference().join("maps.json")).unwrap();
    let maps: BTreeMap<String, Sampled> = serde_json::from_str(&text).unwrap();
    assert_eq!(maps.len(), TESTS.len());
    let mut failures = Vec::new();
    for (name, image, settings, tolerance) in TESTS {
        let map = &maps[name];
        let response = response(&phantom(image), settings);
        let differences = map
            .voxels
            .iter()
            .map(|&(o, v)| (f64::from(response.voxels()[o]) - v).abs());
        let worst = differences.fold(0.0, f64::max) / map.range;
        println!("{name}: {worst:.1e} of the range");
        if worst.is_nan() || worst > tolerance {
            failures.push(format!("{name}: {worst:.3e} > {tolerance:e}"));
        }
    }
    assert!(failures.is_empty(), "{failures:#?}");
}

#[test]
fn whole_maps() {
    let Some(folder) = std::env::var_os("TRIHER_IBSI2_DATA") else {
        println!("skipped: TRIHER_IBSI2_DATA does not name the reference response maps");
        return;
    };
    for (name, image, settings, tolerance) in TESTS {
        let path = Path::new(&folder).join(format!("{name}-ValidCRM.nii"));
        let map = triher_imagefile::read_image(&path).unwrap();
        let response = response(&phantom(image), settings);
        let pairs = response.voxels().iter().zip(map.voxels());
        let worst = pairs
            .map(|(a, b)| f64::from((a - b).abs()))
            .fold(0.0, f64::max);
        let values = || map.voxels().iter().copied();
        let range =
            f64::from(values().fold(f32::MIN, f32::max) - values().fold(f32::MAX, f32::min));
        println!(
            "| {} | {image} | {} | {:.1e} |",
            name.replace('_', "."),
            settings.replace('\n', ", "),
            worst / range
        );
        assert!(worst / range <= tolerance, "{name}: {:.3e}", worst / range);
    }
}
