//! N4 itself.

use crate::BiasError;
use crate::lattice::{Fitter, Lattice};
use crate::sharpen::Sharpener;
use crate::shrink::Shrunk;
use rayon::prelude::*;
use triher_volume::{Image, Mask, Provenance, Volume};

/// The parameters of N4, as ITK names them.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct N4Options {
    /// Every how many voxels the estimate takes one, along each axis; the field is applied to all.
    pub shrink: [usize; 3],
    /// Most iterations on each fitting level; control points double their density from level to level.
    pub iterations: Vec<usize>,
    /// A level ends when the field changes by a coefficient of variation of less than this.
    pub convergence: f64,
    /// Control points along each axis on the first level, at least 4.
    pub control_points: [usize; 3],
    /// Full width at half maximum of the field's distribution, in logarithmic intensity.
    pub fwhm: f64,
    /// Noise of the Wiener filter.
    pub wiener_noise: f64,
    /// Bins of the histogram.
    pub bins: usize,
}

impl Default for N4Options {
    fn default() -> Self {
        Self {
            shrink: [4; 3],
            iterations: vec![50; 4],
            convergence: 0.001,
            control_points: [4; 3],
            fwhm: 0.15,
            wiener_noise: 0.01,
            bins: 200,
        }
    }
}

/// A bias field that was estimated.
#[derive(Clone, Debug, PartialEq)]
pub struct BiasField {
    /// The factor by which each voxel is too bright.
    pub field: Image,
    /// Iterations of each level.
    pub iterations: Vec<usize>,
    /// The coefficient of variation of the field's last change, on each level.
    pub changes: Vec<f64>,
}

impl BiasField {
    /// An image without the field.
    ///
    /// All phases of a study must be divided by one and the same field: then percent enhancement and signal enhancement ratio, in which it
    /// cancels, stay as they were. A field of each phase's own would take contrast agent for inhomogeneity.
    ///
    /// # Errors
    /// [`BiasError::Volume`] when the image lies on another grid.
    pub fn corrected(&self, image: &Image) -> Result<Image, BiasError> {
        self.field.check_same_grid("bias field", image, "image")?;
        let values = image.voxels().par_iter().zip(self.field.voxels());
        let voxels = values.map(|(v, f)| v / f).collect();
        let provenance = image.provenance().clone();
        let provenance = provenance.with_step("divided by the bias field (N4)");
        Ok(Volume::new(*image.geometry(), voxels, provenance)?)
    }
}

/// The least voxels that a field is estimated from.
const NEEDED: usize = 64;

/// Estimates the slowly varying factor that a receive coil multiplies an image with: N4 (Tustison et al., IEEE Trans Med Imaging
/// 2010;29:1310).
///
/// The logarithm of the image is sharpened by deconvolution of its histogram; the difference to what is seen is smoothed by a cubic B-spline fitted to
/// it, added to the field so far, and taken off the image; this is repeated until the field stays, on lattices that
/// become finer. Only voxels that are inside the mask and above 0 take part.
///
/// SimpleITK's `N4BiasFieldCorrectionImageFilter` on the same image gives the same field within 1e-4 on a phantom and 1e-3 on a whole breast (`tests/parity`; ITK calculates in
/// single precision). As there, the field of the shrunk grid is stretched over the whole one. One thing differs: ITK takes voxels of 0 inside the
/// mask for intensities of 1.
///
/// # Errors
/// [`BiasError::BadOption`], [`BiasError::Volume`] when the mask lies on another grid, [`BiasError::TooFewVoxels`], [`BiasError::Flat`].
pub fn n4(image: &Image, mask: Option<&Mask>, options: &N4Options) -> Result<BiasField, BiasError> {
    options.check()?;
    if let Some(mask) = mask {
        image.check_same_grid("image", mask, "mask")?;
    }
    let shrunk = Shrunk::new(image, mask, options.shrink);
    let found = shrunk.mask.iter().filter(|m| **m).count();
    if found < NEEDED {
        return Err(BiasError::TooFewVoxels {
            found,
            needed: NEEDED,
        });
    }
    let sharpener = Sharpener::new(options.fwhm, options.wiener_noise, options.bins);
    let mut total = Lattice {
        points: options.control_points,
        coefficients: vec![0.0; options.control_points.iter().product()],
    };
    let mut field = vec![0.0; shrunk.logarithm.len()];
    let mut iterations = Vec::new();
    let mut changes = Vec::new();
    for (level, &most) in options.iterations.iter().enumerate() {
        if level > 0 {
            total = total.refined();
        }
        let fitter = Fitter::new(shrunk.size, total.points, &shrunk.mask);
        let (mut done, mut change) = (0, f64::INFINITY);
        while done < most && change > options.convergence {
            let residual = residual(&shrunk, &field, &sharpener).ok_or(BiasError::Flat)?;
            total.add(&fitter.fit(&residual));
            let next = total.values(shrunk.size);
            change = variation(&field, &next, &shrunk.mask);
            field = next;
            done += 1;
        }
        iterations.push(done);
        changes.push(change);
    }
    let grid = image.geometry();
    let values = total.values(grid.size());
    let voxels = values.into_par_iter().map(|v| v.exp() as f32).collect();
    Ok(BiasField {
        field: Volume::new(*grid, voxels, Provenance::from_source("bias field (N4)"))?,
        iterations,
        changes,
    })
}

