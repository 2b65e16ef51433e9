//! Patches of simulated lesions, every patient from a centre of its own.

use crate::TrainingError;
use crate::random::{Purpose, stream, uniform};
use crate::source::PatchSource;
use rand::RngExt;
use serde::{Deserialize, Serialize};
use triher_patch::{
    PATCH_SIZE, PatchError, PhaseInput, Profile, Variant, Window, encoder_input, phase_input,
};
use triher_simulate::{CentreSpec, ClassProportions, CohortSpec, Orientation, simulate_patient};

/// A stream of simulated patients.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct SimulatedSettings {
    /// Number of patients.
    pub patients: usize,
    /// Seed of patients and centres.
    pub seed: u64,
    /// Inputs made of each patient: phases and differences; C0 to C5 are there.
    pub inputs: Vec<String>,
    /// How patches are cut: `fm-bcmri`, `bl4as` or `isotropic`.
    pub profile: String,
    /// Voxels outside of the lesion: `bbox` (kept) or `roi-only` (0).
    pub variant: String,
}

impl Default for SimulatedSettings {
    fn default() -> Self {
        Self {
            patients: 1000,
            seed: 1,
            inputs: ["C2", "C2-C0", "C5-C2"].map(str::to_owned).to_vec(),
            profile: "bl4as".to_owned(),
            variant: "bbox".to_owned(),
        }
    }
}

/// Patches made when they are asked for: patch `i` is input `i mod n` of patient `i div n`, n the number of inputs.
#[derive(Clone, Debug)]
pub struct SimulatedPatches {
    patients: usize,
    seed: u64,
    inputs: Vec<PhaseInput>,
    profile: Profile,
    variant: Variant,
}

/// A name that the patch crate does not know, as an error of settings.
fn unknown(field: &'static str, value: &str) -> impl Fn(PatchError) -> TrainingError {
    move |e| TrainingError::setting(field, value, e.to_string())
}

impl SimulatedPatches {
    /// Voxels of each patch along each axis.
    pub const SIDE: usize = PATCH_SIZE;

    /// The stream that settings describe.
    ///
    /// # Errors
    /// [`TrainingError::Setting`].
    pub fn new(settings: &SimulatedSettings) -> Result<Self, TrainingError> {
        let mut inputs = Vec::with_capacity(settings.inputs.len());
        for text in &settings.inputs {
            let input: PhaseInput = text.parse().map_err(unknown("inputs", text))?;
            if input.phase > 5 || input.minus.is_some_and(|minus| minus > 5) {
                return Err(TrainingError::setting(
                    "inputs",
                    text,
                    "phases from C0 to C5",
                ));
            }
            inputs.push(input);
        }
        if inputs.is_empty() || settings.patients == 0 || settings.patients > 10_000_000 {
            let value = format!("{} with {} inputs", settings.patients, inputs.len());
            let allowed = "1 to 10000000 patients with at least one input";
            return Err(TrainingError::setting("patients", value, allowed));
        }
        let variant = settings.variant.parse();
        Ok(Self {
            patients: settings.patients,
            seed: settings.seed,
            inputs,
            profile: Profile::from_name(&settings.profile)
                .map_err(unknown("profile", &settings.profile))?,
            variant: variant.map_err(unknown("variant", &settings.variant))?,
        })
    }

    /// Number of patients.
    pub fn patients(&self) -> usize {
        self.patients
    }

    /// All inputs of one patient, for making a store: the patient is simulated once.
    ///
    /// # Errors
    /// [`TrainingError::Source`].
    pub fn patient(&self, patient: usize) -> Result<Vec<Vec<f32>>, TrainingError> {
        self.cut(patient, &self.inputs)
    }

