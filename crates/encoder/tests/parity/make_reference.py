"""Builds the encoder in PyTorch from public parts, seeds it, and saves checkpoints with their embeddings.

    python make_reference.py small DIR     # the committed fixtures (DIR = this folder); made with torch 2.x
    python make_reference.py base DIR      # 768 wide, 12 deep, patch 8, 48^3: for TRIHER_PARITY_DIR

Needs torch, numpy and safetensors. Every tensor is random and none is 0 or 1, so that a forgotten one shows.
"""

import argparse
import json
import pathlib
import sys

import numpy
import safetensors.torch
import torch
from torch import nn


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.qkv = nn.Linear(width, 3 * width)
        self.proj = nn.Linear(width, width)

    def forward(self, x):
        batch, tokens, width = x.shape
        qkv = self.qkv(x).reshape(batch, tokens, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        mixed = nn.functional.scaled_dot_product_attention(qkv[0], qkv[1], qkv[2])
        return self.proj(mixed.transpose(1, 2).reshape(batch, tokens, width))


class Mlp(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.fc1 = nn.Linear(width, hidden)
        self.fc2 = nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(nn.functional.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.norm1 = nn.LayerNorm(width, eps=1e-6)
        self.attn = Attention(width, heads)
        self.norm2 = nn.LayerNorm(width, eps=1e-6)
        self.mlp = Mlp(width, 4 * width)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class PatchEmbed(nn.Module):
    def __init__(self, channels, width, patch):
        super().__init__()
        self.proj = nn.Conv3d(channels, width, patch, patch)

    def forward(self, x):
        return self.proj(x).flatten(2).transpose(1, 2)


class VisionTransformer(nn.Module):
    def __init__(self, side, channels, patch, width, depth, heads=12):
        super().__init__()
        self.patch_embed = PatchEmbed(channels, width, patch)
        self.cls_token = nn.Parameter(torch.zeros(1, 1, width))
        self.pos_embed = nn.Parameter(torch.zeros(1, (side // patch) ** 3 + 1, width), requires_grad=False)
        self.blocks = nn.Sequential(*[Block(width, heads) for _ in range(depth)])
        self.norm = nn.LayerNorm(width, eps=1e-6)

    def forward(self, x):
        x = self.patch_embed(x)
        x = torch.cat([self.cls_token.expand(x.shape[0], -1, -1), x], 1) + self.pos_embed
        return self.norm(self.blocks(x))


def sine_cosine(grid, width):
    omega = 1.0 / 10000 ** (torch.arange(width // 6, dtype=torch.float64) / (width // 6))
    axes = torch.meshgrid(*[torch.arange(grid, dtype=torch.float64)] * 3, indexing="ij")
    parts = []
    for axis in axes:
        angle = torch.einsum("m,d->md", axis.flatten(), omega)
        parts += [angle.sin(), angle.cos()]
    table = torch.cat(parts, 1)
    return torch.cat([torch.zeros(1, width, dtype=torch.float64), table])[None].float()


def build(side, channels, patch, width, depth, seed):
    torch.manual_seed(seed)
    network = VisionTransformer(side, channels, patch, width, depth).eval()
    with torch.no_grad():
        for name, tensor in network.named_parameters():
            if tensor.ndim >= 2 and "token" not in name and "pos" not in name:
                fan_in = tensor[0].numel()
                tensor.normal_(0, (1.5 / fan_in) ** 0.5)
            elif name.endswith("weight"):
                tensor.normal_(1, 0.2)
            else:
                tensor.normal_(0, 0.2)
        network.pos_embed.copy_(sine_cosine(side // patch, width))
    return network


def exact_in(network, kind):
    """Rounds every tensor to a shorter type, so that a checkpoint in that type holds the same network."""
    with torch.no_grad():
        for tensor in network.parameters():
            tensor.copy_(tensor.to(kind).float())


def moco(network):
    """As a distributed MoCo v3 run saves it."""
    state = {}
    for name, tensor in network.state_dict().items():
        state[f"module.base_encoder.{name}"] = tensor
        # Of the momentum encoder a few tensors are enough: they must not be taken for the encoder's.
        if tensor.ndim == 1 or "patch_embed" in name:
            state[f"module.momentum_encoder.{name}"] = tensor * 0.5
    state["module.base_encoder.head.0.weight"] = torch.randn(8, 4)
    state["module.predictor.0.weight"] = torch.randn(8, 4)
    optimizer = {"state": {0: {"step": 7, "exp_avg": torch.randn(3)}}, "param_groups": [{"lr": 1e-4, "betas": (0.9, 0.95)}]}
    arguments = argparse.Namespace(arch="vit_3d_test", epochs=3)
    return {"epoch": 3, "arch": "vit_3d_test", "state_dict": state, "optimizer": optimizer, "scaler": {"scale": 1024.0}, "args": arguments}


def reference(network, inputs, mask):
    with torch.no_grad():
        tokens = network(inputs)
    patch = network.patch_embed.proj.kernel_size
    touched = nn.functional.max_pool3d(mask.float(), patch, patch).flatten(1) > 0
    pooled = torch.stack([t[1:][m].mean(0) for t, m in zip(tokens, touched.expand(len(tokens), -1))])
    return tokens[:, 0], pooled


def main():
    kind, folder = sys.argv[1], pathlib.Path(sys.argv[2])
    folder.mkdir(parents=True, exist_ok=True)
    if kind == "small":
        side, channels, patch, width, depth, count = 8, 1, 4, 24, 2, 2
    else:
        side, channels, patch, width, depth, count = 48, 1, 8, 768, 12, 4
    network = build(side, channels, patch, width, depth, seed=20261)
    if kind == "small":
        exact_in(network, torch.bfloat16)
    # Inputs that need no file: both sides compute them from the index.
    index = torch.arange(count * channels * side**3, dtype=torch.float64)
    inputs = (torch.sin(index * 0.7310585) * 1.3 + torch.cos(index * 0.0171)).float().reshape(count, channels, side, side, side)
    mask = torch.zeros(1, 1, side, side, side)
    mask[0, 0, : side // 3, side // 4 : side // 2, : side // 2] = 1
    class_token, pooled = reference(network, inputs, mask)

    torch.save(moco(network), folder / f"{kind}-moco.pth.tar")
    if kind == "small":
        mae = {f"encoder.{name}": tensor.bfloat16() for name, tensor in network.state_dict().items()}
        mae["decoder.blocks.0.weight"] = torch.randn(2, 2)
        # A tensor that is stored transposed: strides matter.
        name = "encoder.blocks.0.mlp.fc1.weight"
        mae[name] = mae[name].t().contiguous().t()
        torch.save(mae, folder / "small-mae.pth")
        bare = {name: tensor.bfloat16().contiguous() for name, tensor in network.state_dict().items()}
        safetensors.torch.save_file(bare, folder / "small-bare.safetensors")
    expected = {
        "config": {"side": side, "channels": channels, "patch": patch, "width": width, "depth": depth},
        "class_token": numpy.round(class_token.double().numpy(), 7).tolist(),
        "mask_pooled": numpy.round(pooled.double().numpy(), 7).tolist(),
        "torch": torch.__version__,
    }
    if kind == "small":
        table = sine_cosine(6, 48)[0]
        rows = {str(row): table[row].tolist() for row in (0, 1, 2, 8, 100, 216)}
        expected["positions"] = {"grid": 6, "width": 48, "rows": rows}
        channels_and_heads(folder)
    (folder / f"{kind}.json").write_text(json.dumps(expected))


def channels_and_heads(folder):
    """Three channels, four heads, 28 tokens, stored in half precision."""
    network = build(6, 3, 2, 24, 1, seed=7)
    for block in network.blocks:
        block.attn.heads = 4
    exact_in(network, torch.float16)
    state = {f"module.encoder.{name}": tensor.half().contiguous() for name, tensor in network.state_dict().items()}
    safetensors.torch.save_file(state, folder / "channels.safetensors")
    index = torch.arange(2 * 3 * 6**3, dtype=torch.float64)
    inputs = (torch.sin(index * 0.7310585) * 1.3 + torch.cos(index * 0.0171)).float().reshape(2, 3, 6, 6, 6)
    mask = torch.zeros(1, 1, 6, 6, 6)
    mask[0, 0, : 6 // 3, 6 // 4 : 6 // 2, : 6 // 2] = 1
    class_token, pooled = reference(network, inputs, mask)
    expected = {
        "config": {"side": 6, "channels": 3, "patch": 2, "width": 24, "depth": 1, "heads": 4},
        "class_token": numpy.round(class_token.double().numpy(), 7).tolist(),
        "mask_pooled": numpy.round(pooled.double().numpy(), 7).tolist(),
        "torch": torch.__version__,
    }
    (folder / "channels.json").write_text(json.dumps(expected))


if __name__ == "__main__":
    main()
