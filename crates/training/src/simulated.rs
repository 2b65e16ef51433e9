//! Patches of simulated lesions and of the breast beside them, every patient from a centre of its own.

use crate::TrainingError;
use crate::random::{Purpose, stream, uniform};
use crate::source::{PatchSource, TRUTH};
use rand::RngExt;
use serde::{Deserialize, Serialize};
use triher_patch::{
    PATCH_SIZE, PatchError, PhaseInput, Profile, Variant, Window, encoder_input, phase_input,
};
use triher_region::bounding_box;
use triher_simulate::{
    CentreSpec, ClassProportions, CohortSpec, LesionDistribution, Lesions, Orientation,
    SimulatedPatient, simulate_patient,
};
use triher_volume::{Mask, crop};

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
    /// What lesions are drawn from: `wide` (one wide distribution) or `of-their-class` (as the simulator's cohorts).
    pub lesions: Lesions,
    /// Places beside the lesion in the same breast that are cut out as well, of each patient.
    pub background: usize,
}

impl Default for SimulatedSettings {
    fn default() -> Self {
        Self {
            patients: 1000,
            seed: 1,
            inputs: ["C2", "C2-C0", "C5-C2"].map(str::to_owned).to_vec(),
            profile: "bl4as".to_owned(),
            variant: "bbox".to_owned(),
            lesions: Lesions::Wide,
            background: 1,
        }
    }
}

/// Patches made when they are asked for. Each patient has all inputs of the lesion, then all inputs of each place beside it.
#[derive(Clone, Debug)]
pub struct SimulatedPatches {
    patients: usize,
    seed: u64,
    inputs: Vec<PhaseInput>,
    profile: Profile,
    variant: Variant,
    lesions: Lesions,
    background: usize,
}

