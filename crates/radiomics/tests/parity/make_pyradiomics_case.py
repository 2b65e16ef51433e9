"""Writes pyradiomics_case.nii.gz, pyradiomics_mask.nii.gz, pyradiomics_*.yaml and pyradiomics_expected.json beside this script.

A small rough region with every kind of surface cell, measured by PyRadiomics 3.0.1 (PyPI) with three parameter files:

    pip install "numpy<2" "setuptools<70" wheel versioneer cython
    pip install --no-build-isolation pyradiomics==3.0.1
    python make_pyradiomics_case.py
"""

import json
import pathlib
import subprocess
import sys

import numpy as np
import SimpleITK as sitk

HERE = pathlib.Path(__file__).parent
PARAMETERS = {
    "width": "setting:\n  binWidth: 25\n",
    "resampled": (
        "imageType:\n  Original: {}\nsetting:\n  binWidth: 15\n  normalize: true\n  normalizeScale: 100\n  removeOutliers: 3\n"
        "  resampledPixelSpacing: [1, 1, 1]\n  interpolator: sitkBSpline\n  gldm_a: 1\n"
    ),
    "flat": (
        "setting:\n  binCount: 32\n  force2D: true\n  resegmentRange: [-2, 2]\n  resegmentMode: sigma\n  resampledPixelSpacing: [1.4, 1.7, 0]\n"
        "featureClass: {shape: , firstorder: , glcm: , glrlm: , glszm: , gldm: , ngtdm: }\n"
    ),
}

rng = np.random.default_rng(4)
shape = (12, 16, 18)
z, y, x = np.indices(shape)
image = (200 + 40 * np.sin(x / 2.0) * np.cos(y / 3.0) + 25 * rng.standard_normal(shape) + 8 * z).astype("int16")
near = ((z - 6) / 4.5) ** 2 + ((y - 8) / 6.5) ** 2 + ((x - 9) / 7.5) ** 2
mask = ((near < 1) & (rng.random(shape) < 0.75)).astype("uint8")
mask[1, 1, 1] = 1
for array, name in ((image, "case"), (mask, "mask")):
    out = sitk.GetImageFromArray(array)
    out.SetSpacing((0.9, 1.1, 2.2))
    sitk.WriteImage(out, str(HERE / f"pyradiomics_{name}.nii.gz"))
expected = {}
for name, text in PARAMETERS.items():
    path = HERE / f"pyradiomics_{name}.yaml"
    path.write_text(text)
    run = [sys.executable, str(HERE / "run_pyradiomics.py"), str(HERE / "pyradiomics_case.nii.gz")]
    run += [str(HERE / "pyradiomics_mask.nii.gz"), str(path)]
    expected[name] = json.loads(subprocess.run(run, check=True, capture_output=True, text=True).stdout)["features"]
(HERE / "pyradiomics_expected.json").write_text(json.dumps(expected, indent=1) + "\n")
