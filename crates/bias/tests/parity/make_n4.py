"""Makes n4.json: SimpleITK's N4 on the phantom of main.rs. Needs numpy and SimpleITK.

Given the folder of the reference data and a file, it instead writes the field of TCGA-AO-A03M to the file (little-endian f32) and prints the time.
"""

import json
import sys
import time
from pathlib import Path

import numpy as np
import SimpleITK as sitk

SIZE = (32, 32, 16)


def phantom():
    """Tissues with some texture, times a known field; with the mask and the field."""
    k, j, i = np.meshgrid(*[np.arange(n, dtype=np.int64) for n in SIZE[::-1]], indexing="ij")
    noise = ((i * 7919 + j * 104729 + k * 1299709) % 1009) / 1009 - 0.5
    x, y, z = [(a - (n - 1) / 2) / (n / 2) for a, n in zip((i, j, k), SIZE)]
    body = x * x + y * y + 0.5 * z * z < 0.95
    gland = (x - 0.2) ** 2 + (y + 0.1) ** 2 + z * z < 0.2
    lesion = (x + 0.4) ** 2 + (y - 0.3) ** 2 + z * z < 0.04
    tissue = np.where(lesion, 420.0, np.where(gland, 260.0, 140.0)) + 12 * noise
    field = np.exp(0.35 * x - 0.25 * y * y + 0.15 * z * x)
    return np.where(body, tissue * field, 4 + 2 * noise).astype(np.float32), body, field


def n4(image, mask, shrink):
    corrector = sitk.N4BiasFieldCorrectionImageFilter()
    corrector.SetMaximumNumberOfIterations([50] * 4)
    corrector.SetConvergenceThreshold(0.001)
    corrector.SetNumberOfHistogramBins(200)
    corrector.SetBiasFieldFullWidthAtHalfMaximum(0.15)
    corrector.SetWienerFilterNoise(0.01)
    corrector.SetNumberOfControlPoints(4)
    corrector.SetSplineOrder(3)
    start = time.perf_counter()
    corrector.Execute(sitk.Shrink(image, shrink), sitk.Shrink(mask, shrink))
    field = sitk.Exp(corrector.GetLogBiasFieldAsImage(image))
    return sitk.GetArrayFromImage(field), time.perf_counter() - start


def main():
    values, body, truth = phantom()
    image = sitk.GetImageFromArray(values)
    image.SetSpacing((2, 2, 3))
    mask = sitk.GetImageFromArray(body.astype(np.uint8))
    mask.CopyInformation(image)
    cases = []
    for shrink in ([1, 1, 1], [2, 2, 2]):
        field, seconds = n4(image, mask, shrink)
        print(shrink, f"{seconds:.3f} s, correlation with the truth", np.corrcoef(field[body], truth[body])[0, 1])
        # Some voxels are enough: the field is smooth.
        sample = field[::2, ::4, ::4]
        cases.append({"shrink": shrink, "field": [round(float(v), 6) for v in sample.ravel()]})
    content = {"simpleitk": sitk.Version_VersionString(), "cases": cases}
    (Path(__file__).parent / "n4.json").write_text(json.dumps(content) + "\n")


def real(folder, out):
    image = sitk.ReadImage(str(Path(folder) / "tcga-ao-a03m" / "pre.nii.gz"), sitk.sitkFloat32)
    mask = sitk.GreaterEqual(image, 60)
    field, seconds = n4(image, mask, [4, 4, 4])
    field.astype("<f4").tofile(out)
    threads = sitk.ProcessObject.GetGlobalDefaultNumberOfThreads()
    print(f"SimpleITK {sitk.Version_VersionString()}, {threads} threads: {seconds:.2f} s, field {field.min():.3f} to {field.max():.3f}")


if __name__ == "__main__":
    if len(sys.argv) == 3:
        real(*sys.argv[1:])
    else:
        main()
