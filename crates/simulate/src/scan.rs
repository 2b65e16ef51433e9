//! The scanner: from anatomy and contrast agent to images.

use crate::anatomy::{Breast, Composition, Lesion, Point, edge};
use crate::physics::{
    Aif, ConvolutionTable, Relaxivity, SpoiledGradientEcho, Tissue, TissueKinetics, extended_tofts,
};
use crate::stream::{Purpose, direction, normal, stream, uniform};
use crate::{CentreSpec, SimulateError, Truth};
use rand_chacha::ChaCha8Rng;
use rayon::prelude::*;
use triher_volume::{DynamicSeries, Geometry, Image, Mask, Phase, Provenance};

/// Where the grid lies and how the patient moved.
pub(crate) struct Placement {
    /// The grid of the images.
    pub(crate) geometry: Geometry,
    /// Patient coordinates (LPS) of the origin of breast coordinates.
    pub(crate) origin_mm: Point,
}

impl Placement {
    /// Breast coordinates of a point in patient coordinates.
    fn to_breast(&self, world: Point) -> Point {
        let o = self.origin_mm;
        [world[0] - o[0], o[1] - world[1], world[2] - o[2]]
    }

    /// Patient coordinates of a point in breast coordinates.
    pub(crate) fn to_world(&self, [x, y, z]: Point) -> Point {
        let o = self.origin_mm;
        [o[0] + x, o[1] - y, o[2] + z]
    }
}

/// A rigid movement, from where the patient lies in a phase back to where she lay in the first phase after contrast.
struct Pose {
    rotation: [Point; 3],
    shift_mm: Point,
    pivot_mm: Point,
}

impl Pose {
    fn rest() -> Self {
        Self {
            rotation: [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]],
            shift_mm: [0.0; 3],
            pivot_mm: [0.0; 3],
        }
    }

    fn draw(rng: &mut ChaCha8Rng, motion_mm: f64, pivot_mm: Point) -> Self {
        let axis = direction(rng);
        let angle = normal(rng) * motion_mm / 60.0;
        let (s, c) = angle.sin_cos();
        let cross = [
            [0.0, -axis[2], axis[1]],
            [axis[2], 0.0, -axis[0]],
            [-axis[1], axis[0], 0.0],
        ];
        // Rodrigues' formula.
        let rotation = std::array::from_fn(|i| {
            std::array::from_fn(|j| {
                let unit = f64::from(u8::from(i == j));
                c * unit + s * cross[i][j] + (1.0 - c) * axis[i] * axis[j]
            })
        });
        Self {
            rotation,
            shift_mm: std::array::from_fn(|_| motion_mm * normal(rng)),
            pivot_mm,
        }
    }

    fn back(&self, point: Point) -> Point {
        let p: Point = std::array::from_fn(|n| point[n] - self.pivot_mm[n] - self.shift_mm[n]);
        std::array::from_fn(|i| {
            let turned: f64 = self.rotation[i].iter().zip(p).map(|(r, c)| r * c).sum();
            turned + self.pivot_mm[i]
        })
    }
}

/// Everything that the images are made from.
pub(crate) struct Scene<'a> {
    pub(crate) spec: &'a CentreSpec,
    pub(crate) seed: u64,
    pub(crate) centre: usize,
    pub(crate) patient: usize,
    pub(crate) placement: Placement,
    pub(crate) breast: Breast,
    pub(crate) lesion: Lesion,
    pub(crate) truth: &'a Truth,
}

/// Uptake of tissues other than gland and lesion: assumed, so that they look as they do in breast MRI.
const MUSCLE: TissueKinetics = TissueKinetics {
    ktrans_per_min: 0.035,
    ve: 0.12,
    vp: 0.02,
};
const SKIN: TissueKinetics = TissueKinetics {
    ktrans_per_min: 0.05,
    ve: 0.25,
    vp: 0.02,
};
const FAT: TissueKinetics = TissueKinetics {
    ktrans_per_min: 0.004,
    ve: 0.05,
    vp: 0.002,
};
/// Volume fractions of the gland.
const GLAND_VE: f64 = 0.28;
const GLAND_VP: f64 = 0.01;

/// Signals of one phase.
struct PhaseSignals<'a> {
    echo: SpoiledGradientEcho,
    gland: Tissue,
    lesion: Tissue,
    skin: f64,
    fat: f64,
    muscle: f64,
    lung: f64,
    blood: f64,
    /// Concentration in gland with the median uptake, millimolar.
    gland_mm: f64,
    plasma_mm: f64,
    table: &'a ConvolutionTable,
    phase: usize,
}

