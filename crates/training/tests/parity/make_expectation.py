"""Twenty AdamW steps of small networks in PyTorch, for the test `parity`.

    pip install torch safetensors
    python make_expectation.py

writes `start.safetensors` (weights before the first step, inputs) and `expectation.json` (losses, patches that the masked
autoencoder saw). The networks are written from public parts of PyTorch after the papers; the numbers are those of double precision.
"""

import copy
import json
import math

import torch
import torch.nn.functional as F
from safetensors.torch import save_file
from torch import nn

torch.manual_seed(20)
SIDE, PATCH, WIDTH, DEPTH, HEADS, HIDDEN = 12, 4, 24, 2, 4, 48
GRID = SIDE // PATCH
SAMPLES, STEPS, WARM_UP, RATE, DECAY = 6, 20, 5, 3e-3, 0.05


def positions(width):
    omega = 10000 ** (-torch.arange(width // 6, dtype=torch.float64) / (width // 6))
    rows = [torch.zeros(width, dtype=torch.float64)]
    for h in range(GRID):
        for w in range(GRID):
            for d in range(GRID):
                rows.append(torch.cat([f(a * omega) for a in (h, w, d) for f in (torch.sin, torch.cos)]))
    return torch.stack(rows).float().double()


class Attention(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads, self.qkv, self.proj = heads, nn.Linear(width, 3 * width), nn.Linear(width, width)

    def forward(self, x):
        b, t, c = x.shape
        q, k, v = self.qkv(x).reshape(b, t, 3, self.heads, c // self.heads).permute(2, 0, 3, 1, 4)
        return self.proj(F.scaled_dot_product_attention(q, k, v).transpose(1, 2).reshape(b, t, c))


class Mlp(nn.Module):
    def __init__(self, width, hidden):
        super().__init__()
        self.fc1, self.fc2 = nn.Linear(width, hidden), nn.Linear(hidden, width)

    def forward(self, x):
        return self.fc2(F.gelu(self.fc1(x)))


class Block(nn.Module):
    def __init__(self, width, heads, hidden):
        super().__init__()
        self.norm1, self.attn = nn.LayerNorm(width, eps=1e-6), Attention(width, heads)
        self.norm2, self.mlp = nn.LayerNorm(width, eps=1e-6), Mlp(width, hidden)

    def forward(self, x):
        x = x + self.attn(self.norm1(x))
        return x + self.mlp(self.norm2(x))


class Encoder(nn.Module):
    def __init__(self):
        super().__init__()
        self.cls_token = nn.Parameter(0.02 * torch.randn(1, 1, WIDTH))
        self.patch_embed = nn.Module()
        self.patch_embed.proj = nn.Conv3d(1, WIDTH, PATCH, PATCH)
        self.blocks = nn.ModuleList(Block(WIDTH, HEADS, HIDDEN) for _ in range(DEPTH))
        self.norm = nn.LayerNorm(WIDTH, eps=1e-6)
        self.positions = positions(WIDTH)

    def forward(self, x, seen=None):
        x = self.patch_embed.proj(x).flatten(2).transpose(1, 2) + self.positions[1:]
        if seen is not None:
            x = torch.stack([row[s] for row, s in zip(x, seen)])
        x = torch.cat([self.cls_token.expand(len(x), -1, -1), x], 1)
        for block in self.blocks:
            x = block(x)
        return self.norm(x)


class Classifier(nn.Module):
    def __init__(self):
        super().__init__()
        self.encoder, self.head = Encoder(), nn.Linear(WIDTH, 3)

    def loss(self, inputs, labels):
        logits = self.head(self.encoder(inputs)[:, 0])
        return F.cross_entropy(logits, labels, torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64))


class TwoBranch(nn.Module):
    """BL4AS: a convolution over three images, the encoder, and a head on the class token and the lesion's tokens."""

    def __init__(self, encoder, hidden=16, bottleneck=7):
        super().__init__()
        self.fusion = nn.Conv3d(3, 1, 3, padding=1)
        self.encoder = encoder
        self.head = nn.Module()
        self.head.fc1, self.head.norm1 = nn.Linear(WIDTH, hidden, bias=False), nn.BatchNorm1d(hidden)
        self.head.fc2, self.head.norm2 = nn.Linear(hidden, bottleneck, bias=False), nn.BatchNorm1d(bottleneck, affine=False)
        setattr(self.head, "class", nn.Linear(bottleneck, 3))
        self.head.lesion = nn.Linear(bottleneck, 3)

    def forward(self, images, mask):
        x = self.encoder(self.fusion(images))
        x = F.relu(self.head.norm1(self.head.fc1(x).transpose(1, 2)))
        x = self.head.norm2(self.head.fc2(x.transpose(1, 2)).transpose(1, 2)).transpose(1, 2)
        touched = F.max_pool3d(mask, PATCH).flatten(1)
        lesion = (x[:, 1:] * touched[:, :, None]).sum(1) / touched.sum(1, keepdim=True)
        return (getattr(self.head, "class")(x[:, 0]) + self.head.lesion(lesion)) / 2

    def loss(self, images, mask, labels):
        return F.cross_entropy(self(images, mask), labels, torch.tensor([0.5, 1.0, 2.0], dtype=torch.float64))


class Mae(nn.Module):
    def __init__(self, width=12, heads=2, depth=1):
        super().__init__()
        self.encoder, self.decoder_embed = Encoder(), nn.Linear(WIDTH, width)
        self.mask_token = nn.Parameter(0.02 * torch.randn(1, 1, width))
        self.decoder_blocks = nn.ModuleList(Block(width, heads, 4 * width) for _ in range(depth))
        self.decoder_norm, self.decoder_pred = nn.LayerNorm(width, eps=1e-6), nn.Linear(width, PATCH**3)
        self.positions = positions(width)

    def loss(self, inputs, seen):
        tokens = self.decoder_embed(self.encoder(inputs, seen))
        patches = inputs[:, 0].unfold(1, PATCH, PATCH).unfold(2, PATCH, PATCH).unfold(3, PATCH, PATCH)
        patches = patches.reshape(len(inputs), GRID**3, PATCH**3)
        full, hidden = [], torch.ones(len(inputs), GRID**3, dtype=torch.bool)
        for number, s in enumerate(seen):
            row = self.mask_token[0].repeat(GRID**3, 1)
            row = row.index_copy(0, torch.tensor(s), tokens[number, 1:])
            full.append(torch.cat([tokens[number, :1], row]))
            hidden[number, s] = False
        x = torch.stack(full) + self.positions
        for block in self.decoder_blocks:
            x = block(x)
        guess = self.decoder_pred(self.decoder_norm(x))[:, 1:]
        mean, variance = patches.mean(-1, keepdim=True), patches.var(-1, keepdim=True)
        errors = (guess - (patches - mean) / (variance + 1e-6).sqrt()) ** 2
        return errors.mean(-1)[hidden].mean()


def mlp(widths):
    layers = []
    for number, (a, b) in enumerate(zip(widths, widths[1:])):
        last = number + 2 == len(widths)
        layers += [nn.Linear(a, b, bias=False), nn.BatchNorm1d(b, affine=not last)]
        layers += [] if last else [nn.ReLU()]
    return nn.Sequential(*layers)


class Moco(nn.Module):
    def __init__(self, hidden=32, dimension=16):
        super().__init__()
        self.encoder = Encoder()
        self.projector, self.predictor = mlp([WIDTH, hidden, hidden, dimension]), mlp([dimension, hidden, dimension])
        self.encoder.patch_embed.proj.requires_grad_(False)

    def project(self, x):
        return self.projector(self.encoder(x)[:, 0])

    def loss(self, slow, a, b, temperature=0.2):
        with torch.no_grad():
            keys = [slow.project(a), slow.project(b)]
        total = 0
        for x, k in ((a, keys[1]), (b, keys[0])):
            q = F.normalize(self.predictor(self.project(x)), dim=1)
            logits = q @ F.normalize(k, dim=1).T / temperature
            total = total + 2 * temperature * F.cross_entropy(logits, torch.arange(len(x)))
        return total


def rate(step):
    if step < WARM_UP:
        return RATE * (step + 1) / WARM_UP
    return RATE * 0.5 * (1 + math.cos(math.pi * (step - WARM_UP) / (STEPS - WARM_UP)))


def train(model, step_loss, clip=None, after=None):
    """As AdamW is used here: decay on matrices only."""
    decays = lambda p: sum(s > 1 for s in p.shape) > 1
    parameters = [p for p in model.parameters() if p.requires_grad]
    groups = [
        {"params": [p for p in parameters if decays(p)], "weight_decay": DECAY},
        {"params": [p for p in parameters if not decays(p)], "weight_decay": 0.0},
    ]
    optimiser = torch.optim.AdamW(groups, lr=RATE, betas=(0.9, 0.95), eps=1e-8)
    losses = []
    for step in range(STEPS):
        for group in optimiser.param_groups:
            group["lr"] = rate(step)
        if after:
            after(step)
        optimiser.zero_grad()
        loss = step_loss(step)
        loss.backward()
        if clip:
            nn.utils.clip_grad_norm_(parameters, clip)
        optimiser.step()
        losses.append(loss.item())
    return losses


def main():
    inputs = torch.randn(2, SAMPLES, 1, SIDE, SIDE, SIDE)
    inputs[1] = 0.7 * inputs[0] + 0.7 * inputs[1]
    inputs += torch.linspace(-1, 1, SIDE)
    stored, expected = {"inputs": inputs.clone()}, {}
    inputs = inputs.double()
    start = {}
    for name, kind in (("classifier", Classifier), ("mae", Mae), ("moco", Moco)):
        start[name] = kind()
        for key, tensor in start[name].named_parameters():
            stored[f"{name}/{key}"] = tensor.detach().clone().contiguous()
        start[name] = start[name].double()

    labels = torch.arange(SAMPLES) % 3
    model = start["classifier"]
    expected["classifier"] = train(model, lambda step: model.loss(inputs[0], labels), clip=1.0)

    masks = [[sorted(torch.randperm(GRID**3)[:6].tolist()) for _ in range(SAMPLES)] for _ in range(STEPS)]
    mae = start["mae"]
    expected["mae_seen"] = masks
    expected["mae"] = train(mae, lambda step: mae.loss(inputs[0], masks[step]))

    moco, slow = start["moco"], Moco().double()
    slow.load_state_dict(moco.state_dict())

    def follow(step):
        keep = 1 - 0.5 * (1 + math.cos(math.pi * step / STEPS)) * (1 - 0.9)
        for part in ("encoder", "projector"):
            pairs = zip(getattr(slow, part).parameters(), getattr(moco, part).parameters())
            for old, new in pairs:
                old.data = old.data * keep + new.data * (1 - keep)

    expected["moco"] = train(moco, lambda step: moco.loss(slow, inputs[0], inputs[1]), after=follow)
    # Drawn last, so that what stands above stays as it was. The encoder is the classifier's before its first step.
    images = torch.stack([inputs[0, :, 0], inputs[1, :, 0], inputs[0, :, 0] - inputs[1, :, 0]], 1)
    mask = (inputs[0] > 2.6).double()
    start = TwoBranch(Encoder())
    for key, tensor in start.state_dict().items():
        if not key.startswith("encoder.") and tensor.is_floating_point():
            stored[f"two_branch/{key}"] = tensor.clone().contiguous()
    encoder = {key.removeprefix("classifier/encoder."): t for key, t in stored.items() if key.startswith("classifier/encoder.")}
    start.encoder.load_state_dict(encoder)
    touched = F.max_pool3d(mask, PATCH).flatten(1).sum(1)
    assert touched.min() > 0 and touched.max() < GRID**3, touched
    for name in ("two_branch", "two_branch_frozen"):
        model = copy.deepcopy(start).double()
        model.encoder.requires_grad_(name == "two_branch")
        expected[name] = train(model, lambda step: model.loss(images, mask, labels), clip=1.0)
        expected[f"{name}_logits"] = model.eval()(images, mask).flatten().tolist()

    expected["torch"] = torch.__version__
    save_file(stored, "start.safetensors")
    with open("expectation.json", "w") as file:
        json.dump(expected, file)
        file.write("\n")


if __name__ == "__main__":
    main()
