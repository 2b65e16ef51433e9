"""Times scikit-learn on the data of logistic.rs: python logistic.py (numpy, scikit-learn).

Two settings: the default tolerance (1e-4), and 1e-8, which is still above ours.
"""

import time
import warnings

import numpy
from sklearn.decomposition import PCA
from sklearn.linear_model import LogisticRegression
from sklearn.preprocessing import StandardScaler

ROWS, FEATURES = 500, 2304


def noise(i, j):
    t = numpy.sin(12.9898 * (i + 1.0) + 78.233 * (j + 1.0)) * 43758.5453
    return 2 * (t - numpy.floor(t)) - 1


def embeddings(classes):
    y = numpy.arange(ROWS) % classes
    i, j = numpy.arange(ROWS)[:, None], numpy.arange(FEATURES)[None, :]
    f = numpy.arange(20)
    factors = noise(i, f[None, :]) + numpy.where(f < 3, 0.4, 0.0)[None, :] * y[:, None]
    return factors @ noise(f[:, None] + 7000, j) + 0.5 * noise(i + 1000, j), y


def best_of(run, times=5):
    seconds = []
    for _ in range(times):
        start = time.perf_counter()
        run()
        seconds.append(time.perf_counter() - start)
    return 1000 * min(seconds)


warnings.simplefilter("ignore")
for classes in (2, 3):
    x, y = embeddings(classes)
    x = StandardScaler().fit_transform(x)
    for c in (0.01, 1.0, 100.0):
        for tol in (1e-4, 1e-8):
            model = LogisticRegression(C=c, tol=tol, max_iter=10000)
            print(f"{classes} classes, C = {c}, tol = {tol}: {best_of(lambda: model.fit(x, y)):.0f} ms, {model.n_iter_[0]} iterations")
x, _ = embeddings(2)
print(f"PCA to 50, full: {best_of(lambda: PCA(50, svd_solver='full').fit(x)):.0f} ms")
