"""Expected choices of the filters, written to filters.json (after make_table.py and make_near_zero.R).

    python make_filters.py

Correlations are NumPy's and SciPy's; the rule on top of them is written down once more here, from the documentation. NumPy 2.4, SciPy 1.17.
"""

import json
from pathlib import Path

import numpy as np
from scipy.stats import spearmanr

here = Path(__file__).parent
table = json.loads((here / "table.json").read_text())
x = np.array(table["x"]).reshape(table["rows"], table["columns"])
p = x.shape[1]


def pearson():
    with np.errstate(invalid="ignore"):
        return np.nan_to_num(np.corrcoef(x.T))


def spearman():
    varying = np.ptp(x, axis=0) > 0
    r = np.zeros((p, p))
    r[np.ix_(varying, varying)] = spearmanr(x[:, varying]).statistic
    return r


def keep(r, threshold, stability):
    r = np.abs(r)
    np.fill_diagonal(r, 0.0)
    mean = r.sum(axis=1) / (p - 1)
    order = sorted(range(p), key=lambda j: (-stability.get(j, -np.inf), round(mean[j], 10), j))
    kept = []
    for j in order:
        if all(r[j, k] <= threshold for k in kept):
            kept.append(j)
    return sorted(kept)


unstable_first = {0: 0.2, 12: 0.9, 1: 0.99, 13: 0.5}
expected = {"correlation": []}
for name, r in [("pearson", pearson()), ("spearman", spearman())]:
    for threshold in [0.95, 0.8, 0.5, 0.2]:
        for stability in [{}, unstable_first]:
            expected["correlation"].append(
                {
                    "method": name,
                    "threshold": threshold,
                    "stability": {str(k): v for k, v in stability.items()},
                    "kept": keep(r.copy(), threshold, stability),
                }
            )
(here / "filters.json").write_text(json.dumps(expected) + "\n")
