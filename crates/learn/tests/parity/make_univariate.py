"""Expected statistics of the univariate tests, written to univariate.json (after make_table.py).

    python make_univariate.py

SciPy 1.17 (f_oneway, kruskal, false_discovery_control) and scikit-learn 1.9 (mutual_info_classif). Mutual information is taken of columns without
ties alone, because scikit-learn breaks ties with random noise.
"""

import json
import warnings
from pathlib import Path

import numpy as np
from scipy import stats
from sklearn.feature_selection import mutual_info_classif

here = Path(__file__).parent
table = json.loads((here / "table.json").read_text())
x = np.array(table["x"]).reshape(table["rows"], table["columns"])
y = np.array(table["y"])
warnings.simplefilter("ignore")


def test(function):
    result = [function(*(x[y == k, j] for k in range(3))) for j in range(x.shape[1])]
    constant = np.ptp(x, axis=0) == 0
    return {
        "statistic": [None if c else r.statistic for r, c in zip(result, constant)],
        "p_value": [1.0 if c else r.pvalue for r, c in zip(result, constant)],
    }


def kruskal(*groups):
    try:
        return stats.kruskal(*groups)
    except ValueError:
        return stats.f_oneway(*groups)


expected = {"anova": test(stats.f_oneway), "kruskal_wallis": test(kruskal)}
for value in expected.values():
    value["adjusted"] = stats.false_discovery_control(value["p_value"]).tolist()
without_ties = [j for j in range(x.shape[1]) if len(np.unique(x[:, j])) == len(x)]
expected["mutual_information"] = [
    {
        "neighbours": k,
        "columns": without_ties,
        "statistic": mutual_info_classif(x[:, without_ties], y, n_neighbors=k, random_state=0).tolist(),
    }
    for k in (3, 7)
]
(here / "univariate.json").write_text(json.dumps(expected) + "\n")
