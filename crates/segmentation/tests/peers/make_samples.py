"""Makes small DICOM SEG and RTSTRUCT files with highdicom and pydicom, and says what other software reads in them.

    python make_samples.py [UCSF]   # PyPI: highdicom pydicom numpy shapely pyjpegls pylibjpeg pylibjpeg-openjpeg imagecodecs

Writes NAME.dcm and `expected.json` beside this file: for every region its number, label, and voxels per slice and SHA-256 of the packed mask on
the images' grid (`i` fastest). Masks of SEG files are read back by highdicom, contours are filled by Shapely at voxel centres. With UCSF, the folder
`ucsf-br-06` of the reference data, `ucsf-br-06.json` gets the voxels per frame of its segmentation as pydicom reads them.
"""

import hashlib
import json
import pathlib
import sys

import highdicom
import imagecodecs
import numpy
import pydicom
import shapely
from highdicom.sr.coding import CodedConcept
from pydicom.uid import (
    DeflatedExplicitVRLittleEndian, ExplicitVRBigEndian, ExplicitVRLittleEndian, ImplicitVRLittleEndian, JPEG2000Lossless, JPEGLSLossless, RLELossless,
)

HERE = pathlib.Path(__file__).parent
NI, NJ, NK = 11, 7, 6
# Oblique, with 3-4-5 directions; slices run along the normal.
ORIGIN = numpy.array([12.5, -40.0, 7.25])
I, J = numpy.array([0.6, 0.8, 0.0]), numpy.array([0.0, 0.0, -1.0])
K = numpy.cross(I, J)
SPACING = [0.75, 0.5, 2.5]
k, j, i = numpy.mgrid[:NK, :NJ, :NI]


def uid(text):
    return "2.25." + str(int(hashlib.sha256(text.encode()).hexdigest()[:30], 16))


def images():
    found = []
    for slice_ in range(NK):
        image = pydicom.Dataset()
        image.file_meta = pydicom.dataset.FileMetaDataset()
        image.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
        image.SOPClassUID, image.SOPInstanceUID = "1.2.840.10008.5.1.4.1.1.4", uid(f"image {slice_}")
        image.StudyInstanceUID, image.SeriesInstanceUID, image.FrameOfReferenceUID = uid("study"), uid("series"), uid("frame")
        image.PatientID, image.PatientName, image.PatientBirthDate, image.PatientSex = "sample", "sample^", "", "F"
        image.StudyDate, image.StudyTime, image.StudyID, image.AccessionNumber, image.ReferringPhysicianName = "20200101", "100000", "1", "", ""
        image.Modality, image.PatientPosition, image.Rows, image.Columns, image.InstanceNumber = "MR", "HFP", NJ, NI, slice_ + 1
        image.SamplesPerPixel, image.PhotometricInterpretation, image.BitsAllocated, image.BitsStored = 1, "MONOCHROME2", 16, 16
        image.HighBit, image.PixelRepresentation, image.PositionReferenceIndicator = 15, 0, ""
        image.PixelSpacing, image.SliceThickness, image.SpacingBetweenSlices = [SPACING[1], SPACING[0]], SPACING[2], SPACING[2]
        image.ImageOrientationPatient = [*I, *J]
        image.ImagePositionPatient = list(ORIGIN + K * SPACING[2] * slice_)
        image.PixelData = bytes(NI * NJ * 2)
        found.append(image)
    return found


def description(number, label):
    return highdicom.seg.SegmentDescription(
        segment_number=number, segment_label=label, algorithm_type="MANUAL",
        segmented_property_category=CodedConcept("49755003", "SCT", "Morphologically Altered Structure"),
        segmented_property_type=CodedConcept("108369006", "SCT", "Neoplasm"),
    )


def segmentation(name, pixels, kind, labels, syntax=ExplicitVRLittleEndian, **more):
    return highdicom.seg.Segmentation(
        images(), pixels, kind, [description(n + 1, label) for n, label in enumerate(labels)], uid(name + " series"), 1, uid(name), 1,
        "sample", "sample", "1", "1", transfer_syntax_uid=syntax, **more,
    )


def save(name, data, syntax=None, **more):
    # No clock and no chance in the files.
    for tag in ["ContentDate", "InstanceCreationDate", "SeriesDate"]:
        if tag in data:
            setattr(data, tag, "20200101")
    for tag in ["ContentTime", "InstanceCreationTime", "SeriesTime"]:
        if tag in data:
            setattr(data, tag, "100000")
    for element in data.iterall():
        if element.keyword == "DimensionOrganizationUID":
            element.value = uid("dimensions")
    if "ContributingEquipmentSequence" in data:
        del data.ContributingEquipmentSequence
    if syntax:
        data.file_meta.TransferSyntaxUID = syntax
    pydicom.dcmwrite(HERE / f"{name}.dcm", data, enforce_file_format=True, **more)


