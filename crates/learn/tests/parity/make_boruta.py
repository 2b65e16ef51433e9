"""Expected decisions and importances, written to boruta.json.

    python make_boruta.py

BorutaPy 0.4.3 with scikit-learn 1.9.1, on 120 patients and 20 columns of known truth: 0 to 3 tell the classes apart, 4 is a noisy copy of 0 (which
Boruta must keep too: it looks for all that matters), 5 and 6 matter through the sign of their product, the others are noise, 19 is constant.
`two_step=False` is the correction of the paper and of the R package. Only columns on which five seeds of BorutaPy agree are compared.
"""

import json
from pathlib import Path

import numpy as np
from boruta import BorutaPy
from sklearn.ensemble import RandomForestClassifier
from sklearn.tree import DecisionTreeClassifier

N, P = 120, 20
rng = np.random.default_rng(20250203)
y = np.repeat([0, 1, 2], [30, 50, 40])
rng.shuffle(y)
x = rng.standard_normal((N, P))
for j in range(4):
    x[:, j] += 1.3 * ((y == j % 3).astype(float) - (y == (j + 1) % 3))
x[:, 4] = x[:, 0] + 0.3 * rng.standard_normal(N)
sign = np.where(y == 1, 1.0, -1.0)
x[:, 6] = np.abs(x[:, 6]) * sign * np.sign(x[:, 5])
x[:, 19] = 1.0
x = np.round(x, 3)

decisions = []
for seed in range(5):
    forest = RandomForestClassifier(n_estimators=150, max_features="sqrt", random_state=seed)
    found = BorutaPy(forest, n_estimators=150, two_step=False, alpha=0.01, max_iter=101, random_state=seed).fit(x, y)
    decisions.append(np.where(found.support_, 1, np.where(found.support_weak_, 0, -1)))
decisions = np.array(decisions)
agreed = [int(c[0]) if (c == c[0]).all() else None for c in decisions.T]

tree = DecisionTreeClassifier(random_state=0, max_depth=2, min_samples_leaf=3).fit(x, y)
balanced = DecisionTreeClassifier(random_state=0, max_depth=2, min_samples_leaf=3, class_weight="balanced").fit(x, y)
Path(__file__).with_name("boruta.json").write_text(
    json.dumps(
        {
            "rows": N,
            "columns": P,
            "x": x.ravel().tolist(),
            "y": y.tolist(),
            # 1 confirmed, -1 rejected, 0 tentative, null where seeds differ.
            "decisions": agreed,
            # Trees of depth 2 (deeper ones have splits that are equally good, which scikit-learn draws among), also with balanced weights, on all
            # rows and columns; leaves of 3 rows.
            "importance": tree.feature_importances_.tolist(),
            "importance_balanced": balanced.feature_importances_.tolist(),
        }
    )
    + "\n"
)