impl PhaseSignals<'_> {
    fn of(&self, parts: &Composition) -> f64 {
        let mut sum = parts.skin * self.skin
            + parts.fat * self.fat
            + parts.muscle * self.muscle
            + parts.lung * self.lung
            + parts.blood * self.blood;
        if parts.gland > 0.0 {
            let concentration = self.gland_mm * parts.gland_uptake;
            sum += parts.gland * self.echo.signal(&self.gland, concentration);
        }
        if parts.lesion > 0.0 {
            let uptake = &parts.uptake;
            let concentration = uptake.vp * self.plasma_mm
                + uptake.ktrans_per_min * self.table.at(uptake.kep_per_min, self.phase);
            sum += parts.lesion * self.echo.signal(&self.lesion, concentration);
        }
        sum
    }
}

impl Scene<'_> {
    /// The images of all phases.
    pub(crate) fn acquire(&self) -> Result<DynamicSeries, SimulateError> {
        let spec = self.spec;
        let mut rng = stream(self.seed, self.centre, self.patient, Purpose::Acquisition);
        let field = self.receive_field(&mut rng);
        // Automatic gain differs a little from patient to patient, not from phase to phase.
        let gain_jitter = (0.15 * normal(&mut rng)).clamp(-0.4, 0.4).exp();
        let pivot = [0.0, 0.3 * self.breast.half_axes()[1], 0.0];
        let poses: Vec<Pose> = (0..spec.phase_times_s.len())
            .map(|phase| {
                let pose = Pose::draw(&mut rng, spec.motion_mm, pivot);
                // Outlines are drawn in the first phase after contrast: there she lies as the mask says.
                if phase == 1 { Pose::rest() } else { pose }
            })
            .collect();

        let start = spec.phase_times_s[0];
        let times_s: Vec<f64> = spec.phase_times_s.iter().map(|t| t - start).collect();
        let aif = Aif {
            arrival_s: self.truth.bolus_arrival_s,
            scale: self.truth.arterial_scale,
            ..Aif::default()
        };
        let table = ConvolutionTable::new(&aif, &times_s);
        let signals = self.signals(&aif, &times_s, &table);
        let reference = signals[0].echo.signal(&signals[0].gland, 0.0);
        let scale = spec.gain * gain_jitter / reference;
        let sigma = spec.noise * spec.gain * gain_jitter;

        let phases = signals.iter().zip(&poses).zip(&times_s);
        let phases = phases
            .enumerate()
            .map(|(phase, ((signals, pose), &time_s))| {
                let noise = |slice| {
                    let purpose = Purpose::Noise { phase, slice };
                    stream(self.seed, self.centre, self.patient, purpose)
                };
                let voxels = self.render(signals, pose, |slice, values| {
                    let mut rng = noise(slice);
                    let offset = slice * values.len();
                    for (at, value) in values.iter_mut().enumerate() {
                        let signal = f64::from(*value) * scale * f64::from(field[offset + at]);
                        *value = rician(signal, sigma, &mut rng).round() as f32;
                    }
                });
                let source = format!("simulated phase {phase}");
                let provenance = Provenance::from_source(source);
                let image = Image::new(self.placement.geometry, voxels, provenance)?;
                Ok(Phase {
                    image,
                    time_s: Some(time_s),
                })
            });
        let phases = phases.collect::<Result<Vec<_>, SimulateError>>()?;
        Ok(DynamicSeries::new(phases)?)
    }

    /// Signals without noise, slice by slice; `finish` turns a slice's signals into its intensities.
    fn render(
        &self,
        signals: &PhaseSignals<'_>,
        pose: &Pose,
        finish: impl Fn(usize, &mut [f32]) + Sync,
    ) -> Vec<f32> {
        let geometry = &self.placement.geometry;
        let [ni, nj, _] = geometry.size();
        let spacing = geometry.spacing_mm();
        let width_mm = spacing.iter().sum::<f64>() / 3.0;
        let diagonal = spacing.iter().map(|s| s * s).sum::<f64>().sqrt();
        let near = self.lesion.reach_mm() + diagonal;
        let centre = self.lesion.centre();
        let point = |index: [f64; 3]| {
            let world = geometry.index_to_world(index);
            pose.back(self.placement.to_breast(world))
        };
        let mut voxels = vec![0f32; geometry.len()];
        voxels
            .par_chunks_mut(ni * nj)
            .enumerate()
            .for_each(|(k, slice)| {
                for (at, voxel) in slice.iter_mut().enumerate() {
                    let index = [(at % ni) as f64, (at / ni) as f64, k as f64];
                    let p = point(index);
                    let away: f64 = (0..3).map(|n| (p[n] - centre[n]).powi(2)).sum();
                    let signal = if away > near * near {
                        signals.of(&self.breast.at(p, &self.lesion, width_mm))
                    } else {
                        // In and around the lesion every voxel is the mean of its eighths.
                        let eighths = (0..8).map(|corner| {
                            let offset =
                                |axis: usize| if corner >> axis & 1 == 1 { 0.25 } else { -0.25 };
                            let p = point(std::array::from_fn(|n| index[n] + offset(n)));
                            signals.of(&self.breast.at(p, &self.lesion, width_mm / 2.0))
                        });
                        eighths.sum::<f64>() / 8.0
                    };
                    *voxel = signal as f32;
                }
                finish(k, slice);
            });
        voxels
    }

    fn signals<'t>(
        &self,
        aif: &Aif,
        times_s: &[f64],
        table: &'t ConvolutionTable,
    ) -> Vec<PhaseSignals<'t>> {
        let spec = self.spec;
        let field = spec.field_strength_t;
        let relaxivity = Relaxivity::at(field);
        let echo = SpoiledGradientEcho::new(spec.tr_ms, spec.te_ms, spec.flip_deg, relaxivity);
        let gland = Tissue::gland(field);
        let lesion = Tissue {
            t1_ms: self.truth.lesion_t1_ms,
            ..gland
        };
        let gland_kinetics = TissueKinetics {
            ktrans_per_min: self.truth.gland_ktrans_per_min,
            ve: GLAND_VE,
            vp: GLAND_VP,
        };
        let curve = |kinetics: &TissueKinetics| extended_tofts(aif, kinetics, times_s);
        let (gland_mm, muscle_mm) = (curve(&gland_kinetics), curve(&MUSCLE));
        let (skin_mm, fat_mm) = (curve(&SKIN), curve(&FAT));
        (0..times_s.len())
            .map(|phase| {
                let blood_mm = aif.blood_mm(times_s[phase]);
                PhaseSignals {
                    echo,
                    gland,
                    lesion,
                    skin: echo.signal(&Tissue::skin(field), skin_mm[phase]),
                    fat: spec.fat_signal * echo.signal(&Tissue::fat(field), fat_mm[phase]),
                    muscle: echo.signal(&Tissue::muscle(field), muscle_mm[phase]),
                    lung: echo.signal(&Tissue::lung(field), 0.3 * blood_mm),
                    blood: echo.signal(&Tissue::blood(field), blood_mm),
                    gland_mm: gland_mm[phase],
                    plasma_mm: aif.plasma_mm(times_s[phase]),
                    table,
                    phase,
                }
            })
            .collect()
    }

    /// The receive field at every voxel: the exponential of a random polynomial of second degree over the grid, as coils
    /// near the skin give it.
    fn receive_field(&self, rng: &mut ChaCha8Rng) -> Vec<f32> {
        let coefficients: [f64; 9] = std::array::from_fn(|_| uniform(rng, -0.5, 0.5));
        let size = self.placement.geometry.size();
        let bias = self.spec.bias;
        (0..self.placement.geometry.len())
            .into_par_iter()
            .map(|offset| {
                let index = self.placement.geometry.index_at(offset);
                let [x, y, z]: [f64; 3] =
                    std::array::from_fn(|n| 2.0 * (index[n] as f64 + 0.5) / size[n] as f64 - 1.0);
                let terms = [x, y, z, x * x, y * y, z * z, x * y, y * z, x * z];
                let sum: f64 = terms.iter().zip(coefficients).map(|(t, c)| t * c).sum();
                (bias * sum).exp() as f32
            })
            .collect()
    }

    /// The lesion's outline on the grid: voxels of which at least half is lesion, in the pose of the first phase after contrast.
    pub(crate) fn mask(&self) -> Result<Mask, SimulateError> {
        let geometry = &self.placement.geometry;
        let steps = [-1.0 / 3.0, 0.0, 1.0 / 3.0];
        let spacing = geometry.spacing_mm();
        let width_mm = spacing.iter().sum::<f64>() / 9.0;
        let diagonal = spacing.iter().map(|s| s * s).sum::<f64>().sqrt();
        let near = self.lesion.reach_mm() + diagonal;
        let centre = self.lesion.centre();
        let share = |offset: usize| {
            let index = geometry.index_at(offset).map(|i| i as f64);
            let at = |index| self.placement.to_breast(geometry.index_to_world(index));
            let p = at(index);
            let away: f64 = (0..3).map(|n| (p[n] - centre[n]).powi(2)).sum();
            if edge(away.sqrt() - near, 1e-9) <= 0.0 {
                return 0.0;
            }
            let parts = (0..27).map(|n| {
                let step = [steps[n % 3], steps[n / 3 % 3], steps[n / 9]];
                let p = at(std::array::from_fn(|a| index[a] + step[a]));
                self.lesion.at(p, width_mm).map_or(0.0, |(share, _)| share)
            });
            parts.sum::<f64>() / 27.0
        };
        let shares: Vec<f64> = (0..geometry.len()).into_par_iter().map(share).collect();
        let mut voxels: Vec<bool> = shares.iter().map(|&s| s >= 0.5).collect();
        if !voxels.contains(&true) {
            // A lesion smaller than a voxel: the one that holds most of it.
            let best = shares
                .iter()
                .enumerate()
                .fold(
                    (0, 0.0),
                    |best, (at, &share)| {
                        if share > best.1 { (at, share) } else { best }
                    },
                );
            if let Some(voxel) = voxels.get_mut(best.0) {
                *voxel = true;
            }
        }
        let provenance = Provenance::from_source("simulated lesion");
        Ok(Mask::new(*geometry, voxels, provenance)?)
    }

    /// The voxels of the lesion whose middle lies in its rim.
    pub(crate) fn rim(&self, lesion: &Mask) -> Result<Mask, SimulateError> {
        let geometry = &self.placement.geometry;
        let in_rim = |offset: usize| {
            let world = geometry.index_to_world(geometry.index_at(offset).map(|i| i as f64));
            self.lesion.in_rim(self.placement.to_breast(world))
        };
        let voxels = lesion.voxels().iter().enumerate();
        let voxels = voxels.map(|(offset, &inside)| inside && in_rim(offset));
        let provenance = Provenance::from_source("rim of a simulated lesion");
        Ok(Mask::new(*geometry, voxels.collect(), provenance)?)
    }
}