def described(masks):
    return [
        {
            "number": number, "label": label, "slices": [int(m.sum()) for m in mask],
            "sha256": hashlib.sha256(numpy.packbits(mask.ravel(), bitorder="little").tobytes()).hexdigest(),
        }
        for number, label, mask in masks
    ]


def as_highdicom_reads(name, threshold=None):
    """Masks on the grid of the images, by source image, not by frame number."""
    seg = highdicom.seg.segread(HERE / f"{name}.dcm")
    options = {"rescale_fractional": True} if threshold else {}
    frames = seg.get_pixels_by_source_instance([m.SOPInstanceUID for m in images()], assert_missing_frames_are_empty=True, **options)
    labels = [seg.get_segment_description(n).segment_label for n in seg.segment_numbers]
    inside = frames >= threshold if threshold else frames > 0
    return described((n, label, inside[..., at]) for at, (n, label) in enumerate(zip(seg.segment_numbers, labels)))


expected = {}
first = ((i - 5) ** 2 / 16 + (j - 3) ** 2 / 6 + (k - 2) ** 2 / 4 < 1) & (k < 5)
second = (i + 2 * j + 3 * k) % 5 == 0
second[[0, 3]] = False
binary = numpy.stack([first, second], axis=-1)

# Overlapping segments, odd frames of 77 bits, empty frames omitted or kept.
for name, omit in [("binary", True), ("binary-all-frames", False)]:
    save(name, segmentation(name, binary, "BINARY", ["lesion", "fibre é"], omit_empty_frames=omit))
    expected[name] = as_highdicom_reads(name)

# The same data set in other encodings, and frames in another order.
data = pydicom.dcmread(HERE / "binary.dcm")
expected.update({f"binary-{name}": expected["binary"] for name in ["implicit", "deflated", "undefined-lengths", "big-endian", "shuffled"]})
save("binary-implicit", pydicom.dcmread(HERE / "binary.dcm"), ImplicitVRLittleEndian, implicit_vr=True, little_endian=True)
save("binary-deflated", pydicom.dcmread(HERE / "binary.dcm"), DeflatedExplicitVRLittleEndian)
save("binary-big-endian", pydicom.dcmread(HERE / "binary.dcm"), ExplicitVRBigEndian, implicit_vr=False, little_endian=False)
undefined = pydicom.dcmread(HERE / "binary.dcm")
for element in undefined.iterall():
    if element.VR == "SQ":
        element.is_undefined_length = True
        for item in element.value:
            item.is_undefined_length_sequence_item = True
save("binary-undefined-lengths", undefined)
shuffled = pydicom.dcmread(HERE / "binary.dcm")
order = numpy.random.default_rng(1).permutation(shuffled.NumberOfFrames)
shuffled.PerFrameFunctionalGroupsSequence = [shuffled.PerFrameFunctionalGroupsSequence[n] for n in order]
bits = numpy.unpackbits(numpy.frombuffer(shuffled.PixelData, "u1"), bitorder="little")[:NI * NJ * len(order)].reshape(len(order), -1)
packed = numpy.packbits(bits[order].ravel(), bitorder="little").tobytes()
shuffled.PixelData = packed + bytes(len(packed) % 2)
save("binary-shuffled", shuffled)

# Shares, of 255 and of 100, in every coding that holds bytes.
shares = numpy.clip(1 - numpy.sqrt((i - 5) ** 2 / 16 + (j - 3) ** 2 / 8 + (k - 2) ** 2 / 5), 0, 1)
for name, highest, syntax in [
    ("fractional", 255, ExplicitVRLittleEndian), ("fractional-of-100", 100, ExplicitVRLittleEndian), ("fractional-rle", 255, RLELossless),
    ("fractional-jpegls", 255, JPEGLSLossless),
]:
    save(name, segmentation(name, shares, "FRACTIONAL", ["lesion"], syntax, max_fractional_value=highest))
    expected[name] = as_highdicom_reads(name, 0.5)
# Images as small need one resolution level, which highdicom cannot ask for.
compressed = pydicom.dcmread(HERE / "fractional.dcm")
frames = [imagecodecs.jpeg2k_encode(f, level=0, reversible=True, resolutions=1, codecformat="j2k") for f in compressed.pixel_array]
compressed.PixelData = pydicom.encaps.encapsulate(frames)
compressed["PixelData"].VR = "OB"
save("fractional-jpeg2000", compressed, JPEG2000Lossless)
expected["fractional-jpeg2000"] = as_highdicom_reads("fractional-jpeg2000", 0.5)
assert expected["fractional-jpeg2000"] == expected["fractional"]
expected["fractional at 0.2"] = as_highdicom_reads("fractional", 0.2)

# Label maps of 8 and 16 bits; the highest number of the second needs two bytes.
labels = numpy.where(first, 1, numpy.where(second, 2, 0)).astype("u1")
for name, syntax in [("labelmap", ExplicitVRLittleEndian), ("labelmap-rle", RLELossless)]:
    save(name, segmentation(name, labels, "LABELMAP", ["lesion", "fibre"], syntax))
    expected[name] = as_highdicom_reads(name)
