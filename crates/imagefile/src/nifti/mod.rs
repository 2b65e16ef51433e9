//! NIfTI-1, NIfTI-2 and Analyze 7.5 headers.
//!
//! Our own parser: the crate of that name knows NIfTI-1 only, and its writer drops the scaling.
//! Sources: `nifti1.h` (NIfTI-1.1) and `nifti2.h` (NIfTI-2) of the standards; Analyze 7.5 file format of the Mayo
//! Clinic, with SPM's use of two of its free fields.

mod orientation;

use crate::array::ArrayHeader;
use crate::element::{Element, field};
use crate::error::{Parse, Problem, malformed, unsupported};
pub(crate) use orientation::quaternion_of;

/// Bytes of the longest of the three headers.
pub(crate) const LONGEST_HEADER: usize = 540;

/// A header and where its voxels begin.
#[derive(Debug)]
pub(crate) struct NiftiHeader {
    pub(crate) array: ArrayHeader,
    /// Offset of the voxels in the file that holds them.
    pub(crate) data_offset: usize,
    /// Whether the voxels stand in the same file.
    pub(crate) same_file: bool,
    /// Whether the header has no magic number, as Analyze's.
    pub(crate) is_analyze: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Version {
    Analyze,
    One,
    Two,
}

/// Version, byte order (true: big-endian) and whether the voxels stand in the same file.
fn recognise(bytes: &[u8]) -> Parse<(Version, bool, bool)> {
    let Ok(first) = field::<4>(bytes, 0) else {
        return Err(Problem::NotAnImage);
    };
    let (length, big_endian) = match (i32::from_le_bytes(first), i32::from_be_bytes(first)) {
        (length @ (348 | 540), _) => (length, false),
        (_, length @ (348 | 540)) => (length, true),
        _ => return Err(Problem::NotAnImage),
    };
    if length == 540 {
        let magic: [u8; 8] = field(bytes, 4)?;
        let same_file = match &magic[..3] {
            b"n+2" => true,
            b"ni2" => false,
            _ => return Err(Problem::NotAnImage),
        };
        if magic[4..] != [0x0d, 0x0a, 0x1a, 0x0a] {
            return malformed(
                "the signature of the NIfTI-2 header was changed, as a transfer in text mode does: copy the file again in binary mode",
            );
        }
        return Ok((Version::Two, big_endian, same_file));
    }
    Ok(match &field::<4>(bytes, 344)? {
        b"n+1\0" => (Version::One, big_endian, true),
        b"ni1\0" => (Version::One, big_endian, false),
        _ => (Version::Analyze, big_endian, false),
    })
}

/// Reads numbers of a header in its byte order.
struct Fields<'a> {
    bytes: &'a [u8],
    big_endian: bool,
}

macro_rules! number {
    ($name:ident, $type:ty) => {
        fn $name(&self, at: usize) -> Parse<$type> {
            let bytes = field(self.bytes, at)?;
            Ok(if self.big_endian {
                <$type>::from_be_bytes(bytes)
            } else {
                <$type>::from_le_bytes(bytes)
            })
        }
    };
}

impl Fields<'_> {
    number!(i16, i16);
    number!(i32, i32);
    number!(i64, i64);
    number!(f32, f32);
    number!(f64, f64);
}

/// The fields of any version, in one shape.
struct Common {
    version: Version,
    dim: [i64; 8],
    datatype: i16,
    pixdim: [f64; 8],
    vox_offset: f64,
    slope: f64,
    intercept: f64,
    units: u8,
    qform_code: i32,
    sform_code: i32,
    quatern: [f64; 3],
    qoffset: [f64; 3],
    srow: [[f64; 4]; 3],
    /// SPM's voxel at the world's origin, counted from 1 (Analyze only).
    spm_origin: [i16; 3],
}

