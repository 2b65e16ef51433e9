//! A simulated cohort on disk: images, masks, tables and the truth.

use crate::StudyError;
use crate::manifest::{Manifest, write_json, write_whole};
use crate::progress::Progress;
use crate::study_file::configuration;
use rayon::prelude::*;
use serde::Serialize;
use std::path::{Path, PathBuf};
use triher_dicomwrite::{MrWriteOptions, PhaseLayout, SegmentationOptions};
use triher_simulate::{CohortSpec, SimulatedPatient, simulate_patient};

/// The format of simulated images.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum SimulatedFormat {
    /// DICOM MR images, masks as DICOM SEG; each centre lays out its phases in another way.
    Dicom,
    /// NIfTI phases and masks.
    Nifti,
}

/// What to simulate and where to write it.
#[derive(Clone, Debug)]
pub struct SimulatePlan {
    /// The cohort.
    pub spec: CohortSpec,
    /// Folder to write to.
    pub out: PathBuf,
    /// Image format.
    pub format: SimulatedFormat,
}

/// What was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Simulated {
    /// One cohort file per centre, in the order of the centres.
    pub cohorts: Vec<(String, PathBuf)>,
    /// Clinical table with IHC and ISH columns.
    pub clinical: PathBuf,
    /// Number of patients.
    pub patients: usize,
}

/// Reads a cohort specification (TOML), or takes the demo's; seed and number of patients may be replaced.
///
/// # Errors
/// When the file cannot be read or is no specification.
pub fn read_spec(
    file: Option<&Path>,
    seed: Option<u64>,
    patients: Option<usize>,
) -> Result<CohortSpec, StudyError> {
    let mut spec = match file {
        None => CohortSpec::demo(seed.unwrap_or(1)),
        Some(file) => {
            let text = std::fs::read_to_string(file).map_err(StudyError::read(file))?;
            toml::from_str(&text).map_err(|e| configuration(file, e.to_string()))?
        }
    };
    if let Some(seed) = seed {
        spec.seed = seed;
    }
    for centre in &mut spec.centres {
        centre.patients = patients.unwrap_or(centre.patients);
    }
    Ok(spec)
}

/// How centres lay out their phases, in turn: so that one cohort exercises the ways of hospitals.
const LAYOUTS: [PhaseLayout; 4] = [
    PhaseLayout::SeriesPerPhase,
    PhaseLayout::OneSeriesTemporalPosition,
    PhaseLayout::EnhancedMultiFrame,
    PhaseLayout::OneSeriesTriggerTime,
];

/// What one patient adds to the tables.
struct Row {
    id: String,
    centre: usize,
    images: String,
    mask: String,
    times: String,
    ihc: String,
    ish: String,
    truth: Vec<(String, String)>,
}

/// Simulates a cohort and writes, into the plan's folder: `images/CENTRE/PATIENT/`, `masks/PATIENT.dcm` (or
/// `.nii.gz`), `clinical.csv` (IHC and ISH, as a pathologist reports them) with its `columns.toml`, `patients-CENTRE.csv` and `CENTRE.toml`
/// (a cohort file for `triher extract`) for each centre, `truth.csv`, `truth/PATIENT-rim.nii.gz` and
/// `truth/PATIENT-core.nii.gz` (which part of the lesion is rim, and which core) and `simulation.json`.
///
/// Every patient comes from a random stream of its own: the bytes do not depend on the number of threads.
///
/// # Errors
/// When a file cannot be written.
pub fn simulate(plan: &SimulatePlan, progress: &dyn Progress) -> Result<Simulated, StudyError> {
    let patients: Vec<(usize, usize)> = triher_simulate::patients(&plan.spec).collect();
    progress.begin("Simulating patients", patients.len() as u64);
    let rows: Vec<Row> = patients
        .par_iter()
        .map(|&(centre, index)| {
            let patient = simulate_patient(&plan.spec, centre, index)?;
            let row = write_patient(plan, centre, &patient)?;
            progress.step(&row.id);
            Ok(row)
        })
        .collect::<Result<_, StudyError>>()?;
    progress.end();

    let clinical = plan.out.join("clinical.csv");
    let clinical_rows = rows
        .iter()
        .map(|r| vec![r.id.clone(), r.ihc.clone(), r.ish.clone()]);
    write_csv(
        &clinical,
        &["patient_id", "her2_ihc", "her2_ish"],
        clinical_rows,
    )?;
    write_whole(&plan.out.join("columns.toml"), CLINICAL_COLUMNS.as_bytes())?;
    let mut truth_names = vec!["patient_id".to_owned(), "centre".to_owned()];
    truth_names.extend(
        rows.first()
            .into_iter()
            .flat_map(|r| r.truth.iter().map(|t| t.0.clone())),
    );
    let names: Vec<&str> = truth_names.iter().map(String::as_str).collect();
    let truth_rows = rows.iter().map(|r| {
        let mut cells = vec![r.id.clone(), plan.spec.centres[r.centre].name.clone()];
        cells.extend(r.truth.iter().map(|t| t.1.clone()));
        cells
    });
    write_csv(&plan.out.join("truth.csv"), &names, truth_rows)?;

    let mut cohorts = Vec::new();
    for (index, centre) in plan.spec.centres.iter().enumerate() {
        let table = format!("patients-{}.csv", centre.name);
        let members = rows.iter().filter(|r| r.centre == index).map(|r| {
            vec![
                r.id.clone(),
                r.images.clone(),
                r.mask.clone(),
                centre.name.clone(),
                r.times.clone(),
            ]
        });
        let header = ["patient_id", "images", "mask", "centre", "times_s"];
        write_csv(&plan.out.join(&table), &header, members)?;
        let path = plan.out.join(format!("{}.toml", centre.name));
        write_whole(&path, cohort_file(&centre.name, &table).as_bytes())?;
        cohorts.push((centre.name.clone(), path));
    }
    write_json(&plan.out.join("simulation.json"), &plan.spec)?;
    let mut manifest = Manifest::new("simulate", &(&plan.spec, plan.format));
    manifest.seeds = vec![("simulation".to_owned(), plan.spec.seed)];
    manifest.notes.push(format!(
        "{} patients, all simulated: no real person",
        rows.len()
    ));
    manifest.write(&plan.out.join("manifest.json"))?;
    Ok(Simulated {
        cohorts,
        clinical,
        patients: rows.len(),
    })
}