wide = pydicom.dcmread(HERE / "labelmap.dcm")
wide.BitsAllocated, wide.BitsStored, wide.HighBit = 16, 16, 15
numbers = {0: 0, 1: 1, 2: 700}
values = numpy.frombuffer(wide.PixelData, "u1")[:NI * NJ * wide.NumberOfFrames]
wide.PixelData = numpy.array([numbers[v] for v in values], "<u2").tobytes()
for item in wide.SegmentSequence:
    item.SegmentNumber = numbers[item.SegmentNumber]
save("labelmap-16-bit", wide)
expected["labelmap-16-bit"] = [dict(e, number=numbers[e["number"]]) for e in expected["labelmap"]]


def structure_set(name, regions):
    data = pydicom.Dataset()
    data.file_meta = pydicom.dataset.FileMetaDataset()
    data.file_meta.TransferSyntaxUID = ExplicitVRLittleEndian
    data.SOPClassUID, data.SOPInstanceUID, data.Modality = "1.2.840.10008.5.1.4.1.1.481.3", uid(name), "RTSTRUCT"
    data.PatientID, data.PatientName = "sample", "sample^"
    data.StructureSetROISequence, data.ROIContourSequence = [], []
    for number, label, contours in regions:
        roi, region = pydicom.Dataset(), pydicom.Dataset()
        roi.ROINumber, roi.ROIName, roi.ReferencedFrameOfReferenceUID = number, label, uid("frame")
        region.ReferencedROINumber, region.ContourSequence = number, []
        for kind, slice_, points in contours:
            contour = pydicom.Dataset()
            world = [ORIGIN + I * SPACING[0] * a + J * SPACING[1] * b + K * SPACING[2] * slice_ for a, b in points]
            contour.ContourGeometricType, contour.NumberOfContourPoints = kind, len(points)
            contour.ContourData = [f"{v:.4f}" for point in world for v in point]
            region.ContourSequence.append(contour)
        data.StructureSetROISequence.append(roi)
        data.ROIContourSequence.append(region)
    save(name, data)


def circle(u, v, radius, count=37):
    angles = numpy.arange(count) * 2 * numpy.pi / count + 0.1
    return [(u + radius * numpy.cos(a), v + 0.8 * radius * numpy.sin(a)) for a in angles]


def filled(contours):
    mask = numpy.zeros((NK, NJ, NI), bool)
    for kind, slice_, points in contours:
        if kind != "POINT":
            shape = shapely.Polygon(points)
            # Even-odd: what is covered twice is outside.
            mask[slice_] ^= shapely.contains_xy(shape, i[0].astype(float), j[0].astype(float))
    return mask


outer, inner = circle(5.03, 3.04, 3.3), circle(5.3, 2.9, 1.6, 21)
keyhole = [*outer, outer[0], inner[0], *inner[:0:-1], inner[0], outer[0]]
lesion = [("CLOSED_PLANAR", 1, outer), ("CLOSED_PLANAR", 2, outer), ("CLOSED_PLANAR", 2, inner), ("CLOSED_PLANAR", 4, circle(2.2, 1.7, 1.9, 5))]
two = [("CLOSEDPLANAR_XOR", 0, circle(2.4, 3.1, 2.1)), ("CLOSEDPLANAR_XOR", 0, circle(8.3, 3.3, 2.2)), ("CLOSED_PLANAR", 3, keyhole)]
point = [("POINT", 2, [(5, 3)])]
structure_set("rtstruct", [(4, "lesion", lesion), (9, "rings", two), (11, "isocentre", point)])
rings = filled(two[:2]) | filled([("CLOSED_PLANAR", 3, outer), ("CLOSED_PLANAR", 3, inner)])
expected["rtstruct"] = described([(4, "lesion", filled(lesion)), (9, "rings", rings)])

(HERE / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")
print({name: [sum(e["slices"]) for e in found] for name, found in expected.items()})

if len(sys.argv) > 1:
    data = pydicom.dcmread(pathlib.Path(sys.argv[1]) / "mask/1-1.dcm")
    inside = data.pixel_array >= 0.5 * data.MaximumFractionalValue
    normal = numpy.cross(*numpy.reshape(data.SharedFunctionalGroupsSequence[0].PlaneOrientationSequence[0].ImageOrientationPatient, (2, 3)))
    places = [numpy.dot(normal, f.PlanePositionSequence[0].ImagePositionPatient) for f in data.PerFrameFunctionalGroupsSequence]
    slices = [int(inside[n].sum()) for n in numpy.argsort(places)]
    first = min(range(len(places)), key=places.__getitem__)
    kept = {"size": [data.Columns, data.Rows, len(slices)], "slices": slices, "voxels": int(inside.sum()),
            "origin_mm": [float(v) for v in data.PerFrameFunctionalGroupsSequence[first].PlanePositionSequence[0].ImagePositionPatient]}
    (HERE / "ucsf-br-06.json").write_text(json.dumps(kept) + "\n")
    print(kept)
