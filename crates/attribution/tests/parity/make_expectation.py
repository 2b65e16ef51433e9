"""Maps of a small network by PyTorch's autograd and Captum, for the test `parity`.

    pip install torch safetensors captum
    python make_expectation.py

reads the weights and inputs that `triher-training`'s parity test keeps (`classifier/encoder.*`, the first three inputs) and writes
`expectation.json`. Rollout is written after Abnar and Zuidema (2020), relevance after Chefer, Gur and Wolf (2021); integrated gradients
are Captum's, with midpoints. All in double precision.
"""

import json
import pathlib

import captum
import torch
import torch.nn.functional as F
from captum.attr import IntegratedGradients
from safetensors.torch import load_file

PATCH, WIDTH, DEPTH, HEADS, GRID, INPUTS, STEPS = 4, 24, 2, 4, 3, 3, 16
HERE = pathlib.Path(__file__).parent
stored = load_file(HERE.parents[2] / "training" / "tests" / "parity" / "start.safetensors")
W = {k.removeprefix("classifier/encoder."): t.double() for k, t in stored.items() if k.startswith("classifier/encoder.")}
PATCHES = stored["inputs"][0, :INPUTS].double()
MASK = torch.zeros(12, 12, 12, dtype=torch.float64)
MASK[2:7, 3:6, 8:11] = 1


def positions():
    omega = 10000 ** (-torch.arange(WIDTH // 6, dtype=torch.float64) / (WIDTH // 6))
    axes = torch.cartesian_prod(*[torch.arange(GRID, dtype=torch.float64)] * 3)
    rows = [torch.cat([f(a * omega) for a in place for f in (torch.sin, torch.cos)]) for place in axes]
    return torch.stack(rows).float().double()


def tokens_of(x, kept=None):
    """Tokens after the final norm; `kept` gathers each block's attention after the softmax."""
    x = F.conv3d(x, W["patch_embed.proj.weight"], W["patch_embed.proj.bias"], stride=PATCH).flatten(2).transpose(1, 2)
    x = torch.cat([W["cls_token"].expand(len(x), -1, -1), x + positions()], 1)
    for block in range(DEPTH):
        w = lambda name: W[f"blocks.{block}.{name}"]
        norm = lambda name, x: F.layer_norm(x, (WIDTH,), w(f"{name}.weight"), w(f"{name}.bias"), 1e-6)
        linear = lambda name, x: F.linear(x, w(f"{name}.weight"), w(f"{name}.bias"))
        b, t, c = x.shape
        q, k, v = linear("attn.qkv", norm("norm1", x)).reshape(b, t, 3, HEADS, c // HEADS).permute(2, 0, 3, 1, 4)
        attention = (q @ k.transpose(-1, -2) / (c // HEADS) ** 0.5).softmax(-1)
        if kept is not None:
            kept.append(attention)
        x = x + linear("attn.proj", (attention @ v).transpose(1, 2).reshape(b, t, c))
        x = x + linear("mlp.fc2", F.gelu(linear("mlp.fc1", norm("norm2", x))))
    return F.layer_norm(x, (WIDTH,), W["norm.weight"], W["norm.bias"], 1e-6)


TOUCHED = F.max_pool3d(MASK[None, None], PATCH).flatten()
READOUTS = {
    "class": F.one_hot(torch.tensor(0), GRID**3 + 1).double(),
    "pooled": torch.cat([torch.zeros(1, dtype=torch.float64), TOUCHED / TOUCHED.sum()]),
}


def score_of(tokens, readout):
    e = (tokens * readout[None, :, None]).sum(1).flatten(-2)
    at = torch.arange(INPUTS * WIDTH, dtype=torch.float64)
    return torch.tanh((e * torch.cos(at)).sum() / 4) + 0.1 * (e * torch.sin(2 * at)).sum() ** 2


def rollout(attention, readout):
    through = torch.eye(attention[0].shape[-1], dtype=torch.float64)
    for a in attention:
        through = (0.5 * a.mean(0) + 0.5 * torch.eye(len(through), dtype=torch.float64)) @ through
    return (readout @ through)[1:]


def relevance(attention, gradients, readout):
    r = torch.eye(attention[0].shape[-1], dtype=torch.float64)
    for a, g in zip(attention, gradients):
        r = r + (a * g).clamp(min=0).mean(0) @ r
    return (readout @ r)[1:]


def main():
    expected = {"torch": torch.__version__, "captum": captum.__version__, "steps": STEPS}
    for name, readout in READOUTS.items():
        kept = []
        tokens = tokens_of(PATCHES.clone().requires_grad_(), kept)
        score = score_of(tokens, readout)
        gradients = torch.autograd.grad(score, kept)
        of = lambda maps, sample: [m[sample].detach() for m in maps]
        part = {"score": score.item()}
        part["rollout"] = [rollout(of(kept, s), readout).tolist() for s in range(INPUTS)]
        part["relevance"] = [relevance(of(kept, s), of(gradients, s), readout).tolist() for s in range(INPUTS)]

        # Captum's examples are sets of inputs here: the first axis counts sets, the second the inputs of one.
        def scores(sets):
            return torch.stack([score_of(tokens_of(inputs), readout) for inputs in sets])

        shares = IntegratedGradients(scores).attribute(PATCHES[None], n_steps=STEPS, method="riemann_middle")[0]
        part["baseline_score"] = scores(torch.zeros_like(PATCHES)[None]).item()
        part["integrated_sum"] = shares.sum().item()
        part["integrated_of_patches"] = (F.avg_pool3d(shares, PATCH) * PATCH**3).flatten(1).tolist()
        part["integrated_every_37th"] = shares.flatten()[::37].tolist()
        expected[name] = part
    text = json.dumps(expected, default=float, indent=None)
    rounded = json.loads(text, parse_float=lambda t: float(f"{float(t):.9g}"))
    (HERE / "expectation.json").write_text(json.dumps(rounded, separators=(",", ":")) + "\n")


if __name__ == "__main__":
    main()
