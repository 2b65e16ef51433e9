//! `triher radiomics`, `triher ibsi` and radiomics as features of a cohort; that the numbers are right is tested in `triher-radiomics`.

use crate::workspace::{Workspace, reference};

#[test]
fn one_image_gives_a_table_with_the_standards_tags() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    let command = "radiomics --image p/P_0002.nii.gz --mask p/P_mask.nii.gz";
    w.triher(&format!("{command} --profile ibsi --out r.csv"))
        .done();
    let text = String::from_utf8(w.read("r.csv")).unwrap();
    assert_eq!(text.lines().next(), Some("tag,family,value,unit,flags"));
    assert!(text.contains("\nmorph_volume,Morphology,"));
    assert!(text.contains("\ncm_joint_max_3D_avg,\"Co-occurrence matrix (3D, averaged)\","));
    let manifest = w.json("r.csv.manifest.json");
    assert_eq!(manifest["inputs"].as_array().unwrap().len(), 2);
    // On standard output without --out, and the same with one thread.
    let printed = w.triher(&format!("{command} --threads 1")).done().stdout();
    assert_eq!(printed.trim_end(), text.trim_end());
    w.triher(&format!("{command} --configuration E --out e.json"))
        .done();
    let json = w.json("e.json");
    assert_eq!(json[0]["tag"], "morph_volume");

    w.write("s.toml", "families = ['statistics']\n");
    w.triher(&format!("{command} --settings s.toml --out s.csv"))
        .done();
    assert_eq!(
        String::from_utf8(w.read("s.csv")).unwrap().lines().count(),
        19
    );
}

#[test]
fn pyradiomics_names_and_parameter_file() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    let command = "radiomics --profile pyradiomics --image p/P_0002.nii.gz --mask p/P_mask.nii.gz";
    w.write(
        "p.yaml",
        "featureClass: {glcm: [Contrast]}\nsetting: {binWidth: 10}\n",
    );
    let text = w
        .triher(&format!("{command} --settings p.yaml"))
        .done()
        .stdout();
    assert!(
        text.lines()
            .nth(1)
            .unwrap()
            .starts_with("original_glcm_Contrast,glcm,")
    );
    assert_eq!(text.trim_end().lines().count(), 2);
    w.write("bad.yaml", "imageType: {Wavelet: {}}\n");
    w.triher(&format!("{command} --settings bad.yaml"))
        .fails_saying(&["bad.yaml", "Wavelet"]);
    w.triher(&format!("{command} --configuration A"))
        .fails_saying(&["--settings"]);
}

#[test]
fn what_cannot_be_measured_is_told() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    let image = "radiomics --image p/P_0002.nii.gz";
    w.triher(&format!("{image} --mask p/P_mask.nii.gz --configuration F"))
        .fails_saying(&["A, B, C, D and E"]);
    w.triher(&format!("{image} --mask p/P_mask.nii.gz --label 7"))
        .fails_saying(&["no voxel"]);
    w.write(
        "s.toml",
        "discretisation = { method = 'bin-number', bins = 0 }\n",
    );
    w.triher(&format!("{image} --mask p/P_mask.nii.gz --settings s.toml"))
        .fails_saying(&["0 bins"]);
    w.write("s.toml", "families = ['morphologie']\n");
    w.triher(&format!("{image} --mask p/P_mask.nii.gz --settings s.toml"))
        .fails_saying(&["s.toml", "morphologie"]);
    w.triher(&format!("{image} --mask none.nii.gz"))
        .fails_saying(&["none.nii.gz"]);
    w.triher("ibsi --data .")
        .fails_saying(&["reference_values.csv"]);
}

#[test]
fn the_conformance_table_is_printed_and_a_wrong_reference_fails() {
    let Some(data) = reference("ibsi") else {
        return;
    };
    let w = Workspace::new();
    let data = data.to_str().unwrap();
    let text = w
        .triher_words(&["ibsi", "--data", data, "--out", "ibsi.md"])
        .done()
        .stdout();
    assert!(!text.contains("DIFFERS") && !text.contains("ABSENT"));
    assert!(text.contains("462 of 462 rows that bind"), "{text}");
    let document = String::from_utf8(w.read("ibsi.md")).unwrap();
    assert!(document.contains("| morph_volume | 556.333 |"));
    assert!(document.contains("## config_E"));

    let table = std::fs::read_to_string(format!("{data}/reference_values.csv")).unwrap();
    w.write(
        "wrong.csv",
        table.replace(",>= 10,556,4,morph_volume", ",>= 10,576,4,morph_volume"),
    );
    w.triher_words(&[
        "ibsi",
        "--data",
        data,
        "--reference",
        "wrong.csv",
        "--summary",
    ])
    .fails_saying(&[]);
}