    fn cut(&self, patient: usize, inputs: &[PhaseInput]) -> Result<Vec<Vec<f32>>, TrainingError> {
        let cut = || -> Result<Vec<Vec<f32>>, Box<dyn std::error::Error>> {
            let simulated = simulate_patient(&self.cohort(patient), 0, 0)?;
            let window = Window::of(&simulated.lesion, &self.profile)?;
            let mask = window.cut_mask()?;
            let mut patches = Vec::with_capacity(inputs.len());
            for input in inputs {
                let patch = phase_input(&simulated.series, input, &window)?;
                patches.push(encoder_input(&patch, &mask, self.variant)?);
            }
            Ok(patches)
        };
        cut().map_err(|e| TrainingError::Source {
            index: patient * self.inputs.len(),
            problem: e.to_string(),
        })
    }

    /// A cohort of one patient at a centre drawn for it: field strength, grid, timing, sequence, fat suppression, noise, field, gain and movement
    /// spread over what hospitals have.
    fn cohort(&self, patient: usize) -> CohortSpec {
        let mut rng = stream(self.seed, Purpose::Cohort, patient as u64, 0);
        let mut draw = |low: f32, high: f32| f64::from(uniform(&mut rng, low, high));
        let interval = draw(55.0, 110.0);
        let in_plane = draw(1.4, 2.0);
        let field_strength_t = if draw(0.0, 1.0) < 0.5 { 1.5 } else { 3.0 };
        let fat_signal = match draw(0.0, 1.0) {
            suppressed if suppressed < 0.7 => draw(0.05, 0.3),
            _ => draw(0.7, 1.0),
        };
        let orientation = match draw(0.0, 3.0) {
            o if o < 1.0 => Orientation::Axial,
            o if o < 2.0 => Orientation::Sagittal,
            _ => Orientation::Oblique,
        };
        let class = draw(0.0, 3.0);
        let one = |from: f64| f64::from(u8::from(class >= from && class < from + 1.0));
        let centre = CentreSpec {
            name: "simulated".to_owned(),
            patients: 1,
            class_proportions: ClassProportions {
                zero: one(0.0),
                low: one(1.0),
                positive: f64::from(u8::from(class >= 2.0)),
            },
            field_strength_t,
            size: [72, 72, 36],
            spacing_mm: [in_plane, in_plane, draw(2.4, 3.4)],
            orientation,
            phase_times_s: (0..6).map(|phase| f64::from(phase) * interval).collect(),
            bolus_arrival_s: draw(0.2, 0.6) * interval,
            tr_ms: draw(3.5, 7.0),
            te_ms: draw(1.3, 2.8),
            flip_deg: draw(8.0, 18.0),
            fat_signal,
            noise: draw(0.02, 0.11),
            bias: draw(0.05, 0.5),
            gain: draw(80.0, 1200.0),
            motion_mm: draw(0.0, 1.2),
        };
        CohortSpec {
            seed: rng.random(),
            centres: vec![centre],
        }
    }
}

impl PatchSource for SimulatedPatches {
    fn len(&self) -> usize {
        self.patients * self.inputs.len()
    }

    fn patch(&self, index: usize) -> Result<Vec<f32>, TrainingError> {
        let missing = || TrainingError::Source {
            index,
            problem: format!("there are {} patches", self.len()),
        };
        let patient = index / self.inputs.len();
        if patient >= self.patients {
            return Err(missing());
        }
        let input = self.inputs[index % self.inputs.len()];
        self.cut(patient, &[input])?.pop().ok_or_else(missing)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patients_differ_and_come_back_the_same() {
        let settings = SimulatedSettings {
            patients: 2,
            ..SimulatedSettings::default()
        };
        let source = SimulatedPatches::new(&settings).unwrap();
        let first = source.patient(0).unwrap();
        assert_eq!(first.len(), 3);
        assert_eq!(first[1], source.patch(1).unwrap());
        assert_ne!(first[1], source.patch(4).unwrap());
        assert!(
            first
                .iter()
                .all(|p| p.len() == SimulatedPatches::SIDE.pow(3))
        );
        assert!(source.patch(6).is_err());
        let odd = SimulatedSettings {
            inputs: vec!["C9".to_owned()],
            ..settings
        };
        assert!(SimulatedPatches::new(&odd).is_err());
    }
}
