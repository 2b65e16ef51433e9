"""Times the stratified bootstrap of all discrimination figures through this crate and with NumPy and scikit-learn, in turn, so that what else the
machine does hits both alike; and compares their figures.

    cargo build --release -p triher-stats --example bootstrap_time
    python compare.py TARGET/release/examples/bootstrap_time [ROUNDS] [REPLICATES]

1,000 patients of three classes with seeded probabilities; 2,000 replicates by the crate (with the 1,000 passes of its accelerated interval, which the other
side does not do) and REPLICATES (100) by NumPy and scikit-learn, whose time is multiplied to 2,000. Each side has all cores: the crate its threads, the other a process each.
"""

import json
import math
import multiprocessing
import os
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np
from sklearn import metrics

N, WHOLE = 1000, 2000


def cohort():
    rng = np.random.default_rng(1)
    truth = np.arange(N) % 3
    p = rng.random((N, 3))
    p[np.arange(N), truth] += 0.3
    return truth, p / p.sum(1, keepdims=True)


def polytomous_index(y, p):
    """For each row of a class, the chance that a row of each other class has a lower probability of that class; classes do not tie here."""
    parts = []
    for k in range(3):
        own = p[y == k, k]
        below = [np.searchsorted(np.sort(p[y == j, k]), own) / (y == j).sum() for j in range(3) if j != k]
        parts.append((below[0] * below[1]).mean())
    return np.mean(parts)


def figures(y, p):
    call, one_hot = p.argmax(1), np.eye(3)[y]
    areas = [metrics.roc_auc_score(y == k, p[:, k]) for k in range(3)]
    return [
        *areas,
        np.mean(areas),
        np.average(areas, weights=np.bincount(y)),
        metrics.roc_auc_score(one_hot.ravel(), p.ravel()),
        metrics.accuracy_score(y, call),
        metrics.balanced_accuracy_score(y, call),
        ((p - one_hot) ** 2).sum(1).mean(),
        metrics.log_loss(y, p),
        metrics.roc_auc_score(y, p, multi_class="ovo"),
        polytomous_index(y, p),
        metrics.f1_score(y, call, average="macro"),
        metrics.matthews_corrcoef(y, call),
        metrics.cohen_kappa_score(y, call, weights="quadratic"),
    ]


TRUTH, PROBABILITIES = cohort()


def replicate(seed):
    rng = np.random.default_rng(seed)
    rows = np.concatenate([rng.choice(np.flatnonzero(TRUTH == k), (TRUTH == k).sum()) for k in range(3)])
    return figures(TRUTH[rows], PROBABILITIES[rows])


def main():
    program = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 5
    replicates = int(sys.argv[3]) if len(sys.argv) > 3 else 100
    cores = len(os.sched_getaffinity(0))
    ours, theirs, drawn = [], [], []
    with tempfile.TemporaryDirectory() as folder, multiprocessing.Pool(cores) as pool:
        pool.map(replicate, range(cores))
        path = os.path.join(folder, "cohort.csv")
        with open(path, "w") as file:
            for t, p in zip(TRUTH, PROBABILITIES):
                print(t, *map(repr, map(float, p)), sep=",", file=file)
        process = subprocess.Popen([program, path, str(WHOLE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for number in range(rounds):
            process.stdin.write("again\n")
            process.stdin.flush()
            answer = json.loads(process.stdout.readline())
            ours.append(answer["seconds"])
            start = time.perf_counter()
            drawn += pool.map(replicate, range(number * replicates, (number + 1) * replicates))
            theirs.append((time.perf_counter() - start) / replicates * WHOLE)
        process.stdin.close()
    estimates = np.array(answer["estimates"])
    print(f"{cores} cores, {rounds} rounds, {WHOLE} replicates of {len(estimates)} figures")
    print(f"triher                 {statistics.median(ours):8.3f} s (best {min(ours):.3f})")
    print(f"NumPy and scikit-learn {statistics.median(theirs):8.1f} s (best {min(theirs):.1f}), from {replicates} replicates")
    print(f"ratio of the medians   {statistics.median(theirs) / statistics.median(ours):8.0f}")
    print(f"largest difference of a figure      {np.abs(estimates - figures(TRUTH, PROBABILITIES)).max():.1e}")
    spread = np.std(np.array(drawn), axis=0, ddof=1)
    ratio = np.array(answer["errors"]) / spread
    expected = math.sqrt(1 / (2 * WHOLE) + 1 / (2 * len(drawn)))
    print(f"standard errors, ours over theirs   {ratio.min():.3f} to {ratio.max():.3f} (drawing alone: within 1 +- {3 * expected:.3f})")


if __name__ == "__main__":
    main()