/// What the sharpened image says of the field that is still there; 0 outside of the mask.
fn residual(shrunk: &Shrunk, field: &[f64], sharpener: &Sharpener) -> Option<Vec<f64>> {
    let uncorrected: Vec<f64> = shrunk
        .logarithm
        .iter()
        .zip(field)
        .map(|(v, f)| v - f)
        .collect();
    let inside = uncorrected.iter().zip(&shrunk.mask).filter(|(_, m)| **m);
    let mapping = sharpener.mapping(inside.map(|(v, _)| *v))?;
    let residual = uncorrected
        .par_iter()
        .zip(&shrunk.mask)
        .map(|(&v, &m)| if m { v - mapping.of(v) } else { 0.0 });
    Some(residual.collect())
}

/// The coefficient of variation of the ratio of two fields given by their logarithms.
fn variation(before: &[f64], after: &[f64], mask: &[bool]) -> f64 {
    let ratios: Vec<f64> = before
        .iter()
        .zip(after)
        .zip(mask)
        .filter(|(_, m)| **m)
        .map(|((b, a), _)| (b - a).exp())
        .collect();
    let count = ratios.len() as f64;
    let mean = ratios.iter().sum::<f64>() / count;
    let squares: f64 = ratios.iter().map(|r| (r - mean) * (r - mean)).sum();
    (squares / (count - 1.0)).sqrt() / mean
}

impl N4Options {
    fn check(&self) -> Result<(), BiasError> {
        let bad = |option, value: String, allowed| {
            Err(BiasError::BadOption {
                option,
                value,
                allowed,
            })
        };
        if self.shrink.contains(&0) {
            return bad(
                "shrink",
                format!("{:?}", self.shrink),
                "1 or more for each axis",
            );
        }
        if !(1..=8).contains(&self.iterations.len()) {
            let value = format!("{:?}", self.iterations);
            return bad("iterations", value, "one number for each of 1 to 8 levels");
        }
        if !self.control_points.iter().all(|n| (4..=32).contains(n)) {
            let value = format!("{:?}", self.control_points);
            return bad("control_points", value, "4 to 32 for each axis");
        }
        if !(8..=4096).contains(&self.bins) {
            return bad("bins", self.bins.to_string(), "8 to 4096");
        }
        for (name, value) in [
            ("convergence", self.convergence),
            ("fwhm", self.fwhm),
            ("wiener_noise", self.wiener_noise),
        ] {
            if !(value > 0.0 && value <= 10.0) {
                return bad(name, value.to_string(), "a number above 0 up to 10");
            }
        }
        Ok(())
    }
}
