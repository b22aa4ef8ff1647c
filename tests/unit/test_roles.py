"""Who may review is asked at the press, and believed for seconds."""

from __future__ import annotations

import pytest

from moderation.roles import REMEMBERED_S, Roles


class Group:
    """A moderators' group that counts how often it is asked; while `broken`, it can't be asked."""

    def __init__(self, *members: str) -> None:
        self.members = set(members)
        self.asked = 0
        self.broken = False
        self.clock = 0.0

    async def has(self, person: str) -> bool:
        self.asked += 1
        if self.broken:
            raise TimeoutError
        return person in self.members

    def roles(self, *administrators: str) -> Roles:
        return Roles(frozenset(administrators), self.has, clock=lambda: self.clock)


@pytest.mark.parametrize(
    ("person", "may_review", "is_administrator"),
    [("meera", True, False), ("zoya", True, True), ("stranger", False, False), ("", False, False)],
)
async def test_members_review_and_administrators_may_do_everything(
    person: str, may_review: bool, is_administrator: bool
) -> None:
    roles = Group("meera").roles("zoya")
    assert await roles.may_review(person) is may_review
    assert roles.is_administrator(person) is is_administrator


async def test_an_answer_is_believed_for_seconds_and_no_longer() -> None:
    group = Group("meera")
    roles = group.roles()
    assert await roles.may_review("meera")
    group.members.clear()
    group.clock = REMEMBERED_S - 0.1
    assert await roles.may_review("meera")
    assert group.asked == 1
    group.clock = REMEMBERED_S
    assert not await roles.may_review("meera")
    group.members.add("meera")
    assert not await roles.may_review("meera"), "a refusal is believed as long"


async def test_who_can_not_be_asked_about_may_not_review_until_they_can() -> None:
    group = Group("meera")
    group.broken = True
    roles = group.roles()
    assert not await roles.may_review("meera")
    group.broken = False
    assert await roles.may_review("meera"), "a failure is not remembered"


async def test_a_flood_of_strangers_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("moderation.roles._REMEMBERED_AT_MOST", 3)
    group = Group("meera")
    roles = group.roles()
    for number in range(10):
        assert not await roles.may_review(f"stranger {number}")
    assert len(roles._answers) <= 3
    assert await roles.may_review("meera")
