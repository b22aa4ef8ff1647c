"""The encoder in PyTorch, with additions that learn: what `scripts.adapting` runs. Its own weights stay as they are.

Low-rank adaptation (Hu et al., 2021) of every map of every layer read, the normalisations too, under one linear map
for all labels, which is thrown away afterwards: the networks that ship are scikit-learn's.
"""

from __future__ import annotations

import random
import time
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn
from torch.nn import functional

from moderation.classifier.encoder import LAYERS
from moderation.classifier.encoder.adapter import DENSE, NORMS
from moderation.classifier.encoder.packed import Packed
from moderation.classifier.labels import LABELS

RANK, SCALE = 16, 2.0
RATE, RATE_OF_LABELS, DECAY, DROPPED = 8e-4, 3e-3, 0.01, 0.1
AT_ONCE = 32
LIKE_LONG = 50  # steps whose texts are sorted by length together: little is read in vain
WARMING = 0.05  # share of the steps over which the rate rises, to fall to nothing over the rest
SHOWN_EVERY = 200
FEW = 1_280  # texts from which the vectors' middle and spread are taken

Pieces = Sequence[Sequence[int]]
Floats = NDArray[np.floating[Any]]


class _Dense(nn.Module):  # type: ignore[misc]  # PyTorch is nowhere but here
    """A map, in sixteen bits, and its addition."""

    def __init__(self, weights: NDArray[np.float32], bias: NDArray[np.float32]) -> None:
        super().__init__()
        outputs, inputs = weights.shape
        self.register_buffer("weights", torch.tensor(weights).bfloat16())
        self.register_buffer("bias", torch.tensor(bias).bfloat16())
        self.down = nn.Parameter(torch.randn(RANK, inputs) / inputs**0.5)
        self.up = nn.Parameter(torch.zeros(outputs, RANK))

    def forward(self, rows: torch.Tensor) -> torch.Tensor:
        added = functional.linear(functional.linear(rows, self.down.bfloat16()), (self.up * SCALE).bfloat16())
        return functional.linear(rows, self.weights, self.bias) + added


