"""Writes probability.json: calibration, conformal sets and shrunk covariance by scipy, scikit-learn, MAPIE and crepes.

Run: python make_probability.py   (numpy, scipy, scikit-learn, mapie, crepes)
"""

import json
import pathlib

import crepes
import mapie
import numpy
import scipy.optimize
import sklearn
from crepes import ConformalClassifier
from mapie.classification import SplitConformalClassifier
from scipy.special import log_softmax, softmax
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.covariance import ledoit_wolf
from sklearn.isotonic import IsotonicRegression

HERE = pathlib.Path(__file__).parent
K = 3


def flat(values, digits=15):
    return [float(f"{v:.{digits}g}") for v in numpy.asarray(values, dtype=float).ravel()]


def predictions(rng, n):
    """Probabilities of a classifier that is too sure of itself, to six digits, and the truth."""
    y = rng.choice(K, n, p=[0.2, 0.5, 0.3])
    s = rng.normal(size=(n, K)) + 1.2 * numpy.eye(K)[y] + [0.0, 0.6, 0.1]
    p = numpy.round(softmax(2.2 * s, axis=1), 6)
    return p / p.sum(1, keepdims=True), y


rng = numpy.random.default_rng(20261102)
P, Y = predictions(rng, 163)
NEW, TRUTH = predictions(rng, 60)
L, L_NEW = numpy.log(numpy.maximum(P, 1e-12)), numpy.log(numpy.maximum(NEW, 1e-12))


def log_loss(scores):
    return -log_softmax(scores, axis=1)[numpy.arange(len(Y)), Y].mean()


def minimum(objective, start):
    found = scipy.optimize.minimize(objective, start, method="BFGS", jac="3-point", options={"gtol": 1e-9, "maxiter": 10000})
    return found.x


temperature = scipy.optimize.minimize_scalar(lambda t: log_loss(L / t), bounds=(0.05, 20), method="bounded", options={"xatol": 1e-12}).x

LAMBDA = 0.003
theta = minimum(lambda v: log_loss(L * v[:K] + v[K:]) + LAMBDA * (((v[:K] - 1) ** 2).sum() + (v[K:] ** 2).sum()), [1.0] * K + [0.0] * K)
vector = softmax(L_NEW * theta[:K] + theta[K:], axis=1)

OFF, MU = 0.02, 0.05
mask = 1 - numpy.eye(K)


def dirichlet_objective(v):
    w, b = v[: K * K].reshape(K, K), v[K * K :]
    return log_loss(L @ w.T + b) + OFF / (K * (K - 1)) * (mask * w**2).sum() + MU / K * (b**2).sum()


theta = minimum(dirichlet_objective, numpy.concatenate([numpy.eye(K).ravel(), numpy.zeros(K)]))
dirichlet = softmax(L_NEW @ theta[: K * K].reshape(K, K).T + theta[K * K :], axis=1)

# Rounded to two digits, so that inputs are tied.
P2, NEW2 = numpy.round(P, 2), numpy.round(NEW, 2)
columns = [IsotonicRegression(out_of_bounds="clip").fit(P2[:, k], Y == k).predict(NEW2[:, k]) for k in range(K)]
isotonic = numpy.column_stack(columns)
total = isotonic.sum(1, keepdims=True)
isotonic = numpy.where(total > 0, isotonic / numpy.where(total > 0, total, 1), 1 / K)


class Given(ClassifierMixin, BaseEstimator):
    """A classifier whose rows are the probabilities themselves."""

    def fit(self, x, y):
        self.classes_ = numpy.arange(K)
        self.is_fitted_ = True
        return self

    def predict_proba(self, x):
        return x

    def predict(self, x):
        return x.argmax(1)


def mapie_sets(score, coverage):
    given = Given().fit(P, Y)
    model = SplitConformalClassifier(given, confidence_level=coverage, conformity_score=score, prefit=True)
    model.conformalize(P, Y)
    _, sets = model.predict_set(NEW)
    return sets[:, :, 0]


def by_hand(score, coverage):
    """The definition in numpy, to show that the packages' sets are its.

    MAPIE breaks ties of its adaptive scores at random, so that its sets differ from run to run; these are checked against this.
    """

    def scores(p):
        if score == "lac":
            return 1 - p
        order = numpy.argsort(-p, axis=1, kind="stable")
        sums = numpy.cumsum(numpy.take_along_axis(p, order, 1), axis=1)
        sums = numpy.column_stack([numpy.zeros(len(p)), sums[:, :-1]])
        out = numpy.empty_like(p)
        numpy.put_along_axis(out, order, sums, 1)
        return out

    own = numpy.sort(scores(P)[numpy.arange(len(Y)), Y])
    place = int(numpy.ceil((len(Y) + 1) * coverage - 1e-9))
    return scores(NEW) <= own[place - 1]


def crepes_sets(coverage):
    own = 1 - P[numpy.arange(len(Y)), Y]
    model = ConformalClassifier()
    model.fit(own, bins=Y)
    sets = []
    for k in range(K):
        column = model.predict_set((1 - NEW)[:, [k]], bins=numpy.full(len(NEW), k), confidence=coverage, smoothing=False)
        sets.append(column[:, 0])
    return numpy.column_stack(sets)


conformal = []
# No number of rows makes (n + 1) times the error whole here, where packages differ in what they do with equality.
for coverage in (0.83, 0.91):
    sets = mapie_sets("lac", coverage)
    assert (sets == by_hand("lac", coverage)).all()
    conformal.append({"score": "lac", "by_class": False, "coverage": coverage, "source": "MAPIE", "sets": sets.astype(int).ravel().tolist()})
    sets = by_hand("aps", coverage)
    assert sets.any(1).all()
    conformal.append({"score": "aps", "by_class": False, "coverage": coverage, "source": "numpy", "sets": sets.astype(int).ravel().tolist()})
    sets = crepes_sets(coverage)
    conformal.append({"score": "lac", "by_class": True, "coverage": coverage, "source": "crepes", "sets": numpy.asarray(sets).astype(int).ravel().tolist()})

x = rng.normal(size=(40, 6)) @ rng.normal(size=(6, 6)) + rng.normal(size=6)
x = numpy.round(x, 5)
covariance, shrinkage = ledoit_wolf(x)
new = numpy.round(rng.normal(size=(10, 6)) * 2, 5)
d = new - x.mean(0)
mahalanobis = numpy.sqrt(numpy.einsum("ij,jk,ik->i", d, numpy.linalg.inv(covariance), d))
neighbour = numpy.sort(numpy.sqrt(((new[:, None] - x[None]) ** 2).sum(2)), axis=1)[:, 4]

result = {
    "versions": {
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "mapie": mapie.__version__,
        "crepes": crepes.__version__,
    },
    "probabilities": flat(P, 17),
    "y": Y.tolist(),
    "new": flat(NEW, 17),
    "temperature": float(temperature),
    "vector": {"penalty": LAMBDA, "calibrated": flat(vector)},
    "dirichlet": {"lambda": OFF, "mu": MU, "calibrated": flat(dirichlet)},
    "isotonic": {"inputs": flat(P2), "new": flat(NEW2), "calibrated": flat(isotonic)},
    "conformal": conformal,
    "novelty": {
        "rows": 40,
        "x": flat(x),
        "new": flat(new),
        "covariance": flat(covariance),
        "shrinkage": float(shrinkage),
        "mahalanobis": flat(mahalanobis),
        "fifth_neighbour": flat(neighbour),
    },
}
(HERE / "probability.json").write_text(json.dumps(result) + "\n")
