//! The cohort file: where the images, masks and labels of a cohort are.

use crate::StudyError;
use crate::recipe::Recipe;
use crate::study_file::configuration;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// A cohort of patients with images.
///
/// ```toml
/// name = "hospital A"
/// images = "dicom"                    # folder with one folder or zip a patient, or with files named by `pattern`
/// masks = "masks/{patient}.nii.gz"    # DICOM SEG, RTSTRUCT, NIfTI or NRRD
/// centre = "A"
/// labels = "labels.csv"               # patient_id,class (as `triher label` writes it)
/// output = "features.parquet"
///
/// [features]
/// kinetics = true
/// first_order = true
/// motion = "rigid"                    # undone before anything is measured; also "deformable"
/// bias_field = "n4"                   # all phases divided by the field of the phase before contrast
/// habitats = { count = 4 }            # or model = "habitats.json", fitted by `triher habitats fit`
/// rings = { widths_mm = [1, 3, 5], eroded_mm = [1], dilated_mm = [2] }
///
/// [features.radiomics]
/// inputs = ["C1", "C1-C0"]
/// settings = { discretisation = { method = "bin-number", bins = 32 } }
///
/// [features.embedding]                # only when embeddings are wanted
/// weights = "fm-bcmri.pth.tar"        # without it, the compact encoder that ships
/// profile = "bl4as"
/// inputs = ["C2", "C2-C0", "C5-C2"]
/// test_time = "flips"                 # mirrored views averaged; also shifts, flips-and-shifts
/// ```
///
/// Instead of `images` and `masks`, `patients` may name a CSV with a row per patient: `patient_id`,
/// `images`, and optionally `mask`, `seed`, `centre`, `class`, `times_s` (seconds with semicolons
/// between). All paths are relative to the file that names them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CohortFile {
    /// Name in reports.
    pub name: String,
    /// Folder of images.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub images: Option<PathBuf>,
    /// How image files in that folder are named, such as `{centre}_{time}_{phase}_{patient}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Where the mask of a patient is: a path with `{patient}` (and `{centre}`) in it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub masks: Option<String>,
    /// A table with one row per patient, instead of `images`, `pattern` and `masks`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub patients: Option<PathBuf>,
    /// The centre of all patients.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub centre: Option<String>,
    /// Labels: `patient_id,class,...`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub labels: Option<PathBuf>,
    /// Series rules that extend the built-in ones.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub series_rules: Option<PathBuf>,
    /// Seconds of the phases, for files that carry none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub times_s: Option<Vec<f64>>,
    /// Whether a mask on another grid is resampled onto the images (otherwise it is an error).
    #[serde(default)]
    pub resample_masks: bool,
    /// Feature table to write (.parquet or .csv).
    #[serde(default = "default_output")]
    pub output: PathBuf,
    /// Which features.
    #[serde(default)]
    pub features: Recipe,
}

fn default_output() -> PathBuf {
    PathBuf::from("features.parquet")
}

/// One patient of a cohort, as the configuration names it; nothing has been read yet.
#[derive(Clone, Debug, PartialEq)]
pub struct CohortPatient {
    /// Identifier, when the configuration gives it; otherwise the images' own PatientID or the
    /// folder's name.
    pub id: Option<String>,
    /// What to call the patient until its identifier is known: the folder's name.
    pub unit: String,
    /// Where the images are.
    pub images: PatientImages,
    /// Where the lesion is.
    pub lesion: LesionPlace,
    /// The centre.
    pub centre: Option<String>,
    /// The class, when the patients' table gives it.
    pub class: Option<String>,
    /// Seconds of the phases.
    pub times_s: Option<Vec<f64>>,
}

/// Where one patient's images are.
#[derive(Clone, Debug, PartialEq)]
pub enum PatientImages {
    /// A folder, zip or file.
    Path(PathBuf),
    /// Image files, one a phase, in order.
    Phases(triher_imagefile::PatientPhases),
}

/// How one patient's lesion is found.
#[derive(Clone, Debug, PartialEq)]
pub enum LesionPlace {
    /// A mask file.
    Mask(PathBuf),
    /// A path of a mask with `{patient}` or `{centre}` still to be filled in.
    MaskTemplate {
        /// Folder that the path is relative to.
        folder: PathBuf,
        /// The path.
        template: String,
    },
    /// A point inside, from which the lesion is outlined.
    Seed(Seed),
    /// A box of voxels in which the lesion is outlined.
    Box(triher_region::IndexBox),
    /// Nothing says where it is.
    Unknown,
}

impl LesionPlace {
    /// The mask's file, where one is named.
    pub(crate) fn file(&self) -> Option<&std::path::Path> {
        match self {
            Self::Mask(path) => Some(path),
            _ => None,
        }
    }

