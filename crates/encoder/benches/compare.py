"""Times PyTorch, ONNX Runtime and this crate in turn on the base size, so that what else the machine does hits all alike.

    cargo build --release --example forward_time
    python compare.py DIR/base-moco.pth.tar TARGET/release/examples/forward_time [ROUNDS]

The checkpoint is made by `tests/parity/make_reference.py base DIR`. Needs torch, onnx and onnxruntime. Prints the medians and the best
in milliseconds a volume.
"""

import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import torch

sys.path.insert(0, str(pathlib.Path(__file__).parent.parent / "tests" / "parity"))
import make_reference  # noqa: E402


class ClassToken(torch.nn.Module):
    def __init__(self, network):
        super().__init__()
        self.network = network

    def forward(self, x):
        return self.network(x)[:, 0]


def main():
    checkpoint, program = sys.argv[1:3]
    rounds = int(sys.argv[3]) if len(sys.argv) > 3 else 20
    network = make_reference.VisionTransformer(48, 1, 8, 768, 12).eval()
    state = torch.load(checkpoint, weights_only=False)["state_dict"]
    prefix = "module.base_encoder."
    own = {name.removeprefix(prefix): t for name, t in state.items() if name.startswith(prefix)}
    network.load_state_dict({name: t for name, t in own.items() if not name.startswith("head.")})
    network = ClassToken(network)
    inputs = {n: torch.sin(torch.arange(n * 48**3) * 0.7).reshape(n, 1, 48, 48, 48) for n in (1, 4)}

    def by_torch(n):
        with torch.no_grad():
            network(inputs[n])

    engines = {"pytorch": by_torch}
    try:
        import onnxruntime

        folder = tempfile.TemporaryDirectory()
        path = f"{folder.name}/base.onnx"
        torch.onnx.export(network, inputs[1], path, input_names=["x"], dynamic_axes={"x": {0: "n"}}, dynamo=False)
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        session = onnxruntime.InferenceSession(path, options, providers=["CPUExecutionProvider"])
        engines["onnxruntime"] = lambda n: session.run(None, {"x": inputs[n].numpy()})
        worst = numpy.abs(engines["onnxruntime"](1)[0] - network(inputs[1]).detach().numpy()).max()
        print(f"ONNX Runtime and PyTorch differ by {worst:.1e}")
    except Exception as error:  # without it the rest still runs
        print(f"no ONNX Runtime: {error}")
    process = subprocess.Popen([program, checkpoint], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)

    def ours(n):
        process.stdin.write(f"{n}\n")
        process.stdin.flush()
        return float(process.stdout.readline())

    def timed(run):
        def seconds(n):
            started = time.perf_counter()
            run(n)
            return time.perf_counter() - started

        return seconds

    contestants = [(name, timed(run)) for name, run in engines.items()] + [("triher", ours)]
    side = 2304
    matrices = torch.randn(side, side), torch.randn(side, side)
    times = {(name, n): [] for n in (1, 4) for name, _ in contestants}
    products = []
    for turn in range(rounds + 2):
        for n in (1, 4):
            # Each engine goes first in turn; the pause lets the threads of the one before stop waiting for work.
            for place in range(len(contestants)):
                name, seconds = contestants[(turn + place) % len(contestants)]
                time.sleep(0.3)
                taken = seconds(n) / n
                if turn >= 2:
                    times[name, n].append(taken)
        time.sleep(0.3)
        started = time.perf_counter()
        torch.mm(*matrices)
        products.append(time.perf_counter() - started)
    with open(f"/proc/{process.pid}/status") as status:
        memory = {line.split(":")[0]: int(line.split()[1]) / 1024 for line in status if line.startswith(("VmHWM", "VmRSS"))}
    process.stdin.close()
    process.wait()
    print(f"{rounds} rounds, {torch.get_num_threads()} threads, torch {torch.__version__}, ms a volume")
    ceiling = 2 * side**3 / statistics.median(products) / 1e9
    print(f"SGEMM of PyTorch, {side} cubed: {ceiling:.0f} GFLOP/s in the median")
    for (name, n), values in times.items():
        median = statistics.median(values)
        print(f"{name:12} batch {n}: median {median * 1e3:6.1f}, best {min(values) * 1e3:6.1f}; "
              f"38.8 GFLOP at {38.8 / median:.0f} GFLOP/s, {100 * 38.8 / median / ceiling:.0f} % of that ceiling")
    weights = sum(t.numel() for t in network.state_dict().values()) * 4 / 2**20
    print(f"memory of triher: {memory['VmRSS']:.0f} MiB resident, {memory['VmHWM']:.0f} at most; the weights are {weights:.0f} MiB")


if __name__ == "__main__":
    main()
