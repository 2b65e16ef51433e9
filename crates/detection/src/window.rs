//! A segmentation network over a whole volume, window by window.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use triher_volume::{Geometry, Image, Volume, VolumeError};

/// Windows that are in memory together.
const TOGETHER: usize = 16;
/// Most voxels of a window with all channels.
const MAX_WINDOW: usize = 1 << 28;
/// Smallest weight of a window's voxel: corners far from the middle still count where no other window reaches.
const LEAST_WEIGHT: f32 = 1e-3;

/// How windows lie.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WindowOptions {
    /// Voxels of a window along `i`, `j` and `k`: those that the network was trained with.
    pub size: [usize; 3],
    /// Part of a window that the next one covers again along each axis: 0 to below 1.
    #[serde(default = "half")]
    pub overlap: f64,
    /// Standard deviation of the Gaussian weights as a part of the window's size; none: all voxels of a window weigh the same.
    #[serde(default = "eighth")]
    pub sigma_fraction: Option<f64>,
    /// Axes that are flipped: the network sees each window in every combination of flips, and its answers, flipped back, are averaged.
    #[serde(default)]
    pub flips: [bool; 3],
}

fn half() -> f64 {
    0.5
}

fn eighth() -> Option<f64> {
    Some(0.125)
}

impl WindowOptions {
    /// Windows of a size with an overlap of a half, Gaussian weights of an eighth, and no flips.
    pub fn new(size: [usize; 3]) -> Self {
        Self {
            size,
            overlap: half(),
            sigma_fraction: eighth(),
            flips: [false; 3],
        }
    }
}

/// Why a network could not be run over a volume.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum WindowError<E: std::error::Error + 'static> {
    /// Options or images without sense.
    #[error("{problem}")]
    Options {
        /// What is wrong, and the remedy.
        problem: String,
    },
    /// The network's answer does not fit its window.
    #[error(
        "the network gave {found} numbers for a window of {window:?} voxels, {expected} were expected: it must give one map of the window's size for each class"
    )]
    Output {
        /// Numbers found.
        found: usize,
        /// Numbers expected: a multiple of the window's voxels.
        expected: usize,
        /// The window.
        window: [usize; 3],
    },
    /// The network gave numbers that are not finite.
    #[error(
        "the network gives numbers that are not finite: its weights are damaged, or the images are not normalised as it was trained"
    )]
    NotFinite,
    /// The network failed.
    #[error(transparent)]
    Network(E),
    /// Volumes do not fit.
    #[error(transparent)]
    Volume(#[from] VolumeError),
}

/// Runs a segmentation network over a volume in overlapping windows and gives one map for each class.
///
/// `channels` lie on one grid and are normalised as the network wants. `network` gets a window as channel, `k`, `j`, `i` (`i` fastest; a tensor
/// `[1, C, D, H, W]`) and answers with its maps (logits) in the same order, `[1, K, D, H, W]`. It is called from several threads.
///
/// Windows step by `size (1 - overlap)`, the last one ends at the border; a volume that is smaller than a window is surrounded by zeros. Where windows
/// overlap, answers are averaged with Gaussian weights around each window's middle, at least a thousandth, so that seams do not show (Isensee et al.,
/// nnU-Net, Nat Methods 2021;18:203). MONAI's `sliding_window_inference` gives the same within 1e-5 (`crates/onnx/tests/segment.rs`). Sums
/// have a fixed order: the result does not depend on the number of threads.
///
/// # Errors
/// [`WindowError`].
pub fn sliding_window<E: std::error::Error + Send + 'static>(
    channels: &[Image],
    options: &WindowOptions,
    network: impl Fn(&[f32]) -> Result<Vec<f32>, E> + Sync,
) -> Result<Vec<Image>, WindowError<E>> {
    let Some(first) = channels.first() else {
        return Err(bad("a network needs at least one image".to_owned()));
    };
    for (number, channel) in channels.iter().enumerate() {
        first.check_same_grid("channel 0", channel, &format!("channel {number}"))?;
    }
    let frame = Frame::new(first.geometry(), options, channels.len()).map_err(bad)?;
    let weights = weights(options);
    let voxels = first.geometry().len();
    let mut sums: Vec<Vec<f32>> = Vec::new();
    let mut total = vec![0f32; voxels];
    for batch in frame.starts().chunks(TOGETHER) {
        let answers = batch
            .par_iter()
            .map(|&start| frame.answer(channels, start, options.flips, &network))
            .collect::<Result<Vec<_>, _>>()?;
        for (&start, answer) in batch.iter().zip(&answers) {
            let classes = answer.len() / weights.len();
            if sums.is_empty() {
                sums = vec![vec![0f32; voxels]; classes];
            }
            if sums.len() != classes {
                return Err(WindowError::Output {
                    found: answer.len(),
                    expected: sums.len() * weights.len(),
                    window: options.size,
                });
            }
            frame.each(start, |inside, outside| total[outside] += weights[inside]);
            for (sum, map) in sums.iter_mut().zip(answer.chunks_exact(weights.len())) {
                frame.each(start, |inside, outside| {
                    sum[outside] += weights[inside] * map[inside];
                });
            }
        }
    }
    let provenance = first.provenance().clone().with_step("segmentation network");
    sums.into_iter()
        .map(|mut sum| {
            for (value, weight) in sum.iter_mut().zip(&total) {
                *value /= weight;
            }
            Ok(Volume::new(*first.geometry(), sum, provenance.clone())?)
        })
        .collect()
}

