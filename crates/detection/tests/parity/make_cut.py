"""Makes cut.json: minimum cuts of random grids by SciPy. Needs numpy and scipy.

    python make_cut.py
"""

import json
import pathlib

import numpy as np
import scipy
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import breadth_first_order, maximum_flow

RNG = np.random.default_rng(31)


def case(size, terminal, between):
    ni, nj, nk = size
    count = ni * nj * nk
    to_source = np.where(RNG.random(count) < 0.4, RNG.integers(0, terminal, count), 0)
    to_sink = np.where(RNG.random(count) < 0.4, RNG.integers(0, terminal, count), 0)
    links = [RNG.integers(0, between, count) for _ in range(3)]
    rows, columns, values = [], [], []

    def add(a, b, capacity):
        rows.append(a), columns.append(b), values.append(capacity)

    source, sink = count, count + 1
    for at in range(count):
        add(source, at, to_source[at])
        add(at, sink, to_sink[at])
        i, j, k = at % ni, at // ni % nj, at // (ni * nj)
        for axis, (place, length, stride) in enumerate([(i, ni, 1), (j, nj, ni), (k, nk, ni * nj)]):
            if place + 1 < length:
                add(at, at + stride, links[axis][at])
                add(at + stride, at, links[axis][at])
    graph = csr_matrix((np.array(values, dtype=np.int32), (rows, columns)), shape=(count + 2, count + 2))
    result = maximum_flow(graph, source, sink)
    residual = graph - result.flow
    residual.data[residual.data < 0] = 0
    residual.eliminate_zeros()
    reached = breadth_first_order(residual, source, return_predecessors=False)
    with_source = np.zeros(count + 2, dtype=int)
    with_source[reached] = 1
    return {
        "size": size,
        "to_source": to_source.tolist(),
        "to_sink": to_sink.tolist(),
        "between": [link.tolist() for link in links],
        "value": int(result.flow_value),
        "with_source": with_source[:count].tolist(),
    }


if __name__ == "__main__":
    cases = [case((4, 3, 2), 20, 10), case((7, 6, 5), 60, 12), case((9, 8, 1), 100, 30), case((1, 1, 12), 9, 9), case((6, 7, 8), 200, 25)]
    content = {"scipy": scipy.__version__, "cases": cases}
    (pathlib.Path(__file__).parent / "cut.json").write_text(json.dumps(content) + "\n")
