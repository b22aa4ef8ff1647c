"""The encoder's vectors of many texts, for training: worked out on every processor, and kept for the next time."""

from __future__ import annotations

import io
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from moderation.classifier.encoder import WIDTH, readable, reading_key
from moderation.classifier.encoder.adapter import Adapter
from moderation.classifier.files import write_whole
from moderation.classifier.groups import folded
from moderation.classifier.languages import detect_all
from moderation.classifier.normalise import normalise
from moderation.classifier.second import encoder_hash, encoder_in

STEP = 2_000
"""Texts between two lines of progress, after each of which the file is written: what was worked out is not lost."""


class Vectors:
    """Vectors by what was read, kept in a file of one encoder. A file that can't be read is begun anew."""

    def __init__(self, encoder: Path, folder: Path | None, adapter: Adapter | None = None) -> None:
        """The encoder in a file, with its additions. Raises ClassifierUnavailable as that does, and OSError."""
        self._encoder = encoder_in(encoder, adapter)
        name = encoder_hash(encoder)[:12] + (f"-{adapter.sha256[:12]}" if adapter is not None else "")
        self._path = folder / f"vectors-{name}.npz" if folder is not None else None
        self._known: dict[bytes, NDArray[np.float16]] = {}
        if self._path is not None and self._path.is_file():
            self._read(self._path)

    def of(self, texts: Sequence[str], *, progress: Callable[[str], None]) -> NDArray[np.float32]:
        """Texts × 384, in order. Raises OSError where the file can't be written."""
        forms, languages = forms_of(texts)
        keys = [reading_key(readable(form, language)) for form, language in zip(forms, languages, strict=True)]
        missing = list({key: place for place, key in enumerate(keys) if key not in self._known}.values())
        for first in range(0, len(missing), STEP):
            places = missing[first : first + STEP]
            for place, vector in zip(places, self._worked_out(places, forms, languages), strict=True):
                self._known[keys[place]] = vector
            self._write()
            progress(f"  {min(first + STEP, len(missing)):,} of {len(missing):,} comments read by the encoder")
        return np.array([self._known[key] for key in keys], dtype=np.float32).reshape(len(keys), WIDTH)

    def _worked_out(
        self, places: Sequence[int], forms: Sequence[str], languages: Sequence[str]
    ) -> list[NDArray[np.float16]]:
        def one(place: int) -> NDArray[np.float16]:
            vector: NDArray[np.float32] = self._encoder.vectors([forms[place]], [languages[place]])[0]
            return vector.astype(np.float16)

        with ThreadPoolExecutor(os.cpu_count()) as pool:
            return list(pool.map(one, places))

    def _read(self, path: Path) -> None:
        try:
            with np.load(path, allow_pickle=False) as kept:
                self._known = dict(zip(map(bytes, kept["keys"]), kept["vectors"], strict=True))
        except Exception:  # archives and arrays have errors of their own: what is broken is only work to do again
            self._known = {}

    def _write(self) -> None:
        if self._path is None:
            return
        content = io.BytesIO()
        keys = np.array([np.frombuffer(key, np.uint8) for key in self._known])
        np.savez(content, keys=keys, vectors=np.array(list(self._known.values())))
        write_whole(self._path, content.getvalue())


def forms_of(texts: Sequence[str]) -> tuple[list[str], list[str]]:
    """What the encoder reads of each text, names of groups folded, and its language."""
    normal = [normalise(text) for text in texts]
    return [folded(form).text for form in normal], detect_all(texts, [form.text for form in normal])