/// Parses a header.
pub(crate) fn parse(bytes: &[u8]) -> Parse<NiftiHeader> {
    let (version, big_endian, same_file) = recognise(bytes)?;
    let fields = Fields { bytes, big_endian };
    let common = match version {
        Version::Analyze => analyze(&fields)?,
        Version::One => version_one(&fields)?,
        Version::Two => version_two(&fields)?,
    };
    let mut warnings = Vec::new();
    let (size, volumes) = shape(&common.dim)?;
    let element = element(&common)?;
    let affine = orientation::affine(&common, size, &mut warnings);
    let array = ArrayHeader {
        size,
        volumes,
        interleaved: false,
        element,
        big_endian,
        scale: scale(&common, &mut warnings),
        affine,
        volume_step_s: volume_step_s(&common, volumes),
        warnings,
    };
    let smallest = match (same_file, version) {
        (false, _) => 0,
        (true, Version::Two) => 540,
        (true, _) => 348,
    };
    let offset = common.vox_offset;
    if !(0.0..1e15).contains(&offset) || offset.fract() != 0.0 {
        return malformed(format!(
            "the voxels are said to begin at byte {offset}: the header is damaged; copy the file again from its source"
        ));
    }
    // Some writers leave the offset of a single file at 0; the voxels follow the empty extension block then.
    let data_offset = match offset as usize {
        0 if same_file => smallest + 4,
        at if at < smallest => {
            return malformed(format!(
                "the voxels are said to begin at byte {at}, inside the header: the header is damaged; copy the file again from its source"
            ));
        }
        at => at,
    };
    Ok(NiftiHeader {
        array,
        data_offset,
        same_file,
        is_analyze: version == Version::Analyze,
    })
}

/// The fields at the places that Analyze and NIfTI-1 share; those of NIfTI alone are zero.
fn analyze(f: &Fields<'_>) -> Parse<Common> {
    let mut dim = [0; 8];
    let mut pixdim = [0.0; 8];
    for n in 0..8 {
        dim[n] = i64::from(f.i16(40 + 2 * n)?);
        pixdim[n] = f64::from(f.f32(76 + 4 * n)?);
    }
    Ok(Common {
        version: Version::Analyze,
        dim,
        datatype: f.i16(70)?,
        pixdim,
        vox_offset: f64::from(f.f32(108)?),
        slope: f64::from(f.f32(112)?),
        intercept: 0.0,
        units: 0,
        qform_code: 0,
        sform_code: 0,
        quatern: [0.0; 3],
        qoffset: [0.0; 3],
        srow: [[0.0; 4]; 3],
        spm_origin: [f.i16(253)?, f.i16(255)?, f.i16(257)?],
    })
}

fn version_one(f: &Fields<'_>) -> Parse<Common> {
    let mut common = Common {
        version: Version::One,
        intercept: f64::from(f.f32(116)?),
        units: field::<1>(f.bytes, 123)?[0],
        qform_code: i32::from(f.i16(252)?),
        sform_code: i32::from(f.i16(254)?),
        spm_origin: [0; 3],
        ..analyze(f)?
    };
    for row in 0..3 {
        common.quatern[row] = f64::from(f.f32(256 + 4 * row)?);
        common.qoffset[row] = f64::from(f.f32(268 + 4 * row)?);
        for (column, value) in common.srow[row].iter_mut().enumerate() {
            *value = f64::from(f.f32(280 + 16 * row + 4 * column)?);
        }
    }
    Ok(common)
}

