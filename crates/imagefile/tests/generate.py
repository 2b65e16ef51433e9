"""Makes the files under fixtures/ and what independent readers say of them (fixtures/expected.json).

Run: python generate.py   (needs numpy, nibabel, SimpleITK, pynrrd)

Affines are LPS millimetres. NIfTI and Analyze expectations come from nibabel (affine, scaled voxels) with a
cross-check against SimpleITK where it reads the file; NRRD expectations from SimpleITK, voxels with a cross-check against
pynrrd. `weighted` is sum over n of (n % 97 + 1) * voxel[n] in memory order (i fastest), which a permuted or flipped
voxel order would change.
"""

import gzip
import json
import os
import struct
from pathlib import Path

import nibabel as nib
import nrrd
import numpy as np
import SimpleITK as sitk

HERE = Path(__file__).parent / "fixtures"
HERE.mkdir(exist_ok=True)
for old in HERE.iterdir():
    old.unlink()
EXPECTED = {}
SIZE = (5, 4, 3)
LPS = np.diag([-1.0, -1.0, 1.0, 1.0])

# Oblique: turned about all three axes, 0.7 x 0.9 x 2.5 mm.
def turn(a, b, c):
    ca, sa, cb, sb, cc, sc = np.cos(a), np.sin(a), np.cos(b), np.sin(b), np.cos(c), np.sin(c)
    x = np.array([[1, 0, 0], [0, ca, -sa], [0, sa, ca]])
    y = np.array([[cb, 0, sb], [0, 1, 0], [-sb, 0, cb]])
    z = np.array([[cc, -sc, 0], [sc, cc, 0], [0, 0, 1]])
    return z @ y @ x

OBLIQUE = np.eye(4)
OBLIQUE[:3, :3] = turn(0.3, -0.2, 0.5) @ np.diag([0.7, 0.9, 2.5])
OBLIQUE[:3, 3] = [-31.5, 12.25, 40.75]
# Sagittal, and left-handed in RAS: the third axis runs to the patient's left.
SAGITTAL = np.array([[0, 0, -3.0, 60.0], [-0.86, 0, 0, 90.0], [0, -0.86, 0, 110.0], [0, 0, 0, 1]])


def values(dtype, shape=SIZE):
    n = np.arange(int(np.prod(shape)), dtype=np.float64).reshape(shape, order="F")
    dtype = np.dtype(dtype)
    if dtype.kind == "f":
        return (n * 0.37 - 5.5).astype(dtype)
    if dtype.kind == "u":
        return (n * 3 % 251).astype(dtype)
    return (n * 3 % 251 - 125).astype(dtype)


def weighted(array):
    flat = np.asarray(array, dtype=np.float64).ravel(order="F")
    return float(((np.arange(flat.size) % 97 + 1) * flat).sum())


def expect(name, affine_lps, volumes, **more):
    EXPECTED[name] = {
        "affine": np.round(np.asarray(affine_lps, dtype=float)[:3], 7).tolist(),
        "size": list(volumes[0].shape),
        "volumes": [{"sum": round(float(np.sum(v, dtype=np.float64)), 4), "weighted": round(weighted(v), 4)} for v in volumes],
        **more,
    }


def volumes_of(array):
    array = np.asarray(array, dtype=np.float64)
    return [array] if array.ndim == 3 else [array[..., k] for k in range(array.shape[3])]


def sitk_affine(image):
    d = np.array(image.GetDirection()).reshape(image.GetDimension(), -1)[:3, :3]
    affine = np.eye(4)
    affine[:3, :3] = d @ np.diag(image.GetSpacing()[:3])
    affine[:3, 3] = image.GetOrigin()[:3]
    return affine


