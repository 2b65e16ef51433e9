"""Makes phase_features.json from the study in features.json, by NumPy: enhancement of each phase, parts of the functional volume, patterns of curves.

Two sets of thresholds: triher's own, and others under which every kind of pattern occurs. Needs numpy. Run from anywhere:

    python phase_features.py
"""

import json
from pathlib import Path

import numpy as np

HERE = Path(__file__).parent
WASH_IN = ["slow", "medium", "fast"]
LATE = ["persistent", "plateau", "washout"]
study = json.loads((HERE / "features.json").read_text())
phases = np.array([[np.nan if v is None else v for v in p] for p in study["phases"]], dtype=np.float64)
usable = np.isfinite(phases).all(0) & (phases[0] > 0) & (np.array(study["mask"]) == 1)
curves = phases[:, usable]
voxel = float(np.prod(study["spacing_mm"]))
enhancement = 100 * (curves / curves[0] - 1)


def of_phases():
    of_mean = 100 * (curves.mean(1) / curves[0].mean() - 1)
    out = {}
    for n in range(1, len(curves)):
        values = enhancement[n]
        out[f"kin_pe_{n}_curve"] = of_mean[n]
        out[f"kin_pe_{n}_mean"] = values.mean()
        out[f"kin_pe_{n}_sd"] = values.std()
        for percent in (10, 50, 90):
            out[f"kin_pe_{n}_p{percent}"] = np.percentile(values, percent)
    return out


def of_functional_volume(minimum, cutoffs):
    hot = curves[:, enhancement[1] >= minimum]
    # The ratio is of two enhancements: both have to be there.
    late = (hot[-1] > hot[0]) & (hot[1] > hot[0])
    ratio = (hot[1] - hot[0])[late] / (hot[-1] - hot[0])[late]
    counts = np.histogram(ratio, [-np.inf, *cutoffs, np.inf])[0]
    out = {f"kin_functional_ser_{n + 1}_mm3": count * voxel for n, count in enumerate(counts)}
    return out | {"kin_functional_no_ser_mm3": (~late).sum() * voxel}


def of_patterns(enhances, medium, fast, plateau, steady):
    first, last, between = curves[1], curves[-1], curves[2:-1]
    wash_in = np.digitize(enhancement[1], [medium, fast])
    change = 100 * (last - first) / first
    late = np.where(change > plateau, 0, np.where(change < -plateau, 2, 1))
    above = 100 * (between - np.maximum(first, last)) / first
    below = 100 * (np.minimum(first, last) - between) / first
    is_steady = (np.maximum(above, below) <= steady).all(0)
    is_hot = enhancement[1:].max(0) >= enhances
    out = {"kin_pattern_not_enhancing_fraction": (~is_hot).mean()}
    for w, rise in enumerate(WASH_IN):
        for l, course in enumerate(LATE):
            for s in (True, False):
                name = f"kin_pattern_{rise}_{course}_{'steady' if s else 'unsteady'}_fraction"
                out[name] = (is_hot & (wash_in == w) & (late == l) & (is_steady == s)).mean()
    return out


own = of_phases() | of_functional_volume(70, [0.9, 1.0, 1.3]) | of_patterns(10, 50, 100, 10, 10)
other = of_functional_volume(-20, [0.6, 1.1]) | of_patterns(25, 60, 90, 16, 0.5)
assert sum(v > 0 for k, v in other.items() if "unsteady" in k) >= 4 and other["kin_functional_no_ser_mm3"] > 0
sets = {"own": own, "other": other}
out = {name: {k: float(v) for k, v in values.items()} for name, values in sets.items()}
(HERE / "phase_features.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")
