"""Reads the sample with other software and keeps the hashes of what it accepted.

    cargo run -p triher-dicomwrite --example write_sample -- FOLDER
    python check.py FOLDER          # PyPI: pydicom, highdicom, numpy; dciodvfy of dicom3tools

pydicom must read every voxel, position, time and scaling that `sample.rs` put in; highdicom must read the segmentations
voxel for voxel; dciodvfy must print no error and no warning but those that are stated. Then `accepted.json` is written beside this
file: SHA-256 of every file without its SoftwareVersions. The test `accepted_bytes` compares with it, so that what changes is checked here again.
"""

import datetime
import hashlib
import json
import pathlib
import subprocess
import sys

import highdicom
import numpy
import pydicom

FOLDER, HERE = pathlib.Path(sys.argv[1]), pathlib.Path(__file__).parent
NI, NJ, NK = 9, 7, 5
TIMES = [0.0, 75.5, 151.25]
SPACING = [0.7, 0.8, 2.5]
ORIGIN = numpy.array([10.5, -20.25, 30.0])
I, J = numpy.array([0.8, 0.6, 0.0]), numpy.array([0.0, 0.0, -1.0])
# What scanners that write TriggerTime without cardiac gating get to hear as well.
KNOWN = "</TriggerTime(0018,1060)> - Attribute present when condition unsatisfied"


def values(phase, slice_, fractions):
    j, i = numpy.mgrid[:NJ, :NI]
    whole = 100 + i + 10 * j + 100 * slice_ + 50 * phase
    return whole / 8 - 40 if fractions else whole


def near(found, expected, tolerance=1e-9):
    numpy.testing.assert_allclose(numpy.array(found, dtype=float), expected, rtol=0, atol=tolerance)


def check_plane(position, orientation, measures, slice_, normal):
    near(position, ORIGIN + normal * SPACING[2] * slice_)
    near(orientation, [*I, *J])
    near(measures.PixelSpacing, [SPACING[1], SPACING[0]])
    near([measures.SliceThickness, measures.SpacingBetweenSlices], [SPACING[2]] * 2)


def check_classic(folder, fractions, normal):
    start = datetime.datetime(2023, 12, 31) + datetime.timedelta(seconds=86300 if fractions else 36000)
    seen = set()
    for path in sorted(folder.glob("phase*.dcm")):
        image = pydicom.dcmread(path)
        phase, slice_ = int(path.stem[5]), int(path.stem[-3:]) - 1
        slope, intercept = float(image.get("RescaleSlope", 1)), float(image.get("RescaleIntercept", 0))
        near(image.pixel_array * slope + intercept, values(phase, slice_, fractions), slope / 2 + 1e-9 if fractions else 0)
        check_plane(image.ImagePositionPatient, image.ImageOrientationPatient, image, slice_, normal)
        at = datetime.datetime.strptime(image.AcquisitionDate + image.AcquisitionTime, "%Y%m%d%H%M%S.%f")
        seconds = (at - start).total_seconds()
        if folder.name == "trigger-time":
            assert seconds == 0 and float(image.TriggerTime) == TIMES[phase] * 1000
        else:
            assert seconds == TIMES[phase] and "TriggerTime" not in image
        if folder.name == "temporal-position":
            assert (image.TemporalPositionIdentifier, image.NumberOfTemporalPositions) == (phase + 1, 3)
        assert ("ContrastBolusAgent" in image) == (phase > 0)
        assert (image.PatientID, image.PatientAge, image.PatientSex) == (folder.name, "051Y", "F")
        seen.add((phase, slice_, image.SOPInstanceUID))
        last = image
    assert len(seen) == 15 and len({uid for *_, uid in seen}) == 15
    assert (last.SeriesNumber == 12) == (folder.name in ("series-per-phase", "fractions"))
    return {slice_: uid for phase, slice_, uid in seen if phase == 0}