class _Layer(nn.Module):  # type: ignore[misc]  # PyTorch is nowhere but here
    def __init__(self, packed: Packed, place: int) -> None:
        super().__init__()
        self.heads = packed.heads
        self.maps = nn.ModuleDict(
            {
                name: _Dense(packed.matrix(f"l{place}.{name}.w"), packed.floats(f"l{place}.{name}.b").copy())
                for name in DENSE
            }
        )
        self.norms = nn.ModuleDict({name: _norm(packed, f"l{place}.{name}") for name in NORMS})
        self.dropped = nn.Dropout(DROPPED)

    def forward(self, rows: torch.Tensor, hidden: torch.Tensor) -> torch.Tensor:
        texts, length, width = rows.shape
        narrow = rows.bfloat16()
        query, key, value = (
            self.maps[name](narrow).view(texts, length, self.heads, width // self.heads).transpose(1, 2)
            for name in ("q", "k", "v")
        )
        attended = functional.scaled_dot_product_attention(query, key, value, attn_mask=hidden)
        answers = self.maps["ao"](attended.transpose(1, 2).reshape(texts, length, width))
        rows = self.norms["aln"](rows + self.dropped(answers.float()))
        inner = self.maps["fo"](functional.gelu(self.maps["fi"](rows.bfloat16())))
        out: torch.Tensor = self.norms["oln"](rows + self.dropped(inner.float()))
        return out


class Taught(nn.Module):  # type: ignore[misc]  # PyTorch is nowhere but here
    """The layers that are read, and a linear map from the vector to the labels."""

    def __init__(self, packed: Packed) -> None:
        super().__init__()
        self.packed = packed
        self.positions = torch.tensor(
            packed.floats("emb.pos").reshape(-1, packed.width) + packed.floats("emb.type")[: packed.width]
        )
        self.first = _norm(packed, "emb.ln").requires_grad_(False)
        self.layers = nn.ModuleList(_Layer(packed, place) for place in range(LAYERS))
        self.dropped = nn.Dropout(DROPPED)
        self.labels = nn.Linear(packed.width, len(LABELS))
        nn.init.zeros_(self.labels.weight)
        nn.init.constant_(self.labels.bias, -1.0)
        self.middle, self.spread = torch.zeros(packed.width), torch.ones(packed.width)

    def vector(self, pieces: Pieces) -> torch.Tensor:
        """Texts × width, each of length 1."""
        rows, there = self._embedded(pieces)
        hidden = torch.zeros(there.shape, dtype=torch.bfloat16).masked_fill(~there, -1e4)[:, None, None]
        rows = self.dropped(self.first(rows))
        for layer in self.layers:
            rows = layer(rows, hidden)
        mean = (rows * there[..., None]).sum(1) / there.sum(1, keepdim=True)
        return functional.normalize(mean, dim=1)

    def forward(self, pieces: Pieces) -> torch.Tensor:
        out: torch.Tensor = self.labels((self.vector(pieces) - self.middle) / self.spread)
        return out

    def _embedded(self, pieces: Pieces) -> tuple[torch.Tensor, torch.Tensor]:
        longest = max(map(len, pieces))
        found = torch.from_numpy(self.packed.rows("emb.word", [piece for text in pieces for piece in text]))
        rows = torch.zeros(len(pieces), longest, self.packed.width)
        there = torch.zeros(len(pieces), longest, dtype=torch.bool)
        at = 0
        for place, text in enumerate(pieces):
            rows[place, : len(text)] = found[at : at + len(text)] + self.positions[: len(text)]
            there[place, : len(text)] = True
            at += len(text)
        return rows, there


def learn(packed: Packed, pieces: Pieces, answers: Floats, counts: Floats, order: NDArray[np.int64]) -> Taught:
    """Learn from the texts in that order, once through, saying how it goes.

    `answers` and `counts` are texts × labels. The same additions for the same input, on one kind of processor.
    """
    torch.manual_seed(0)
    network = Taught(packed)
    _settle(network, [pieces[place] for place in order[:FEW]])
    network.train()
    wanted = torch.tensor(answers, dtype=torch.float32)
    count = torch.tensor(counts, dtype=torch.float32)
    optimiser, rates = _rates(network, len(order) // AT_ONCE)
    started, losses = time.monotonic(), list[float]()
    for step, texts in enumerate(_steps(pieces, order), start=1):
        margins = network([pieces[place] for place in texts])
        each = functional.binary_cross_entropy_with_logits(margins, wanted[texts], reduction="none")
        loss = (each * count[texts]).sum() / len(texts)
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(network.parameters(), 1.0)
        optimiser.step()
        rates.step()
        losses.append(float(loss.detach()))
        if step % SHOWN_EVERY == 0:
            took = time.monotonic() - started
            told = np.mean(losses[-SHOWN_EVERY:])
            print(f"  {step * AT_ONCE:,} of {len(order):,}, loss {told:.4f}, {took:.0f} s", flush=True)
    network.eval()
    return network


def vectors(network: Taught, pieces: Pieces) -> NDArray[np.float32]:
    """Texts × width, as the additions were learned."""
    with torch.no_grad():
        out: NDArray[np.float32] = torch.cat(
            [network.vector(pieces[at : at + AT_ONCE]) for at in range(0, len(pieces), AT_ONCE)]
        ).numpy()
    return out


def parts(network: Taught) -> dict[str, NDArray[np.float32]]:
    """What was learned, as `Adapter` takes it; eleven bits of each number are plenty."""
    found: dict[str, NDArray[np.float32]] = {}
    for name in DENSE:
        maps: list[Any] = [layer.maps[name] for layer in network.layers]
        found[f"{name}_down"] = _rounded([each.down for each in maps])
        found[f"{name}_up"] = _rounded([each.up * SCALE for each in maps])
    for name in NORMS:
        norms: list[Any] = [layer.norms[name] for layer in network.layers]
        found[f"{name}_scale"] = _rounded([each.weight for each in norms])
        found[f"{name}_bias"] = _rounded([each.bias for each in norms])
    return found


def _rounded(tensors: Sequence[torch.Tensor]) -> NDArray[np.float32]:
    return np.stack([each.detach().numpy() for each in tensors]).astype(np.float16).astype(np.float32)


def _norm(packed: Packed, name: str) -> nn.LayerNorm:
    norm = nn.LayerNorm(packed.width, eps=packed.epsilon)
    with torch.no_grad():
        norm.weight.copy_(torch.tensor(packed.floats(f"{name}.w").copy()))
        norm.bias.copy_(torch.tensor(packed.floats(f"{name}.b").copy()))
    return norm


def _settle(network: Taught, few: Pieces) -> None:
    """So that the map to the labels begins with numbers of one size."""
    network.eval()
    found = torch.from_numpy(vectors(network, few))
    network.middle, network.spread = found.mean(0), found.std(0) + 1e-4


def _rates(network: Taught, steps: int) -> tuple[torch.optim.Optimizer, torch.optim.lr_scheduler.LRScheduler]:
    ours = [each for name, each in network.named_parameters() if each.requires_grad and not name.startswith("labels")]
    optimiser = torch.optim.AdamW(
        [{"params": ours, "lr": RATE}, {"params": list(network.labels.parameters()), "lr": RATE_OF_LABELS}],
        weight_decay=DECAY,
        betas=(0.9, 0.98),
    )
    warm = max(1, int(steps * WARMING))
    rises_and_falls = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda step: min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm)))
    )
    return optimiser, rises_and_falls


def _steps(pieces: Pieces, order: NDArray[np.int64]) -> Iterator[list[int]]:
    """The texts of each step: AT_ONCE of about one length."""
    for first in range(0, len(order), AT_ONCE * LIKE_LONG):
        near = sorted(order[first : first + AT_ONCE * LIKE_LONG].tolist(), key=lambda place: len(pieces[place]))
        steps = [near[at : at + AT_ONCE] for at in range(0, len(near), AT_ONCE)]
        random.Random(first).shuffle(steps)
        yield from steps
