"""Writes classifiers.json: what scikit-learn, statsmodels, scipy and XGBoost make of one small data set.

Run: python make_classifiers.py, then Rscript make_ordinal.R, which adds ordinal.json
(numpy, scipy, scikit-learn, statsmodels, xgboost; R with MASS and VGAM)
"""

import json
import pathlib

import numpy
import scipy.optimize
import sklearn
import statsmodels
import xgboost
from scipy.special import expit
from sklearn.ensemble import RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import log_loss
from sklearn.neighbors import KNeighborsClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC
from sklearn.tree import DecisionTreeClassifier
from statsmodels.miscmodels.ordinal_model import OrderedModel

HERE = pathlib.Path(__file__).parent


def flat(values, digits=15):
    return [float(f"{v:.{digits}g}") for v in numpy.asarray(values, dtype=float).ravel()]


def data():
    """120 x 6 with three unequal, ordered, overlapping classes; multiples of 1/1024, which single precision holds exactly."""
    rng = numpy.random.default_rng(20261101)
    y = rng.choice(3, 120, p=[0.25, 0.45, 0.3])
    x = rng.normal(size=(120, 6))
    x[:, 0] += 0.9 * y
    x[:, 1] += 0.7 * (y == 1)
    x[:, 2] = 2.0 * x[:, 2] - 0.8 * y
    return numpy.round(x * 1024) / 1024, y


X, Y = data()
TRAIN, TEST = slice(0, 90), slice(90, 120)
x, y, new = X[TRAIN], Y[TRAIN], X[TEST]


def ordinal_objective(model, c):
    k, p = 3, x.shape[1]

    def objective(theta):
        b, t = theta[:p], theta[p:]
        score = x @ b
        if model == "proportional_odds":
            edges = numpy.concatenate([[-numpy.inf], t, [numpy.inf]])
            prob = expit(edges[y + 1] - score) - expit(edges[y] - score)
            if not (prob > 0).all():
                return 1e10
            loss = -numpy.log(prob)
        else:
            s = numpy.zeros((len(y), k))
            for j in range(1, k):
                s[:, j] = s[:, j - 1] + score - t[j - 1]
            loss = numpy.logaddexp.reduce(s, axis=1) - s[numpy.arange(len(y)), y]
        return 0.5 * b @ b / c + loss.sum()

    start = numpy.concatenate([numpy.zeros(p), [-1.0, 1.0]])
    found = scipy.optimize.minimize(objective, start, method="BFGS", jac="3-point", options={"gtol": 1e-9, "maxiter": 5000})

    return {"model": model, "c": c, "coefficients": flat(found.x[:p]), "thresholds": flat(found.x[p:])}


def ordered_model():
    found = OrderedModel(y, x, distr="logit").fit(method="bfgs", gtol=1e-10, maxiter=5000, disp=False)
    t = found.model.transform_threshold_params(found.params)[1:-1]
    return {"coefficients": flat(found.params[: x.shape[1]]), "thresholds": flat(t)}


