//! Which lesion counts when a mask holds several.

use crate::{Connectivity, RegionError, connected_components};
use std::fmt;
use std::str::FromStr;
use triher_volume::Mask;

/// Which of several lesions counts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum LesionRule {
    /// The largest connected part (26 neighbours) of the mask; the first of equals.
    #[default]
    Largest,
    /// Every connected part (26 neighbours) on its own: one row of features each.
    Each,
    /// The region with this label, whole.
    Named(String),
}

impl FromStr for LesionRule {
    type Err = RegionError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        match text.trim() {
            "largest" => Ok(Self::Largest),
            "each" => Ok(Self::Each),
            other => match other
                .strip_prefix("named:")
                .filter(|label| !label.is_empty())
            {
                Some(label) => Ok(Self::Named(label.to_owned())),
                None => Err(RegionError::BadRule {
                    text: text.to_owned(),
                }),
            },
        }
    }
}

impl fmt::Display for LesionRule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Largest => f.write_str("largest"),
            Self::Each => f.write_str("each"),
            Self::Named(label) => write!(f, "named:{label}"),
        }
    }
}

impl serde::Serialize for LesionRule {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for LesionRule {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

/// One lesion.
#[derive(Clone, Debug, PartialEq)]
pub struct Lesion {
    /// `lesion` when it is the only one, otherwise `lesion-1`, `lesion-2`, ... by falling size, or its label.
    pub name: String,
    /// Its region.
    pub mask: Mask,
}

/// The most parts of one mask that are taken as lesions: a mask with more has specks.
const MAX_LESIONS: usize = 100;

/// The lesions of a mask by a rule; [`LesionRule::Named`] needs labels, see [`select_named`].
///
/// # Errors
/// [`RegionError::EmptyMask`]; [`RegionError::NoSuchLabel`] when a label is asked of a mask that has none;
/// [`RegionError::TooManyLesions`] when each of more than 100 parts is asked for.
pub fn select_lesions(mask: &Mask, rule: &LesionRule) -> Result<Vec<Lesion>, RegionError> {
    if mask.count() == 0 {
        return Err(RegionError::EmptyMask);
    }
    if let LesionRule::Named(wanted) = rule {
        return Err(RegionError::NoSuchLabel {
            wanted: wanted.clone(),
            present: Vec::new(),
        });
    }
    let components = connected_components(mask, Connectivity::Corners);
    let mut order: Vec<u32> = (1..=components.sizes.len() as u32).collect();
    // Stable: components of the same size stay in the order of their first voxel.
    order.sort_by_key(|&label| std::cmp::Reverse(components.sizes[label as usize - 1]));
    if *rule == LesionRule::Largest {
        order.truncate(1);
    }
    if order.len() > MAX_LESIONS {
        return Err(RegionError::TooManyLesions {
            found: order.len(),
            limit: MAX_LESIONS,
        });
    }
    let single = order.len() == 1;
    let lesions = order.iter().enumerate().filter_map(|(rank, &label)| {
        let name = if single {
            "lesion".to_owned()
        } else {
            format!("lesion-{}", rank + 1)
        };
        let region = components.region(label)?;
        Some(Lesion {
            name,
            mask: region.with_provenance(mask.provenance().clone()),
        })
    });
    Ok(lesions.collect())
}

/// The lesions of labelled regions: with [`LesionRule::Named`] the one of that label, whole; with
/// [`LesionRule::Largest`] the largest connected part of all regions; with [`LesionRule::Each`] every connected part of every
/// region. Regions without a voxel are passed over. Lesions are named after their region.
///
/// # Errors
/// [`RegionError::NoSuchLabel`] lists the labels that are there; [`RegionError::EmptyMask`] when the named region or all
/// regions are empty; [`RegionError::TooManyLesions`].
pub fn select_named(
    regions: &[(String, Mask)],
    rule: &LesionRule,
) -> Result<Vec<Lesion>, RegionError> {
    let LesionRule::Named(wanted) = rule else {
        return select_from_all(regions, rule);
    };
    let found = regions.iter().find(|(label, _)| label == wanted);
    let found = found.or_else(|| regions.iter().find(|(l, _)| l.eq_ignore_ascii_case(wanted)));
    let Some((label, mask)) = found else {
        let present = regions.iter().map(|(label, _)| label.clone()).collect();
        return Err(RegionError::NoSuchLabel {
            wanted: wanted.clone(),
            present,
        });
    };
    if mask.count() == 0 {
        return Err(RegionError::EmptyMask);
    }
    Ok(vec![Lesion {
        name: label.clone(),
        mask: mask.clone(),
    }])
}

fn select_from_all(
    regions: &[(String, Mask)],
    rule: &LesionRule,
) -> Result<Vec<Lesion>, RegionError> {
    let mut lesions: Vec<Lesion> = Vec::new();
    for (label, mask) in regions.iter().filter(|(_, mask)| mask.count() > 0) {
        for lesion in select_lesions(mask, rule)? {
            let name = if lesion.name == "lesion" {
                label.clone()
            } else {
                format!("{label}/{}", lesion.name)
            };
            lesions.push(Lesion { name, ..lesion });
        }
        if lesions.len() > MAX_LESIONS {
            return Err(RegionError::TooManyLesions {
                found: lesions.len(),
                limit: MAX_LESIONS,
            });
        }
        if *rule == LesionRule::Largest {
            // Only the largest so far is kept; sizes are compared in space, for regions may differ in their grids.
            let larger = |a: &Lesion, b: &Lesion| a.mask.volume_mm3() > b.mask.volume_mm3();
            if lesions.len() == 2 && larger(&lesions[1], &lesions[0]) {
                lesions.swap(0, 1);
            }
            lesions.truncate(1);
        }
    }
    if lesions.is_empty() {
        return Err(RegionError::EmptyMask);
    }
    Ok(lesions)
}

#[cfg(test)]
mod tests {
    use super::*;
    use triher_volume::Geometry;

