//! One simulated patient.

use crate::anatomy::{Breast, Lesion, Point};
use crate::effects::LesionDistribution;
use crate::physics::Tissue;
use crate::scan::{Placement, Scene};
use crate::stream::{Purpose, normal, stream, uniform};
use crate::{
    CentreSpec, CohortSpec, Her2Class, Ihc, Ish, Lesions, Orientation, SimulateError, Truth,
};
use rand::seq::SliceRandom;
use rand_chacha::ChaCha8Rng;
use triher_volume::{DynamicSeries, Geometry, Mask};

/// A simulated patient: images, outline and truth.
#[derive(Clone, Debug, PartialEq)]
pub struct SimulatedPatient {
    /// Patient id: `SIM-`, the centre's name in capitals, and a number from 001.
    pub id: String,
    /// Name of the centre.
    pub centre: String,
    /// All phases. Intensities are whole numbers.
    pub series: DynamicSeries,
    /// The lesion: voxels of which at least half is lesion, where it lies in the first phase after contrast.
    pub lesion: Mask,
    /// The part of the lesion that is rim: what is not is its core, which takes up less by the truth's fraction (not at all where that is 0).
    pub rim: Mask,
    /// The scanner's settings.
    pub scanner: Scanner,
    /// What was drawn.
    pub truth: Truth,
}

/// The settings of a simulated scanner, as image headers carry them.
#[derive(Clone, Debug, PartialEq)]
pub struct Scanner {
    /// Model name.
    pub name: String,
    /// Magnetic field, tesla.
    pub field_strength_t: f64,
    /// Repetition time, milliseconds.
    pub repetition_time_ms: f64,
    /// Echo time, milliseconds.
    pub echo_time_ms: f64,
    /// Flip angle, degrees.
    pub flip_angle_deg: f64,
}

/// Simulates one patient. The result depends on the specification and the two indices alone, not on what was simulated before or on
/// the number of threads.
///
/// # Errors
/// [`SimulateError::BadSpec`] when the centre's values make no sense, [`SimulateError::NoSuchPatient`].
pub fn simulate_patient(
    spec: &CohortSpec,
    centre: usize,
    patient: usize,
) -> Result<SimulatedPatient, SimulateError> {
    let (
        at,
        Drawn {
            breast,
            placement,
            truth,
            position,
            mut rng,
        },
    ) = draw(spec, centre, patient)?;
    let lesion = Lesion::new(&mut rng, &truth, position);
    let scene = Scene {
        spec: at,
        seed: spec.seed,
        centre,
        patient,
        placement,
        breast,
        lesion,
        truth: &truth,
    };
    let (series, mask) = (scene.acquire()?, scene.mask()?);
    let rim = scene.rim(&mask)?;
    Ok(SimulatedPatient {
        id: format!("SIM-{}-{:03}", at.name.to_ascii_uppercase(), patient + 1),
        centre: at.name.clone(),
        series,
        lesion: mask,
        rim,
        scanner: Scanner {
            name: format!("Simulated {} T", at.field_strength_t),
            field_strength_t: at.field_strength_t,
            repetition_time_ms: at.tr_ms,
            echo_time_ms: at.te_ms,
            flip_angle_deg: at.flip_deg,
        },
        truth,
    })
}

/// What is drawn for a patient, without the images: the truth of [`simulate_patient`], much sooner.
///
/// # Errors
/// As [`simulate_patient`].
pub fn patient_truth(
    spec: &CohortSpec,
    centre: usize,
    patient: usize,
) -> Result<Truth, SimulateError> {
    Ok(draw(spec, centre, patient)?.1.truth)
}

/// A patient before the scan.
struct Drawn {
    breast: Breast,
    placement: Placement,
    truth: Truth,
    position: Point,
    /// The stream that the lesion's form goes on with.
    rng: ChaCha8Rng,
}

fn draw(
    spec: &CohortSpec,
    centre: usize,
    patient: usize,
) -> Result<(&CentreSpec, Drawn), SimulateError> {
    let missing = || SimulateError::NoSuchPatient { centre, patient };
    let at = spec.centres.get(centre).ok_or_else(missing)?;
    at.check()?;
    let classes = classes(spec.seed, centre, at);
    let her2 = *classes.get(patient).ok_or_else(missing)?;

    let extent_mm = extent_mm(at);
    let mut rng = stream(spec.seed, centre, patient, Purpose::Anatomy);
    let breast = Breast::new(&mut rng, extent_mm);
    let placement = place(at, &breast, extent_mm)?;
    let mut rng = stream(spec.seed, centre, patient, Purpose::Lesion);
    let mut truth = draw_truth(&mut rng, her2, at);
    let position = place_lesion(&mut rng, &breast, &mut truth, extent_mm);
    truth.lesion_centre_mm = placement.to_world(position);
    Ok((
        at,
        Drawn {
            breast,
            placement,
            truth,
            position,
            rng,
        },
    ))
}

