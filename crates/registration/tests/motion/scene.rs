//! A simulated patient who moves in a known way between phases.

use triher_simulate::{CohortSpec, simulate_patient};
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase};

/// How a patient moves.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Movement {
    /// Not at all.
    None,
    /// By some millimetres and degrees.
    Rigid,
    /// The same, and the breast changes its form by some millimetres.
    Deformable,
}

/// A patient without noise and motion, and how the phases are then moved.
pub(crate) struct Scene {
    still: DynamicSeries,
    pub(crate) lesion: Mask,
    /// Voxels with tissue.
    pub(crate) tissue: Mask,
    sigma: f64,
    seed: u64,
}

/// Where a point of a moved phase shows what the still phase has.
pub(crate) struct Motion {
    angles_rad: [f64; 3],
    shift_mm: [f64; 3],
    centre_mm: [f64; 3],
    /// Waves: amplitude in mm, wave vector in radians per mm, phase.
    waves: Vec<([f64; 3], [f64; 3], f64)>,
}

/// Pseudo-random numbers from 0 to 1 (SplitMix64).
pub(crate) struct Stream(pub(crate) u64);

impl Stream {
    pub(crate) fn next(&mut self) -> f64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
    }

    fn signed(&mut self) -> f64 {
        2.0 * self.next() - 1.0
    }

    fn normal(&mut self) -> f64 {
        let (a, b) = (self.next().max(1e-300), self.next());
        (-2.0 * a.ln()).sqrt() * (2.0 * std::f64::consts::PI * b).cos()
    }
}

impl Motion {
    pub(crate) fn new(movement: Movement, seed: u64, centre_mm: [f64; 3]) -> Self {
        let mut stream = Stream(seed);
        let mut three =
            |scale: f64| -> [f64; 3] { std::array::from_fn(|_| scale * stream.signed()) };
        let still = movement == Movement::None;
        let (angles_rad, shift_mm) = if still {
            ([0.0; 3], [0.0; 3])
        } else {
            // Up to 2.9 degrees about each axis and 4 mm along it.
            (three(0.05), three(4.0))
        };
        let mut waves = Vec::new();
        if movement == Movement::Deformable {
            for _ in 0..3 {
                let along = three(1.5);
                // Wave lengths of 60 mm and more.
                let vector = three(2.0 * std::f64::consts::PI / 60.0 / 3f64.sqrt());
                // Across the direction of the wave: tissue gives way but keeps its volume.
                let product = |a: [f64; 3], b: [f64; 3]| (0..3).map(|n| a[n] * b[n]).sum::<f64>();
                let part = product(along, vector) / product(vector, vector).max(1e-12);
                let amplitude = std::array::from_fn(|a| along[a] - part * vector[a]);
                waves.push((amplitude, vector, 3.0 * three(1.0)[0]));
            }
        }
        Self {
            angles_rad,
            shift_mm,
            centre_mm,
            waves,
        }
    }

    /// Where a point of the still phase went: [`Motion::back`] undone by repeated substitution.
    pub(crate) fn forth(&self, point: [f64; 3]) -> [f64; 3] {
        let mut place = point;
        for _ in 0..30 {
            let shown = self.back(place);
            (0..3).for_each(|a| place[a] += point[a] - shown[a]);
        }
        place
    }

    /// Where the still phase has what the moved phase shows at a point.
    pub(crate) fn back(&self, point: [f64; 3]) -> [f64; 3] {
        let mut p: [f64; 3] = std::array::from_fn(|a| point[a] - self.centre_mm[a]);
        for (axis, angle) in self.angles_rad.iter().enumerate() {
            let (s, c) = angle.sin_cos();
            let (a, b) = ((axis + 1) % 3, (axis + 2) % 3);
            (p[a], p[b]) = (c * p[a] - s * p[b], s * p[a] + c * p[b]);
        }
        let mut moved: [f64; 3] =
            std::array::from_fn(|a| p[a] + self.centre_mm[a] + self.shift_mm[a]);
        for (amplitude, vector, phase) in &self.waves {
            let angle: f64 = (0..3).map(|a| vector[a] * point[a]).sum::<f64>() + phase;
            (0..3).for_each(|a| moved[a] += amplitude[a] * angle.sin());
        }
        moved
    }
}

