"""The stratified bootstrap of the discrimination figures with NumPy and scikit-learn, for its time.

    python numpy_bootstrap.py [replicates]     # seconds for 2000, extrapolated when fewer are run

The polytomous discrimination index and the jackknife are left out, which favours this side.
"""

import sys
import time

import numpy as np
from sklearn import metrics

replicates = int(sys.argv[1]) if len(sys.argv) > 1 else 2000
rng = np.random.default_rng(1)
n = 1000
t = np.arange(n) % 3
p = rng.random((n, 3))
p[np.arange(n), t] += 0.3
p /= p.sum(1, keepdims=True)
one_hot = np.eye(3)
start = time.perf_counter()
for _ in range(replicates):
    rows = np.concatenate([rng.choice(np.flatnonzero(t == k), (t == k).sum()) for k in range(3)])
    y, q = t[rows], p[rows]
    call, truth = q.argmax(1), one_hot[y]
    ovr = [metrics.roc_auc_score(y == k, q[:, k]) for k in range(3)]
    np.mean(ovr), np.average(ovr, weights=np.bincount(y))
    metrics.roc_auc_score(truth.ravel(), q.ravel())
    metrics.roc_auc_score(y, q, multi_class="ovo")
    metrics.accuracy_score(y, call)
    metrics.balanced_accuracy_score(y, call)
    metrics.f1_score(y, call, average="macro")
    metrics.matthews_corrcoef(y, call)
    metrics.cohen_kappa_score(y, call, weights="quadratic")
    metrics.log_loss(y, q)
    ((q - truth) ** 2).sum(1).mean()
seconds = (time.perf_counter() - start) / replicates * 2000
print(f"{seconds:.2f} s for 2000 replicates")
