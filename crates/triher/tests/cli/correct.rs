//! `triher correct`, and the same corrections in `triher extract`.

use crate::workspace::Workspace;
use triher_imagefile::{read_image, write_nifti, write_nifti_mask};
use triher_volume::{Geometry, Image, Mask};

const PHASES: [f32; 4] = [0.0, 1.0, 0.8, 0.6];

/// A breast with a lesion, in phases that a receive coil shades and of which the first lies `moved_mm` further to the left.
fn patient(w: &Workspace, folder: &str, moved_mm: f64, shaded: bool) {
    let grid = Geometry::axis_aligned([48, 40, 24], [2.0, 2.0, 3.0], [0.0; 3]).unwrap();
    let path = w.path(folder);
    std::fs::create_dir_all(&path).unwrap();
    let inside = |[x, y, z]: [f64; 3]| {
        let d = [x - 46.0, y - 44.0, z - 36.0];
        1.0 / (1.0 + (d.iter().map(|v| v * v).sum::<f64>().sqrt() - 9.0).exp())
    };
    for (phase, gain) in PHASES.into_iter().enumerate() {
        let shift = if phase == 0 { moved_mm } else { 0.0 };
        let image = Image::from_fn(grid, |index| {
            let at = grid.index_to_world(index.map(|i| i as f64));
            let place = [at[0] - shift, at[1], at[2]];
            // The breast points forwards (to small y); gland in lumps within fat.
            let round = ((place[0] - 48.0) / 34.0).powi(2) + ((place[2] - 36.0) / 30.0).powi(2);
            let depth = place[1] - 10.0 - 50.0 * round.min(1.0);
            let tissue = 1.0 / (1.0 + (-depth).exp());
            let lumps = (place[0] / 5.0).sin() * (place[1] / 6.0).cos() * (place[2] / 7.0).sin();
            let gland = 1.0 / (1.0 + (-12.0 * lumps).exp());
            let noise = ((index[0] * 7 + index[1] * 13 + index[2] * 5 + phase * 3) % 11) as f64;
            let signal = tissue * (120.0 + 90.0 * gland + 160.0 * f64::from(gain) * inside(place));
            let field = if shaded {
                (0.012 * (at[1] - 40.0)).exp()
            } else {
                1.0
            };
            ((signal + 0.3 * noise) * field) as f32
        });
        write_nifti(&path.join(format!("P_{phase:04}.nii.gz")), &image).unwrap();
    }
    let mask = Mask::from_fn(grid, |index| {
        inside(grid.index_to_world(index.map(|i| i as f64))) > 0.5
    });
    write_nifti_mask(&path.join("P_mask.nii.gz"), &mask).unwrap();
}

#[test]
fn motion_is_undone_and_drawn() {
    let w = Workspace::new();
    patient(&w, "p", 5.0, false);
    w.triher("correct p --motion rigid --out c --picture c.png --times 0,60,120,180")
        .done();
    let told = w.json("c/correction.json");
    assert_eq!(told["phases"].as_array().unwrap().len(), 4);
    let phase = &told["motion"]["phases"][0];
    assert_eq!(phase["correction"], "rigid");
    let shift = phase["translation_mm"][0].as_f64().unwrap();
    assert!((shift - 5.0).abs() < 0.5, "{shift}");
    assert!(w.read("c.png").starts_with(b"\x89PNG"));
    // What is written is read again as a study, with the mask as it was.
    std::fs::copy(w.path("p/P_mask.nii.gz"), w.path("mask.nii.gz")).unwrap();
    w.write(
        "c.toml",
        "name = 'c'\npatients = 'c.csv'\noutput = 'c.csv.out.csv'\nfeatures = ['kinetics']\n",
    );
    w.write(
        "c.csv",
        "patient_id,images,mask,times_s\np,c,mask.nii.gz,0;60;120;180\n",
    );
    w.triher("extract c.toml").done();

    w.triher("correct p --motion rigid --out c --picture c.png --picture-phase 1")
        .fails_saying(&["phase 1", "0 is before contrast"]);
    assert_eq!(
        w.triher("correct p --out c").code(),
        2,
        "nothing was asked for"
    );
    assert_eq!(
        w.triher("correct p --out c --bias-field n4 --picture c.png")
            .code(),
        2
    );
}

