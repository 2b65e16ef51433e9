"""Makes the expected numbers of components.rs, distance.rs and size.rs beside it. Needs numpy and scipy.

Masks are stored in memory order (i fastest), which is the C order of the array [k][j][i].
"""

import json
from itertools import product
from pathlib import Path

import numpy as np
import scipy
from scipy import ndimage
from scipy.spatial import ConvexHull
from scipy.spatial.distance import pdist

RNG = np.random.default_rng(20240612)


def components():
    cases = []
    for size, share in [((9, 8, 7), 0.25), ((9, 8, 7), 0.4), ((12, 5, 1), 0.5), ((1, 1, 6), 0.5)]:
        mask = RNG.random(size[::-1]) < share
        case = {"size": size, "mask": mask.ravel().astype(int).tolist()}
        for rank, name in [(1, "faces"), (2, "edges"), (3, "corners")]:
            labels, _ = ndimage.label(mask, ndimage.generate_binary_structure(3, rank))
            case[name] = labels.ravel().tolist()
        cases.append(case)
    return {"scipy": scipy.__version__, "cases": cases}


def sizes():
    a = np.array([[0.8, -0.36, 0.48], [0.6, 0.48, -0.64], [0.0, 0.8, 0.6]])  # columns: axes i, j, k
    spacing = np.array([0.7, 0.9, 2.1])
    affine = a * spacing
    cases = []
    for number in range(4):
        size = (14, 13, 9)
        k, j, i = np.meshgrid(*[np.arange(n) for n in size[::-1]], indexing="ij")
        c = RNG.uniform(0.3, 0.7, 3) * size
        r = RNG.uniform(2, 5, 3)
        mask = ((i - c[0]) / r[0]) ** 2 + ((j - c[1]) / r[1]) ** 2 + ((k - c[2]) / r[2]) ** 2 < 1
        mask |= RNG.random(mask.shape) < (0.0, 0.003, 0.02, 0.0)[number]
        index = np.argwhere(mask)[:, ::-1]
        corners = np.concatenate([index + np.array(d) - 0.5 for d in product((0, 1), repeat=3)])
        corners = np.unique(corners, axis=0) @ affine.T
        hull = corners[ConvexHull(corners).vertices]
        padded = np.pad(mask, 1)
        faces = [np.count_nonzero(np.diff(padded.astype(int), axis=2 - axis)) for axis in range(3)]
        area = [spacing[1] * spacing[2], spacing[0] * spacing[2], spacing[0] * spacing[1]]
        cases.append(
            {
                "size": size,
                "spacing_mm": spacing.tolist(),
                "directions": a.T.tolist(),
                "mask": mask.ravel().astype(int).tolist(),
                "volume_mm3": float(len(index) * spacing.prod()),
                "longest_diameter_mm": float(pdist(hull).max()),
                "surface_area_mm2": float(np.dot(faces, area)),
            }
        )
    return {"scipy": scipy.__version__, "cases": cases}


def distances():
    rng = np.random.default_rng(5)
    cases = []
    for size, share in [((9, 8, 7), 0.02), ((11, 6, 5), 0.3), ((13, 12, 1), 0.05), ((1, 1, 9), 0.3)]:
        spacing = rng.uniform(0.6, 3.2, 3)
        mask = rng.random(size[::-1]) < share
        mask.ravel()[3] = True
        # SciPy measures from what is not zero to the nearest zero.
        outside = ndimage.distance_transform_edt(~mask, sampling=spacing[::-1])
        inside = ndimage.distance_transform_edt(mask, sampling=spacing[::-1])
        cases.append(
            {
                "size": size,
                "spacing_mm": spacing.tolist(),
                "mask": mask.ravel().astype(int).tolist(),
                "distance_mm": outside.ravel().tolist(),
                "depth_mm": inside.ravel().tolist(),
            }
        )
    return {"scipy": scipy.__version__, "cases": cases}


if __name__ == "__main__":
    here = Path(__file__).parent
    files = [("components.json", components()), ("size.json", sizes()), ("distance.json", distances())]
    for name, content in files:
        (here / name).write_text(json.dumps(content) + "\n")
