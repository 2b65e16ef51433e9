"""Step time beside PyTorch's: the compact network, batch 8, f32, in turns within one run.

    cargo bench -p triher-training --bench step_time --no-run     (prints the program's path)
    python step_time.py PROGRAM [ROUNDS]
"""

import re
import statistics
import subprocess
import sys
import time
from pathlib import Path

import torch

sys.path.insert(0, str(Path(__file__).parent.parent / "tests" / "parity"))
import make_expectation as nets

torch.set_num_threads(2)
nets.SIDE, nets.PATCH, nets.WIDTH, nets.DEPTH, nets.HEADS, nets.HIDDEN = 48, 8, 192, 10, 12, 768
nets.GRID = 6
BATCH = 8


def single(model):
    model = model.float()
    for part in model.modules():
        if hasattr(part, "positions"):
            part.positions = part.positions.float()
    return model


def steps(method, count=5):
    torch.manual_seed(1)
    views = [torch.randn(BATCH, 1, 48, 48, 48) for _ in range(2)]
    if method == "mae":
        model = single(nets.Mae(96, 6, 2))
        loss = lambda: model.loss(views[0], [sorted(torch.randperm(216)[:54].tolist()) for _ in range(BATCH)])
    else:
        model, slow = single(nets.Moco(1024, 256)), single(nets.Moco(1024, 256))
        loss = lambda: model.loss(slow, *views)
    optimiser = torch.optim.AdamW([p for p in model.parameters() if p.requires_grad], lr=1e-3)
    times = []
    for step in range(count + 1):
        start = time.perf_counter()
        optimiser.zero_grad()
        loss().backward()
        optimiser.step()
        if method == "moco":
            with torch.no_grad():
                for old, new in zip(slow.parameters(), model.parameters()):
                    old.lerp_(new, 0.01)
        times.append(1e3 * (time.perf_counter() - start))
    return statistics.median(times[1:])


def main():
    program, rounds = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 3
    for method in ("mae", "moco"):
        ours, theirs = [], []
        for _ in range(rounds):
            text = subprocess.run([program, method, "5"], capture_output=True, text=True, check=True).stdout
            ours.append(float(re.search(r"([\d.]+) ms", text).group(1)))
            theirs.append(steps(method))
        a, b = statistics.median(ours), statistics.median(theirs)
        print(f"{method}: ours {a:.0f} ms, PyTorch {torch.__version__} {b:.0f} ms, ratio {a / b:.2f}", flush=True)


if __name__ == "__main__":
    main()
