"""Writes the sample images of this folder and what pydicom reads from them.

Run with pydicom 3.0, numpy, pylibjpeg with libjpeg, openjpeg and pyjpegls, and dcmtk's dcmcjpeg and dcmconv on the path:

    python make_samples.py              # the samples here, and expected.csv
    python make_samples.py --pydicom    # pydicom.csv: what pydicom reads from the test files that come with it

Each row of a table: file, voxels, sha256 of the voxels as little endian float32 (stored * slope + intercept in float64, then rounded), lowest, highest.
For lossy DCT images, whose decoders may differ by one grey level, the voxels are kept too (NAME.raw, uint16).
"""

import csv
import hashlib
import pathlib
import subprocess
import sys

import numpy as np
import pydicom
from pydicom.dataset import Dataset, FileMetaDataset
from pydicom.encaps import encapsulate
from pydicom.uid import (
    UID,
    DeflatedExplicitVRLittleEndian,
    ExplicitVRBigEndian,
    ExplicitVRLittleEndian,
    ImplicitVRLittleEndian,
    JPEG2000,
    JPEG2000Lossless,
    JPEGLSLossless,
    JPEGLSNearLossless,
    RLELossless,
)

HERE = pathlib.Path(__file__).parent
SIZE = (15, 21)
# OpenJPEG takes no smaller ones.
J2K_SIZE = (32, 37)


def picture(low, high, noise=0.02, size=SIZE):
    """A smooth image with noise, from low to high."""
    random = np.random.default_rng(7)
    y, x = np.mgrid[0 : size[0], 0 : size[1]]
    shape = 0.5 + 0.45 * np.sin(x / 5.0) * np.cos(y / 4.0)
    shape = np.clip(shape + noise * random.standard_normal(shape.shape), 0, 1)
    return np.round(low + (high - low) * shape).astype(np.int64)


def dataset(bits_allocated, bits_stored, signed, high_bit=None):
    ds = Dataset()
    ds.file_meta = FileMetaDataset()
    ds.SOPClassUID = UID("1.2.840.10008.5.1.4.1.1.4")
    ds.SOPInstanceUID = UID("2.25.1")
    ds.StudyInstanceUID, ds.SeriesInstanceUID = UID("2.25.2"), UID("2.25.3")
    ds.PatientID, ds.PatientName, ds.PatientBirthDate = "sample", "", ""
    ds.Modality, ds.SeriesNumber, ds.InstanceNumber = "MR", 1, 1
    ds.StudyDate, ds.StudyTime, ds.AccessionNumber, ds.StudyID = "", "", "", ""
    ds.ImageType = ["ORIGINAL", "PRIMARY"]
    ds.ImagePositionPatient, ds.ImageOrientationPatient = [0, 0, 0], [1, 0, 0, 0, 1, 0]
    ds.PixelSpacing, ds.SliceThickness = [1, 1], 2
    ds.Rows, ds.Columns, ds.SamplesPerPixel = *SIZE, 1
    ds.PhotometricInterpretation = "MONOCHROME2"
    ds.BitsAllocated, ds.BitsStored = bits_allocated, bits_stored
    ds.HighBit = bits_stored - 1 if high_bit is None else high_bit
    ds.PixelRepresentation = int(signed)
    return ds


def stored(values, bits):
    """Little endian bytes of integers."""
    return (values & ((1 << bits) - 1)).astype(f"<u{bits // 8}").tobytes()


def save(ds, name, syntax, pixels, vr="OW"):
    ds.file_meta.TransferSyntaxUID = syntax
    ds.add_new(0x7FE00010, vr, pixels if len(pixels) % 2 == 0 else pixels + b"\0")
    if syntax.is_encapsulated:
        ds["PixelData"].is_undefined_length = True
    big = syntax == ExplicitVRBigEndian
    if big and ds.BitsAllocated == 16:
        ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    if big and ds.BitsAllocated == 8 and vr == "OW":
        ds.PixelData = np.frombuffer(ds.PixelData, "<u2").astype(">u2").tobytes()
    ds.save_as(HERE / name, enforce_file_format=True)


