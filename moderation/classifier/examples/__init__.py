"""Examples of our own, written by us: one generator, one module of phrases a language."""

from __future__ import annotations

from moderation.classifier.examples.generator import own_examples

__all__ = ["own_examples"]