/// Probability that a voxel is not background: with several classes 1 minus the softmax of the first one's map, with one class its logistic
/// function. `None` without a map.
///
/// # Errors
/// [`VolumeError::GridMismatch`] when the maps lie on different grids.
pub fn foreground_probability(maps: &[Image]) -> Result<Option<Image>, VolumeError> {
    let Some((background, others)) = maps.split_first() else {
        return Ok(None);
    };
    for map in others {
        background.check_same_grid("map of class 0", map, "another map")?;
    }
    let mut probability = background.clone();
    for (offset, value) in probability.voxels_mut().iter_mut().enumerate() {
        let zero = f64::from(background.voxels()[offset]);
        let p = if others.is_empty() {
            1.0 / (1.0 + (-zero).exp())
        } else {
            let all = others.iter().map(|map| f64::from(map.voxels()[offset]));
            let largest = all.clone().fold(zero, f64::max);
            let rest: f64 = all.map(|v| (v - largest).exp()).sum();
            rest / (rest + (zero - largest).exp())
        };
        *value = p as f32;
    }
    Ok(Some(probability))
}

fn bad<E: std::error::Error + 'static>(problem: String) -> WindowError<E> {
    WindowError::Options { problem }
}

/// Where windows lie in a grid.
struct Frame {
    grid: [usize; 3],
    window: [usize; 3],
    /// Zeros before the first voxel along each axis, when the grid is smaller than a window.
    before: [usize; 3],
    /// First voxels of the windows along each axis, in the padded grid.
    starts: [Vec<usize>; 3],
}

impl Frame {
    fn new(geometry: &Geometry, options: &WindowOptions, channels: usize) -> Result<Self, String> {
        let (grid, window) = (geometry.size(), options.size);
        let voxels = window
            .iter()
            .try_fold(channels, |n, &w| n.checked_mul(w))
            .filter(|&n| n > 0 && n <= MAX_WINDOW);
        if voxels.is_none() {
            return Err(format!(
                "a window of {window:?} voxels with {channels} channels cannot be used: take from 1 to {MAX_WINDOW} numbers"
            ));
        }
        if !(0.0..1.0).contains(&options.overlap) {
            return Err(format!(
                "windows cannot overlap by {}: give a number from 0 to below 1",
                options.overlap
            ));
        }
        if let Some(sigma) = options.sigma_fraction
            && !(sigma > 0.0 && sigma.is_finite())
        {
            return Err(format!(
                "Gaussian weights cannot have a width of {sigma}: give a number above 0"
            ));
        }
        let starts = std::array::from_fn(|a| {
            let size = grid[a].max(window[a]);
            let last = size - window[a];
            let step = ((window[a] as f64 * (1.0 - options.overlap)) as usize).max(1);
            let mut starts: Vec<usize> = (0..last).step_by(step).collect();
            starts.push(last);
            starts
        });
        Ok(Self {
            grid,
            window,
            before: std::array::from_fn(|a| window[a].saturating_sub(grid[a]) / 2),
            starts,
        })
    }

    /// First voxels of all windows, in the padded grid.
    fn starts(&self) -> Vec<[usize; 3]> {
        let [si, sj, sk] = &self.starts;
        let plane = sj.iter().flat_map(|&j| si.iter().map(move |&i| [i, j]));
        sk.iter()
            .flat_map(|&k| plane.clone().map(move |[i, j]| [i, j, k]))
            .collect()
    }

