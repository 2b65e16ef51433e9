//! Parametric maps of whole images: percent enhancement and signal enhancement ratio.

use crate::KineticsError;
use rayon::prelude::*;
use triher_volume::{Image, Provenance, Volume};

/// Voxels that one task takes at least.
const MIN_VOXELS_PER_TASK: usize = 1 << 14;

/// Percent enhancement `100 (S1 - S0) / S0` at every voxel, in percent.
///
/// It is 0 where `S0` is below `background` or not positive, and where an intensity is not finite.
///
/// # Errors
/// [`KineticsError::Volume`] when the images do not share a grid.
pub fn percent_enhancement(
    pre: &Image,
    post: &Image,
    background: f32,
) -> Result<Image, KineticsError> {
    pre.check_same_grid("pre-contrast image", post, "post-contrast image")?;
    let voxels = pre
        .voxels()
        .par_iter()
        .zip(post.voxels())
        .with_min_len(MIN_VOXELS_PER_TASK)
        .map(|(&s0, &s1)| {
            if s0 < background {
                0.0
            } else {
                or_zero(enhancement(s0, s1))
            }
        })
        .collect();
    map(pre, voxels, "percent enhancement")
}

/// Signal enhancement ratio `SER = (S1 - S0) / (S2 - S0)` at every voxel, where `S0` is before contrast, `S1` early and `S2`
/// late after it (Hylton, J Clin Oncol 2006;24:3293).
///
/// It is 0 where `S2` equals `S0` and where an intensity is not finite. Where `S2 < S0` the ratio is what the formula says,
/// usually negative; [`UcsfRule`] has the conventions under which it is read.
///
/// # Errors
/// [`KineticsError::Volume`] when the images do not share a grid.
pub fn signal_enhancement_ratio(
    pre: &Image,
    first: &Image,
    last: &Image,
) -> Result<Image, KineticsError> {
    check_three(pre, first, last)?;
    let voxels = (pre.voxels(), first.voxels(), last.voxels())
        .into_par_iter()
        .with_min_len(MIN_VOXELS_PER_TASK)
        .map(|(&s0, &s1, &s2)| or_zero((s1 - s0) / (s2 - s0)))
        .collect();
    map(pre, voxels, "signal enhancement ratio")
}

/// The conventions of the PE1 and SER maps that the University of California San Francisco published with its breast studies
/// (TCIA collection Breast-MRI-NACT-Pilot, series `PE1` and `SER`).
///
/// The headers of those maps state formulas and thresholds; rounding, neighbours and the border were found by comparing. With
/// the default values both maps of patient 06 come out equal at every voxel (`tests/reference_data.rs`).
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct UcsfRule {
    /// Intensity before contrast below which there is no tissue: both maps are 0 there.
    pub background: f32,
    /// Percent enhancement from which on a voxel has a SER: the threshold of the functional tumour volume.
    pub minimum_pe_percent: f32,
    /// Neighbours (of 26) that must have a SER themselves; the border repeats its voxels.
    pub minimum_neighbours: usize,
    /// Largest SER; larger ones are set to it.
    pub maximum_ser: f32,
}

impl Default for UcsfRule {
    fn default() -> Self {
        Self {
            background: 35.0,
            minimum_pe_percent: 70.0,
            minimum_neighbours: 4,
            maximum_ser: 3.0,
        }
    }
}

impl UcsfRule {
    /// PE1: percent enhancement of the first phase after contrast, rounded down to whole percent; 0 in the background and
    /// where it is not positive.
    ///
    /// # Errors
    /// [`KineticsError::Volume`] when the images do not share a grid.
    pub fn percent_enhancement(&self, pre: &Image, first: &Image) -> Result<Image, KineticsError> {
        pre.check_same_grid("pre-contrast image", first, "first post-contrast image")?;
        let voxels = pre
            .voxels()
            .par_iter()
            .zip(first.voxels())
            .with_min_len(MIN_VOXELS_PER_TASK)
            .map(|(&s0, &s1)| {
                // In doubles: just below a whole percent must not round up to it.
                let (s0, s1) = (f64::from(s0), f64::from(s1));
                let pe = 100.0 * (s1 - s0) / s0;
                if s0 >= f64::from(self.background) && s0 > 0.0 && pe > 0.0 && pe.is_finite() {
                    pe.floor() as f32
                } else {
                    0.0
                }
            })
            .collect();
        map(pre, voxels, "percent enhancement (UCSF PE1)")
    }