#[test]
fn filters_give_maps_and_features() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    let files = "--image p/P_0002.nii.gz --mask p/P_mask.nii.gz";
    w.write(
        "s.toml",
        "families = ['statistics']\nresampling = { spacing-mm = [2, 2, 2], interpolation = 'linear' }\n\
         [[filters]]\nkind = 'log'\nsigma-mm = 3.0\n[[filters]]\nkind = 'wavelet'\nfamily = 'coif1'\nband = 'LLH'\npooling = 'mean'\n\
         [responses]\nfamilies = ['statistics']\n",
    );
    let table = w
        .triher(&format!("radiomics {files} --settings s.toml"))
        .done()
        .stdout();
    for tag in [
        "\nstat_mean,",
        "\nlog_3mm_stat_mean,",
        "\nwavelet_coif1_LLH_level1_mean_stat_kurt,",
    ] {
        assert!(table.contains(tag), "{tag} in {table}");
    }
    assert_eq!(table.trim_end().lines().count(), 1 + 3 * 18);
    let again = w
        .triher(&format!("radiomics {files} --settings s.toml --threads 1"))
        .done();
    assert_eq!(again.stdout(), table);
    w.triher("filter --image p/P_0002.nii.gz --settings s.toml --out maps")
        .done();
    for file in [
        "log_3mm.nii.gz",
        "wavelet_coif1_LLH_level1_mean.nii.gz",
        "manifest.json",
    ] {
        assert!(!w.read(&format!("maps/{file}")).is_empty());
    }
    w.write("none.toml", "families = ['statistics']\n");
    w.triher("filter --image p/P_0002.nii.gz --settings none.toml --out maps")
        .fails_saying(&["[[filters]]"]);
    w.write("bad.toml", "[[filters]]\nkind = 'laws'\nkernels = 'L5X5'\n");
    w.triher(&format!("radiomics {files} --settings bad.toml"))
        .fails_saying(&["L5X5", "kernels"]);
    w.write(
        "twice.toml",
        "[[filters]]\nkind = 'mean'\nsupport = 3\n[[filters]]\nkind = 'mean'\nsupport = 3\n",
    );
    w.triher(&format!("radiomics {files} --settings twice.toml"))
        .fails_saying(&["mean_3"]);
}

