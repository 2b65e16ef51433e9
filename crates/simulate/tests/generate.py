"""Makes physics.json: input functions, concentrations and signals by NumPy and SciPy.

Needs numpy and scipy. Run from anywhere:

    python generate.py
"""

import json
from pathlib import Path

import numpy as np
from scipy.integrate import quad


def blood(t_s, arrival_s=0.0, scale=1.0):
    """Parker et al. 2006, equation 1 and table 1; t in seconds."""
    t = (t_s - arrival_s) / 60
    if t < 0:
        return 0.0
    a, m, w = [0.809, 0.330], [0.17046, 0.365], [0.0563, 0.132]
    gaussians = sum(
        a[n] / (w[n] * np.sqrt(2 * np.pi)) * np.exp(-((t - m[n]) ** 2) / (2 * w[n] ** 2)) for n in range(2)
    )
    return scale * (gaussians + 1.050 * np.exp(-0.1685 * t) / (1 + np.exp(-38.078 * (t - 0.483))))


def tofts(t_s, arrival_s, scale, hematocrit, ktrans, ve, vp):
    """Extended Tofts by adaptive quadrature, in minutes."""
    kep = ktrans / ve
    plasma = lambda u: blood(60 * u, arrival_s, scale) / (1 - hematocrit)
    if t_s <= arrival_s:
        return vp * plasma(t_s / 60)
    t, start = t_s / 60, arrival_s / 60
    # Pieces around the passes, so that quadrature sees them.
    edges = [e for e in start + np.array([0, 0.1, 0.2, 0.3, 0.45, 0.55, 0.8]) if e < t] + [t]
    pieces = zip(edges[:-1], edges[1:])
    f = lambda u: plasma(u) * np.exp(-kep * (t - u))
    integral = sum(quad(f, a, b, epsabs=1e-12, epsrel=1e-12)[0] for a, b in pieces)
    return vp * plasma(t) + ktrans * integral


def spgr(m0, t1_ms, t2s_ms, tr_ms, te_ms, flip_deg, r1, r2, c_mm):
    rate1 = 1 / (t1_ms / 1000) + r1 * c_mm
    rate2 = 1 / (t2s_ms / 1000) + r2 * c_mm
    e1 = np.exp(-tr_ms / 1000 * rate1)
    a = np.deg2rad(flip_deg)
    return m0 * np.sin(a) * (1 - e1) / (1 - np.cos(a) * e1) * np.exp(-te_ms / 1000 * rate2)


def main():
    times = [0.0, 15.0, 24.9, 25.5, 33.0, 40.0, 75.0, 90.0, 180.0, 271.5, 450.0]
    tissues = [(0.25, 0.45, 0.03), (0.02, 0.28, 0.01), (1.1, 0.2, 0.08), (0.004, 0.05, 0.002)]
    out = {
        "times_s": times,
        "blood_mm": [blood(t, 25.0, 0.9) for t in times],
        "tofts": [
            {"ktrans": k, "ve": ve, "vp": vp, "mm": [tofts(t, 25.0, 0.9, 0.42, k, ve, vp) for t in times]}
            for k, ve, vp in tissues
        ],
        "spgr": [
            {"tissue": [m0, t1, t2], "sequence": [tr, te, flip], "r": [r1, r2], "mm": c,
             "signal": spgr(m0, t1, t2, tr, te, flip, r1, r2, c)}
            for m0, t1, t2 in [(1.0, 1266.0, 40.0), (0.9, 367.0, 20.0)]
            for tr, te, flip in [(4.6, 1.7, 10.0), (8.0, 4.2, 25.0)]
            for r1, r2 in [(4.78, 6.1), (4.97, 7.1)]
            for c in [0.0, 0.3, 5.0]
        ],
    }
    Path(__file__).with_name("physics.json").write_text(json.dumps(out, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