    /// A box of voxels from text: `I0,J0,K0,I1,J1,K1`, the last three not included.
    ///
    /// # Errors
    /// A sentence that quotes what is no box.
    pub fn parse_box(text: &str) -> Result<Self, String> {
        let numbers: Option<Vec<usize>> = text.split(',').map(|t| t.trim().parse().ok()).collect();
        match numbers.as_deref() {
            Some(&[i0, j0, k0, i1, j1, k1]) if i0 < i1 && j0 < j1 && k0 < k1 => {
                Ok(Self::Box(triher_region::IndexBox {
                    start: [i0, j0, k0],
                    end: [i1, j1, k1],
                }))
            }
            _ => Err(format!(
                "\"{text}\" is no box: write the first voxel and the one after the last as I0,J0,K0,I1,J1,K1"
            )),
        }
    }
}

/// A point inside a lesion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Seed {
    /// Voxel `[i, j, k]` of the phases' grid.
    Voxel([usize; 3]),
    /// Patient coordinates (LPS), millimetres.
    WorldMm([f64; 3]),
}

impl std::str::FromStr for Seed {
    type Err = String;

    /// `110,150,25` (a voxel) or `12.5,-40,30mm` (patient coordinates, LPS).
    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            format!(
                "\"{text}\" is no seed: write a voxel as I,J,K (110,150,25) or patient coordinates as X,Y,Zmm (12.5,-40,30mm)"
            )
        };
        let triple = |text: &str| -> Option<Vec<f64>> {
            let numbers: Option<Vec<f64>> = text
                .split(',')
                .map(|t| t.trim().parse().ok().filter(|v: &f64| v.is_finite()))
                .collect();
            numbers.filter(|n| n.len() == 3)
        };
        if let Some(world) = text.trim().strip_suffix("mm") {
            let n = triple(world).ok_or_else(wrong)?;
            return Ok(Self::WorldMm([n[0], n[1], n[2]]));
        }
        let n = triple(text).ok_or_else(wrong)?;
        if n.iter().any(|v| v.fract() != 0.0 || *v < 0.0) {
            return Err(wrong());
        }
        Ok(Self::Voxel([n[0] as usize, n[1] as usize, n[2] as usize]))
    }
}

/// One row of the patients' table.
#[derive(Debug, Deserialize)]
struct PatientRow {
    patient_id: String,
    images: PathBuf,
    #[serde(default)]
    mask: Option<PathBuf>,
    #[serde(default)]
    seed: Option<String>,
    #[serde(default)]
    centre: Option<String>,
    #[serde(default)]
    class: Option<String>,
    #[serde(default)]
    times_s: Option<String>,
}

impl CohortFile {
    /// Reads a cohort file.
    ///
    /// # Errors
    /// [`StudyError::Read`] and [`StudyError::Configuration`].
    pub fn read(path: &Path) -> Result<Self, StudyError> {
        let text = std::fs::read_to_string(path).map_err(StudyError::read(path))?;
        let cohort: Self = toml::from_str(&text).map_err(|e| configuration(path, e.to_string()))?;
        if cohort.images.is_some() == cohort.patients.is_some() {
            let problem = "give either `images` (a folder) or `patients` (a table with one row per patient), and not both";
            return Err(configuration(path, problem));
        }
        if cohort.patients.is_some() && (cohort.masks.is_some() || cohort.pattern.is_some()) {
            let problem = "`masks` and `pattern` go with `images`; with `patients`, give each mask in the table's `mask` column";
            return Err(configuration(path, problem));
        }
        Ok(cohort)
    }

    /// The patients in a fixed order, and files that no patient was made of with the reason.
    /// `folder` is where the cohort file stands.
    ///
    /// # Errors
    /// When the folder or the table cannot be read, or holds no patient.
    pub fn patients(&self, folder: &Path) -> Result<Patients, StudyError> {
        let found = match (&self.patients, &self.images) {
            (Some(table), _) => self.patients_of_table(&folder.join(table))?,
            (None, Some(images)) => self.patients_of_folder(folder, &folder.join(images))?,
            (None, None) => Patients::default(),
        };
        if found.patients.is_empty() {
            return Err(StudyError::Input(format!(
                "the cohort \"{}\" holds no patient: check `images` or `patients` in its file",
                self.name
            )));
        }
        Ok(found)
    }

