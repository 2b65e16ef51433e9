"""Makes features.json: a small study, and its features by NumPy and SciPy.

Needs numpy and scipy. Run from anywhere:

    python generate.py
"""

import json
from pathlib import Path

import numpy as np
from scipy import stats

RNG = np.random.default_rng(20250307)
SIZE = (7, 6, 5)  # i, j, k
SPACING = (0.9, 1.1, 2.5)
TIMES = [0.0, 80.0, 170.0, 275.0, 400.0]


def study():
    """Phases as [k][j][i] (memory order), single precision, with a NaN and a voxel without signal in the mask."""
    shape = SIZE[::-1]
    pre = RNG.uniform(60, 160, shape)
    uptake = RNG.uniform(-0.2, 2.5, shape)
    wash = RNG.uniform(-0.3, 0.25, shape)
    phases = [pre]
    for n in range(1, len(TIMES)):
        phases.append(pre * (1 + uptake * (1 - np.exp(-1.3 * n)) + wash * (n - 1)) + RNG.normal(0, 3, shape))
    phases = [p.astype(np.float32) for p in phases]
    mask = RNG.uniform(0, 1, shape) < 0.55
    inside = np.argwhere(mask)
    phases[2][tuple(inside[3])] = np.nan
    phases[0][tuple(inside[8])] = 0.0
    return phases, mask


def quantities(s, t):
    """Each quantity of curves s (voxels x phases); NaN where it is not defined."""
    s0, s1, sl = s[:, 0], s[:, 1], s[:, -1]
    post = s[:, 1:]
    peak = post.argmax(1) + 1
    sp = post.max(1)
    pe = 100 * (s - s0[:, None]) / s0[:, None]
    last = s.shape[1] - 1
    both = (s1 > s0) & (sl > s0)
    with np.errstate(all="ignore"):
        return {
            "pe_early": pe[:, 1],
            "pe_peak": pe[np.arange(len(s)), peak],
            "pe_last": pe[:, -1],
            "initial_slope": pe[:, 1] / t[1],
            "wash_in_rate": pe[np.arange(len(s)), peak] / t[peak],
            "wash_in_per_phase": pe[np.arange(len(s)), peak] / peak,
            "wash_out": 100 * (sp - sl) / sp,
            "wash_out_ratio": np.where(sp > s0, (sp - sl) / (sp - s0), np.nan),
            "late_change": 100 * (sl - s1) / s1,
            "ser": np.where(both, np.minimum((s1 - s0) / (sl - s0), 3), np.nan),
            "time_to_peak": t[peak],
            "peak_phase_fraction": peak / last,
            "auc": np.trapezoid(pe, t, axis=1),
            "auc_per_phase": np.trapezoid(pe, axis=1) / last,
        }


def first_order(x, bins=32):
    p10, p25, p75, p90 = np.percentile(x, [10, 25, 75, 90])
    middle = x[(x >= p10) & (x <= p90)]
    index = np.minimum(np.floor(bins * (x - x.min()) / (x.max() - x.min())), bins - 1).astype(int)
    p = np.bincount(index) / len(x)
    p = p[p > 0]
    return {
        "mean": x.mean(),
        "variance": x.var(),
        "skewness": stats.skew(x),
        "kurtosis": stats.kurtosis(x),
        "median": np.median(x),
        "min": x.min(),
        "p10": p10,
        "p90": p90,
        "max": x.max(),
        "iqr": p75 - p25,
        "range": np.ptp(x),
        "mad": np.abs(x - x.mean()).mean(),
        "rmad": np.abs(middle - middle.mean()).mean(),
        "energy": (x**2).sum(),
        "rms": np.sqrt((x**2).mean()),
        "entropy": stats.entropy(p, base=2),
        "uniformity": (p**2).sum(),
        "cov": stats.variation(x),
    }


def main():
    phases, mask = study()
    t = np.array(TIMES)
    curves = np.stack([p[mask] for p in phases], 1).astype(np.float64)
    finite = np.isfinite(curves).all(1)
    used = curves[finite & (curves[:, 0] > 0)]
    expected = {}
    over_voxels = quantities(used, t)
    of_curve = quantities(used.mean(0)[None], t)
    for name, values in over_voxels.items():
        values = values[~np.isnan(values)]
        expected[f"kin_{name}_curve"] = of_curve[name][0]
        expected[f"kin_{name}_mean"] = values.mean()
        expected[f"kin_{name}_sd"] = values.std()
        for percent in (10, 50, 90):
            expected[f"kin_{name}_p{percent}"] = np.percentile(values, percent)
    late = over_voxels["late_change"]
    expected["kin_fraction_persistent"] = (late > 10).mean()
    expected["kin_fraction_plateau"] = (np.abs(late) <= 10).mean()
    expected["kin_fraction_washout"] = (late < -10).mean()
    hot = over_voxels["pe_early"] >= 70
    expected["kin_functional_volume_mm3"] = hot.sum() * np.prod(SPACING)
    expected["kin_functional_fraction"] = hot.mean()
    relative = used / used[:, 0].mean()
    sources = {
        "pre": relative[:, 0],
        "post1": relative[:, 1],
        "last": relative[:, -1],
        "sub1": relative[:, 1] - relative[:, 0],
    }
    for source, values in sources.items():
        for name, value in first_order(values).items():
            if (source, name) != ("pre", "mean"):
                expected[f"fo_{source}_{name}"] = value
    out = {
        "size": SIZE,
        "spacing_mm": SPACING,
        "times_s": TIMES,
        # NaN is no JSON: null.
        "phases": [[None if np.isnan(v) else float(v) for v in p.ravel()] for p in phases],
        "mask": [int(v) for v in mask.ravel()],
        "counts": {"region": int(mask.sum()), "used": len(used), "not_finite": int((~finite).sum())},
        "expected": {name: float(value) for name, value in expected.items()},
    }
    path = Path(__file__).with_name("features.json")
    path.write_text(json.dumps(out, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
