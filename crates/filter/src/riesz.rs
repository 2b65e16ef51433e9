//! The Riesz transform.

use crate::boundary::Boundary;
use crate::error::FilterError;
use crate::fourier::{Transform, frequencies};
use crate::grid::Grid;
use rustfft::num_complex::Complex;

/// Voxels that an image is extended by before a Riesz transform, whose kernel fades slowly.
const MARGIN: usize = 32;

/// Riesz transform: directional derivatives of a response of which every frequency keeps its amplitude (IBSI: AYRS, equation 4.11).
///
/// Meets the IBSI's reference maps 9.a, 9.b.1 and 10.b.1 within the tolerance of 1 % of their range (`tests/reference_maps.rs`). Steering by the structure tensor
/// is not offered: no reference of it has been published.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Riesz {
    /// How often along each axis.
    pub(crate) order: [u8; 3],
}

impl Riesz {
    pub(crate) fn check(
        kind: &'static str,
        order: Option<[u8; 3]>,
        by_slice: bool,
    ) -> Result<(), FilterError> {
        let Some(order) = order else { return Ok(()) };
        let total: u32 = order.iter().map(|&l| u32::from(l)).sum();
        if !(1..=8).contains(&total) || (by_slice && order[2] > 0) {
            return Err(FilterError::BadSetting {
                kind,
                setting: "riesz",
                value: format!("{order:?}"),
                allowed: "how often along each axis, from 1 to 8 in all; the third is 0 for a filter by slice",
            });
        }
        Ok(())
    }

    /// Extends an image, lets it be filtered, transforms the response and cuts it again.
    pub(crate) fn transform_padded(
        self,
        image: &Grid,
        axes: usize,
        boundary: Boundary,
        filter: impl Fn(&Grid) -> Grid,
    ) -> Grid {
        let filtered = filter(&image.padded(MARGIN, axes, boundary));
        let transform = Transform::new(filtered.size);
        let mut values: Vec<Complex<f64>> = filtered.values.iter().map(|&v| v.into()).collect();
        transform.forward(&mut values, axes);
        self.multiply(&mut values, filtered.size, axes);
        transform.backward(&mut values, axes);
        let response = Grid {
            size: filtered.size,
            values: values.iter().map(|v| v.re).collect(),
        };
        response.without_margin(MARGIN, axes)
    }

    /// Multiplies frequencies by the transfer function.
    pub(crate) fn multiply(self, values: &mut [Complex<f64>], size: [usize; 3], axes: usize) {
        let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
        let orders = self.order.map(u32::from);
        let total: u32 = orders.iter().sum();
        let scale = (factorial(total) / orders.map(factorial).iter().product::<f64>()).sqrt();
        let turn = Complex::new(0.0, -1.0).powu(total) * scale;
        let along: [Vec<f64>; 3] = std::array::from_fn(|a| {
            if a < axes {
                frequencies(size[a])
            } else {
                vec![0.0; size[a]]
            }
        });
        let mut place = values.iter_mut();
        for wz in &along[2] {
            for wy in &along[1] {
                for (wx, value) in along[0].iter().zip(&mut place) {
                    let length = (wx * wx + wy * wy + wz * wz).sqrt();
                    if length == 0.0 {
                        *value = Complex::default();
                        continue;
                    }
                    let product: f64 = [wx, wy, wz]
                        .into_iter()
                        .zip(orders)
                        .map(|(w, l)| (w / length).powi(l as i32))
                        .product();
                    *value *= turn * product;
                }
            }
        }
    }
}
