"""Writes shap.json: Shapley values of small models by the Python package `shap`.

Run from the repository's root:
    cargo run -p triher-explain --example models > models.json
    python crates/explain/tests/parity/make_shap.py models.json crates/explain/tests/parity/shap.json

The models are read as numbers (coefficients, trees) and evaluated here by a few lines of numpy; `shap.explainers.Exact` counts
all coalitions against all background rows. For trees `shap.TreeExplainer` (interventional) is asked as well, and must agree.
Versions are written into the file.
"""

import json
import sys

import numpy as np
import shap

ROWS = 8


def matrix(m):
    return np.array(m["values"]).reshape(m["rows"], m["columns"])


def centred(log_p):
    if log_p.shape[1] == 2:
        return 2 * (log_p - log_p.mean(axis=1, keepdims=True))
    return log_p - log_p.mean(axis=1, keepdims=True)


def logistic(pipeline, x):
    c = pipeline["classifier"]
    if pipeline["pca"]:
        x = (x - np.array(pipeline["pca"]["mean"])) @ matrix(pipeline["pca"]["components"]).T
    z = x @ matrix(c["coefficients"]).T + np.array(c["intercepts"])
    if z.shape[1] == 1:
        return np.hstack([-z, z])
    z = z - z.max(axis=1, keepdims=True)
    return centred(z - np.log(np.exp(z).sum(axis=1, keepdims=True)))


def tree_values(tree, x, outputs, equal_left):
    value = np.array(tree["value"]).reshape(-1, outputs)
    out = []
    for row in x:
        node = 0
        while tree["left"][node]:
            v, t = row[tree["feature"][node]], tree["threshold"][node]
            left = v <= t if equal_left else v < t
            node = tree["left"][node] if left else tree["right"][node]
        out.append(value[node])
    return np.array(out)


def forest(pipeline, x):
    c = pipeline["classifier"]
    return sum(tree_values(t, x, c["classes"], True) for t in c["trees"]) / len(c["trees"])


def boosting(pipeline, x):
    sums = [b["base"] + sum(tree_values(t, x, 1, False) for t in b["trees"]) for b in pipeline["classifier"]["boosters"]]
    z = np.hstack(sums)
    return np.hstack([-z, z]) if z.shape[1] == 1 else z


def neighbours(pipeline, x):
    c = pipeline["classifier"]
    known, y, k = matrix(c["x"]), np.array(c["y"]), c["settings"]["neighbours"]
    assert c["settings"]["weight"] == "uniform"
    p = np.zeros((len(x), 3))
    for i, row in enumerate(x):
        order = np.argsort(((known - row) ** 2).sum(axis=1), kind="stable")[:k]
        for j in order:
            p[i, y[j]] += 1 / k
    return centred(np.log(np.maximum(p, 1e-12)))


def tree_explainer(trees, outputs, equal_left, background, x):
    """shap sends values up to the threshold to the left; for trees that send only smaller ones, half a step of the data less."""
    def one(t):
        leaf = [i for i in range(len(t["left"])) if not t["left"][i]]
        left, right = np.array(t["left"]), np.array(t["right"])
        left[leaf], right[leaf] = -1, -1
        thresholds = np.array(t["threshold"])
        return {
            "children_left": left,
            "children_right": right,
            "children_default": left.copy(),
            "features": np.where(left < 0, -2, np.array(t["feature"])),
            "thresholds": thresholds if equal_left else thresholds - 0.0005,
            "values": np.array(t["value"]).reshape(-1, outputs),
            "node_sample_weight": np.ones(len(left)),
        }

    model = {"trees": [one(t) for t in trees], "internal_dtype": np.float64, "input_dtype": np.float64}
    return np.array(shap.TreeExplainer(model, background, feature_perturbation="interventional").shap_values(x))


def main():
    models = json.load(open(sys.argv[1]))
    scorers = {"logistic": logistic, "random_forest": forest, "boosting": boosting, "nearest_neighbours": neighbours}
    out = {"versions": {"shap": shap.__version__, "numpy": np.__version__}, "models": []}
    for model in models:
        pipeline, x = model["pipeline"], matrix(model["x"])
        method = pipeline["classifier"]["method"]
        score = lambda rows: scorers[method](pipeline, rows)
        masker = shap.maskers.Independent(x, max_samples=len(x))
        found = shap.explainers.Exact(score, masker)(x[:ROWS])
        values = found.values  # rows x features x classes
        if method == "random_forest":
            c = pipeline["classifier"]
            other = tree_explainer(c["trees"], c["classes"], True, x, x[:ROWS]) / len(c["trees"])
            print(model["name"], "TreeExplainer differs by", np.abs(other.reshape(values.shape) - values).max())
            assert np.abs(other.reshape(values.shape) - values).max() < 1e-6
        if method == "boosting":
            for k, booster in enumerate(pipeline["classifier"]["boosters"]):
                other = tree_explainer(booster["trees"], 1, False, x, x[:ROWS])
                at = 1 if len(pipeline["classifier"]["boosters"]) == 1 else k
                difference = np.abs(other.reshape(values[:, :, at].shape) - values[:, :, at]).max()
                print(model["name"], k, "TreeExplainer differs by", difference)
                assert difference < 1e-6
        out["models"].append({
            **model,
            "base": np.array(found.base_values)[0].tolist(),
            "values": [np.round(values[:, :, k], 12).tolist() for k in range(values.shape[2])],
        })
    json.dump(out, open(sys.argv[2], "w"), separators=(",", ":"))


main()
