"""How far the classes lie apart: a penalised logistic regression on kinetics and first-order features, trained on two centres and
evaluated on the third, and the same on the drawn truth, which no image can beat.

Needs pandas and scikit-learn. For each seed:

    cargo run --release -p triher-simulate --example cohort_features -- SEED > SEED.csv
    python separability.py *.csv

A second argument to the example sets the patients of every centre: with 130 the figures are those of the model, with the
demonstration's 52 and 20 they vary by a tenth from seed to seed.
"""

import sys

import numpy as np
import pandas as pd
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

TRUTH = "lesion_diameter_mm ktrans_per_min ve vp rim_fraction heterogeneity spiculation".split()


def external_auc(x, y, train, c):
    model = make_pipeline(
        SimpleImputer(keep_empty_features=True), StandardScaler(), LogisticRegression(C=c, max_iter=5000)
    )
    model.fit(x[train], y[train])
    return roc_auc_score(y[~train], model.predict_proba(x[~train]), multi_class="ovr")


def main():
    rows = []
    for path in sys.argv[1:]:
        table = pd.read_csv(path)
        y, train = table["truth_her2"], table["centre"] != "gamma"
        features = table[[c for c in table if c.startswith(("kin_", "fo_", "size_"))]]
        truth = table[[f"truth_{name}" for name in TRUTH]]
        aucs = [external_auc(features, y, train, c) for c in (0.005, 0.02, 0.1)]
        rows.append([*aucs, external_auc(truth, y, train, 1.0)])
        print(path, " ".join(f"{a:.3f}" for a in rows[-1]))
    print("mean", " ".join(f"{a:.3f}" for a in np.mean(rows, axis=0)), "(C = 0.005, 0.02, 0.1; truth)")


if __name__ == "__main__":
    main()
