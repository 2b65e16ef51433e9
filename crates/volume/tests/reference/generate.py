"""Makes the expected numbers of resample.rs, resize.rs and smooth.rs beside it.

Needs numpy, scipy, SimpleITK, torch and monai. Run from anywhere:

    python generate.py

Images are stored in memory order (i fastest), which is the C order of the array [k][j][i].
"""

import json
from pathlib import Path

import monai
import numpy as np
import scipy
import SimpleITK as sitk
import torch
from scipy.ndimage import gaussian_filter1d

HERE = Path(__file__).parent
RNG = np.random.default_rng(20240611)


def rotation(angles):
    """Rotation about x, then y, then z, in radians."""
    a, b, c = angles
    x = np.array([[1, 0, 0], [0, np.cos(a), -np.sin(a)], [0, np.sin(a), np.cos(a)]])
    y = np.array([[np.cos(b), 0, np.sin(b)], [0, 1, 0], [-np.sin(b), 0, np.cos(b)]])
    z = np.array([[np.cos(c), -np.sin(c), 0], [np.sin(c), np.cos(c), 0], [0, 0, 1]])
    return z @ y @ x


def grid(size, spacing, origin, direction):
    """Columns of `direction` are the axes i, j, k."""
    return {
        "size": list(size),
        "spacing_mm": list(spacing),
        "origin_mm": list(origin),
        "directions": np.asarray(direction).T.tolist(),
    }


def as_sitk(values, g):
    ni, nj, nk = g["size"]
    image = sitk.GetImageFromArray(values.reshape(nk, nj, ni))
    image.SetSpacing(g["spacing_mm"])
    image.SetOrigin(g["origin_mm"])
    image.SetDirection(np.asarray(g["directions"]).T.ravel().tolist())
    return image


def resample():
    tilted = rotation([0.3, -0.2, 0.5])
    source = grid((9, 8, 6), (0.9, 1.1, 2.5), (-12.0, 30.5, 7.25), tilted)
    values = RNG.normal(400, 150, 9 * 8 * 6).astype(np.float32)
    image = as_sitk(values, source)
    centre = np.asarray(image.TransformContinuousIndexToPhysicalPoint([4, 3.5, 2.5]))

    def around(size, spacing, direction, shift):
        half = np.asarray(direction) @ ((np.asarray(size) - 1) * np.asarray(spacing) / 2)
        return grid(size, spacing, (centre - half + shift).tolist(), direction)

    # Axes of the image in the order k, i, j, with i turned round: parallel, but permuted and flipped.
    permuted = tilted[:, [2, 0, 1]] * np.array([1, -1, 1])
    targets = {
        "oblique": around((7, 9, 8), (1.3, 1.0, 1.7), rotation([-0.4, 0.1, 0.2]), 0.3),
        "parallel": around((12, 7, 9), (0.8, 1.4, 1.9), tilted, [0.21, -0.13, 0.4]),
        "permuted": around((9, 8, 10), (1.9, 1.2, 1.0), permuted, [0.1, 0.2, -0.3]),
    }
    kinds = {
        "nearest": sitk.sitkNearestNeighbor,
        "linear": sitk.sitkLinear,
        "cubic-bspline": sitk.sitkBSpline3,
    }
    out = {"simpleitk": sitk.Version_VersionString(), "source": source, "values": values.tolist(), "cases": []}
    for name, target in targets.items():
        reference = as_sitk(np.zeros(np.prod(target["size"]), np.float32), target)
        for kind, code in kinds.items():
            result = sitk.Resample(image, reference, sitk.Transform(), code, -1000.0, sitk.sitkFloat32)
            expected = sitk.GetArrayFromImage(result).ravel()
            assert (expected == -1000).any() and (expected != -1000).sum() > 200
            out["cases"].append(
                {"name": name, "interpolation": kind, "target": target, "expected": expected.tolist()}
            )
    return out


def resize():
    cases = []
    resized = monai.transforms.Resize(spatial_size=(5, 6, 7), mode="area")
    for size in [(11, 9, 13), (3, 4, 5), (5, 1, 2), (7, 6, 5)]:
        values = RNG.normal(300, 80, size[::-1]).astype(np.float32)
        pooled = torch.nn.functional.adaptive_avg_pool3d(torch.from_numpy(values)[None, None], (5, 6, 7))[0, 0]
        assert np.array_equal(np.asarray(resized(values[None]))[0], pooled.numpy())
        cases.append({"size": size, "values": values.ravel().tolist(), "expected": pooled.ravel().tolist()})
    return {"torch": torch.__version__, "monai": monai.__version__, "target": [7, 6, 5], "cases": cases}


def smooth():
    size, spacing, target = (12, 9, 7), (0.7, 1.0, 2.0), (1.5, 2.6, 1.0)
    values = RNG.normal(300, 80, size[::-1]).astype(np.float32)
    smoothed = values.astype(np.float64)
    for axis in range(3):
        factor = target[axis] / spacing[axis]
        if factor > 1:
            sigma = np.sqrt(factor**2 - 1) / (2 * np.sqrt(2 * np.log(2)))
            smoothed = gaussian_filter1d(smoothed, sigma, axis=2 - axis, mode="nearest", truncate=4.0)
    return {
        "scipy": scipy.__version__,
        "size": size,
        "spacing_mm": spacing,
        "target_spacing_mm": target,
        "values": values.ravel().tolist(),
        "expected": smoothed.astype(np.float32).ravel().tolist(),
    }


def write(name, content):
    def short(value):
        if isinstance(value, float):
            single = float(np.float32(value))
            return float(np.format_float_positional(np.float32(value), unique=True)) if single == value else value
        if isinstance(value, (list, tuple)):
            return [short(v) for v in value]
        if isinstance(value, dict):
            return {k: short(v) for k, v in value.items()}
        return value

    (HERE / name).write_text(json.dumps(short(content)) + "\n")


if __name__ == "__main__":
    write("resample.json", resample())
    write("resize.json", resize())
    write("smooth.json", smooth())