impl Scene {
    /// The `number`th patient, as one of the demonstration's centres sees her.
    pub(crate) fn new(number: usize) -> Self {
        let mut spec = CohortSpec::demo(7);
        for centre in &mut spec.centres {
            centre.noise = 0.0;
            centre.motion_mm = 0.0;
            let times = &centre.phase_times_s;
            centre.phase_times_s = vec![times[0], times[1], times[4]];
        }
        let centre = number % 3;
        let patient = simulate_patient(&spec, centre, number).expect("the patient is made");
        // Far less than the gland has, far above air and below fat.
        let threshold = 0.08 * spec.centres[centre].gain as f32;
        Self {
            tissue: patient.series.phases()[1].image.map(|v| *v > threshold),
            still: patient.series,
            lesion: patient.lesion,
            sigma: 0.05 * spec.centres[centre].gain,
            seed: 1000 + number as u64,
        }
    }

    pub(crate) fn grid(&self) -> &Geometry {
        self.still.geometry()
    }

    pub(crate) fn still(&self) -> &DynamicSeries {
        &self.still
    }

    /// The middle of the grid, in millimetres.
    pub(crate) fn centre_mm(&self) -> [f64; 3] {
        let grid = self.grid();
        let middle = grid.size().map(|n| (n as f64 - 1.0) / 2.0);
        grid.index_to_world(middle)
    }

    /// The series with noise, all phases but the second moved.
    pub(crate) fn moved(&self, movement: Movement) -> (DynamicSeries, Vec<Motion>) {
        let mut motions = Vec::new();
        let mut phases = Vec::new();
        for (number, phase) in self.still.phases().iter().enumerate() {
            let kind = if number == 1 {
                Movement::None
            } else {
                movement
            };
            let motion = Motion::new(kind, 31 * self.seed + number as u64, self.centre_mm());
            let mut image = if kind == Movement::None {
                phase.image.clone()
            } else {
                warped(&phase.image, &motion)
            };
            let mut stream = Stream(77 * self.seed + number as u64);
            for value in image.voxels_mut() {
                let real = f64::from(*value) + self.sigma * stream.normal();
                *value = real.hypot(self.sigma * stream.normal()) as f32;
            }
            motions.push(motion);
            phases.push(Phase {
                image,
                time_s: phase.time_s,
            });
        }
        (DynamicSeries::new(phases).expect("a series"), motions)
    }
}

/// The image that shows at each voxel what the still one has at `motion.back` (Lanczos interpolation, four voxels to each side), so that
/// what is tested is not also what makes the test.
fn warped(image: &Image, motion: &Motion) -> Image {
    let grid = *image.geometry();
    let size = grid.size();
    Image::from_fn(grid, |index| {
        let place = motion.back(grid.index_to_world(index.map(|v| v as f64)));
        let at = grid.world_to_index(place);
        let taps: [Vec<(usize, f64)>; 3] = std::array::from_fn(|a| sinc_taps(at[a], size[a]));
        let mut sum = 0.0;
        for &(k, wk) in &taps[2] {
            for &(j, wj) in &taps[1] {
                let row = size[0] * (j + size[1] * k);
                let line: f64 = taps[0]
                    .iter()
                    .map(|&(i, wi)| wi * f64::from(image.voxels()[row + i]))
                    .sum();
                sum += wk * wj * line;
            }
        }
        sum.max(0.0) as f32
    })
}

/// Lanczos weights of a position, the border repeated, normalised to sum 1.
fn sinc_taps(position: f64, n: usize) -> Vec<(usize, f64)> {
    const REACH: f64 = 4.0;
    let sinc = |x: f64| {
        if x.abs() < 1e-9 {
            1.0
        } else {
            (std::f64::consts::PI * x).sin() / (std::f64::consts::PI * x)
        }
    };
    let low = position.floor();
    let taps: Vec<(usize, f64)> = (-3..=4)
        .map(|d| {
            let at = low + f64::from(d);
            let x = position - at;
            let weight = if x.abs() < REACH {
                sinc(x) * sinc(x / REACH)
            } else {
                0.0
            };
            (at.clamp(0.0, n as f64 - 1.0) as usize, weight)
        })
        .collect();
    let total: f64 = taps.iter().map(|t| t.1).sum();
    taps.into_iter().map(|(i, w)| (i, w / total)).collect()
}
