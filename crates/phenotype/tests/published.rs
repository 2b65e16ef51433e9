//! The 91 published rows of TCGA-BRCA, and the lesion of TCGA-AO-A03M beside its row.
#![expect(
    clippy::unwrap_used,
    clippy::print_stdout,
    reason = "a test that tells what it measures and skips"
)]

use std::collections::BTreeMap;
use std::path::PathBuf;
use triher_detection::{DetectionOptions, detect};
use triher_phenotype::{PhenotypeOptions, phenotypes};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase};

fn data() -> Option<PathBuf> {
    let data = std::env::var_os("TRIHER_REFERENCE_DATA").map_or_else(
        || PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../../shared/data"),
        PathBuf::from,
    );
    if data.join("tcga-brca").is_dir() {
        return Some(data);
    }
    println!("skipped: reference data not present");
    None
}

/// Published rows: patient, and value by code.
fn published(data: &std::path::Path) -> Vec<(String, BTreeMap<String, f64>)> {
    let mut reader = csv::Reader::from_path(data.join("tcga-brca/mri_phenotypes_91.csv")).unwrap();
    let codes: Vec<String> = reader
        .headers()
        .unwrap()
        .iter()
        .map(|h| {
            h.rsplit('(')
                .next()
                .unwrap()
                .trim_end_matches(')')
                .to_owned()
        })
        .collect();
    reader
        .records()
        .map(|row| {
            let row = row.unwrap();
            let values = codes.iter().zip(&row).skip(1);
            let values = values
                .map(|(c, v)| (c.clone(), v.parse().unwrap()))
                .collect();
            (row[0].to_owned(), values)
        })
        .collect()
}

/// The relations between phenotypes that the code is written by hold in the published table.
#[test]
fn published_rows_follow_the_definitions() {
    let Some(data) = data() else { return };
    let rows = published(&data);
    assert_eq!(rows.len(), 91);
    for (patient, row) in &rows {
        let v = |code: &str| row[code];
        let near = |a: f64, b: f64, what: &str| {
            assert!(
                (a - b).abs() <= 1e-4 * a.abs().max(b.abs()).max(0.01),
                "{patient} {what}: {a} {b}"
            );
        };
        near(v("K3"), v("K1") / v("K2"), "uptake rate");
        near(v("K5"), 1.0 / v("K7") - 1.0, "curve shape index");
        near(v("E3"), v("E1") / v("E2"), "variance increasing rate");
        near(
            v("S2"),
            (6.0 * v("S1") / std::f64::consts::PI).cbrt(),
            "effective diameter",
        );
        near(v("G3"), v("S3") / v("S1"), "surface to volume");
        near(
            v("G2"),
            1.0 - std::f64::consts::PI * v("S2").powi(2) / v("S3"),
            "irregularity",
        );
        assert!(v("K6") <= v("K1") * (1.0 + 1e-6), "{patient}");
    }
}

