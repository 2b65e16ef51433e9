"""Writes maps.json: affinities, graphs, maps and their trustworthiness by scikit-learn and umap-learn.

Run: python make_maps.py maps.json   (numpy, scikit-learn, umap-learn; versions are written into the file)
"""

import json
import sys

import numpy as np
import sklearn
import umap
from scipy.spatial.distance import squareform
from sklearn.datasets import load_digits
from sklearn.manifold import TSNE, trustworthiness
from sklearn.manifold._t_sne import _joint_probabilities
from sklearn.metrics import pairwise_distances, silhouette_score
from umap.umap_ import fuzzy_simplicial_set


def main():
    digits = load_digits()
    keep = np.arange(0, 1797, 15)
    # Grey levels are whole numbers: a little noise leaves no ties, which every program orders in its own way.
    noise = np.random.RandomState(0).normal(0, 0.01, (len(keep), 64))
    x, y = np.round(digits.data[keep] + noise, 6), digits.target[keep]
    squared = pairwise_distances(x, metric="sqeuclidean")
    p = squareform(_joint_probabilities(squared.astype(np.float32), 10.0, verbose=0))
    graph = fuzzy_simplicial_set(x, 8, np.random.RandomState(1), "euclidean")[0].toarray()
    tsne = TSNE(perplexity=10, init="pca", method="exact", random_state=1, max_iter=1000)
    of_tsne = tsne.fit_transform(x)
    of_umap = umap.UMAP(n_neighbors=8, random_state=1).fit_transform(x)
    plane = x[:, [20, 43]] + 0.01 * np.arange(len(x))[:, None] * [1, -1]
    out = {
        "versions": {"scikit-learn": sklearn.__version__, "umap-learn": umap.__version__},
        "x": {"rows": x.shape[0], "columns": x.shape[1], "values": x.ravel().tolist()},
        "label": y.tolist(),
        "p_first_row": p[0].tolist(),
        "p_sum_of_squares": float((p ** 2).sum()),
        "graph_first_row": graph[0].tolist(),
        "graph_sum": float(graph.sum()),
        "tsne": {"divergence": float(tsne.kl_divergence_), "trustworthiness": trustworthiness(x, of_tsne, n_neighbors=8)},
        "umap": {"trustworthiness": trustworthiness(x, of_umap, n_neighbors=8)},
        "plane": plane.tolist(),
        "plane_trustworthiness": {k: trustworthiness(x, plane, n_neighbors=k) for k in (3, 8, 20)},
        "plane_continuity": {k: trustworthiness(plane, x, n_neighbors=k) for k in (3, 8, 20)},
        "silhouette": float(silhouette_score(x, y)),
    }
    json.dump(out, open(sys.argv[1], "w"), separators=(",", ":"))
    print(out["tsne"], out["umap"])


main()
