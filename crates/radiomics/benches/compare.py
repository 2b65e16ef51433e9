"""Times triher, PyRadiomics, MIRP and Nyxus on the same lesions in turn, so that what else the machine does hits all alike.

    cargo build --release -p triher-radiomics --example features_time
    python compare.py TARGET/release/examples/features_time --pyradiomics PYTHON --mirp PYTHON --nyxus PYTHON [--rounds 5]
        [--lesions small large huge]

PYTHON are interpreters that have `pyradiomics` (3.0.1), `mirp` and `nyxus`; those that are left out are not timed. The lesions are rough ellipsoids of
about 10,000 (small), 100,000 (large) and, when they are asked for, 1,000,000 (huge) voxels in noise, 32 bins, in three dimensions; SimpleITK writes them, with the
interpreter that runs this. Every program holds image and mask in memory or reads a small uncompressed file; two threads at most. Medians in
milliseconds, and the most memory that the program has held (on Linux).
"""

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

MAKE = """
import sys, numpy as np, SimpleITK as sitk
folder, wanted = sys.argv[1], sys.argv[2:]
rng = np.random.default_rng(7)
for name, radii in (("small", (11, 14, 16)), ("large", (24, 30, 34)), ("huge", (52, 64, 73))):
    size = [2 * r + 24 for r in radii]
    z, y, x = np.indices(size)
    d = sum(((c - s / 2) / r) ** 2 for c, s, r in zip((z, y, x), size, radii))
    smooth = rng.standard_normal(size)
    for axis in range(3):
        smooth = (smooth + np.roll(smooth, 1, axis) + np.roll(smooth, -1, axis)) / 3
    image = (400 + 150 * np.exp(-d) + 260 * smooth).astype("float32")
    mask = (d + 0.5 * smooth < 1).astype("uint8")
    if name not in wanted:
        continue
    print(name, int(mask.sum()))
    for array, kind in ((image, "image"), (mask, "mask")):
        out = sitk.GetImageFromArray(array)
        out.SetSpacing((1.0, 1.0, 1.0))
        sitk.WriteImage(out, f"{folder}/{name}_{kind}.nii")
"""

PYRADIOMICS = """
import sys, time, logging, SimpleITK as sitk
from radiomics import featureextractor
logging.disable(logging.CRITICAL)
image, mask = (sitk.ReadImage(p) for p in sys.argv[1:3])
extractor = featureextractor.RadiomicsFeatureExtractor(binCount=32, additionalInfo=False)
for line in sys.stdin:
    begin = time.perf_counter()
    n = sum(k.startswith("original_") for k in extractor.execute(image, mask))
    print((time.perf_counter() - begin) * 1000, n, flush=True)
"""

MIRP = """
import sys, time, logging, os
from mirp import extract_features
logging.disable(logging.CRITICAL)
three = ["3d_average", "3d_volume_merge"]
for line in sys.stdin:
    begin = time.perf_counter()
    out = sys.stdout; sys.stdout = open(os.devnull, "w")
    r = extract_features(image=sys.argv[1], mask=sys.argv[2], image_modality="mr", base_feature_families="all", tissue_mask_type="none",
        base_discretisation_method="fixed_bin_number", base_discretisation_n_bins=32, ivh_discretisation_method="fixed_bin_number",
        glcm_spatial_method=three, glrlm_spatial_method=three, glszm_spatial_method=["3d"], gldzm_spatial_method=["3d"],
        ngtdm_spatial_method=["3d"], ngldm_spatial_method=["3d"])
    sys.stdout = out
    print((time.perf_counter() - begin) * 1000, r[0].shape[1], flush=True)
"""

NYXUS = """
import sys, time
from nyxus import Nyxus3D
for line in sys.stdin:
    nyx = Nyxus3D(["*3D_ALL*"], coarse_gray_depth=32, n_feature_calc_threads=2)
    begin = time.perf_counter()
    r = nyx.featurize_files([sys.argv[1]], [sys.argv[2]], False)
    print((time.perf_counter() - begin) * 1000, r.shape[1], flush=True)
"""

ENVIRONMENT = os.environ | {"OMP_NUM_THREADS": "2", "ITK_GLOBAL_DEFAULT_NUMBER_OF_THREADS": "2"}


class Peer:
    """A program that measures once for every line that it is sent."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=ENVIRONMENT)

    def measure(self):
        self.process.stdin.write("\n")
        self.process.stdin.flush()
        while True:
            line = self.process.stdout.readline()
            if not line:
                return None, 0
            words = line.split()
            try:
                return float(words[0]), int(words[1])
            except (ValueError, IndexError):
                continue


    def most_memory(self):
        """Most memory that the process has held, in megabytes."""
        try:
            status = Path(f"/proc/{self.process.pid}/status").read_text()
        except OSError:
            return float("nan")
        held = [line.split()[1] for line in status.splitlines() if line.startswith("VmHWM")]
        return float(held[0]) / 1024 if held else float("nan")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("program")
    for name in ("pyradiomics", "mirp", "nyxus"):
        parser.add_argument(f"--{name}")
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--lesions", nargs="+", choices=["small", "large", "huge"], default=["small", "large"])
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = subprocess.run([sys.executable, "-c", MAKE, folder, *arguments.lesions], check=True, capture_output=True, text=True).stdout
        for line in made.splitlines():
            name, voxels = line.split()
            files = [f"{folder}/{name}_image.nii", f"{folder}/{name}_mask.nii"]
            peers = {
                "triher, profile ibsi": Peer([arguments.program, *files, "ibsi", "2"]),
                "triher, profile pyradiomics": Peer([arguments.program, *files, "pyradiomics", "2"]),
            }
            for peer, script in (("pyradiomics", PYRADIOMICS), ("mirp", MIRP), ("nyxus", NYXUS)):
                if getattr(arguments, peer):
                    peers[peer] = Peer([getattr(arguments, peer), "-c", script, *files])
            times = {peer: [] for peer in peers}
            counts = {}
            for round_ in range(arguments.rounds + 1):
                for peer, process in peers.items():
                    milliseconds, counts[peer] = process.measure()
                    # The first round warms up.
                    if round_ and milliseconds:
                        times[peer].append(milliseconds)
            print(f"{voxels} voxels, medians of {arguments.rounds} rounds")
            own = statistics.median(times["triher, profile ibsi"])
            for peer, measured in times.items():
                if measured:
                    median = statistics.median(measured)
                    print(f"  {peer:28} {counts[peer]:5} features {median:10.1f} ms  {median / own:8.1f} times  "
                          f"{peers[peer].most_memory():8.0f} MB")
                else:
                    print(f"  {peer:28} did not answer")


main()
