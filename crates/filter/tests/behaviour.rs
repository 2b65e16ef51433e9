//! What holds for every filter: linearity, constant images, independence of where an image is cut and of threads; and bad input.
#![expect(clippy::unwrap_used, reason = "a test says what broke by breaking")]

use proptest::prelude::*;
use triher_filter::{Filter, FilterError};
use triher_volume::{Geometry, Image, Volume, crop};

/// Filters that are linear in the image.
const LINEAR: [&str; 8] = [
    "kind='mean'\nsupport=3",
    "kind='log'\nsigma-mm=1.2",
    "kind='log'\nsigma-mm=1.2\nby-slice=true",
    "kind='laws'\nkernels='L5E5S5'",
    "kind='wavelet'\nfamily='db2'\nband='LHL'\nlevel=2",
    "kind='wavelet'\nfamily='haar'\nband='LH'\npooling='mean'",
    "kind='isotropic-wavelet'\nlevel=1",
    "kind='log'\nsigma-mm=1.0\nriesz=[1,0,1]",
];

/// And those that are not.
const OTHERS: [&str; 4] = [
    "kind='laws'\nkernels='L3E3S3'\npooling='max'\nenergy-distance=2",
    "kind='gabor'\nsigma-mm=1.5\nlambda-mm=2.5\ngamma=1.5\nstep-deg=45.0\northogonal-planes=true",
    "kind='gabor'\nsigma-mm=1.5\nlambda-mm=2.5\ngamma=0.7\nangle-deg=30.0",
    "kind='isotropic-wavelet'\nfamily='shannon'\nlevel=2\nby-slice=true",
];

fn filter(settings: &str) -> Filter {
    toml::from_str(settings).unwrap()
}

fn image(size: [usize; 3], value: impl FnMut([usize; 3]) -> f32) -> Image {
    Image::from_fn(
        Geometry::axis_aligned(size, [1.0; 3], [0.0; 3]).unwrap(),
        value,
    )
}

fn rough([i, j, k]: [usize; 3]) -> f32 {
    ((i * 37 + j * 91 + k * 53 + i * j * 7) % 101) as f32
}

fn largest_difference(a: &Image, b: &Image) -> f32 {
    let pairs = a.voxels().iter().zip(b.voxels());
    pairs.map(|(a, b)| (a - b).abs()).fold(0.0, f32::max)
}

#[test]
fn what_removes_the_mean_answers_a_constant_with_nothing() {
    let flat = image([9, 8, 7], |_| 42.0);
    let nothing = [
        "kind='laws'\nkernels='L5E5S5'",
        "kind='wavelet'\nfamily='db3'\nband='LLH'\npooling='mean'",
        "kind='wavelet'\nfamily='haar'\nband='HH'",
    ];
    for settings in nothing {
        let response = filter(settings).apply(&flat).unwrap();
        assert!(
            response.voxels().iter().all(|v| v.abs() < 1e-4),
            "{settings}"
        );
    }
    let mean = filter("kind='mean'\nsupport=5").apply(&flat).unwrap();
    assert!(mean.voxels().iter().all(|v| (v - 42.0).abs() < 1e-4));
}

#[test]
fn a_cut_image_gives_the_same_inside_its_reach() {
    let whole = image([40, 38, 36], rough);
    for settings in LINEAR.iter().chain(&OTHERS) {
        let filter = filter(settings);
        let Some(reach) = filter.reach([1.0; 3]) else {
            continue;
        };
        let start: [usize; 3] = std::array::from_fn(|a| 18 - reach[a]);
        let size: [usize; 3] = std::array::from_fn(|a| 2 + 2 * reach[a]);
        let cut = filter.apply(&crop(&whole, start, size).unwrap()).unwrap();
        let inside = crop(&cut, reach, [2; 3]).unwrap();
        let expected = crop(&filter.apply(&whole).unwrap(), [18; 3], [2; 3]).unwrap();
        let difference = largest_difference(&inside, &expected);
        assert!(difference < 1e-3, "{settings}: {difference}");
    }
}

#[test]
fn the_same_with_any_number_of_threads() {
    let image = image([21, 18, 13], rough);
    let with = |threads| {
        let pool = rayon::ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .unwrap();
        pool.install(|| -> Vec<Image> {
            let all = LINEAR.iter().chain(&OTHERS);
            all.map(|s| filter(s).apply(&image).unwrap()).collect()
        })
    };
    assert_eq!(with(1), with(3));
}

