//! Changed views of a patch, for embeddings averaged at test time.

use std::fmt;
use std::str::FromStr;

use crate::PatchError;
use triher_volume::Volume;

/// Voxels by which [`TestTime::Shifts`] moves a patch: a thirtieth of a lesion's box, as an outline drawn twice would.
const SHIFT_VOXELS: isize = 2;

/// Which views of a patch are embedded.
#[derive(
    Clone, Copy, Debug, Default, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize,
)]
#[serde(rename_all = "kebab-case")]
pub enum TestTime {
    /// The patch as it is.
    #[default]
    None,
    /// All eight mirrorings along the three axes.
    Flips,
    /// The patch, and moved by 2 voxels to either side along each axis: seven views.
    Shifts,
    /// Both sets: fourteen views.
    FlipsAndShifts,
}

impl FromStr for TestTime {
    type Err = PatchError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text {
            "none" => Ok(Self::None),
            "flips" => Ok(Self::Flips),
            "shifts" => Ok(Self::Shifts),
            "flips-and-shifts" => Ok(Self::FlipsAndShifts),
            other => Err(PatchError::UnknownTestTime {
                name: other.to_owned(),
            }),
        }
    }
}

impl fmt::Display for TestTime {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::None => "none",
            Self::Flips => "flips",
            Self::Shifts => "shifts",
            Self::FlipsAndShifts => "flips-and-shifts",
        })
    }
}

impl TestTime {
    /// The views, the unchanged patch first.
    pub fn views(self) -> Vec<View> {
        let mut views = vec![View::default()];
        if matches!(self, Self::Flips | Self::FlipsAndShifts) {
            views.extend((1..8).map(|bits| View {
                flip: std::array::from_fn(|axis| bits >> axis & 1 == 1),
                shift: [0; 3],
            }));
        }
        if matches!(self, Self::Shifts | Self::FlipsAndShifts) {
            for axis in 0..3 {
                for by in [-SHIFT_VOXELS, SHIFT_VOXELS] {
                    let mut view = View::default();
                    view.shift[axis] = by;
                    views.push(view);
                }
            }
        }
        views
    }
}

/// One change of a patch in space.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct View {
    /// Whether each axis is mirrored.
    pub flip: [bool; 3],
    /// Voxels by which the patch's content moves towards the end of each axis; what comes in at the border repeats its last voxels.
    pub shift: [isize; 3],
}

impl View {
    /// The view of an image or a mask, on the same grid.
    pub fn of<T: Clone>(&self, patch: &Volume<T>) -> Volume<T> {
        let geometry = *patch.geometry();
        let size = geometry.size();
        // For each axis, where each place takes its voxel from.
        let from: [Vec<usize>; 3] = std::array::from_fn(|axis| {
            let last = size[axis] as isize - 1;
            (0..=last)
                .map(|at| {
                    let at = (at - self.shift[axis]).clamp(0, last);
                    (if self.flip[axis] { last - at } else { at }) as usize
                })
                .collect()
        });
        let voxels = patch.voxels();
        Volume::from_fn(geometry, |[i, j, k]| {
            let (i, j, k) = (from[0][i], from[1][j], from[2][k]);
            voxels[(k * size[1] + j) * size[0] + i].clone()
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use triher_volume::{Geometry, Image};

    #[test]
    fn views_mirror_and_move() {
        let geometry = Geometry::axis_aligned([4, 3, 2], [1.0; 3], [0.0; 3]).unwrap();
        let image = Image::from_fn(geometry, |[i, j, k]| (i + 10 * j + 100 * k) as f32);
        let mirrored = View {
            flip: [true, false, true],
            shift: [0; 3],
        };
        assert_eq!(mirrored.of(&image).get([0, 1, 0]), Some(&113.0));
        assert_eq!(mirrored.of(&mirrored.of(&image)), image);
        let moved = View {
            flip: [false; 3],
            shift: [2, 0, 0],
        };
        let row: Vec<f32> = moved.of(&image).voxels()[..4].to_vec();
        assert_eq!(row, [0.0, 0.0, 0.0, 1.0]);
        assert_eq!(View::default().of(&image), image);
    }

    #[test]
    fn every_set_begins_with_the_patch_itself_and_repeats_none() {
        let sets = [
            (TestTime::None, 1),
            (TestTime::Flips, 8),
            (TestTime::Shifts, 7),
            (TestTime::FlipsAndShifts, 14),
        ];
        for (set, count) in sets {
            let views = set.views();
            assert_eq!((views.len(), views[0]), (count, View::default()));
            for (at, view) in views.iter().enumerate() {
                assert!(!views[..at].contains(view));
            }
            assert_eq!(set.to_string().parse::<TestTime>().unwrap(), set);
        }
        assert!("flip".parse::<TestTime>().is_err());
    }
}