/// The classes of a centre's patients: numbers by the largest remainders of the proportions, in random order.
fn classes(seed: u64, centre: usize, spec: &CentreSpec) -> Vec<Her2Class> {
    let p = spec.class_proportions;
    let shares = [p.zero, p.low, p.positive];
    let total: f64 = shares.iter().sum();
    let exact = shares.map(|s| s / total * spec.patients as f64);
    let mut counts = exact.map(|e| e.floor() as usize);
    let mut order = [0, 1, 2];
    order.sort_by(|&a, &b| (exact[b] - exact[b].floor()).total_cmp(&(exact[a] - exact[a].floor())));
    let missing = spec.patients.saturating_sub(counts.iter().sum());
    for &class in order.iter().take(missing) {
        counts[class] += 1;
    }
    let mut classes: Vec<Her2Class> = Her2Class::ALL
        .into_iter()
        .zip(counts)
        .flat_map(|(class, count)| std::iter::repeat_n(class, count))
        .collect();
    classes.shuffle(&mut stream(seed, centre, 0, Purpose::Classes));
    classes
}

/// Extent of the grid along left-right, front-back and foot-head, millimetres (of the unturned grid).
fn extent_mm(spec: &CentreSpec) -> [f64; 3] {
    let along = |axis: usize| spec.size[axis] as f64 * spec.spacing_mm[axis];
    match spec.orientation {
        Orientation::Axial | Orientation::Oblique => [along(0), along(1), along(2)],
        Orientation::Sagittal => [along(2), along(0), along(1)],
    }
}

