"""Writes small checkpoints with PyTorch itself, and what they hold.

    python make.py            # into this folder

Needs torch, numpy and safetensors (made with torch 2.x). The files of `refused` ask to run code: PyTorch's own `weights_only` loader
refuses them as well, which this script checks. Nothing of them is ever loaded otherwise.
"""

import argparse
import collections
import json
import os
import pathlib
import pickle

import numpy
import safetensors.torch
import torch

HERE = pathlib.Path(__file__).parent


class Settings:
    """A class that no reader knows, as a training script may leave it in its arguments."""

    def __init__(self):
        self.rate = 0.1


class Call:
    """Pickles to a call of a function."""

    def __init__(self, function, *arguments):
        self.function, self.arguments = function, arguments

    def __reduce__(self):
        return self.function, self.arguments


def numbers(*shape):
    return torch.arange(torch.Size(shape).numel(), dtype=torch.float32).reshape(shape) / 8 - 1


def kinds():
    """Every way in which numbers are stored."""
    whole = numbers(4, 6)
    return collections.OrderedDict(
        f32=numbers(2, 3),
        f64=numbers(2, 3).double(),
        f16=numbers(2, 3).half(),
        bf16=numbers(2, 3).bfloat16(),
        transposed=whole.t(),
        window=whole[1:3, 2:5],
        stepped=whole[::2, ::3],
        expanded=numbers(1, 3).expand(4, 3),
        scalar=torch.tensor(0.625),
        empty=torch.zeros(0, 3),
        parameter=torch.nn.Parameter(numbers(3)),
    )


def training():
    """A training state with everything that scripts put beside the tensors."""
    tensors = collections.OrderedDict(
        {
            "module.base_encoder.patch_embed.proj.weight": numbers(2, 1, 1, 1, 1),
            "module.base_encoder.cls_token": numbers(1, 1, 2),
            "module.base_encoder.blocks.1.norm1.weight": numbers(2),
            "module.base_encoder.head.0.weight": numbers(2, 2),
            "module.momentum_encoder.cls_token": numbers(1, 1, 2),
            "module.predictor.0.weight": numbers(2, 2),
            "module.queue_ptr": torch.zeros(1, dtype=torch.long),
        }
    )
    tensors._metadata = collections.OrderedDict({"": {"version": 1}})
    optimizer = {
        "state": {0: {"step": torch.tensor(7.0), "exp_avg": numbers(2)}},
        "param_groups": [{"lr": numpy.float64(1e-4), "betas": (0.9, 0.95), "params": [0]}],
    }
    return {
        "epoch": 3,
        "arch": "vit_3d_test",
        "state_dict": tensors,
        "optimizer": optimizer,
        "scaler": {"scale": 65536.0, "growth_tracker": 12},
        "args": argparse.Namespace(lr=0.1, gpus={0, 1}, out=pathlib.PurePosixPath("runs"), big=1 << 80, text="é"),
        "settings": Settings(),
        "history": collections.defaultdict(list, loss=[numpy.float32(0.5), numpy.array([1.0, 2.0])]),
        "rng": numpy.random.RandomState(3).get_state(),
        "torch_rng": torch.zeros(4, dtype=torch.uint8),
        "shape": torch.Size([1, 2]),
        "dtype": torch.float16,
        "device": torch.device("cpu"),
        "counter": collections.Counter("aab"),
    }


def main():
    torch.save(kinds(), HERE / "kinds.pth")
    safe = {name: tensor.detach().contiguous() for name, tensor in kinds().items()}
    safetensors.torch.save_file(safe, HERE / "kinds.safetensors")
    expected = {
        name: {"shape": list(tensor.shape), "data": tensor.detach().double().flatten().tolist()}
        for name, tensor in kinds().items()
    }
    (HERE / "kinds.json").write_text(json.dumps(expected, indent=1))
    for protocol in [2, 3, 4, 5]:
        torch.save(training(), HERE / f"training-{protocol}.pth.tar", pickle_protocol=protocol)
    torch.save({"x": numbers(3)}, HERE / "legacy.pth", _use_new_zipfile_serialization=False)

    refused = {
        "top": Call(os.system, "true"),
        "optimizer": {"state_dict": kinds(), "optimizer": {"state": [Call(eval, "1")]}},
        "key": {"state_dict": kinds(), "args": {1: Call(getattr, 1, "real")}},
        "import": {"state_dict": kinds(), "args": os.system},
        "foreign": {"state_dict": kinds(), "args": Call(numpy.fromfile, "x")},
    }
    for name, value in refused.items():
        path = HERE / f"refused-{name}.pth"
        torch.save(value, path)
        try:
            torch.load(path, weights_only=True)
        except pickle.UnpicklingError:
            continue
        raise SystemExit(f"{path.name} was not refused")


if __name__ == "__main__":
    main()
