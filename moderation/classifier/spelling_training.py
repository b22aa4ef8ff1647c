"""Learn which words people write: `python -m moderation.classifier.spelling_training FOLDER`."""

from __future__ import annotations

import itertools
import json
import re
import sys
from collections import Counter
from collections.abc import Mapping
from pathlib import Path

from moderation.classifier.data import not_commercial, read_examples
from moderation.classifier.examples import own_examples
from moderation.classifier.normalise import normalise
from moderation.classifier.respelling import RESPELT
from moderation.classifier.spellings import LISTS

DOUBLED_IN, LATIN_IN = 8, 25
"""Texts that a word stands in, to be one with a double letter, and to be what digits and signs stand for."""

RESPELT_IN = 5
"""Hindi texts that a word stands in when they are written again in Latin letters, to be one that people write."""

SHARE = 0.1
"""A word with a double letter is in as many texts as this share of those that hold the single one: "soo" is "so"."""

LONGEST = 24
_DOUBLE = re.compile(r"(.)\1")
_LATIN = re.compile("[a-z]{3,}")


def lists(texts: dict[str, int]) -> dict[str, str]:
    """The lists, from words and how many texts hold each."""
    doubled = [word for word, count in texts.items() if count >= DOUBLED_IN and _is_doubled(word, texts)]
    latin = [word for word, count in texts.items() if count >= LATIN_IN and _LATIN.fullmatch(word)]
    return {"doubled": " ".join(sorted(doubled)), "latin": " ".join(sorted(latin))}


def _is_doubled(word: str, texts: dict[str, int]) -> bool:
    places = [match.start() for match in _DOUBLE.finditer(word)]
    if not places or not word.isalpha() or len(word) > LONGEST or len(places) > 3:
        return False
    for gone in itertools.product((False, True), repeat=len(places)):
        if any(gone):
            dropped = {place for place, is_gone in zip(places, gone, strict=True) if is_gone}
            single = "".join(char for place, char in enumerate(word) if place not in dropped)
            if texts[word] < SHARE * texts.get(single, 0):
                return False
    return True


def hindi_words(counts: Mapping[str, Mapping[str, int]], texts: Mapping[str, int]) -> set[str]:
    """Words of Hindi in Latin letters, from how many texts there are in Hindi and Marathi, and how many hold each word.

    What is written in Marathi rather, share by share, is left out: romanised Marathi is no language of ours.
    """
    hindi, marathi = counts["hi"], counts["mr"]
    return {
        word
        for word, count in hindi.items()
        if count >= RESPELT_IN and _LATIN.fullmatch(word) and count * texts["mr"] >= marathi.get(word, 0) * texts["hi"]
    }


def _respelt(folder: Path) -> set[str]:
    """Romanised Hindi has few texts of its own, and as many words as Hindi."""
    texts: Counter[str] = Counter()
    counts: dict[str, Counter[str]] = {"hi": Counter(), "mr": Counter()}
    for example in read_examples(folder, skip=not_commercial):
        if example.language in counts:
            texts[example.language] += 1
            counts[example.language].update(set(normalise(RESPELT["hi-Latn"](example.text)).text.split(" ")))
    return hindi_words(counts, texts)


def main(folder: Path) -> None:
    counts: Counter[str] = Counter()
    for example in [*read_examples(folder, skip=not_commercial, labelled_only=False), *own_examples()]:
        counts.update(set(normalise(example.text).text.split(" ")))
    found = lists(counts)
    found["respelt"] = " ".join(sorted(_respelt(folder) - set(found["latin"].split(" "))))
    path = Path(__file__).with_name(LISTS)
    path.write_text(json.dumps(found, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    sys.stdout.write(", ".join(f"{name}: {words.count(' ') + 1} words" for name, words in found.items()) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