def check_sitk(path, affine_lps, volumes, tolerance=1e-4):
    image = sitk.ReadImage(str(path))
    if image.GetNumberOfComponentsPerPixel() > 1:
        array = sitk.GetArrayFromImage(image)
        read = [array[..., k].transpose(2, 1, 0) for k in range(array.shape[3])]
    else:
        array = sitk.GetArrayFromImage(image)
        read = volumes_of(array.transpose(2, 1, 0) if array.ndim == 3 else array.transpose(3, 2, 1, 0))
    assert np.allclose(sitk_affine(image), affine_lps, atol=tolerance), (path.name, sitk_affine(image), affine_lps)
    for a, b in zip(read, volumes, strict=True):
        assert np.allclose(a, b, rtol=1e-6), path.name


def nifti(name, image, sitk_reads=True, tolerance=1e-4, **more):
    path = HERE / name
    nib.save(image, path)
    if name.endswith(".gz"):
        path.write_bytes(gzip.compress(gzip.decompress(path.read_bytes()), mtime=0))
    back = nib.load(path)
    volumes = volumes_of(back.get_fdata())
    expect(name, LPS @ back.affine, volumes, **more)
    if sitk_reads:
        check_sitk(path, LPS @ back.affine, volumes, tolerance)
    return path


def header(cls, dtype, endian):
    h = cls(endianness=endian)
    h.set_data_dtype(np.dtype(dtype))
    return h


# NIfTI-1: every type, both byte orders, oblique.
DTYPES = ["uint8", "int8", "uint16", "int16", "uint32", "int32", "uint64", "int64", "float32", "float64"]
for dtype in DTYPES:
    for endian, tag in (("<", "le"), (">", "be")):
        data = values(dtype)
        image = nib.Nifti1Image(data, OBLIQUE, header(nib.Nifti1Header, dtype, endian), dtype=data.dtype)
        nifti(f"nifti1_{dtype}_{tag}.nii", image, sitk_reads=True)

# Packed; sagittal; left-handed.
image = nib.Nifti1Image(values("int16"), SAGITTAL, dtype="int16")
image.set_qform(SAGITTAL, 1)
nifti("sagittal.nii.gz", image)

# The qform alone, oblique and left-handed (qfac -1).
flipped = OBLIQUE @ np.diag([1, 1, -1, 1])
image = nib.Nifti1Image(values("int16"), None, dtype="int16")
image.set_qform(flipped, 1)
image.set_sform(None, 0)
nifti("qform_only.nii", image)

# A sheared sform: the qform cannot say it. SimpleITK refuses shear.
sheared = OBLIQUE.copy()
sheared[:3, 2] += 0.3 * sheared[:3, 0]
nifti("sheared.nii", nib.Nifti1Image(values("int16"), sheared, dtype="int16"), sitk_reads=False)

# qform and sform that disagree by 5 mm: the sform counts, with a warning.
image = nib.Nifti1Image(values("int16"), OBLIQUE, dtype="int16")
moved = OBLIQUE.copy()
moved[:3, 3] += [0, 5, 0]
image.set_sform(OBLIQUE, 1)
image.set_qform(moved, 1)
nifti("disagree.nii", image, sitk_reads=False, warnings=["disagree by up to 5.00 mm"])

# A sform of zeros with a code: left out, the qform counts.
image = nib.Nifti1Image(values("int16"), OBLIQUE, dtype="int16")
image.set_qform(OBLIQUE, 1)
path = HERE / "zero_sform.nii"
nib.save(image, path)
raw = bytearray(path.read_bytes())
raw[280:328] = bytes(48)
raw[254:256] = struct.pack("<h", 1)
path.write_bytes(raw)
expect("zero_sform.nii", LPS @ nib.load(path).get_qform(), volumes_of(values("int16")), warnings=["the sform is no map"])

# Neither: nifti1.h, method 1.
image = nib.Nifti1Image(values("int16"), None, dtype="int16")
image.header.set_zooms((0.7, 0.9, 2.5))
image.header["qform_code"] = 0
image.header["sform_code"] = 0
path = HERE / "neither.nii"
nib.save(image, path)
expect("neither.nii", LPS @ np.diag([0.7, 0.9, 2.5, 1]), volumes_of(values("int16")), warnings=["no qform and no sform"])

