"""Expected harmonised values, written to combat.json (after make_table.py).

    python make_combat.py

neuroCombat 0.2.12 from PyPI (with two repairs for NumPy 2, see below), on the columns 0 to 9 and 17 to 29 of the table. The held-out case fits on the first
60 rows and applies neuroCombatFromTraining to the other 30.
"""

import contextlib
import io
import json
import sys
from pathlib import Path

import numpy as np
import pandas as pd

np.int = int
from neuroCombat import neuroCombat, neuroCombatFromTraining  # noqa: E402

# It turns arrays of one entry into numbers by int(), which NumPy 2 no longer does.
sys.modules["neuroCombat.neuroCombat"].int = lambda value: int(np.asarray(value).item())

here = Path(__file__).parent
table = json.loads((here / "table.json").read_text())
columns = [*range(10), *range(17, 30)]
x = np.array(table["x"]).reshape(table["rows"], table["columns"])[:, columns]
covars = pd.DataFrame({"centre": table["centre"], "age": table["age"], "menopause": table["menopause"]})
cases = []


def run(rows=slice(None), **options):
    with contextlib.redirect_stdout(io.StringIO()):
        return neuroCombat(dat=x[rows].T.copy(), covars=covars[rows].copy(), batch_col="centre", **options)


def shorten(values):
    return [float(f"{v:.11g}") for v in values.ravel()]


# The last: the other features as the prior.
for eb, parametric in ((True, True), (False, True), (True, False)):
    for mean_only in (True, False):
        if mean_only and not eb:
            continue
        for covariates in (False, True):
            for reference in (None, "B"):
                options = dict(eb=eb, parametric=parametric, mean_only=mean_only, ref_batch=reference)
                if covariates:
                    options |= dict(continuous_cols=["age"], categorical_cols=["menopause"])
                result = run(**options)["data"].T
                cases.append(
                    {
                        "empirical_bayes": eb,
                        "parametric": parametric,
                        "mean_only": mean_only,
                        "covariates": covariates,
                        "reference": reference,
                        # Every sixth row is enough to see a difference, and the file stays small.
                        "harmonised": shorten(result[::6]),
                    }
                )

fitted = run(slice(0, 60))
with contextlib.redirect_stdout(io.StringIO()):
    out = neuroCombatFromTraining(x[60:].T.copy(), np.array(table["centre"][60:]), fitted["estimates"])["data"].T
(here / "combat.json").write_text(json.dumps({"columns": columns, "cases": cases, "held_out": shorten(out)}) + "\n")
