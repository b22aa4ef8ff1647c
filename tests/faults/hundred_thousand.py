"""A hundred thousand subscribers imported, a story pushed to them, and every bot killed five times meanwhile.

    python -m tests.faults.hundred_thousand [SUBSCRIBERS] [KILLS]

It takes as long as Telegram's limit has it take: an hour for a hundred thousand. What came of it goes into
docs/faults.md.
"""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlsplit

import bot.store
import moderation.store
from bot.delivery import AT_ONCE
from moderation.database import Database
from tests.faults.report import note
from tests.faults.site import PROJECT, Site, running_site
from tests.faults.test_deliveries_under_kills import FIRST, counted, pushed, received
from tests.integration.sandbox_client import sandbox_running
from tests.servers import postgresql_running

BOTS = ("bot 1", "bot 2")
RATE = 30.0
"""Messages a second that Telegram allows in all."""


def imported(site: Site, folder: Path, people: list[int]) -> float:
    """Bring the subscribers in by the operator's command; the seconds it took."""
    listed = folder / "subscribers.jsonl"
    with listed.open("w", encoding="utf-8") as file:
        file.writelines(json.dumps({"id": person, "language": "en"}) + "\n" for person in people)
    began = time.monotonic()
    command = [sys.executable, "-m", "bot", "subscriber", "import", str(listed)]
    done = subprocess.run(command, env=site.environment, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    print(done.stdout.strip().splitlines()[-1])
    return time.monotonic() - began


async def run(site: Site, folder: Path, *, subscribers: int, kills: int) -> None:
    """Import, push, kill, and count what everybody got."""
    database = Database(site.address)
    store = bot.store.BotStore(database)
    people = list(range(FIRST, FIRST + subscribers))
    async with sandbox_running() as sandbox:
        for person in people:
            await sandbox.do("POST", "users", {"id": person, "first_name": "Reader"})
        await sandbox.start(*people)
        site.environment |= {"BAITHAK_SANDBOX_PORT": str(urlsplit(sandbox.address).port)}
        import_s = await asyncio.to_thread(imported, site, folder, people)
        began = time.monotonic()
        story = await pushed(store)
        planned_s = time.monotonic() - began
        for name in BOTS:
            site.start(name, "bot", "bot")
        within_s = subscribers / RATE * 2 + 60
        await counted(store, story, sent=1, within_s=60)
        first_s, resumed = time.monotonic() - began, list[float]()
        for kill in range(1, kills + 1):
            await counted(store, story, sent=round(subscribers * kill / (kills + 1)), within_s=within_s, every_s=5)
            for name in BOTS:
                await asyncio.to_thread(site.kill, name)
            # Of those killed nothing comes any more, and who takes their place needs seconds to start.
            noted = (await store.deliveries.counts(story.id)).get("sent", 0)
            resumed.append(await counted(store, story, sent=noted + 1, within_s=60))
            print(f"killed after {noted} at {time.monotonic() - began:.0f} s, went on after {resumed[-1]:.1f} s")
        await counted(store, story, sent=subscribers, within_s=within_s, every_s=5)
        took_s = time.monotonic() - began
        got = await received(sandbox, people)
        stats = await sandbox.do("GET", "stats")
    await database.close()
    note(
        "A hundred thousand get a story while all bots are killed",
        {
            "subscribers, imported by command": subscribers,
            "import, s": round(import_s),
            "planning all deliveries, s": round(planned_s, 1),
            "first message noted after, s": round(first_s, 1),
            "kills of both bots": kills,
            "without it": sum(not times for times in got.values()),
            "sent twice": sum(times - 1 for times in got.values() if times > 1),
            "on its way at once in both, at most": 2 * AT_ONCE,
            "429s": sum(stats["too_many_requests"].values()),
            "until it went on after a kill, longest, s": round(max(resumed, default=0.0), 1),
            "all of it, s": round(took_s),
            "messages a second": round(sum(got.values()) / took_s, 2),
        },
        run="PostgreSQL",
    )


def main() -> None:
    """Run it with as many as asked for."""
    given = [int(number) for number in sys.argv[1:3]]
    subscribers, kills = (*given, *(100_000, 5)[len(given) :])
    with postgresql_running() as server, tempfile.TemporaryDirectory() as folder:
        address = server.format("postgres")
        moderation.store.upgrade(address)
        bot.store.upgrade(address)
        with running_site(address, Path(folder)) as site:
            asyncio.run(run(site, Path(folder), subscribers=subscribers, kills=kills))


if __name__ == "__main__":
    main()
