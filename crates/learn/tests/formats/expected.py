"""Writes expected.json: predictions of the kept models, computed from their files with numpy alone.

Run: python expected.py
"""

import hashlib
import json
import pathlib

import numpy

FOLDER = pathlib.Path(__file__).parent


def read(path):
    magic, checksum, body = path.read_bytes().split(b"\n", 2)
    assert magic.startswith(b"TRIHER-MODEL "), magic
    assert hashlib.sha256(body).hexdigest().encode() == checksum
    return json.loads(body)


def matrix(stored):
    return numpy.array(stored["values"]).reshape(stored["rows"], stored["columns"])


def predict(model, x):
    pipeline = model["pipeline"]
    medians = numpy.array([0.0 if m is None else m for m in pipeline["imputer"]["medians"]])
    x = numpy.where(numpy.isnan(x), medians, x)
    if pipeline["standardizer"]:
        x = (x - pipeline["standardizer"]["means"]) / pipeline["standardizer"]["scales"]
    if pipeline["pca"]:
        x = (x - pipeline["pca"]["mean"]) @ matrix(pipeline["pca"]["components"]).T
    classifier = pipeline["classifier"]
    scores = x @ matrix(classifier["coefficients"]).T + classifier["intercepts"]
    if scores.shape[1] == 1:
        scores = numpy.hstack([numpy.zeros_like(scores), scores])
    e = numpy.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)


expected = {}
for path in sorted(FOLDER.glob("model-v*.triher")):
    model = read(path)
    names = model["feature_names"]
    rng = numpy.random.default_rng(1)
    x = numpy.round(rng.normal(size=(4, len(names))), 3)
    x[1, 2] = numpy.nan
    expected[path.name] = {
        "feature_names": names,
        "classes": model["classes"],
        "x": [[None if numpy.isnan(v) else float(v) for v in row] for row in x],
        "probabilities": predict(model, x).tolist(),
    }
(FOLDER / "expected.json").write_text(json.dumps(expected, indent=1) + "\n")
