"""Writes reference.json: what scikit-learn makes of two small data sets.

Run: python reference.py   (numpy, scikit-learn; versions are written into the file)

Logistic regression is solved with newton-cholesky at a tolerance of 1e-12, which finds the minimum of the same objective as
the default solver; the script checks that lbfgs ends in the same place when its tolerance is small enough.
"""

import json
import pathlib

import numpy
import sklearn
from sklearn.decomposition import PCA
from sklearn.impute import SimpleImputer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler


def rounded(values, digits=17):
    return [float(f"{v:.{digits}g}") for v in numpy.asarray(values).ravel()]


def tall():
    """60 x 6: very different scales, a constant column, correlated columns, missing values, three unequal classes."""
    rng = numpy.random.default_rng(20260101)
    y = rng.choice(3, 60, p=[0.5, 0.3, 0.2])
    x = rng.normal(size=(60, 6))
    x[:, 0] += 0.8 * y
    x[:, 1] = 0.9 * x[:, 0] + 0.3 * x[:, 1]
    x[:, 2] = 3000 + 500 * x[:, 2] - 400 * (y == 1)
    x[:, 3] = 1e-4 * (x[:, 3] + 2)
    x[:, 4] = 0.1
    x = numpy.array(rounded(x, 5)).reshape(60, 6)
    x[rng.random((60, 6)) < 0.06] = numpy.nan
    return x, y


def wide():
    """30 x 80: more features than rows, as with embeddings."""
    rng = numpy.random.default_rng(20260102)
    y = numpy.arange(30) % 3
    factors = rng.normal(size=(30, 5)) + 0.7 * numpy.eye(5)[y]
    x = factors @ rng.normal(size=(5, 80)) + 0.5 * rng.normal(size=(30, 80))
    return numpy.array(rounded(x, 4)).reshape(30, 80), y


def logistic(x, y):
    cases = []
    for classes in (2, 3):
        labels = y if classes == 3 else (y > 0).astype(int)
        for c in (0.01, 1.0, 100.0):
            for weight in (None, "balanced"):
                model = LogisticRegression(
                    C=c, class_weight=weight, solver="newton-cholesky", tol=1e-12, max_iter=1000
                ).fit(x, labels)
                check = LogisticRegression(
                    C=c, class_weight=weight, solver="lbfgs", tol=1e-10, max_iter=100000
                ).fit(x, labels)
                difference = numpy.abs(model.coef_ - check.coef_).max()
                assert difference < 1e-4 * max(1, numpy.abs(model.coef_).max()), difference
                cases.append(
                    {
                        "classes": classes,
                        "c": c,
                        "balanced": weight is not None,
                        "coefficients": rounded(model.coef_, 12),
                        "intercepts": rounded(model.intercept_, 12),
                        "probabilities": rounded(model.predict_proba(x[:5]), 12),
                    }
                )
    return cases


def data_set(x, y):
    imputer = SimpleImputer(strategy="median").fit(x)
    complete = imputer.transform(x)
    scaler = StandardScaler().fit(complete)
    standard = scaler.transform(complete)
    pca = PCA(n_components=3, svd_solver="full").fit(standard)
    share = PCA(n_components=0.8, svd_solver="full").fit(standard)
    steps = make_pipeline(
        SimpleImputer(strategy="median"),
        StandardScaler(),
        PCA(n_components=3, svd_solver="full"),
        LogisticRegression(C=0.5, solver="newton-cholesky", tol=1e-12, max_iter=1000),
    ).fit(x[:-10], y[:-10])
    return {
        "rows": x.shape[0],
        "columns": x.shape[1],
        "x": [None if numpy.isnan(v) else float(v) for v in x.ravel()],
        "y": [int(v) for v in y],
        "medians": rounded(imputer.statistics_),
        "means": rounded(scaler.mean_),
        "scales": rounded(scaler.scale_),
        "pca": {
            "components": rounded(pca.components_, 12),
            "explained_variance": rounded(pca.explained_variance_, 12),
            "explained_variance_ratio": rounded(pca.explained_variance_ratio_, 12),
            "scores": rounded(pca.transform(standard[:4]), 12),
            "components_for_80_percent": int(share.n_components_),
        },
        "logistic": logistic(standard, y),
        "pipeline_held_out": rounded(steps.predict_proba(x[-10:]), 12),
    }


reference = {
    "made_with": {"scikit-learn": sklearn.__version__, "numpy": numpy.__version__},
    "tall": data_set(*tall()),
    "wide": data_set(*wide()),
}
path = pathlib.Path(__file__).with_name("reference.json")
path.write_text(json.dumps(reference, separators=(",", ":")) + "\n")
print(path.stat().st_size, "bytes")