/// Most places beside a lesion.
const MAX_BACKGROUND: usize = 20;
/// Draws of a place beside the lesion, of which the brightest before contrast is taken: breast rather than air.
const DRAWS: usize = 12;

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
        if settings.background > MAX_BACKGROUND {
            return Err(TrainingError::setting(
                "background",
                settings.background,
                format!("0 to {MAX_BACKGROUND}"),
            ));
        }
        let variant = settings.variant.parse();
        Ok(Self {
            patients: settings.patients,
            seed: settings.seed,
            inputs,
            profile: Profile::from_name(&settings.profile)
                .map_err(unknown("profile", &settings.profile))?,
            variant: variant.map_err(unknown("variant", &settings.variant))?,
            lesions: settings.lesions,
            background: settings.background,
        })
    }

    /// Number of patients.
    pub fn patients(&self) -> usize {
        self.patients
    }

    /// Patches of one patient.
    fn each(&self) -> usize {
        self.inputs.len() * (1 + self.background)
    }

    /// All patches of one patient, for making a store: the patient is simulated once.
    ///
    /// # Errors
    /// [`TrainingError::Source`].
    pub fn patient(&self, patient: usize) -> Result<Vec<Vec<f32>>, TrainingError> {
        self.cut(patient).map_err(|e| TrainingError::Source {
            index: patient * self.each(),
            problem: e.to_string(),
        })
    }

    fn cut(&self, patient: usize) -> Result<Vec<Vec<f32>>, Box<dyn std::error::Error>> {
        let simulated = simulate_patient(&self.cohort(patient), 0, 0)?;
        let mut patches = Vec::with_capacity(self.each());
        for place in 0..=self.background {
            let region = match place.checked_sub(1) {
                None => simulated.lesion.clone(),
                Some(beside) => self.beside(&simulated, patient, beside),
            };
            let window = Window::of(&region, &self.profile)?;
            let mask = window.cut_mask()?;
            for input in &self.inputs {
                let patch = phase_input(&simulated.series, input, &window)?;
                patches.push(encoder_input(&patch, &mask, self.variant)?);
            }
        }
        Ok(patches)
    }

    /// What is known of each patch of one patient: diameter, Ktrans, ve, vp, rim, heterogeneity, spicules and necrosis of the lesion in
    /// standard deviations of [`LesionDistribution::wide`] (necrosis in tenths of the radius), and 1 for the lesion or -1 for a place beside it, of
    /// which the rest is not known.
    ///
    /// # Errors
    /// [`TrainingError::Source`].
    pub fn patient_truth(&self, patient: usize) -> Result<Vec<Vec<f32>>, TrainingError> {
        let of = |e: triher_simulate::SimulateError| TrainingError::Source {
            index: patient * self.each(),
            problem: e.to_string(),
        };
        let truth = triher_simulate::patient_truth(&self.cohort(patient), 0, 0).map_err(of)?;
        let wide = LesionDistribution::wide();
        let lesion: [f64; TRUTH] = [
            wide.diameter_mm.standardised(truth.lesion_diameter_mm),
            wide.ktrans_per_min.standardised(truth.ktrans_per_min),
            wide.ve.standardised(truth.ve),
            wide.vp.standardised(truth.vp),
            wide.rim_fraction.standardised(truth.rim_fraction),
            wide.heterogeneity.standardised(truth.heterogeneity),
            wide.spiculation.standardised(truth.spiculation),
            10.0 * truth.necrosis_fraction,
            1.0,
        ];
        let mut beside = [f64::NAN; TRUTH];
        beside[TRUTH - 1] = -1.0;
        let numbers = |known: [f64; TRUTH]| known.map(|v| v as f32).to_vec();
        let mut all = vec![numbers(lesion); self.inputs.len()];
        all.resize(self.each(), numbers(beside));
        Ok(all)
    }

    /// The lesion's outline moved to another place of the grid, as far from the lesion as the grid allows for among a few draws and where
    /// there is signal before contrast.
    fn beside(&self, simulated: &SimulatedPatient, patient: usize, number: usize) -> Mask {
        let lesion = &simulated.lesion;
        let Some(bounds) = bounding_box(lesion) else {
            return lesion.clone();
        };
        let (size, extent) = (lesion.geometry().size(), bounds.size());
        let before = &simulated.series.phases()[0].image;
        let mut rng = stream(
            self.seed,
            Purpose::Background,
            patient as u64,
            number as u64,
        );
        let mut best: Option<(f64, [usize; 3])> = None;
        for _ in 0..DRAWS {
            let start: [usize; 3] =
                std::array::from_fn(|axis| rng.random_range(0..=size[axis] - extent[axis]));
            let end: [usize; 3] = std::array::from_fn(|axis| start[axis] + extent[axis]);
            let apart = (0..3)
                .any(|axis| start[axis] >= bounds.end[axis] || end[axis] <= bounds.start[axis]);
            if !apart {
                continue;
            }
            let signal: f64 = crop(before, start, extent)
                .map(|window| window.voxels().iter().map(|&v| f64::from(v)).sum())
                .unwrap_or_default();
            if best.is_none_or(|(most, _)| signal > most) {
                best = Some((signal, start));
            }
        }
        // A lesion that fills the grid leaves no other place: then the grid's corner, which holds as little of it as can be.
        let start = best.map_or([0; 3], |(_, start)| start);
        Mask::from_fn(*lesion.geometry(), |index| {
            let from: Option<[usize; 3]> = (0..3)
                .map(|axis| (index[axis] + bounds.start[axis]).checked_sub(start[axis]))
                .collect::<Option<Vec<_>>>()
                .and_then(|v| v.try_into().ok());
            from.is_some_and(|from| {
                (0..3).all(|axis| from[axis] < size[axis]) && lesion.get(from) == Some(&true)
            })
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
            lesions: self.lesions,
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
        self.patients * self.each()
    }

    fn patch(&self, index: usize) -> Result<Vec<f32>, TrainingError> {
        let missing = || TrainingError::Source {
            index,
            problem: format!("there are {} patches", self.len()),
        };
        let patient = index / self.each();
        if patient >= self.patients {
            return Err(missing());
        }
        let mut patches = self.patient(patient)?;
        let at = index % self.each();
        Ok(patches.swap_remove(at))
    }

    fn truth(&self, index: usize) -> Vec<f32> {
        let known = self.patient_truth(index / self.each());
        known.map_or(Vec::new(), |mut known| {
            known.swap_remove(index % self.each())
        })
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
        // Three inputs of the lesion, three of a place beside it.
        assert_eq!(first.len(), 6);
        assert_eq!(first[1], source.patch(1).unwrap());
        assert_ne!(first[1], source.patch(7).unwrap());
        assert_ne!(first[1], first[4]);
        assert!(
            first
                .iter()
                .all(|p| p.len() == SimulatedPatches::SIDE.pow(3))
        );
        assert!(source.patch(12).is_err());
        let odd = SimulatedSettings {
            inputs: vec!["C9".to_owned()],
            ..settings
        };
        assert!(SimulatedPatches::new(&odd).is_err());
    }
}