/// Which columns of `clinical.csv` are what, for `triher label`.
const CLINICAL_COLUMNS: &str = "\
# For: triher label clinical.csv --columns columns.toml
patient_id = \"patient_id\"
ihc_score = \"her2_ihc\"
ish_status = \"her2_ish\"
";

fn cohort_file(centre: &str, table: &str) -> String {
    format!(
        "# A simulated centre, for: triher extract {centre}.toml\n\
         name = \"{centre} (simulated)\"\n\
         patients = \"{table}\"\n\
         labels = \"labels.csv\"            # made by: triher label clinical.csv --columns columns.toml --out labels.csv\n\
         output = \"features-{centre}.parquet\"\n\n\
         [features]\n\
         kinetics = true\n\
         first_order = true\n"
    )
}

fn write_patient(
    plan: &SimulatePlan,
    centre: usize,
    patient: &SimulatedPatient,
) -> Result<Row, StudyError> {
    let id = &patient.id;
    let images = Path::new("images").join(&patient.centre).join(id);
    let folder = plan.out.join(&images);
    let masks = plan.out.join("masks");
    let truth = plan.out.join("truth");
    for folder in [&folder, &masks, &truth] {
        std::fs::create_dir_all(folder).map_err(StudyError::write(folder))?;
    }
    let mut core = patient.lesion.clone();
    let parts = core.voxels_mut().iter_mut().zip(patient.rim.voxels());
    parts.for_each(|(core, rim)| *core &= !rim);
    for (part, mask) in [("rim", &patient.rim), ("core", &core)] {
        triher_imagefile::write_nifti_mask(&truth.join(format!("{id}-{part}.nii.gz")), mask)?;
    }
    let mut times = String::new();
    let mask = match plan.format {
        SimulatedFormat::Dicom => {
            let layout = LAYOUTS[centre % LAYOUTS.len()];
            let options = mr_options(&plan.spec, patient, layout);
            let written = triher_dicomwrite::write_mr_phases(&folder, &options, &patient.series)?;
            let mask = Path::new("masks").join(format!("{id}.dcm"));
            let options = SegmentationOptions::for_images(&options, &written);
            let regions = [("lesion".to_owned(), patient.lesion.clone())];
            triher_dicomwrite::write_segmentation(&plan.out.join(&mask), &options, &regions)?;
            mask
        }
        SimulatedFormat::Nifti => {
            for (number, phase) in patient.series.phases().iter().enumerate() {
                let file = folder.join(format!("{id}_{number:04}.nii.gz"));
                triher_imagefile::write_nifti(&file, &phase.image)?;
            }
            // NIfTI files carry no phase times: the table does.
            let seconds = patient.series.times_s().unwrap_or_default();
            times = seconds
                .iter()
                .map(ToString::to_string)
                .collect::<Vec<_>>()
                .join(";");
            let mask = Path::new("masks").join(format!("{id}.nii.gz"));
            triher_imagefile::write_nifti_mask(&plan.out.join(&mask), &patient.lesion)?;
            mask
        }
    };
    Ok(Row {
        id: id.clone(),
        centre,
        images: slashes(&images),
        mask: slashes(&mask),
        times,
        ihc: patient.truth.ihc.to_string(),
        ish: patient.truth.ish.to_string(),
        truth: patient.truth.columns(),
    })
}

fn mr_options(
    spec: &CohortSpec,
    patient: &SimulatedPatient,
    layout: PhaseLayout,
) -> MrWriteOptions {
    let scanner = &patient.scanner;
    MrWriteOptions {
        layout,
        patient_id: patient.id.clone(),
        age_years: Some(patient.truth.age_years),
        uid_seed: format!("triher simulation {} {}", spec.seed, patient.id),
        study_description: "Simulated breast DCE-MRI".to_owned(),
        series_description: "T1 3D dynamic (simulated)".to_owned(),
        manufacturer: "TriHER simulator".to_owned(),
        model_name: scanner.name.clone(),
        institution: Some(patient.centre.clone()),
        field_strength_t: scanner.field_strength_t,
        repetition_time_ms: scanner.repetition_time_ms,
        echo_time_ms: scanner.echo_time_ms,
        flip_angle_deg: scanner.flip_angle_deg,
        contrast_agent: Some("simulated gadolinium chelate".to_owned()),
        ..MrWriteOptions::default()
    }
}

fn slashes(path: &Path) -> String {
    path.components()
        .map(|c| c.as_os_str().to_string_lossy())
        .collect::<Vec<_>>()
        .join("/")
}

fn write_csv(
    path: &Path,
    header: &[&str],
    rows: impl Iterator<Item = Vec<String>>,
) -> Result<(), StudyError> {
    let wrong = |e: csv::Error| StudyError::Internal(e.to_string());
    let mut writer = csv::Writer::from_writer(Vec::new());
    writer.write_record(header).map_err(wrong)?;
    for row in rows {
        writer.write_record(&row).map_err(wrong)?;
    }
    let bytes = writer
        .into_inner()
        .map_err(|e| StudyError::Internal(e.to_string()))?;
    write_whole(path, &bytes)
}
