"""What the running system costs in memory, and how fast it answers the public: `baithak up` on SQLite, as it ships.

Once with a few comments, once with a million in the database. Each address is asked by `wrk` with so many connections
at once; beside it a bare aiohttp handler that sends the same bytes, which is as fast as this server could be. Without
`wrk` only memory is measured, and the page says so.
"""

from __future__ import annotations

import asyncio
import contextlib
import re
import shutil
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import bot.store
from benchmarks import report
from benchmarks.comments import own_comments
from benchmarks.million import BUSY_STORY, MILLION, STORY, fill
from benchmarks.report import Spread, rate, small
from benchmarks.site import ROOT, data_directory, now, opened, submission
from benchmarks.system import free_port, system_running
from moderation.settings import Settings

FEW = 2_000
CONNECTIONS, SECONDS = 16, 3
SETTLED_S = 5.0
BARE_WITHIN_S = 60.0
LOAD_PER_S, LOAD_S = 50.0, 10.0
PARTS = ("redis-server", "sandbox", "bot", "worker", "web")

ADDRESSES = {
    "comments page, 20 of the busiest story": f"/api/v1/comments?story={BUSY_STORY}",
    "counts of 20 stories": "/api/v1/comments/counts?" + "&".join(f"story={STORY.format(n)}" for n in range(2, 22)),
    "article page": f"/?story={BUSY_STORY}",
    "stories, the newest 20": "/api/v1/stories",
    "embed.js": "/embed.js",
}

_UNITS_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "m": 60_000.0}


@dataclass(frozen=True, slots=True)
class Asked:
    """One run of wrk: answers a second, and in milliseconds the latency that half and 99 of 100 did not pass."""

    per_s: float
    p50_ms: float
    p99_ms: float


@dataclass(slots=True)
class Measured:
    """What one database's size costs: resident memory of each part in MB, idle and under load, and each address."""

    comments: int
    idle_mb: Mapping[str, float] = field(default_factory=dict)
    loaded_mb: Mapping[str, float] = field(default_factory=dict)
    asked: dict[str, list[Asked]] = field(default_factory=dict)
    bare: dict[str, list[Asked]] = field(default_factory=dict)


def measure(comments: int, *, runs: int, seconds: int = SECONDS, load_s: float = LOAD_S) -> Measured:
    """Run the whole system on a database of so many comments. Raises RuntimeError where it does not start."""
    found = Measured(comments)
    with data_directory() as settings:
        bot.store.upgrade(settings.database_address())
        fill(settings.database_address(), comments)
        with system_running(settings.data_dir, BAITHAK_FEEDS=str(_no_feeds(settings.data_dir))) as system:
            port = system.web_port
            time.sleep(SETTLED_S)
            found.idle_mb = memory_of_parts(system.process)
            bodies = {name: fetched(port, path) for name, path in ADDRESSES.items()}
            if shutil.which("wrk") is not None:
                for name, path in ADDRESSES.items():
                    found.asked[name] = [wrk(port, path, seconds=seconds) for _ in range(runs)]
            asyncio.run(_load(settings, seconds=load_s))
            found.loaded_mb = memory_of_parts(system.process)
        if shutil.which("wrk") is not None:
            for name, body in bodies.items():
                with bare_running(settings.data_dir, body) as port:
                    found.bare[name] = [wrk(port, "/", seconds=seconds) for _ in range(runs)]
    return found


def _no_feeds(data_dir: Path) -> Path:
    """A feeds file that names none, so that no story comes while something is timed."""
    path = data_dir / "feeds.toml"
    path.write_text("feeds = []\n", encoding="utf-8")
    return path


def memory_of_parts(process: subprocess.Popen[bytes]) -> dict[str, float]:
    """Resident memory of each direct child, in MB of 1,000,000 bytes, by the part's name."""
    found: dict[str, float] = {}
    for child in Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text(encoding="ascii").split():
        words = Path(f"/proc/{child}/cmdline").read_bytes().decode(errors="replace").split("\0")
        last = next(word for word in reversed(words) if word)
        name = last if last in PARTS else Path(words[0].split(" ")[0]).name
        status = Path(f"/proc/{child}/status").read_text(encoding="utf-8")
        resident = next(line for line in status.splitlines() if line.startswith("VmRSS:"))
        found[name] = int(resident.split()[1]) * 1024 / 1e6
    return found


