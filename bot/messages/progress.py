"""How far a story is on its way, as an editor is told."""

from __future__ import annotations

from dataclasses import dataclass

from bot.messages.texts import MODERATORS, Html, say
from bot.story import Story

_BAR = 20


@dataclass(frozen=True, slots=True)
class Figures:
    """What became of a story's deliveries, and of its messages.

    `later` wait for their reader's quiet time; those not sent are of readers who `blocked` the bot or are `gone` from
    the story's language or section, of a `recalled` story, or were `refused`; `behind` are to be changed. While not
    all `is_planned`, more will wait.
    """

    sent: int
    waiting: int
    later: int
    blocked: int
    gone: int
    recalled: int
    refused: int
    behind: int
    is_planned: bool = True

    @property
    def done(self) -> int:
        """Deliveries of which nothing is left to do."""
        return self.sent + self.blocked + self.gone + self.recalled + self.refused

    @property
    def is_at_rest(self) -> bool:
        """Whether nothing is to be done now."""
        return self.is_planned and not self.waiting and not self.behind


def progress(story: Story, figures: Figures, *, rate: float | None) -> Html:
    """The figures, with a bar; `rate` is how many a second were done lately, where that is known."""
    planned = figures.done + figures.waiting
    share = figures.done / planned if planned else 1.0
    full = int(share * _BAR)
    moving = rate is not None and rate >= 0.1 and figures.waiting > 0
    return say(
        "progress",
        MODERATORS,
        title=story.title,
        bar="█" * full + "░" * (_BAR - full),
        percent=int(share * 100),
        sent=figures.sent,
        waiting=figures.waiting,
        # A variable that chooses a wording is shown nowhere: isolated, it would choose none.
        moving=Html("yes" if moving else "no"),
        rate=round(rate or 0),
        minutes=max(1, round(figures.waiting / rate / 60)) if rate and moving else 0,
        later=figures.later,
        blocked=figures.blocked,
        gone=figures.gone,
        recalled=figures.recalled,
        refused=figures.refused,
        behind=figures.behind,
        rest=Html("yes" if figures.is_at_rest else "no"),
    )