# Scaling, with a slope that single precision rounds.
image = nib.Nifti1Image(values("int16"), OBLIQUE, dtype="int16")
path = HERE / "scaled.nii"
nib.save(image, path)
raw = bytearray(path.read_bytes())
raw[112:120] = struct.pack("<ff", 0.1, -3.25)
path.write_bytes(raw)
back = nib.load(path)
expect("scaled.nii", LPS @ back.affine, volumes_of(back.get_fdata()))
check_sitk(path, LPS @ back.affine, volumes_of(back.get_fdata()))

# Metres as the unit of length: SimpleITK converts, nibabel does not.
metres = OBLIQUE.copy()
metres[:3] /= 1000
image = nib.Nifti1Image(values("int16"), metres, dtype="int16")
image.header.set_xyzt_units("meter", "sec")
nib.save(image, HERE / "metres.nii")
expect("metres.nii", LPS @ OBLIQUE, volumes_of(values("int16")))

# Four dimensions, 90,500 ms apart.
image = nib.Nifti1Image(values("float32", SIZE + (3,)), OBLIQUE, dtype="float32")
image.header.set_xyzt_units("mm", "msec")
image.header["pixdim"][4] = 90500
nifti("dynamic.nii.gz", image, step_s=90.5)
image = nib.Nifti1Image(values("float32", SIZE + (1,)), OBLIQUE, dtype="float32")
nifti("one_volume_4d.nii", image)

# NIfTI-2, both byte orders, single file and pair. SimpleITK does not read it.
for endian, tag in (("<", "le"), (">", "be")):
    image = nib.Nifti2Image(values("int16"), OBLIQUE, header(nib.Nifti2Header, "int16", endian), dtype="int16")
    nifti(f"nifti2_{tag}.nii", image, sitk_reads=False)
nifti("nifti2_pair.img", nib.Nifti2Pair(values("int16"), OBLIQUE, dtype="int16"), sitk_reads=False)

# NIfTI-1 pair.
nifti("pair.img", nib.Nifti1Pair(values("uint16"), OBLIQUE, dtype="uint16"))

# NaN stays, and is counted.
data = values("float32")
data[1, 1, 1] = np.nan
data[2, 1, 1] = np.inf
path = HERE / "nan.nii"
nib.save(nib.Nifti1Image(data, OBLIQUE, dtype="float32"), path)
EXPECTED["nan.nii"] = {"affine": np.round((LPS @ OBLIQUE)[:3], 7).tolist(), "size": list(SIZE), "volumes": [None],
                       "warnings": ["2 voxels are no finite numbers"]}

# Analyze 7.5, both byte orders; with SPM's origin and scale factor.
for endian, tag in (("<", "le"), (">", "be")):
    image = nib.AnalyzeImage(values("int16"), None, header(nib.AnalyzeImage.header_class, "int16", endian))
    image.header.set_zooms((0.7, 0.9, 2.5))
    path = HERE / f"analyze_{tag}.img"
    nib.save(image, path)
    back = nib.AnalyzeImage.load(str(path))
    expect(path.name, LPS @ back.affine, volumes_of(back.get_fdata()), warnings=["an Analyze header says nothing sure"])
image = nib.Spm2AnalyzeImage(values("int16"), None, header(nib.Spm2AnalyzeImage.header_class, "int16", "<"))
image.header.set_zooms((0.7, 0.9, 2.5))
path = HERE / "analyze_spm.img"
nib.save(image, path)
for mat in HERE.glob("*.mat"):
    mat.unlink()
raw = bytearray(path.with_suffix(".hdr").read_bytes())
raw[112:116] = struct.pack("<f", 0.5)
raw[253:259] = struct.pack("<hhh", 2, 3, 1)
path.with_suffix(".hdr").write_bytes(raw)
back = nib.Spm2AnalyzeImage.load(str(path))
expect(path.name, LPS @ back.affine, volumes_of(back.get_fdata()), warnings=["SPM's origin voxel", "SPM's scale factor"])

