//! Coefficients of the cubic B-spline that passes through the voxels.

use rayon::prelude::*;

/// Columns that are filtered together; only speed depends on it.
const BLOCK: usize = 256;

/// Spline coefficients of an image: the recursive filter of Unser 1999 (box 2) with the pole
/// `sqrt(3) - 2` along each axis, mirrored about the outermost centres with an exact start.
pub(super) fn coefficients(voxels: &[f32], size: [usize; 3]) -> Vec<f32> {
    let mut data = voxels.to_vec();
    let [ni, nj, nk] = size;
    data.par_chunks_mut(ni * nj)
        .for_each_init(Vec::new, |lines, slice| {
            for row in slice.chunks_mut(ni) {
                filter(&mut row.chunks_mut(1).collect::<Vec<_>>(), lines);
            }
            filter(&mut slice.chunks_mut(ni).collect::<Vec<_>>(), lines);
        });
    if nk > 1 {
        // Along k a block of columns is one piece of every slice.
        let mut blocks: Vec<Vec<&mut [f32]>> = Vec::new();
        blocks.resize_with((ni * nj).div_ceil(BLOCK), || Vec::with_capacity(nk));
        for slice in data.chunks_mut(ni * nj) {
            for (block, piece) in blocks.iter_mut().zip(slice.chunks_mut(BLOCK)) {
                block.push(piece);
            }
        }
        blocks
            .par_iter_mut()
            .for_each_init(Vec::new, |lines, block| filter(block, lines));
    }
    data
}

/// Filters along a list of equally long strips: strip `s` holds sample `s` of every line. `lines` is
/// working memory.
fn filter(strips: &mut [&mut [f32]], lines: &mut Vec<f64>) {
    let n = strips.len();
    let width = strips.first().map_or(0, |s| s.len());
    if n < 2 || width == 0 {
        return;
    }
    lines.clear();
    for strip in strips.iter() {
        lines.extend(strip.iter().map(|&v| f64::from(v)));
    }
    prefilter(lines, n, width);
    for (strip, line) in strips.iter_mut().zip(lines.chunks(width)) {
        for (value, filtered) in strip.iter_mut().zip(line) {
            *value = *filtered as f32;
        }
    }
}

/// Samples to coefficients: `n >= 2` samples of each of `width` lines, sample by sample.
fn prefilter(lines: &mut [f64], n: usize, width: usize) {
    let pole = 3f64.sqrt() - 2.0;
    // First causal coefficient: the sum over the whole mirrored period, in closed form. Terms beyond
    // sample 60 are below 1e-34 of the first one.
    let last = pole.powi(i32::try_from(n - 1).unwrap_or(i32::MAX));
    let (head, rest) = lines.split_at_mut(width);
    for (sum, end) in head.iter_mut().zip(&rest[(n - 2) * width..]) {
        *sum += last * end;
    }
    let (mut up, mut down) = (pole, last * last / pole);
    for s in 0..(n - 2).min(60) {
        for (sum, value) in head.iter_mut().zip(&rest[s * width..(s + 1) * width]) {
            *sum += (up + down) * value;
        }
        up *= pole;
        down /= pole;
    }
    head.iter_mut().for_each(|v| *v /= 1.0 - last * last);
    for s in 1..n {
        let (before, here) = lines[(s - 1) * width..(s + 1) * width].split_at_mut(width);
        for (value, previous) in here.iter_mut().zip(before) {
            *value += pole * *previous;
        }
    }
    let (before, end) = lines[(n - 2) * width..].split_at_mut(width);
    for (value, previous) in end.iter_mut().zip(before) {
        *value = pole / (pole * pole - 1.0) * (*value + pole * *previous);
    }
    for s in (0..n - 1).rev() {
        let (here, after) = lines[s * width..(s + 2) * width].split_at_mut(width);
        for (value, next) in here.iter_mut().zip(after) {
            *value = pole * (*next - *value);
        }
    }
    // Gain of the filter: (1 - pole) (1 - 1 / pole) = 6.
    lines.iter_mut().for_each(|v| *v *= 6.0);
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The spline of the coefficients passes through the samples: (c[-1] + 4 c[0] + c[1]) / 6.
    #[test]
    fn the_spline_passes_through_the_samples() {
        for n in [2usize, 3, 4, 9, 100, 700] {
            let samples: Vec<f64> = (0..n).map(|s| ((s * s * 37) % 101) as f64 - 50.0).collect();
            let mut line = samples.clone();
            prefilter(&mut line, n, 1);
            for s in 0..n {
                let before = line[if s == 0 { 1 } else { s - 1 }];
                let after = line[if s + 1 == n { n - 2 } else { s + 1 }];
                let value = (before + 4.0 * line[s] + after) / 6.0;
                assert!(
                    (value - samples[s]).abs() < 1e-11 * 50.0,
                    "{n} {s}: {value}"
                );
            }
        }
    }

    #[test]
    fn lines_side_by_side_are_filtered_alike() {
        let one = [3.0, -1.0, 4.0, 1.0, -5.0];
        let mut alone = one;
        prefilter(&mut alone, 5, 1);
        let mut both: Vec<f64> = one.iter().flat_map(|&v| [v, 2.0 * v]).collect();
        prefilter(&mut both, 5, 2);
        for s in 0..5 {
            assert_eq!(both[2 * s], alone[s]);
            assert_eq!(both[2 * s + 1], 2.0 * alone[s]);
        }
    }
}