fn version_two(f: &Fields<'_>) -> Parse<Common> {
    let mut dim = [0; 8];
    let mut pixdim = [0.0; 8];
    for n in 0..8 {
        dim[n] = f.i64(16 + 8 * n)?;
        pixdim[n] = f.f64(104 + 8 * n)?;
    }
    let mut srow = [[0.0; 4]; 3];
    let mut quatern = [0.0; 3];
    let mut qoffset = [0.0; 3];
    for row in 0..3 {
        quatern[row] = f.f64(352 + 8 * row)?;
        qoffset[row] = f.f64(376 + 8 * row)?;
        for (column, value) in srow[row].iter_mut().enumerate() {
            *value = f.f64(400 + 32 * row + 8 * column)?;
        }
    }
    Ok(Common {
        version: Version::Two,
        dim,
        datatype: f.i16(12)?,
        pixdim,
        vox_offset: f.i64(168)? as f64,
        slope: f.f64(176)?,
        intercept: f.f64(184)?,
        units: (f.i32(500)? & 0xff) as u8,
        qform_code: f.i32(344)?,
        sform_code: f.i32(348)?,
        quatern,
        qoffset,
        srow,
        spm_origin: [0; 3],
    })
}

/// Voxels along the axes of space, and the number of volumes.
fn shape(dim: &[i64; 8]) -> Parse<([usize; 3], usize)> {
    let wrong = || {
        Problem::Malformed(format!(
            "the header declares the dimensions {dim:?}, which cannot be: the file is damaged; copy it again from its source"
        ))
    };
    let axes = usize::try_from(dim[0])
        .ok()
        .filter(|n| (1..=7).contains(n))
        .ok_or_else(wrong)?;
    let mut sizes = [1usize; 7];
    for (size, &declared) in sizes.iter_mut().zip(&dim[1..=axes]) {
        *size = usize::try_from(declared)
            .ok()
            .filter(|&n| n > 0)
            .ok_or_else(wrong)?;
    }
    let volumes = sizes[3..]
        .iter()
        .try_fold(1usize, |n, &s| n.checked_mul(s))
        .ok_or_else(wrong)?;
    Ok(([sizes[0], sizes[1], sizes[2]], volumes))
}

fn element(common: &Common) -> Parse<Element> {
    Ok(match (common.datatype, common.version) {
        (2, _) => Element::U8,
        (4, _) => Element::I16,
        (8, _) => Element::I32,
        (16, _) => Element::F32,
        (64, _) => Element::F64,
        // SPM's additions to Analyze.
        (130, Version::Analyze) => Element::I8,
        (132, Version::Analyze) => Element::U16,
        (136, Version::Analyze) => Element::U32,
        (256, Version::One | Version::Two) => Element::I8,
        (512, Version::One | Version::Two) => Element::U16,
        (768, Version::One | Version::Two) => Element::U32,
        (1024, Version::One | Version::Two) => Element::I64,
        (1280, Version::One | Version::Two) => Element::U64,
        (other, _) => {
            let name = match other {
                1 => "single bits",
                32 | 1792 | 2048 => "complex numbers",
                128 | 2304 => "colours",
                1536 => "128-bit numbers",
                _ => "of an unknown type",
            };
            return unsupported(format!(
                "the voxels are {name} (type {other}), and triher reads integers and floating point numbers of up to 64 bits: convert the file to float32"
            ));
        }
    })
}

fn scale(common: &Common, warnings: &mut Vec<String>) -> Option<(f64, f64)> {
    let (slope, intercept) = (common.slope, common.intercept);
    if slope == 0.0 || (slope, intercept) == (1.0, 0.0) {
        return None;
    }
    if !slope.is_finite() || !intercept.is_finite() {
        // NIfTI writers mark "no scaling" with NaN too.
        if !slope.is_nan() {
            warnings.push(format!(
                "the scaling (slope {slope}, intercept {intercept}) is not finite and was left out"
            ));
        }
        return None;
    }
    if common.version == Version::Analyze {
        warnings.push(format!("SPM's scale factor {slope} was applied"));
    }
    Some((slope, intercept))
}

fn volume_step_s(common: &Common, volumes: usize) -> Option<f64> {
    let seconds = match common.units & 0x38 {
        8 => 1.0,
        16 => 1e-3,
        24 => 1e-6,
        _ => return None,
    };
    let step = common.pixdim[4] * seconds;
    (volumes > 1 && step.is_finite() && step > 0.0).then_some(step)
}