/// Phenotypes, pharmacokinetics and filters by name in the cohort file; phases without seconds lose what needs them, not the patient.
#[test]
fn phenotypes_pharmacokinetics_and_filters_are_features_of_a_cohort() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    w.write("c.csv", "patient_id,images,mask\np,p,p/P_mask.nii.gz\n");
    let base = "name = 'c'\npatients = 'c.csv'\noutput = 'f.csv'\n";
    w.write(
        "c.toml",
        format!("{base}features = ['phenotypes', 'pharmacokinetic']\n"),
    );
    w.triher("extract c.toml").done();
    let column = |file: &str, name: &str| -> String {
        let table = String::from_utf8(w.read(file)).unwrap();
        let mut lines = table.lines();
        let header = lines.next().unwrap();
        let at = header.split(',').position(|c| c == name);
        let at = at.unwrap_or_else(|| panic!("{name} in {header}"));
        lines.next().unwrap().split(',').nth(at).unwrap().to_owned()
    };
    // The lesion enhances by 1.4 x 80 on about 100, most in the second phase of five.
    let k1: f64 = column("f.csv", "phenotype_K1").parse().unwrap();
    assert!((0.9..1.5).contains(&k1), "{k1}");
    let g1: f64 = column("f.csv", "phenotype_G1").parse().unwrap();
    assert!((0.5..=1.0).contains(&g1), "{g1}");
    // These files carry no seconds: what needs them is empty, and the patient's notes say why.
    for name in [
        "phenotype_K2",
        "pk_ktrans_per_min_median",
        "pk_kep_per_min_mean_curve",
    ] {
        assert_eq!(column("f.csv", name), "", "{name}");
    }
    let manifest = w.json("f.csv.manifest.json").to_string();
    assert!(
        manifest.contains("the phases have no times") && manifest.contains("give the seconds"),
        "{manifest}"
    );
    w.write(
        "t.csv",
        "patient_id,images,mask,times_s\np,p,p/P_mask.nii.gz,0;90;180;270;360;450\n",
    );
    w.write(
        "t.toml",
        "name = 'c'\npatients = 't.csv'\noutput = 't2.csv'\nfeatures = ['phenotypes', 'pharmacokinetic']\n",
    );
    w.triher("extract t.toml").done();
    assert_eq!(column("t2.csv", "phenotype_K2"), "180");
    let ktrans: f64 = column("t2.csv", "pk_ktrans_per_min_median")
        .parse()
        .unwrap();
    assert!(ktrans > 0.0 && ktrans < 5.0, "{ktrans}");
    let dictionary = String::from_utf8(w.read("f.csv.features.csv")).unwrap();
    assert!(dictionary.contains("phenotype_K2,") && dictionary.contains("Time to peak"));
    w.write(
        "g.toml",
        "name = 'c'\npatients = 'c.csv'\noutput = 'g.csv'\n[features]\nkinetics = false\nfirst_order = false\n\
         [features.pharmacokinetic]\nmodel = 'tofts'\ninput = 'weinmann'\n[features.radiomics]\ninputs = ['C1']\n\
         [features.radiomics.settings]\nfamilies = ['statistics']\nresampling = { spacing-mm = [2, 2, 2], interpolation = 'linear' }\n\
         [[features.radiomics.settings.filters]]\nkind = 'log'\nsigma-mm = 3.0\n",
    );
    w.triher("extract g.toml").done();
    let table = String::from_utf8(w.read("g.csv")).unwrap();
    let header = table.lines().next().unwrap();
    assert!(header.contains(",rad_C1_log_3mm_stat_mean,"), "{header}");
    assert!(header.contains(",rad_C1_log_3mm_cm_joint_max_3D_avg,"));
    assert!(!header.contains("pk_vp_median"));
}

#[test]
fn maps_of_a_study() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    std::fs::create_dir_all(w.path("q")).unwrap();
    for file in std::fs::read_dir(w.path("p")).unwrap() {
        let file = file.unwrap();
        let name = file.file_name().into_string().unwrap();
        if !name.contains("mask") {
            std::fs::copy(file.path(), w.path("q").join(name)).unwrap();
        }
    }
    let phases = std::fs::read_dir(w.path("q")).unwrap().count();
    let times: Vec<String> = (0..phases).map(|n| (90 * n).to_string()).collect();
    let command = format!("maps q --mask p/P_mask.nii.gz --times {}", times.join(","));
    w.triher(&format!("{command} --model tofts --out m")).done();
    for name in ["pe_1", "ser", "time_to_peak", "ktrans_per_min", "ve", "r2"] {
        let map = triher_imagefile::read_image(&w.path(&format!("m/{name}.nii.gz"))).unwrap();
        assert!(
            map.voxels().iter().any(|v| v.is_finite() && *v > 0.0),
            "{name}"
        );
    }
    let curve = String::from_utf8(w.read("m/curve.csv")).unwrap();
    assert_eq!(curve.lines().count(), phases + 1);
    assert_eq!(w.triher("maps q --model tofts --out n").code(), 2);
    // Three phases after contrast do not tell three parameters and an error.
    for last in ["P_0004", "P_0005"] {
        std::fs::remove_file(w.path(&format!("q/{last}.nii.gz"))).unwrap();
    }
    w.triher("maps q --mask p/P_mask.nii.gz --times 0,90,180,270 --model extended-tofts --out n")
        .fails_saying(&["simpler model"]);
    // Without times what needs them is left out with its reason.
    w.triher("maps q --out o").done();
    assert!(!w.path("o/initial_slope.nii.gz").exists());
    assert!(w.path("o/pe_1.nii.gz").exists());
    assert!(
        w.json("o/manifest.json")["notes"]
            .to_string()
            .contains("initial_slope")
    );
}