/// One field for all phases: what is a ratio of phases stays, what compares places does not.
#[test]
fn a_field_is_taken_off_and_leaves_enhancement_as_it_was() {
    let w = Workspace::new();
    patient(&w, "p", 0.0, true);
    w.triher("correct p --bias-field n4 --out c").done();
    let field = read_image(&w.path("c/field/bias_field.nii.gz")).unwrap();
    let at = |y: usize| f64::from(*field.get([23, y, 12]).unwrap());
    // exp(0.012 / mm) over 40 mm is 1.62; the field is smooth and only known within the body.
    let ratio = at(34) / at(14);
    assert!((1.35..1.95).contains(&ratio), "{ratio}");

    w.write(
        "p.csv",
        "patient_id,images,mask,times_s\np,p,p/P_mask.nii.gz,0;60;120;180\n",
    );
    let extract = |name: &str, bias_field: &str| {
        w.write(
            &format!("{name}.toml"),
            format!(
                "name = 'n'\npatients = 'p.csv'\noutput = '{name}.csv'\n[features]\n{bias_field}\n"
            ),
        );
        w.triher(&format!("extract {name}.toml")).done();
        let text = String::from_utf8(w.read(&format!("{name}.csv"))).unwrap();
        let mut lines = text
            .lines()
            .map(|l| l.split(',').map(str::to_owned).collect::<Vec<_>>());
        let (names, values) = (lines.next().unwrap(), lines.next().unwrap());
        names.into_iter().zip(values).skip(4).collect::<Vec<_>>()
    };
    let (plain, corrected) = (extract("plain", ""), extract("n4", "bias_field = 'n4'"));
    let mut changed = 0;
    for ((name, was), (_, is)) in plain.iter().zip(&corrected) {
        let [Ok(was), Ok(is)] = [was.parse::<f64>(), is.parse::<f64>()] else {
            assert_eq!(was, is, "{name}");
            continue;
        };
        let ratio_of_phases = [
            "kin_pe_",
            "kin_ser_",
            "kin_fraction_",
            "kin_functional_",
            "size_",
        ];
        // Of voxels exactly; the mean curve weighs its voxels by their signal, which the field changed.
        let tolerance = if name.ends_with("_curve") { 2e-2 } else { 1e-4 };
        let close = (was - is).abs() <= tolerance * was.abs().max(1e-2);
        if ratio_of_phases.iter().any(|p| name.starts_with(p)) {
            assert!(close, "{name}: {was} and {is}");
        }
        changed += usize::from(name.starts_with("fo_") && !close);
    }
    assert!(changed > 10, "first-order statistics do compare places");
    let manifest = w.json("n4.csv.manifest.json").to_string();
    assert!(
        manifest.contains("all phases were divided by the field")
            && manifest.contains("\"bias_field\":\"n4\"")
    );
}

#[test]
fn a_cohort_gets_a_picture_for_each_patient() {
    let w = Workspace::new();
    patient(&w, "p", 4.0, false);
    w.write("p.csv", "patient_id,images,mask\nP/1,p,p/P_mask.nii.gz\n");
    w.write(
        "c.toml",
        "name = 'c'\npatients = 'p.csv'\noutput = 'f.csv'\n[features]\nmotion = 'rigid'\n",
    );
    w.triher("extract c.toml").done();
    let pictures: Vec<String> = std::fs::read_dir(w.path("f.csv.motion"))
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(
        pictures.len() == 1 && pictures[0].starts_with("p-1-"),
        "{pictures:?}"
    );
    let manifest = w.json("f.csv.manifest.json").to_string();
    assert!(manifest.contains("motion of phase C0"), "{manifest}");
}