# Refused types, for their sentence.
image = nib.Nifti1Image(values("float32").astype("complex64"), OBLIQUE, dtype="complex64")
nib.save(image, HERE / "complex.nii")
rgb = np.zeros(SIZE, dtype=[("R", "u1"), ("G", "u1"), ("B", "u1")])
nib.save(nib.Nifti1Image(rgb, OBLIQUE), HERE / "rgb.nii")

# Labels and masks.
labels = (values("uint8") % 4).astype("uint8")
nifti("labels.nii.gz", nib.Nifti1Image(labels, OBLIQUE, dtype="uint8"))
big = labels.astype("int32") * 16777217
nifti("labels_beyond_2_24.nii", nib.Nifti1Image(big, OBLIQUE, dtype="int32"))
soft = np.clip(labels.astype("float32") - 0.5, 0, 1)
nifti("mask_of_fractions.nii", nib.Nifti1Image(soft, OBLIQUE, dtype="float32"))


# NRRD through pynrrd, read back by SimpleITK.
def write_nrrd(name, data, fields, **options):
    path = HERE / name
    nrrd.write(str(path), data, fields, index_order="F", **options)
    # Time stamps would change the bytes of each run.
    raw = path.read_bytes()
    lines = raw.split(b"\n\n", 1)
    head = b"\n".join(l for l in lines[0].split(b"\n") if not l.startswith(b"# "))
    path.write_bytes(head + b"\n\n" + (lines[1] if len(lines) > 1 else b""))
    return path


def nrrd_expect(name, data, affine_lps, sitk_reads=True, **more):
    path = HERE / name
    back, _ = nrrd.read(str(path), index_order="F")
    assert np.array_equal(back, data), name
    volumes = more.pop("volumes", volumes_of(data))
    if sitk_reads:
        check_sitk(path, affine_lps, volumes)
    expect(name, affine_lps, volumes, **more)


def space(affine, name):
    return {"space": name, "space directions": affine[:3, :3].T, "space origin": affine[:3, 3]}


A = LPS @ OBLIQUE
for dtype in DTYPES:
    for endian in ("little", "big"):
        data = values(dtype)
        data = data.astype(data.dtype.newbyteorder("<" if endian == "little" else ">"))
        name = f"nrrd_{dtype}_{endian}.nrrd"
        # pynrrd writes the byte order of the array.
        write_nrrd(name, data, {**space(A, "left-posterior-superior"), "encoding": "raw"})
        nrrd_expect(name, values(dtype), A)
for encoding, tag in (("gzip", "gzip"), ("ascii", "ascii")):
    write_nrrd(f"nrrd_{tag}.nrrd", values("int16"), {**space(A, "left-posterior-superior"), "encoding": encoding})
    nrrd_expect(f"nrrd_{tag}.nrrd", values("int16"), A)
raw = (HERE / "nrrd_int16_little.nrrd").read_bytes()
head, body = raw.split(b"\n\n", 1)
hexed = body.hex().encode()
hexed = b"\n".join(hexed[k:k + 60] for k in range(0, len(hexed), 60))
(HERE / "nrrd_hex.nrrd").write_bytes(head.replace(b"encoding: raw", b"encoding: hex") + b"\n\n" + hexed + b"\n")
check_sitk(HERE / "nrrd_hex.nrrd", A, volumes_of(values("int16")))
expect("nrrd_hex.nrrd", A, volumes_of(values("int16")))
for name, matrix in (("right-anterior-superior", OBLIQUE), ("left-anterior-superior", np.diag([1, -1, 1, 1]) @ A)):
    tag = "".join(w[0] for w in name.split("-"))
    write_nrrd(f"nrrd_{tag}.nrrd", values("int16"), {**space(matrix, name), "encoding": "gzip"})
    nrrd_expect(f"nrrd_{tag}.nrrd", values("int16"), A)