#[test]
fn one_voxel_one_slice_and_thin_images() {
    for size in [[1, 1, 1], [7, 1, 1], [1, 6, 1], [8, 8, 1], [3, 2, 9]] {
        let image = image(size, rough);
        for settings in LINEAR.iter().chain(&OTHERS) {
            let response = filter(settings).apply(&image).unwrap();
            assert!(
                response.voxels().iter().all(|v| v.is_finite()),
                "{settings} on {size:?}"
            );
        }
    }
}

#[test]
fn bad_input_is_refused_with_its_reason() {
    let mut holed = image([6; 3], rough);
    holed.voxels_mut()[7] = f32::NAN;
    let error = filter(LINEAR[0]).apply(&holed).unwrap_err();
    assert!(
        matches!(error, FilterError::NotFinite { count: 1, .. }),
        "{error}"
    );

    let thick = Volume::from_fn(
        Geometry::axis_aligned([6, 6, 4], [0.7, 0.7, 2.0], [0.0; 3]).unwrap(),
        rough,
    );
    let error = filter(LINEAR[1]).apply(&thick).unwrap_err().to_string();
    assert!(error.contains("resample"), "{error}");
    assert!(filter(LINEAR[2]).apply(&thick).is_ok());

    let bad = [
        "kind='mean'\nsupport=4",
        "kind='mean'\nsupport=0",
        "kind='log'\nsigma-mm=-1.0",
        "kind='log'\nsigma-mm=nan",
        "kind='log'\nsigma-mm=1e9",
        "kind='log'\nsigma-mm=1e308\ntruncate=1e308",
        "kind='log'\nsigma-mm=1.0\nriesz=[0,0,0]",
        "kind='laws'\nkernels='L5E5S5E5'",
        "kind='laws'\nkernels='L5\u{e9}5'",
        "kind='laws'\nkernels='L5E5'\nenergy-distance=100000",
        "kind='gabor'\nsigma-mm=1.0\nlambda-mm=0.0\ngamma=1.0",
        "kind='gabor'\nsigma-mm=1.0\nlambda-mm=1.0\ngamma=1.0\nstep-deg=7.0",
        "kind='gabor'\nsigma-mm=1.0\nlambda-mm=1.0\ngamma=1e-9",
        "kind='wavelet'\nfamily='db99'\nband='LL'",
        "kind='wavelet'\nfamily='db2'\nband='LLLL'",
        "kind='wavelet'\nfamily='db2'\nband='LX'",
        "kind='wavelet'\nfamily='db2'\nband='LL'\nlevel=0",
        "kind='isotropic-wavelet'\nlevel=60",
    ];
    for settings in bad {
        filter(settings).reach([1e-3; 3]);
        let error = filter(settings).apply(&image([4; 3], rough)).unwrap_err();
        assert!(
            matches!(error, FilterError::BadSetting { .. }),
            "{settings}: {error}"
        );
    }
    assert!(toml::from_str::<Filter>("kind='mean'\nsupport=3\nsuport=3").is_err());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn linear_filters_are_linear(
        a in prop::collection::vec(-100.0f32..100.0, 210),
        b in prop::collection::vec(-100.0f32..100.0, 210),
        scale in -3.0f32..3.0,
        which in 0usize..LINEAR.len(),
    ) {
        let size = [7, 6, 5];
        let at = |v: &[f32]| { let v = v.to_vec(); image(size, move |[i, j, k]| v[i + 7 * (j + 6 * k)]) };
        let sum: Vec<f32> = a.iter().zip(&b).map(|(a, b)| a + scale * b).collect();
        let filter = filter(LINEAR[which]);
        let [ra, rb, rs] = [&a, &b, &sum].map(|v| filter.apply(&at(v)).unwrap());
        for ((a, b), s) in ra.voxels().iter().zip(rb.voxels()).zip(rs.voxels()) {
            prop_assert!((a + scale * b - s).abs() < 2e-3 * (1.0 + a.abs() + b.abs()), "{} {}", LINEAR[which], a + scale * b - s);
        }
    }
}
