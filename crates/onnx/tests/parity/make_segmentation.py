"""Makes segment3d.onnx and segment.json: a small segmentation network, and what MONAI's sliding window gives with it.

    python make_segmentation.py

Needs torch, onnx and monai. Weights are seeded and random. Axes of PyTorch are z, y, x; those of the library i = x, j = y, k = z.
"""

import json
import pathlib

import monai
import numpy
import torch
from monai.inferers import sliding_window_inference

FOLDER = pathlib.Path(__file__).parent
WINDOW = (8, 12, 16)  # z, y, x


class Segmenter(torch.nn.Module):
    """Two channels in, three classes out; padding makes the answer depend on the place in the window."""

    def __init__(self):
        super().__init__()
        conv = lambda i, o, s: torch.nn.Sequential(
            torch.nn.Conv3d(i, o, 3, stride=s, padding=1), torch.nn.InstanceNorm3d(o, affine=True), torch.nn.LeakyReLU(0.01))
        self.a, self.b = conv(2, 6, 1), conv(6, 8, 2)
        self.up = torch.nn.ConvTranspose3d(8, 6, 2, stride=2)
        self.last = torch.nn.Conv3d(12, 3, 1)

    def forward(self, x):
        a = self.a(x)
        return self.last(torch.cat([self.up(self.b(a)), a], 1))


def volume(depth, height, width):
    """The volume of tests/segment.rs: two channels, functions of the index alone."""
    index = numpy.arange(depth * height * width, dtype=numpy.float64)
    channels = [numpy.sin(index * 0.0731) + numpy.cos(index * 0.171), numpy.cos(index * 0.0313) * 0.7]
    return torch.from_numpy(numpy.stack(channels).astype(numpy.float32).reshape(1, 2, depth, height, width))


def flipped(network, axes):
    """The network with its answers averaged over all combinations of flips."""

    def run(x):
        total = 0
        for bits in range(2 ** len(axes)):
            dims = [axis for n, axis in enumerate(axes) if bits >> n & 1]
            total = total + torch.flip(network(torch.flip(x, dims)), dims)
        return total / 2 ** len(axes)

    return run


def main():
    torch.manual_seed(5)
    network = Segmenter().eval()
    torch.onnx.export(
        network, torch.zeros(1, 2, *WINDOW), FOLDER / "segment3d.onnx", input_names=["image"], output_names=["logits"], opset_version=17, dynamo=False)
    cases = []
    # Larger than the window, exactly one window along an axis, and smaller along another.
    for shape, overlap, mode, axes in [
        ((19, 30, 41), 0.5, "gaussian", []), ((8, 25, 33), 0.25, "constant", []), ((5, 13, 40), 0.6, "gaussian", []), ((11, 20, 21), 0.5, "gaussian", [2, 3, 4])]:
        with torch.no_grad():
            logits = sliding_window_inference(volume(*shape), WINDOW, 1, flipped(network, axes), overlap=overlap, mode=mode, sigma_scale=0.125)
        cases.append({
            "size": shape[::-1], "overlap": overlap, "gaussian": mode == "gaussian", "flips": bool(axes), "every": 61,
            "logits": logits.flatten()[::61].tolist()})
    content = {"monai": monai.__version__, "window": WINDOW[::-1], "cases": cases}
    (FOLDER / "segment.json").write_text(json.dumps(content) + "\n")


if __name__ == "__main__":
    main()
