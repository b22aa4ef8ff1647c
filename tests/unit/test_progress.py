"""How far a story is: the bar, the rate and the time left, in words that are true."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from bot.messages.progress import Figures, progress
from bot.story import Story

NOW = datetime(2026, 11, 24, 7, tzinfo=UTC)
STORY = Story(1, "https://news.example/1", "The quay & <b>", "", "en", "world", None, NOW, NOW)


def figures(**given: int) -> Figures:
    names = ("sent", "waiting", "later", "blocked", "gone", "recalled", "refused", "behind")
    return Figures(**{name: given.get(name, 0) for name in names})


@pytest.mark.parametrize(
    ("given", "rate", "words"),
    [
        ({"sent": 50, "waiting": 150}, None, "█████░░░░░░░░░░░░░░░ 25 %"),
        ({"sent": 50, "waiting": 150}, None, "On its way …"),
        ({"sent": 200, "waiting": 1800}, 29.6, "30 a second, a minute or less to go"),
        ({"sent": 200, "waiting": 18000}, 30.0, "30 a second, 10 minutes to go"),
        ({"sent": 200, "waiting": 1800}, 0.0, "On its way …"),
        ({"sent": 7}, 30.0, "100 %"),
        ({"sent": 7}, 30.0, "Nothing is left to do now."),
        ({}, None, "100 %"),
        ({"behind": 3}, None, "On its way …"),
        ({"behind": 3}, None, "still to be changed: 3"),
        ({"later": 4}, None, "in their quiet time: 4"),
        ({"sent": 1, "blocked": 1, "gone": 2, "refused": 3, "waiting": 3}, None, "70 %"),
    ],
)
def test_the_figures_are_told(given: dict[str, int], rate: float | None, words: str) -> None:
    told = progress(STORY, figures(**given), rate=rate)
    assert words in told
    assert told.startswith("<b>The quay &amp; &lt;b&gt;</b>")
