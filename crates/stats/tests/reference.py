"""Makes reference.json: the expected numbers of the tests in reference.rs.

Independent sources: scikit-learn (AUC, ROC, calibration curve, Brier score, log loss, confusion
matrix, unpenalised logistic regression), scipy (Wilson interval), numpy (percentile bootstrap over
patients, written from its definition with another generator) and, where Rscript is there, R's pROC
(AUC and a bootstrap interval stratified by case and control).

    python reference.py          # writes reference.json beside this file
"""

import json
import pathlib
import shutil
import subprocess
import tempfile

import numpy as np
from scipy.stats import binomtest
from sklearn.calibration import calibration_curve
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import (
    accuracy_score,
    balanced_accuracy_score,
    brier_score_loss,
    confusion_matrix,
    log_loss,
    precision_score,
    recall_score,
    roc_auc_score,
    roc_curve,
)
from sklearn.preprocessing import label_binarize

HERE = pathlib.Path(__file__).parent
CLASSES = ["zero", "low", "positive"]


def cohort(seed, patients, rows_per_patient, digits):
    """Softmax scores that overlap; `digits` makes ties."""
    rng = np.random.default_rng(seed)
    groups, truth, rows = [], [], []
    for patient in range(patients):
        t = int(rng.choice(3, p=[0.35, 0.45, 0.20]))
        shift = rng.normal(0, 0.5, 3)
        for _ in range(int(rng.integers(1, rows_per_patient + 1))):
            score = rng.normal(0, 1, 3) + shift
            score[t] += 0.9
            p = np.round(np.exp(score) / np.exp(score).sum(), digits)
            p[2] = round(1 - p[0] - p[1], digits)
            if p[2] < 0:
                p = np.array([0.3, 0.4, 0.3])
            groups.append(f"patient {patient}")
            truth.append(t)
            rows.append(p.tolist())
    return groups, np.array(truth), np.array(rows)


def macro_auc(truth, p):
    return roc_auc_score(truth, p, multi_class="ovr", average="macro")


def numpy_bootstrap(groups, truth, p, replicates, seed):
    """Percentile intervals, patients drawn within the classes."""
    rng = np.random.default_rng(seed)
    groups = np.array(groups)
    names, first = np.unique(groups, return_index=True)
    members = [np.flatnonzero(groups == name) for name in names]
    strata = [np.flatnonzero(truth[first] == k) for k in range(3)]
    binary = label_binarize(truth, classes=range(3))
    draws = []
    for _ in range(replicates):
        picked = np.concatenate([rng.choice(s, len(s)) for s in strata])
        rows = np.concatenate([members[m] for m in picked])
        t, q = truth[rows], p[rows]
        draws.append(
            [roc_auc_score(t == k, q[:, k]) for k in range(3)]
            + [
                macro_auc(t, q),
                roc_auc_score(binary[rows].ravel(), q.ravel()),
                accuracy_score(t, q.argmax(1)),
                np.mean(((q - binary[rows]) ** 2).sum(1)),
            ]
        )
    low, high = np.percentile(np.array(draws), [2.5, 97.5], axis=0)
    names = [f"auc {c}" for c in CLASSES] + ["macro", "micro", "accuracy", "brier"]
    return {n: [float(a), float(b)] for n, a, b in zip(names, low, high)}


def proc(truth, p):
    """AUC and stratified percentile bootstrap interval by R's pROC; None without R."""
    if shutil.which("Rscript") is None:
        return None
    with tempfile.TemporaryDirectory() as folder:
        table = pathlib.Path(folder) / "table.csv"
        np.savetxt(table, np.column_stack([truth, p]), delimiter=",")
        program = f"""
        suppressMessages(library(pROC)); set.seed(11)
        t <- read.csv("{table}", header = FALSE)
        for (k in 0:2) {{
          r <- roc(as.integer(t$V1 == k), t[[k + 2]], levels = c(0, 1), direction = "<", quiet = TRUE)
          i <- ci.auc(r, method = "bootstrap", boot.n = 20000, boot.stratified = TRUE,
                      progress = "none")
          cat(sprintf("%.17g %.17g %.17g\\n", as.numeric(auc(r)), i[1], i[3]))
        }}"""
        out = subprocess.run(
            ["Rscript", "-e", program], check=True, capture_output=True, text=True
        ).stdout
    return [[float(v) for v in line.split()] for line in out.strip().splitlines()]


def expectations(name, groups, truth, p, bins, replicates):
    binary = label_binarize(truth, classes=range(3))
    n = len(truth)
    predicted = p.argmax(1)
    calibration, lines = {}, {}
    for k, c in enumerate(CLASSES):
        observed, mean = calibration_curve(
            truth == k, p[:, k], n_bins=bins, strategy="quantile"
        )
        calibration[c] = {"observed": observed.tolist(), "predicted": mean.tolist()}
        clipped = np.clip(p[:, k], 1e-9, 1 - 1e-9)
        logit = np.log(clipped / (1 - clipped))[:, None]
        fit = LogisticRegression(C=np.inf, tol=1e-12, max_iter=10000).fit(logit, truth == k)
        lines[c] = [float(fit.intercept_[0]), float(fit.coef_[0, 0])]
    curve = roc_curve(truth == 0, p[:, 0], drop_intermediate=False)
    return {
        "name": name,
        "groups": groups,
        "truth": truth.tolist(),
        "probabilities": p.ravel().tolist(),
        "bins": bins,
        "auc": [float(roc_auc_score(truth == k, p[:, k])) for k in range(3)],
        "macro": float(macro_auc(truth, p)),
        "weighted": float(
            roc_auc_score(truth, p, multi_class="ovr", average="weighted")
        ),
        "micro": float(roc_auc_score(binary, p, average="micro")),
        "roc_zero": {"fpr": curve[0].tolist(), "tpr": curve[1].tolist()},
        "confusion": confusion_matrix(truth, predicted, labels=range(3)).tolist(),
        "recall": recall_score(truth, predicted, average=None).tolist(),
        "precision": precision_score(truth, predicted, average=None).tolist(),
        "accuracy": float(accuracy_score(truth, predicted)),
        "balanced_accuracy": float(balanced_accuracy_score(truth, predicted)),
        "brier": float(brier_score_loss(truth, p, scale_by_half=False, labels=[0, 1, 2])),
        "log_loss": float(log_loss(truth, p, labels=[0, 1, 2])),
        "calibration": calibration,
        "lines": lines,
        "bootstrap": numpy_bootstrap(groups, truth, p, replicates, 3),
        "proc": proc(truth, p) if len(set(groups)) == n else None,
    }


def wilson():
    cases = []
    for k, n in [(0, 1), (1, 1), (0, 10), (3, 10), (10, 10), (17, 91), (512, 1000), (99999, 100000)]:
        for level in (0.9, 0.95, 0.99):
            ci = binomtest(k, n).proportion_ci(level, method="wilson")
            cases.append([k, n, level, float(ci.low), float(ci.high)])
    return cases


def main():
    reference = {
        "wilson": wilson(),
        "cohorts": [
            expectations("one row per patient", *cohort(1, 150, 1, 6), 7, 6000),
            expectations("rows of patients and ties", *cohort(2, 60, 4, 2), 5, 6000),
        ],
    }
    text = json.dumps(reference)
    (HERE / "reference.json").write_text(text + "\n")


if __name__ == "__main__":
    main()
