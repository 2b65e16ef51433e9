"""Writes curves.json: tissue curves of the three models by numerical integration of their differential equations (SciPy's solve_ivp).

    pip install numpy scipy
    python make_curves.py > curves.json
"""

import json

import numpy as np
from scipy.integrate import solve_ivp

TIMES = np.array([0, 20, 45, 75, 110, 160, 220, 300, 400, 520], float)
AIF_T = np.array([0, 12, 20, 26, 34, 44, 60, 90, 150, 240, 360, 600], float)
AIF_C = np.array([0, 0, 3.1, 6.0, 3.4, 2.2, 1.9, 1.6, 1.35, 1.1, 0.9, 0.7])
plasma = lambda t: np.interp(t, AIF_T, AIF_C)


def extended(ktrans, ve, vp):
    rate = lambda t, c: [(ktrans * plasma(t) - ktrans / ve * c[0]) / 60]
    out = solve_ivp(rate, (0, TIMES[-1]), [0.0], t_eval=TIMES, rtol=1e-10, atol=1e-12, max_step=0.5)
    return out.y[0] + vp * plasma(TIMES)


def exchange(fp, ps, ve, vp):
    def rate(t, c):
        cp, ce = c
        return [(fp * (plasma(t) - cp) + ps * (ce - cp)) / vp / 60, ps * (cp - ce) / ve / 60]

    out = solve_ivp(rate, (0, TIMES[-1]), [0.0, 0.0], t_eval=TIMES, rtol=1e-10, atol=1e-12, max_step=0.5)
    return vp * out.y[0] + ve * out.y[1]


cases = []
for parameters in ([0.1, 0.2], [0.45, 0.35], [1.2, 0.6]):
    cases.append({"model": "tofts", "parameters": parameters, "curve": extended(*parameters, 0.0).tolist()})
for parameters in ([0.1, 0.2, 0.02], [0.45, 0.35, 0.1]):
    cases.append({"model": "extended-tofts", "parameters": parameters, "curve": extended(*parameters).tolist()})
for parameters in ([0.6, 0.15, 0.25, 0.06], [0.3, 0.4, 0.4, 0.1], [1.5, 0.02, 0.1, 0.03]):
    cases.append({"model": "two-compartment-exchange", "parameters": parameters, "curve": exchange(*parameters).tolist()})
print(json.dumps({"times_s": TIMES.tolist(), "input_s": AIF_T.tolist(), "input_mm": AIF_C.tolist(), "cases": cases}, indent=1))