def check_enhanced(folder, normal):
    image = pydicom.dcmread(folder / "enhanced.dcm")
    shared = image.SharedFunctionalGroupsSequence[0]
    scaling = shared.PixelValueTransformationSequence[0]
    assert (float(scaling.RescaleSlope), float(scaling.RescaleIntercept)) == (1, 0)
    near(shared.MRImagingModifierSequence[0].TransmitterFrequency, 63.866217777)
    for number, (pixels, frame) in enumerate(zip(image.pixel_array, image.PerFrameFunctionalGroupsSequence)):
        phase, slice_ = divmod(number, NK)
        assert (pixels == values(phase, slice_, False)).all()
        content = frame.FrameContentSequence[0]
        assert list(content.DimensionIndexValues) == [phase + 1, slice_ + 1]
        at = datetime.datetime.strptime(content.FrameAcquisitionDateTime, "%Y%m%d%H%M%S.%f")
        assert (at - datetime.datetime(2023, 12, 31, 10)).total_seconds() == TIMES[phase]
        check_plane(
            frame.PlanePositionSequence[0].ImagePositionPatient,
            shared.PlaneOrientationSequence[0].ImageOrientationPatient,
            shared.PixelMeasuresSequence[0], slice_, normal,
        )
    assert number == 14
    return {slice_: image.SOPInstanceUID for slice_ in range(NK)}


def check_segmentation(path, uids, normal, omit):
    seg = highdicom.seg.segread(path)
    assert [seg.get_segment_description(n).segment_label for n in (1, 2)] == ["lesion", "satellite é"]
    j, i = numpy.mgrid[:NJ, :NI]
    lesion = numpy.stack([(i + j > 8) & (1 <= k < 4) for k in range(NK)])
    satellite = numpy.zeros_like(lesion)
    satellite[4, 6, 0] = True
    assert seg.NumberOfFrames == (4 if omit else 10)
    uids = [uids[k] for k in range(NK)]
    if path.parent.name == "enhanced":
        frames = seg.get_pixels_by_source_frame(uids[0], list(range(1, NK + 1)), assert_missing_frames_are_empty=True)
    else:
        frames = seg.get_pixels_by_source_instance(uids, assert_missing_frames_are_empty=omit)
    assert (frames[..., 0] == lesion).all() and (frames[..., 1] == satellite).all()
    # highdicom's own volume: slices along the right-handed normal of rows and columns, least first.
    volume = seg.get_volume(combine_segments=False, allow_missing_positions=True)
    near(volume.spacing, [SPACING[2], SPACING[1], SPACING[0]], 1e-6)
    assert volume.array.sum() == lesion.sum() + 1
    for frame in seg.PerFrameFunctionalGroupsSequence:
        k = frame.FrameContentSequence[0].DimensionIndexValues[1] - 1
        near(frame.PlanePositionSequence[0].ImagePositionPatient, ORIGIN + normal * SPACING[2] * k)


def fingerprint(path):
    data = path.read_bytes()
    at = data.index(bytes([0x18, 0, 0x20, 0x10]) + b"LO")
    end = at + 8 + int.from_bytes(data[at + 6:at + 8], "little")
    return hashlib.sha256(data[:at] + data[end:]).hexdigest()


accepted, told = {}, set()
for folder in sorted(p for p in FOLDER.iterdir() if p.is_dir()):
    fractions = folder.name == "fractions"
    normal = numpy.cross(I, J) * (-1 if fractions else 1)
    uids = check_enhanced(folder, normal) if folder.name == "enhanced" else check_classic(folder, fractions, normal)
    check_segmentation(folder / "seg.dcm", uids, normal, False)
    check_segmentation(folder / "seg-omit.dcm", uids, normal, True)
    for path in sorted(folder.glob("*.dcm")):
        lines = subprocess.run(["dciodvfy", "-new", path], capture_output=True, text=True).stderr.splitlines()
        told |= {(folder.name, line) for line in lines if line.startswith(("Error", "Warning"))}
        accepted[f"{folder.name}/{path.name}"] = fingerprint(path)
for name, line in sorted(told):
    print(name, line)
# Classic MR objects have no rescaling in the standard; fractions cannot be written without.
allowed = {"trigger-time": KNOWN, "fractions": "</Rescale"}
assert all(allowed.get(name, "nothing") in line for name, line in told)
(HERE / "accepted.json").write_text(json.dumps(accepted, indent=0) + "\n")
print(len(accepted), "files accepted")