    /// Calls with the offset in the window and in the grid for every voxel of a window that lies in the grid.
    fn each(&self, start: [usize; 3], mut visit: impl FnMut(usize, usize)) {
        let [wi, wj, wk] = self.window;
        let [ni, nj, _] = self.grid;
        for k in 0..wk {
            for j in 0..wj {
                for i in 0..wi {
                    let within = [i, j, k];
                    let place = |a: usize| (start[a] + within[a]).checked_sub(self.before[a]);
                    if let (Some(x), Some(y), Some(z)) = (place(0), place(1), place(2))
                        && x < ni
                        && y < nj
                        && z < self.grid[2]
                    {
                        visit(i + wi * (j + wj * k), x + ni * (y + nj * z));
                    }
                }
            }
        }
    }

    /// The network's answer for a window, averaged over the flips.
    fn answer<E: std::error::Error + 'static>(
        &self,
        channels: &[Image],
        start: [usize; 3],
        flips: [bool; 3],
        network: &impl Fn(&[f32]) -> Result<Vec<f32>, E>,
    ) -> Result<Vec<f32>, WindowError<E>> {
        let voxels: usize = self.window.iter().product();
        let mut patch = vec![0f32; voxels * channels.len()];
        for (part, channel) in patch.chunks_exact_mut(voxels).zip(channels) {
            self.each(start, |inside, outside| {
                part[inside] = channel.voxels()[outside];
            });
        }
        let combinations: Vec<[bool; 3]> = (0..8usize)
            .map(|bits| std::array::from_fn(|a| bits >> a & 1 == 1))
            .filter(|flip: &[bool; 3]| (0..3).all(|a| flips[a] || !flip[a]))
            .collect();
        let mut mean: Vec<f32> = Vec::new();
        for &flip in &combinations {
            let answer = network(&self.flipped(&patch, flip)).map_err(WindowError::Network)?;
            let fits = !answer.is_empty() && answer.len().is_multiple_of(voxels);
            if !fits || !(mean.is_empty() || mean.len() == answer.len()) {
                return Err(WindowError::Output {
                    found: answer.len(),
                    expected: mean.len().max(voxels),
                    window: self.window,
                });
            }
            if answer.iter().any(|v| !v.is_finite()) {
                return Err(WindowError::NotFinite);
            }
            let answer = self.flipped(&answer, flip);
            if mean.is_empty() {
                mean = answer;
            } else {
                for (m, a) in mean.iter_mut().zip(answer) {
                    *m += a;
                }
            }
        }
        for m in &mut mean {
            *m /= combinations.len() as f32;
        }
        Ok(mean)
    }

    /// Maps of the window's size, flipped along some axes.
    fn flipped(&self, maps: &[f32], flip: [bool; 3]) -> Vec<f32> {
        if flip == [false; 3] {
            return maps.to_vec();
        }
        let [wi, wj, wk] = self.window;
        let turned = |at: usize, axis: usize| {
            if flip[axis] {
                self.window[axis] - 1 - at
            } else {
                at
            }
        };
        let mut out = Vec::with_capacity(maps.len());
        for map in maps.chunks_exact(wi * wj * wk) {
            for k in 0..wk {
                for j in 0..wj {
                    let row = wi * (turned(j, 1) + wj * turned(k, 2));
                    out.extend((0..wi).map(|i| map[row + turned(i, 0)]));
                }
            }
        }
        out
    }
}

