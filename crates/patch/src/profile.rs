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
    /// area averaging (each axis stretched on its own); mask voxels only partly inside are outside.
    FmBcmri,
    /// As the code release of BL4AS feeds its encoder: parts of 15 voxels and fewer dropped (when there are several parts;
    /// parts connect by faces, the default of `scipy.ndimage.label`, which that release calls), a cube of the longest
    /// side of the bounding box, resized by area averaging; mask voxels partly inside are inside.
    Bl4as,
    /// Our own: a cube in millimetres around the lesion with [`ISOTROPIC_MARGIN_MM`] on each side, in patient axes (LPS),
    /// resampled linearly after smoothing against aliasing, so that no axis is stretched. Outside of the
    /// image is 0.
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
