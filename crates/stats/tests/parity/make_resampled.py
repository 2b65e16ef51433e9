"""Expected corrected resampled t intervals, written to resampled.json.

    python make_resampled.py

The formula of Nadeau and Bengio 2003 with numpy's variance and scipy's quantile of Student's distribution.
"""

import json
from pathlib import Path

import numpy as np
from scipy import stats

rng = np.random.default_rng(3)
cases = []
for count, share, confidence in ((5, 0.25, 0.95), (25, 0.25, 0.95), (30, 1 / 9, 0.9)):
    values = np.round(0.7 + 0.05 * rng.standard_normal(count), 4)
    error = np.sqrt((1 / count + share) * values.var(ddof=1))
    reach = stats.t.ppf(0.5 + confidence / 2, count - 1) * error
    cases.append(
        {
            "values": values.tolist(),
            "test_share": share,
            "confidence": confidence,
            "standard_error": float(error),
            "interval": [float(values.mean() - reach), float(values.mean() + reach)],
        }
    )
Path(__file__).with_name("resampled.json").write_text(json.dumps(cases) + "\n")
