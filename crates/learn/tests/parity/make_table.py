"""Writes table.json, the small made-up table that the checks of the preparing steps share.

    python make_table.py

90 patients, 3 classes of unequal size, 3 centres with shifts and scales of their own, 30 columns: some tell the classes apart, and there are a
constant column, a nearly constant one, a duplicate, a mirrored, a noisy and a monotone copy, whole numbers with ties and a large scale.
Values are rounded to 6 decimals so that the file holds them exactly.
"""

import json
from pathlib import Path

import numpy as np

N, P = 90, 30
rng = np.random.default_rng(20240611)
y = np.repeat([0, 1, 2], [24, 38, 28])
rng.shuffle(y)
centre = rng.integers(0, 3, N)
x = rng.standard_normal((N, P))
for j in range(10):
    x[:, j] += (0.15 * j) * (y - 1) + 0.3 * (j % 3) * (y == 1)
x += 0.6 * (centre[:, None] - 1) * np.cos(np.arange(P))
x *= 1 + 0.25 * centre[:, None]
x[:, 10] = 3.7
x[:, 11] = 0.0
x[[4, 40], 11] = 1.0
x[:, 12] = x[:, 0]
x[:, 13] = -2.0 * x[:, 1] + 0.001 * rng.standard_normal(N)
x[:, 14] = x[:, 2] + 0.35 * rng.standard_normal(N)
x[:, 15] = rng.integers(0, 4, N) + (y == 2)
x[:, 16] = np.exp(1.5 * x[:, 3])
x[:, 17] *= 1e6
x = np.round(x, 6)
x[:, 12] = x[:, 0]
# Eighths are exact in single precision too, which neuroCombat takes covariates to.
age = np.round(8 * (52 + 9 * rng.standard_normal(N) + 3 * centre)) / 8
menopause = (age + 4 * rng.standard_normal(N) > 51).astype(int)
table = {
    "rows": N,
    "columns": P,
    "x": x.ravel().tolist(),
    "y": y.tolist(),
    "centre": [["A", "B", "C"][c] for c in centre],
    "age": age.tolist(),
    "menopause": menopause.tolist(),
}
Path(__file__).with_name("table.json").write_text(json.dumps(table) + "\n")
