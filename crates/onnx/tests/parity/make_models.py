"""Makes the models of tests/parity.rs and what PyTorch gives for them.

    python make_models.py            # writes the .onnx files and expected.json beside this script

Needs torch and onnx. Weights are seeded and random; the networks are small members of three kinds: a 3-D U-Net with transposed convolutions, a 3-D ResNet, and
a 2-D vision transformer that sees a volume slice by slice.
"""

import json
import pathlib

import numpy
import onnx
import torch
from onnx import TensorProto, helper

FOLDER = pathlib.Path(__file__).parent


class UNet3D(torch.nn.Module):
    def __init__(self):
        super().__init__()
        conv = lambda i, o: torch.nn.Sequential(
            torch.nn.Conv3d(i, o, 3, padding=1), torch.nn.InstanceNorm3d(o, affine=True), torch.nn.LeakyReLU(0.1))
        self.down1, self.down2, self.bottom = conv(1, 4), conv(4, 8), conv(8, 12)
        self.pool = torch.nn.MaxPool3d(2)
        self.up2, self.up1 = torch.nn.ConvTranspose3d(12, 8, 2, stride=2), torch.nn.ConvTranspose3d(8, 4, 2, stride=2)
        self.join2, self.join1 = conv(16, 8), conv(8, 4)
        self.last = torch.nn.Conv3d(4, 2, 1)

    def forward(self, x):
        a = self.down1(x)
        b = self.down2(self.pool(a))
        c = self.bottom(self.pool(b))
        d = self.join2(torch.cat([self.up2(c), b], 1))
        e = self.join1(torch.cat([self.up1(d), a], 1))
        return self.last(e), c


class Block3D(torch.nn.Module):
    def __init__(self, i, o, stride):
        super().__init__()
        self.a = torch.nn.Conv3d(i, o, 3, stride, 1, bias=False)
        self.na = torch.nn.BatchNorm3d(o)
        self.b = torch.nn.Conv3d(o, o, 3, 1, 1, bias=False)
        self.nb = torch.nn.BatchNorm3d(o)
        self.short = torch.nn.Sequential(torch.nn.Conv3d(i, o, 1, stride, bias=False), torch.nn.BatchNorm3d(o))

    def forward(self, x):
        return torch.relu(self.nb(self.b(torch.relu(self.na(self.a(x))))) + self.short(x))


class ResNet3D(torch.nn.Module):
    def __init__(self, width=4):
        super().__init__()
        self.stem = torch.nn.Sequential(
            torch.nn.Conv3d(3, width, 5, 2, 2, bias=False), torch.nn.BatchNorm3d(width), torch.nn.ReLU(), torch.nn.MaxPool3d(3, 2, 1))
        self.blocks = torch.nn.Sequential(Block3D(width, width, 1), Block3D(width, 2 * width, 2), Block3D(2 * width, 4 * width, 2))

    def forward(self, x):
        return self.blocks(self.stem(x)).mean((2, 3, 4))


class ViT2D(torch.nn.Module):
    """Tokens [n, 1 + patches, width], the class token first."""

    def __init__(self, side=16, patch=4, width=24, heads=3, depth=2):
        super().__init__()
        self.heads = heads
        self.embed = torch.nn.Conv2d(1, width, patch, patch)
        self.cls = torch.nn.Parameter(torch.randn(1, 1, width) * 0.2)
        self.position = torch.nn.Parameter(torch.randn(1, (side // patch) ** 2 + 1, width) * 0.2)
        self.blocks = torch.nn.ModuleList(
            torch.nn.ModuleDict({
                "n1": torch.nn.LayerNorm(width), "qkv": torch.nn.Linear(width, 3 * width), "proj": torch.nn.Linear(width, width),
                "n2": torch.nn.LayerNorm(width), "fc1": torch.nn.Linear(width, 2 * width), "fc2": torch.nn.Linear(2 * width, width),
            }) for _ in range(depth))
        self.norm = torch.nn.LayerNorm(width)

    def forward(self, x):
        t = self.embed(x).flatten(2).transpose(1, 2)
        t = torch.cat([self.cls.expand(t.shape[0], -1, -1), t], 1) + self.position
        for b in self.blocks:
            n, length, width = t.shape
            q, k, v = b["qkv"](b["n1"](t)).reshape(n, length, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4).unbind(0)
            a = torch.softmax(q @ k.transpose(-1, -2) * (width // self.heads) ** -0.5, -1) @ v
            t = t + b["proj"](a.transpose(1, 2).reshape(n, length, width))
            t = t + b["fc2"](torch.nn.functional.gelu(b["fc1"](b["n2"](t))))
        return self.norm(t)


def patch(depth, height, width):
    """The patch of tests/parity.rs: a function of the index alone."""
    index = numpy.arange(depth * height * width, dtype=numpy.float64)
    return (numpy.sin(index * 0.7310585) * 130 + numpy.cos(index * 0.0171) * 100 + 300).astype(numpy.float32).reshape(depth, height, width)


def z_score(x):
    x = x.astype(numpy.float64)
    return ((x - x.mean()) / (x.std(ddof=1) + 1e-8)).astype(numpy.float32)


def save(network, example, name, outputs):
    torch.onnx.export(network, example, FOLDER / f"{name}.onnx", input_names=["image"], output_names=outputs, opset_version=17, dynamo=False)


def main():
    expected = {}
    volume = torch.from_numpy(z_score(patch(16, 16, 16)))
    with torch.no_grad():
        torch.manual_seed(1)
        network = UNet3D().eval()
        save(network, volume[None, None], "unet3d", ["logits", "bottom"])
        logits, bottom = network(volume[None, None])
        expected["unet3d-logits"] = logits.flatten()[::64].tolist()
        expected["unet3d-bottom-mean"] = bottom.mean((2, 3, 4))[0].tolist()

        torch.manual_seed(2)
        network = ResNet3D().eval()
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm3d):
                module.running_mean.normal_(0, 0.2)
                module.running_var.uniform_(0.5, 2)
        rgb = volume.expand(1, 3, -1, -1, -1)
        save(network, rgb, "resnet3d", ["features"])
        expected["resnet3d"] = network(rgb)[0].tolist()

        torch.manual_seed(3)
        network = ViT2D().eval()
        save(network, volume[None, None, 0], "vit2d", ["tokens"])
        tokens = network(volume[4:9, None])  # the slices of the mask
        expected["vit2d-class-mean"] = tokens[:, 0].mean(0).tolist()
        expected["vit2d-tokens-max"] = tokens.mean(1).amax(0).tolist()
    (FOLDER / "expected.json").write_text(json.dumps(expected) + "\n")

    node = helper.make_node("Frobnicate", ["image"], ["features"], domain="")
    graph = helper.make_graph(
        [node], "strange", [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 4, 4, 4])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 1, 4, 4, 4])])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, FOLDER / "strange.onnx")
    # Divides by zero: what a damaged network may give.
    zero = helper.make_tensor("zero", TensorProto.FLOAT, [1], [0.0])
    graph = helper.make_graph(
        [helper.make_node("Div", ["image", "zero"], ["features"])], "infinite",
        [helper.make_tensor_value_info("image", TensorProto.FLOAT, [1, 1, 4, 4, 4])],
        [helper.make_tensor_value_info("features", TensorProto.FLOAT, [1, 1, 4, 4, 4])], [zero])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)])
    model.ir_version = 8
    onnx.save(model, FOLDER / "infinite.onnx")


if __name__ == "__main__":
    main()
