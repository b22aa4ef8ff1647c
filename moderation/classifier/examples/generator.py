from __future__ import annotations
from moderation.classifier.data import Example


def own_examples(*, held_out: bool = False) -> list[Example]:
    return []
