"""The encoder itself: pieces of a text in, one vector of its meaning out, in numpy alone.

A transformer as BERT is one (Devlin et al., 2019): layers of attention and two dense maps each, both followed by their
input added and a normalisation; the vector is the mean of the last layer's rows, of length 1.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from moderation.classifier.encoder.adapter import Adapter
from moderation.classifier.encoder.packed import Packed

Floats = NDArray[np.float32]

# Φ(x) as a logistic function of x and x³: within 0.0004 of the error function's (Hendrycks & Gimpel, 2016, sec. 2), and
# numpy has no error function.
_GELU_1, _GELU_3 = 1.5957691216, 0.0713548162726


@dataclass(frozen=True, slots=True)
class _Dense:
    weights: Floats  # inputs × outputs
    bias: Floats

    def of(self, rows: Floats) -> Floats:
        out: Floats = rows @ self.weights
        out += self.bias
        return out


@dataclass(frozen=True, slots=True)
class _Norm:
    scale: Floats
    bias: Floats
    epsilon: float

    def of(self, rows: Floats) -> Floats:
        """In place: each row with mean 0 and variance 1, then scaled."""
        rows -= rows.mean(axis=1, keepdims=True)
        rows *= 1 / np.sqrt(np.einsum("ij,ij->i", rows, rows) / rows.shape[1] + self.epsilon)[:, None]
        rows *= self.scale
        rows += self.bias
        return rows


@dataclass(frozen=True, slots=True)
class _Layer:
    asks: _Dense  # query, key and value side by side
    answers: _Dense
    after_attention: _Norm
    widen: _Dense
    narrow: _Dense
    after: _Norm


class Network:
    """The first layers of a packed encoder, their weights unpacked: 7 MB each."""

    def __init__(self, packed: Packed, *, layers: int, adapter: Adapter | None = None) -> None:
        """With what it was taught beyond them, if anything. Raises ValueError for an adapter of another encoder."""
        self._packed = packed
        self._positions = packed.floats("emb.pos").reshape(-1, packed.width) + packed.floats("emb.type")[: packed.width]
        self._first = _norm(packed, "emb.ln")
        self._layers = [_layer(packed, place, adapter) for place in range(layers)]

    @property
    def most_pieces(self) -> int:
        """How many pieces it can read at once."""
        return len(self._positions)

    def vector(self, pieces: Sequence[int]) -> Floats:
        """The mean of what the last of the layers makes of the pieces, of length 1. At most `most_pieces` of them."""
        rows = self._first.of(self._packed.rows("emb.word", pieces) + self._positions[: len(pieces)])
        for layer in self._layers:
            rows = layer.after_attention.of(rows + layer.answers.of(self._attended(layer.asks.of(rows))))
            rows = layer.after.of(rows + layer.narrow.of(_gelu(layer.widen.of(rows))))
        mean: Floats = rows.mean(axis=0)
        return mean / max(float(np.sqrt(mean @ mean)), 1e-12)

    def _attended(self, asked: Floats) -> Floats:
        """Each head's softmax(query · key / √size) · value, side by side."""
        count, heads = len(asked), self._packed.heads
        size = self._packed.width // heads
        query, key, value = asked.reshape(count, 3, heads, size).transpose(1, 2, 0, 3)
        weights = (query * size**-0.5) @ key.transpose(0, 2, 1)
        weights -= weights.max(axis=2, keepdims=True)
        np.exp(weights, out=weights)
        weights /= weights.sum(axis=2, keepdims=True)
        out: Floats = (weights @ value).transpose(1, 0, 2).reshape(count, self._packed.width)
        return out


def _gelu(rows: Floats) -> Floats:
    """x · Φ(x), in place."""
    inner = rows * rows
    inner *= -_GELU_3
    inner -= _GELU_1
    inner *= rows
    # Far below zero the exponential overflows to infinity, and the quotient is 0 as it should be.
    with np.errstate(over="ignore"):
        np.exp(inner, out=inner)
    inner += 1
    rows /= inner
    return rows


def _layer(packed: Packed, place: int, adapter: Adapter | None) -> _Layer:
    def matrix(name: str) -> Floats:
        weights = packed.matrix(f"l{place}.{name}.w")
        return adapter.added(name, place, weights) if adapter is not None else weights

    def dense(*names: str) -> _Dense:
        return _Dense(
            np.ascontiguousarray(np.concatenate([matrix(name) for name in names]).T),
            np.concatenate([packed.floats(f"l{place}.{name}.b") for name in names]),
        )

    def norm(name: str) -> _Norm:
        if adapter is not None:
            return _Norm(*adapter.norm(name, place, packed.width), packed.epsilon)
        return _norm(packed, f"l{place}.{name}")

    return _Layer(dense("q", "k", "v"), dense("ao"), norm("aln"), dense("fi"), dense("fo"), norm("oln"))


def _norm(packed: Packed, name: str) -> _Norm:
    return _Norm(packed.floats(f"{name}.w"), packed.floats(f"{name}.b"), packed.epsilon)
