//! The profiles by name and version.

use crate::PatchError;
use std::fmt;
use std::str::FromStr;

/// Voxels of a patch along each axis.
pub const PATCH_SIZE: usize = 48;

/// Margin that the profile `isotropic` leaves on each side of the lesion, in millimetres.
pub const ISOTROPIC_MARGIN_MM: f64 = 5.0;

/// A named way from lesion to patch. Profiles never change: another recipe is another version.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Profile {
    /// As the code release of FM-BCMRI feeds its encoder: the lesion's bounding box itself, resized by
    /// area averaging (each axis stretched on its own); patch voxels that are only partly lesion are outside.
    FmBcmri,
    /// As the code release of BL4AS feeds its encoder (github zhenweishi/BL4AS, commit 2683e2b, `examples/data/roi.py`,
    /// `crop_resize_roi` by `all_roi_resize` with `cc_threshold` 15): parts of 15 voxels and fewer dropped when there are several
    /// parts (parts connect by faces: the release calls `scipy.ndimage.label` with its default structure), a cube of the
    /// longest side of the bounding box in voxels, resized by area averaging; patch voxels that are partly lesion are inside.
    ///
    /// Two things that the release does are left out, for they are not part of the recipe: it skips masks of fewer than 10 voxels,
    /// and it writes patches in the number type of the source file, which truncates phases that were stored as integers.
    Bl4as,
    /// Our own: a cube in millimetres around the middle of the lesion, its side the lesion's longest extent along the patient axes
    /// (LPS) and [`ISOTROPIC_MARGIN_MM`] on each side, in patient axes, resampled linearly after smoothing
    /// against aliasing ([`triher_volume::anti_alias`]), so that no axis is stretched. Outside of the image is 0. The nearest voxel
    /// of the mask decides what is lesion.
    Isotropic,
}

impl Profile {
    /// All profiles.
    pub const ALL: [Self; 3] = [Self::FmBcmri, Self::Bl4as, Self::Isotropic];

    /// The profile of a name, without or with a version: `bl4as`, `bl4as@1`.
    ///
    /// # Errors
    /// [`PatchError::UnknownProfile`], [`PatchError::UnknownVersion`].
    pub fn from_name(text: &str) -> Result<Self, PatchError> {
        let (name, version) = match text.split_once('@') {
            Some((name, version)) => (name, Some(version)),
            None => (text, None),
        };
        let profile = Self::ALL.into_iter().find(|p| p.name() == name);
        let profile = profile.ok_or_else(|| PatchError::UnknownProfile {
            name: text.to_owned(),
        })?;
        match version {
            Some(version) if version != profile.version().to_string() => {
                Err(PatchError::UnknownVersion {
                    name: name.to_owned(),
                    version: version.to_owned(),
                    known: profile.version(),
                })
            }
            _ => Ok(profile),
        }
    }

    /// The name: `fm-bcmri`, `bl4as`, `isotropic`.
    pub fn name(self) -> &'static str {
        match self {
            Self::FmBcmri => "fm-bcmri",
            Self::Bl4as => "bl4as",
            Self::Isotropic => "isotropic",
        }
    }

    /// The version, counted from 1.
    pub fn version(self) -> u32 {
        1
    }
}

impl fmt::Display for Profile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}@{}", self.name(), self.version())
    }
}

impl FromStr for Profile {
    type Err = PatchError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::from_name(text)
    }
}

impl serde::Serialize for Profile {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> serde::Deserialize<'de> for Profile {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = <std::borrow::Cow<'de, str>>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn profiles_read_as_they_are_written() {
        for profile in Profile::ALL {
            assert_eq!(Profile::from_name(profile.name()).unwrap(), profile);
            assert_eq!(profile.to_string(), format!("{}@1", profile.name()));
            let json = serde_json::to_string(&profile).unwrap();
            assert_eq!(json, format!("\"{profile}\""));
            assert_eq!(serde_json::from_str::<Profile>(&json).unwrap(), profile);
        }
        let error = Profile::from_name("bl4as@2").unwrap_err();
        assert!(
            matches!(error, PatchError::UnknownVersion { known: 1, .. }),
            "{error}"
        );
        for bad in ["", "bl4", "BL4AS", "@1", "isotropic@", "isotropic@1@1"] {
            assert!(Profile::from_name(bad).is_err(), "{bad}");
        }
        assert_eq!(
            Profile::from_name("ours").unwrap_err().to_string(),
            "there is no profile \"ours\": choose fm-bcmri, bl4as or isotropic"
        );
    }
}
