"""Screening: what all checks see of a comment, and the classifier they see it with."""

from moderation.rules import Facts
from moderation.screening.checks import CHECKS, NO_FACTS, Screener, Subject, isolate
from moderation.screening.keeper import ModelKeeper, load_checked, model_in_use

__all__ = [
    "CHECKS",
    "NO_FACTS",
    "Facts",
    "ModelKeeper",
    "Screener",
    "Subject",
    "isolate",
    "load_checked",
    "model_in_use",
]
