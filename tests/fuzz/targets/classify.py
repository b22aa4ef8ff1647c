"""Texts for the classifier that ships: a score for every label, and spans that stand in the text."""

from __future__ import annotations

from moderation.classifier import shipped
from moderation.policy import LABELS
from moderation.screening import load_checked
from tests.fuzz.targets.screen import PHRASES, WORDS
from tests.security.payloads import ODD_TEXTS, XSS

__all__ = ["WORDS", "check", "seeds"]

CLASSIFIER = load_checked(shipped(), "fast")


def seeds() -> list[bytes]:
    """Texts of all scripts, and the odd ones."""
    return [text[:300].encode() for text in (*PHRASES, *XSS, *ODD_TEXTS.values())]


def check(data: bytes) -> None:
    """Classify one text."""
    text = data.decode("utf-8", "replace")
    (seen,) = CLASSIFIER.classify([text])
    assert set(seen.scores) == set(LABELS) and all(0 <= score <= 1 for score in seen.scores.values())
    assert seen.language
    for spans in seen.spans.values():
        assert all(0 <= begin < end <= len(text) for begin, end in spans)