/// Prints the table of docs/phenotypes.md. No mask and no times of this study are published: the mask is the first candidate of the detection, the times are those which K2 and K4
/// of the same row imply (60 s, then 85.43 s each), so values in seconds are no independent check.
#[test]
fn a_lesion_beside_its_published_row() {
    let Some(data) = data() else { return };
    let names = ["pre", "post1", "post2", "post3", "post4", "post5"];
    let phases = names.iter().enumerate().map(|(n, name)| Phase {
        image: triher_imagefile::read_image(&data.join(format!("tcga-ao-a03m/{name}.nii.gz")))
            .unwrap(),
        time_s: Some(if n == 0 {
            0.0
        } else {
            60.0 + 85.433 * (n as f64 - 1.0)
        }),
    });
    let series = DynamicSeries::new(phases.collect()).unwrap();
    let lesion = detect(&series, &DetectionOptions::default())
        .unwrap()
        .candidates[0]
        .mask
        .clone();
    let rows = published(&data);
    let (_, row) = rows.iter().find(|(p, _)| p == "TCGA-AO-A03M").unwrap();
    let found: Vec<Vec<f64>> = [2, 4, 8]
        .map(|clusters| {
            let all = phenotypes(&series, &lesion, &PhenotypeOptions { clusters }).unwrap();
            all.iter().map(|p| p.value.unwrap()).collect()
        })
        .to_vec();
    println!(
        "| | | unit | published | triher | 2 clusters | 8 clusters |\n| --- | --- | --- | ---: | ---: | ---: | ---: |"
    );
    for (n, p) in triher_phenotype::phenotype_list().iter().enumerate() {
        println!(
            "| {} | {} | {} | {:.4} | {:.4} | {:.4} | {:.4} |",
            p.code, p.name, p.unit, row[p.code], found[1][n], found[0][n], found[2][n]
        );
    }
    let of = |code: &str| {
        let at = triher_phenotype::phenotype_list()
            .iter()
            .position(|p| p.code == code);
        found[1][at.unwrap()]
    };
    for (code, share) in [
        ("K1", 0.25),
        ("K7", 0.1),
        ("S1", 0.25),
        ("S2", 0.1),
        ("S5", 0.35),
    ] {
        let ratio = of(code) / row[code];
        assert!(
            (ratio - 1.0).abs() < share,
            "{code}: {ratio} of the published value"
        );
    }
}

/// A lesion whose values are known: two kinds of curves, in a cube.
#[test]
fn a_lesion_by_hand() {
    let geometry = Geometry::axis_aligned([8, 8, 8], [2.0; 3], [0.0; 3]).unwrap();
    let cube = Mask::from_fn(geometry, |index| index.iter().all(|i| (2..6).contains(i)));
    let phase = |hot: f32, warm: f32, time_s| Phase {
        image: Image::from_fn(geometry, |[i, _, _]| if i < 3 { hot } else { warm }),
        time_s,
    };
    let series = |times: [Option<f64>; 4]| {
        DynamicSeries::new(vec![
            phase(100.0, 100.0, times[0]),
            phase(250.0, 150.0, times[1]),
            phase(300.0, 160.0, times[2]),
            phase(200.0, 180.0, times[3]),
        ])
        .unwrap()
    };
    let timed = series([Some(0.0), Some(60.0), Some(120.0), Some(220.0)]);
    let all = phenotypes(&timed, &cube, &PhenotypeOptions { clusters: 2 }).unwrap();
    let near = |code: &str, expected: f64| {
        let found = all.iter().find(|p| p.code == code).unwrap().value.unwrap();
        assert!(
            (found - expected).abs() < 1e-6 * expected.abs().max(1.0),
            "{code}: {found}, not {expected}"
        );
    };
    near("K1", 2.0);
    near("K2", 120.0);
    near("K3", 2.0 / 120.0);
    near("K4", 0.01);
    near("K5", 1.0 / 1.5 - 1.0);
    near("K6", 1.5);
    near("K7", 1.5);
    // A quarter of the voxels enhances by 2, the rest by 0.6: variance 3/16 x 1.4^2.
    near("E1", 0.1875 * 1.96);
    near("E2", 120.0);
    near("E4", 0.1875 * (1.96 - 0.04) / 100.0);
    near("S1", 512.0);
    near("S3", 384.0);
    near("G3", 0.75);
    near("S4", 128.0);
    near("S5", 8.0 * 3.0f64.sqrt());

    let untimed = phenotypes(&series([None; 4]), &cube, &PhenotypeOptions::default()).unwrap();
    for p in untimed {
        let needs = ["K2", "K3", "K4", "E2", "E3", "E4"].contains(&p.code);
        assert_eq!(p.value.is_none(), needs, "{}", p.code);
        assert_eq!(p.missing.is_empty(), !needs);
    }
    let empty = cube.map(|_| false);
    assert!(phenotypes(&timed, &empty, &PhenotypeOptions::default()).is_err());
    assert!(phenotypes(&timed, &cube, &PhenotypeOptions { clusters: 1 }).is_err());
}
