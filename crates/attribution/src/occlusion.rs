//! Occlusion.

use crate::question::finite;
use crate::{AttributionError, Maps, ScoreOf};

/// Cubes that are covered one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cubes {
    /// Voxels along a cube's edges.
    pub edge: usize,
    /// Voxels from one cube to the next.
    pub stride: usize,
}

/// How far the score falls when a cube is covered, in all inputs at once.
///
/// Zeiler and Fergus (2014) in three dimensions: a cube of the inputs is set to 0, the mean intensity of a normalised patch, and the score
/// is computed again; a voxel gets the mean fall over all cubes that hold it. Negative where covering raises the score. `inputs` have one
/// channel, `[z][y][x]` of `size` voxels; `score_of` computes the score of changed inputs, `each` is told how many of how
/// many cubes are done. The last cube of an axis ends with the inputs. Because the inputs are covered together there is one map, not one for each.
///
/// # Errors
/// [`AttributionError::Setting`] when the cubes do not fit or leave gaps, [`AttributionError::Length`] when an input has another size;
/// whatever `score_of` reports.
pub fn occlusion(
    inputs: &[Vec<f32>],
    size: [usize; 3],
    cubes: Cubes,
    score_of: &ScoreOf<'_>,
    each: &mut dyn FnMut(usize, usize),
) -> Result<Maps, AttributionError> {
    let Cubes { edge, stride } = cubes;
    let smallest = size.into_iter().min().unwrap_or(0);
    if edge == 0 || edge > smallest || stride == 0 || stride > edge {
        return Err(AttributionError::Setting(format!(
            "cubes of {edge} voxels every {stride} do not cover an input of {size:?}: the edge must be from 1 to {smallest}, the stride from 1 to the edge"
        )));
    }
    let count: usize = size.iter().product();
    for input in inputs {
        crate::error::check("voxels of an input", input.len(), count)?;
    }
    let whole = finite(score_of(inputs))?;
    let starts = size.map(|voxels| {
        let last = voxels - edge;
        let mut starts: Vec<usize> = (0..=last).step_by(stride).collect();
        if starts.last() != Some(&last) {
            starts.push(last);
        }
        starts
    });
    let cubes = starts.iter().map(Vec::len).product();
    let mut falls = vec![0f64; count];
    let mut covered = vec![0u32; count];
    let [_, rows, columns] = size;
    let mut done = 0;
    for &z in &starts[0] {
        for &y in &starts[1] {
            for &x in &starts[2] {
                let voxels = move || {
                    (z..z + edge).flat_map(move |z| {
                        (y..y + edge).flat_map(move |y| {
                            (x..x + edge).map(move |x| (z * rows + y) * columns + x)
                        })
                    })
                };
                let mut changed = inputs.to_vec();
                for input in &mut changed {
                    voxels().for_each(|at| input[at] = 0.0);
                }
                let fall = whole - finite(score_of(&changed))?;
                for at in voxels() {
                    falls[at] += fall;
                    covered[at] += 1;
                }
                done += 1;
                each(done, cubes);
            }
        }
    }
    let map = falls.iter().zip(&covered);
    let map = map.map(|(fall, &n)| (fall / f64::from(n)) as f32).collect();
    Ok(Maps {
        size,
        each: vec![map],
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Fault;

    #[test]
    fn a_score_that_sums_voxels_is_found_again() {
        // The score is the weighted sum of both inputs, so that covering a cube takes away its own sum.
        let inputs: Vec<Vec<f32>> = vec![
            (0..125).map(|i| (i % 7) as f32).collect(),
            (0..125).map(|i| (i % 3) as f32).collect(),
        ];
        let score = |inputs: &[Vec<f32>]| -> Result<f64, Fault> {
            let sum = |i: &[f32]| i.iter().map(|&v| f64::from(v)).sum::<f64>();
            Ok(sum(&inputs[0]) + 2.0 * sum(&inputs[1]))
        };
        let single = Cubes { edge: 1, stride: 1 };
        let maps = occlusion(&inputs, [5; 3], single, &score, &mut |_, _| {}).unwrap();
        for (at, &value) in maps.each[0].iter().enumerate() {
            assert_eq!(value, inputs[0][at] + 2.0 * inputs[1][at]);
        }
        // Cubes of 2 every 2: the last one begins at 3, and voxel 3 of an axis lies in two cubes.
        let mut seen = 0;
        let cubes = Cubes { edge: 2, stride: 2 };
        let maps = occlusion(&inputs, [5; 3], cubes, &score, &mut |done, of| {
            seen = done;
            assert_eq!(of, 27);
        })
        .unwrap();
        assert_eq!(seen, 27);
        let fall = |z: usize, y: usize, x: usize| -> f32 {
            let at = |dz: usize, dy: usize, dx: usize| ((z + dz) * 5 + y + dy) * 5 + x + dx;
            let both = |at: usize| inputs[0][at] + 2.0 * inputs[1][at];
            (0..8).map(|c| both(at(c >> 2, c >> 1 & 1, c & 1))).sum()
        };
        assert_eq!(maps.each[0][0], fall(0, 0, 0));
        assert_eq!(maps.each[0][3], (fall(0, 0, 2) + fall(0, 0, 3)) / 2.0);
        let gaps = Cubes { edge: 2, stride: 3 };
        assert!(occlusion(&inputs, [5; 3], gaps, &score, &mut |_, _| {}).is_err());
    }
}