    fn patients_of_table(&self, table: &Path) -> Result<Patients, StudyError> {
        let folder = table.parent().unwrap_or(Path::new(""));
        let mut reader = csv::ReaderBuilder::new()
            .trim(csv::Trim::All)
            .from_path(table)
            .map_err(|e| configuration(table, e.to_string()))?;
        let mut patients = Vec::new();
        for row in reader.deserialize::<PatientRow>() {
            let row = row.map_err(|e| configuration(table, e.to_string()))?;
            let in_row =
                |what: String| configuration(table, format!("patient {}: {what}", row.patient_id));
            let lesion = match (
                row.mask.filter(|m| !m.as_os_str().is_empty()),
                text(row.seed),
            ) {
                (Some(mask), None) => LesionPlace::Mask(folder.join(mask)),
                (None, Some(seed)) => LesionPlace::Seed(seed.parse().map_err(in_row)?),
                (None, None) => LesionPlace::Unknown,
                (Some(_), Some(_)) => {
                    return Err(in_row(
                        "give either a mask or a seed, and not both".to_owned(),
                    ));
                }
            };
            let times_s = match text(row.times_s) {
                None => self.times_s.clone(),
                Some(times) => Some(parse_times(&times, ';').map_err(in_row)?),
            };
            patients.push(CohortPatient {
                unit: row.patient_id.clone(),
                id: Some(row.patient_id),
                images: PatientImages::Path(folder.join(row.images)),
                lesion,
                centre: text(row.centre).or_else(|| self.centre.clone()),
                class: text(row.class),
                times_s,
            });
        }
        let mut ids: Vec<&String> = patients.iter().map(|p| &p.unit).collect();
        ids.sort();
        if let Some(pair) = ids.windows(2).find(|w| w[0] == w[1]) {
            let problem = format!("patient {} has two rows: keep one row per patient", pair[0]);
            return Err(configuration(table, problem));
        }
        Ok(Patients {
            patients,
            set_aside: Vec::new(),
        })
    }

    fn patients_of_folder(&self, folder: &Path, images: &Path) -> Result<Patients, StudyError> {
        let mut folders = Vec::new();
        let mut files = Vec::new();
        for entry in std::fs::read_dir(images).map_err(StudyError::read(images))? {
            let path = entry.map_err(StudyError::read(images))?.path();
            let is_zip = path
                .extension()
                .is_some_and(|e| e.eq_ignore_ascii_case("zip"));
            if path.is_dir() || is_zip {
                folders.push(path)
            } else {
                files.push(path)
            }
        }
        folders.sort();
        files.sort();
        let place = |centre: &Option<String>| match &self.masks {
            None => LesionPlace::Unknown,
            Some(template) => {
                let centre = centre.as_deref().or(self.centre.as_deref()).unwrap_or("");
                LesionPlace::MaskTemplate {
                    folder: folder.to_owned(),
                    template: template.replace("{centre}", centre),
                }
            }
        };
        let pattern = self
            .pattern
            .as_deref()
            .map(triher_imagefile::NamePattern::parse)
            .transpose()?;
        let image_files: Vec<PathBuf> = files
            .iter()
            .filter(|f| triher_imagefile::is_image_file(f))
            .cloned()
            .collect();
        if !image_files.is_empty() && (folders.is_empty() || pattern.is_some()) {
            let grouping = triher_imagefile::group_phases(&image_files, pattern.as_ref());
            let patients = grouping.patients.into_iter().map(|phases| CohortPatient {
                id: Some(phases.patient.clone()),
                unit: phases.patient.clone(),
                lesion: place(&phases.centre),
                centre: phases.centre.clone().or_else(|| self.centre.clone()),
                class: None,
                times_s: self.times_s.clone(),
                images: PatientImages::Phases(phases),
            });
            return Ok(Patients {
                patients: patients.collect(),
                set_aside: grouping.set_aside,
            });
        }
        let patients = folders.into_iter().map(|path| {
            let unit = path
                .file_stem()
                .map_or_else(String::new, |n| n.to_string_lossy().into_owned());
            CohortPatient {
                id: None,
                unit,
                images: PatientImages::Path(path),
                lesion: place(&None),
                centre: self.centre.clone(),
                class: None,
                times_s: self.times_s.clone(),
            }
        });
        let reason = "a file beside the patients' folders, which belongs to none of them";
        let set_aside = files.into_iter().map(|f| (f, reason.to_owned())).collect();
        Ok(Patients {
            patients: patients.collect(),
            set_aside,
        })
    }
}

/// The patients of a cohort.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Patients {
    /// In the order of the table or of the names.
    pub patients: Vec<CohortPatient>,
    /// Files that belong to no patient, with the reason.
    pub set_aside: Vec<(PathBuf, String)>,
}

/// Seconds with separators between, such as `0;90;180`.
///
/// # Errors
/// A sentence that quotes what is no list of numbers.
pub fn parse_times(text: &str, separator: char) -> Result<Vec<f64>, String> {
    let times: Option<Vec<f64>> = text
        .split(separator)
        .map(|t| t.trim().parse().ok().filter(|v: &f64| v.is_finite()))
        .collect();
    times.ok_or_else(|| {
        format!("\"{text}\" is no list of seconds: write them with \"{separator}\" between")
    })
}

/// A cell of a table, when there is something in it.
fn text(cell: Option<String>) -> Option<String> {
    cell.filter(|t| !t.is_empty())
}
