"""A classifier whose scores the text names: "insult=0.9" in a text gives that label that score."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence

from moderation.classifier import Screened
from moderation.policy import LABELS

_NAMED = re.compile(r"([a-z_]{4,13})=([0-9.]+|nan)")


class FakeClassifier:
    """Scores by what the text says; `before` runs on each text first, and may raise, wait or end the process."""

    def __init__(
        self,
        version: str = "test.1",
        *,
        before: Callable[[str], object] = lambda text: None,
        language: Callable[[str], str] = lambda text: "en",
    ) -> None:
        self.version = version
        self.alone = "a fake has one stage"
        self.language = language
        self.before = before
        self.batches: list[int] = []

    def classify(self, texts: Sequence[str]) -> list[Screened]:
        self.batches.append(len(texts))
        return [self._one(text) for text in texts]

    def _one(self, text: str) -> Screened:
        self.before(text)
        scores = dict.fromkeys(LABELS, 0.01)
        spans = {}
        for match in _NAMED.finditer(text):
            scores[match[1]] = float(match[2])
            spans[match[1]] = ((match.start(), match.end()),)
        return Screened(self.language(text), scores, spans)