/// Magnitude of a signal with normal noise in both channels (Gudbjartsson and Patz, Magn Reson Med 1995;34:910).
fn rician(signal: f64, sigma: f64, rng: &mut ChaCha8Rng) -> f64 {
    (signal + sigma * normal(rng)).hypot(sigma * normal(rng))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rician_noise_has_its_moments() {
        let mut rng = stream(5, 0, 0, Purpose::Acquisition);
        let mut moments = |signal: f64| {
            let draws: Vec<f64> = (0..200_000)
                .map(|_| rician(signal, 2.0, &mut rng))
                .collect();
            let mean = draws.iter().sum::<f64>() / draws.len() as f64;
            let square = draws.iter().map(|v| v * v).sum::<f64>() / draws.len() as f64;
            (mean, square)
        };
        // Without signal: Rayleigh, mean sigma sqrt(pi / 2); always: mean square A^2 + 2 sigma^2.
        let (mean, square) = moments(0.0);
        assert!(
            (mean - 2.0 * (std::f64::consts::PI / 2.0).sqrt()).abs() < 0.02,
            "{mean}"
        );
        assert!((square - 8.0).abs() < 0.1, "{square}");
        let (mean, square) = moments(50.0);
        assert!((mean - (50.0 + 2.0 * 2.0 / 100.0)).abs() < 0.03, "{mean}");
        assert!((square - 2508.0).abs() < 3.0, "{square}");
    }

    #[test]
    fn a_pose_is_rigid() {
        let mut rng = stream(5, 0, 0, Purpose::Lesion);
        let pose = Pose::draw(&mut rng, 5.0, [1.0, 2.0, 3.0]);
        let points = [[0.0, 0.0, 0.0], [30.0, -10.0, 5.0], [-20.0, 40.0, 17.0]];
        let distance =
            |a: Point, b: Point| (0..3).map(|n| (a[n] - b[n]).powi(2)).sum::<f64>().sqrt();
        for a in points {
            for b in points {
                assert!((distance(pose.back(a), pose.back(b)) - distance(a, b)).abs() < 1e-9);
            }
            assert_eq!(Pose::rest().back(a), a);
        }
    }
}
