"""How much of a map outlives shuffled weights, by PyTorch alone: is what `triher attribute --check` tells a property of the methods, or ours?

    pip install torch safetensors scipy
    python shuffled_weights.py

writes the table of `docs/attribution.md`. Nothing of triher is used but the weights of the encoder that ships: the network is built from
PyTorch's functions, relevance is written after Chefer, Gur and Wolf (2021) over autograd, integrated gradients after Sundararajan, Taly
and Yan (2017) with 16 midpoints. Two networks of the same sizes: the one that ships, and one with random weights (truncated normal, 0.02).
Inputs are four lesion-like patches (a ball with a rim beside a vessel, on a smooth background with noise), z-scored; the score is a
fixed random direction of the class token, the same before and after shuffling. Shuffled are the numbers of each tensor, from the last norm
backwards, as `TracedEncoder::shuffled` does.
"""

import pathlib

import torch
import torch.nn.functional as F
from safetensors.torch import load_file
from scipy.stats import spearmanr

PATCH, GRID, WIDTH, DEPTH, HEADS, SIDE, CASES, STEPS = 8, 6, 192, 10, 12, 48, 4, 16
ROOT = pathlib.Path(__file__).parents[4]
SHIPPED = {k: v.float() for k, v in load_file(ROOT / "crates/compact/weights/compact.safetensors").items()}
torch.set_num_threads(1)


