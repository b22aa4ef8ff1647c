"""Learn which words people write: `python -m moderation.classifier.spelling_training FOLDER`."""

from __future__ import annotations

import itertools
import json
import re
import sys
from collections import Counter
from pathlib import Path

from moderation.classifier.data import not_commercial, read_examples
from moderation.classifier.examples import own_examples
from moderation.classifier.normalise import normalise
from moderation.classifier.spellings import LISTS

DOUBLED_IN, LATIN_IN = 8, 25
"""Texts that a word stands in, to be one with a double letter, and to be what digits and signs stand for."""

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


def main(folder: Path) -> None:
    counts: Counter[str] = Counter()
    for example in [*read_examples(folder, skip=not_commercial, labelled_only=False), *own_examples()]:
        counts.update(set(normalise(example.text).text.split(" ")))
    found = lists(counts)
    path = Path(__file__).with_name(LISTS)
    path.write_text(json.dumps(found, ensure_ascii=False, indent=0) + "\n", encoding="utf-8")
    sys.stdout.write(", ".join(f"{name}: {words.count(' ') + 1} words" for name, words in found.items()) + "\n")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
