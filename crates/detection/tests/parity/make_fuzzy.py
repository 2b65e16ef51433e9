"""Makes fuzzy.json: fuzzy c-means of scikit-fuzzy on three heaps of points. Needs numpy and scikit-fuzzy 0.5.

    python make_fuzzy.py
"""

import json
import pathlib

import numpy as np
import skfuzzy

RNG = np.random.default_rng(11)


def case(clusters, fuzzifier):
    heaps = [RNG.normal(centre, 0.8, (count, 3)) for centre, count in [((0, 0, 0), 30), ((2, 1, 3), 20), ((4, -2, 1), 15)]]
    samples = np.concatenate(heaps)
    u0 = RNG.dirichlet(np.ones(clusters), len(samples)).T
    weights = u0**fuzzifier
    first = weights @ samples / weights.sum(1, keepdims=True)
    centres, u, *_ = skfuzzy.cluster.cmeans(samples.T, clusters, fuzzifier, error=1e-13, maxiter=5000, init=u0)
    return {
        "fuzzifier": fuzzifier,
        "samples": samples.ravel().tolist(),
        "first_centres": first.tolist(),
        "centres": centres.tolist(),
        "memberships": u.T.ravel().tolist(),
    }


if __name__ == "__main__":
    cases = [case(2, 2.0), case(3, 2.0), case(3, 1.5)]
    content = {"scikit-fuzzy": skfuzzy.__version__, "cases": cases}
    (pathlib.Path(__file__).parent / "fuzzy.json").write_text(json.dumps(content) + "\n")
