"""The same lasso by another optimiser: scikit-learn's saga at tight tolerance, written to elastic_net_saga.json (after make_elastic_net.R).

    python make_elastic_net.py

scikit-learn 1.9 minimises |W| + C sum loss over columns as they are, so it gets standardised columns and C = 1 / (n lambda); its objective at lambda is
lambda times that. Three classes, equal weights, the tall table. Coefficients are those of standardised columns, intercepts are left out (saga's are free up to a constant).
"""

import json
from pathlib import Path

import numpy as np
from sklearn.linear_model import LogisticRegression

here = Path(__file__).parent
stored = json.loads((here / "elastic_net.json").read_text())
y = np.array(json.loads((here / "table.json").read_text())["y"])
x = np.array(stored["x"]).reshape(90, 30)
scale = x.std(axis=0)
scale[np.ptp(x, axis=0) == 0] = 1.0
z = (x - x.mean(axis=0)) / scale
cases = []
for alpha in (1.0, 0.5):
    case = next(c for c in stored["cases"] if c["table"] == "tall" and c["alpha"] == alpha and c["family"] == "multinomial" and not c["balanced"])
    for position in (3, 6, 9):
        lam = case["lambda"][position]
        fit = LogisticRegression(solver="saga", l1_ratio=alpha, C=1.0 / (90 * lam), tol=1e-12, max_iter=200_000, random_state=0).fit(z, y)
        p = fit.predict_proba(z)
        b = fit.coef_
        objective = -np.log(p[np.arange(90), y]).mean() + lam * (alpha * np.abs(b).sum() + (1 - alpha) / 2 * (b**2).sum())
        cases.append({"alpha": alpha, "lambda": lam, "objective": objective, "probabilities": np.round(p, 10).ravel().tolist()})
(here / "elastic_net_saga.json").write_text(json.dumps(cases) + "\n")
