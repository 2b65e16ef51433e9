//! The Riesz transform.

use crate::boundary::Boundary;
use crate::error::FilterError;
use crate::fourier::transferred;
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
        transferred(&filtered, axes, self.transfer()).without_margin(MARGIN, axes)
    }

    /// The transfer function; 0 at the frequency 0, where there is no direction.
    fn transfer(self) -> impl Fn([f64; 3]) -> Complex<f64> {
        let factorial = |n: u32| (1..=n).map(f64::from).product::<f64>();
        let orders = self.order.map(u32::from);
        let total: u32 = orders.iter().sum();
        let scale = (factorial(total) / orders.map(factorial).iter().product::<f64>()).sqrt();
        let turn = Complex::new(0.0, -1.0).powu(total) * scale;
        move |frequency| {
            let length = frequency.iter().map(|w| w * w).sum::<f64>().sqrt();
            if length == 0.0 {
                return Complex::default();
            }
            let parts = frequency.into_iter().zip(orders);
            turn * parts
                .map(|(w, l)| (w / length).powi(l as i32))
                .product::<f64>()
        }
    }
}
