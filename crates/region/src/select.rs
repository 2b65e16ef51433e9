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

/// The lesions of a mask by a rule; [`LesionRule::Named`] needs labels, see [`select_named`].
///
/// # Errors
/// [`RegionError::EmptyMask`]; [`RegionError::NoSuchLabel`] when a label is asked of a mask that has none.
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

/// The lesions of labelled regions: the one that is named, whole; or those of all regions by the rule.
///
/// # Errors
/// [`RegionError::NoSuchLabel`] lists the labels that are there; [`RegionError::EmptyMask`].
pub fn select_named(
    regions: &[(String, Mask)],
    rule: &LesionRule,
) -> Result<Vec<Lesion>, RegionError> {
    let wanted = match rule {
        LesionRule::Named(wanted) => wanted,
        _ => {
            let mut lesions = Vec::new();
            for (label, mask) in regions {
                for lesion in select_lesions(mask, rule)? {
                    lesions.push(Lesion {
                        name: format!("{label}/{}", lesion.name),
                        ..lesion
                    });
                }
            }
            return Ok(lesions);
        }
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