# Detached, with a line and two bytes to skip, and with the voxels at the end (-1).
(HERE / "detached.raw").write_bytes(b"a line\nxx" + values("int16").astype("<i2").tobytes(order="F"))
common = (b"NRRD0004\ntype: short\ndimension: 3\nspace: left-posterior-superior\nsizes: 5 4 3\n"
          b"space directions: (0.7,0,0) (0,0.9,0) (0,0,2.5)\nkinds: domain domain domain\nendian: little\nencoding: raw\n"
          b"space origin: (1,2,3)\n")
straight = np.diag([0.7, 0.9, 2.5, 1.0])
straight[:3, 3] = [1, 2, 3]
for name, skip in (("detached.nhdr", b"line skip: 1\nbyte skip: 2\n"), ("detached_end.nhdr", b"byte skip: -1\n")):
    (HERE / name).write_bytes(common + skip + b"data file: detached.raw\n")
    check_sitk(HERE / name, straight, volumes_of(values("int16")))
    expect(name, straight, volumes_of(values("int16")))
# Several volumes: components first (interleaved, as SimpleITK's vectors) and last.
data = values("int16", (2,) + SIZE)
fields = {"space": "left-posterior-superior", "kinds": ["list", "domain", "domain", "domain"],
          "space directions": np.vstack([[np.nan] * 3, A[:3, :3].T]), "space origin": A[:3, 3], "encoding": "gzip"}
write_nrrd("nrrd_interleaved.nrrd", data, fields)
nrrd_expect("nrrd_interleaved.nrrd", data, A, volumes=[data[0], data[1]])
data = values("int16", SIZE + (2,))
fields = {"space": "left-posterior-superior", "kinds": ["domain", "domain", "domain", "list"],
          "space directions": np.vstack([A[:3, :3].T, [np.nan] * 3]), "space origin": A[:3, 3], "encoding": "gzip"}
write_nrrd("nrrd_volumes.nrrd", data, fields)
nrrd_expect("nrrd_volumes.nrrd", data, A, sitk_reads=False)
# Spacing only, without a space.
(HERE / "nrrd_spacings.nrrd").write_bytes(
    b"NRRD0004\ntype: uchar\ndimension: 3\nsizes: 5 4 3\nspacings: 0.7 0.9 2.5\nencoding: raw\n\n"
    + values("uint8").tobytes(order="F"))
expect("nrrd_spacings.nrrd", np.diag([0.7, 0.9, 2.5, 1.0]), volumes_of(values("uint8")),
       warnings=["names no anatomical space"])

# 3D Slicer segmentations: two segments in one layer; two that overlap, in two layers.
def segmentation(name, data, segments, shared):
    fields = {**shared, "encoding": "gzip"}
    for n, (title, label, layer) in enumerate(segments):
        fields.update({f"Segment{n}_ID": f"Segment_{n + 1}", f"Segment{n}_Name": title,
                       f"Segment{n}_LabelValue": str(label), f"Segment{n}_Layer": str(layer)})
    write_nrrd(name, data, fields)
    layers = [data] if data.ndim == 3 else list(data)
    EXPECTED[name] = {"segments": [[t, int((layers[y] == v).sum()), weighted(layers[y] == v)] for t, v, y in segments]}


segmentation("one_layer.seg.nrrd", labels, [("tumour", 1, 0), ("node, left", 3, 0)], space(A, "left-posterior-superior"))
layers = np.stack([(labels == 1) | (labels == 2), (labels == 2) * 2]).astype("uint8")
shared = {"space": "left-posterior-superior", "kinds": ["list", "domain", "domain", "domain"],
          "space directions": np.vstack([[np.nan] * 3, A[:3, :3].T]), "space origin": A[:3, 3]}
segmentation("two_layers.seg.nrrd", layers, [("whole", 1, 0), ("rim", 2, 1)], shared)

(HERE / "expected.json").write_text(json.dumps(EXPECTED, indent=None, separators=(",", ":")).replace('},"', '},\n"') + "\n")
print(len(EXPECTED), "expectations,", sum(p.stat().st_size for p in HERE.iterdir()), "bytes in", len(list(HERE.iterdir())), "files")
