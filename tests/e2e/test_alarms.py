"""A part of the real system is stopped and hung: the administrator reads so in the chat, and that it is over."""

from __future__ import annotations

import os
import re
import signal
import time
from collections.abc import AsyncIterator, Iterator
from typing import Any

import pytest

from tests.e2e.system import People, System, eventually, people_of, running, text_of

pytestmark = pytest.mark.xdist_group("hosts")

MINUTE_S = 60.0


@pytest.fixture(scope="module")
def system(tmp_path_factory: pytest.TempPathFactory) -> Iterator[System]:
    shortened = {"BAITHAK_ALARM_STANDS_S": "2", "BAITHAK_ALARM_CLEARS_S": "2", "BAITHAK_ALARM_DISK_FREE_PERCENT": "0"}
    with running(tmp_path_factory.mktemp("alarms"), **shortened) as system:
        yield system


@pytest.fixture
async def people(system: System) -> AsyncIterator[People]:
    async with people_of(system) as people:
        yield people


async def ready(people: People) -> dict[str, Any]:
    async with people.http.get(f"{people.system.web}/readyz") as answer:
        body: dict[str, Any] = await answer.json()
        return body


async def metrics(people: People) -> dict[str, float]:
    async with people.http.get(f"{people.system.web}/metrics") as answer:
        text = await answer.text()
    return {name: float(value) for name, value in re.findall(r"^(baithak_\S+) (\S+)$", text, flags=re.MULTILINE)}


async def lines_with(people: People, words: str, *, after: int) -> list[str]:
    """Each line of the administrator's chat that has these words."""
    seen = await people.moderator.messages(after=after)
    return [line for message in seen for line in text_of(message).splitlines() if words in line]


async def administrator(people: People) -> int:
    """The administrator has started the bot; the number of their message."""
    started: int = (await people.moderator.write("/start"))["message_id"]
    await people.moderator.sees(lambda message: message["from"]["is_bot"], what="an answer", after=started)
    return started


@pytest.mark.long
async def test_a_hung_worker_is_told_within_a_minute_once_over_a_restart_and_so_is_its_end(people: People) -> None:
    started = await administrator(people)
    worker = people.system.children()["worker"]
    os.kill(worker, signal.SIGSTOP)
    try:
        began = time.monotonic()
        await people.moderator.sees(
            lambda message: "No worker runs" in text_of(message), what="the alarm", after=started, within_s=MINUTE_S
        )
        told_s = time.monotonic() - began
        answer = await ready(people)
        assert (answer["ready"], answer["worker"], answer["alarms"]) == (False, "none is running", ["workers"])
        assert answer["bot"] == answer["telegram"] == "ok"
        assert (await metrics(people))['baithak_alarms{alarm="workers"}'] == 1
        asked = await people.moderator.write("/status")
        status = await people.moderator.sees(
            lambda message: text_of(message).startswith("Alarm"), what="the status", after=asked["message_id"]
        )
        assert "Workers: none" in text_of(status).splitlines()

        os.kill(people.system.children()["bot"], signal.SIGKILL)
        killed = time.monotonic()

        async def the_new_bot_looked() -> bool:
            return (await metrics(people))["baithak_bot_seen_seconds"] < time.monotonic() - killed - 1

        await eventually(the_new_bot_looked, what="the new bot to look", within_s=MINUTE_S)
    finally:
        os.kill(worker, signal.SIGCONT)
    began = time.monotonic()
    await people.moderator.sees(
        lambda message: "A worker runs again" in text_of(message), what="its end", after=started, within_s=MINUTE_S
    )
    print(f"\n  told after {told_s:.1f} s, over after {time.monotonic() - began:.1f} s")
    alarms = await lines_with(people, "No worker runs", after=started)
    assert len(alarms) == 2, "the alarm, and what /status said of it"
    assert len(await lines_with(people, "A worker runs again", after=started)) == 1
    asked = await people.moderator.write("/status")
    await people.moderator.sees(
        lambda message: text_of(message).startswith("All is well"), what="the status", after=asked["message_id"]
    )


@pytest.mark.long
async def test_a_redis_that_hangs_is_told_although_messages_are_paced_by_it(people: People) -> None:
    started = await administrator(people)
    redis = people.system.children()["redis-server"]
    os.kill(redis, signal.SIGSTOP)
    try:
        await people.moderator.sees(
            lambda message: "Redis can’t be reached" in text_of(message),
            what="the alarm",
            after=started,
            within_s=MINUTE_S,
        )
    finally:
        os.kill(redis, signal.SIGCONT)
    await people.moderator.sees(
        lambda message: "Redis answers again" in text_of(message), what="its end", after=started, within_s=MINUTE_S
    )
    assert len(await lines_with(people, "Redis can’t be reached", after=started)) == 1


@pytest.mark.long
async def test_a_bot_that_hangs_is_seen_on_the_web(people: People) -> None:
    bot = people.system.children()["bot"]
    os.kill(bot, signal.SIGSTOP)
    try:

        async def is_missed() -> bool:
            return bool((await ready(people))["bot"].startswith("not seen for "))

        await eventually(is_missed, what="the bot to be missed", within_s=MINUTE_S)
        answer, numbers = await ready(people), await metrics(people)
        assert answer["ready"] and answer["alarms"] == ["bot"]
        assert numbers["baithak_bot_seen_seconds"] > 30
        assert numbers['baithak_alarms{alarm="bot"}'] == 1
        assert 'baithak_alarms{alarm="feed"}' not in numbers, "not known is left out"
    finally:
        os.kill(bot, signal.SIGCONT)

    async def is_back() -> bool:
        return bool((await ready(people))["bot"] == "ok")

    await eventually(is_back, what="the bot to be seen again", within_s=MINUTE_S)