def two_stage():
    first = LogisticRegression(C=0.7, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(x, y > 0)
    rest = LogisticRegression(C=0.7, solver="newton-cholesky", tol=1e-12, max_iter=1000).fit(x[y > 0], y[y > 0])
    p, q = first.predict_proba(new), rest.predict_proba(new)
    return flat(numpy.column_stack([p[:, 0], p[:, 1] * q[:, 0], p[:, 1] * q[:, 1]]))


def neighbours():
    cases = []
    for k in (1, 5, 12):
        for weight in ("uniform", "distance"):
            model = KNeighborsClassifier(k, weights=weight, algorithm="brute").fit(x, y)
            cases.append({"neighbours": k, "weight": weight, "probabilities": flat(model.predict_proba(new))})
    return cases


def trees():
    """The deepest trees in which no two best splits are equally good: all seeds, which break such ties, give the same."""
    cases = []
    for weight in (None, "balanced"):
        for leaf in (3, 6, 10):
            for depth in (6, 5, 4, 3, 2, 1):
                each = [
                    DecisionTreeClassifier(max_depth=depth, min_samples_leaf=leaf, class_weight=weight, random_state=seed)
                    .fit(x, y)
                    .predict_proba(new)
                    for seed in range(20)
                ]
                if all((p == each[0]).all() for p in each):
                    case = {"balanced": weight is not None, "depth": depth, "leaf": leaf, "probabilities": flat(each[0])}
                    print("tree", case["balanced"], depth, leaf)
                    cases.append(case)
                    break
    return cases


def forests():
    """Mean and standard deviation of the probabilities of 24 forests of 200 trees."""
    each = [
        RandomForestClassifier(200, min_samples_leaf=2, random_state=seed).fit(x, y).predict_proba(new) for seed in range(24)
    ]
    return {"forests": 24, "mean": flat(numpy.mean(each, axis=0)), "deviation": flat(numpy.std(each, axis=0, ddof=1))}


def support_vectors():
    cases = []
    for kernel in ("linear", "rbf"):
        for c in (0.1, 5.0):
            for weight in (None, "balanced"):
                model = SVC(kernel=kernel, C=c, class_weight=weight, tol=1e-8, decision_function_shape="ovo").fit(x, y)
                decision = model.decision_function(new)
                cases.append({"kernel": kernel, "c": c, "balanced": weight is not None, "decision": flat(decision)})
    return cases


def boosting():
    """XGBoost, each class against the rest, where no two best splits are equally good: the order of the columns changes nothing.

    (With deeper trees on these few rows it does: XGBoost's own probabilities then differ by 0.2 between two orders of the columns.)
    """

    def one_vs_rest(order, depth, rounds, rate, leaf):
        columns = []
        for k in range(3):
            target = (y == k).astype(float)
            settings = {
                "objective": "binary:logistic",
                "tree_method": "hist",
                # As many bins as rows, so that every value may be a threshold.
                "max_bin": 256,
                "max_depth": depth,
                "eta": rate,
                "lambda": 1.0,
                "gamma": 0.0,
                "min_child_weight": leaf,
                "base_score": float(target.mean()),
                "nthread": 1,
            }
            model = xgboost.train(settings, xgboost.DMatrix(x[:, order], target), rounds)
            columns.append(model.predict(xgboost.DMatrix(X[:, order])))
        return numpy.column_stack(columns)

    cases = []
    for depth, rounds, rate, leaf in ((1, 100, 0.1, 1.0), (2, 30, 0.1, 1.0), (3, 20, 0.1, 1.0), (3, 15, 0.3, 3.0), (4, 15, 0.3, 4.0)):
        found = one_vs_rest(list(range(6)), depth, rounds, rate, leaf)
        same = abs(found - one_vs_rest([5, 4, 3, 2, 1, 0], depth, rounds, rate, leaf)).max() < 2e-3
        print("boosting", depth, rounds, rate, leaf, "is taken" if same else "depends on the order of the columns")
        if same:
            case = {"depth": depth, "rounds": rounds, "rate": rate, "leaf": leaf}
            cases.append(case | {"one_vs_rest": flat(found, 9)})
    assert len(cases) >= 2
    return cases


def perceptrons():
    losses = []
    for seed in range(10):
        model = MLPClassifier((8,), solver="lbfgs", alpha=3.0, max_iter=200, random_state=seed, tol=1e-9).fit(x, y)
        losses.append(log_loss(Y[TEST], model.predict_proba(new)))
    cases = []
    for activation in ("relu", "tanh"):
        model = MLPClassifier((5, 4), solver="lbfgs", activation=activation, alpha=0.5, max_iter=40, random_state=3).fit(x, y)
        weights = [numpy.concatenate([w.ravel(), b]) for w, b in zip(model.coefs_, model.intercepts_)]
        p = model.predict_proba(x)
        penalty = sum((w**2).sum() for w in model.coefs_)
        objective = log_loss(y, p) + 0.5 * 0.5 * penalty / len(y)
        cases.append(
            {
                "activation": activation,
                "layers": [6, 5, 4, 3],
                "alpha": 0.5,
                "weights": flat(numpy.concatenate(weights), 17),
                "objective": float(objective),
                "loss_of_scikit_learn": float(model.loss_),
                "probabilities": flat(model.predict_proba(new)),
            }
        )
    return {"held_out_log_losses": flat(losses), "given_weights": cases}


def sigmoid():
    """Platt's sigmoid by scipy, on decision values that overlap."""
    rng = numpy.random.default_rng(5)
    positive = rng.random(60) < 0.4
    f = rng.normal(size=60) + 1.3 * positive - 0.4
    plus, minus = positive.sum(), (~positive).sum()
    t = numpy.where(positive, (plus + 1) / (plus + 2), 1 / (minus + 2))

    def objective(ab):
        z = ab[0] * f + ab[1]
        return (numpy.logaddexp(0, z) - (1 - t) * z).sum()

    def gradient(ab):
        d = t - expit(-(ab[0] * f + ab[1]))
        return numpy.array([(d * f).sum(), d.sum()])

    found = scipy.optimize.minimize(objective, [0, 0], jac=gradient, method="BFGS", options={"gtol": 1e-10})
    return {"values": flat(f), "positive": positive.tolist(), "a": float(found.x[0]), "b": float(found.x[1])}


def coupling():
    """Wu, Lin and Weng's second method by scipy's SLSQP, on pairs that contradict each other."""
    rng = numpy.random.default_rng(6)
    cases = []
    for _ in range(4):
        r = {(i, j): float(rng.uniform(0.05, 0.95)) for i in range(4) for j in range(i + 1, 4)}
        value = lambda i, j: r[(i, j)] if i < j else 1 - r[(j, i)]
        # The minimum under the sum alone, by its linear system; it is checked to lie within the simplex.
        q = numpy.zeros((4, 4))
        for i in range(4):
            for j in range(4):
                q[i, j] = sum(value(s, i) ** 2 for s in range(4) if s != i) if i == j else -value(j, i) * value(i, j)
        system = numpy.block([[q, numpy.ones((4, 1))], [numpy.ones((1, 4)), numpy.zeros((1, 1))]])
        p = numpy.linalg.solve(system, [0, 0, 0, 0, 1])[:4]
        assert (p > 0).all()
        cases.append({"pairs": [r[(i, j)] for i in range(4) for j in range(i + 1, 4)], "probabilities": flat(p)})
    return cases


def gate():
    """The gate of two members by scipy, on their probabilities."""
    rng = numpy.random.default_rng(8)
    truth = rng.choice(3, 80)
    members = []
    for strength in (1.5, 0.6):
        s = rng.normal(size=(80, 3))
        s[numpy.arange(80), truth] += strength
        p = numpy.exp(1.4 * s)
        members.append(numpy.round(p / p.sum(1, keepdims=True), 6))
    members = [m / m.sum(1, keepdims=True) for m in members]
    confidence = [1 + (m * numpy.log(m)).sum(1) / numpy.log(3) for m in members]
    c = 2.0

    def objective(theta):
        s = numpy.column_stack([theta[m] + theta[2 + m] * confidence[m] for m in range(2)])
        w = numpy.exp(s - s.max(1, keepdims=True))
        w /= w.sum(1, keepdims=True)
        p = sum(w[:, m] * members[m][numpy.arange(80), truth] for m in range(2))
        return -numpy.log(p).sum() + 0.5 / c * theta @ theta

    found = scipy.optimize.minimize(objective, numpy.zeros(4), method="BFGS", jac="3-point", options={"gtol": 1e-8})
    return {
        "c": c,
        "truth": truth.tolist(),
        "members": [flat(m, 17) for m in members],
        "biases": flat(found.x[:2]),
        "slopes": flat(found.x[2:]),
    }


result = {
    "versions": {
        "numpy": numpy.__version__,
        "scipy": scipy.__version__,
        "scikit-learn": sklearn.__version__,
        "statsmodels": statsmodels.__version__,
        "xgboost": xgboost.__version__,
    },
    "rows": 120,
    "train": 90,
    "columns": 6,
    "x": flat(X),
    "y": Y.tolist(),
    "ordinal": [ordinal_objective(m, c) for m in ("proportional_odds", "adjacent_category") for c in (0.1, 1.0)],
    "ordered_model": ordered_model(),
    "two_stage": two_stage(),
    "neighbours": neighbours(),
    "trees": trees(),
    "forests": forests(),
    "support_vectors": support_vectors(),
    "boosting": boosting(),
    "perceptrons": perceptrons(),
    "sigmoid": sigmoid(),
    "coupling": coupling(),
    "gate": gate(),
}
(HERE / "classifiers.json").write_text(json.dumps(result) + "\n")
with open(HERE / "classifiers-train.csv", "w") as out:
    out.write("y," + ",".join(f"x{j}" for j in range(6)) + "\n")
    for label, row in zip(y, x):
        out.write(f"{label}," + ",".join(repr(float(v)) for v in row) + "\n")
print("held-out log loss of the perceptrons", result["perceptrons"]["held_out_log_losses"])
