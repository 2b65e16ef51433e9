"""Times scipy.ndimage.label and cc3d (where installed) on the mask of region.rs. Prints milliseconds (median of 9)."""

import statistics
import time

import numpy as np
from scipy import ndimage

shape = (60, 256, 256)
mask = np.zeros(shape, bool)
for ball in range(300):
    centre = (ball * 1299709 % 60, ball * 104729 % 256, ball * 7919 % 256)
    r = 2 + ball % 9
    axes = [np.arange(max(c - r, 0), min(c + r + 1, n)) for c, n in zip(centre, shape)]
    k, j, i = np.meshgrid(*axes, indexing="ij")
    near = (k - centre[0]) ** 2 + (j - centre[1]) ** 2 + (i - centre[2]) ** 2 <= r * r
    mask[np.ix_(*axes)] |= near


def timed(name, work):
    times = []
    for _ in range(9):
        start = time.perf_counter()
        work()
        times.append(1000 * (time.perf_counter() - start))
    print(f"{name:24} {statistics.median(times):8.1f} ms")


timed("scipy label faces", lambda: ndimage.label(mask))
timed("scipy label corners", lambda: ndimage.label(mask, np.ones((3, 3, 3))))
try:
    import cc3d
except ImportError:
    print("cc3d is not installed")
else:
    timed("cc3d faces", lambda: cc3d.connected_components(mask, connectivity=6))
    timed("cc3d corners", lambda: cc3d.connected_components(mask, connectivity=26))