#[test]
fn filters_meet_the_standards_reference_values() {
    let Some(data) = reference("ibsi") else {
        return;
    };
    let w = Workspace::new();
    let data = data.to_str().unwrap();
    let text = w
        .triher_words(&["ibsi", "--filters", "--data", data])
        .done()
        .stdout();
    assert!(!text.contains("DIFFERS") && !text.contains("ABSENT"));
    assert_eq!(
        text.matches(" 18 of 18 rows that bind").count(),
        17,
        "{text}"
    );
    assert!(text.contains("filter_8.B       17 of 17 rows"), "{text}");
}

/// A list of names instead of a table; the table's columns are told beside it.
#[test]
fn radiomics_and_rings_are_features_of_a_cohort() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    w.write("c.csv", "patient_id,images,mask\np,p,p/P_mask.nii.gz\n");
    w.write(
        "c.toml",
        "name = 'c'\npatients = 'c.csv'\noutput = 'f.csv'\nfeatures = ['kinetics', 'radiomics', 'habitats', 'rings']\n",
    );
    w.triher("extract c.toml").done();
    let first = w.read("f.csv");
    let text = String::from_utf8(first.clone()).unwrap();
    for name in [
        "rad_C1_morph_volume",
        "rad_C1-C0_cm_contrast_3D_comb",
        "habitat_4_fraction",
        "habitat_spatial_index",
        "ring3mm_kin_",
        "ring5mm_rad_C1_stat_mean",
    ] {
        assert!(text.contains(name), "{name}");
    }
    assert!(!text.contains("rad_C1-C0_morph_volume") && !text.contains(",fo_"));
    let dictionary = String::from_utf8(w.read("f.csv.features.csv")).unwrap();
    assert!(dictionary.contains("rad_C1_morph_volume,C1,lesion,Morphology,morph_volume,mm3"));
    assert!(dictionary.contains("ring of 3 mm"));
    std::fs::remove_dir_all(w.path("f.csv.parts")).unwrap();
    w.triher("extract c.toml --threads 1").done();
    assert_eq!(first, w.read("f.csv"));

    w.write(
        "d.toml",
        "name = 'd'\npatients = 'c.csv'\noutput = 'd.csv'\n[features]\nkinetics = false\nfirst_order = false\n[features.radiomics]\n\
         inputs = ['C1']\nsettings = { families = ['statistics'] }\n[features.rings]\nwidths_mm = [2]\nkinetics = false\n",
    );
    w.triher("extract d.toml").done();
    let text = String::from_utf8(w.read("d.csv")).unwrap();
    let header = text.lines().next().unwrap();
    assert_eq!(header.matches("stat_").count(), 36);
    assert!(header.contains("ring2mm_rad_C1_stat_rms"));
    // The lesion made smaller and larger: what is larger holds more voxels, and nothing is left of one eroded by more than its radius.
    w.write(
        "d.toml",
        "name = 'd'\npatients = 'c.csv'\noutput = 'd2.csv'\n[features]\nkinetics = false\nfirst_order = false\n[features.radiomics]\n\
         inputs = ['C1']\nsettings = { families = ['statistics'] }\n[features.rings]\nwidths_mm = []\neroded_mm = [1, 9]\ndilated_mm = [2]\nkinetics = false\n",
    );
    w.triher("extract d.toml").done();
    let text = String::from_utf8(w.read("d2.csv")).unwrap();
    let mut lines = text.lines().map(|line| line.split(',').collect::<Vec<_>>());
    let (header, row) = (lines.next().unwrap(), lines.next().unwrap());
    let value = |name: &str| row[header.iter().position(|h| *h == name).unwrap()];
    let energy = |name: &str| {
        value(&format!("{name}rad_C1_stat_energy"))
            .parse::<f64>()
            .unwrap()
    };
    assert!(energy("eroded1mm_") < energy("") && energy("") < energy("dilated2mm_"));
    assert_eq!(value("eroded9mm_rad_C1_stat_energy"), "");
    let manifest = w.json("d2.csv.manifest.json").to_string();
    assert!(
        manifest.contains("nothing is left of the lesion"),
        "{manifest}"
    );
    let dictionary = String::from_utf8(w.read("d2.csv.features.csv")).unwrap();
    assert!(dictionary.contains("lesion dilated by 2 mm"));
    w.write(
        "e.toml",
        "name = 'e'\npatients = 'c.csv'\nfeatures = ['radiomix']\n",
    );
    w.triher("extract e.toml").fails_saying(&["radiomix"]);
}

