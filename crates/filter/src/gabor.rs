//! Gabor filters.

use crate::boundary::Boundary;
use crate::error::FilterError;
use crate::filter::{FURTHEST, check_positive, check_support};
use crate::fourier::{Transform, fast_size};
use crate::grid::Grid;
use crate::laplacian_of_gaussian::four;
use crate::orientation::{Pool, Pooling};
use rayon::prelude::*;
use rustfft::num_complex::Complex;
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

/// Gabor filter: modulus of the response to a wave under a Gaussian, in the plane (IBSI: Q88H, section 3.4).
///
/// The kernel is `exp(-(u^2 + gamma^2 v^2) / (2 sigma^2) + 2 pi i u / lambda)` with `u` and `v` turned by the angle; it is cut off where its longer
/// axis has fallen to `truncate` standard deviations.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub struct Gabor {
    /// Standard deviation of the Gaussian along the wave.
    pub sigma_mm: f64,
    /// Wavelength.
    pub lambda_mm: f64,
    /// Ratio of the Gaussian's widths along and across the wave.
    pub gamma: f64,
    /// Angle of the wave against the first axis of the plane, clockwise as the image is seen; with `step-deg` the first of the angles.
    #[serde(default)]
    pub angle_deg: f64,
    /// Pool over angles of this step all around.
    #[serde(default)]
    pub step_deg: Option<f64>,
    /// Pool over the three planes along the axes too. Without it the filter works in each slice.
    #[serde(default)]
    pub orthogonal_planes: bool,
    /// How angles and planes are pooled.
    #[serde(default = "mean")]
    pub pooling: Pooling,
    /// Where the kernel ends, in standard deviations of its longer axis.
    #[serde(default = "four")]
    pub truncate: f64,
    /// What lies beyond the border.
    #[serde(default)]
    pub boundary: Boundary,
}

fn mean() -> Pooling {
    Pooling::Mean
}

impl Gabor {
    pub(crate) fn check(&self) -> Result<(), FilterError> {
        check_positive("gabor", "sigma-mm", self.sigma_mm)?;
        check_positive("gabor", "lambda-mm", self.lambda_mm)?;
        check_positive("gabor", "gamma", self.gamma)?;
        check_positive("gabor", "truncate", self.truncate)?;
        let bad = |setting, value: f64, allowed| {
            Err(FilterError::BadSetting {
                kind: "gabor",
                setting,
                value: value.to_string(),
                allowed,
            })
        };
        if !self.angle_deg.is_finite() {
            return bad("angle-deg", self.angle_deg, "an angle in degrees");
        }
        match self.step_deg {
            Some(step)
                if !(step >= 1.0 && ((360.0 / step) - (360.0 / step).round()).abs() < 1e-9) =>
            {
                bad(
                    "step-deg",
                    step,
                    "degrees of which a whole number makes 360, at least 1",
                )
            }
            _ => Ok(()),
        }
    }

    pub(crate) fn check_on(&self, spacing_mm: f64) -> Result<(), FilterError> {
        let radius = self.radius(spacing_mm);
        check_support("gabor", "sigma-mm", self.sigma_mm, 2 * radius + 1)
    }

    pub(crate) fn name(&self) -> String {
        let mut name = format!(
            "gabor_{}mm_{}mm_{}",
            self.sigma_mm, self.lambda_mm, self.gamma
        );
        name += &match self.step_deg {
            Some(step) => format!("_{}_{step}deg", self.pooling.word()),
            None => format!("_{}deg", self.angle_deg),
        };
        name
    }

    /// Voxels from the middle of the kernel to its edge.
    pub(crate) fn radius(&self, spacing_mm: f64) -> usize {
        let longer = self.sigma_mm.max(self.sigma_mm / self.gamma);
        (self.truncate * longer / spacing_mm).ceil().min(FURTHEST) as usize
    }

    /// Angles in radians. An angle and its opposite give conjugate responses, of equal modulus, so when both are among them one is left out.
    fn angles(&self) -> Vec<f64> {
        let first = self.angle_deg.to_radians();
        let Some(step) = self.step_deg else {
            return vec![first];
        };
        let all = (360.0 / step).round() as usize;
        let needed = if all.is_multiple_of(2) { all / 2 } else { all };
        (0..needed)
            .map(|k| first + k as f64 * step.to_radians())
            .collect()
    }

