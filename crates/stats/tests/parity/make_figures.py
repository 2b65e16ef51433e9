"""Makes figures.json from cohort.csv: scikit-learn, scipy and brute force from the definitions."""

import json
import pathlib

import numpy as np
import pandas as pd
from scipy import stats
from sklearn import metrics

HERE = pathlib.Path(__file__).parent
d = pd.read_csv(HERE / "cohort.csv")
t = d.truth.to_numpy()
out = {}


def figures(p):
    c = p.argmax(1)
    total, tuples = 0.0, 0
    for i in np.flatnonzero(t == 0):
        for j in np.flatnonzero(t == 1):
            for k in np.flatnonzero(t == 2):
                rows = (i, j, k)
                tuples += 1
                for cls in range(3):
                    v = p[list(rows), cls]
                    if v[cls] == v.max():
                        total += 1 / (v == v.max()).sum()
    return {
        "hand_till": metrics.roc_auc_score(t, p, multi_class="ovo", average="macro"),
        "pdi": total / tuples / 3,
        "macro_f1": metrics.f1_score(t, c, average="macro"),
        "mcc": metrics.matthews_corrcoef(t, c),
        "kappa": metrics.cohen_kappa_score(t, c, weights="quadratic"),
        "log_loss": metrics.log_loss(t, p),
    }


a, b = (d[[f"{m}{k}" for k in range(3)]].to_numpy() for m in "ab")
out["models"] = [figures(a), figures(b)]

# BCa from its formula, with numpy's quantiles.
rng = np.random.default_rng(1)
reps = np.round(rng.beta(30, 5, 500), 6)
est, acc = 0.87, -0.031
z0 = stats.norm.ppf(((reps < est).mean() + (reps <= est).mean()) / 2)
z = z0 + stats.norm.ppf([0.025, 0.975])
out["bca"] = {
    "replicates": reps.tolist(), "estimate": est, "acceleration": acc,
    "interval": np.quantile(reps, stats.norm.cdf(z0 + z / (1 - acc * z))).tolist(),
}

# Net benefit of "not zero" by the formula of Vickers and Elkin.
p, y = 1 - a[:, 0], t != 0
out["net_benefit"] = [
    [pt, float((((p >= pt) & y).sum() - ((p >= pt) & ~y).sum() * pt / (1 - pt)) / len(y)),
     float(y.mean() - (1 - y.mean()) * pt / (1 - pt))]
    for pt in (0.11, 0.333, 0.5, 0.777)
]

# Multi-class Youden by trying all pairs of cut points on the expected class.
s = np.round(a @ [0, 1, 2], 9)
cuts = np.r_[np.unique(s), np.inf]
best = max(
    ((s[t == 0] < c1).mean() + ((s[t == 1] >= c1) & (s[t == 1] < c2)).mean() + (s[t == 2] >= c2).mean() - 1)
    for c1 in cuts for c2 in cuts if c1 <= c2
)
out["youden3"] = float(best)
f, r, _ = metrics.roc_curve(y, p, drop_intermediate=False)
out["youden2"] = float((r - f).max())

# Top-label expected calibration error with ten bins of equal width (Guo 2017).
conf, hit = a.max(1), a.argmax(1) == t
bins = np.clip(np.ceil(conf * 10 - 1e-12).astype(int) - 1, 0, 9)
out["top_label_ece"] = float(sum(
    (bins == k).mean() * abs(hit[bins == k].mean() - conf[bins == k].mean())
    for k in range(10) if (bins == k).any()))

# Drift of a column between two halves.
u, v = d.x1.to_numpy()[:90], d.x1.to_numpy()[90:] + 0.4
ks = stats.ks_2samp(u, v, method="asymp")
edges = np.quantile(u, np.linspace(0, 1, 11)[1:-1])
share = lambda x: np.bincount(np.searchsorted(edges, x, side="left"), minlength=10) / len(x)
e, o = np.maximum(share(u), 1e-4), np.maximum(share(v), 1e-4)
out["drift"] = {
    "smd": float((v.mean() - u.mean()) / np.sqrt((u.var(ddof=1) + v.var(ddof=1)) / 2)),
    "ks": float(ks.statistic), "psi": float(((o - e) * np.log(o / e)).sum()),
}
(HERE / "figures.json").write_text(json.dumps(out) + "\n")