/// Phases and patterns of curves of rings and habitats: columns with the region's name before the lesion's, told in the dictionary.
#[test]
fn curves_are_measured_in_rings_and_habitats() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    w.write("c.csv", "patient_id,images,mask\np,p,p/P_mask.nii.gz\n");
    w.write(
        "c.toml",
        "name = 'c'\npatients = 'c.csv'\noutput = 'f.csv'\n[features]\nkinetics = false\nfirst_order = false\n[features.curves]\nphases = 2\n\
         [features.rings]\nwidths_mm = [3]\nkinetics = false\nradiomics = false\ncurves = true\n[features.habitats]\ncount = 2\ncurves = true\n",
    );
    w.triher("extract c.toml").done();
    let first = w.read("f.csv");
    let mut reader = csv::Reader::from_reader(first.as_slice());
    let header = reader.headers().unwrap().clone();
    let row = reader.records().next().unwrap().unwrap();
    let value = |name: &str| -> f64 {
        let at = header.iter().position(|h| h == name);
        let at = at.unwrap_or_else(|| panic!("{name} in {header:?}"));
        row[at]
            .parse()
            .unwrap_or_else(|_| panic!("{name} is empty"))
    };
    let of_lesion: Vec<&str> = header.iter().filter(|h| h.starts_with("kin_")).collect();
    assert!(of_lesion.len() > 10);
    for region in ["ring3mm_", "habitat_1_", "habitat_2_"] {
        for name in &of_lesion {
            let name = format!("{region}{name}");
            assert!(header.iter().any(|h| h == name), "{name}");
        }
    }
    // The lesion enhances in the first phase, what lies about it does not; one habitat lies on either side of the whole.
    let pe = "kin_pe_1_p50";
    assert!(value(pe) > 50.0 && value(&format!("ring3mm_{pe}")) < 5.0);
    let mut parts = [1, 2].map(|n| value(&format!("habitat_{n}_{pe}")));
    parts.sort_by(f64::total_cmp);
    assert!(parts[0] <= value(pe) && value(pe) <= parts[1], "{parts:?}");
    let dictionary = String::from_utf8(w.read("f.csv.features.csv")).unwrap();
    let told = dictionary
        .lines()
        .find(|l| l.starts_with("ring3mm_kin_pe_1_p50,"));
    assert!(told.is_some_and(|l| l.contains("ring of 3 mm") && l.contains("Contrast kinetics")));
}

/// Two patients, changed a little: a table of intraclass correlations, the same however many threads work.
#[test]
fn features_are_told_apart_by_how_they_hold() {
    let w = Workspace::new();
    w.nifti_patient("p", 80.0);
    w.nifti_patient("q", 140.0);
    w.write(
        "c.csv",
        "patient_id,images,mask\np,p,p/P_mask.nii.gz\nq,q,q/P_mask.nii.gz\n",
    );
    w.write(
        "c.toml",
        "name = 'c'\npatients = 'c.csv'\nfeatures = ['kinetics']\n",
    );
    w.triher("robustness c.toml --out s.csv --repeats 3").done();
    let first = w.read("s.csv");
    let text = String::from_utf8(first.clone()).unwrap();
    assert!(text.starts_with("feature,icc,icc_lower,icc_upper,patients,repeats\n"));
    assert!(text.contains("\nsize_volume_mm3,"));
    w.triher("robustness c.toml --out s.csv --repeats 3 --threads 1")
        .done();
    assert_eq!(first, w.read("s.csv"));
    w.triher("robustness c.toml --out s.csv --repeats 1")
        .fails_saying(&["2 to 1000"]);
    w.triher("robustness c.toml --out s.csv --volume 2")
        .fails_saying(&["volume"]);
}