def fetched(port: int, path: str) -> bytes:
    """What the address answers; asked once before anything is timed. Raises HTTPError."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=30) as answer:
        return bytes(answer.read())


def wrk(port: int, path: str, *, seconds: int) -> Asked:
    """One run against an address. Raises RuntimeError where an answer was none of 200."""
    command = ["wrk", "-t1", f"-c{CONNECTIONS}", f"-d{seconds}s", "--latency", f"http://127.0.0.1:{port}{path}"]
    return read_wrk(subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode())


def read_wrk(text: str) -> Asked:
    """The figures in what wrk printed. Raises RuntimeError where it says that answers failed."""
    if "Non-2xx" in text or "Socket errors" in text:
        raise RuntimeError(f"not every answer was one: {text}")

    def latency(part: str) -> float:
        found = re.search(rf"^\s*{part}%\s+([\d.]+)(us|ms|s|m)$", text, flags=re.MULTILINE)
        if found is None:
            raise RuntimeError(f"wrk told no latency: {text}")
        return float(found[1]) * _UNITS_MS[found[2]]

    per_s = re.search(r"^Requests/sec:\s+([\d.]+)", text, flags=re.MULTILINE)
    if per_s is None:
        raise RuntimeError(f"wrk told no rate: {text}")
    return Asked(float(per_s[1]), latency("50"), latency("99"))


@contextlib.contextmanager
def bare_running(folder: Path, body: bytes) -> Iterator[int]:
    """A process that answers these bytes to whatever it is asked; its port."""
    path, port = folder / "body", free_port()
    path.write_bytes(body)
    process = subprocess.Popen([sys.executable, "-m", "benchmarks.bare", str(port), str(path)], cwd=ROOT)
    try:
        gives_up_at = time.monotonic() + BARE_WITHIN_S
        while True:
            with contextlib.suppress(OSError):
                fetched(port, "/")
                break
            if process.poll() is not None or time.monotonic() > gives_up_at:
                raise RuntimeError("the bare handler did not start")
            time.sleep(0.05)
        yield port
    finally:
        process.terminate()
        process.wait(timeout=15)


async def _load(settings: Settings, *, seconds: float) -> None:
    """Comments by the door the bot has, at a steady pace, for the worker, the bot and the web to have their work."""
    texts = own_comments(round(seconds * LOAD_PER_S)).texts
    async with opened(settings) as site:
        await site.agree()
        intake, began = site.intake(outcomes=site.outcomes), time.perf_counter()
        for number, text in enumerate(texts):
            await asyncio.sleep(max(0.0, began + number / LOAD_PER_S - time.perf_counter()))
            await intake.submit(submission(number, text), now=now())


def section(found: Sequence[Measured], *, runs: int, load_before: float) -> str:
    """The tables as Markdown."""
    few, many = found
    parts = [part for part in PARTS if part in few.idle_mb]
    columns = [(one.idle_mb, one.loaded_mb) for one in found]
    totals = [sum(memory.values()) for pair in columns for memory in pair]
    rows = [[part, *(f"{memory.get(part, 0):.0f}" for pair in columns for memory in pair)] for part in parts]
    heads = [f"{one.comments:,} comments, {when}" for one in found for when in ("idle", "loaded")]
    lines = [
        report.machine(runs=runs, load_before=load_before),
        "",
        f"`baithak up` on SQLite and its embedded Redis, once with {few.comments:,} and once with {many.comments:,} "
        f"comments. Memory is what is resident, in MB: *idle* {SETTLED_S:.0f} s after the start, *loaded* after the "
        f"requests below and {LOAD_S * LOAD_PER_S:.0f} comments at {LOAD_PER_S:.0f} a second.",
        "",
        report.table(["", *heads], [*rows, ["all", *(f"{total:.0f}" for total in totals)]]),
        "",
    ]
    if not many.asked:
        return "\n".join([*lines, "`wrk` is not installed here: no address was timed (`apt-get install wrk`)."])
    return "\n".join(
        [
            *lines,
            f"The public addresses under `wrk`, {CONNECTIONS} connections at once for {SECONDS} s, on one machine, "
            "one web process. *Bare* is an aiohttp handler that sends the same bytes and does nothing else: the most "
            "that this server could do. The limit of 600 requests a minute and address "
            "(`BAITHAK_API_PER_MINUTE`) is set out of reach; nothing is cached between two requests.",
            "",
            report.table(
                ["", "a second", "of bare", "p50 ms", "p99 ms", "bare, a second", "bare, p99 ms"],
                [_row(name, one) for name in ADDRESSES for one in found],
            ),
        ]
    )


def _row(name: str, one: Measured) -> list[str]:
    asked, bare = one.asked[name], one.bare[name]
    share = Spread.of(mine.per_s / its.per_s for mine, its in zip(asked, bare, strict=True)).middle
    return [
        f"{name}; {one.comments:,} comments",
        Spread.of(each.per_s for each in asked).shown(rate),
        f"{share:.2f} ×",
        Spread.of(each.p50_ms for each in asked).shown(small),
        Spread.of(each.p99_ms for each in asked).shown(small),
        Spread.of(each.per_s for each in bare).shown(rate),
        Spread.of(each.p99_ms for each in bare).shown(small),
    ]


def run(*, runs: int, page: Path = report.PAGE, comments: int = MILLION) -> None:
    """Measure both sizes, and put the section into the page."""
    before = report.load_average()
    found = [measure(count, runs=runs) for count in (FEW, comments)]
    report.write("Memory, and the public API under wrk", section(found, runs=runs, load_before=before), page=page)