/// Weights of a window's voxels: a product of Gaussians around its middle.
fn weights(options: &WindowOptions) -> Vec<f32> {
    let line = |axis: usize| -> Vec<f32> {
        let n = options.size[axis];
        (0..n)
            .map(|at| match options.sigma_fraction {
                Some(fraction) => {
                    let from_middle = at as f64 - (n as f64 - 1.0) / 2.0;
                    (-0.5 * (from_middle / (n as f64 * fraction)).powi(2)).exp() as f32
                }
                None => 1.0,
            })
            .collect()
    };
    let [li, lj, lk] = [line(0), line(1), line(2)];
    let mut weights = Vec::with_capacity(options.size.iter().product());
    for k in &lk {
        for j in &lj {
            weights.extend(li.iter().map(|i| (i * j * k).max(LEAST_WEIGHT)));
        }
    }
    weights
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::convert::Infallible;

    fn image(size: [usize; 3]) -> Image {
        let geometry = Geometry::axis_aligned(size, [1.0; 3], [0.0; 3]).unwrap();
        Image::from_fn(geometry, |[i, j, k]| {
            (i * 31 + j * 17 + k * 7) as f32 % 13.0
        })
    }

    proptest! {
        /// A network that works voxel by voxel gives the same in windows as on the whole.
        #[test]
        fn windows_cover_everything(
            size in prop::array::uniform3(1usize..9),
            window in prop::array::uniform3(1usize..6),
            overlap in 0.0f64..0.95,
            flips in prop::array::uniform3(any::<bool>()),
        ) {
            let image = image(size);
            let options = WindowOptions { overlap, flips, ..WindowOptions::new(window) };
            let network = |patch: &[f32]| -> Result<Vec<f32>, Infallible> {
                Ok(patch.iter().map(|v| v * 2.0).chain(patch.iter().map(|v| 1.0 - v)).collect())
            };
            let maps = sliding_window(std::slice::from_ref(&image), &options, network).unwrap();
            prop_assert_eq!(maps.len(), 2);
            for (offset, v) in image.voxels().iter().enumerate() {
                prop_assert!((maps[0].voxels()[offset] - 2.0 * v).abs() < 1e-4);
                prop_assert!((maps[1].voxels()[offset] - (1.0 - v)).abs() < 1e-4);
            }
        }
    }

    /// A network that gives the place in the window: flips make it symmetric.
    #[test]
    fn flips_are_averaged() {
        let options = WindowOptions {
            flips: [true, false, false],
            ..WindowOptions::new([4, 1, 1])
        };
        let place = |_: &[f32]| Ok::<_, Infallible>(vec![0.0, 1.0, 2.0, 3.0]);
        let maps = sliding_window(&[image([4, 1, 1])], &options, place).unwrap();
        assert!(maps[0].voxels().iter().all(|v| (v - 1.5).abs() < 1e-6));
    }

    #[test]
    fn what_cannot_be_run() {
        let one = [image([4, 4, 4])];
        let fine = WindowOptions::new([2, 2, 2]);
        let same = |patch: &[f32]| Ok::<_, Infallible>(patch.to_vec());
        let run = |options: &WindowOptions| sliding_window(&one, options, same);
        for size in [[0, 2, 2], [usize::MAX, 2, 2], [1 << 20, 1 << 20, 1]] {
            assert!(run(&WindowOptions::new(size)).is_err());
        }
        for overlap in [1.0, -0.1, f64::NAN] {
            assert!(
                run(&WindowOptions {
                    overlap,
                    ..fine.clone()
                })
                .is_err()
            );
        }
        let sigma_fraction = Some(0.0);
        assert!(
            run(&WindowOptions {
                sigma_fraction,
                ..fine.clone()
            })
            .is_err()
        );
        assert!(sliding_window(&[], &fine, same).is_err());
        assert!(sliding_window(&[image([4, 4, 4]), image([4, 4, 3])], &fine, same).is_err());
        let short = |_: &[f32]| Ok::<_, Infallible>(vec![0.0; 7]);
        let error = sliding_window(&one, &fine, short).unwrap_err();
        assert!(
            matches!(error, WindowError::Output { found: 7, .. }),
            "{error}"
        );
        let nan = |patch: &[f32]| Ok::<_, Infallible>(vec![f32::NAN; patch.len()]);
        assert!(matches!(
            sliding_window(&one, &fine, nan),
            Err(WindowError::NotFinite)
        ));
        let fails = |_: &[f32]| Err(std::fmt::Error);
        assert!(matches!(
            sliding_window(&one, &fine, fails),
            Err(WindowError::Network(_))
        ));
    }

    #[test]
    fn probabilities_of_maps() {
        let map = |value: f32| image([1, 1, 1]).map(|_| value);
        let one = foreground_probability(&[map(0.0)]).unwrap().unwrap();
        assert_eq!(one.voxels(), [0.5]);
        let maps = [map(1.0), map(1.0), map(1.0 + 2f32.ln())];
        let three = foreground_probability(&maps).unwrap().unwrap();
        assert!((three.voxels()[0] - 0.75).abs() < 1e-6);
        let huge = foreground_probability(&[map(-1e30), map(1e30)])
            .unwrap()
            .unwrap();
        assert_eq!(huge.voxels(), [1.0]);
        assert_eq!(foreground_probability(&[]).unwrap(), None);
    }
}