    pub(crate) fn respond(&self, image: &Grid, spacing_mm: f64) -> Grid {
        let mut pool = Pool::new(self.pooling);
        let planes: &[usize] = if self.orthogonal_planes {
            &[2, 1, 0]
        } else {
            &[2]
        };
        for &across in planes {
            self.respond_in_planes(image, spacing_mm, across, &mut pool);
        }
        pool.finish().unwrap_or_else(|| image.clone())
    }

    /// Adds the response in the planes across an axis, pooled over the angles.
    fn respond_in_planes(&self, image: &Grid, spacing_mm: f64, across: usize, pool: &mut Pool) {
        let (u, v) = match across {
            0 => (1, 2),
            1 => (0, 2),
            _ => (0, 1),
        };
        let radius = self.radius(spacing_mm);
        let stride = [1, image.size[0], image.size[0] * image.size[1]];
        let (nu, nv) = (image.size[u], image.size[v]);
        let padded = [fast_size(nu + 2 * radius), fast_size(nv + 2 * radius), 1];
        let transform = Transform::new(padded);
        let sources = [nu, nv].map(|n| self.boundary.padded_axis(n, radius));
        let spectrum = |slice: usize| {
            let mut values = vec![Complex::default(); padded[0] * padded[1]];
            for (row, source_v) in values.chunks_exact_mut(padded[0]).zip(&sources[1]) {
                for (value, source_u) in row.iter_mut().zip(&sources[0]) {
                    if let (Some(a), Some(b)) = (source_u, source_v) {
                        let place = slice * stride[across] + a * stride[u] + b * stride[v];
                        *value = image.values[place].into();
                    }
                }
            }
            transform.forward(&mut values, 2);
            values
        };
        let kernels: Vec<Vec<f64>> = self
            .angles()
            .into_par_iter()
            .map(|angle| self.transfer(angle, spacing_mm, radius, padded, &transform))
            .collect();
        // All angles of a slice are pooled while its spectrum is there. Each set of planes has as many, so the mean of means is the mean.
        let planes: Vec<Vec<f64>> = (0..image.size[across])
            .into_par_iter()
            .map(|slice| {
                let spectrum = spectrum(slice);
                let respond = |kernel: &Vec<f64>| {
                    let mut values: Vec<Complex<f64>> =
                        spectrum.iter().zip(kernel).map(|(s, k)| s * k).collect();
                    transform.backward(&mut values, 2);
                    let rows = values.chunks_exact(padded[0]).skip(radius).take(nv);
                    let inside = rows.flat_map(|row| row[radius..radius + nu].iter());
                    Grid {
                        size: [nu, nv, 1],
                        values: inside.map(|c| c.norm()).collect(),
                    }
                };
                let mut pool = Pool::new(self.pooling);
                for kernel in &kernels {
                    pool.add(respond(kernel));
                }
                pool.finish().map_or_else(Vec::new, |g| g.values)
            })
            .collect();
        let mut response = image.clone();
        for (slice, plane) in planes.iter().enumerate() {
            for (b, row) in plane.chunks_exact(nu).enumerate() {
                for (a, value) in row.iter().enumerate() {
                    response.values[slice * stride[across] + a * stride[u] + b * stride[v]] =
                        *value;
                }
            }
        }
        pool.add(response);
    }

    /// The kernel's spectrum. The kernel at the opposite point is its conjugate, so the spectrum is real.
    fn transfer(
        &self,
        angle: f64,
        spacing_mm: f64,
        radius: usize,
        padded: [usize; 3],
        transform: &Transform,
    ) -> Vec<f64> {
        let (sin, cos) = angle.sin_cos();
        let mut kernel = vec![Complex::default(); padded[0] * padded[1]];
        let reach = radius as isize;
        for dv in -reach..=reach {
            for du in -reach..=reach {
                let (x, y) = (du as f64 * spacing_mm, dv as f64 * spacing_mm);
                let along = cos * x + sin * y;
                let over = cos * y - sin * x;
                let fall =
                    (along * along + (self.gamma * over).powi(2)) / (2.0 * self.sigma_mm.powi(2));
                let place = dv.rem_euclid(padded[1] as isize) as usize * padded[0]
                    + du.rem_euclid(padded[0] as isize) as usize;
                kernel[place] = Complex::from_polar((-fall).exp(), TAU * along / self.lambda_mm);
            }
        }
        transform.forward(&mut kernel, 2);
        kernel.iter().map(|c| c.re).collect()
    }
}
