"""Makes clusters.json: k-means, Gaussian mixtures, silhouettes and z-scores of scikit-learn. Needs numpy and scikit-learn.

    python make_clusters.py
"""

import json
import pathlib

import numpy as np
import sklearn
from sklearn.cluster import KMeans
from sklearn.metrics import silhouette_score
from sklearn.mixture import GaussianMixture
from sklearn.preprocessing import StandardScaler

RNG = np.random.default_rng(23)
REGULARISATION = 1e-6


def samples():
    heaps = []
    for centre, spread, count in [((0.3, 0.6, 0.0), 0.15, 60), ((1.2, 1.3, 0.1), 0.3, 45), ((2.0, 2.1, 0.35), 0.25, 30)]:
        mixing = RNG.normal(size=(3, 3)) * spread
        heaps.append(np.array(centre) + RNG.normal(size=(count, 3)) @ mixing)
    return np.concatenate(heaps)


def start(x, labels, k, kind):
    weights, means, precisions = [], [], []
    for n in range(k):
        part = x[labels == n]
        covariance = np.cov(part.T, bias=True) + REGULARISATION * np.eye(x.shape[1])
        weights.append(len(part) / len(x))
        means.append(part.mean(0))
        precisions.append(np.linalg.inv(covariance) if kind == "full" else 1 / np.diag(covariance))
    return {"weights_init": np.array(weights), "means_init": np.array(means), "precisions_init": np.array(precisions)}


def main():
    raw = samples()
    x = StandardScaler().fit_transform(raw)
    content = {"scikit-learn": sklearn.__version__, "raw": raw.ravel().tolist(), "scaled": x.ravel().tolist(), "kmeans": [], "mixtures": []}
    for k in (2, 3, 5):
        first = x[RNG.choice(len(x), k, replace=False)]
        model = KMeans(k, init=first, n_init=1, algorithm="lloyd", tol=0, max_iter=1000).fit(x)
        best = KMeans(k, init="k-means++", n_init=200, random_state=0, tol=0, max_iter=1000).fit(x)
        content["kmeans"].append({
            "first": first.tolist(), "centres": model.cluster_centers_.tolist(), "labels": model.labels_.tolist(), "inertia": float(model.inertia_),
            "silhouette": float(silhouette_score(x, model.labels_)), "best_inertia": float(best.inertia_)})
        for kind in ("full", "diag"):
            labels = model.labels_
            mixture = GaussianMixture(
                k, covariance_type=kind, tol=1e-12, max_iter=20000, reg_covar=REGULARISATION, random_state=0, **start(x, labels, k, kind)).fit(x)
            covariances = mixture.covariances_ if kind == "full" else np.array([np.diag(v) for v in mixture.covariances_])
            content["mixtures"].append({
                "kind": kind, "labels": labels.tolist(), "weights": mixture.weights_.tolist(), "means": mixture.means_.tolist(),
                "covariances": covariances.reshape(k, -1).tolist(), "log_likelihood": float(mixture.score(x)), "bic": float(mixture.bic(x)),
                "predicted": mixture.predict(x).tolist()})
    (pathlib.Path(__file__).parent / "clusters.json").write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    main()
