"""Makes functional_volume.json from the study in features.json, by NumPy: parts of the functional volume, and maps.

Needs numpy. Run from anywhere:

    python functional_volume.py
"""

import json
from pathlib import Path

import numpy as np

from generate import quantities

HERE = Path(__file__).parent
study = json.loads((HERE / "features.json").read_text())
phases = np.array([[np.nan if v is None else v for v in p] for p in study["phases"]], dtype=np.float64)
usable = np.isfinite(phases).all(0) & (phases[0] > 0)
inside = usable & (np.array(study["mask"]) == 1)
curves = phases[:, inside]
pe = 100 * (curves[1] - curves[0]) / curves[0]
hot = curves[:, pe >= 40]
late = hot[-1] - hot[0]
ratio = np.minimum((hot[1] - hot[0]) / np.where(late > 0, late, np.nan), 3)
ratio = ratio[~np.isnan(ratio)]
counts, _ = np.histogram(ratio, [-np.inf, 0.6, 0.9, 1.2, np.inf])
voxel = float(np.prod(study["spacing_mm"]))
maps = quantities(phases[:, usable].T, np.array(study["times_s"]))
out = {
    "minimum_pe_percent": 40.0,
    "cutoffs": [0.6, 0.9, 1.2],
    "volume_mm3": hot.shape[1] * voxel,
    "by_ser_mm3": [int(n) * voxel for n in counts],
    "without_ser_mm3": (hot.shape[1] - len(ratio)) * voxel,
    # Of each map: voxels with a value, and their sum.
    "maps": {name: [int((~np.isnan(v)).sum()), float(np.nansum(v))] for name, v in maps.items()},
}
(HERE / "functional_volume.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
