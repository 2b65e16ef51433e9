//! Regions that are made of the lesion by a distance: rings about it, and the lesion made smaller or larger.

use crate::StudyError;
use crate::recipe::RingsRecipe;
use triher_volume::{DynamicSeries, Mask};

/// A region that is made of the lesion.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) enum Surrounding {
    /// What lies within so many millimetres of the lesion, without the lesion, within the breast.
    Ring(f64),
    /// The lesion without what lies within so many millimetres of its border.
    Eroded(f64),
    /// The lesion with its ring.
    Dilated(f64),
}

/// Farther than this no region is made.
const FARTHEST_MM: f64 = 50.0;

impl Surrounding {
    /// Those of a recipe: rings, eroded and dilated lesions, each in the order of its distances.
    ///
    /// # Errors
    /// When a distance is not positive, or too large.
    pub(crate) fn of(recipe: &RingsRecipe) -> Result<Vec<Self>, StudyError> {
        let lists = [
            (
                "widths_mm",
                &recipe.widths_mm,
                Self::Ring as fn(f64) -> Self,
            ),
            ("eroded_mm", &recipe.eroded_mm, Self::Eroded),
            ("dilated_mm", &recipe.dilated_mm, Self::Dilated),
        ];
        let mut all = Vec::new();
        for (key, distances, make) in lists {
            for &distance in distances {
                if !(distance > 0.0 && distance <= FARTHEST_MM) {
                    return Err(StudyError::Input(format!(
                        "{distance} mm in {key} of [features.rings] is not possible: give distances above 0, up to {FARTHEST_MM}"
                    )));
                }
                all.push(make(distance));
            }
        }
        Ok(all)
    }

    /// What its columns begin with.
    pub(crate) fn name(self) -> String {
        match self {
            Self::Ring(mm) => format!("ring{mm}mm"),
            Self::Eroded(mm) => format!("eroded{mm}mm"),
            Self::Dilated(mm) => format!("dilated{mm}mm"),
        }
    }

    /// What it is, in words.
    pub(crate) fn in_words(self) -> String {
        match self {
            Self::Ring(mm) => format!("ring of {mm} mm"),
            Self::Eroded(mm) => format!("lesion eroded by {mm} mm"),
            Self::Dilated(mm) => format!("lesion dilated by {mm} mm"),
        }
    }

    /// Why it has no features when it holds no voxel.
    pub(crate) fn why_empty(self) -> &'static str {
        match self {
            Self::Ring(_) => {
                "no voxel lies so near to the lesion and within the breast: the ring has no features"
            }
            Self::Eroded(_) => "nothing is left of the lesion: it has no features",
            Self::Dilated(_) => "the lesion is empty: it has no features",
        }
    }

    /// The region itself; rings and what is added to a lesion lie within the breast.
    ///
    /// # Errors
    /// As [`triher_region::ring`] and [`triher_region::erode_mm`].
    pub(crate) fn mask(self, lesion: &Mask, breast: &Mask) -> Result<Mask, StudyError> {
        match self {
            Self::Ring(mm) => Ok(triher_region::ring(lesion, mm, Some(breast))?),
            Self::Eroded(mm) => Ok(triher_region::erode_mm(lesion, mm)?),
            Self::Dilated(mm) => {
                let mut all = triher_region::ring(lesion, mm, Some(breast))?;
                for (voxel, inside) in all.voxels_mut().iter_mut().zip(lesion.voxels()) {
                    *voxel |= inside;
                }
                let step = format!("dilated by {mm} mm within the breast");
                let provenance = lesion.provenance().clone().with_step(step);
                Ok(all.with_provenance(provenance))
            }
        }
    }
}

/// The breast, to which rings are clipped; where it cannot be told, everything, and a note says so.
pub(crate) fn breast_of(series: &DynamicSeries, notes: &mut Vec<String>) -> Mask {
    match triher_detection::breast_region(series, &Default::default()) {
        Ok(region) => region.breast,
        Err(error) => {
            notes.push(format!("rings are not clipped to the breast: {error}"));
            series.pre().map(|_| true)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use triher_volume::Geometry;

    #[test]
    fn a_ring_and_the_lesion_make_the_dilated_lesion() {
        let grid = Geometry::axis_aligned([20, 20, 20], [1.0; 3], [0.0; 3]).unwrap();
        let lesion = Mask::from_fn(grid, |at| at.iter().all(|i| (6..13).contains(i)));
        // The breast ends where the lesion ends: nothing is added there, and nothing of the lesion is lost.
        let breast = Mask::from_fn(grid, |at| at[0] < 12);
        let of = |surrounding: Surrounding| surrounding.mask(&lesion, &breast).unwrap();
        let [ring, larger, smaller] = [
            Surrounding::Ring(2.0),
            Surrounding::Dilated(2.0),
            Surrounding::Eroded(2.0),
        ]
        .map(of);
        assert_eq!(larger.count(), ring.count() + lesion.count());
        assert_eq!(smaller.count(), 27);
        assert!(of(Surrounding::Eroded(4.0)).count() == 0);
        let recipe = RingsRecipe {
            dilated_mm: vec![-1.0],
            ..RingsRecipe::default()
        };
        let said = Surrounding::of(&recipe).unwrap_err().to_string();
        assert!(said.contains("dilated_mm"), "{said}");
    }
}