def positions():
    omega = 10000 ** (-torch.arange(WIDTH // 6, dtype=torch.float64) / (WIDTH // 6))
    axes = torch.cartesian_prod(*[torch.arange(GRID, dtype=torch.float64)] * 3)
    return torch.stack([torch.cat([f(a * omega) for a in place for f in (torch.sin, torch.cos)]) for place in axes]).float()


PLACES = positions()


def tokens(w, x, kept=None, sizes=None):
    x = F.conv3d(x, w["patch_embed.proj.weight"], w["patch_embed.proj.bias"], stride=PATCH).flatten(2).transpose(1, 2)
    x = torch.cat([w["cls_token"].expand(len(x), -1, -1), x + PLACES], 1)
    for block in range(DEPTH):
        of = lambda name: w[f"blocks.{block}.{name}"]
        norm = lambda name, x: F.layer_norm(x, (WIDTH,), of(f"{name}.weight"), of(f"{name}.bias"), 1e-6)
        linear = lambda name, x: F.linear(x, of(f"{name}.weight"), of(f"{name}.bias"))
        b, t, c = x.shape
        q, k, v = linear("attn.qkv", norm("norm1", x)).reshape(b, t, 3, HEADS, c // HEADS).permute(2, 0, 3, 1, 4)
        attention = (q @ k.transpose(-1, -2) / (c // HEADS) ** 0.5).softmax(-1)
        if kept is not None:
            kept.append(attention)
        step = linear("attn.proj", (attention @ v).transpose(1, 2).reshape(b, t, c))
        after = x + step
        after = after + linear("mlp.fc2", F.gelu(linear("mlp.fc1", norm("norm2", after))))
        if sizes is not None:
            sizes.append(((after - x)[:, 0].norm(dim=-1) / x[:, 0].norm(dim=-1)).mean().item())
        x = after
    return F.layer_norm(x, (WIDTH,), w["norm.weight"], w["norm.bias"], 1e-6)


def relevance(w, x, direction):
    """The class token's row, and what each block alone adds to its sum."""
    kept = []
    score = tokens(w, x.clone().requires_grad_(), kept)[0, 0] @ direction
    slopes = torch.autograd.grad(score, kept)
    r = torch.eye(GRID**3 + 1)
    added = []
    for a, g in zip(kept, slopes):
        step = (a * g)[0].clamp(min=0).mean(0).detach() @ r
        added.append(step[0, 1:].sum().item())
        r = r + step
    return r[0, 1:], added


def integrated(w, x, direction):
    total = torch.zeros_like(x)
    for step in range(STEPS):
        at = (x * (step + 0.5) / STEPS).requires_grad_()
        total += torch.autograd.grad(tokens(w, at)[0, 0] @ direction, at)[0]
    return (x * total / STEPS)[0, 0]


def shuffled(w, blocks):
    generator = torch.Generator().manual_seed(1)
    level = lambda name: DEPTH if name.startswith("norm") else int(name.split(".")[1]) if name.startswith("blocks") else -1
    lowest = -1 if blocks == DEPTH else DEPTH - blocks
    mix = lambda t: t.flatten()[torch.randperm(t.numel(), generator=generator)].reshape(t.shape)
    return {name: mix(t) if level(name) >= lowest else t for name, t in w.items()}


def fresh():
    generator = torch.Generator().manual_seed(2)
    return {
        name: torch.ones_like(t) if "norm" in name and name.endswith("weight")
        else torch.zeros_like(t) if name.endswith("bias")
        else torch.randn(t.shape, generator=generator).clamp(-2, 2) * 0.02
        for name, t in SHIPPED.items()
    }


def patch(case):
    generator = torch.Generator().manual_seed(100 + case)
    draw = lambda *shape: torch.randn(*shape, generator=generator)
    axis = torch.arange(SIDE) - (SIDE - 1) / 2
    z, y, x = torch.meshgrid(axis, axis, axis, indexing="ij")
    place = draw(3) * 4
    away = ((z - place[0]) ** 2 + (y - place[1]) ** 2 + (x - place[2]) ** 2).sqrt()
    radius = 12 + 2 * draw(1).abs().item()
    lesion = torch.sigmoid(radius - away) * (0.5 + torch.sigmoid((away - 0.6 * radius) / 2))
    smooth = F.interpolate(draw(1, 1, 5, 5, 5), size=(SIDE,) * 3, mode="trilinear", align_corners=True)[0, 0]
    vessel = 0.8 * torch.exp(-((z - 15) ** 2 + (y - 0.3 * x + 16) ** 2) / 6)
    image = 2 * lesion + vessel + 0.25 * smooth + 0.1 * draw(SIDE, SIDE, SIDE)
    return ((image - image.mean()) / image.std())[None, None]


def main():
    direction = torch.randn(WIDTH, generator=torch.Generator().manual_seed(3))
    used = {name for name in SHIPPED if name.split(".")[0] in ("blocks", "norm", "cls_token", "patch_embed")}
    for title, weights in [("as it ships", {k: SHIPPED[k] for k in used}), ("random weights", {k: v for k, v in fresh().items() if k in used})]:
        sizes, shares = [], []
        found = {m: {b: [] for b in (1, 5, 9, 10)} for m in ("relevance", "integrated gradients")}
        for case in range(CASES):
            x = patch(case)
            with torch.no_grad():
                tokens(weights, x, sizes=(mine := []))
            sizes.append(mine)
            first, added = relevance(weights, x, direction)
            shares.append([a / sum(added) for a in added])
            second = integrated(weights, x, direction).flatten()
            for blocks in found["relevance"]:
                other = shuffled(weights, blocks)
                found["relevance"][blocks].append(spearmanr(first, relevance(other, x, direction)[0]).statistic)
                also = integrated(other, x, direction).flatten()
                found["integrated gradients"][blocks].append(spearmanr(second.abs(), also.abs()).statistic)
        mean = lambda rows: [sum(column) / len(rows) for column in zip(*rows)]
        print(f"\n{title}\n  change of the class token by each block, of its length: {' '.join(f'{v:.2f}' for v in mean(sizes))}")
        print(f"  share of each block in the relevance: {' '.join(f'{v:.2f}' for v in mean(shares))}")
        for method, by in found.items():
            print(f"  {method}: " + ", ".join(f"{b} shuffled {sum(v) / len(v):.2f}" for b, v in by.items()))


if __name__ == "__main__":
    main()