def compress(ds, name, syntax, values, bits, **options):
    ds.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    ds.Rows, ds.Columns = values.shape
    pixels = stored(values, bits)
    ds.add_new(0x7FE00010, "OW", pixels + b"\0" * (len(pixels) % 2))
    ds.compress(syntax, generate_instance_uid=False, **options)
    ds.save_as(HERE / name, enforce_file_format=True)


def dcmtk(source, name, *options):
    subprocess.run(["dcmcjpeg", "+un", *options, HERE / source, HERE / name], check=True)


def write_samples():
    unsigned = picture(0, 4095)
    signed = picture(-2000, 2047)
    plain = dataset(16, 16, True)
    plain.RescaleSlope, plain.RescaleIntercept = "0.001", "-1.5"
    save(plain, "implicit-16-signed-rescaled.dcm", ImplicitVRLittleEndian, stored(signed, 16))
    save(dataset(16, 16, False), "explicit-16.dcm", ExplicitVRLittleEndian, stored(picture(0, 65535), 16))
    save(dataset(8, 8, False), "explicit-8.dcm", ExplicitVRLittleEndian, stored(picture(0, 255), 8), "OB")
    wide = picture(-2_000_000_000, 2_000_000_000, 0)
    save(dataset(32, 32, True), "explicit-32-signed.dcm", ExplicitVRLittleEndian, stored(wide, 32))
    save(dataset(16, 12, True), "big-endian-12-signed.dcm", ExplicitVRBigEndian, stored(signed, 16))
    save(dataset(8, 8, False), "big-endian-8-words.dcm", ExplicitVRBigEndian, stored(picture(0, 255), 8))
    save(dataset(16, 16, True), "deflated-16-signed.dcm", DeflatedExplicitVRLittleEndian, stored(signed, 16))
    # Overlays of old in the four bits that are not used, and the used bits at the top.
    overlay = (unsigned & 0xFFF) | 0xA000
    save(dataset(16, 12, False), "overlay-bits.dcm", ExplicitVRLittleEndian, stored(overlay, 16))
    save(dataset(16, 12, True, 15), "high-bit-15.dcm", ExplicitVRLittleEndian, stored(signed << 4 | 5, 16))
    compress(dataset(16, 12, True), "rle-12-signed.dcm", RLELossless, signed, 16)
    compress(dataset(8, 8, False), "rle-8.dcm", RLELossless, picture(0, 255), 8)
    larger = picture(0, 4095, size=J2K_SIZE)
    compress(dataset(16, 12, False), "j2k-12.dcm", JPEG2000Lossless, larger, 16)
    compress(dataset(16, 16, True), "j2k-16-signed.dcm", JPEG2000Lossless, larger - 2048, 16)
    compress(dataset(16, 12, False), "j2k-lossy-12.dcm", JPEG2000, larger, 16, j2k_cr=[3])
    compress(dataset(16, 12, False), "jpegls-12.dcm", JPEGLSLossless, unsigned, 16)
    compress(dataset(16, 16, True), "jpegls-16-signed.dcm", JPEGLSLossless, signed, 16)
    compress(dataset(16, 12, False), "jpegls-near-12.dcm", JPEGLSNearLossless, unsigned, 16, jls_error=2)
    save(dataset(16, 12, False), "source-12.dcm", ExplicitVRLittleEndian, stored(unsigned, 16))
    dcmtk("explicit-16.dcm", "jpeg-lossless-sv1-16.dcm", "+e1")
    dcmtk("source-12.dcm", "jpeg-lossless-sv6-12.dcm", "+el", "+sv", "6")
    dcmtk("source-12.dcm", "jpeg-extended-12.dcm", "+ee", "+q", "95")
    dcmtk("explicit-8.dcm", "jpeg-baseline-8.dcm", "+eb", "+q", "95")
    # Eight bits of samples in sixteen allocated.
    save(dataset(16, 8, False), "source-8-in-16.dcm", ExplicitVRLittleEndian, stored(picture(0, 255), 16))
    dcmtk("source-8-in-16.dcm", "jpeg-lossless-8-in-16.dcm", "+e1")
    # Three frames, the second in two fragments: only the offset table tells which are whose.
    frames = dataset(16, 12, False)
    parts = []
    for n in range(3):
        one = pydicom.dcmread(HERE / "jpegls-12.dcm")
        one.decompress()
        values = np.roll(one.pixel_array.astype(np.int64), n, axis=1)
        single = dataset(16, 12, False)
        compress(single, "frame.dcm", JPEGLSLossless, values, 16)
        coded = pydicom.dcmread(HERE / "frame.dcm")
        parts.append(next(pydicom.encaps.generate_frames(coded.PixelData, number_of_frames=1)))
    frames.NumberOfFrames, frames.SpacingBetweenSlices = 3, 2
    half = len(parts[1]) // 4 * 2
    pieces = [[parts[0]], [parts[1][:half], parts[1][half:]], [parts[2]]]
    body, offsets, at = b"", [], 0
    for pieces_of_frame in pieces:
        offsets.append(at)
        for piece in pieces_of_frame:
            piece += b"\0" * (len(piece) % 2)
            body += b"\xfe\xff\x00\xe0" + len(piece).to_bytes(4, "little") + piece
            at += 8 + len(piece)
    table = b"".join(o.to_bytes(4, "little") for o in offsets)
    whole = b"\xfe\xff\x00\xe0" + len(table).to_bytes(4, "little") + table + body
    save(frames, "jpegls-three-frames.dcm", JPEGLSLossless, whole, "OB")
    for scaffold in ["source-12.dcm", "source-8-in-16.dcm", "frame.dcm"]:
        (HERE / scaffold).unlink()
    # Without preamble and file meta information.
    bytes_ = (HERE / "implicit-16-signed-rescaled.dcm").read_bytes()
    start = bytes_.index(b"\x08\x00\x08\x00")
    (HERE / "implicit-bare.dcm").write_bytes(bytes_[start:])


