"""What an encoder was taught beyond its own weights: a small addition to each map of each layer.

A map's weights get `up · down` added, a product of two narrow matrices (low-rank adaptation; Hu et al., 2021), and the
normalisations have a scale and a bias of their own. Learned outside (`scripts/adapting.py`), kept in a model's file.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

DENSE = ("q", "k", "v", "ao", "fi", "fo")
NORMS = ("aln", "oln")
"""The maps and normalisations of a layer, by the packed encoder's names for them."""


class Adapter:
    """The additions for the first layers of an encoder.

    `parts` has, for each map, `<name>_down` (layers × rank × inputs) and `<name>_up` (layers × outputs × rank), and for
    each normalisation `<name>_scale` and `<name>_bias` (layers × width).
    """

    def __init__(self, parts: Mapping[str, Floats]) -> None:
        """Raises KeyError, TypeError and ValueError for parts that are none."""
        self._parts = {
            name: np.ascontiguousarray(parts[name], dtype=np.float32)
            for name in (
                *(f"{dense}_{side}" for dense in DENSE for side in ("down", "up")),
                *(f"{norm}_{side}" for norm in NORMS for side in ("scale", "bias")),
            )
        }
        for name, numbers in self._parts.items():
            if not np.isfinite(numbers).all():
                raise ValueError(f"{name} of the encoder's additions holds what is no number")
        self._sha256 = _sha256(self._parts)

    @classmethod
    def read(cls, content: Any) -> Self | None:
        """What a model file holds of one, None for nothing. Raises as the constructor does."""
        return cls(content) if content is not None else None

    def content(self) -> dict[str, Any]:
        """As `read` takes it."""
        return dict(self._parts)

    @property
    def sha256(self) -> str:
        """Of all its numbers: vectors of another one are other vectors."""
        return self._sha256

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Adapter) and self._sha256 == other._sha256

    def __hash__(self) -> int:
        return hash(self._sha256)

    def added(self, dense: str, layer: int, weights: Floats) -> Floats:
        """A map's weights, outputs × inputs, with the addition. Raises ValueError where the two do not fit."""
        up, down = self._parts[f"{dense}_up"], self._parts[f"{dense}_down"]
        if up.ndim != 3 or down.ndim != 3 or layer >= min(len(up), len(down)):
            raise ValueError(f"the encoder's additions have no {dense} for layer {layer}")
        if (up.shape[1], down.shape[2]) != weights.shape or up.shape[2] != down.shape[1]:
            raise ValueError(f"the encoder's additions to {dense} are of another width")
        out: Floats = weights + up[layer] @ down[layer]
        return out

    def norm(self, norm: str, layer: int, width: int) -> tuple[Floats, Floats]:
        """A normalisation's scale and bias. Raises ValueError where they do not fit."""
        scale, bias = self._parts[f"{norm}_scale"], self._parts[f"{norm}_bias"]
        if scale.shape != bias.shape or scale.ndim != 2 or layer >= len(scale) or scale.shape[1] != width:
            raise ValueError(f"the encoder's additions have no {norm} for layer {layer}")
        return scale[layer], bias[layer]


def _sha256(parts: Mapping[str, Floats]) -> str:
    digest = hashlib.sha256()
    for name, numbers in parts.items():
        digest.update(f"{name} {numbers.shape}".encode())
        digest.update(numbers.tobytes())
    return digest.hexdigest()
