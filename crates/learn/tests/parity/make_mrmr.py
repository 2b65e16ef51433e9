"""Expected orders of mRMR, written to mrmr.json (after make_table.py).

    python make_mrmr.py

scikit-learn 1.9's mutual_info_score on values cut by the rule of the documentation; the greedy rule is written down once more.
"""

import json
from pathlib import Path

import numpy as np
from sklearn.metrics import mutual_info_score

here = Path(__file__).parent
table = json.loads((here / "table.json").read_text())
x = np.array(table["x"]).reshape(table["rows"], table["columns"])
y = np.array(table["y"])
n, p = x.shape


def cut(v, bins):
    s = np.sort(v)
    cuts = np.array([s[b * n // bins - 1] for b in range(1, bins)])
    return (v[:, None] > cuts[None, :]).sum(axis=1)


def order(criterion, bins, keep):
    groups = [cut(x[:, j], bins) for j in range(p)]
    relevance = np.array([mutual_info_score(g, y) for g in groups])
    taken = []
    while len(taken) < keep:
        best, best_score = None, None
        for j in range(p):
            if j in taken:
                continue
            score = relevance[j]
            if taken:
                redundancy = np.mean([mutual_info_score(groups[j], groups[k]) for k in taken])
                score = score - redundancy if criterion == "difference" else score / (redundancy + 0.01)
            if best is None or score > best_score + 1e-10:
                best, best_score = j, score
        taken.append(best)
    return taken


cases = [
    {"criterion": c, "bins": b, "order": order(c, b, 20)} for c in ("difference", "quotient") for b in (3, 4, 7)
]
(here / "mrmr.json").write_text(json.dumps(cases) + "\n")
