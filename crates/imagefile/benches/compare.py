"""Times nibabel and SimpleITK on the files that the benchmark `read` leaves in the temporary folder.

Run after `cargo bench -p triher-imagefile`: python compare.py   (needs nibabel, SimpleITK, numpy)
"""

import tempfile
import time
from pathlib import Path

import nibabel as nib
import numpy as np
import SimpleITK as sitk

for name in ("phase.nii", "phase.nii.gz"):
    path = str(Path(tempfile.gettempdir()) / f"triher-bench-{name}")
    for peer, read in (
        ("nibabel", lambda: np.asarray(nib.load(path).dataobj, dtype=np.float32)),
        ("SimpleITK", lambda: sitk.GetArrayFromImage(sitk.ReadImage(path, sitk.sitkFloat32))),
    ):
        times = []
        for _ in range(10):
            start = time.perf_counter()
            read()
            times.append(time.perf_counter() - start)
        print(f"{name:13} {peer:10} {1000 * sorted(times)[5]:8.1f} ms")
