"""Makes cohort.csv: simulated patients, two models' probabilities, survival and two covariates.

Read by every other generator of this folder and by the tests, so that all see the same numbers.
"""

import pathlib

import numpy as np

rng = np.random.default_rng(20260)
n = 160
truth = rng.choice(3, n, p=[0.25, 0.5, 0.25])


def model(strength):
    score = rng.normal(0, 1, (n, 3))
    score[np.arange(n), truth] += strength
    p = np.exp(score) / np.exp(score).sum(1, keepdims=True)
    p = np.round(p, 2)  # ties
    p[:, 2] = np.round(1 - p[:, 0] - p[:, 1], 2)
    return np.clip(p, 0, 1)


a, b = model(1.3), model(0.8)
x1, x2 = rng.normal(0, 1, n), (rng.random(n) < 0.4).astype(float)
death = rng.exponential(np.exp(-0.6 * x1 + 0.5 * x2) * 20)
lost = rng.exponential(30, n)
time = np.ceil(np.minimum(death, lost))  # whole months: ties
event = (death <= lost).astype(int)
rows = ["truth,a0,a1,a2,b0,b1,b2,x1,x2,time,event"]
for i in range(n):
    p = ",".join(f"{v:.2f}" for v in np.r_[a[i], b[i]])
    rows.append(f"{truth[i]},{p},{x1[i]:.4f},{x2[i]:.0f},{time[i]:.0f},{event[i]}")
pathlib.Path(__file__).with_name("cohort.csv").write_text("\n".join(rows) + "\n")
