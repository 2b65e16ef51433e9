"""Writes small tables with pandas and pyarrow into data/, as other programs would hand them to us, and what they hold.

Run: python reference.py   (pandas, pyarrow)
"""

import json
import pathlib

import numpy
import pandas
import pyarrow
import pyarrow.parquet

DATA = pathlib.Path(__file__).parent / "data"
DATA.mkdir(exist_ok=True)
rng = numpy.random.default_rng(5)
n = 12
frame = pandas.DataFrame(
    {
        "case": [f"P{i:02d}" for i in range(n)],
        "label": rng.integers(0, 3, n),
        "hospital": pandas.Categorical(rng.choice(["Köln", "Łódź"], n)),
        "volume (mm3), whole": numpy.where(rng.random(n) < 0.2, numpy.nan, rng.gamma(2, 500, n)),
        "count": rng.integers(0, 2**40, n),
        "small": rng.integers(0, 200, n).astype("uint8"),
        "single": rng.normal(size=n).astype("float32"),
        "multifocal": rng.random(n) < 0.5,
        "remark": ["", "seen twice"] * (n // 2),
        "when": pandas.date_range("2020-01-01", periods=n),
    }
)
frame.loc[3, "label"] = 2
frame.to_parquet(DATA / "pandas.parquet", index=False, compression="snappy")
frame.set_index("case", drop=False).rename_axis(None).to_parquet(DATA / "pandas-index.parquet", compression=None)
frame.drop(columns="when").to_csv(DATA / "pandas.csv")
pyarrow.parquet.write_table(
    pyarrow.table({"case": pyarrow.array(["a", "b"], pyarrow.large_string()), "f": pyarrow.array([1.5, None])}),
    DATA / "gzip.parquet",
    compression="gzip",
)
features = ["volume (mm3), whole", "count", "small", "single", "multifocal"]
values = frame[features].astype(float).to_numpy()
expected = {
    "ids": frame["case"].tolist(),
    "labels": [str(v) for v in frame["label"]],
    "centres": frame["hospital"].tolist(),
    "features": features,
    "values": [None if numpy.isnan(v) else float(v) for v in values.ravel()],
}
(DATA / "expected.json").write_text(json.dumps(expected, indent=1, ensure_ascii=False) + "\n")
print({p.name: p.stat().st_size for p in sorted(DATA.iterdir())})
