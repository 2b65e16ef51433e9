"""Makes patches.json beside it: what the published recipes give for small made-up lesions.

Needs numpy, scipy, torch, monai and SimpleITK. The recipes are written down again here from the calls that the two code releases
make (reference: github zhenweishi/BL4AS, examples/data/roi.py; FM-BCMRI is the same with the box itself).
"""

import hashlib
import json
import math
from pathlib import Path

import monai
import numpy as np
import scipy
import SimpleITK as sitk
import torch
from monai.transforms import Resize, SpatialCrop
from scipy import ndimage

SIZE = (40, 34, 26)
EVERY = 997  # every so many voxels of a patch are written down
K, J, I = np.meshgrid(*[np.arange(n) for n in SIZE[::-1]], indexing="ij")

# Lesions as boxes [start, end) in i, j, k.
LESIONS = {
    "middle": [[[12, 9, 8], [23, 17, 15]], [[14, 17, 9], [19, 21, 12]]],
    "low border": [[[0, 0, 1], [21, 6, 5]]],
    "high border": [[[33, 20, 20], [40, 34, 26]]],
    "larger than the image is thick": [[[3, 2, 5], [38, 9, 9]]],
    "with specks": [[[12, 9, 8], [23, 17, 15]], [[30, 30, 20], [33, 33, 21]], [[2, 2, 2], [5, 7, 3]], [[23, 17, 15], [26, 20, 16]]],
    "one voxel": [[[20, 20, 20], [21, 21, 21]]],
}


def phase(number):
    """Whole numbers that a formula gives, so that the test can make them too."""
    return ((I * 31 + J * 17 + K * 7 + number * 13 * (I % 5) + I * J % 11) % 211).astype(np.float32)


def lesion(boxes):
    mask = np.zeros(SIZE[::-1], bool)
    for (i0, j0, k0), (i1, j1, k1) in boxes:
        mask[k0:k1, j0:j1, i0:i1] = True
    return mask


def filter_components(mask, threshold):
    labels, count = ndimage.label(mask)
    if count == 1:
        return mask
    out = np.zeros_like(mask)
    for number in range(1, count + 1):
        if (labels == number).sum() > threshold:
            out |= labels == number
    return out


def cropped(array, mask, cube):
    start, end = monai.transforms.generate_spatial_bounding_box(mask[None], margin=0, allow_smaller=False)
    centre = [(s + e) // 2 for s, e in zip(start, end)]
    size = [e - s for s, e in zip(start, end)]
    crop = SpatialCrop(roi_center=centre, roi_size=max(size) if cube else size)
    resize = Resize(spatial_size=(48, 48, 48))
    return np.asarray(resize(crop(torch.from_numpy(array.astype(np.float32))[None])))[0]


def normalised(patch):
    x = torch.from_numpy(np.array(patch))
    x = (x - x.mean()) / (x.std() + 1e-8)
    x[~torch.isfinite(x)] = 0
    return x.numpy()


def digest(array):
    return hashlib.sha256(np.ascontiguousarray(array).tobytes()).hexdigest()


def sampled(array):
    return [float(v) for v in array.ravel()[::EVERY]]


def described(name, profile, images, mask):
    """C2 and C5-C2 exactly, their normalised inputs sampled."""
    c2, c5_c2 = images
    return {
        "lesion": name,
        "profile": profile,
        "c2_sha256": digest(c2),
        "c5_c2_sha256": digest(c5_c2),
        "c2": sampled(c2),
        "mask_sha256": digest(mask.astype(np.uint8)),
        "mask_voxels": int(mask.sum()),
        "bbox": sampled(normalised(c2)),
        "roi_only": sampled(normalised(np.where(mask, c5_c2, np.float32(0)))),
    }


def published():
    cases = []
    for name, boxes in LESIONS.items():
        mask = filter_components(lesion(boxes), 15)
        images = [cropped(phase(2), mask, True), cropped(phase(5) - phase(2), mask, True)]
        cases.append(described(name, "bl4as", images, cropped(mask, mask, True) > 0))
        mask = lesion(boxes)
        c2, c5 = cropped(phase(2), mask, False), cropped(phase(5), mask, False)
        resized = cropped(mask, mask, False).astype(np.uint8)
        cases.append(described(name, "fm-bcmri", [c2, c5 - c2], resized > 0))
    return cases


def isotropic():
    """The cube by hand: SciPy smooths, SimpleITK resamples."""
    angle = 0.4
    direction = np.array([[math.cos(angle), -math.sin(angle), 0], [math.sin(angle), math.cos(angle), 0], [0, 0, 1]])
    spacing, origin, margin = np.array([0.3, 0.35, 1.2]), np.array([-20.0, 12.0, 4.0]), 5.0
    cases = []
    for name in ("middle", "low border", "one voxel"):
        mask = lesion(LESIONS[name])
        corners = np.argwhere(mask)[:, None, ::-1] + np.array(list(np.ndindex(2, 2, 2))) - 0.5
        world = origin + (corners.reshape(-1, 3) * spacing) @ direction.T
        low, high = world.min(0), world.max(0)
        side = (high - low).max() + 2 * margin
        step = side / 48
        smoothed = phase(2).astype(np.float64)
        for axis in range(3):
            factor = step / spacing[axis]
            if factor > 1:
                sigma = math.sqrt(factor**2 - 1) / (2 * math.sqrt(2 * math.log(2)))
                smoothed = ndimage.gaussian_filter1d(smoothed, sigma, axis=2 - axis, mode="nearest", truncate=4.0)
        image = sitk.GetImageFromArray(smoothed.astype(np.float32))
        image.SetSpacing(spacing.tolist())
        image.SetOrigin(origin.tolist())
        image.SetDirection(direction.ravel().tolist())
        grid = sitk.Image(48, 48, 48, sitk.sitkFloat32)
        grid.SetSpacing([step] * 3)
        grid.SetOrigin(((low + high) / 2 - side / 2 + step / 2).tolist())
        out = sitk.Resample(image, grid, sitk.Transform(), sitk.sitkLinear, 0.0, sitk.sitkFloat32)
        marked = sitk.GetImageFromArray(mask.astype(np.uint8))
        marked.CopyInformation(image)
        marked = sitk.Resample(marked, grid, sitk.Transform(), sitk.sitkNearestNeighbor, 0, sitk.sitkUInt8)
        array = sitk.GetArrayFromImage(out)
        assert (array == 0).sum() > 100, "part of the cube lies outside of the image"
        cases.append(
            {
                "lesion": name,
                "spacing_mm": step,
                "c2": sampled(array),
                "mask_voxels": int(sitk.GetArrayFromImage(marked).sum()),
            }
        )
    return {
        "spacing_mm": spacing.tolist(),
        "origin_mm": origin.tolist(),
        "directions": direction.T.tolist(),
        "cases": cases,
    }


if __name__ == "__main__":
    content = {
        "versions": {
            "torch": torch.__version__,
            "monai": monai.__version__,
            "scipy": scipy.__version__,
            "simpleitk": sitk.Version_VersionString(),
        },
        "size": SIZE,
        "every": EVERY,
        "lesions": LESIONS,
        "published": published(),
        "isotropic": isotropic(),
    }
    (Path(__file__).parent / "patches.json").write_text(json.dumps(content) + "\n")