/// Unit vectors of the grid's axes in patient coordinates (LPS).
fn directions(orientation: Orientation) -> [Point; 3] {
    match orientation {
        Orientation::Axial => [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
        Orientation::Sagittal => [[0.0, 1.0, 0.0], [0.0, 0.0, -1.0], [-1.0, 0.0, 0.0]],
        Orientation::Oblique => {
            let (sx, cx) = 9f64.to_radians().sin_cos();
            let (sz, cz) = 6f64.to_radians().sin_cos();
            // About the left-right axis first, then about the head-foot axis.
            let turn = |[x, y, z]: Point| {
                let (y, z) = (cx * y - sx * z, sx * y + cx * z);
                [cz * x - sz * y, sz * x + cz * y, z]
            };
            [
                turn([1.0, 0.0, 0.0]),
                turn([0.0, 1.0, 0.0]),
                turn([0.0, 0.0, 1.0]),
            ]
        }
    }
}

/// Where the base of the left breast lies in patient coordinates (LPS), millimetres.
const ORIGIN_MM: Point = [85.0, -40.0, 0.0];
/// Room in front of the nipple.
const ROOM_MM: f64 = 12.0;

/// Puts the grid around the breast: the nipple with some room at its front, the chest wall at its back.
fn place(
    spec: &CentreSpec,
    breast: &Breast,
    extent_mm: [f64; 3],
) -> Result<Placement, SimulateError> {
    let front = breast.half_axes()[1] + ROOM_MM;
    let middle = [
        ORIGIN_MM[0],
        ORIGIN_MM[1] - (front - extent_mm[1] / 2.0),
        ORIGIN_MM[2],
    ];
    let directions = directions(spec.orientation);
    let first = std::array::from_fn(|row| {
        let half = |axis: usize| (spec.size[axis] as f64 - 1.0) / 2.0 * spec.spacing_mm[axis];
        middle[row]
            - (0..3)
                .map(|axis| directions[axis][row] * half(axis))
                .sum::<f64>()
    });
    let geometry = Geometry::from_parts(spec.size, first, spec.spacing_mm, directions)?;
    Ok(Placement {
        geometry,
        origin_mm: ORIGIN_MM,
    })
}

fn draw_truth(rng: &mut ChaCha8Rng, her2: Her2Class, spec: &CentreSpec) -> Truth {
    let draw = match spec.lesions {
        Lesions::OfTheirClass => LesionDistribution::of(her2),
        Lesions::Wide => LesionDistribution::wide(),
    };
    let (ihc, ish) = {
        let equivocal = uniform(rng, 0.0, 1.0);
        match her2 {
            Her2Class::Zero => (Ihc::Zero, Ish::NotDone),
            Her2Class::Low if equivocal < 0.6 => (Ihc::One, Ish::NotDone),
            Her2Class::Low => (Ihc::Two, Ish::NotAmplified),
            Her2Class::Positive if equivocal < 0.75 => (Ihc::Three, Ish::NotDone),
            Her2Class::Positive => (Ihc::Two, Ish::Amplified),
        }
    };
    let age = (54.0 + 11.0 * normal(rng)).clamp(28.0, 86.0).round();
    let lesion_diameter_mm = draw.diameter_mm.draw(rng);
    let ktrans_per_min = draw.ktrans_per_min.draw(rng);
    let ve = draw.ve.draw(rng);
    let vp = draw.vp.draw(rng);
    let rim_fraction = draw.rim_fraction.draw(rng);
    let heterogeneity = draw.heterogeneity.draw(rng);
    let spiculation = draw.spiculation.draw(rng);
    // Large lesions die off in the middle, some of them.
    let (may, how_far) = (uniform(rng, 0.0, 1.0), uniform(rng, 0.2, 0.42));
    let necrotic = lesion_diameter_mm > 24.0 && may < 0.35;
    let times = &spec.phase_times_s;
    let start = times[0];
    // Circulation differs: some seconds, but never before the first phase nor close to the second.
    let arrival = spec.bolus_arrival_s - start + 4.0 * normal(rng);
    let latest = (0.9 * (times[1] - start)).max(spec.bolus_arrival_s - start);
    Truth {
        her2,
        ihc,
        ish,
        age_years: age as u32,
        lesion_diameter_mm,
        lesion_centre_mm: [0.0; 3],
        ktrans_per_min,
        ve,
        vp,
        rim_fraction,
        heterogeneity,
        spiculation,
        necrosis_fraction: if necrotic { how_far } else { 0.0 },
        // Tumours relax about as gland does, with a spread (assumed).
        lesion_t1_ms: Tissue::gland(spec.field_strength_t).t1_ms
            * (0.08 * normal(rng)).clamp(-0.25, 0.25).exp(),
        gland_ktrans_per_min: (0.010 * (0.6 * normal(rng)).exp()).clamp(0.002, 0.05),
        bolus_arrival_s: arrival.clamp(0.5, latest),
        arterial_scale: (0.12 * normal(rng)).clamp(-0.35, 0.35).exp(),
    }
}

/// Finds a place for the lesion in the breast; where there is none for its size, it is made smaller.
fn place_lesion(
    rng: &mut ChaCha8Rng,
    breast: &Breast,
    truth: &mut Truth,
    extent_mm: [f64; 3],
) -> Point {
    let [a, d, c] = breast.half_axes();
    // Also an oblique grid holds what lies within nine tenths of the extent.
    let (half_x, half_z) = (0.45 * extent_mm[0], 0.45 * extent_mm[2]);
    while truth.lesion_diameter_mm > 4.0 {
        let radius = 0.6 * truth.lesion_diameter_mm;
        for _ in 0..200 {
            let centre = [
                uniform(rng, -0.75, 0.75) * a,
                uniform(rng, 0.1, 0.85) * d,
                uniform(rng, -0.75, 0.75) * c,
            ];
            let seen = centre[0].abs() + radius < half_x && centre[2].abs() + radius < half_z;
            if seen && breast.holds(centre, radius) {
                return centre;
            }
        }
        truth.lesion_diameter_mm *= 0.92;
    }
    [0.0, 0.5 * d, 0.0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_follow_the_proportions() {
        let mut spec = CohortSpec::demo(9).centres[0].clone();
        for patients in 0..40 {
            spec.patients = patients;
            let drawn = classes(9, 0, &spec);
            assert_eq!(drawn.len(), patients);
            for (class, share) in Her2Class::ALL.into_iter().zip([0.3, 0.4, 0.3]) {
                let count = drawn.iter().filter(|&&c| c == class).count() as f64;
                assert!(
                    (count - share * patients as f64).abs() < 1.0,
                    "{class} {count} of {patients}"
                );
            }
        }
        assert_ne!(classes(9, 0, &spec), classes(10, 0, &spec));
    }

    #[test]
    fn directions_are_right_handed_unit_vectors() {
        for orientation in [
            Orientation::Axial,
            Orientation::Sagittal,
            Orientation::Oblique,
        ] {
            let [a, b, c] = directions(orientation);
            let cross = [
                a[1] * b[2] - a[2] * b[1],
                a[2] * b[0] - a[0] * b[2],
                a[0] * b[1] - a[1] * b[0],
            ];
            for n in 0..3 {
                assert!((cross[n] - c[n]).abs() < 1e-12);
            }
        }
    }
}
