//! The published recipes against MONAI, PyTorch and SciPy, and `isotropic` against SciPy and SimpleITK.

use serde::Deserialize;
use sha2::{Digest, Sha256};
use std::collections::BTreeMap;
use triher_patch::{Profile, Variant, Window, encoder_input, phase_input};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase};

type Box3 = [[usize; 3]; 2];

#[derive(Deserialize)]
struct Reference {
    size: [usize; 3],
    every: usize,
    lesions: BTreeMap<String, Vec<Box3>>,
    published: Vec<Published>,
    isotropic: Isotropic,
}

#[derive(Deserialize)]
struct Published {
    lesion: String,
    profile: Profile,
    c2_sha256: String,
    c5_c2_sha256: String,
    c2: Vec<f32>,
    mask_sha256: String,
    mask_voxels: usize,
    bbox: Vec<f32>,
    roi_only: Vec<f32>,
}

#[derive(Deserialize)]
struct Isotropic {
    spacing_mm: [f64; 3],
    origin_mm: [f64; 3],
    directions: [[f64; 3]; 3],
    cases: Vec<IsotropicCase>,
}

#[derive(Deserialize)]
struct IsotropicCase {
    lesion: String,
    spacing_mm: f64,
    c2: Vec<f32>,
    mask_voxels: usize,
}

fn reference() -> Reference {
    serde_json::from_str(include_str!("patches.json")).expect("the committed reference reads")
}

/// The formula of the generator.
fn phase(geometry: Geometry, number: usize) -> Image {
    Image::from_fn(geometry, |[i, j, k]| {
        ((i * 31 + j * 17 + k * 7 + number * 13 * (i % 5) + i * j % 11) % 211) as f32
    })
}

fn series(geometry: Geometry) -> DynamicSeries {
    let phases = (0..6).map(|number| Phase {
        image: phase(geometry, number),
        time_s: None,
    });
    DynamicSeries::new(phases.collect()).expect("six phases on one grid")
}

fn mask(geometry: Geometry, boxes: &[Box3]) -> Mask {
    Mask::from_fn(geometry, |index| {
        boxes
            .iter()
            .any(|[start, end]| (0..3).all(|a| (start[a]..end[a]).contains(&index[a])))
    })
}

fn sha256(bytes: impl Iterator<Item = u8>) -> String {
    let digest = Sha256::digest(bytes.collect::<Vec<u8>>());
    digest.iter().map(|b| format!("{b:02x}")).collect()
}

fn image_sha256(image: &Image) -> String {
    sha256(image.voxels().iter().flat_map(|v| v.to_le_bytes()))
}

fn close(ours: &[f32], theirs: &[f32], every: usize, tolerance: f32) -> Result<(), String> {
    let ours: Vec<f32> = ours.iter().step_by(every).copied().collect();
    if ours.len() != theirs.len() {
        return Err(format!("{} and {} samples", ours.len(), theirs.len()));
    }
    match ours
        .iter()
        .zip(theirs)
        .position(|(a, b)| (a - b).abs() > tolerance)
    {
        Some(at) => Err(format!("sample {at}: {} and {}", ours[at], theirs[at])),
        None => Ok(()),
    }
}

/// The patches to the bit, the normalised inputs to 1e-5.
#[test]
fn published_profiles_give_the_bits_of_monai() {
    let reference = reference();
    let geometry = Geometry::axis_aligned(reference.size, [0.7, 0.7, 2.0], [0.0; 3]).unwrap();
    let series = series(geometry);
    assert_eq!(reference.published.len(), 12);
    for case in &reference.published {
        let name = format!("{} {}", case.profile, case.lesion);
        let window = Window::of(
            &mask(geometry, &reference.lesions[&case.lesion]),
            &case.profile,
        );
        let window = window.unwrap();
        let patch = window.patch(&series.phases()[2].image).unwrap();
        close(patch.image.voxels(), &case.c2, reference.every, 1e-4).expect(&name);
        assert_eq!(image_sha256(&patch.image), case.c2_sha256, "{name}");
        let voxels = patch.mask.voxels();
        assert_eq!(patch.mask.count(), case.mask_voxels, "{name}");
        assert_eq!(
            sha256(voxels.iter().map(|&v| u8::from(v))),
            case.mask_sha256,
            "{name}"
        );
        let difference = phase_input(&series, &"C5-C2".parse().unwrap(), &window).unwrap();
        assert_eq!(image_sha256(&difference), case.c5_c2_sha256, "{name}");
        let bbox = encoder_input(&patch.image, &patch.mask, Variant::Bbox).unwrap();
        close(&bbox, &case.bbox, reference.every, 1e-5).expect(&name);
        let roi = encoder_input(&difference, &patch.mask, Variant::RoiOnly).unwrap();
        close(&roi, &case.roi_only, reference.every, 1e-5).expect(&name);
    }
}

/// On an oblique grid, with parts of the cube outside of the image; to 1e-4 of the range, 211.
#[test]
fn isotropic_is_what_scipy_and_simpleitk_give() {
    let reference = reference();
    let set = &reference.isotropic;
    let geometry = Geometry::from_parts(
        reference.size,
        set.origin_mm,
        set.spacing_mm,
        set.directions,
    )
    .unwrap();
    assert_eq!(set.cases.len(), 3);
    for case in &set.cases {
        let mask = mask(geometry, &reference.lesions[&case.lesion]);
        let window = Window::of(&mask, &Profile::Isotropic).unwrap();
        let patch = window.patch(&phase(geometry, 2)).unwrap();
        for spacing in patch.image.geometry().spacing_mm() {
            assert!((spacing - case.spacing_mm).abs() < 1e-9, "{}", case.lesion);
        }
        assert_eq!(patch.image.geometry().orientation(), "LPS");
        close(patch.image.voxels(), &case.c2, reference.every, 0.02).expect(&case.lesion);
        assert_eq!(patch.mask.count(), case.mask_voxels, "{}", case.lesion);
        let wider = Window::isotropic(&mask, 9.0).unwrap().cut_mask().unwrap();
        let expected = case.spacing_mm + 2.0 * 4.0 / 48.0;
        assert!((wider.geometry().spacing_mm()[0] - expected).abs() < 1e-9);
    }
}