def expectation(path, name):
    ds = pydicom.dcmread(path, force=True)
    if "TransferSyntaxUID" not in getattr(ds, "file_meta", FileMetaDataset()):
        ds.file_meta = FileMetaDataset()
        ds.file_meta.TransferSyntaxUID = ImplicitVRLittleEndian
    array = ds.pixel_array
    if ds.HighBit != ds.BitsStored - 1:
        # pydicom does not look at HighBit.
        raw = np.frombuffer(ds.PixelData, "<i2")[: array.size]
        array = raw.reshape(array.shape) >> (ds.HighBit + 1 - ds.BitsStored)
    slope, intercept = float(ds.get("RescaleSlope", 1)), float(ds.get("RescaleIntercept", 0))
    voxels = (array.astype(np.float64) * slope + intercept).astype("<f4")
    digest = hashlib.sha256(voxels.tobytes()).hexdigest()
    if name in ("jpeg-extended-12.dcm", "jpeg-baseline-8.dcm"):
        (HERE / name).with_suffix(".raw").write_bytes(array.astype("<u2").tobytes())
    return [name, voxels.size, digest, f"{voxels.min():.9g}", f"{voxels.max():.9g}"]


def table(paths, target):
    with open(target, "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["file", "voxels", "sha256", "lowest", "highest"])
        for path in paths:
            writer.writerow(expectation(path, path.name))


def pydicom_files():
    folder = pathlib.Path(pydicom.__file__).parent / "data" / "test_files"
    found = []
    for path in sorted(folder.glob("*.dcm")):
        try:
            ds = pydicom.dcmread(path)
            if ds.BitsAllocated == 32 and ds.file_meta.TransferSyntaxUID == RLELossless:
                raise ValueError("dicom-rs reads no RLE of 32 bits, and no MR scanner writes it")
            grey = ds.SamplesPerPixel == 1 and ds.PhotometricInterpretation == "MONOCHROME2"
            if grey and ds.BitsAllocated in (8, 16, 32):
                expectation(path, path.name)
                found.append(path)
        except Exception as problem:
            print(f"passed over {path.name}: {problem}", file=sys.stderr)
    table(found, HERE / "pydicom.csv")


if __name__ == "__main__":
    if "--pydicom" in sys.argv:
        pydicom_files()
    else:
        write_samples()
        table(sorted(HERE.glob("*.dcm")), HERE / "expected.csv")