    /// Parts of 1, 8 and 3 voxels.
    fn mask() -> Mask {
        let geometry = Geometry::axis_aligned([12, 6, 4], [1.0; 3], [0.0; 3]).unwrap();
        Mask::from_fn(geometry, |[i, j, k]| {
            [i, j, k] == [0, 0, 0]
                || (3..5).contains(&i) && j < 2 && k < 2
                || (8..11).contains(&i) && j == 5 && k == 3
        })
    }

    fn counts(lesions: &[Lesion]) -> Vec<(&str, usize)> {
        lesions
            .iter()
            .map(|l| (l.name.as_str(), l.mask.count()))
            .collect()
    }

    #[test]
    fn rules_choose() {
        let mask = mask();
        let largest = select_lesions(&mask, &LesionRule::Largest).unwrap();
        assert_eq!(counts(&largest), [("lesion", 8)]);
        let each = select_lesions(&mask, &LesionRule::Each).unwrap();
        assert_eq!(
            counts(&each),
            [("lesion-1", 8), ("lesion-2", 3), ("lesion-3", 1)]
        );
        let error = select_lesions(&mask, &LesionRule::Named("Tumour".into())).unwrap_err();
        assert_eq!(
            error.to_string(),
            "no region is labelled \"Tumour\": the mask carries no labels. Use the rule largest or each, or a file with labelled segments."
        );
        let empty = mask.map(|_| false);
        let error = select_lesions(&empty, &LesionRule::Largest).unwrap_err();
        assert!(error.to_string().starts_with("the mask is empty"));
    }

    #[test]
    fn voxels_that_meet_at_a_corner_are_one_lesion() {
        let geometry = Geometry::axis_aligned([4, 4, 4], [1.0; 3], [0.0; 3]).unwrap();
        let mask = Mask::from_fn(geometry, |[i, j, k]| i == j && j == k);
        assert_eq!(
            counts(&select_lesions(&mask, &LesionRule::Each).unwrap()),
            [("lesion", 4)]
        );
    }

    #[test]
    fn specks_are_not_lesions() {
        let geometry = Geometry::axis_aligned([21, 21, 3], [1.0; 3], [0.0; 3]).unwrap();
        let specks = Mask::from_fn(geometry, |index| index.iter().all(|i| i % 2 == 0));
        let error = select_lesions(&specks, &LesionRule::Each).unwrap_err();
        assert!(matches!(
            error,
            RegionError::TooManyLesions {
                found: 242,
                limit: 100
            }
        ));
        assert!(select_lesions(&specks, &LesionRule::Largest).is_ok());
    }

    /// The first voxels of a mask only.
    fn reduced(mask: &Mask, count: usize) -> Mask {
        let mut left = count;
        mask.map(|&inside| {
            let take = inside && left > 0;
            left -= usize::from(take);
            take
        })
    }

    #[test]
    fn labels_choose() {
        let all = mask();
        let none = all.map(|_| false);
        let one = reduced(&all, 1);
        let regions = [
            ("Lesion 2".to_owned(), one),
            ("Breast".to_owned(), all),
            ("Lesion 1".to_owned(), none),
        ];
        let named = |label: &str| select_named(&regions, &LesionRule::Named(label.into()));
        assert_eq!(counts(&named("breast").unwrap()), [("Breast", 12)]);
        assert!(matches!(named("Lesion 1"), Err(RegionError::EmptyMask)));
        assert_eq!(
            named("Tumour").unwrap_err().to_string(),
            "no region is labelled \"Tumour\"; there are: Lesion 2, Breast, Lesion 1. Use one of these."
        );
        let largest = select_named(&regions, &LesionRule::Largest).unwrap();
        assert_eq!(counts(&largest), [("Breast", 8)]);
        let each = select_named(&regions, &LesionRule::Each).unwrap();
        let expected = [
            ("Lesion 2", 1),
            ("Breast/lesion-1", 8),
            ("Breast/lesion-2", 3),
            ("Breast/lesion-3", 1),
        ];
        assert_eq!(counts(&each), expected);
        for none in [&regions[2..], &[]] {
            assert!(matches!(
                select_named(none, &LesionRule::Largest),
                Err(RegionError::EmptyMask)
            ));
        }
    }

    #[test]
    fn rules_read_as_they_are_written() {
        for rule in [
            LesionRule::Largest,
            LesionRule::Each,
            LesionRule::Named("a: b".into()),
        ] {
            assert_eq!(rule.to_string().parse::<LesionRule>().unwrap(), rule);
            let json = serde_json::to_string(&rule).unwrap();
            assert_eq!(serde_json::from_str::<LesionRule>(&json).unwrap(), rule);
        }
        for bad in ["", "biggest", "named:", "named"] {
            assert!(
                matches!(bad.parse::<LesionRule>(), Err(RegionError::BadRule { .. })),
                "{bad}"
            );
        }
    }
}
