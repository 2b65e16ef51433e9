//! NIfTI-1, NIfTI-2 and Analyze 7.5 headers.
//!
//! Our own parser: the crate of that name knows NIfTI-1 only, and its writer drops the scaling.
//! Sources: nifti1.h and nifti2.h of the NIfTI-1.1 and NIfTI-2 standards.

use crate::element::{Element, field};
use crate::error::Parse;
use crate::raw::Header;
use nalgebra::{Matrix4, Vector4};

/// Bytes of the longer of the two headers.
pub(crate) const LONGEST_HEADER: usize = 540;

/// A header and where its voxels begin.
pub(crate) struct NiftiHeader {
    pub(crate) header: Header,
    /// Offset of the voxels in the file that holds them.
    pub(crate) data_offset: usize,
    /// Whether the voxels stand in the same file.
    pub(crate) same_file: bool,
}

/// Whether bytes begin like a NIfTI or Analyze header.
pub(crate) fn looks_like_nifti(bytes: &[u8]) -> bool {
    Version::of(bytes).is_ok()
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Version {
    Analyze,
    One,
    Two,
}

impl Version {
    /// Version and whether the file is big-endian.
    fn of(bytes: &[u8]) -> Parse<(Self, bool)> {
        let first: [u8; 4] = field(bytes, 0)?;
        let (length, big_endian) = match (i32::from_le_bytes(first), i32::from_be_bytes(first)) {
            (length @ (348 | 540), _) => (length, false),
            (_, length @ (348 | 540)) => (length, true),
            _ => {
                return Err(
                    "this is no NIfTI file: its header does not begin with 348 or 540".to_owned(),
                );
            }
        };
        if length == 540 {
            let magic: [u8; 4] = field(bytes, 4)?;
            let known = &magic[..3] == b"n+2" || &magic[..3] == b"ni2";
            return known.then_some((Self::Two, big_endian)).ok_or_else(|| {
                "this is no NIfTI-2 file: its magic number is not n+2 or ni2".to_owned()
            });
        }
        let magic: [u8; 4] = field(bytes, 344)?;
        let version = match &magic {
            b"n+1\0" | b"ni1\0" => Self::One,
            _ => Self::Analyze,
        };
        Ok((version, big_endian))
    }
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

/// The fields of either version, in one shape.
struct Common {
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
}

/// Parses a header.
pub(crate) fn parse(bytes: &[u8]) -> Parse<NiftiHeader> {
    let (version, big_endian) = Version::of(bytes)?;
    let fields = Fields { bytes, big_endian };
    let common = match version {
        Version::Two => version_two(&fields)?,
        _ => version_one(&fields)?,
    };
    let same_file = match version {
        Version::Analyze => false,
        Version::One => bytes.get(345) == Some(&b'+'),
        Version::Two => bytes.get(5) == Some(&b'+'),
    };
    let mut warnings = Vec::new();
    let (size, volumes) = shape(&common.dim)?;
    let element = element(common.datatype)?;
    let affine = affine(&common, version, size, &mut warnings);
    let header = Header {
        size,
        volumes,
        interleaved: false,
        element,
        big_endian,
        scale: scale(&common, version, &mut warnings),
        affine,
        volume_step_s: volume_step_s(&common, volumes),
        warnings,
    };
    let smallest = if same_file {
        if version == Version::Two { 544 } else { 352 }
    } else {
        0
    };
    if !(0.0..1e15).contains(&common.vox_offset) {
        return Err(format!(
            "the voxels are said to begin at byte {}: the header is damaged",
            common.vox_offset
        ));
    }
    // Some writers leave the offset of a single file at 0.
    let data_offset = (common.vox_offset as usize).max(smallest);
    Ok(NiftiHeader {
        header,
        data_offset,
        same_file,
    })
}

fn version_one(f: &Fields<'_>) -> Parse<Common> {
    let mut dim = [0; 8];
    let mut pixdim = [0.0; 8];
    for n in 0..8 {
        dim[n] = i64::from(f.i16(40 + 2 * n)?);
        pixdim[n] = f64::from(f.f32(76 + 4 * n)?);
    }
    let mut srow = [[0.0; 4]; 3];
    let mut quatern = [0.0; 3];
    let mut qoffset = [0.0; 3];
    for row in 0..3 {
        quatern[row] = f64::from(f.f32(256 + 4 * row)?);
        qoffset[row] = f64::from(f.f32(268 + 4 * row)?);
        for column in 0..4 {
            srow[row][column] = f64::from(f.f32(280 + 16 * row + 4 * column)?);
        }
    }
    Ok(Common {
        dim,
        datatype: f.i16(70)?,
        pixdim,
        vox_offset: f64::from(f.f32(108)?),
        slope: f64::from(f.f32(112)?),
        intercept: f64::from(f.f32(116)?),
        units: field::<1>(f.bytes, 123)?[0],
        qform_code: i32::from(f.i16(252)?),
        sform_code: i32::from(f.i16(254)?),
        quatern,
        qoffset,
        srow,
    })
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
        for column in 0..4 {
            srow[row][column] = f.f64(400 + 32 * row + 8 * column)?;
        }
    }
    Ok(Common {
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
    })
}

/// Voxels along the axes of space, and the number of volumes.
fn shape(dim: &[i64; 8]) -> Parse<([usize; 3], usize)> {
    let wrong = || {
        format!("the header declares the dimensions {dim:?}, which cannot be: the file is damaged")
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

fn element(datatype: i16) -> Parse<Element> {
    Ok(match datatype {
        2 => Element::U8,
        4 => Element::I16,
        8 => Element::I32,
        16 => Element::F32,
        64 => Element::F64,
        256 => Element::I8,
        512 => Element::U16,
        768 => Element::U32,
        1024 => Element::I64,
        1280 => Element::U64,
        other => {
            let name = match other {
                1 => "single bits",
                32 | 1792 | 2048 => "complex numbers",
                128 | 2304 => "colours",
                1536 => "128-bit numbers",
                _ => "an unknown type",
            };
            return Err(format!(
                "the voxels are {name} (NIfTI type {other}), and triher reads integers and floating point numbers of up to 64 bits: convert the file to float32"
            ));
        }
    })
}

fn scale(common: &Common, version: Version, warnings: &mut Vec<String>) -> Option<(f64, f64)> {
    let (slope, intercept) = (common.slope, common.intercept);
    if version == Version::Analyze || slope == 0.0 || (slope, intercept) == (1.0, 0.0) {
        return None;
    }
    if !slope.is_finite() || !intercept.is_finite() {
        warnings.push(format!(
            "the scaling ({slope}, {intercept}) is not finite and was left out"
        ));
        return None;
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

/// From voxel index to LPS millimetres: the sform when there is one, else the qform, else spacing only.
fn affine(
    common: &Common,
    version: Version,
    size: [usize; 3],
    warnings: &mut Vec<String>,
) -> Matrix4<f64> {
    let unit_mm = match common.units & 0x07 {
        1 => 1000.0,
        3 => 1e-3,
        _ => 1.0,
    };
    let sform = (version != Version::Analyze && common.sform_code > 0).then(|| {
        let rows = common.srow;
        Matrix4::from_fn(|r, c| {
            if r < 3 {
                rows[r][c]
            } else {
                f64::from(u8::from(c == 3))
            }
        })
    });
    let qform = (version != Version::Analyze && common.qform_code > 0).then(|| qform(common));
    if let (Some(s), Some(q)) = (&sform, &qform) {
        let apart = farthest_corner(s, q, size) * unit_mm;
        let voxel = common.pixdim[1..4]
            .iter()
            .fold(f64::INFINITY, |a, b| a.min(b.abs()))
            * unit_mm;
        if apart > 0.1 * voxel {
            warnings.push(format!(
                "qform and sform disagree by up to {apart:.2} mm; the sform was used. If the image lies wrong, correct the header."
            ));
        }
    }
    let ras = sform.or(qform).unwrap_or_else(|| {
        let kind = if version == Version::Analyze { "an Analyze file, which" } else { "a NIfTI file without qform and sform, which" };
        warnings.push(format!(
            "this is {kind} says nothing about orientation: the axes were taken to run to the right, front and head"
        ));
        let mut affine = Matrix4::identity();
        for axis in 0..3 {
            let spacing = common.pixdim[axis + 1].abs();
            affine[(axis, axis)] = if spacing > 0.0 { spacing } else { 1.0 };
        }
        affine
    });
    // RAS to LPS: the first two rows change sign. A length unit other than millimetres is scaled.
    Matrix4::from_fn(|r, c| match r {
        0 | 1 => -ras[(r, c)] * unit_mm,
        2 => ras[(r, c)] * unit_mm,
        _ => ras[(r, c)],
    })
}

/// The affine of the quaternion (nifti1.h, method 2).
fn qform(common: &Common) -> Matrix4<f64> {
    let [b, c, d] = common.quatern;
    let a = (1.0 - (b * b + c * c + d * d)).max(0.0).sqrt();
    let rotation = [
        [
            a * a + b * b - c * c - d * d,
            2.0 * (b * c - a * d),
            2.0 * (b * d + a * c),
        ],
        [
            2.0 * (b * c + a * d),
            a * a + c * c - b * b - d * d,
            2.0 * (c * d - a * b),
        ],
        [
            2.0 * (b * d - a * c),
            2.0 * (c * d + a * b),
            a * a + d * d - b * b - c * c,
        ],
    ];
    let flip = if common.pixdim[0] < 0.0 { -1.0 } else { 1.0 };
    let step = [common.pixdim[1], common.pixdim[2], common.pixdim[3] * flip];
    Matrix4::from_fn(|r, col| match (r, col) {
        (3, c) => f64::from(u8::from(c == 3)),
        (r, 3) => common.qoffset[r],
        (r, c) => rotation[r][c] * step[c],
    })
}

/// The largest distance between the places that two affines give a grid's corners.
fn farthest_corner(a: &Matrix4<f64>, b: &Matrix4<f64>, size: [usize; 3]) -> f64 {
    (0..8)
        .map(|corner| {
            let index = |axis: usize| {
                if corner >> axis & 1 == 1 {
                    (size[axis] - 1) as f64
                } else {
                    0.0
                }
            };
            let p = Vector4::new(index(0), index(1), index(2), 1.0);
            (a * p - b * p).norm()
        })
        .fold(0.0, f64::max)
}
