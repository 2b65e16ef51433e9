"""Times tract and ONNX Runtime through this crate, ONNX Runtime by itself and PyTorch, in turn, so that what else the machine does hits all alike.

    cargo build --release -p triher-onnx --features tract,onnxruntime --example embed_time
    ORT_DYLIB_PATH=.../libonnxruntime.so python compare.py TARGET/release/examples/embed_time [ROUNDS]

The network has the size of the 3-D ResNet-50 (bottleneck blocks 3, 4, 6, 3; 46 million weights) on one channel of 48 voxels cubed; its weights are seeded and random.
Needs torch, onnx and onnxruntime. Prints the seconds of loading, and the medians and the best in milliseconds a patch. Without ORT_DYLIB_PATH, ONNX
Runtime through this crate is left out.
"""

import ast
import os
import pathlib
import statistics
import subprocess
import sys
import tempfile
import time

import numpy
import torch

SIDE = 48
CARD = 'file = "resnet50.onnx"\nname = "ResNet-50 3-D"\n[input]\nsize = [48, 48, 48]\nnormalisation = "none"\n'


class Bottleneck(torch.nn.Module):
    def __init__(self, inside, width, stride):
        super().__init__()
        conv = lambda i, o, k, s: torch.nn.Sequential(
            torch.nn.Conv3d(i, o, k, s, k // 2, bias=False), torch.nn.BatchNorm3d(o))
        self.a, self.b, self.c = conv(inside, width, 1, 1), conv(width, width, 3, stride), conv(width, 4 * width, 1, 1)
        self.short = conv(inside, 4 * width, 1, stride) if stride != 1 or inside != 4 * width else torch.nn.Identity()

    def forward(self, x):
        return torch.relu(self.c(torch.relu(self.b(torch.relu(self.a(x))))) + self.short(x))


class ResNet50(torch.nn.Module):
    def __init__(self):
        super().__init__()
        layers = [torch.nn.Conv3d(1, 64, 7, 2, 3, bias=False), torch.nn.BatchNorm3d(64), torch.nn.ReLU(), torch.nn.MaxPool3d(3, 2, 1)]
        inside = 64
        for stage, count in enumerate((3, 4, 6, 3)):
            for block in range(count):
                layers.append(Bottleneck(inside, 64 << stage, 2 if stage > 0 and block == 0 else 1))
                inside = 256 << stage
        self.layers = torch.nn.Sequential(*layers)

    def forward(self, x):
        return self.layers(x).mean((2, 3, 4))


class Program:
    """The crate in a process of its own."""

    def __init__(self, program, card, runtime):
        self.process = subprocess.Popen([program, card, runtime], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.loading = float(self.process.stdout.readline())

    def __call__(self, n):
        self.process.stdin.write(f"{n}\n")
        self.process.stdin.flush()
        seconds, row = self.process.stdout.readline().split(" ", 1)
        return float(seconds), numpy.array(ast.literal_eval(row))

    def close(self):
        with open(f"/proc/{self.process.pid}/status") as status:
            memory = next(int(line.split()[1]) / 1024 for line in status if line.startswith("VmHWM"))
        self.process.stdin.close()
        self.process.wait()
        return memory


def main():
    program = sys.argv[1]
    rounds = int(sys.argv[2]) if len(sys.argv) > 2 else 10
    torch.manual_seed(0)
    network = ResNet50().eval()
    inputs = {n: torch.from_numpy(numpy.sin(numpy.arange(n * SIDE**3) * 0.7).astype(numpy.float32)).reshape(n, 1, SIDE, SIDE, SIDE) for n in (1, 2)}
    folder = tempfile.TemporaryDirectory()
    path = pathlib.Path(folder.name)
    torch.onnx.export(network, inputs[1], path / "resnet50.onnx", input_names=["x"], output_names=["y"], dynamic_axes={"x": {0: "n"}}, opset_version=17, dynamo=False)
    (path / "card.toml").write_text(CARD)

    def timed(run):
        def seconds(n):
            started = time.perf_counter()
            rows = run(n)
            return time.perf_counter() - started, numpy.asarray(rows[0])[:8]

        return seconds

    def by_torch(n):
        with torch.no_grad():
            return network(inputs[n]).numpy()

    contestants = {"pytorch": timed(by_torch)}
    try:
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        session = onnxruntime.InferenceSession(str(path / "resnet50.onnx"), options, providers=["CPUExecutionProvider"])
        contestants["onnxruntime"] = timed(lambda n: session.run(None, {"x": inputs[n].numpy()})[0])
    except ImportError as error:
        print(f"no ONNX Runtime in Python: {error}")
    programs = {"tract": Program(program, path / "card.toml", "tract")}
    if os.environ.get("ORT_DYLIB_PATH"):
        programs["triher+ort"] = Program(program, path / "card.toml", "onnxruntime")
    contestants |= programs
    names = list(contestants)
    times = {(name, n): [] for n in (1, 2) for name in names}
    expected = by_torch(1)[0][:8]
    worst = dict.fromkeys(names, 0.0)
    for turn in range(rounds + 1):
        for n in (1, 2):
            # Each engine goes first in turn; the pause lets the threads of the one before stop waiting for work.
            for place in range(len(names)):
                name = names[(turn + place) % len(names)]
                time.sleep(0.3)
                taken, row = contestants[name](n)
                worst[name] = max(worst[name], float(numpy.abs(row - expected).max() / numpy.abs(expected).max()))
                if turn:
                    times[name, n].append(taken / n)
    print(f"{rounds} rounds, {torch.get_num_threads()} threads, torch {torch.__version__}, ms a patch")
    for (name, n), values in times.items():
        print(f"{name:12} {n} at once: median {statistics.median(values) * 1e3:7.1f}, best {min(values) * 1e3:7.1f}; "
              f"first numbers differ from PyTorch's by {worst[name]:.1e} of the largest")
    for name, engine in programs.items():
        print(f"{name}: loaded in {engine.loading:.2f} s, {engine.close():.0f} MiB at most")


if __name__ == "__main__":
    main()