    /// SER rounded to 0.001, the ratio of the percent enhancements in single precision; 0 where a voxel is background, enhances
    /// less than the threshold, has no more signal late than before contrast, or has too few such neighbours.
    ///
    /// # Errors
    /// [`KineticsError::Volume`] when the images do not share a grid.
    pub fn signal_enhancement_ratio(
        &self,
        pre: &Image,
        first: &Image,
        last: &Image,
    ) -> Result<Image, KineticsError> {
        check_three(pre, first, last)?;
        let ratios: Vec<f32> = (pre.voxels(), first.voxels(), last.voxels())
            .into_par_iter()
            .with_min_len(MIN_VOXELS_PER_TASK)
            .map(|(&s0, &s1, &s2)| {
                let (early, late) = (enhancement(s0, s1), enhancement(s0, s2));
                let enhances = s0 >= self.background && early >= self.minimum_pe_percent;
                if enhances && late > 0.0 && early.is_finite() && late.is_finite() {
                    // Halves up, not to even: this is what the published maps have.
                    let rounded = (early / late * 1000.0 + 0.5).floor() / 1000.0;
                    rounded.min(self.maximum_ser)
                } else {
                    f32::NAN
                }
            })
            .collect();
        let [ni, nj, nk] = pre.geometry().size();
        let mut voxels = vec![0f32; ratios.len()];
        voxels
            .par_chunks_mut(ni * nj)
            .enumerate()
            .for_each(|(k, slice)| {
                for (at, voxel) in slice.iter_mut().enumerate() {
                    let ratio = ratios[at + ni * nj * k];
                    if ratio.is_nan() {
                        continue;
                    }
                    let (i, j) = (at % ni, at / ni);
                    // The voxel itself is among the 27.
                    let mut neighbours = 0usize;
                    for z in around(k, nk) {
                        for y in around(j, nj) {
                            let row = ni * (y + nj * z);
                            for x in around(i, ni) {
                                neighbours += usize::from(!ratios[row + x].is_nan());
                            }
                        }
                    }
                    if neighbours > self.minimum_neighbours {
                        *voxel = ratio;
                    }
                }
            });
        map(pre, voxels, "signal enhancement ratio (UCSF SER)")
    }
}

/// The voxel before, at and after `at` on an axis of `n`; the border is repeated.
fn around(at: usize, n: usize) -> [usize; 3] {
    [at.saturating_sub(1), at, (at + 1).min(n - 1)]
}

/// Percent enhancement; NaN where `S0` is not positive.
fn enhancement(s0: f32, s1: f32) -> f32 {
    if s0 > 0.0 {
        100.0 * (s1 - s0) / s0
    } else {
        f32::NAN
    }
}

fn or_zero(value: f32) -> f32 {
    if value.is_finite() { value } else { 0.0 }
}

fn check_three(pre: &Image, first: &Image, last: &Image) -> Result<(), KineticsError> {
    pre.check_same_grid("pre-contrast image", first, "first post-contrast image")?;
    Ok(pre.check_same_grid("pre-contrast image", last, "last post-contrast image")?)
}

fn map(pre: &Image, voxels: Vec<f32>, name: &str) -> Result<Image, KineticsError> {
    let provenance = Provenance::from_source(pre.provenance().source.clone()).with_step(name);
    Ok(Volume::new(*pre.geometry(), voxels, provenance)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use triher_volume::Geometry;

    fn line(values: &[f32]) -> Image {
        let geometry = Geometry::axis_aligned([values.len(), 1, 1], [1.0; 3], [0.0; 3]).unwrap();
        Image::new(geometry, values.to_vec(), Provenance::default()).unwrap()
    }

    #[test]
    fn background_and_what_is_not_finite_are_zero() {
        let pre = line(&[100.0, 10.0, 0.0, -5.0, f32::NAN, 50.0]);
        let post = line(&[250.0, 90.0, 90.0, 90.0, 90.0, f32::INFINITY]);
        let pe = percent_enhancement(&pre, &post, 20.0).unwrap();
        assert_eq!(pe.voxels(), [150.0, 0.0, 0.0, 0.0, 0.0, 0.0]);
    }

    #[test]
    fn the_ratio_is_one_on_a_plateau_and_zero_without_late_enhancement() {
        let (pre, first) = (line(&[100.0, 100.0, 100.0]), line(&[200.0, 200.0, 200.0]));
        let last = line(&[200.0, 150.0, 100.0]);
        let ser = signal_enhancement_ratio(&pre, &first, &last).unwrap();
        assert_eq!(ser.voxels(), [1.0, 2.0, 0.0]);
    }

    #[test]
    fn the_published_rule_wants_neighbours() {
        let geometry = Geometry::axis_aligned([5, 5, 5], [1.0; 3], [0.0; 3]).unwrap();
        let pre = Image::filled(geometry, 100.0);
        // A corner of 2x2x2 voxels has 7 neighbours and more, a lone voxel none.
        let first = Image::from_fn(geometry, |[i, j, k]| {
            let block = i < 2 && j < 2 && k < 2;
            if block || [i, j, k] == [3, 3, 3] {
                270.0
            } else {
                100.0
            }
        });
        let last = Image::filled(geometry, 110.0);
        let rule = UcsfRule::default();
        let ser = rule.signal_enhancement_ratio(&pre, &first, &last).unwrap();
        assert_eq!(ser.get([1, 1, 1]), Some(&3.0));
        assert_eq!(ser.get([3, 3, 3]), Some(&0.0));
        let pe = rule.percent_enhancement(&pre, &first).unwrap();
        assert_eq!(pe.get([3, 3, 3]), Some(&170.0));
    }

    #[test]
    fn other_grids_are_refused() {
        let error = percent_enhancement(&line(&[1.0]), &line(&[1.0, 2.0]), 0.0).unwrap_err();
        assert!(error.to_string().contains("do not share a grid"), "{error}");
    }
}
