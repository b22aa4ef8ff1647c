"""What the benchmark of disguises makes of a pipeline that knows one spelling, with and without folding."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from benchmarks import disguises
from benchmarks.disguises import Plain
from moderation.classifier.normalise import normalise
from tests import labelled


class WordList:
    """A pipeline that counts two words as they are spelled, and is surer of one of them."""

    def predict_proba(self, texts: Sequence[str]) -> np.ndarray:
        toxic = np.array([0.1 + 0.6 * ("zorg" in text.split()) + 0.2 * ("florp" in text.split()) for text in texts])
        return np.stack([1 - toxic, toxic], axis=1)


def as_it_stands(text: str) -> str:
    return text


def folded(text: str) -> str:
    return normalise(text).text


def test_the_words_that_weigh_most_are_those_without_which_a_text_scores_least() -> None:
    text = "what a florp of a zorg he is"
    (answer,) = Plain(WordList(), as_it_stands).classify([text])
    words = [text[begin:end] for begin, end in answer.spans["toxic"]]
    assert {"florp", "zorg"} < set(words)
    assert len(words) == disguises.WEIGHTIEST
    assert words == sorted(words, key=text.index), "in the order of the text, as a disguise wants them"


def test_a_text_without_words_has_none_that_weigh_most() -> None:
    (answer,) = Plain(WordList(), as_it_stands).classify(["!!!"])
    assert answer.spans["toxic"] == ()


def test_folding_alone_keeps_what_is_disguised(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    clean = [(f"a fine report number {number}", "en", {"toxic": 0}) for number in range(120)]
    rude = [(f"only a zorg says {number}", "en", {"toxic": 1}) for number in range(60)]
    labelled.write(tmp_path / "dev", "en_made_up", [*clean, *rude])
    both = {"unfolded": Plain(WordList(), as_it_stands), "folded": Plain(WordList(), folded)}
    monkeypatch.setattr(disguises, "candidates", lambda learn: both)
    page = tmp_path / "page.md"
    disguises.run(tmp_path / "dev", page=page)
    rows = {
        name.strip(): (unfolded.strip(), kept.strip())
        for name, unfolded, kept in (
            line.strip("|").split("|")
            for line in page.read_text(encoding="utf-8").splitlines()
            if line.startswith("| ")
        )
    }
    assert rows["zero-width space inside"] == ("0% (en 0%)", "100% (en 100%)")
    assert rows["“love” appended"] == ("100% (en 100%)", "100% (en 100%)")
    assert rows["*clean ones caught*, mean of all ways"] == ("0.0%", "0.0%")
