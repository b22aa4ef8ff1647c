"""What a switch covers, which of several holds, and when a story is open."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

import pytest

from moderation.decision import Outcome, Reason, under
from moderation.switch import SCOPES, Scope, Switch, SwitchKind, holding, is_open
from tests.builders import NOW, STORY, decision

ELSEWHERE = "https://example.org/stories/another"
CLOSE, HOLD, STOP = SwitchKind.CLOSE, SwitchKind.HOLD, SwitchKind.STOP


def switch(kind: SwitchKind = HOLD, scope: Scope = Scope.SITE, target: str = "", **given: Any) -> Switch:
    """A switch that Meera began."""
    values: dict[str, Any] = {"id": 1, "note": "", "begun_by": "telegram:2001", "begun_by_name": "Meera"}
    return Switch(kind=kind, scope=scope, target=target, begun_at=NOW, **(values | given))


@pytest.mark.parametrize(
    ("scope", "target", "covers"),
    [
        (Scope.SITE, "", True),
        (Scope.SECTION, "world", True),
        (Scope.SECTION, "sport", False),
        (Scope.STORY, STORY, True),
        (Scope.STORY, ELSEWHERE, False),
    ],
)
def test_a_switch_covers_what_it_names(scope: Scope, target: str, covers: bool) -> None:
    held_by = holding([switch(scope=scope, target=target)], story=STORY, section="world")
    assert (held_by is not None) is covers


def test_a_comment_whose_section_nobody_told_may_be_in_the_one_that_is_held() -> None:
    assert holding([switch(scope=Scope.SECTION, target="world")], story=STORY, section=None) is not None


def test_the_hardest_switch_is_named_then_the_oldest() -> None:
    hold, later, stop = switch(id=1), switch(id=2, scope=Scope.STORY, target=STORY), switch(STOP, id=3)
    assert holding([later, hold], story=STORY, section=None) == hold
    assert holding([hold, later, stop], story=STORY, section=None) == stop


def test_closing_a_story_holds_nothing() -> None:
    assert holding([switch(CLOSE, Scope.STORY, STORY)], story=STORY, section=None) is None


@pytest.mark.parametrize(("kind", "reason"), [(HOLD, Reason.HELD_FOR_READING), (STOP, Reason.PUBLISHING_STOPPED)])
def test_a_publication_becomes_a_hold_that_says_why_and_keeps_what_was_seen(kind: SwitchKind, reason: Reason) -> None:
    made = decision(Outcome.PUBLISH)
    held = under(switch(kind), made)
    assert (held.outcome, held.reason, held.clause) == (Outcome.HOLD, reason, None)
    assert (held.scores, held.model, held.decided_at) == (made.scores, made.model, made.decided_at)
    assert reason.is_of_switch
    assert not Reason.POISON.is_of_switch


@pytest.mark.parametrize(
    ("switches", "published_at", "open_days", "open_"),
    [
        ([], NOW - timedelta(days=900), 0, True),
        ([], NOW - timedelta(days=7), 7, True),
        ([], NOW - timedelta(days=7, seconds=1), 7, False),
        ([], None, 7, True),
        ([switch(CLOSE, Scope.STORY, STORY)], NOW, 0, False),
        ([switch(CLOSE, Scope.STORY, ELSEWHERE)], NOW, 0, True),
        ([switch(HOLD), switch(STOP)], NOW, 0, True),
    ],
)
def test_a_story_is_open_until_it_is_closed_or_too_old(
    switches: list[Switch], published_at: datetime | None, open_days: int, open_: bool
) -> None:
    assert is_open(switches, story=STORY, published_at=published_at, open_days=open_days, now=NOW) is open_


def test_only_a_hold_may_be_for_a_section() -> None:
    assert [kind for kind, scopes in SCOPES.items() if Scope.SECTION in scopes] == [HOLD]
